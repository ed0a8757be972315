//! Rows through vector instructions: the room's only files with `unsafe`.
#![allow(unsafe_code)]

mod batch;
mod decoder;
mod differences;
mod elements;
mod fast_rows;
mod lookup;
mod paint;
mod put;
mod runs;
mod window;

pub(super) use batch::{Batch, Content};
pub(super) use fast_rows::FastRows;

/// Widest row taken: places and their differences stay within 16 bits with a sign.
pub(super) const WIDTH_MAX: u32 = 16_384;
