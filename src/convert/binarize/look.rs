//! The first look at a drawn page: its cells' extremes, and what is black by one threshold.
//!
//! A page is several megabytes, so it is read once. Most of it is white paper, which is passed over
//! as soon as it is seen to be.

use super::GrayPage;
use super::extremes::Extremes;
use super::grid::CELL;
use super::instructions::Instructions;
use super::pack::pack_eight;
use super::simd;

/// The level of white paper.
const WHITE: u8 = 255;

/// What was seen of a page.
pub(super) struct Look {
    pub(super) extremes: Extremes,
    /// The page's rows, eight pixels a byte, black where a level lies below the threshold.
    pub(super) packed: Vec<u8>,
}

impl Look {
    /// Looks at a page that has rows; cells over an edge have what is left of the page.
    pub(super) fn at(instructions: Instructions, page: GrayPage<'_>, threshold: u8) -> Self {
        let columns = page.width.div_ceil(CELL);
        let rows = page.rows();
        let cells = columns * rows.div_ceil(CELL);
        let mut look = Self {
            extremes: Extremes {
                columns,
                darkest: vec![WHITE; cells],
                lightest: vec![WHITE; cells],
            },
            packed: vec![0; rows * columns],
        };
        let extremes = look.extremes.rows_mut();
        let packed = look.packed.chunks_mut(CELL * columns);
        for (row, ((darkest, lightest), packed)) in extremes.zip(packed).enumerate() {
            let line = |line: usize| page.row((row * CELL + line).min(rows - 1));
            let mut cells = CellRow {
                lines: std::array::from_fn(line),
                threshold,
                darkest,
                lightest,
                packed,
            };
            let done = simd::look_at(instructions, &mut cells);
            cells.look_from(done);
        }
        look
    }
}

/// Where a page is not white, to within eight cells.
pub(crate) struct Traces {
    columns: usize,
    darkest: Vec<u8>,
}

impl Traces {
    pub(super) fn of(extremes: Extremes) -> Self {
        Self {
            columns: extremes.columns,
            darkest: extremes.darkest,
        }
    }

    /// Makes the page white: its levels, so many a row.
    pub(crate) fn wipe(&self, levels: &mut [u8], width: usize) {
        const GROUP: usize = 8;
        let lines = levels.chunks_mut(CELL * width);
        for (lines, darkest) in lines.zip(self.darkest.chunks_exact(self.columns)) {
            for (group, darkest) in darkest.chunks(GROUP).enumerate() {
                let is_white = match darkest.first_chunk::<GROUP>() {
                    Some(darkest) => u64::from_ne_bytes(*darkest) == u64::MAX,
                    None => darkest.iter().all(|level| *level == WHITE),
                };
                if is_white {
                    continue;
                }
                for line in lines.chunks_exact_mut(width) {
                    let from = &mut line[group * GROUP * CELL..];
                    match from.first_chunk_mut::<{ GROUP * CELL }>() {
                        Some(levels) => *levels = [WHITE; GROUP * CELL],
                        None => from.fill(WHITE),
                    }
                }
            }
        }
    }
}

/// A row of cells that is looked at: white, until anything else is seen.
pub(super) struct CellRow<'a> {
    pub(super) lines: [&'a [u8]; CELL],
    pub(super) threshold: u8,
    pub(super) darkest: &'a mut [u8],
    pub(super) lightest: &'a mut [u8],
    /// As many of the lines as the page has.
    pub(super) packed: &'a mut [u8],
}

impl CellRow<'_> {
    /// Looks at the cells from one on, one by one.
    fn look_from(&mut self, first: usize) {
        let columns = self.darkest.len();
        let width = self.lines[0].len();
        for cell in first..columns {
            let place = cell * CELL..width.min((cell + 1) * CELL);
            let lines = self.lines.map(|line| &line[place.clone()]);
            if lines.iter().all(|line| is_white(line)) {
                continue;
            }
            let levels = || lines.into_iter().flatten().copied();
            self.darkest[cell] = levels().fold(WHITE, u8::min);
            self.lightest[cell] = levels().fold(0, u8::max);
            for (line, row) in lines.iter().zip(self.packed.chunks_exact_mut(columns)) {
                let mut levels = [WHITE; CELL];
                levels[..line.len()].copy_from_slice(line);
                row[cell] = pack_eight(levels, [self.threshold; CELL]);
            }
        }
    }
}

#[inline]
fn is_white(line: &[u8]) -> bool {
    match line.first_chunk::<CELL>() {
        Some(levels) => u64::from_ne_bytes(*levels) == u64::MAX,
        None => line.iter().all(|level| *level == WHITE),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_page_is_white_once_its_traces_are_wiped(
            width in 1usize..300, rows in 1usize..60,
            blots in proptest::collection::vec((0usize..1 << 20, any::<u8>()), 0..30),
        ) {
            let mut levels = vec![WHITE; width * rows];
            for (place, level) in blots {
                let pixels = levels.len();
                levels[place % pixels] = level;
            }
            for instructions in Instructions::all() {
                let page = GrayPage::new(&levels, width as u32, width);
                let traces = Traces::of(Look::at(instructions, page, 128).extremes);
                let mut wiped = levels.clone();
                traces.wipe(&mut wiped, width);
                prop_assert!(wiped.iter().all(|level| *level == WHITE));
            }
        }
    }
}
