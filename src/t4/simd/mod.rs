//! Rows through vector instructions: the room's only files with `unsafe`.
#![allow(unsafe_code)]
#![allow(
    clippy::cast_ptr_alignment,
    reason = "vectors are loaded and stored where they are, by instructions for that"
)]

mod bands;
mod batch;
mod dense_rows;
mod differences;
mod elements;
mod late_rows;
mod one_dimensional;
mod own_rows;
mod pack;
mod paint;
mod run_codes;
mod runs;
mod symbols;
mod two_dimensional;
mod vector_rows;
mod words;

pub(super) use batch::Batch;
pub(super) use own_rows::OwnRows;
pub(super) use vector_rows::VectorRows;

/// The matrix that reverses the bits of a byte in GFNI's affine product.
const MIRROR: i64 = 0x8040_2010_0804_0201_u64 as i64;
