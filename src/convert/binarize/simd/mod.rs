//! Work on rows by vector instructions: the room's only files with `unsafe`.
//!
//! Most kernels are plain Rust that the compiler turns into vectors; [`run`] compiles each once
//! for every set of instructions. Only packing bits is written out ([`pack`]).
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod look;
#[cfg(target_arch = "x86_64")]
mod pack;

use super::instructions::{Instructions, Level};
use super::look::CellRow;

/// Work that is compiled for each set of instructions.
pub(in crate::convert) trait Kernel {
    /// Does the work. To be `#[inline(always)]`, like all it calls, or the compiler uses what the
    /// target has at least.
    fn run(self);
}

/// Does a kernel's work with the given instructions.
pub(in crate::convert) fn run(instructions: Instructions, kernel: impl Kernel) {
    match instructions.0 {
        Level::Portable => kernel.run(),
        // SAFETY: the level exists only where the machine was seen to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { run_avx2(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { run_avx512(kernel) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2(kernel: impl Kernel) {
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512(kernel: impl Kernel) {
    kernel.run();
}

/// Packs whole groups of eight pixels, black where the level lies below the threshold: as many as
/// the instructions take at a time. Returns the pixels packed, a multiple of eight.
pub(super) fn pack_below(
    instructions: Instructions,
    levels: &[u8],
    thresholds: &[u8],
    packed: &mut [u8],
) -> usize {
    match instructions.0 {
        Level::Portable => 0,
        // SAFETY: the level exists only where the machine was seen to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { pack::below_avx2(levels, thresholds, packed) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { pack::below_avx512(levels, thresholds, packed) },
    }
}

/// Looks at cells of a row from the first on, as many as the instructions take at a time. Returns
/// how many cells were looked at.
pub(super) fn look_at(instructions: Instructions, cells: &mut CellRow<'_>) -> usize {
    match instructions.0 {
        Level::Portable => 0,
        // SAFETY: the level exists only where the machine was seen to have its instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { look::at_avx2(cells) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { look::at_avx512(cells) },
    }
}
