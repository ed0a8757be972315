//! Comparing levels with thresholds and packing the outcome, most significant bit leftmost.
//!
//! A mask of a comparison has its first pixel in its lowest bit. The pixels of each byte change
//! places before they are compared, which is cheaper than to turn the bits round.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_cmpeq_epi8, _mm256_max_epu8, _mm256_movemask_epi8, _mm256_setr_epi64x,
    _mm256_shuffle_epi8, _mm512_cmplt_epu8_mask, _mm512_setr_epi64, _mm512_shuffle_epi8,
};

/// Eight places from the last to the first, within sixteen.
pub(super) const TURNED: [i64; 2] = [0x0001_0203_0405_0607, 0x0809_0A0B_0C0D_0E0F];

#[target_feature(enable = "avx2")]
pub(super) fn below_avx2(levels: &[u8], thresholds: &[u8], packed: &mut [u8]) -> usize {
    let turned = _mm256_setr_epi64x(TURNED[0], TURNED[1], TURNED[0], TURNED[1]);
    let (levels, _) = levels.as_chunks::<32>();
    let (thresholds, _) = thresholds.as_chunks::<32>();
    let (packed, _) = packed.as_chunks_mut::<4>();
    let count = levels.len().min(thresholds.len()).min(packed.len());
    for ((levels, thresholds), packed) in levels.iter().zip(thresholds).zip(packed) {
        let (levels, thresholds) = (load256(levels), load256(thresholds));
        let not_below = _mm256_cmpeq_epi8(_mm256_max_epu8(levels, thresholds), levels);
        let mask = !_mm256_movemask_epi8(_mm256_shuffle_epi8(not_below, turned));
        *packed = mask.to_le_bytes();
    }
    count * 32
}

#[target_feature(enable = "avx2,avx512f,avx512bw")]
pub(super) fn below_avx512(levels: &[u8], thresholds: &[u8], packed: &mut [u8]) -> usize {
    let turned = _mm512_setr_epi64(
        TURNED[0], TURNED[1], TURNED[0], TURNED[1], TURNED[0], TURNED[1], TURNED[0], TURNED[1],
    );
    let (levels, _) = levels.as_chunks::<64>();
    let (thresholds, _) = thresholds.as_chunks::<64>();
    let (packed, _) = packed.as_chunks_mut::<8>();
    let count = levels.len().min(thresholds.len()).min(packed.len());
    for ((levels, thresholds), packed) in levels.iter().zip(thresholds).zip(packed) {
        let levels = _mm512_shuffle_epi8(load512(levels), turned);
        let thresholds = _mm512_shuffle_epi8(load512(thresholds), turned);
        *packed = _mm512_cmplt_epu8_mask(levels, thresholds).to_le_bytes();
    }
    count * 64
}

/// Thirty-two bytes in one register.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load256(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: any bytes are a vector of the same size.
    unsafe { std::mem::transmute::<[u8; 32], __m256i>(*bytes) }
}

/// Sixty-four bytes in one register.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load512(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: any bytes are a vector of the same size.
    unsafe { std::mem::transmute::<[u8; 64], __m512i>(*bytes) }
}
