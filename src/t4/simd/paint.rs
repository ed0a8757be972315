//! Changing elements to pixels: each element changes all pixels of its word from its own on, and a
//! word whose last pixel is black turns the words after it.

use std::arch::x86_64::{
    __m512i, _mm512_gf2p8affine_epi64_epi8, _mm512_load_si512, _mm512_loadu_si512,
    _mm512_mask_xor_epi64, _mm512_movepi64_mask, _mm512_or_si512, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_slli_epi64, _mm512_store_si512, _mm512_storeu_si512,
    _mm512_xor_si512,
};
use std::hint::select_unpredictable;

use super::MIRROR;
use crate::t4::decode::PAINT_SPILL;
use crate::t4::places::Places;

/// Vectors whose words are made pixels at once.
const VECTORS: usize = 4;

/// Bytes that are written beyond a row.
const SPILL: usize = PAINT_SPILL;

/// One vector of words.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Block(#[allow(dead_code, reason = "read by words and by vectors")] [u64; 8]);

/// Rows whose changes are kept at once.
pub(super) const CANVASES: usize = 2;

/// The changes of some rows.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    /// For each row so many blocks; zero between rows, but beyond the width.
    blocks: Vec<Block>,
    /// Blocks of one row, a multiple of [`VECTORS`], with a bit for each pixel and one more.
    length: usize,
    width: u32,
}

/// Changes on their way to a canvas.
#[derive(Clone, Copy)]
pub(super) struct Strokes {
    next: *const u16,
    end: *const u16,
    words: *mut u64,
    /// Vectors of words with a bit for each pixel and one more.
    vectors: usize,
}

impl Strokes {
    /// Brings some elements, at most eight, to the canvas, and the width when there are no more.
    ///
    /// # Safety
    ///
    /// The row and the canvas are still there.
    #[inline(always)]
    pub(super) unsafe fn paint_some<const WIDE: bool, const AT_ONCE: usize>(&mut self) {
        // SAFETY: elements and the places after them are not beyond the width, and there is a bit
        // for every pixel and one more. There are more places after the elements than are
        // taken at once.
        unsafe {
            let mut at = usize::from(*self.next) / 64;
            // Only the first element's word can have changes from before.
            let mut word = *self.words.add(at);
            for index in 0..AT_ONCE {
                let element = usize::from(*self.next.add(index));
                // The first pixel is the lowest bit or the highest one.
                let changes = if WIDE {
                    u64::MAX << (element % 64)
                } else {
                    u64::MAX >> (element % 64)
                };
                word = select_unpredictable(element / 64 == at, word, 0) ^ changes;
                at = element / 64;
                *self.words.add(at) = word;
            }
            let next = self.next.add(AT_ONCE);
            self.next = select_unpredictable(next < self.end, next, self.end);
        }
    }

    /// Brings all elements, of which none is there yet, to the canvas: those that turn black and
    /// those that turn white, as bits.
    ///
    /// # Safety
    ///
    /// The machine has AVX-512. The row and the canvas are still there, and both have whole vectors
    /// of words, the canvas no fewer.
    #[inline(always)]
    pub(super) unsafe fn paint_bits(&mut self, turning: &[Vec<u64>; 2]) {
        let [black, white] = turning;
        let vectors = black.chunks_exact(8).zip(white.chunks_exact(8));
        for (at, (black, white)) in vectors.enumerate().take(self.vectors) {
            // SAFETY: the caller's promise.
            unsafe {
                let mut changes = _mm512_or_si512(
                    _mm512_loadu_si512(black.as_ptr().cast()),
                    _mm512_loadu_si512(white.as_ptr().cast()),
                );
                // Each element changes all pixels of its word from its own on.
                changes = _mm512_xor_si512(changes, _mm512_slli_epi64(changes, 1));
                changes = _mm512_xor_si512(changes, _mm512_slli_epi64(changes, 2));
                changes = _mm512_xor_si512(changes, _mm512_slli_epi64(changes, 4));
                changes = _mm512_xor_si512(changes, _mm512_slli_epi64(changes, 8));
                changes = _mm512_xor_si512(changes, _mm512_slli_epi64(changes, 16));
                changes = _mm512_xor_si512(changes, _mm512_slli_epi64(changes, 32));
                _mm512_store_si512(self.words.add(8 * at).cast(), changes);
            }
        }
        self.next = self.end;
    }

    /// Brings all elements to the canvas.
    ///
    /// # Safety
    ///
    /// As for [`Self::paint_some`].
    #[inline(always)]
    pub(super) unsafe fn paint_all<const WIDE: bool>(&mut self) {
        while self.next < self.end {
            // SAFETY: the caller's promise.
            unsafe { self.paint_some::<WIDE, 4>() };
        }
    }

    /// How many elements are not on the canvas yet.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        (self.end.addr() - self.next.addr()) / 2
    }
}

impl Canvas {
    pub(super) fn new(width: u32) -> Self {
        let length = (width / 512 + 1).next_multiple_of(VECTORS as u32) as usize;
        Self {
            blocks: vec![Block([0; 8]); CANVASES * length],
            length,
            width,
        }
    }

    /// The last elements of a row of this width, so many, to be painted on the canvas of this
    /// number.
    #[inline(always)]
    pub(super) fn strokes(&mut self, number: usize, row: &Places, rest: usize) -> Strokes {
        debug_assert!(row.width() == self.width && rest <= row.count());
        let end = row.first().wrapping_add(row.count());
        let first = self.blocks[number * self.length..].as_mut_ptr();
        Strokes {
            next: end.wrapping_sub(rest),
            end,
            words: first.cast(),
            vectors: self.width as usize / 512 + 1,
        }
    }

    /// Adds the row whose changes the canvas of this number has to `rows`, and clears them.
    ///
    /// # Safety
    ///
    /// The machine has AVX2, BMI and PCLMULQDQ, and with `WIDE` AVX-512.
    #[inline(always)]
    pub(super) unsafe fn paint<const WIDE: bool>(&mut self, number: usize, rows: &mut Vec<u8>) {
        let stride = self.width.div_ceil(8) as usize;
        rows.reserve(stride + SPILL);
        // SAFETY: the caller's promise; there is room for the row and a spill, and all of the row is
        // written.
        unsafe {
            let row = rows.as_mut_ptr().add(rows.len());
            if WIDE {
                self.paint_blocks(number, row, stride);
            } else {
                self.paint_words(number, row, stride);
            }
            let padding = self.width.wrapping_neg() % 8;
            if padding > 0 {
                *row.add(stride - 1) &= 0xFF << padding;
            }
            rows.set_len(rows.len() + stride);
        }
    }

    /// # Safety
    ///
    /// As for [`Self::paint`]; `row` has room for `stride` bytes and a spill.
    #[inline(always)]
    unsafe fn paint_words(&mut self, number: usize, row: *mut u8, stride: usize) {
        // SAFETY: there is a bit for each pixel.
        unsafe {
            let mut colour = 0;
            let first = self.blocks[number * self.length..].as_mut_ptr();
            let words = first.cast::<u64>();
            for at in 0..stride.div_ceil(8) {
                let pixels = *words.add(at) ^ colour;
                *words.add(at) = 0;
                colour = 0u64.wrapping_sub(pixels & 1);
                row.add(8 * at)
                    .cast::<[u8; 8]>()
                    .write_unaligned(pixels.to_be_bytes());
            }
        }
    }

    /// # Safety
    ///
    /// As for [`Self::paint`]; `row` has room for `stride` bytes and a spill.
    #[inline(always)]
    unsafe fn paint_blocks(&mut self, number: usize, row: *mut u8, stride: usize) {
        // SAFETY: blocks are aligned, and there are enough of them for whole rounds.
        unsafe {
            let ones = _mm512_set1_epi64(-1);
            let mirror = _mm512_set1_epi64(MIRROR);
            let first = self.blocks[number * self.length..].as_mut_ptr();
            let mut colour = 0u32;
            for round in 0..stride.div_ceil(64 * VECTORS) {
                let mut vectors = [_mm512_setzero_si512(); VECTORS];
                let mut turned = 0u32;
                for (index, pixels) in vectors.iter_mut().enumerate() {
                    let at = round * VECTORS + index;
                    *pixels = take(first.add(at));
                    turned |= u32::from(_mm512_movepi64_mask(*pixels)) << (8 * index);
                }
                // Words whose last pixel differs from their first one's imaginary neighbour turn
                // those after them.
                for shift in [1, 2, 4, 8, 16] {
                    turned ^= turned << shift;
                }
                let inverted = turned << 1 ^ colour;
                colour ^= 0u32.wrapping_sub(turned >> 31);
                for (index, pixels) in vectors.into_iter().enumerate() {
                    let at = 64 * (round * VECTORS + index);
                    let inverted = (inverted >> (8 * index)) as u8;
                    let pixels = _mm512_mask_xor_epi64(pixels, inverted, pixels, ones);
                    let pixels = _mm512_gf2p8affine_epi64_epi8(pixels, mirror, 0);
                    _mm512_storeu_si512(row.add(at).cast(), pixels);
                }
            }
        }
    }
}

/// The changes of a block, which are cleared.
///
/// # Safety
///
/// The machine has AVX-512; the block can be read and written.
#[inline(always)]
unsafe fn take(block: *mut Block) -> __m512i {
    // SAFETY: the caller's promise; blocks are aligned.
    unsafe {
        let changes = _mm512_load_si512(block.cast());
        _mm512_store_si512(block.cast(), _mm512_setzero_si512());
        changes
    }
}
