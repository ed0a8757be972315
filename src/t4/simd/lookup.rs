//! Tables that decode several codes at once, derived from the single codes' tables.

use crate::t4::codes::{
    BLACK_LOOKUP, BLACK_LOOKUP_BITS, MODE_LOOKUP, MODE_LOOKUP_BITS, Mode, WHITE_LOOKUP,
    WHITE_LOOKUP_BITS,
};

/// Bits that index [`MODES`].
pub(super) const MODES_BITS: u32 = 11;

/// Bits that index [`PAIRS`].
pub(super) const PAIRS_BITS: u32 = 13;

/// What a two-dimensional row goes on with: up to eight vertical modes, or one other mode.
///
/// `deltas | length << 24 | count << 28`, where the deltas have three bits each, 3 more than they
/// are, the first one lowest. Without a vertical mode: [`PASS_NEXT`], [`HORIZONTAL_NEXT`], or zero
/// for what is neither.
pub(super) static MODES: [u32; 1 << MODES_BITS] = modes();

/// The one vertical code that the next bits begin with, `length | (delta + 3) << 3`, or zero.
pub(super) static VERTICALS: [u8; 1 << MODE_LOOKUP_BITS] = verticals();

/// The entry of the vertical mode without a delta.
pub(super) const VERTICAL_0: u32 = 1 | 3 << 3;

/// The entry of pass mode, four bits long.
pub(super) const PASS_NEXT: u32 = 1;

/// The entry of horizontal mode, three bits long.
pub(super) const HORIZONTAL_NEXT: u32 = 2;

/// Two runs, the first one of the colour that is the index: `length | first << 4 | second << 10`;
/// zero where two terminating codes, neither of an empty run, are not what the bits hold.
pub(super) static PAIRS: [[u16; 1 << PAIRS_BITS]; 2] = [pairs(0), pairs(1)];

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

const fn modes() -> [u32; 1 << MODES_BITS] {
    let mut table = [0; 1 << MODES_BITS];
    let mut index = 0;
    while index < table.len() {
        table[index] = modes_entry(index);
        index += 1;
    }
    table
}

const fn modes_entry(index: usize) -> u32 {
    let (mut deltas, mut len, mut count) = (0, 0, 0);
    while count < 8 {
        let rest = (index << len) & ((1 << MODES_BITS) - 1);
        let (mode, mode_len) = MODE_LOOKUP[rest >> (MODES_BITS - MODE_LOOKUP_BITS)];
        match mode {
            Mode::Vertical(delta) if len + mode_len as u32 <= MODES_BITS => {
                deltas |= ((delta + 3) as u32) << (3 * count);
                len += mode_len as u32;
                count += 1;
            }
            Mode::Pass if count == 0 => return PASS_NEXT,
            Mode::Horizontal if count == 0 => return HORIZONTAL_NEXT,
            _ => break,
        }
    }
    deltas | len << 24 | count << 28
}

#[allow(clippy::large_stack_arrays, reason = "evaluated at compile time")]
const fn pairs(colour: usize) -> [u16; 1 << PAIRS_BITS] {
    let mut table = [0; 1 << PAIRS_BITS];
    let mut index = 0;
    while index < table.len() {
        let (first, first_len) = run(colour, index, 0);
        if first > 0 && first < 64 && first_len < PAIRS_BITS {
            let (second, len) = run(1 - colour, index, first_len);
            if second > 0 && second < 64 && len <= PAIRS_BITS {
                table[index] = len as u16 | first << 4 | second << 10;
            }
        }
        index += 1;
    }
    table
}

/// The run whose code begins after `len` bits of the index, and the bits passed after it.
const fn run(colour: usize, index: usize, len: u32) -> (u16, u32) {
    let rest = (index << len) & ((1 << PAIRS_BITS) - 1);
    let entry = if colour == 0 {
        WHITE_LOOKUP[rest >> (PAIRS_BITS - WHITE_LOOKUP_BITS)]
    } else {
        BLACK_LOOKUP[rest >> (PAIRS_BITS - BLACK_LOOKUP_BITS)]
    };
    (entry >> 4, len + (entry & 15) as u32)
}
