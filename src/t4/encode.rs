//! Bitmap to MH, MR or MMR.

use super::path::Path;
use super::row_coder::RowCoder;
use super::{BitOrder, Bitmap, Coding, Eol, RowAlign};

/// What the coded page looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// MH, MR or MMR.
    pub coding: Coding,
    /// The order of bits in a byte.
    pub bit_order: BitOrder,
    /// End-of-line codes; MMR has none.
    pub eol: Eol,
    /// Whether a row may begin inside a byte.
    pub row_align: RowAlign,
    /// Whether the page ends with RTC (T.4 §4.1.4) or EOFB (T.6 §2.4.1.1).
    pub end_of_block: bool,
}

impl EncodeOptions {
    /// MMR as TIFF compression 4 holds it: EOFB at the end.
    pub const fn mmr() -> Self {
        Self {
            coding: Coding::Mmr,
            eol: Eol::None,
            end_of_block: true,
            ..Self::mh()
        }
    }

    /// MH as TIFF compression 3 holds it: every row after an end-of-line code, no RTC.
    pub const fn mh() -> Self {
        Self {
            coding: Coding::Mh,
            bit_order: BitOrder::MsbFirst,
            eol: Eol::Bits,
            row_align: RowAlign::Packed,
            end_of_block: false,
        }
    }

    /// MR as TIFF compression 3 holds it: every row after an end-of-line code and tag, no RTC.
    pub const fn mr(k: u32) -> Self {
        Self {
            coding: Coding::Mr { k },
            ..Self::mh()
        }
    }

    /// MH as TIFF compression 2 holds it: no end-of-line codes, every row on whole bytes.
    pub const fn mh_byte_aligned() -> Self {
        Self {
            eol: Eol::None,
            row_align: RowAlign::Byte,
            ..Self::mh()
        }
    }
}

/// Codes a whole page.
pub fn encode(bitmap: &Bitmap, options: &EncodeOptions) -> Vec<u8> {
    encode_on(Path::best(), bitmap, options)
}

/// As [`encode`], on a path of one's choice.
#[doc(hidden)]
pub fn encode_on(path: Path, bitmap: &Bitmap, options: &EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::on(path, bitmap.width(), *options);
    encoder.rows.add(&encoder.row_above, bitmap.as_bytes());
    encoder.finish()
}

/// Codes a page row by row.
#[derive(Clone, Debug)]
pub struct Encoder {
    width: u32,
    rows: RowCoder,
    row: Vec<u8>,
    row_above: Vec<u8>,
}

impl Encoder {
    /// An encoder for rows of `width` pixels.
    ///
    /// # Panics
    ///
    /// If `width` is zero.
    pub fn new(width: u32, options: EncodeOptions) -> Self {
        Self::on(Path::best(), width, options)
    }

    /// As [`Self::new`], on a path of one's choice.
    #[doc(hidden)]
    pub fn on(path: Path, width: u32, options: EncodeOptions) -> Self {
        assert!(width > 0, "a page has at least one column");
        let stride = width.div_ceil(8) as usize;
        Self {
            width,
            rows: RowCoder::on(path, width, options),
            row: vec![0; stride],
            row_above: vec![0; stride],
        }
    }

    /// Adds one packed row; bits beyond the width are ignored, missing bytes are white.
    pub fn push_row(&mut self, row: &[u8]) {
        let taken = row.len().min(self.row.len());
        self.row[..taken].copy_from_slice(&row[..taken]);
        self.row[taken..].fill(0);
        if !self.width.is_multiple_of(8)
            && let Some(last) = self.row.last_mut()
        {
            *last &= !(0xFF >> (self.width % 8));
        }
        self.rows.add(&self.row_above, &self.row);
        std::mem::swap(&mut self.row, &mut self.row_above);
    }

    /// Ends the page and returns its bytes.
    pub fn finish(self) -> Vec<u8> {
        self.rows.finish()
    }
}
