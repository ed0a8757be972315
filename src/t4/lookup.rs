//! Tables that decode several codes at once, derived from the single codes' tables.

use super::codes::{
    BLACK_LOOKUP, BLACK_LOOKUP_BITS, MODE_LOOKUP, MODE_LOOKUP_BITS, Mode, WHITE_LOOKUP,
    WHITE_LOOKUP_BITS,
};

/// Bits that index [`MODES`].
pub(super) const MODES_BITS: u32 = 11;

/// Bits that index [`PAIRS`].
pub(super) const PAIRS_BITS: u32 = 13;

/// What a two-dimensional row goes on with: up to seven vertical codes, with pass codes before any
/// of them and after the last.
///
/// From the lowest bit: length 6 (so that a shift by the entry is one by the length), number of
/// vertical codes 3, elements of the row above that are gone over 4, whether another code follows 1, whether there is any code 1, and `delta + 3` of the last code 3, 3 if that is a pass
/// code; from bit 22 on the vertical codes.
#[derive(Clone, Copy)]
pub(super) struct Modes(u64);

impl Modes {
    /// An entry without codes.
    pub(super) const NONE: Self = Self(0);

    /// Six bits for each vertical code, the first one lowest: three for its b1, counted from the
    /// first code's in elements of the row above, then its delta with a sign.
    #[inline(always)]
    pub(super) const fn codes(self) -> u64 {
        self.0 >> CODES_AT
    }

    /// Bits of all codes.
    #[inline(always)]
    pub(super) const fn len(self) -> u32 {
        self.0 as u32 & 15
    }

    /// A number whose lowest six bits are the length.
    #[inline(always)]
    pub(super) const fn shift(self) -> u32 {
        self.0 as u32
    }

    /// Number of vertical codes.
    #[inline(always)]
    pub(super) const fn count(self) -> usize {
        (self.0 >> 6 & 7) as usize
    }

    /// Elements of the row above that all codes go over.
    #[inline(always)]
    pub(super) const fn above(self) -> usize {
        (self.0 >> 9 & 15) as usize
    }

    /// Whether a code follows that is neither vertical nor a pass code, or none at all.
    #[inline(always)]
    pub(super) const fn other_next(self) -> bool {
        self.0 & 1 << 13 != 0
    }

    /// Whether there is a vertical or a pass code.
    #[inline(always)]
    pub(super) const fn is_any(self) -> bool {
        self.0 & 1 << 14 != 0
    }

    /// How far right of the last element gone over the last code leads, plus 3.
    #[inline(always)]
    pub(super) const fn last_delta(self) -> i32 {
        (self.0 >> 15 & 7) as i32
    }
}

const CODES_AT: u32 = 22;

/// Most vertical codes in an entry.
const CODES_MAX: u64 = 7;

/// Most elements of the row above that the codes of one entry may lie apart.
const ABOVE_MAX: u64 = 8;

/// The entries by the next bits.
pub(super) static MODES: [Modes; 1 << MODES_BITS] = modes();

/// Where the vertical codes of an entry end: the bit after the first code's last one is set, and
/// so on, counted from the lowest bit.
pub(super) static ENDS: [u16; 1 << MODES_BITS] = ends();

/// The one vertical code that the next bits begin with, `length | (delta + 3) << 3`, or zero.
pub(super) static VERTICALS: [u8; 1 << MODE_LOOKUP_BITS] = verticals();

/// Bits that index [`VERTICAL_PAIRS`].
pub(super) const VERTICAL_PAIRS_BITS: u32 = 12;

/// The two vertical codes that the next bits begin with, `length | (delta + 3) << 6 | (delta + 3) <<
/// 9`, or zero.
pub(super) static VERTICAL_PAIRS: [u16; 1 << VERTICAL_PAIRS_BITS] = vertical_pairs();

/// Two runs, the first one of the colour that is the index: `length | first << 4 | second << 10`;
/// zero where two terminating codes, neither of an empty run, are not what the bits hold.
pub(super) static PAIRS: [[u16; 1 << PAIRS_BITS]; 2] = [pairs(0), pairs(1)];

/// Bits that index one of the two tables of [`RUN_STEPS`].
pub(super) const RUN_STEPS_BITS: u32 = 12;

/// What a row that stands by itself goes on with: the tables for white and then for black.
pub(super) static RUN_STEPS: [RunStep; 2 << RUN_STEPS_BITS] = run_steps();

/// Some codes of runs: a make-up code, or a run with or without one, and after it mostly one of the
/// other colour.
///
/// From the lowest bit: length 6 and number of runs that end 4, each with room for the sum of four
/// steps, colour of the next run 1 (black is 1), pixels of the second run 6 and of the first one 15.
#[derive(Clone, Copy)]
pub(super) struct RunStep(u32);

impl RunStep {
    /// Bits that no step begins with, or a run of no pixels: longer than any row.
    const NONE: Self = Self(0x7FFF << 17);

    /// What comes before a run of this colour.
    #[inline(always)]
    pub(super) const fn before(colour: usize) -> Self {
        Self((colour as u32) << 10)
    }

    /// A number whose lowest six bits are the length; the sum of four steps' numbers is that of all
    /// of them.
    #[inline(always)]
    pub(super) const fn sum(self) -> u32 {
        self.0
    }

    /// Bits of the steps of a sum.
    #[inline(always)]
    pub(super) const fn len(sum: u32) -> u32 {
        sum & 63
    }

    /// Number of runs that end in the steps of a sum.
    #[inline(always)]
    pub(super) const fn count(sum: u32) -> usize {
        (sum >> 6 & 15) as usize
    }

    /// Where the table of the next step begins.
    #[inline(always)]
    pub(super) const fn next_table(self) -> usize {
        ((self.0 & 1 << 10) << (RUN_STEPS_BITS - 10)) as usize
    }

    /// 0 when the next run is white, 1 when it is black.
    #[inline(always)]
    pub(super) const fn next_colour(self) -> usize {
        (self.0 >> 10 & 1) as usize
    }

    /// Pixels of the first run.
    #[inline(always)]
    pub(super) const fn first(self) -> u32 {
        self.0 >> 17
    }

    /// Pixels of the second run, or 0.
    #[inline(always)]
    pub(super) const fn second(self) -> u32 {
        self.0 >> 11 & 63
    }
}

#[allow(clippy::large_stack_arrays, reason = "evaluated at compile time")]
const fn run_steps() -> [RunStep; 2 << RUN_STEPS_BITS] {
    let mut table = [RunStep::NONE; 2 << RUN_STEPS_BITS];
    let mut index = 0;
    while index < table.len() {
        let colour = index >> RUN_STEPS_BITS;
        table[index] = run_step(colour, index % (1 << RUN_STEPS_BITS));
        index += 1;
    }
    table
}

const fn run_step(colour: usize, index: usize) -> RunStep {
    let (mut first, mut len) = run(colour, index, 0, RUN_STEPS_BITS);
    if first == 0 || len > RUN_STEPS_BITS {
        return RunStep::NONE;
    }
    if first >= 64 {
        let (rest, whole) = run(colour, index, len, RUN_STEPS_BITS);
        if rest >= 64 || whole == len || whole > RUN_STEPS_BITS {
            return RunStep(len | (colour as u32) << 10 | (first as u32) << 17);
        }
        first += rest;
        len = whole;
    }
    let (mut second, whole) = run(1 - colour, index, len, RUN_STEPS_BITS);
    let mut count = 2;
    if second == 0 || second >= 64 || whole > RUN_STEPS_BITS {
        second = 0;
        count = 1;
    } else {
        len = whole;
    }
    let next = (colour as u32 + count) % 2;
    RunStep(len | count << 6 | next << 10 | (second as u32) << 11 | (first as u32) << 17)
}

const fn verticals() -> [u8; 1 << MODE_LOOKUP_BITS] {
    let mut table = [0; 1 << MODE_LOOKUP_BITS];
    let mut index = 0;
    while index < table.len() {
        if let (Mode::Vertical(delta), len) = MODE_LOOKUP[index] {
            table[index] = len | ((delta + 3) as u8) << 3;
        }
        index += 1;
    }
    table
}

const fn vertical_pairs() -> [u16; 1 << VERTICAL_PAIRS_BITS] {
    let codes = verticals();
    let mut table = [0; 1 << VERTICAL_PAIRS_BITS];
    let mut index = 0;
    while index < table.len() {
        let first = codes[index >> (VERTICAL_PAIRS_BITS - MODE_LOOKUP_BITS)] as u16;
        let rest = index << (first & 7) & ((1 << VERTICAL_PAIRS_BITS) - 1);
        let second = codes[rest >> (VERTICAL_PAIRS_BITS - MODE_LOOKUP_BITS)] as u16;
        let len = (first & 7) + (second & 7);
        if first != 0 && second != 0 && len <= VERTICAL_PAIRS_BITS as u16 {
            table[index] = len | (first >> 3) << 6 | (second >> 3) << 9;
        }
        index += 1;
    }
    table
}

#[allow(clippy::large_stack_arrays, reason = "evaluated at compile time")]
const fn modes() -> [Modes; 1 << MODES_BITS] {
    let mut table = [Modes(0); 1 << MODES_BITS];
    let mut index = 0;
    while index < table.len() {
        table[index] = modes_entry(index).0;
        index += 1;
    }
    table
}

const fn ends() -> [u16; 1 << MODES_BITS] {
    let mut table = [0; 1 << MODES_BITS];
    let mut index = 0;
    while index < table.len() {
        table[index] = modes_entry(index).1;
        index += 1;
    }
    table
}

/// The entry of an index, and where its vertical codes end.
const fn modes_entry(index: usize) -> (Modes, u16) {
    let (mut codes, mut ends, mut len, mut count, mut above) = (0, 0, 0, 0, 0);
    let (mut last, mut other_next) = (0, false);
    while count < CODES_MAX {
        let rest = (index << len) & ((1 << MODES_BITS) - 1);
        let (mode, mode_len) = MODE_LOOKUP[rest >> (MODES_BITS - MODE_LOOKUP_BITS)];
        if len + mode_len as u32 > MODES_BITS {
            break;
        }
        len += mode_len as u32;
        match mode {
            Mode::Vertical(delta) if above < ABOVE_MAX => {
                last = (delta + 3) as u64;
                codes |= ((delta as u64 & 7) << 3 | above) << (6 * count);
                above += 1;
                count += 1;
                ends |= 1 << len;
            }
            Mode::Pass if above + 2 <= ABOVE_MAX => {
                last = 3;
                above += 2;
            }
            _ => {
                other_next = above == 0 || matches!(mode, Mode::Horizontal);
                len -= mode_len as u32;
                break;
            }
        }
    }
    let entry = len as u64
        | count << 6
        | above << 9
        | (other_next as u64) << 13
        | ((above > 0) as u64) << 14
        | last << 15
        | codes << CODES_AT;
    (Modes(entry), ends)
}

#[allow(clippy::large_stack_arrays, reason = "evaluated at compile time")]
const fn pairs(colour: usize) -> [u16; 1 << PAIRS_BITS] {
    let mut table = [0; 1 << PAIRS_BITS];
    let mut index = 0;
    while index < table.len() {
        let (first, first_len) = run(colour, index, 0, PAIRS_BITS);
        if first > 0 && first < 64 && first_len < PAIRS_BITS {
            let (second, len) = run(1 - colour, index, first_len, PAIRS_BITS);
            if second > 0 && second < 64 && len <= PAIRS_BITS {
                table[index] = len as u16 | first << 4 | second << 10;
            }
        }
        index += 1;
    }
    table
}

/// The run whose code begins after `len` of the index's bits, and the bits passed after it: no more
/// where no code begins so.
const fn run(colour: usize, index: usize, len: u32, index_bits: u32) -> (u16, u32) {
    let rest = (index << len) & ((1 << index_bits) - 1);
    // Bits beyond the index are taken as zeros.
    let rest = rest << 13 >> index_bits;
    let entry = if colour == 0 {
        WHITE_LOOKUP[rest >> (13 - WHITE_LOOKUP_BITS)]
    } else {
        BLACK_LOOKUP[rest >> (13 - BLACK_LOOKUP_BITS)]
    };
    (entry >> 4, len + (entry & 15) as u32)
}
