//! What the cells of a page look like: sums of eight by eight pixels each.
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
        };
        let mut padded = vec![
            0;
            if page.width.is_multiple_of(CELL) {
                0
            } else {
                columns * CELL * CELL
            }
        ];
        let mut column_sums = vec![0; columns * CELL];
        let mut column_squares = vec![0; columns * CELL];
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
                    squares: &mut grid.squares[cells],
                    column_sums: &mut column_sums,
                    column_squares: &mut column_squares,
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
    column_sums: &'a mut [u16],
    column_squares: &'a mut [u32],
}

impl Kernel for Measure<'_> {
    #[inline(always)]
    fn run(self) {
        let width = self.sums.len() * CELL;
        let lines = self.lines.map(|line| &line[..width]);
        let (sums, squares) = (
            &mut self.column_sums[..width],
            &mut self.column_squares[..width],
        );
        for x in 0..width {
            let mut sum = 0;
            let mut square = 0;
            for line in lines {
                sum += u16::from(line[x]);
                square += u32::from(u16::from(line[x]) * u16::from(line[x]));
            }
            sums[x] = sum;
            squares[x] = square;
        }
        for (cell, columns) in self.sums.iter_mut().zip(sums.as_chunks::<CELL>().0) {
            *cell = columns.iter().sum::<u16>().into();
        }
        for (cell, columns) in self.squares.iter_mut().zip(squares.as_chunks::<CELL>().0) {
            *cell = columns.iter().sum();
        }
    }
}
