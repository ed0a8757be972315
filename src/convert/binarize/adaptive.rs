//! Thresholds for paper: Sauvola's method over the cells of a page.
//!
//! J. Sauvola, M. Pietikäinen, "Adaptive document image binarization", Pattern Recognition 33
//! (2000): a pixel is black below `mean · (1 + k · (deviation / 128 − 1))` of its surroundings.

use super::grid::{CELL, Grid};
use super::instructions::Instructions;
use super::simd::{Kernel, run};
use super::surface::Surface;
use crate::units::Resolution;

/// Sauvola's `k`.
const CONTRAST: f32 = 0.2;

/// The largest deviation of 8-bit levels.
const DEVIATION_MAX: f32 = 128.0;

/// Below this level all is black, whatever surrounds it: paper is never that dark, and areas in
/// black stay plain.
const BLACK: u8 = 64;

/// How far the surroundings of a cell reach, in cells: about 3.5 mm each way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    pub(super) across: usize,
    pub(super) down: usize,
}

impl Reach {
    pub(super) const fn at(resolution: Resolution) -> Self {
        let down = match resolution {
            Resolution::Standard => 1,
            Resolution::Fine => 3,
            Resolution::Superfine => 6,
        };
        Self { across: 3, down }
    }
}

/// The thresholds of a page of paper.
pub(super) fn sauvola(instructions: Instructions, grid: &Grid, reach: Reach) -> Surface {
    let sums = box_sums(&grid.sums, grid.columns, reach);
    let squares = box_sums(&grid.squares, grid.columns, reach);
    let within = |at: usize, count: usize, reach: usize| {
        (at + reach + 1).min(count) - at.saturating_sub(reach)
    };
    let across: Vec<f32> = (0..grid.columns)
        .map(|x| (within(x, grid.columns, reach.across) * CELL) as f32)
        .collect();
    let mut thresholds = vec![0; sums.len()];
    for (y, thresholds) in thresholds.chunks_exact_mut(grid.columns).enumerate() {
        let row = y * grid.columns..(y + 1) * grid.columns;
        let kernel = Sauvola {
            sums: &sums[row.clone()],
            squares: &squares[row],
            across: &across,
            down: (within(y, grid.rows, reach.down) * CELL) as f32,
            thresholds,
        };
        run(instructions, kernel);
    }
    Surface::new(grid.columns, thresholds)
}

/// The thresholds of a row of cells.
struct Sauvola<'a> {
    sums: &'a [u32],
    squares: &'a [u32],
    /// Columns of pixels that each sum is of.
    across: &'a [f32],
    /// Rows of pixels.
    down: f32,
    thresholds: &'a mut [u8],
}

impl Kernel for Sauvola<'_> {
    #[inline(always)]
    fn run(self) {
        let count = self.thresholds.len();
        let (sums, squares) = (&self.sums[..count], &self.squares[..count]);
        let across = &self.across[..count];
        for x in 0..count {
            let pixels = across[x] * self.down;
            let mean = sums[x] as f32 / pixels;
            let deviation = (squares[x] as f32 / pixels - mean * mean).max(0.0).sqrt();
            let threshold = mean * (1.0 + CONTRAST * (deviation / DEVIATION_MAX - 1.0));
            self.thresholds[x] = ((threshold + 0.5) as u8).max(BLACK);
        }
    }
}

/// The sum of what lies around each cell, cells beyond the page left out.
fn box_sums(values: &[u32], columns: usize, reach: Reach) -> Vec<u32> {
    let rows = values.len() / columns;
    let mut sums = vec![0; values.len()];
    let mut column_sums = vec![0u32; columns];
    for row in 0..rows + reach.down {
        if row < rows {
            let entering = &values[row * columns..][..columns];
            for (sum, value) in column_sums.iter_mut().zip(entering) {
                *sum += value;
            }
        }
        if let Some(left) = row.checked_sub(2 * reach.down + 1) {
            let leaving = &values[left * columns..][..columns];
            for (sum, value) in column_sums.iter_mut().zip(leaving) {
                *sum -= value;
            }
        }
        if let Some(centre) = row.checked_sub(reach.down) {
            slide(
                &column_sums,
                reach.across,
                &mut sums[centre * columns..][..columns],
            );
        }
    }
    sums
}

/// Sums of `reach` values on each side and the one between.
fn slide(values: &[u32], reach: usize, sums: &mut [u32]) {
    let mut sum: u32 = values.iter().take(reach).sum();
    for (at, out) in sums.iter_mut().enumerate() {
        sum += values.get(at + reach).copied().unwrap_or(0);
        if let Some(left) = at.checked_sub(reach + 1) {
            sum -= values[left];
        }
        *out = sum;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_slide_as_they_are_counted(
            values in proptest::collection::vec(0u32..5_000_000, 1..200),
            columns in 1usize..20, across in 0usize..5, down in 0usize..7,
        ) {
            let columns = columns.min(values.len());
            let values = &values[..values.len() / columns * columns];
            let rows = values.len() / columns;
            let sums = box_sums(values, columns, Reach { across, down });
            for y in 0..rows {
                for x in 0..columns {
                    let mut expected = 0;
                    for j in y.saturating_sub(down)..(y + down + 1).min(rows) {
                        for i in x.saturating_sub(across)..(x + across + 1).min(columns) {
                            expected += values[j * columns + i];
                        }
                    }
                    prop_assert_eq!(sums[y * columns + x], expected);
                }
            }
        }
    }
}
