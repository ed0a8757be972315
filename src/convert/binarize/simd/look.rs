//! The first look at a row of cells, as many side by side as a register has.

use std::arch::x86_64::{
    __m256i, __m512i, _mm_cvtsi128_si64, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_extract_epi64,
    _mm256_max_epu8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_setr_epi64x,
    _mm256_shuffle_epi8, _mm256_srli_epi64, _mm512_and_si512, _mm512_cmpeq_epi8_mask,
    _mm512_cmplt_epu8_mask, _mm512_cvtepi64_epi8, _mm512_max_epu8, _mm512_min_epu8,
    _mm512_set1_epi8, _mm512_setr_epi64, _mm512_shuffle_epi8, _mm512_srli_epi64,
};

use super::super::look::CellRow;
use super::pack::{TURNED, load256, load512};

/// Looks at whole groups of four cells; returns how many cells were looked at.
#[target_feature(enable = "avx2")]
pub(super) fn at_avx2(cells: &mut CellRow<'_>) -> usize {
    let white = _mm256_set1_epi8(-1);
    let threshold = _mm256_set1_epi8(cells.threshold.cast_signed());
    let turned = _mm256_setr_epi64x(TURNED[0], TURNED[1], TURNED[0], TURNED[1]);
    let columns = cells.darkest.len();
    let mut lines = cells.lines.map(|line| line.as_chunks::<32>().0);
    let (darkest, _) = cells.darkest.as_chunks_mut::<4>();
    let (lightest, _) = cells.lightest.as_chunks_mut::<4>();
    let groups = lines[0].len().min(darkest.len());
    for line in &mut lines {
        *line = &line[..groups];
    }
    for group in 0..groups {
        let mut levels = [white; 8];
        let mut both = white;
        for (levels, line) in levels.iter_mut().zip(lines) {
            *levels = load256(&line[group]);
            both = _mm256_and_si256(both, *levels);
        }
        if _mm256_movemask_epi8(_mm256_cmpeq_epi8(both, white)) == -1 {
            continue;
        }
        let [mut low, mut high] = [levels[0]; 2];
        for levels in &levels[1..] {
            low = _mm256_min_epu8(low, *levels);
            high = _mm256_max_epu8(high, *levels);
        }
        // What is shifted in meets only bytes that are not looked at in the end.
        low = _mm256_min_epu8(low, _mm256_srli_epi64::<32>(low));
        low = _mm256_min_epu8(low, _mm256_srli_epi64::<16>(low));
        low = _mm256_min_epu8(low, _mm256_srli_epi64::<8>(low));
        high = _mm256_max_epu8(high, _mm256_srli_epi64::<32>(high));
        high = _mm256_max_epu8(high, _mm256_srli_epi64::<16>(high));
        high = _mm256_max_epu8(high, _mm256_srli_epi64::<8>(high));
        darkest[group] = lowest_bytes(low);
        lightest[group] = lowest_bytes(high);
        for (levels, row) in levels.iter().zip(cells.packed.chunks_exact_mut(columns)) {
            let not_below = _mm256_cmpeq_epi8(_mm256_max_epu8(*levels, threshold), *levels);
            let mask = !_mm256_movemask_epi8(_mm256_shuffle_epi8(not_below, turned));
            row[group * 4..][..4].copy_from_slice(&mask.to_le_bytes());
        }
    }
    groups * 4
}

/// The lowest byte of each word.
#[inline]
#[target_feature(enable = "avx2")]
fn lowest_bytes(words: __m256i) -> [u8; 4] {
    [
        _mm256_extract_epi64::<0>(words) as u8,
        _mm256_extract_epi64::<1>(words) as u8,
        _mm256_extract_epi64::<2>(words) as u8,
        _mm256_extract_epi64::<3>(words) as u8,
    ]
}

/// Looks at whole groups of eight cells; returns how many cells were looked at.
#[target_feature(enable = "avx2,avx512f,avx512bw")]
pub(super) fn at_avx512(cells: &mut CellRow<'_>) -> usize {
    let white = _mm512_set1_epi8(-1);
    let threshold = _mm512_set1_epi8(cells.threshold.cast_signed());
    let turned = _mm512_setr_epi64(
        TURNED[0], TURNED[1], TURNED[0], TURNED[1], TURNED[0], TURNED[1], TURNED[0], TURNED[1],
    );
    let columns = cells.darkest.len();
    let mut lines = cells.lines.map(|line| line.as_chunks::<64>().0);
    let (darkest, _) = cells.darkest.as_chunks_mut::<8>();
    let (lightest, _) = cells.lightest.as_chunks_mut::<8>();
    let groups = lines[0].len().min(darkest.len());
    for line in &mut lines {
        *line = &line[..groups];
    }
    for group in 0..groups {
        let mut levels = [white; 8];
        let mut both = white;
        for (levels, line) in levels.iter_mut().zip(lines) {
            *levels = load512(&line[group]);
            both = _mm512_and_si512(both, *levels);
        }
        if _mm512_cmpeq_epi8_mask(both, white) == u64::MAX {
            continue;
        }
        let [mut low, mut high] = [levels[0]; 2];
        for levels in &levels[1..] {
            low = _mm512_min_epu8(low, *levels);
            high = _mm512_max_epu8(high, *levels);
        }
        // What is shifted in meets only bytes that are not looked at in the end.
        low = _mm512_min_epu8(low, _mm512_srli_epi64::<32>(low));
        low = _mm512_min_epu8(low, _mm512_srli_epi64::<16>(low));
        low = _mm512_min_epu8(low, _mm512_srli_epi64::<8>(low));
        high = _mm512_max_epu8(high, _mm512_srli_epi64::<32>(high));
        high = _mm512_max_epu8(high, _mm512_srli_epi64::<16>(high));
        high = _mm512_max_epu8(high, _mm512_srli_epi64::<8>(high));
        darkest[group] = lowest_bytes_512(low);
        lightest[group] = lowest_bytes_512(high);
        for (levels, row) in levels.iter().zip(cells.packed.chunks_exact_mut(columns)) {
            let mask = _mm512_cmplt_epu8_mask(_mm512_shuffle_epi8(*levels, turned), threshold);
            row[group * 8..][..8].copy_from_slice(&mask.to_le_bytes());
        }
    }
    groups * 8
}

/// The lowest byte of each word.
#[inline]
#[target_feature(enable = "avx512f")]
fn lowest_bytes_512(words: __m512i) -> [u8; 8] {
    _mm_cvtsi128_si64(_mm512_cvtepi64_epi8(words)).to_le_bytes()
}
