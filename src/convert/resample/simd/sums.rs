//! Sums of eight pixels, each of up to four levels by weights of fifteen bits.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_add_epi8, _mm256_add_epi32, _mm256_castsi256_ps,
    _mm256_cmpgt_epi32, _mm256_extract_epi32, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_movemask_ps, _mm256_packus_epi16, _mm256_packus_epi32, _mm256_set_m128i,
    _mm256_set1_epi8, _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_srli_epi32,
};

use super::super::line_sums::{GROUP, Group, REACH};

#[target_feature(enable = "avx2")]
pub(super) fn means_avx2(groups: &[Group], line: &[u8], row: &mut [u8]) -> usize {
    let (out, _) = row.as_chunks_mut::<GROUP>();
    let half = _mm256_set1_epi32(1 << 14);
    let mut done = 0;
    for (group, out) in groups.iter().zip(out) {
        let Some(sums) = sums(group, line) else {
            break;
        };
        let means = _mm256_srli_epi32::<15>(_mm256_add_epi32(sums, half));
        let words = _mm256_packus_epi32(means, means);
        let bytes = _mm256_packus_epi16(words, words);
        out[..4].copy_from_slice(&_mm256_extract_epi32::<0>(bytes).to_le_bytes());
        out[4..].copy_from_slice(&_mm256_extract_epi32::<4>(bytes).to_le_bytes());
        done += GROUP;
    }
    done
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn reach_avx2(group: &Group, line: &[u8], sum_min: u32) -> Option<u8> {
    let below = _mm256_set1_epi32(sum_min.cast_signed() - 1);
    let reaches = _mm256_cmpgt_epi32(sums(group, line)?, below);
    let mask = _mm256_movemask_ps(_mm256_castsi256_ps(reaches));
    Some((mask as u8).reverse_bits())
}

/// The sums of a group; `None` where the line ends before it.
#[inline]
#[target_feature(enable = "avx2")]
fn sums(group: &Group, line: &[u8]) -> Option<__m256i> {
    let [left, right] = group.first.map(|first| first as usize);
    let left = line.get(left..)?.first_chunk::<REACH>()?;
    let right = line.get(right..)?.first_chunk::<REACH>()?;
    // SAFETY: each load is of as many bytes as the array that it reads has.
    let (levels, places, near, far) = unsafe {
        (
            _mm256_set_m128i(
                _mm_loadu_si128(right.as_ptr().cast()),
                _mm_loadu_si128(left.as_ptr().cast()),
            ),
            _mm256_loadu_si256(group.places.as_ptr().cast()),
            _mm256_loadu_si256(group.near.as_ptr().cast()),
            _mm256_loadu_si256(group.far.as_ptr().cast()),
        )
    };
    let further = _mm256_add_epi8(places, _mm256_set1_epi8(2));
    let near = _mm256_madd_epi16(_mm256_shuffle_epi8(levels, places), near);
    let far = _mm256_madd_epi16(_mm256_shuffle_epi8(levels, further), far);
    Some(_mm256_add_epi32(near, far))
}
