//! Cells whose thresholds are not the one that a page was packed by, packed anew.
//!
//! On a drawn page they are few: around pale ink, on shaded ground and in photographs.

use super::GrayPage;
use super::extremes::Extremes;
use super::grid::CELL;
use super::instructions::Instructions;
use super::pack::pack_row;
use super::plan::Dots;
use super::simd::{Kernel, run};
use super::surface::{Surface, smooth_thresholds};

/// The level of white paper, which lies below no threshold.
const WHITE: u8 = 255;

/// Levels or thresholds of a cell, row by row.
type Pixels = [[u8; CELL]; CELL];

/// What is not to be as a page was packed.
pub(super) struct Amendments<'a> {
    pub(super) extremes: &'a Extremes,
    /// The threshold that the page was packed by.
    pub(super) threshold: u8,
    pub(super) surface: Option<&'a Surface>,
    pub(super) dots: Option<&'a Dots>,
}

impl Amendments<'_> {
    /// Packs anew what has other thresholds.
    pub(super) fn carry_out(
        &self,
        instructions: Instructions,
        page: GrayPage<'_>,
        packed: &mut [u8],
    ) {
        let columns = self.extremes.columns;
        let plain = match self.surface {
            Some(surface) => surface.plain_rows(self.threshold),
            None => Vec::new(),
        };
        let mut differs = vec![0; columns];
        let mut batch = Batch::default();
        for (row, packed) in packed.chunks_mut(CELL * columns).enumerate() {
            let darkest = &self.extremes.darkest[row * columns..][..columns];
            let surface = self
                .surface
                .filter(|_| {
                    !plain[row.saturating_sub(1)..plain.len().min(row + 2)]
                        .iter()
                        .all(|is_plain| *is_plain)
                })
                .map(|surface| surface.around(row));
            if surface.is_none() && self.dots.is_none() {
                continue;
            }
            differs.fill(0);
            let dots = self.dots.map(|dots| (dots, dots.cells(row, columns)));
            let kernel = Differ {
                rows: surface,
                threshold: self.threshold,
                is_dotted: dots.map(|(_, cells)| cells),
                darkest,
                differs: &mut differs,
            };
            run(instructions, kernel);
            batch.take_marked(&differs);
            if batch.cells.is_empty() {
                continue;
            }
            batch.take_levels(page, row);
            batch
                .thresholds
                .resize(batch.cells.len(), Pixels::default());
            if let Some(rows) = surface {
                smooth_thresholds(instructions, rows, &batch.cells, &mut batch.thresholds);
            }
            if let Some((dots, cells)) = dots {
                batch.take_dots(dots, cells, row);
            }
            batch.pack(instructions, columns, packed);
        }
    }
}

/// Marks the cells of a row that are not white and that another threshold has a part in, those of
/// the cells around them among them.
struct Differ<'a> {
    rows: Option<[&'a [u8]; 3]>,
    threshold: u8,
    is_dotted: Option<&'a [bool]>,
    darkest: &'a [u8],
    /// 0, and not 0 after it where they are.
    differs: &'a mut [u8],
}

impl Kernel for Differ<'_> {
    #[inline(always)]
    fn run(self) {
        let count = self.differs.len();
        if let Some(rows) = self.rows {
            let rows = rows.map(|row| &row[..count]);
            let other = |x: usize| {
                rows.iter()
                    .fold(0, |other, row| other | (row[x] ^ self.threshold))
            };
            for x in 0..count {
                self.differs[x] = other(x);
            }
            for x in 1..count {
                self.differs[x] |= other(x - 1);
            }
            for x in 1..count {
                self.differs[x - 1] |= other(x);
            }
        }
        if let Some(is_dotted) = self.is_dotted {
            for (differs, is_dotted) in self.differs.iter_mut().zip(is_dotted) {
                *differs |= u8::from(*is_dotted);
            }
        }
        for (differs, darkest) in self.differs.iter_mut().zip(self.darkest) {
            *differs = if *darkest == WHITE { 0 } else { *differs };
        }
    }
}

/// Cells of a row that are packed together.
#[derive(Default)]
struct Batch {
    cells: Vec<usize>,
    levels: Vec<Pixels>,
    thresholds: Vec<Pixels>,
    packed: Vec<u8>,
}

impl Batch {
    /// Takes the cells that are marked by other than 0.
    fn take_marked(&mut self, marks: &[u8]) {
        self.cells.clear();
        for (group, marks) in marks.chunks(CELL).enumerate() {
            let is_none = marks
                .first_chunk()
                .is_some_and(|marks| u64::from_ne_bytes(*marks) == 0);
            if is_none {
                continue;
            }
            let marked = marks.iter().enumerate().filter(|(_, mark)| **mark != 0);
            self.cells.extend(marked.map(|(at, _)| group * CELL + at));
        }
    }

    fn take_levels(&mut self, page: GrayPage<'_>, row: usize) {
        self.levels.clear();
        self.levels.resize(self.cells.len(), [[WHITE; CELL]; CELL]);
        let top = row * CELL;
        for y in 0..CELL.min(page.rows() - top) {
            let line = page.row(top + y);
            for (cell, levels) in self.cells.iter().zip(&mut self.levels) {
                let from = &line[cell * CELL..];
                match from.first_chunk() {
                    Some(from) => levels[y] = *from,
                    None => levels[y][..from.len()].copy_from_slice(from),
                }
            }
        }
    }

    /// Takes the screen's thresholds where cells of the row are screened.
    fn take_dots(&mut self, dots: &Dots, is_dotted: &[bool], row: usize) {
        for (&cell, thresholds) in self.cells.iter().zip(&mut self.thresholds) {
            if is_dotted[cell] {
                *thresholds = std::array::from_fn(|y| dots.row(row * CELL + y));
            }
        }
    }

    fn pack(&mut self, instructions: Instructions, columns: usize, packed: &mut [u8]) {
        self.packed.resize(self.cells.len() * CELL, 0);
        let levels = self.levels.as_flattened().as_flattened();
        let thresholds = self.thresholds.as_flattened().as_flattened();
        pack_row(instructions, levels, thresholds, &mut self.packed);
        for (cell, bytes) in self.cells.iter().zip(self.packed.as_chunks::<CELL>().0) {
            for (row, byte) in packed.chunks_exact_mut(columns).zip(bytes) {
                row[*cell] = *byte;
            }
        }
    }
}
