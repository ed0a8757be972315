//! Black pixels counted down a few rows.

use std::arch::x86_64::{
    _mm256_add_epi8, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_set1_epi8, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_setr_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_storeu_si256,
};

/// The weights, below 256 in all, of the words in which each of their pixels is black.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn black_avx2(words: &[[u8; 8]], weights: &[u16], black: &mut [u8; 64]) {
    // Each packed byte eight times, and the bit of each of its pixels.
    let places = _mm256_setr_epi64x(
        0,
        0x0101_0101_0101_0101,
        0x0202_0202_0202_0202,
        0x0303_0303_0303_0303,
    );
    let bits = _mm256_set1_epi64x(0x0102_0408_1020_4080);
    let mut counted = [_mm256_setzero_si256(); 2];
    for (word, &weight) in words.iter().zip(weights) {
        let weight = _mm256_set1_epi8((weight as u8).cast_signed());
        for (counted, packed) in counted.iter_mut().zip(word.as_chunks::<4>().0) {
            let packed = _mm256_set1_epi32(i32::from_le_bytes(*packed));
            let pixels = _mm256_and_si256(_mm256_shuffle_epi8(packed, places), bits);
            let weighed = _mm256_and_si256(_mm256_cmpeq_epi8(pixels, bits), weight);
            *counted = _mm256_add_epi8(*counted, weighed);
        }
    }
    let (halves, _) = black.as_chunks_mut::<32>();
    for (half, counted) in halves.iter_mut().zip(counted) {
        // SAFETY: the store is of as many bytes as the half has.
        unsafe { _mm256_storeu_si256(half.as_mut_ptr().cast(), counted) };
    }
}
