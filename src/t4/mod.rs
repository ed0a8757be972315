//! Group 3 and Group 4 facsimile coding: MH, MR and MMR (ITU-T T.4 and T.6), pure bytes in and out.

#![allow(
    clippy::inline_always,
    reason = "what is part of a loop takes on its instructions and keeps its state in registers"
)]

mod bitmap;
mod bits;
mod codes;
mod decode;
mod encode;
mod error;
mod fast_rows;
mod group3;
mod group4;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "parts are for vectors")
)]
mod lookup;
mod path;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "parts are for vectors")
)]
mod places;
mod portable_rows;
mod row_coder;
mod row_codes;
mod row_decoder;
mod runs;
mod schedule;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "parts are for vectors")
)]
mod window;

pub use bitmap::Bitmap;
#[doc(hidden)]
pub use decode::decode_on;
pub use decode::{Damage, DecodeOptions, Decoded, End, decode};
#[doc(hidden)]
pub use encode::encode_on;
pub use encode::{EncodeOptions, Encoder, encode};
pub use error::T4Error;
#[doc(hidden)]
pub use path::Path;

/// How rows become bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Modified Huffman: every row by itself (T.4 §4.1).
    Mh,
    /// Modified READ: a row coded by itself, then up to `k - 1` rows by their difference from the
    /// row above (T.4 §4.2). T.4 uses 2 at standard and 4 at finer vertical density.
    Mr {
        /// Rows from one that stands by itself to the next; 0 is taken as 1.
        k: u32,
    },
    /// Modified modified READ: every row by its difference from the row above (T.6).
    Mmr,
}

/// Which bit of a byte is the first on the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BitOrder {
    /// The most significant: TIFF `FillOrder` 1.
    #[default]
    MsbFirst,
    /// The least significant: TIFF `FillOrder` 2, and the order of modems.
    LsbFirst,
}

/// Whether a T.4 row is announced by an end-of-line code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Eol {
    /// No code. MR needs one to carry its tag bit and takes this as [`Eol::Bits`].
    None,
    /// A code, wherever it falls.
    Bits,
    /// A code after as many fill bits as let it end on a byte.
    ByteAligned,
}

/// Where a coded row may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RowAlign {
    /// At the bit after the row before.
    #[default]
    Packed,
    /// At the next whole byte, as in TIFF compression 2.
    Byte,
}
