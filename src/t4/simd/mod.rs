//! Rows through vector instructions: the room's only files with `unsafe`.
#![allow(unsafe_code)]
#![allow(
    clippy::inline_always,
    reason = "helpers take on the instructions of the functions they are part of"
)]
#![allow(
    clippy::cast_ptr_alignment,
    reason = "vectors are loaded and stored where they are, by instructions for that"
)]

mod bands;
mod batch;
mod decoder;
mod differences;
mod elements;
mod fast_rows;
mod lookup;
mod pack;
mod paint;
mod runs;
mod symbols;
mod window;
mod words;

pub(super) use batch::Batch;
pub(super) use fast_rows::FastRows;

/// Widest row taken: places and their differences stay within 16 bits with a sign.
pub(super) const WIDTH_MAX: u32 = 16_384;

/// The matrix that reverses the bits of a byte in GFNI's affine product.
const MIRROR: i64 = 0x8040_2010_0804_0201_u64 as i64;
