//! What the cells of a page look like: sums and extremes of eight by eight pixels each.
//!
//! Whatever follows the shade of the paper changes slowly over a page. Worked out for cells it
//! costs a sixty-fourth of what it would cost for pixels.

use super::GrayPage;
use super::instructions::Instructions;
use super::simd::{Kernel, run};

/// Pixels along each side of a cell.
pub(super) const CELL: usize = 8;

/// Statistics of each cell, row by row.
///
/// Cells over the right or lower edge see the last column or row repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// Cells in a row.
    pub(super) columns: usize,
    /// Rows of cells.
    pub(super) rows: usize,
    /// Sums of the levels.
    pub(super) sums: Vec<u32>,
    /// Sums of the levels' squares.
    pub(super) squares: Vec<u32>,
    /// The darkest levels.
    pub(super) darkest: Vec<u8>,
    /// The lightest levels.
    pub(super) lightest: Vec<u8>,
}

impl Grid {
    /// The cells of a whole page.
    pub(super) fn of(instructions: Instructions, page: GrayPage<'_>) -> Self {
        let columns = page.width.div_ceil(CELL);
        let rows = page.rows().div_ceil(CELL);
        let mut grid = Self {
            columns,
            rows,
            sums: vec![0; columns * rows],
            squares: vec![0; columns * rows],
            darkest: vec![0; columns * rows],
            lightest: vec![0; columns * rows],
        };
        let mut padded = vec![
            0;
            if page.width.is_multiple_of(CELL) {
                0
            } else {
                columns * CELL * CELL
            }
        ];
        for row in 0..rows {
            let levels = |line: usize| page.row((row * CELL + line).min(page.rows() - 1));
            let lines: [&[u8]; CELL] = if padded.is_empty() {
                std::array::from_fn(levels)
            } else {
                for (line, padded) in padded.chunks_exact_mut(columns * CELL).enumerate() {
                    let levels = levels(line);
                    padded[..levels.len()].copy_from_slice(levels);
                    padded[levels.len()..].fill(levels[levels.len() - 1]);
                }
                let mut lines = padded.chunks_exact(columns * CELL);
                std::array::from_fn(|_| lines.next().unwrap_or_default())
            };
            let cells = row * columns..(row + 1) * columns;
            run(
                instructions,
                Measure {
                    lines,
                    sums: &mut grid.sums[cells.clone()],
                    squares: &mut grid.squares[cells.clone()],
                    darkest: &mut grid.darkest[cells.clone()],
                    lightest: &mut grid.lightest[cells],
                },
            );
        }
        grid
    }
}

/// Measures one row of cells.
struct Measure<'a> {
    lines: [&'a [u8]; CELL],
    sums: &'a mut [u32],
    squares: &'a mut [u32],
    darkest: &'a mut [u8],
    lightest: &'a mut [u8],
}

impl Kernel for Measure<'_> {
    #[inline(always)]
    fn run(self) {
        /// Columns measured at a time, so that what is known of them stays in registers.
        const COLUMNS: usize = 64;
        let width = self.sums.len() * CELL;
        let mut left = 0;
        while left < width {
            let columns = COLUMNS.min(width - left);
            let mut sums = [0u16; COLUMNS];
            let mut squares = [0u32; COLUMNS];
            let mut darkest = [255u8; COLUMNS];
            let mut lightest = [0u8; COLUMNS];
            for line in self.lines {
                let mut levels = [0; COLUMNS];
                levels[..columns].copy_from_slice(&line[left..left + columns]);
                for x in 0..COLUMNS {
                    let level = levels[x];
                    sums[x] += u16::from(level);
                    squares[x] += u32::from(level) * u32::from(level);
                    darkest[x] = darkest[x].min(level);
                    lightest[x] = lightest[x].max(level);
                }
            }
            for cell in 0..columns / CELL {
                let of = cell * CELL..(cell + 1) * CELL;
                let at = left / CELL + cell;
                self.sums[at] = sums[of.clone()].iter().map(|&sum| u32::from(sum)).sum();
                self.squares[at] = squares[of.clone()].iter().sum();
                self.darkest[at] = darkest[of.clone()].iter().fold(255, |a, &b| a.min(b));
                self.lightest[at] = lightest[of].iter().fold(0, |a, &b| a.max(b));
            }
            left += columns;
        }
    }
}
