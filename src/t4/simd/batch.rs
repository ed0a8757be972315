//! Rows that wait to be coded together: their codes do not depend on one another's, so bands of
//! them are worked on in turns and the latency of one hides behind the others.

use std::ops::Range;

use super::bands::{BAND_SLACK, BANDS, Bands};
use super::elements::{Avx2, Avx512, Elements, Reader, Segment};
use super::pack::Stream;
use super::symbols::{ANNOUNCED_SYMBOLS_MAX, RUN_SYMBOLS_MAX};
use crate::t4::EncodeOptions;
use crate::t4::path::Level;
use crate::t4::schedule::{Announced, Schedule};

/// Places of elements after which the rows are coded: with their symbols they should stay in the
/// nearest cache.
const PLACES_MAX: usize = 1 << 13;

/// Fewest rows that are coded at once for that, so that bands of them end at about the same time.
const ROWS_MIN: usize = 16;

/// Symbols after which the rows are coded however few they are.
const SYMBOLS_MAX: usize = 1 << 19;

/// Ones of a row that is nothing else, at most.
const ONES_MAX: usize = 1 << 20;

/// The coder of a page with vectors.
#[derive(Clone, Debug)]
pub(in crate::t4) struct Batch {
    elements: Elements,
    above: Segment,
    rows: Vec<Row>,
    symbols: Vec<u16>,
    stream: Stream,
    options: EncodeOptions,
    schedule: Schedule,
    width: u32,
    level: Level,
}

/// A row waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) announced: Announced,
    pub(super) task: Task,
    /// Most symbols of it and of all rows before it.
    pub(super) symbols_end: u32,
}

/// What is put for a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    /// So many ones.
    Ones(u32),
    /// The row by itself.
    Runs(Segment),
    /// Its differences from the row above.
    Differences {
        current: Segment,
        reference: Segment,
    },
}

impl Batch {
    /// # Panics
    ///
    /// If the level is the portable one.
    pub(in crate::t4) fn new(width: u32, level: Level, options: EncodeOptions) -> Self {
        assert!(
            matches!(level, Level::Avx2 | Level::Avx512),
            "a level with vectors"
        );
        let (elements, above) = Elements::new(width, level);
        Self {
            elements,
            above,
            rows: Vec::new(),
            symbols: Vec::new(),
            stream: Stream::default(),
            options,
            schedule: Schedule::new(options),
            width,
            level,
        }
    }

    /// Adds packed rows, one after the other, below the row `above`; their bits beyond the width are
    /// zero.
    pub(in crate::t4) fn add(&mut self, above: &[u8], rows: &[u8]) {
        assert_eq!(above.len(), self.width.div_ceil(8) as usize, "a whole row");
        // SAFETY: the level says which instructions the machine has.
        unsafe {
            match self.level {
                Level::Avx512 => self.add_avx512(above, rows),
                _ => self.add_avx2(above, rows),
            }
        }
    }

    /// # Safety
    ///
    /// The machine has these features.
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    unsafe fn add_avx512(&mut self, above: &[u8], rows: &[u8]) {
        // SAFETY: the caller's promise.
        unsafe { self.add_with::<Avx512>(above, rows) }
    }

    /// # Safety
    ///
    /// The machine has these features.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    unsafe fn add_avx2(&mut self, above: &[u8], rows: &[u8]) {
        // SAFETY: the caller's promise.
        unsafe { self.add_with::<Avx2>(above, rows) }
    }

    /// # Safety
    ///
    /// The machine has the reader's instructions, and `above` is a whole row.
    #[inline(always)]
    unsafe fn add_with<'a, R: Reader>(&mut self, mut above: &'a [u8], rows: &'a [u8]) {
        let mut rows = rows.chunks_exact(above.len());
        while let Some(row) = rows.next() {
            // SAFETY: the caller's promise; all rows are of one length.
            unsafe {
                if R::is_same(above, row) {
                    let mut ahead = rows.clone();
                    let mut same = 1;
                    while let Some(next) = ahead.next()
                        && R::is_same(row, next)
                    {
                        same += 1;
                        rows = ahead.clone();
                    }
                    self.put_same(same);
                } else {
                    let segment = self.elements.add::<R>(row);
                    self.put_changed(segment);
                }
            }
            above = row;
        }
    }

    /// Adds a row that differs from the one above.
    #[inline]
    fn put_changed(&mut self, current: Segment) {
        let (announced, is_1d) = self.schedule.next();
        let reference = std::mem::replace(&mut self.above, current);
        if is_1d {
            self.push(announced, Task::Runs(current));
        } else {
            self.push(announced, Task::Differences { current, reference });
        }
    }

    /// Adds rows that equal the one above.
    fn put_same(&mut self, count: usize) {
        // Every changing element lies under its like, and so does the end of the row.
        let ones = self.above.count() + 1;
        if self.schedule.joins_same_rows() {
            let mut ones = count * ones;
            while ones > 0 {
                let put = ones.min(ONES_MAX);
                self.push(Announced::Bare, Task::Ones(put as u32));
                ones -= put;
            }
            return;
        }
        for _ in 0..count {
            let (announced, is_1d) = self.schedule.next();
            if is_1d {
                self.push(announced, Task::Runs(self.above));
            } else {
                self.push(announced, Task::Ones(ones as u32));
            }
        }
    }

    /// Ends the page and returns its bytes.
    pub(in crate::t4) fn finish(mut self) -> Vec<u8> {
        self.code();
        let (announced, count) = self.schedule.end();
        if count > 0 && self.schedule.aligns_rows() {
            self.stream.pad_to(0);
        }
        for _ in 0..count {
            self.stream.announce(announced);
        }
        self.stream.finish(self.options.bit_order)
    }

    #[inline]
    fn push(&mut self, announced: Announced, task: Task) {
        let before = self.rows.last().map_or(0, |row| row.symbols_end);
        let symbols_end = before + symbols_max(task, self.width) as u32;
        self.rows.push(Row {
            announced,
            task,
            symbols_end,
        });
        let is_full = self.elements.len() >= PLACES_MAX && self.rows.len() >= ROWS_MIN;
        if is_full || symbols_end as usize >= SYMBOLS_MAX {
            self.code();
        }
    }

    /// Codes the waiting rows.
    #[inline(never)]
    fn code(&mut self) {
        self.elements.settle();
        if self.schedule.aligns_rows() || self.schedule.aligns_eols() {
            for at in 0..self.rows.len() {
                if self.schedule.aligns_rows() {
                    self.stream.pad_to(0);
                }
                if self.schedule.aligns_eols() && self.rows[at].announced != Announced::Bare {
                    self.stream.pad_to(4);
                }
                self.code_rows(at..at + 1);
            }
        } else {
            self.code_rows(0..self.rows.len());
        }
        self.rows.clear();
        self.above = self.elements.keep(self.above);
    }

    fn code_rows(&mut self, range: Range<usize>) {
        let Some(last) = self.rows[range.clone()].last() else {
            return;
        };
        self.symbols.clear();
        self.symbols
            .reserve(last.symbols_end as usize + BANDS * BAND_SLACK);
        // SAFETY: the symbols of the rows and of what lies between bands have room, the rows are of
        // `elements`, and the level says which instructions the machine has.
        unsafe {
            let symbols = self.symbols.as_mut_ptr();
            let bands = Bands::new(&self.rows, range);
            let coded = bands.code(&self.elements, symbols, self.width, self.level);
            for band in coded {
                self.stream
                    .pack(symbols.add(band.start), band.len(), self.level);
            }
        }
    }
}

/// Most symbols of a row.
///
/// A pass code is one symbol and takes two elements of the row above; a vertical code is one and
/// takes one of the row; a horizontal code takes two elements, one symbol and four for each run,
/// besides two for each 2560 pixels. A row by itself has a run more than elements.
#[inline]
fn symbols_max(task: Task, width: u32) -> usize {
    let (current, above) = match task {
        Task::Ones(count) => return ANNOUNCED_SYMBOLS_MAX + count as usize / 8 + 1,
        Task::Runs(current) => (current.count(), 0),
        Task::Differences { current, reference } => (current.count(), reference.count()),
    };
    let long = width as usize / 1024 + 4;
    ANNOUNCED_SYMBOLS_MAX + (RUN_SYMBOLS_MAX + 1) * (current + 4) + above / 2 + long
}
