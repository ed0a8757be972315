//! Bands of rows worked on in turns.

use std::ops::Range;

use super::batch::{Row, Task};
use super::differences::{Ahead, Eight, Sixteen, Walk};
use super::elements::Elements;
use super::pack::GROUP;
use super::runs::put_runs;
use super::symbols::{SPILL, put_announced, put_ones};
use crate::t4::codes::RUN_MAX;
use crate::t4::path::Level;
use crate::t4::schedule::Announced;

/// Most bands at once: about as many steps as the machine can look ahead.
pub(super) const BANDS: usize = 4;

/// Symbols after those of a band: what is spilled, and empty ones up to a whole group.
pub(super) const BAND_SLACK: usize = 2 * SPILL + GROUP;

/// Rows divided into bands of about as much work.
pub(super) struct Bands<'a> {
    rows: &'a [Row],
    /// Where each band begins among the rows, and where the last one ends.
    starts: [usize; BANDS + 1],
}

/// A band being coded.
#[derive(Clone, Copy)]
struct Band<'a> {
    walk: Walk,
    /// Rows to come.
    rows: &'a [Row],
    number: usize,
}

impl<'a> Bands<'a> {
    pub(super) fn new(rows: &'a [Row], range: Range<usize>) -> Self {
        let done = range
            .start
            .checked_sub(1)
            .map_or(0, |last| rows[last].symbols_end);
        let work = rows[range.end - 1].symbols_end - done;
        let mut starts = [range.end; BANDS + 1];
        for (band, start) in starts[..BANDS].iter_mut().enumerate() {
            let share = done + (u64::from(work) * band as u64 / BANDS as u64) as u32;
            *start = rows[range.clone()].partition_point(|row| row.symbols_end <= share);
            *start += range.start;
        }
        Self { rows, starts }
    }

    /// Writes the symbols of all bands; returns where each band's are.
    ///
    /// # Safety
    ///
    /// The machine has the level's instructions, the rows are of `elements`, and as many symbols as
    /// the last row says and [`BAND_SLACK`] more for each band can be written.
    pub(super) unsafe fn code(
        &self,
        elements: &Elements,
        symbols: *mut u16,
        width: u32,
        level: Level,
    ) -> [Range<usize>; BANDS] {
        // SAFETY: the caller's promise.
        unsafe {
            match level {
                Level::Avx512 => self.code_avx512(elements, symbols, width),
                _ => self.code_avx2(elements, symbols, width),
            }
        }
    }

    /// # Safety
    ///
    /// As for [`Self::code`].
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    unsafe fn code_avx512(
        &self,
        elements: &Elements,
        symbols: *mut u16,
        width: u32,
    ) -> [Range<usize>; BANDS] {
        // SAFETY: the caller's promise. Where no row is wider than the table of runs, no run is.
        unsafe {
            if width <= RUN_MAX {
                self.code_all::<Sixteen, false>(elements, symbols, width)
            } else {
                self.code_all::<Sixteen, true>(elements, symbols, width)
            }
        }
    }

    /// # Safety
    ///
    /// As for [`Self::code`].
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    unsafe fn code_avx2(
        &self,
        elements: &Elements,
        symbols: *mut u16,
        width: u32,
    ) -> [Range<usize>; BANDS] {
        // SAFETY: the caller's promise. Where no row is wider than the table of runs, no run is.
        unsafe {
            if width <= RUN_MAX {
                self.code_all::<Eight, false>(elements, symbols, width)
            } else {
                self.code_all::<Eight, true>(elements, symbols, width)
            }
        }
    }

    /// # Safety
    ///
    /// As for [`Self::code`].
    #[inline(always)]
    unsafe fn code_all<A: Ahead, const LONG: bool>(
        &self,
        elements: &Elements,
        symbols: *mut u16,
        width: u32,
    ) -> [Range<usize>; BANDS] {
        let mut coded = [const { 0..0 }; BANDS];
        let mut bands = [const { Band::nothing() }; BANDS];
        let mut active = 0;
        // SAFETY: a band has room for its rows' symbols and its slack; its walk is over rows of
        // `elements`.
        unsafe {
            for (number, coded) in coded.iter_mut().enumerate() {
                let (start, end) = (self.starts[number], self.starts[number + 1]);
                let before = start
                    .checked_sub(1)
                    .map_or(0, |last| self.rows[last].symbols_end);
                let room = before as usize + number * BAND_SLACK;
                let band = &mut bands[active];
                band.rows = &self.rows[start..end];
                band.number = number;
                band.walk.out = symbols.add(room);
                *coded = room..room;
                if band.next_row::<LONG>(elements) {
                    active += 1;
                } else {
                    coded.end = band.close(symbols);
                }
            }
            while active > 0 {
                let mut at = 0;
                while at < active {
                    let band = &mut bands[at];
                    if band.walk.step::<A, LONG>(width)
                        && !band.next_changed(elements)
                        && !band.next_row::<LONG>(elements)
                    {
                        coded[band.number].end = band.close(symbols);
                        active -= 1;
                        bands[at] = bands[active];
                        continue;
                    }
                    at += 1;
                }
            }
        }
        coded
    }
}

impl Band<'_> {
    /// A band that is yet to begin.
    const fn nothing() -> Self {
        Self {
            walk: Walk::nowhere(),
            rows: &[],
            number: 0,
        }
    }

    /// Begins the next row when it is coded by differences without more; whether it is.
    #[inline(always)]
    fn next_changed(&mut self, elements: &Elements) -> bool {
        if let [row, rest @ ..] = self.rows
            && let Task::Differences { current, reference } = row.task
            && row.announced == Announced::Bare
        {
            self.rows = rest;
            self.walk.current = elements.pointer(current);
            self.walk.reference = elements.pointer(reference);
            self.walk.a0 = 0;
            return true;
        }
        false
    }

    /// Puts rows that need no walk, up to one that does; whether there is one.
    ///
    /// # Safety
    ///
    /// There is room for the band's symbols, and the rows are of `elements`.
    #[inline(never)]
    unsafe fn next_row<const LONG: bool>(&mut self, elements: &Elements) -> bool {
        let mut out = self.walk.out;
        while let [row, rest @ ..] = self.rows {
            self.rows = rest;
            // SAFETY: the caller's promise.
            unsafe {
                out = put_announced(out, row.announced);
                match row.task {
                    Task::Ones(count) => out = put_ones(out, count as usize),
                    Task::Runs(current) => {
                        out = put_runs::<LONG>(out, elements.pointer(current), current.count());
                    }
                    Task::Differences { current, reference } => {
                        self.walk = Walk {
                            current: elements.pointer(current),
                            reference: elements.pointer(reference),
                            a0: 0,
                            out,
                        };
                        return true;
                    }
                }
            }
        }
        self.walk.out = out;
        false
    }

    /// Ends the band's symbols with a group of empty ones; returns where those begin, counted from
    /// where the first band's do.
    ///
    /// # Safety
    ///
    /// There is room for them, and `symbols` is where the first band's begin.
    unsafe fn close(&self, symbols: *mut u16) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            self.walk.out.write_bytes(0, GROUP);
            self.walk.out.offset_from(symbols) as usize
        }
    }
}
