//! Thresholds for paper: Sauvola's method over the cells of a page.
//!
//! J. Sauvola, M. Pietikäinen, "Adaptive document image binarization", Pattern Recognition 33
//! (2000): a pixel is black below `mean · (1 + k · (deviation / 128 − 1))` of its surroundings.

use super::grid::{CELL, Grid};
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
pub(super) fn sauvola(grid: &Grid, reach: Reach) -> Surface {
    let sums = box_sums(&grid.sums, grid.columns, reach);
    let squares = box_sums(&grid.squares, grid.columns, reach);
    let mut thresholds = Vec::with_capacity(sums.len());
    for (cell, (&sum, &square)) in sums.iter().zip(&squares).enumerate() {
        let within = |at: usize, count: usize, reach: usize| {
            (at + reach + 1).min(count) - at.saturating_sub(reach)
        };
        let (x, y) = (cell % grid.columns, cell / grid.columns);
        let cells = within(x, grid.columns, reach.across) * within(y, grid.rows, reach.down);
        let pixels = (cells * CELL * CELL) as f32;
        let mean = sum as f32 / pixels;
        let deviation = (square as f32 / pixels - mean * mean).max(0.0).sqrt();
        let threshold = mean * (1.0 + CONTRAST * (deviation / DEVIATION_MAX - 1.0));
        thresholds.push((threshold.round() as u8).max(BLACK));
    }
    Surface::new(grid.columns, thresholds)
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
