//! Sums of lines and counts of black by vector instructions: the room's only files with `unsafe`.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod counts;
#[cfg(target_arch = "x86_64")]
mod sums;

use super::line_sums::Group;
use crate::convert::binarize::{Instructions, Level};

/// Whether there are vectors for groups.
pub(super) fn has_group_sums(instructions: Instructions) -> bool {
    instructions.0 != Level::Portable
}

/// Weighted means of a line for each of the groups; returns the pixels that were done.
pub(super) fn means(
    instructions: Instructions,
    groups: &[Group],
    line: &[u8],
    row: &mut [u8],
) -> usize {
    match instructions.0 {
        Level::Portable => 0,
        // SAFETY: the level exists only where the machine was seen to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { sums::means_avx2(groups, line, row) },
    }
}

/// Which pixels of a group reach a sum, the leftmost one highest.
#[inline]
pub(super) fn reach(
    instructions: Instructions,
    group: &Group,
    line: &[u8],
    sum_min: u32,
) -> Option<u8> {
    match instructions.0 {
        Level::Portable => None,
        // SAFETY: the level exists only where the machine was seen to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { sums::reach_avx2(group, line, sum_min) },
    }
}

/// For each of a row's 64 pixels the sum of the weights of those words in which it is black, which
/// is below 256. Says whether that was done.
#[inline]
pub(super) fn count_black(
    instructions: Instructions,
    words: &[[u8; 8]],
    weights: &[u16],
    black: &mut [u8; 64],
) -> bool {
    match instructions.0 {
        Level::Portable => false,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => {
            // SAFETY: the level exists only where the machine was seen to have its instructions.
            unsafe { counts::black_avx2(words, weights, black) };
            true
        }
    }
}
