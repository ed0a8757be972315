//! The next bits of coded data, first one on top.

use super::codes::{BLACK_LOOKUP, BLACK_LOOKUP_BITS, WHITE_LOOKUP, WHITE_LOOKUP_BITS};

/// A window on bytes; it never goes beyond their end.
#[derive(Clone, Copy)]
pub(super) struct Window<'a> {
    bytes: &'a [u8],
    /// The byte after those in the window.
    at: usize,
    pub(super) bits: u64,
    /// Bits of the window before `at`; further ones are those of the bytes there, or zero.
    len: u32,
}

impl<'a> Window<'a> {
    /// A window from a bit on; `None` when fewer than eight bytes follow.
    #[inline(always)]
    pub(super) fn new(bytes: &'a [u8], position: usize) -> Option<Self> {
        let at = position / 8;
        let word = u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        let skip = (position % 8) as u32;
        Some(Self {
            bytes,
            at: at + 7,
            bits: word << skip,
            len: 56 - skip,
        })
    }

    /// Fills the window to 56 bits at least; `None` where the bytes end.
    #[inline(always)]
    pub(super) fn refill(&mut self) -> Option<()> {
        let word = u64::from_be_bytes(*self.bytes.get(self.at..)?.first_chunk()?);
        self.bits |= word.wrapping_shr(self.len);
        self.at += ((63 - self.len) / 8) as usize;
        self.len |= 0x38;
        Some(())
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.bits <<= bits;
        self.len -= bits;
    }

    /// Goes over `len` bits, which are also the lowest six bits of `shift`.
    #[inline(always)]
    pub(super) fn skip_by(&mut self, shift: u32, len: u32) {
        self.bits = self.bits.wrapping_shl(shift);
        self.len -= len;
    }

    /// Takes note of bits that were gone over in `bits`.
    #[inline(always)]
    pub(super) fn shorten(&mut self, bits: u32) {
        self.len -= bits;
    }

    /// The next bits, so many.
    #[inline(always)]
    pub(super) fn top(&self, bits: u32) -> usize {
        (self.bits >> (64 - bits)) as usize
    }

    /// Zeros before the next one, as far as the window certainly reaches.
    #[inline(always)]
    pub(super) fn zeros(&self) -> u32 {
        self.bits.leading_zeros().min(self.len)
    }

    /// Ones that come next, as far as the window certainly reaches.
    #[inline(always)]
    pub(super) fn ones(&self) -> u32 {
        (!self.bits).leading_zeros().min(self.len)
    }

    /// Goes to the next whole byte.
    #[inline(always)]
    pub(super) fn align_to_byte(&mut self) {
        self.skip(self.len % 8);
    }

    /// Where the window begins, in bits.
    #[inline(always)]
    pub(super) fn position(&self) -> usize {
        self.at * 8 - self.len as usize
    }

    /// A run of one colour with one make-up code at most; `None` where it is not one, or longer
    /// than `room`. At least 25 bits of the window must be real.
    #[inline(always)]
    pub(super) fn run(&mut self, colour: usize, room: u32) -> Option<u32> {
        let mut run = self.run_code(colour)?;
        if run >= 64 {
            let rest = self.run_code(colour)?;
            if rest >= 64 {
                return None;
            }
            run += rest;
        }
        (run <= room).then_some(run)
    }

    #[inline(always)]
    pub(super) fn run_code(&mut self, colour: usize) -> Option<u32> {
        let entry = if colour == 0 {
            WHITE_LOOKUP[(self.bits >> (64 - WHITE_LOOKUP_BITS)) as usize]
        } else {
            BLACK_LOOKUP[(self.bits >> (64 - BLACK_LOOKUP_BITS)) as usize]
        };
        if entry == 0 {
            return None;
        }
        self.skip(u32::from(entry & 15));
        Some(u32::from(entry >> 4))
    }
}
