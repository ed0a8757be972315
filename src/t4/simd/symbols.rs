//! Codes as symbols: up to eight bits of the line each, that [`Stream`](super::pack::Stream) joins.
//!
//! A symbol is 16 bits wide: below, ones for as many bits as it has; above, the bits, the first one
//! on the line lowest. A row's codes are first written as symbols, for which no code needs to know
//! where in a byte the one before it ended.

use crate::t4::codes::{Code, EOL, HORIZONTAL, MAKE_UP_2560, PASS, RUN_MAX, RUNS, VERTICAL};
use crate::t4::schedule::Announced;

/// Symbols that may be written beyond those of a row: a vector of them.
pub(super) const SPILL: usize = 32;

/// Most symbols of a run without those of [`MAKE_UP_2560`]: 25 bits.
pub(super) const RUN_SYMBOLS_MAX: usize = 4;

/// Most symbols of what announces a row: an end-of-line code and its tag.
pub(super) const ANNOUNCED_SYMBOLS_MAX: usize = 3;

/// The pass mode (T.4 §4.2.1.3.1).
pub(super) const PASS_SYMBOL: u16 = symbol(PASS);

/// The horizontal mode without its runs (T.4 §4.2.1.3.3).
pub(super) const HORIZONTAL_SYMBOL: u16 = symbol(HORIZONTAL);

/// The vertical modes by `delta + 3` (T.4 §4.2.1.3.2).
pub(super) static MODES: [u16; 16] = {
    let mut table = [0; 16];
    let mut i = 0;
    while i < 7 {
        table[i] = symbol(VERTICAL[i]);
        i += 1;
    }
    table[7] = HORIZONTAL_SYMBOL;
    table
};

/// The symbols of a run, at [`run_at`] its colour and length.
///
/// The lowest comes first. How many there are stands in the top three bits, which belong to a
/// fourth symbol of one bit at most, under whose mask they do not fall: an entry can be followed by
/// other symbols after as many, or after four.
pub(super) static RUN_SYMBOLS: [u64; 2 * RUNS_STRIDE] = {
    let mut table = [0; 2 * RUNS_STRIDE];
    let mut run = 0;
    while run <= RUN_MAX as usize {
        table[run] = run_symbols(RUNS[0][run]);
        table[RUNS_STRIDE + run] = run_symbols(RUNS[1][run]);
        run += 1;
    }
    table
};

/// Entries from one colour's to the other's in [`RUN_SYMBOLS`].
const RUNS_STRIDE: usize = (RUN_MAX as usize + 1).next_power_of_two();

/// Where a run stands in [`RUN_SYMBOLS`]; of the colour only the lowest bit counts.
#[inline(always)]
pub(super) const fn run_at(colour: usize, run: u32) -> usize {
    colour * RUNS_STRIDE % (2 * RUNS_STRIDE) + run as usize
}

/// How many symbols an entry of [`RUN_SYMBOLS`] has.
#[inline(always)]
pub(super) fn count_of(entry: u64) -> usize {
    (entry >> 61) as usize
}

/// Writes the symbols of a run; returns where the next ones go.
///
/// # Safety
///
/// The colour is 0 or 1 and the run at most [`RUN_MAX`]; four symbols can be written.
#[inline(always)]
pub(super) unsafe fn put_run(out: *mut u16, colour: usize, run: u32) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe {
        let entry = *RUN_SYMBOLS.get_unchecked(run_at(colour, run));
        out.cast::<u64>().write_unaligned(entry);
        out.add(count_of(entry))
    }
}

/// As [`put_run`], for a run of any length.
///
/// # Safety
///
/// The colour is 0 or 1; four symbols, and two for each 2560 pixels, can be written.
#[cold]
pub(super) unsafe fn put_long_run(mut out: *mut u16, colour: usize, mut run: u32) -> *mut u16 {
    let [first, second] = halves(MAKE_UP_2560);
    // SAFETY: the caller's promise.
    unsafe {
        while run > RUN_MAX {
            out.write(first);
            out.add(1).write(second);
            out = out.add(2);
            run -= 2560;
        }
        put_run(out, colour, run)
    }
}

/// Writes ones; returns where the next symbols go.
///
/// # Safety
///
/// A symbol for each eight ones and [`SPILL`] can be written.
#[inline(always)]
pub(super) unsafe fn put_ones(mut out: *mut u16, mut count: usize) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe {
        while count > 8 {
            out.cast::<[u16; 8]>().write_unaligned([0xFFFF; 8]);
            let symbols = (count / 8).min(8);
            out = out.add(symbols);
            count -= 8 * symbols;
        }
        let ones = (1u16 << count) - 1;
        out.write(ones << 8 | ones);
        out.add(usize::from(count > 0))
    }
}

/// Writes the end-of-line code and tag before a row; returns where the next symbols go.
///
/// # Safety
///
/// [`ANNOUNCED_SYMBOLS_MAX`] symbols can be written.
pub(super) unsafe fn put_announced(out: *mut u16, announced: Announced) -> *mut u16 {
    let [first, second] = halves(EOL);
    // SAFETY: the caller's promise.
    unsafe {
        let tag = match announced {
            Announced::Bare => return out,
            Announced::Mh => None,
            Announced::Mr { is_1d } => Some(u16::from(is_1d)),
        };
        out.write(first);
        out.add(1).write(second);
        let Some(tag) = tag else {
            return out.add(2);
        };
        out.add(2).write(tag << 8 | 1);
        out.add(3)
    }
}

/// A code of at most eight bits.
const fn symbol(code: Code) -> u16 {
    let [first, second] = halves(code);
    assert!(second == 0, "eight bits at most");
    first
}

/// A code of at most sixteen bits.
const fn halves(code: Code) -> [u16; 2] {
    let symbols = run_symbols((code.bits as u32) << 5 | code.len as u32);
    [symbols as u16, (symbols >> 16) as u16]
}

/// The symbols of `bits << 5 | length`, where the first bit is the highest, and their number.
const fn run_symbols(entry: u32) -> u64 {
    let len = entry & 31;
    let bits = (entry >> 5).reverse_bits() >> (32 - len);
    let mask = (1u32 << len) - 1;
    let mut symbols = (len.div_ceil(8) as u64) << 61;
    let mut at = 0;
    while at < RUN_SYMBOLS_MAX as u32 {
        let (bits, mask) = (bits >> (8 * at) & 255, mask >> (8 * at) & 255);
        symbols |= ((bits << 8 | mask) as u64) << (16 * at);
        at += 1;
    }
    symbols
}
