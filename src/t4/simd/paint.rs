//! Changing elements to pixels: each element changes one bit, and a pixel is the parity of the
//! changes up to it.

use std::arch::x86_64::{
    _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_extract_epi64, _mm_set1_epi8,
    _mm512_clmulepi64_epi128, _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512,
    _mm512_mask_storeu_epi8, _mm512_mask_xor_epi64, _mm512_movepi64_mask, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_storeu_si512, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::MIRROR;
use crate::t4::path::Level;

/// Copies of the words that changes are spread over, so that a change need not wait for the one
/// before it.
const COPIES: usize = 4;

/// The changes of one row.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    /// So many words for each copy, in whole vectors; all zero between rows.
    words: Vec<u64>,
    width: u32,
    level: Level,
}

impl Canvas {
    /// # Safety
    ///
    /// The machine has the level's features.
    pub(super) unsafe fn new(width: u32, level: Level) -> Self {
        Self {
            words: vec![0; COPIES * width.div_ceil(512) as usize * 8],
            width,
            level,
        }
    }

    /// Paints a row over `row`.
    ///
    /// # Safety
    ///
    /// The elements are below the width.
    pub(super) unsafe fn paint(&mut self, elements: &[u16], row: &mut [u8]) {
        debug_assert!(
            elements
                .iter()
                .all(|element| u32::from(*element) < self.width)
        );
        let row = &mut row[..self.width.div_ceil(8) as usize];
        // SAFETY: the level says which instructions the machine has; the caller's promise.
        unsafe {
            match self.level {
                Level::Avx512 => self.paint_avx512(elements, row),
                _ => self.paint_avx2(elements, row),
            }
        }
        if !self.width.is_multiple_of(8)
            && let Some(byte) = row.last_mut()
        {
            *byte &= !(0xFF >> (self.width % 8));
        }
    }

    /// Changes the bit of every element, the first pixel's being the lowest of its word or not.
    ///
    /// # Safety
    ///
    /// The elements are below the width.
    #[inline(always)]
    unsafe fn change<const LOWEST_FIRST: bool>(&mut self, elements: &[u16]) {
        let length = self.words.len() / COPIES;
        let words = self.words.as_mut_ptr();
        let change = |element: u16, copy: usize| {
            let element = usize::from(element);
            let bit = if LOWEST_FIRST {
                1u64 << (element % 64)
            } else {
                1 << 63 >> (element % 64)
            };
            // SAFETY: each copy has a bit for every pixel.
            unsafe { *words.add(copy * length + element / 64) ^= bit };
        };
        let (fours, rest) = elements.as_chunks::<COPIES>();
        for four in fours {
            for (copy, element) in four.iter().enumerate() {
                change(*element, copy);
            }
        }
        for (copy, element) in rest.iter().enumerate() {
            change(*element, copy);
        }
    }

    /// # Safety
    ///
    /// The machine has these features, and the elements are below the width.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
    unsafe fn paint_avx2(&mut self, elements: &[u16], row: &mut [u8]) {
        // SAFETY: the caller's promise.
        unsafe { self.change::<false>(elements) };
        let length = self.words.len() / COPIES;
        let ones = _mm_set1_epi8(-1);
        let mut colour = 0;
        for (at, bytes) in row.chunks_mut(8).enumerate() {
            let mut word = 0;
            for copy in 0..COPIES {
                word ^= std::mem::take(&mut self.words[copy * length + at]);
            }
            // In a product with ones and without carries, the upper half's bits are the parities
            // of the changes before each pixel.
            let product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(word as i64), ones, 0);
            let pixels = _mm_extract_epi64(product, 1) as u64 ^ word ^ colour;
            colour = 0u64.wrapping_sub(pixels & 1);
            match bytes.as_chunks_mut().0 {
                [whole] => *whole = pixels.to_be_bytes(),
                _ => bytes.copy_from_slice(&pixels.to_be_bytes()[..bytes.len()]),
            }
        }
    }

    /// # Safety
    ///
    /// The machine has these features, and the elements are below the width.
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,gfni,vpclmulqdq,bmi1,bmi2,lzcnt,popcnt"
    )]
    unsafe fn paint_avx512(&mut self, elements: &[u16], row: &mut [u8]) {
        // SAFETY: the caller's promise.
        unsafe { self.change::<true>(elements) };
        let length = self.words.len() / COPIES;
        let ones = _mm512_set1_epi64(-1);
        let mirror = _mm512_set1_epi64(MIRROR);
        let mut colour = 0u8;
        for (at, bytes) in row.chunks_mut(64).enumerate() {
            // SAFETY: each copy has whole vectors, as many as the row has chunks; no more bytes
            // are stored than the chunk has.
            unsafe {
                let load = |copy: usize| {
                    _mm512_loadu_si512(self.words.as_ptr().add(copy * length + at * 8).cast())
                };
                let changes = _mm512_xor_si512(
                    _mm512_xor_si512(load(0), load(1)),
                    _mm512_xor_si512(load(2), load(3)),
                );
                for copy in 0..COPIES {
                    let words = self.words.as_mut_ptr().add(copy * length + at * 8);
                    _mm512_storeu_si512(words.cast(), _mm512_setzero_si512());
                }
                // In a product with ones and without carries, the lower half's bits are the
                // parities of the changes up to each pixel.
                let even = _mm512_clmulepi64_epi128(changes, ones, 0);
                let odd = _mm512_clmulepi64_epi128(changes, ones, 1);
                let pixels = _mm512_unpacklo_epi64(even, odd);
                // Words whose last pixel differs from their first one's imaginary neighbour turn
                // those after them.
                let mut turned = _mm512_movepi64_mask(pixels);
                turned ^= turned << 1;
                turned ^= turned << 2;
                turned ^= turned << 4;
                let inverted = turned << 1 ^ colour;
                colour ^= 0u8.wrapping_sub(turned >> 7);
                let pixels = _mm512_mask_xor_epi64(pixels, inverted, pixels, ones);
                let pixels = _mm512_gf2p8affine_epi64_epi8(pixels, mirror, 0);
                let kept = u64::MAX >> (64 - bytes.len());
                _mm512_mask_storeu_epi8(bytes.as_mut_ptr().cast(), kept, pixels);
            }
        }
    }
}
