//! Thresholds that follow the shade of the page, one for each cell and smooth between.

use super::grid::CELL;
use super::instructions::Instructions;
use super::simd::{Kernel, run};

/// A threshold in the middle of each cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Surface {
    columns: usize,
    rows: usize,
    thresholds: Vec<u8>,
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

    /// The same threshold everywhere.
    pub(super) fn plain(columns: usize, cells: usize, threshold: u8) -> Self {
        Self::new(columns, vec![threshold; cells])
    }

    /// Takes some cells' thresholds from another surface of the same page.
    pub(super) fn take_over(&mut self, other: &Self, cells: impl Iterator<Item = usize>) {
        for cell in cells {
            self.thresholds[cell] = other.thresholds[cell];
        }
    }

    /// For each row of cells whether all its thresholds are this one.
    pub(super) fn plain_rows(&self, threshold: u8) -> Vec<bool> {
        let rows = self.thresholds.chunks_exact(self.columns);
        let other = |cells: &[u8]| {
            cells
                .iter()
                .fold(0, |other, cell| other | (cell ^ threshold))
        };
        rows.map(|cells| other(cells) == 0).collect()
    }

    /// The row of cells above a row, itself, and the one below; at an edge itself again.
    pub(super) fn around(&self, row: usize) -> [&[u8]; 3] {
        [row.saturating_sub(1), row, row + 1].map(|row| self.cells(row))
    }

    fn cells(&self, row: usize) -> &[u8] {
        &self.thresholds[row.min(self.rows - 1) * self.columns..][..self.columns]
    }
}

/// Rows of a surface's thresholds, one for each pixel.
pub(super) struct SurfaceRows<'a> {
    surface: &'a Surface,
    instructions: Instructions,
    /// The row of cells that `upper` was made of.
    made: Option<usize>,
    /// The threshold of all cells of both rows, when there is just one.
    only: Option<u8>,
    /// Sixteenfold thresholds along the middle of a row of cells, and of the next one.
    upper: Vec<u16>,
    lower: Vec<u16>,
}

impl<'a> SurfaceRows<'a> {
    pub(super) fn new(surface: &'a Surface, instructions: Instructions) -> Self {
        Self {
            surface,
            instructions,
            made: None,
            only: None,
            upper: vec![0; surface.columns * CELL],
            lower: vec![0; surface.columns * CELL],
        }
    }

    /// The thresholds of page row `y`, as many as the cells have columns. `thresholds` are to hold
    /// what the call for the row above left there.
    pub(super) fn row(&mut self, y: usize, thresholds: &mut [u8]) {
        // In sixteenths of a cell from the upper edge of the page to the middle of the row, and
        // from the middle of the row of cells above to there.
        let middle = 2 * y + 1;
        let cell = middle.saturating_sub(CELL) / (2 * CELL);
        let weight = middle.saturating_sub(CELL) % (2 * CELL);
        if self.made != Some(cell) {
            self.made = Some(cell);
            self.only = only(self.surface.cells(cell))
                .filter(|only| Some(*only) == self::only(self.surface.cells(cell + 1)));
            if let Some(only) = self.only {
                thresholds.fill(only);
                return;
            }
            let cells = [(cell, &mut self.upper), (cell + 1, &mut self.lower)];
            for (cell, line) in cells {
                let cells = self.surface.cells(cell);
                run(self.instructions, Across { cells, line });
            }
        } else if self.only.is_some() {
            // The row above left them as they are to be.
            return;
        }
        let kernel = Down {
            upper: &self.upper,
            lower: &self.lower,
            weight: weight as u16,
            thresholds,
        };
        run(self.instructions, kernel);
    }
}

/// The value of all cells, if they have the same.
fn only(cells: &[u8]) -> Option<u8> {
    let first = *cells.first()?;
    cells.iter().all(|&cell| cell == first).then_some(first)
}

/// Lays sixteenfold thresholds between the middles of a row's cells.
struct Across<'a> {
    cells: &'a [u8],
    line: &'a mut [u16],
}

impl Kernel for Across<'_> {
    #[inline(always)]
    fn run(self) {
        let (line, _) = self.line.as_chunks_mut::<CELL>();
        for (at, line) in line.iter_mut().enumerate() {
            *line = across_cell(beside(self.cells, at));
        }
    }
}

/// The cell to the left of one, itself and the one to the right; at an edge itself again.
#[inline(always)]
fn beside(cells: &[u8], at: usize) -> [u8; 3] {
    let last = cells.len() - 1;
    [
        cells[at.saturating_sub(1)],
        cells[at],
        cells[last.min(at + 1)],
    ]
}

/// Sixteenfold thresholds along the middle of a cell, between those of its neighbours and itself.
#[inline(always)]
fn across_cell(cells: [u8; 3]) -> [u16; CELL] {
    let (before, here, after) = (
        u16::from(cells[0]),
        u16::from(cells[1]),
        u16::from(cells[2]),
    );
    let mut line = [0; CELL];
    for (pixel, threshold) in line.iter_mut().enumerate() {
        let place = 2 * pixel + 1;
        *threshold = if place < CELL {
            before * (CELL - place) as u16 + here * (place + CELL) as u16
        } else {
            here * (3 * CELL - place) as u16 + after * (place - CELL) as u16
        };
    }
    line
}

/// Lays a row of thresholds between the middles of two rows of cells.
struct Down<'a> {
    upper: &'a [u16],
    lower: &'a [u16],
    /// Sixteenths of the lower row.
    weight: u16,
    thresholds: &'a mut [u8],
}

impl Kernel for Down<'_> {
    #[inline(always)]
    fn run(self) {
        let count = self.thresholds.len();
        let (upper, lower) = (&self.upper[..count], &self.lower[..count]);
        for x in 0..count {
            let sum = upper[x] * (16 - self.weight) + lower[x] * self.weight;
            self.thresholds[x] = (sum >> 8) as u8;
        }
    }
}

/// Thresholds of each of some cells' pixels, as [`SurfaceRows`] lays them over whole rows; `rows`
/// are the [row above, the cells' row and the row below](Surface::around).
pub(super) fn smooth_thresholds(
    instructions: Instructions,
    rows: [&[u8]; 3],
    cells: &[usize],
    thresholds: &mut [[[u8; CELL]; CELL]],
) {
    let kernel = Smooth {
        rows,
        cells,
        thresholds,
    };
    run(instructions, kernel);
}

struct Smooth<'a> {
    rows: [&'a [u8]; 3],
    cells: &'a [usize],
    thresholds: &'a mut [[[u8; CELL]; CELL]],
}

impl Kernel for Smooth<'_> {
    #[inline(always)]
    fn run(self) {
        let [above, here, below] = self.rows;
        for (&cell, thresholds) in self.cells.iter().zip(self.thresholds) {
            let (above, here, below) = (
                across_cell(beside(above, cell)),
                across_cell(beside(here, cell)),
                across_cell(beside(below, cell)),
            );
            for (y, line) in thresholds.iter_mut().enumerate() {
                let (upper, lower, weight) = if y < CELL / 2 {
                    (&above, &here, (2 * y + 1 + CELL) as u16)
                } else {
                    (&here, &below, (2 * y + 1 - CELL) as u16)
                };
                for x in 0..CELL {
                    let sum = upper[x] * (16 - weight) + lower[x] * weight;
                    line[x] = (sum >> 8) as u8;
                }
            }
        }
    }
}
