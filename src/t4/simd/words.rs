//! The changing elements of many rows at once: first the words that hold any are collected, then
//! the numbers of the changed pixels are compressed, without a branch on where a row ends.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_loadu_si256, _mm256_maskz_compress_epi8, _mm256_storeu_si256,
    _mm512_add_epi16, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512,
    _mm512_castsi512_si256, _mm512_cvtepu8_epi16, _mm512_extracti64x4_epi64,
    _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512, _mm512_maskz_compress_epi8,
    _mm512_maskz_compress_epi64, _mm512_maskz_loadu_epi8, _mm512_min_epu16, _mm512_popcnt_epi64,
    _mm512_reduce_add_epi64, _mm512_set1_epi16, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_shldi_epi64, _mm512_storeu_si512, _mm512_test_epi64_mask, _mm512_xor_si512,
};

use super::MIRROR;

/// Places between the elements of two rows, when those of the first are an even number: the first
/// one's tail and the second one's head. One less when they are odd, so that each row begins at an
/// even place.
const GAP: usize = 32;

/// Zeros at the end of a gap.
pub(super) const HEAD: usize = 4;

/// Words of a row, at most.
const WORDS: usize = 32;

/// The widest row taken.
pub(super) const WIDTH_MAX: u32 = 64 * WORDS as u32;

/// Kinds of words: one for each place in a row, and the gaps after rows of even and odd numbers of
/// elements.
const KINDS: usize = WORDS + 2;

/// Places that may be written beyond those of a word.
pub(super) const SPILL: usize = 64;

/// The words of rows that hold elements, and a gap after each row.
#[derive(Clone, Debug)]
pub(super) struct Words {
    bits: Vec<u64>,
    kinds: Vec<u8>,
    /// The bits of a row's words that lie within the width.
    within: [u64; WORDS],
    /// What is added to the number of a bit, by the kind of its word.
    bases: [u16; KINDS],
    /// Upper bounds on the places of a word: the width, which makes a tail of a gap's numbers, and
    /// zeros, which make a head.
    bounds: Box<[[u16; GAP]; KINDS]>,
}

impl Words {
    /// # Panics
    ///
    /// If rows are wider than [`WIDTH_MAX`].
    pub(super) fn new(width: u32) -> Self {
        assert!(width <= WIDTH_MAX, "a row of a few words");
        let mut bounds = Box::new([[width as u16; GAP]; KINDS]);
        bounds[WORDS][GAP - HEAD..].fill(0);
        bounds[WORDS + 1][GAP - HEAD - 1..].fill(0);
        Self {
            bits: Vec::new(),
            kinds: Vec::new(),
            within: std::array::from_fn(|word| match width.saturating_sub(64 * word as u32) {
                pixels @ 0..64 => (1 << pixels) - 1,
                _ => u64::MAX,
            }),
            bases: std::array::from_fn(|kind| {
                if kind < WORDS {
                    64 * kind as u16
                } else {
                    width as u16
                }
            }),
            bounds,
        }
    }

    /// Adds a packed row; returns how many elements it has, and how many places up to the next row's.
    ///
    /// # Safety
    ///
    /// The machine has these features.
    #[inline]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) unsafe fn add(&mut self, row: &[u8]) -> (usize, usize) {
        let room = WORDS + 1 + 8;
        self.bits.reserve(room);
        self.kinds.reserve(room);
        let mut end = self.bits.len();
        let mirror = _mm512_set1_epi64(MIRROR);
        let mut carry = _mm512_setzero_si512();
        let mut counts = _mm512_setzero_si512();
        let mut filled = 0u32;
        // SAFETY: no more is loaded than there is of the row; there is room for all its words, for a
        // vector where the last ones go, and for a gap. All up to the new lengths is written.
        unsafe {
            for part in 0..WORDS / 8 {
                let rest = row.len().saturating_sub(64 * part).min(64);
                if rest == 0 {
                    break;
                }
                let mask = u64::MAX >> (64 - rest);
                let bytes = _mm512_maskz_loadu_epi8(mask, row.as_ptr().add(64 * part).cast());
                let bytes = _mm512_gf2p8affine_epi64_epi8(bytes, mirror, 0);
                let before = _mm512_alignr_epi64(bytes, carry, 7);
                carry = bytes;
                let changes = _mm512_xor_si512(bytes, _mm512_shldi_epi64(bytes, before, 1));
                let within = _mm512_loadu_si512(self.within.as_ptr().add(8 * part).cast());
                let changes = _mm512_and_si512(changes, within);
                let holds = _mm512_test_epi64_mask(changes, changes);
                let words = _mm512_maskz_compress_epi64(holds, changes);
                _mm512_storeu_si512(self.bits.as_mut_ptr().add(end).cast(), words);
                end += holds.count_ones() as usize;
                counts = _mm512_add_epi64(counts, _mm512_popcnt_epi64(changes));
                filled |= u32::from(holds) << (8 * part);
            }
            let numbers = _mm256_loadu_si256(NUMBERS.as_ptr().cast());
            let kinds = _mm256_maskz_compress_epi8(filled, numbers);
            let kinds_end = self.kinds.as_mut_ptr().add(self.kinds.len());
            _mm256_storeu_si256(kinds_end.cast::<__m256i>(), kinds);
            let count = _mm512_reduce_add_epi64(counts) as usize;
            let gap = GAP - count % 2;
            self.bits.as_mut_ptr().add(end).write((1 << gap) - 1);
            self.kinds
                .as_mut_ptr()
                .add(end)
                .write((WORDS + count % 2) as u8);
            self.bits.set_len(end + 1);
            self.kinds.set_len(end + 1);
            (count, count + gap)
        }
    }

    /// Writes the elements of all rows, the first one's from `out` on, and forgets the words.
    ///
    /// # Safety
    ///
    /// The machine has these features; there is room for the places that [`Self::add`] told of, and
    /// for [`SPILL`] more.
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) unsafe fn write(&mut self, mut out: *mut u16) {
        // SAFETY: kinds are less than their number; up to 64 places are stored for a word, as many
        // as its bits of which count.
        unsafe {
            let numbers = _mm512_loadu_si512(NUMBERS.as_ptr().cast());
            for (word, kind) in self.bits.iter().zip(&self.kinds) {
                let kind = usize::from(*kind);
                let bounds = self.bounds.get_unchecked(kind).as_ptr().cast();
                let base = _mm512_set1_epi16(*self.bases.get_unchecked(kind) as i16);
                let places = _mm512_maskz_compress_epi8(*word, numbers);
                let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places));
                let low = _mm512_min_epu16(_mm512_add_epi16(low, base), _mm512_loadu_si512(bounds));
                _mm512_storeu_si512(out.cast::<__m512i>(), low);
                let count = word.count_ones() as usize;
                if count > 32 {
                    let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(places, 1));
                    let high = _mm512_add_epi16(high, base);
                    _mm512_storeu_si512(out.add(32).cast::<__m512i>(), high);
                }
                out = out.add(count);
            }
        }
        self.bits.clear();
        self.kinds.clear();
    }
}

/// The numbers 0 to 63.
static NUMBERS: [u8; 64] = {
    let mut numbers = [0; 64];
    let mut number = 0;
    while number < 64 {
        numbers[number] = number as u8;
        number += 1;
    }
    numbers
};
