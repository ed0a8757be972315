//! One row of codes to changing elements.

use super::bits::BitReader;
use super::codes::{
    BLACK_LOOKUP, BLACK_LOOKUP_BITS, MODE_LOOKUP, MODE_LOOKUP_BITS, Mode, WHITE_LOOKUP,
    WHITE_LOOKUP_BITS,
};
use super::runs::{Transitions, first_of_other_colour, first_right_of};

/// Why a row could not be decoded; the reader is left before the code that broke it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowFault {
    /// No code begins with these bits.
    Code,
    /// A code reaches beyond the width, or left of what is already decoded.
    Geometry,
    /// An extension code with these three bits.
    Extension(u8),
    /// The data ended.
    Truncated,
}

/// Whether a row decoded two-dimensionally is the row above once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Same,
    Different,
}

/// Decodes a row that stands by itself: T.4 §4.1.1.
pub(super) fn decode_1d(
    bits: &mut BitReader<'_>,
    width: u32,
    row: &mut Transitions,
) -> Result<(), RowFault> {
    row.open();
    let mut at = 0;
    loop {
        if row.pushed() > changes_max(width) {
            return Err(RowFault::Geometry);
        }
        at += white_run(bits, width - at)?;
        if at == width {
            break;
        }
        row.push(at);
        at += black_run(bits, width - at)?;
        if at == width {
            break;
        }
        row.push(at);
    }
    row.close();
    ended_in_time(bits)
}

/// Bits that may be taken of a window of 57 so that the longest extension code is still in it.
const WINDOW_TAKEN_MAX: u32 = 47;

/// Decodes a row by its differences from `reference`: T.4 §4.2 and T.6 §2.2.
pub(super) fn decode_2d(
    bits: &mut BitReader<'_>,
    width: u32,
    reference: &Transitions,
    row: &mut Transitions,
) -> Result<Likeness, RowFault> {
    let above = reference.as_slice();
    row.open();
    let (mut a0, mut b1_at, mut a0_is_black) = (0, 0, false);
    let mut likeness = Likeness::Same;
    // The next bits, of which so many are taken already, though not from the reader.
    let (mut window, mut taken) = (bits.peek(), 0);
    while a0 < width {
        if taken > WINDOW_TAKEN_MAX {
            bits.skip(taken);
            (window, taken) = (bits.peek(), 0);
        }
        if row.pushed() > changes_max(width) {
            bits.skip(taken);
            return Err(RowFault::Geometry);
        }
        let (mode, len) = MODE_LOOKUP[(window >> (64 - MODE_LOOKUP_BITS)) as usize];
        match mode {
            Mode::Vertical(delta) => {
                let a1 = above[b1_at].wrapping_add_signed(i32::from(delta));
                if a1 < a0 || a1 > width {
                    bits.skip(taken);
                    return Err(RowFault::Geometry);
                }
                window <<= len;
                taken += u32::from(len);
                a0 = a1;
                if a0 < width {
                    row.push(a0);
                    b1_at = first_of_other_colour(above, a0, width, b1_at);
                }
                a0_is_black = !a0_is_black;
                if delta != 0 {
                    likeness = Likeness::Different;
                }
            }
            Mode::Pass => {
                window <<= len;
                taken += u32::from(len);
                a0 = above[b1_at + 1];
                b1_at += 2;
                if row.pushed() > 0 {
                    b1_at = first_right_of(above, a0, width, b1_at);
                }
                likeness = Likeness::Different;
            }
            Mode::Horizontal => {
                bits.skip(taken + u32::from(len));
                for _ in 0..2 {
                    let run = if a0_is_black { black_run } else { white_run };
                    a0 += run(bits, width - a0)?;
                    if a0 < width {
                        row.push(a0);
                    }
                    a0_is_black = !a0_is_black;
                }
                (window, taken) = (bits.peek(), 0);
                b1_at = first_right_of(above, a0, width, b1_at);
                likeness = Likeness::Different;
            }
            Mode::Extension => {
                bits.skip(taken);
                let extension = (window >> (64 - MODE_LOOKUP_BITS - 3)) as u8 & 7;
                return Err(truncated_or(bits, 10, RowFault::Extension(extension)));
            }
            Mode::None => {
                bits.skip(taken);
                return Err(truncated_or(bits, 7, RowFault::Code));
            }
        }
    }
    bits.skip(taken);
    if row.pushed() != reference.count() {
        likeness = Likeness::Different;
    }
    row.close();
    ended_in_time(bits).map(|()| likeness)
}

/// Most changes of colour taken in one row: honest rows have one a pixel, and a few runs of none.
fn changes_max(width: u32) -> usize {
    2 * width as usize + 8
}

fn white_run(bits: &mut BitReader<'_>, room: u32) -> Result<u32, RowFault> {
    run(bits, &WHITE_LOOKUP, WHITE_LOOKUP_BITS, room)
}

fn black_run(bits: &mut BitReader<'_>, room: u32) -> Result<u32, RowFault> {
    run(bits, &BLACK_LOOKUP, BLACK_LOOKUP_BITS, room)
}

/// Make-up codes and the terminating code of one run of at most `room` pixels.
#[inline]
fn run(
    bits: &mut BitReader<'_>,
    lookup: &[u16],
    index_bits: u32,
    room: u32,
) -> Result<u32, RowFault> {
    let mut total = 0;
    loop {
        let entry = lookup[(bits.peek() >> (64 - index_bits)) as usize];
        if entry == 0 {
            return Err(truncated_or(bits, index_bits, RowFault::Code));
        }
        let length = u32::from(entry >> 4);
        total += length;
        if total > room {
            return Err(RowFault::Geometry);
        }
        bits.skip(u32::from(entry & 15));
        if length < 64 {
            return Ok(total);
        }
    }
}

/// A code that is not one may only be the end of the data seen through zeros.
fn truncated_or(bits: &BitReader<'_>, code_bits: u32, fault: RowFault) -> RowFault {
    if bits.remaining() < code_bits as usize {
        RowFault::Truncated
    } else {
        fault
    }
}

fn ended_in_time(bits: &BitReader<'_>) -> Result<(), RowFault> {
    if bits.is_past_end() {
        Err(RowFault::Truncated)
    } else {
        Ok(())
    }
}
