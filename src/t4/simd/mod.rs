//! Rows through vector instructions: the room's only files with `unsafe`.
#![allow(unsafe_code)]

mod batch;
mod differences;
mod elements;
mod put;
mod runs;

pub(super) use batch::{Batch, Content};

/// Widest row taken: places and their differences stay within 16 bits with a sign.
pub(super) const WIDTH_MAX: u32 = 16_384;
