//! The changing elements of packed rows (ITU-T T.4 §4.2.1.1) as 16-bit places, many rows in one
//! piece of memory.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_and_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_setr_epi8, _mm256_shuffle_epi8, _mm256_slli_epi16, _mm256_srli_epi16,
    _mm256_storeu_si256, _mm512_add_epi16, _mm512_alignr_epi64, _mm512_castsi512_si256,
    _mm512_cvtepu8_epi16, _mm512_extracti64x4_epi64, _mm512_gf2p8affine_epi64_epi8,
    _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_maskz_loadu_epi8, _mm512_or_si512,
    _mm512_set1_epi16, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_srli_epi64, _mm512_storeu_si512, _mm512_test_epi64_mask, _mm512_xor_si512,
};

use super::MIRROR;
use super::words::{self, Words};
use crate::t4::path::Level;

/// Places before a row's first element: zeros, so that nothing lies right of a0 there.
const HEAD: usize = 4;

/// Places after a row's last element: the width, as far as vectors look ahead.
const TAIL: usize = 27;

/// Places that are written beyond a row's elements before its tail is.
const SPILL: usize = words::SPILL;

/// The elements of rows, one row after the other.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    /// Pairs of places: each row's first element lies at a multiple of four bytes.
    places: Vec<u32>,
    /// Rows added and not yet written, where that is done for many at once.
    words: Option<Words>,
    /// Where the next row's head begins: an even place.
    end: usize,
    width: u32,
}

/// The elements of one row. Small enough for a register: batches have some thousand places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    start: u32,
    count: u32,
}

impl Segment {
    /// Number of elements.
    pub(super) fn count(self) -> usize {
        self.count as usize
    }

    /// The pairs of places from the head to the tail.
    fn pairs(self) -> std::ops::Range<usize> {
        (self.start as usize - HEAD) / 2..(self.start as usize + self.count() + TAIL) / 2
    }
}

/// How rows are looked at.
pub(super) trait Reader {
    /// Whether two rows of one length are alike.
    ///
    /// # Safety
    ///
    /// The machine has the instructions.
    unsafe fn is_same(row: &[u8], other: &[u8]) -> bool;

    /// Writes a row's elements; returns how many.
    ///
    /// # Safety
    ///
    /// The machine has the instructions; `out` has room for one place a pixel and [`SPILL`]; `row`
    /// is no longer than the width.
    unsafe fn read(row: &[u8], width: u32, out: *mut u16) -> usize;
}

/// By AVX2 and BMI.
pub(super) struct Avx2;

/// By AVX-512 with byte compression.
pub(super) struct Avx512;

impl Elements {
    /// No rows yet but a white one, which is returned: the imaginary row above a page.
    pub(super) fn new(width: u32, level: Level) -> (Self, Segment) {
        let mut elements = Self {
            places: Vec::new(),
            words: (level == Level::Avx512 && width <= words::WIDTH_MAX)
                .then(|| Words::new(width, TAIL, HEAD)),
            end: 0,
            width,
        };
        // SAFETY: no element is written.
        let white = unsafe { elements.write(|_| 0) };
        (elements, white)
    }

    /// Adds a packed row, whose bits beyond the width are zero. Its elements can be read after
    /// [`Self::settle`].
    ///
    /// # Safety
    ///
    /// The machine has the reader's instructions.
    #[inline(always)]
    pub(super) unsafe fn add<R: Reader>(&mut self, row: &[u8]) -> Segment {
        let width = self.width;
        debug_assert!(row.len() == width.div_ceil(8) as usize, "a whole row");
        // SAFETY: the caller's promise; there are words only where the machine can add to them.
        unsafe {
            let Some(words) = &mut self.words else {
                return self.write(|out| R::read(row, width, out));
            };
            let (count, places) = words.add(row);
            let segment = Segment {
                start: (self.end + HEAD) as u32,
                count: count as u32,
            };
            self.end += places;
            segment
        }
    }

    /// Adds the elements that `write` puts where it is told, and whose number it returns.
    ///
    /// # Safety
    ///
    /// They are as many as the width at most, and no more than [`SPILL`] places after them are
    /// written.
    #[inline(always)]
    unsafe fn write(&mut self, write: impl FnOnce(*mut u16) -> usize) -> Segment {
        let room = (HEAD + self.width as usize + SPILL + TAIL).div_ceil(2);
        if self.places.capacity() - self.places.len() < room {
            self.places.reserve(room);
        }
        let start = 2 * self.places.len() + HEAD;
        // SAFETY: there is room for a head, one element a pixel, what is spilled and a tail. All
        // places up to the new length are written.
        unsafe {
            let first = self.places.as_mut_ptr().cast::<u16>().add(start);
            first.sub(HEAD).write_bytes(0, HEAD);
            let count = write(first);
            let tail = first.add(count).cast::<[u16; TAIL]>();
            tail.write_unaligned([self.width as u16; TAIL]);
            let segment = Segment {
                start: start as u32,
                count: count as u32,
            };
            self.places.set_len(segment.pairs().end);
            self.end = 2 * self.places.len();
            segment
        }
    }

    /// Writes what was added so far.
    pub(super) fn settle(&mut self) {
        let Some(words) = &mut self.words else {
            return;
        };
        let start = 2 * self.places.len();
        self.places
            .reserve((self.end - start + HEAD + SPILL).div_ceil(2));
        // SAFETY: there are words only where the machine can add to them; there is room for all
        // places added, which the head before the first row and the gaps after all fill, and for
        // what is spilled.
        unsafe {
            let first = self.places.as_mut_ptr().cast::<u16>().add(start);
            first.write_bytes(0, HEAD);
            words.write(first.add(HEAD));
            self.places.set_len(self.end / 2);
        }
    }

    /// Forgets all rows but one.
    pub(super) fn keep(&mut self, segment: Segment) -> Segment {
        let pairs = segment.pairs();
        let kept = pairs.len();
        self.places.copy_within(pairs, 0);
        self.places.truncate(kept);
        self.end = 2 * kept;
        Segment {
            start: HEAD as u32,
            count: segment.count,
        }
    }

    /// Number of places of all rows.
    pub(super) fn len(&self) -> usize {
        self.end
    }

    /// The first element of a row of this memory, at a multiple of four bytes.
    #[inline(always)]
    pub(super) fn pointer(&self, segment: Segment) -> *const u16 {
        let places = self.places.as_ptr().cast::<u16>();
        places.wrapping_add(segment.start as usize)
    }
}

/// Keeps the bits of `changes`, first pixel lowest, that lie within the width.
#[inline(always)]
fn within(changes: u64, base: u32, width: u32) -> u64 {
    if base + 64 <= width {
        changes
    } else {
        changes & ((1u64 << (width.saturating_sub(base))) - 1)
    }
}

impl Reader for Avx2 {
    #[inline(always)]
    unsafe fn is_same(row: &[u8], other: &[u8]) -> bool {
        row == other
    }

    #[inline(always)]
    unsafe fn read(row: &[u8], width: u32, out: *mut u16) -> usize {
        // SAFETY: the caller's promise.
        unsafe { read_avx2(row, width, out) }
    }
}

impl Reader for Avx512 {
    #[inline(always)]
    unsafe fn is_same(row: &[u8], other: &[u8]) -> bool {
        // SAFETY: the caller's promise; no more is loaded than there is of both.
        unsafe {
            let mut differ = _mm512_setzero_si512();
            let mut at = 0;
            while at + 64 <= row.len() {
                let load = |of: &[u8]| _mm512_loadu_si512(of.as_ptr().add(at).cast());
                differ = _mm512_or_si512(differ, _mm512_xor_si512(load(row), load(other)));
                at += 64;
            }
            let mask = (1u64 << (row.len() - at)) - 1;
            let load = |of: &[u8]| _mm512_maskz_loadu_epi8(mask, of.as_ptr().add(at).cast());
            differ = _mm512_or_si512(differ, _mm512_xor_si512(load(row), load(other)));
            _mm512_test_epi64_mask(differ, differ) == 0
        }
    }

    #[inline(always)]
    unsafe fn read(row: &[u8], width: u32, out: *mut u16) -> usize {
        // SAFETY: the caller's promise.
        unsafe { read_avx512(row, width, out) }
    }
}

/// # Safety
///
/// As for [`Reader::read`].
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn read_avx2(row: &[u8], width: u32, out: *mut u16) -> usize {
    let mut next = out;
    let mut before = 0;
    let mut base = 0;
    for chunk in row.chunks(32) {
        let mut words = [0u64; 4];
        // SAFETY: `words` has 32 bytes, and so has a full chunk.
        unsafe {
            if chunk.len() < 32 {
                chunk
                    .as_ptr()
                    .copy_to_nonoverlapping(words.as_mut_ptr().cast(), chunk.len());
                let reversed = reverse_bits(_mm256_loadu_si256(words.as_ptr().cast()));
                _mm256_storeu_si256(words.as_mut_ptr().cast(), reversed);
            } else {
                let reversed = reverse_bits(_mm256_loadu_si256(chunk.as_ptr().cast()));
                _mm256_storeu_si256(words.as_mut_ptr().cast(), reversed);
            }
        }
        for word in words {
            let mut changes = within(word ^ (word << 1 | before), base, width);
            before = word >> 63;
            let count = changes.count_ones();
            let mut written = 0;
            while written < count {
                for ahead in 0..4 {
                    // SAFETY: at most three places beyond the changes are written.
                    unsafe {
                        let place = base + changes.trailing_zeros();
                        next.add((written + ahead) as usize).write(place as u16);
                    }
                    changes &= changes.wrapping_sub(1);
                }
                written += 4;
            }
            // SAFETY: as many changes as pixels at most.
            next = unsafe { next.add(count as usize) };
            base += 64;
        }
        if base >= width {
            break;
        }
    }
    // SAFETY: both point into the same memory.
    unsafe { next.offset_from(out) as usize }
}

/// Reverses the bits of each byte.
#[target_feature(enable = "avx2")]
fn reverse_bits(bytes: __m256i) -> __m256i {
    let low = _mm256_set1_epi8(15);
    let reversed = _mm256_setr_epi8(
        0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15, 0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5,
        13, 3, 11, 7, 15,
    );
    let below = _mm256_shuffle_epi8(reversed, _mm256_and_si256(bytes, low));
    let above = _mm256_shuffle_epi8(reversed, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low));
    _mm256_or_si256(_mm256_slli_epi16(below, 4), above)
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

/// Compresses the numbers of the changed pixels.
///
/// # Safety
///
/// As for [`Reader::read`].
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,gfni,bmi1,bmi2,lzcnt,popcnt"
)]
unsafe fn read_avx512(row: &[u8], width: u32, out: *mut u16) -> usize {
    let mirror = _mm512_set1_epi64(MIRROR);
    let mut carry = _mm512_setzero_si512();
    let mut next = out;
    let mut base = 0;
    // SAFETY: 64 bytes are loaded of `NUMBERS` and of full chunks, no more than there are of
    // others; 64 places are stored from a word's first element at most.
    unsafe {
        let numbers = _mm512_loadu_si512(NUMBERS.as_ptr().cast());
        for chunks in row.chunks(8 * WORDS) {
            let mut words = [0u64; WORDS];
            let mut filled = 0u32;
            for (chunk, at) in chunks.chunks(64).zip((0..).step_by(8)) {
                let bytes = if chunk.len() == 64 {
                    _mm512_loadu_si512(chunk.as_ptr().cast())
                } else {
                    _mm512_maskz_loadu_epi8((1u64 << chunk.len()) - 1, chunk.as_ptr().cast())
                };
                let bytes = _mm512_gf2p8affine_epi64_epi8(bytes, mirror, 0);
                let before = _mm512_alignr_epi64(bytes, carry, 7);
                carry = bytes;
                let shifted =
                    _mm512_or_si512(_mm512_slli_epi64(bytes, 1), _mm512_srli_epi64(before, 63));
                let changes = _mm512_xor_si512(bytes, shifted);
                _mm512_storeu_si512(words[at..at + 8].as_mut_ptr().cast(), changes);
                filled |= u32::from(_mm512_test_epi64_mask(changes, changes)) << at;
            }
            if base + 64 * WORDS as u32 > width {
                let last = ((width - base) / 64) as usize;
                words[last] = within(words[last], base + 64 * last as u32, width);
                filled &= u32::MAX >> (31 - last);
            }
            while filled != 0 {
                let at = filled.trailing_zeros();
                filled &= filled - 1;
                let word = *words.get_unchecked(at as usize);
                next = compress(word, numbers, base + 64 * at, next);
            }
            base += 64 * WORDS as u32;
        }
        next.offset_from(out) as usize
    }
}

/// Words whose changes are looked for together.
const WORDS: usize = 32;

/// Writes the places of the bits of `word`; returns where the next ones go.
///
/// # Safety
///
/// `next` has room for 64 places.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,popcnt")]
unsafe fn compress(word: u64, numbers: __m512i, base: u32, next: *mut u16) -> *mut u16 {
    let places = _mm512_maskz_compress_epi8(word, numbers);
    let base = _mm512_set1_epi16(base as i16);
    let low = _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(places)), base);
    let count = word.count_ones() as usize;
    // SAFETY: the caller's promise.
    unsafe {
        _mm512_storeu_si512(next.cast(), low);
        if count > 32 {
            let high = _mm512_extracti64x4_epi64(places, 1);
            let high = _mm512_add_epi16(_mm512_cvtepu8_epi16(high), base);
            _mm512_storeu_si512(next.add(32).cast(), high);
        }
        next.add(count)
    }
}
