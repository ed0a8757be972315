//! Rows that are coded by themselves: T.4 §4.1.1.

use super::symbols::{put_long_run, put_run};
use crate::t4::codes::RUN_MAX;

/// Writes the symbols of a row's runs; returns where the next ones go.
///
/// # Safety
///
/// `row` points to `count` elements and their tail; four symbols for each run, and two for each 2560
/// pixels, can be written.
#[inline(always)]
pub(super) unsafe fn put_runs<const LONG: bool>(
    mut out: *mut u16,
    row: *const u16,
    count: usize,
) -> *mut u16 {
    let mut start = 0;
    // SAFETY: the caller's promise. Where rows are no wider than the table of runs, no run is.
    unsafe {
        let mut put = |colour: usize, end: u32| {
            let run = end - start;
            start = end;
            out = if LONG && run > RUN_MAX {
                put_long_run(out, colour, run)
            } else {
                put_run(out, colour, run)
            };
        };
        // An even number of elements ends in a white run up to the width, and an odd one too in a
        // black one: the pairs below are whole.
        let mut at = 0;
        while at < count {
            put(0, u32::from(*row.add(at)));
            put(1, u32::from(*row.add(at + 1)));
            at += 2;
        }
        if count.is_multiple_of(2) {
            put(0, u32::from(*row.add(count)));
        }
    }
    out
}
