//! Hairlines at standard resolution, where rows are twice as high as at fine.
//!
//! A line as high as a fine row covers half of a standard row, or a quarter of each of two, and
//! would vanish. Where a row is a valley of that much darkness between lighter ones, none of them
//! black, it becomes black.

use super::GrayPage;
use super::instructions::Instructions;
use super::simd::{Kernel, run};

/// The levels of row `y`, black where a hairline would vanish at the thresholds.
pub(super) fn keep_hairlines(
    instructions: Instructions,
    page: GrayPage<'_>,
    y: usize,
    thresholds: &[u8],
    kept: &mut Vec<u8>,
) {
    let row = |from: isize| page.row(y.saturating_add_signed(from).min(page.rows() - 1));
    kept.clear();
    kept.extend_from_slice(row(0));
    let kernel = Keep {
        rows: [row(-2), row(-1), row(0), row(1), row(2)],
        thresholds,
        kept,
    };
    run(instructions, kernel);
}

struct Keep<'a> {
    /// Two rows above, the row, and two below.
    rows: [&'a [u8]; 5],
    thresholds: &'a [u8],
    kept: &'a mut [u8],
}

impl Kernel for Keep<'_> {
    #[inline(always)]
    fn run(self) {
        let count = self.kept.len();
        let [over, above, here, below, under] = self.rows.map(|row| &row[..count]);
        let thresholds = &self.thresholds[..count];
        for x in 0..count {
            let ground = over[x].min(under[x]);
            let darkness = |level: u8| u16::from(ground.saturating_sub(level));
            let is_dark = 2 * (darkness(above[x]) + darkness(here[x]) + darkness(below[x]))
                >= u16::from(ground);
            let is_valley = here[x] < above[x] && here[x] <= below[x];
            let is_lost = above[x].min(here[x]).min(below[x]) >= thresholds[x];
            let is_kept = is_dark & is_valley & is_lost;
            self.kept[x] = if is_kept { 0 } else { here[x] };
        }
    }
}
