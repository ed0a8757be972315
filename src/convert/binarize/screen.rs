//! A screen of clustered dots: shades become dots that grow.
//!
//! Dots that hang together survive a fax machine's print and code into few runs, where scattered
//! ones (error diffusion) need four times the bytes.

use crate::units::Resolution;

/// Columns after which the pattern repeats.
const PERIOD: usize = 8;

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
            .map(|(x, y)| (lateness(x, y, rows), (x * 5 + y * 3) % 8, x, y))
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

/// How early a pixel turns black, the latest first: the product of two cosines, so that dots stand
/// in lines at 45 degrees and grow as diamonds. Their edges shift by one pixel a row, which MMR
/// codes in three bits; edges of squares and circles stand still and then leap, which takes far
/// more.
fn lateness(x: usize, y: usize, rows: usize) -> i64 {
    /// The cosine of thirty-seconds of a turn, times a thousand.
    const COSINE: [i64; 9] = [1000, 981, 924, 831, 707, 556, 383, 195, 0];
    let cosine = |thirty_seconds: usize| {
        let from_peak = thirty_seconds.min(32 - thirty_seconds);
        match from_peak.checked_sub(8) {
            None => COSINE[from_peak],
            Some(beyond) => -COSINE[8 - beyond],
        }
    };
    -cosine((2 * x + 1) * 16 / PERIOD) * cosine((2 * y + 1) * 16 / rows)
}
