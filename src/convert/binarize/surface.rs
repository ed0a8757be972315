//! Thresholds that follow the shade of the page, one for each cell and smooth between.

use super::grid::CELL;
use super::instructions::Instructions;
use super::simd::{Kernel, run};

/// A threshold in the middle of each cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Surface {
    columns: usize,
    rows: usize,
    /// Row by row.
    pub(super) thresholds: Vec<u8>,
}

impl Surface {
    /// A surface over a grid of so many columns.
    pub(super) fn new(columns: usize, thresholds: Vec<u8>) -> Self {
        Self {
            columns,
            rows: thresholds.len() / columns,
            thresholds,
        }
    }

    /// The thresholds of page row `y`, one for each pixel of the cells.
    pub(super) fn row(&self, instructions: Instructions, y: usize, thresholds: &mut [u8]) {
        // Rows of pixels lie an odd number of sixteenths of a cell below the middle of a row of cells.
        let sixteenths = 2 * y + 1;
        let upper = (sixteenths.saturating_sub(CELL) / (2 * CELL)).min(self.rows - 1);
        let lower = (upper + usize::from(sixteenths >= CELL)).min(self.rows - 1);
        let weight = if sixteenths < CELL {
            0
        } else {
            (sixteenths - CELL) % (2 * CELL)
        };
        let cells = |row: usize| &self.thresholds[row * self.columns..][..self.columns];
        run(
            instructions,
            Interpolate {
                upper: cells(upper),
                lower: cells(lower),
                weight: weight as u16,
                thresholds,
            },
        );
    }
}

/// Lays a row of thresholds between the middles of the cells above and below it.
struct Interpolate<'a> {
    upper: &'a [u8],
    lower: &'a [u8],
    /// Sixteenths of the lower row.
    weight: u16,
    thresholds: &'a mut [u8],
}

impl Kernel for Interpolate<'_> {
    #[inline(always)]
    fn run(self) {
        let (thresholds, _) = self.thresholds.as_chunks_mut::<CELL>();
        let between = |cell: usize| {
            u16::from(self.upper[cell]) * (16 - self.weight)
                + u16::from(self.lower[cell]) * self.weight
        };
        let last = self.upper.len().min(self.lower.len()).min(thresholds.len()) - 1;
        let mut before = between(0);
        let mut here = before;
        for (cell, thresholds) in thresholds.iter_mut().enumerate() {
            let after = between((cell + 1).min(last));
            for (pixel, threshold) in thresholds.iter_mut().enumerate() {
                let (left, right, weight) = if pixel < CELL / 2 {
                    (before, here, 2 * pixel + 1 + CELL)
                } else {
                    (here, after, 2 * pixel + 1 - CELL)
                };
                let weight = weight as u16;
                *threshold = ((left * (16 - weight) + right * weight) >> 8) as u8;
            }
            (before, here) = (here, after);
        }
    }
}
