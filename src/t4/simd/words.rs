//! The changing elements of many rows at once: first the words that hold any are collected, then
//! the numbers of the changed pixels are compressed, without a branch on where a row ends.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi16, _mm256_castsi256_si128, _mm256_cvtepu8_epi16,
    _mm256_load_si256, _mm256_loadu_si256, _mm256_maskz_compress_epi8, _mm256_min_epu16,
    _mm256_storeu_si256, _mm512_add_epi16, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512,
    _mm512_broadcastw_epi16, _mm512_castsi512_si128, _mm512_castsi512_si256, _mm512_cvtepu8_epi16,
    _mm512_extracti64x4_epi64, _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512,
    _mm512_maskz_compress_epi8, _mm512_maskz_compress_epi64, _mm512_maskz_loadu_epi8,
    _mm512_popcnt_epi64, _mm512_reduce_add_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_shldi_epi64, _mm512_storeu_si512, _mm512_test_epi64_mask, _mm512_xor_si512,
};

use super::MIRROR;

/// Words of a row, at most.
const WORDS: usize = 32;

/// Vectors of a row, at most.
const PARTS: usize = WORDS / 8;

/// The widest row taken.
pub(super) const WIDTH_MAX: u32 = 64 * WORDS as u32;

/// Places that are mostly enough for a word's.
const PART: usize = 16;

/// Words that make a gap, at most.
const GAP_PARTS: usize = 2;

/// Kinds of words: one for each place in a row, and the parts of gaps after rows of even and odd
/// numbers of elements.
const KINDS: usize = WORDS + 2 * GAP_PARTS;

/// Places that may be written beyond those of a word.
pub(super) const SPILL: usize = 64;

/// The words of rows that hold elements, and a gap after each row.
#[derive(Clone, Debug)]
pub(super) struct Words {
    bits: Vec<u64>,
    kinds: Vec<u8>,
    /// Bytes of a row.
    stride: usize,
    /// Bits of its last byte beyond the width.
    padding: u32,
    /// The bytes of a row, by the vectors they are loaded to.
    loaded: [u64; PARTS],
    /// The bits of a row's words that lie within the width.
    within: [u64; WORDS],
    /// The gaps after rows of even and odd numbers of elements.
    gaps: [Gap; 2],
    kinds_places: Box<[KindPlaces; KINDS]>,
}

/// Words that make the places between the elements of two rows: a tail of the width, and a head of
/// zeros.
#[derive(Clone, Copy, Debug)]
struct Gap {
    places: usize,
    parts: usize,
    bits: [u64; GAP_PARTS],
    kinds: [u8; GAP_PARTS],
}

/// How the numbers of a word's bits become places, by its kind.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct KindPlaces {
    /// What is added.
    base: [u16; PART],
    /// Upper bounds then: the width, which makes a tail of a gap's numbers, and zeros, which make
    /// a head.
    bounds: [u16; PART],
}

impl Gap {
    fn new(places: usize, first_kind: usize) -> Self {
        Self {
            places,
            parts: places.div_ceil(PART),
            bits: [places.min(PART), places.saturating_sub(PART)].map(|count| (1 << count) - 1),
            kinds: [first_kind as u8, first_kind as u8 + 1],
        }
    }
}

impl Words {
    /// No words yet. After each row, at least so many copies of the width and just so many zeros
    /// are written, and each row has an even number of places.
    ///
    /// # Panics
    ///
    /// If rows are wider than [`WIDTH_MAX`], or a gap has more than [`GAP_PARTS`] parts.
    pub(super) fn new(width: u32, tail: usize, head: usize) -> Self {
        assert!(width <= WIDTH_MAX, "a row of a few words");
        let mut kinds_places: Box<[_; KINDS]> = Box::new(std::array::from_fn(|kind| {
            let base = if kind < WORDS {
                64 * kind as u16
            } else {
                width as u16
            };
            KindPlaces {
                base: [base; PART],
                bounds: [width as u16; PART],
            }
        }));
        let gaps = [0, 1].map(|odd| {
            let places = (tail + head + odd).next_multiple_of(2) - odd;
            let first_kind = WORDS + GAP_PARTS * odd;
            for place in places - head..places {
                kinds_places[first_kind + place / PART].bounds[place % PART] = 0;
            }
            Gap::new(places, first_kind)
        });
        Self {
            bits: Vec::new(),
            kinds: Vec::new(),
            stride: width.div_ceil(8) as usize,
            padding: width.wrapping_neg() % 8,
            loaded: std::array::from_fn(|part| {
                let rest = width.div_ceil(8).saturating_sub(64 * part as u32);
                u64::MAX.checked_shr(64 - rest.min(64)).unwrap_or(0)
            }),
            within: std::array::from_fn(|word| match width.saturating_sub(64 * word as u32) {
                pixels @ 0..64 => (1 << pixels) - 1,
                _ => u64::MAX,
            }),
            gaps,
            kinds_places,
        }
    }

    /// Adds a packed row; returns how many elements it has, and how many places up to the next row's.
    ///
    /// # Safety
    ///
    /// The machine has these features, and the row has the width.
    #[inline]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx512vpopcntdq,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) unsafe fn add(&mut self, row: &[u8]) -> (usize, usize) {
        let mut counts = _mm512_setzero_si512();
        // SAFETY: the caller's promise.
        unsafe {
            let changes = self.changes(row);
            for changes in changes {
                counts = _mm512_add_epi64(counts, _mm512_popcnt_epi64(changes));
            }
            let count = _mm512_reduce_add_epi64(counts) as usize;
            self.push(changes, count % 2);
            (count, count + self.gaps[count % 2].places)
        }
    }

    /// Adds packed rows, whose elements need not be counted, until there are so many words; returns
    /// the rows that are left.
    ///
    /// # Safety
    ///
    /// As for [`Self::add`].
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) unsafe fn add_up_to<'a>(
        &mut self,
        words_max: usize,
        mut rows: &'a [u8],
    ) -> &'a [u8] {
        while !self.is_full(words_max)
            && let Some((row, rest)) = rows.split_at_checked(self.stride)
        {
            // A row that ends black has an odd number of elements.
            let odd = row[self.stride - 1] >> self.padding & 1;
            // SAFETY: the caller's promise.
            unsafe {
                let changes = self.changes(row);
                self.push(changes, usize::from(odd));
            }
            rows = rest;
        }
        rows
    }

    /// The changes of a row, the first pixel's in the lowest bit of the first word.
    ///
    /// # Safety
    ///
    /// As for [`Self::add`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,gfni")]
    unsafe fn changes(&self, row: &[u8]) -> [__m512i; PARTS] {
        let mirror = _mm512_set1_epi64(MIRROR);
        let mut carry = _mm512_setzero_si512();
        // SAFETY: no more is loaded than there is of the row.
        unsafe {
            std::array::from_fn(|part| {
                let mask = self.loaded[part];
                let place = row.as_ptr().wrapping_add(64 * part);
                let bytes = _mm512_maskz_loadu_epi8(mask, place.cast());
                let bytes = _mm512_gf2p8affine_epi64_epi8(bytes, mirror, 0);
                let before = _mm512_alignr_epi64(bytes, carry, 7);
                carry = bytes;
                let changes = _mm512_xor_si512(bytes, _mm512_shldi_epi64(bytes, before, 1));
                let within = _mm512_loadu_si512(self.within.as_ptr().add(8 * part).cast());
                _mm512_and_si512(changes, within)
            })
        }
    }

    /// Adds the words of a row, and the gap after it.
    ///
    /// # Safety
    ///
    /// As for [`Self::add`].
    #[inline]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    unsafe fn push(&mut self, changes: [__m512i; PARTS], odd: usize) {
        let room = WORDS + GAP_PARTS + 8;
        self.bits.reserve(room);
        self.kinds.reserve(room);
        let holds = changes.map(|part| _mm512_test_epi64_mask(part, part));
        let filled = u32::from_le_bytes(holds);
        let mut end = self.bits.len();
        // SAFETY: there is room for all words of the row, for a vector where the last ones go, and
        // for a gap. All up to the new lengths is written.
        unsafe {
            if filled != 0 {
                let numbers = _mm256_loadu_si256(NUMBERS.as_ptr().cast());
                let kinds = _mm256_maskz_compress_epi8(filled, numbers);
                let kinds_end = self.kinds.as_mut_ptr().add(end);
                _mm256_storeu_si256(kinds_end.cast::<__m256i>(), kinds);
                for (part, holds) in changes.into_iter().zip(holds) {
                    let words = _mm512_maskz_compress_epi64(holds, part);
                    _mm512_storeu_si512(self.bits.as_mut_ptr().add(end).cast(), words);
                    end += holds.count_ones() as usize;
                }
            }
            let gap = &self.gaps[odd];
            let bits = self.bits.as_mut_ptr().add(end);
            bits.cast::<[u64; GAP_PARTS]>().write_unaligned(gap.bits);
            let kinds = self.kinds.as_mut_ptr().add(end);
            kinds.cast::<[u8; GAP_PARTS]>().write_unaligned(gap.kinds);
            end += gap.parts;
            self.bits.set_len(end);
            self.kinds.set_len(end);
        }
    }

    /// Whether there are so many words.
    pub(super) fn is_full(&self, words_max: usize) -> bool {
        self.bits.len() >= words_max
    }

    /// Most places of all words.
    pub(super) fn places_max(&self) -> usize {
        64 * self.bits.len()
    }

    /// Writes the elements of all rows, the first one's from `out` on, and forgets the words; returns
    /// where the next row's go.
    ///
    /// # Safety
    ///
    /// The machine has these features; there is room for the places that [`Self::add`] told of, and
    /// for [`SPILL`] more.
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,gfni,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) unsafe fn write(&mut self, mut out: *mut u16) -> *mut u16 {
        // SAFETY: kinds are less than their number; up to 64 places are stored for a word, as many
        // as its bits of which count.
        unsafe {
            let numbers = _mm512_loadu_si512(NUMBERS.as_ptr().cast());
            for (word, kind) in self.bits.iter().zip(&self.kinds) {
                let kind = self.kinds_places.get_unchecked(usize::from(*kind));
                let base = _mm256_load_si256(kind.base.as_ptr().cast());
                let bounds = _mm256_load_si256(kind.bounds.as_ptr().cast());
                let places = _mm512_maskz_compress_epi8(*word, numbers);
                let low = _mm256_cvtepu8_epi16(_mm512_castsi512_si128(places));
                let low = _mm256_min_epu16(_mm256_add_epi16(low, base), bounds);
                _mm256_storeu_si256(out.cast::<__m256i>(), low);
                let count = word.count_ones() as usize;
                if count > PART {
                    write_many(places, base, out);
                }
                out = out.add(count);
            }
        }
        self.bits.clear();
        self.kinds.clear();
        out
    }
}

/// Writes the places of a word.
///
/// # Safety
///
/// The machine has these features; there is room for 64 places.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn write_many(places: __m512i, base: __m256i, out: *mut u16) {
    let base = _mm512_broadcastw_epi16(_mm256_castsi256_si128(base));
    let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places));
    let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(places, 1));
    // SAFETY: the caller's promise.
    unsafe {
        _mm512_storeu_si512(out.cast::<__m512i>(), _mm512_add_epi16(low, base));
        _mm512_storeu_si512(out.add(32).cast::<__m512i>(), _mm512_add_epi16(high, base));
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
