//! The darkest and lightest levels of cells, and of what lies around them.

use super::GrayPage;
use super::grid::CELL;
use super::instructions::Instructions;
use super::simd::{Kernel, run};

/// The darkest and lightest level of each cell, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extremes {
    /// Cells in a row.
    pub(super) columns: usize,
    pub(super) darkest: Vec<u8>,
    pub(super) lightest: Vec<u8>,
}

impl Extremes {
    /// The cells of a whole page; those over an edge have what is left of the page.
    pub(super) fn of(instructions: Instructions, page: GrayPage<'_>) -> Self {
        let columns = page.width.div_ceil(CELL);
        let rows = page.rows().div_ceil(CELL);
        let mut extremes = Self {
            columns,
            darkest: vec![255; columns * rows],
            lightest: vec![0; columns * rows],
        };
        let mut lines = [0, 1, 2].map(|_| vec![0; page.width + 2 * CELL]);
        let cells = extremes
            .darkest
            .chunks_exact_mut(columns)
            .zip(extremes.lightest.chunks_exact_mut(columns));
        for (row, (darkest, lightest)) in cells.enumerate() {
            let [above, below, side] = &mut lines;
            let top = row * CELL;
            let of = |line: usize| page.row((top + line).min(page.rows() - 1));
            run(
                instructions,
                Measure {
                    lines: std::array::from_fn(of),
                    above,
                    below,
                    side,
                    darkest,
                    lightest,
                },
            );
        }
        extremes
    }
}

/// Measures one row of cells.
struct Measure<'a> {
    lines: [&'a [u8]; CELL],
    /// Room for a line and two cells more.
    above: &'a mut [u8],
    below: &'a mut [u8],
    side: &'a mut [u8],
    darkest: &'a mut [u8],
    lightest: &'a mut [u8],
}

impl Kernel for Measure<'_> {
    #[inline(always)]
    fn run(self) {
        let width = self.lines[0].len();
        let lines = self.lines.map(|line| &line[..width]);
        let (darkest, lightest) = (&mut self.above[..width], &mut self.below[..width]);
        for x in 0..width {
            let [mut low, mut high] = [lines[0][x]; 2];
            for line in &lines[1..] {
                low = low.min(line[x]);
                high = high.max(line[x]);
            }
            darkest[x] = low;
            lightest[x] = high;
        }
        self.above[width..].fill(255);
        self.below[width..].fill(0);
        across(self.above, self.side, self.darkest, u8::min);
        across(self.below, self.side, self.lightest, u8::max);
    }
}

/// Picks of two, four and eight columns from each on, of which every eighth is a cell.
#[inline(always)]
fn across(columns: &mut [u8], side: &mut [u8], cells: &mut [u8], pick: impl Fn(u8, u8) -> u8) {
    let count = columns.len() - 1;
    join(columns, &mut side[..count], 1, &pick);
    join(&side[..count], &mut columns[..count - 2], 2, &pick);
    join(&columns[..count - 2], &mut side[..count - 6], 4, &pick);
    for (cell, picked) in cells.iter_mut().zip(side.iter().step_by(CELL)) {
        *cell = *picked;
    }
}

/// Picks of each value and the one `step` further on.
#[inline(always)]
fn join(from: &[u8], to: &mut [u8], step: usize, pick: impl Fn(u8, u8) -> u8) {
    let (near, far) = (&from[..to.len()], &from[step..step + to.len()]);
    for x in 0..to.len() {
        to[x] = pick(near[x], far[x]);
    }
}

/// What is picked of a neighbourhood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    Darkest,
    Lightest,
}

/// For each cell the darkest or lightest value of those up to `reach` rows and columns away.
pub(super) fn around(
    instructions: Instructions,
    cells: &[u8],
    columns: usize,
    reach: usize,
    pick: Pick,
) -> Vec<u8> {
    let mut cells = cells.to_vec();
    for _ in 0..reach {
        let mut picked = cells.clone();
        run(
            instructions,
            Neighbours {
                cells: &cells,
                columns,
                pick,
                picked: &mut picked,
            },
        );
        cells = picked;
    }
    cells
}

/// Picks of each cell and the eight around it.
struct Neighbours<'a> {
    cells: &'a [u8],
    columns: usize,
    pick: Pick,
    picked: &'a mut [u8],
}

impl Kernel for Neighbours<'_> {
    #[inline(always)]
    fn run(self) {
        let columns = self.columns;
        let rows = self.cells.len() / columns;
        let mut line = vec![0; columns + 2];
        for (y, picked) in self.picked.chunks_exact_mut(columns).enumerate() {
            let row = |y: usize| &self.cells[y * columns..][..columns];
            let (above, here, below) =
                (row(y.saturating_sub(1)), row(y), row((y + 1).min(rows - 1)));
            match self.pick {
                Pick::Darkest => pick_row([above, here, below], &mut line, picked, u8::min),
                Pick::Lightest => pick_row([above, here, below], &mut line, picked, u8::max),
            }
        }
    }
}

#[inline(always)]
fn pick_row(rows: [&[u8]; 3], line: &mut [u8], picked: &mut [u8], pick: impl Fn(u8, u8) -> u8) {
    let count = picked.len();
    let [above, here, below] = rows.map(|row| &row[..count]);
    let middle = &mut line[1..=count];
    for x in 0..count {
        middle[x] = pick(pick(above[x], here[x]), below[x]);
    }
    line[0] = line[1];
    line[count + 1] = line[count];
    let (left, middle, right) = (&line[..count], &line[1..=count], &line[2..count + 2]);
    for x in 0..count {
        picked[x] = pick(pick(left[x], middle[x]), right[x]);
    }
}
