//! Photographs on paper that was scanned.
//!
//! The shade of the paper is a smooth surface under the light that the scanner or camera had. It
//! is fitted to the lightest cells of blocks; blocks well below it that hang together and have
//! several shades are a photograph. Text never is: between its lines and words there is paper.

use super::areas::connected;
use super::grid::{CELL, Grid};
use super::photo::Shades;

/// Cells along each side of a block: about 4 mm.
const BLOCK: usize = 4;

/// Blocks whose lightest cell lies below this share of the paper's shade show none.
const PAPER_SHARE: f32 = 0.8;

/// The fewest blocks of a photograph: about 2 by 2 cm.
const BLOCKS_MIN: usize = 25;

/// Which cells of a page lie in photographs, if any does.
pub(super) fn photographs(grid: &Grid) -> Option<Vec<bool>> {
    let blocks = Blocks::of(grid);
    let paper = Paper::fit(&blocks)?;
    let mut is_dark: Vec<bool> = (0..blocks.lightest.len())
        .map(|at| blocks.lightest[at] < PAPER_SHARE * paper.at(&blocks, at))
        .collect();
    let mut cells = vec![false; grid.sums.len()];
    let mut found = false;
    for start in 0..is_dark.len() {
        if !is_dark[start] {
            continue;
        }
        let area = connected(&mut is_dark, blocks.columns, start);
        let mut shades = Shades::default();
        for cell in area.iter().flat_map(|&block| blocks.cells(grid, block)) {
            shades.add(mean(grid, cell) as u8);
        }
        if area.len() >= BLOCKS_MIN && shades.is_various() {
            found = true;
            for cell in area.iter().flat_map(|&block| blocks.cells(grid, block)) {
                cells[cell] = true;
            }
        }
    }
    found.then_some(cells)
}

fn mean(grid: &Grid, cell: usize) -> f32 {
    grid.sums[cell] as f32 / (CELL * CELL) as f32
}

/// Blocks of cells with the mean of the lightest cell of each.
struct Blocks {
    columns: usize,
    rows: usize,
    lightest: Vec<f32>,
}

impl Blocks {
    fn of(grid: &Grid) -> Self {
        let mut blocks = Self {
            columns: grid.columns.div_ceil(BLOCK),
            rows: grid.rows.div_ceil(BLOCK),
            lightest: Vec::new(),
        };
        blocks.lightest = (0..blocks.columns * blocks.rows)
            .map(|block| {
                let means = blocks.cells(grid, block).map(|cell| mean(grid, cell));
                means.fold(0.0, f32::max)
            })
            .collect();
        blocks
    }

    /// The numbers of a block's cells.
    fn cells<'a>(&self, grid: &'a Grid, block: usize) -> impl Iterator<Item = usize> + use<'a> {
        let (left, top) = (block % self.columns * BLOCK, block / self.columns * BLOCK);
        let right = (left + BLOCK).min(grid.columns);
        (top..(top + BLOCK).min(grid.rows))
            .flat_map(move |y| (left..right).map(move |x| y * grid.columns + x))
    }

    /// Where a block lies, from -1 to 1 each way.
    fn place(&self, block: usize) -> (f32, f32) {
        let from_middle = |at: usize, count: usize| (2 * at + 1) as f32 / count as f32 - 1.0;
        (
            from_middle(block % self.columns, self.columns),
            from_middle(block / self.columns, self.rows),
        )
    }
}

/// The shade of paper: a plane.
struct Paper {
    middle: f32,
    across: f32,
    down: f32,
}

impl Paper {
    /// Fits to the lightest blocks, again and again without those that lie well below the plane.
    /// `None` when hardly any block is paper.
    fn fit(blocks: &Blocks) -> Option<Self> {
        let mut sorted = blocks.lightest.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let light = *sorted.get(sorted.len() * 9 / 10)?;
        let mut paper = Self {
            middle: light,
            across: 0.0,
            down: 0.0,
        };
        let mut share = 0.6;
        for _ in 0..6 {
            let light: Vec<usize> = (0..blocks.lightest.len())
                .filter(|&at| blocks.lightest[at] > share * paper.at(blocks, at))
                .collect();
            if light.len() * 20 < blocks.lightest.len() {
                return None;
            }
            paper = Self::through(blocks, &light);
            share = (share + 0.06_f32).min(0.88);
        }
        (paper.middle > 96.0).then_some(paper)
    }

    /// The plane of least squares through some blocks.
    fn through(blocks: &Blocks, chosen: &[usize]) -> Self {
        let mut sums = [[0.0_f64; 4]; 3];
        for &at in chosen {
            let (x, y) = blocks.place(at);
            let row = [
                1.0,
                f64::from(x),
                f64::from(y),
                f64::from(blocks.lightest[at]),
            ];
            for (sums, &factor) in sums.iter_mut().zip(&row) {
                for (sum, &value) in sums.iter_mut().zip(&row) {
                    *sum += factor * value;
                }
            }
        }
        let [middle, across, down] = solved(sums).map(|value| value as f32);
        Self {
            middle,
            across,
            down,
        }
    }

    fn at(&self, blocks: &Blocks, block: usize) -> f32 {
        let (x, y) = blocks.place(block);
        self.middle + self.across * x + self.down * y
    }
}

/// Solves three equations by elimination; what they leave open is zero.
fn solved(mut rows: [[f64; 4]; 3]) -> [f64; 3] {
    for pivot in 0..3 {
        if rows[pivot][pivot].abs() < 1e-9 {
            rows[pivot] = [0.0; 4];
            rows[pivot][pivot] = 1.0;
        }
        let divisor = rows[pivot][pivot];
        let from = rows[pivot].map(|value| value / divisor);
        for row in &mut rows {
            let factor = row[pivot];
            for (value, from) in row.iter_mut().zip(from) {
                *value -= factor * from;
            }
        }
        rows[pivot] = from;
    }
    rows.map(|row| row[3])
}
