//! A screen of clustered dots: shades become dots that grow.
//!
//! Dots that hang together survive a fax machine's print and code into few runs, where scattered
//! ones (error diffusion) need four times the bytes.

use crate::units::Resolution;

/// Columns after which the pattern repeats.
pub(super) const PERIOD: usize = 8;

/// Thresholds of a pattern that repeats every [`PERIOD`] columns and as many rows as look square at
/// the resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Screen {
    rows: Vec<[u8; PERIOD]>,
}

impl Screen {
    /// The screen for pages of a resolution.
    pub(super) fn new(resolution: Resolution) -> Self {
        let rows = match resolution {
            Resolution::Standard => PERIOD / 2,
            Resolution::Fine => PERIOD,
            Resolution::Superfine => PERIOD * 2,
        };
        let mut pixels: Vec<(i64, usize, usize, usize)> = (0..rows)
            .flat_map(|y| (0..PERIOD).map(move |x| (x, y)))
            .map(|(x, y)| (order(x, y, rows), (x * 5 + y * 3) % 8, x, y))
            .collect();
        pixels.sort_unstable();
        let count = pixels.len();
        let mut screen = vec![[0; PERIOD]; rows];
        for (rank, (_, _, x, y)) in pixels.into_iter().enumerate() {
            // The first to turn black does so at all but white, the last at all but black.
            screen[y][x] = (255 - (rank * 2 + 1) * 255 / (count * 2)) as u8;
        }
        Self { rows: screen }
    }

    /// The thresholds of page row `y` from column 0 on.
    pub(super) fn row(&self, y: usize) -> &[u8; PERIOD] {
        &self.rows[y % self.rows.len()]
    }
}

/// How early a pixel turns black: by its nearness to a dot's centre against that to a gap's. Dots
/// stand at the corners and the middle of the pattern, thus in lines at 45 degrees, gaps between.
fn order(x: usize, y: usize, rows: usize) -> i64 {
    // In sixteenths of the period, from the pixel's own middle.
    let (x, y) = ((2 * x + 1) as i64, ((2 * y + 1) * PERIOD / rows) as i64);
    let square_to = |centre_x: i64, centre_y: i64| {
        let across = (x - centre_x).rem_euclid(16);
        let down = (y - centre_y).rem_euclid(16);
        across.min(16 - across).pow(2) + down.min(16 - down).pow(2)
    };
    let nearest = |centres: [(i64, i64); 2]| {
        centres
            .iter()
            .map(|&(x, y)| square_to(x, y))
            .min()
            .unwrap_or(0)
    };
    nearest([(4, 4), (12, 12)]) - nearest([(12, 4), (4, 12)])
}
