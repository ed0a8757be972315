//! Symbols to bits.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_loadu_si128, _mm_packus_epi16, _mm_set1_epi16,
    _mm_srli_epi16, _mm_storeu_si128, _mm256_storeu_si256, _mm512_cvtepi16_epi8,
    _mm512_loadu_si512, _mm512_srli_epi16, _pext_u64,
};

use super::symbols::put_announced;
use crate::t4::BitOrder;
use crate::t4::path::Level;
use crate::t4::schedule::Announced;

/// Symbols that are joined in one go.
pub(super) const GROUP: usize = 32;

/// The coded page: bits after bits, the first one lowest in each byte.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    /// Whole words.
    bytes: Vec<u8>,
    /// Bits after those, fewer than 64.
    pending: u64,
    pending_len: u32,
}

/// Where words go while symbols are joined.
struct Words {
    out: *mut u8,
    pending: u64,
    pending_len: u32,
}

impl Stream {
    /// Appends the low `len` bits (at most 63) of `bits`, whose other bits are zero.
    pub(super) fn put(&mut self, bits: u64, len: u32) {
        self.with_room(16, |words| {
            // SAFETY: there is room for two words.
            unsafe { words.put(bits, len) };
        });
    }

    /// Appends zeros until the number of bits is `phase` modulo 8.
    pub(super) fn pad_to(&mut self, phase: u32) {
        self.put(0, phase.wrapping_sub(self.pending_len) % 8);
    }

    /// Appends an end-of-line code and its tag.
    pub(super) fn announce(&mut self, announced: Announced) {
        let mut symbols = [0; GROUP];
        // SAFETY: there is room for more than such a code, and a byte a symbol.
        unsafe {
            put_announced(symbols.as_mut_ptr(), announced);
            self.pack(symbols.as_ptr(), GROUP, Level::Avx2);
        }
    }

    /// Appends symbols.
    ///
    /// # Safety
    ///
    /// The machine has the level's instructions; `count` symbols can be read, and up to a multiple
    /// of [`GROUP`] empty ones after them.
    pub(super) unsafe fn pack(&mut self, symbols: *const u16, count: usize, level: Level) {
        let groups = count.div_ceil(GROUP);
        self.with_room(groups * GROUP + 16, |words| {
            // SAFETY: the caller's promise, and there is room for a byte a symbol.
            unsafe {
                match level {
                    Level::Avx512 => pack_avx512(words, symbols, groups),
                    _ => pack_avx2(words, symbols, groups),
                }
            }
        });
    }

    /// The bytes, the last one padded with zeros.
    pub(super) fn finish(mut self, order: BitOrder) -> Vec<u8> {
        self.pad_to(0);
        let rest = self.pending.to_le_bytes();
        self.bytes
            .extend_from_slice(&rest[..self.pending_len as usize / 8]);
        if order == BitOrder::MsbFirst {
            for byte in &mut self.bytes {
                *byte = byte.reverse_bits();
            }
        }
        self.bytes
    }

    /// Lets `write` append words, for which there are so many bytes of room.
    #[inline]
    fn with_room(&mut self, room: usize, write: impl FnOnce(&mut Words)) {
        self.bytes.reserve(room);
        let start = self.bytes.as_mut_ptr();
        let mut words = Words {
            out: start.wrapping_add(self.bytes.len()),
            pending: self.pending,
            pending_len: self.pending_len,
        };
        write(&mut words);
        // SAFETY: the bytes from the old end to the new one are written words.
        unsafe { self.bytes.set_len(words.out as usize - start as usize) };
        self.pending = words.pending;
        self.pending_len = words.pending_len;
    }
}

impl Words {
    /// Appends the low `len` bits (at most 64) of `bits`, whose other bits are zero.
    ///
    /// # Safety
    ///
    /// Eight bytes can be written.
    #[inline(always)]
    unsafe fn put(&mut self, bits: u64, len: u32) {
        let word = self.pending | bits << self.pending_len;
        let beyond = bits >> 1 >> (63 - self.pending_len);
        let end = self.pending_len + len;
        // SAFETY: the caller's promise.
        unsafe {
            self.out.cast::<u64>().write_unaligned(word.to_le());
            self.out = self.out.add((end / 64 * 8) as usize);
        }
        self.pending = std::hint::select_unpredictable(end >= 64, beyond, word);
        self.pending_len = end % 64;
    }

    /// Appends what the masks let through of each eight symbols.
    ///
    /// # Safety
    ///
    /// The machine has BMI2; a byte a symbol and eight more can be written.
    #[inline(always)]
    unsafe fn put_symbols<const N: usize>(&mut self, bits: [u64; N], masks: [u64; N]) {
        for (bits, mask) in bits.into_iter().zip(masks) {
            // SAFETY: the caller's promise.
            unsafe { self.put(_pext_u64(bits, mask), mask.count_ones()) };
        }
    }
}

/// # Safety
///
/// The machine has these features; so many groups can be read, and a byte a symbol and eight more
/// be written.
#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,popcnt")]
unsafe fn pack_avx512(words: &mut Words, symbols: *const u16, groups: usize) {
    for group in 0..groups {
        let (mut bits, mut masks) = ([0u64; 4], [0u64; 4]);
        // SAFETY: the caller's promise; the arrays have 32 bytes.
        unsafe {
            let group = _mm512_loadu_si512(symbols.add(GROUP * group).cast());
            _mm256_storeu_si256(
                masks.as_mut_ptr().cast::<__m256i>(),
                _mm512_cvtepi16_epi8(group),
            );
            _mm256_storeu_si256(
                bits.as_mut_ptr().cast::<__m256i>(),
                _mm512_cvtepi16_epi8(_mm512_srli_epi16(group, 8)),
            );
            words.put_symbols(bits, masks);
        }
    }
}

/// # Safety
///
/// As for [`pack_avx512`].
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
unsafe fn pack_avx2(words: &mut Words, symbols: *const u16, groups: usize) {
    for half in 0..2 * groups {
        let (mut bits, mut masks) = ([0u64; 2], [0u64; 2]);
        // SAFETY: the caller's promise; the arrays have 16 bytes.
        unsafe {
            let start = symbols.add(GROUP / 2 * half).cast::<__m128i>();
            let (first, second) = (_mm_loadu_si128(start), _mm_loadu_si128(start.add(1)));
            let low = _mm_set1_epi16(255);
            let mask = _mm_packus_epi16(_mm_and_si128(first, low), _mm_and_si128(second, low));
            _mm_storeu_si128(masks.as_mut_ptr().cast(), mask);
            let bit = _mm_packus_epi16(_mm_srli_epi16(first, 8), _mm_srli_epi16(second, 8));
            _mm_storeu_si128(bits.as_mut_ptr().cast(), bit);
            words.put_symbols(bits, masks);
        }
    }
}
