//! Changing elements to pixels: each element changes one bit, and every pixel is the parity of
//! the changes up to it.

use std::arch::x86_64::{
    _mm_clmulepi64_si128, _mm_cvtsi64_si128, _mm_extract_epi64, _mm_set1_epi8,
};

/// Paints a row whose words are all zero; its elements are below the width.
///
/// # Safety
///
/// The machine has these features.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
pub(super) unsafe fn paint(elements: &[u16], width: u32, words: &mut [u64], out: &mut [u8]) {
    let words = &mut words[..width.div_ceil(64) as usize];
    words.fill(0);
    for element in elements {
        let element = usize::from(*element);
        // SAFETY: the elements are below the width.
        unsafe { *words.get_unchecked_mut(element / 64) ^= 1 << 63 >> (element % 64) };
    }
    let all = _mm_set1_epi8(-1);
    let mut colour = 0;
    let (chunks, rest) = out.as_chunks_mut::<8>();
    let mut last = 0;
    for (at, word) in words.iter().enumerate() {
        // In a product with ones and without carries, the upper half's bits are the parities of
        // the changes before each pixel.
        let product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(*word as i64), all, 0);
        let above = _mm_extract_epi64(product, 1) as u64;
        let pixels = above ^ word ^ colour;
        colour = 0u64.wrapping_sub(pixels & 1);
        match chunks.get_mut(at) {
            Some(chunk) => *chunk = pixels.to_be_bytes(),
            None => last = pixels,
        }
    }
    if !rest.is_empty() {
        let count = rest.len();
        rest.copy_from_slice(&last.to_be_bytes()[..count]);
    }
    if width % 8 != 0
        && let Some(byte) = out.last_mut()
    {
        *byte &= !(0xFF >> (width % 8));
    }
}
