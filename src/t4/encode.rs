//! Bitmap to MH, MR or MMR.

use super::bits::BitWriter;
use super::codes::EOL;
use super::path::Path;
use super::row_coder::RowCoder;
#[cfg(target_arch = "x86_64")]
use super::simd::Content;
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
    let mut y = 0;
    while y < bitmap.rows() {
        let same = encoder.rows_like_above(bitmap, y);
        if same == 0 {
            encoder.add_changed(bitmap.row(y));
        } else {
            encoder.add_same(same);
        }
        y += same.max(1);
    }
    encoder.finish()
}

/// Codes a page row by row.
#[derive(Clone, Debug)]
pub struct Encoder {
    options: EncodeOptions,
    width: u32,
    bits: BitWriter,
    rows: RowCoder,
    row: Vec<u8>,
    row_above: Vec<u8>,
    /// Rows that may still be coded two-dimensionally before one must stand by itself (MR).
    rows_2d_left: u32,
}

/// What goes before a row's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// MMR, where a row begins without more.
    Bare,
    /// MH, where end-of-line codes bear no tag.
    Mh,
    /// MR: by itself or by differences.
    Mr { is_1d: bool },
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
            options,
            width,
            bits: BitWriter::default(),
            rows: RowCoder::on(path, width),
            row: vec![0; stride],
            row_above: vec![0; stride],
            rows_2d_left: 0,
        }
    }

    /// Adds one packed row; bits beyond the width are ignored, missing bytes are white.
    pub fn push_row(&mut self, row: &[u8]) {
        self.take_row(row);
        if self.row == self.row_above {
            self.add_same(1);
        } else {
            let row = std::mem::take(&mut self.row);
            self.add_changed(&row);
            self.row = std::mem::replace(&mut self.row_above, row);
        }
    }

    /// Ends the page and returns its bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.put_waiting();
        if self.options.end_of_block {
            align(&mut self.bits, &self.options);
            let (tag, count) = match self.options.coding {
                Coding::Mh => (None, 6),
                Coding::Mr { .. } => (Some(true), 6),
                Coding::Mmr => (None, 2),
            };
            for _ in 0..count {
                put_eol(&mut self.bits, tag);
            }
        }
        self.bits.finish(self.options.bit_order)
    }

    /// How many rows of the page from `y` on are each the row above once more.
    fn rows_like_above(&self, bitmap: &Bitmap, y: u32) -> u32 {
        let stride = bitmap.stride();
        let rest = bitmap.rows() - y;
        if y == 0 {
            return u32::from(bitmap.row(0) == self.row_above);
        }
        let from = &bitmap.as_bytes()[(y as usize - 1) * stride..];
        let mut same = 0;
        let mut step = 1;
        while same < rest {
            step = step.min(rest - same);
            let start = same as usize * stride;
            let end = start + step as usize * stride;
            if from[start..end] == from[start + stride..end + stride] {
                same += step;
                step = (2 * step).min(ROWS_COMPARED_MAX);
            } else if step == 1 {
                break;
            } else {
                step /= 2;
            }
        }
        same
    }

    fn take_row(&mut self, row: &[u8]) {
        let taken = row.len().min(self.row.len());
        self.row[..taken].copy_from_slice(&row[..taken]);
        self.row[taken..].fill(0);
        if !self.width.is_multiple_of(8)
            && let Some(last) = self.row.last_mut()
        {
            *last &= !(0xFF >> (self.width % 8));
        }
    }

    /// Adds rows that equal the one above.
    fn add_same(&mut self, count: u32) {
        let are_alike_in_bits =
            self.options.coding == Coding::Mmr && self.options.row_align == RowAlign::Packed;
        if are_alike_in_bits {
            self.open_row(Announced::Bare);
            self.rows.put_same_2d(&mut self.bits, count as usize);
            return self.put_if_full();
        }
        for _ in 0..count {
            let announced = self.announce_next();
            self.open_row(announced);
            if announced.is_1d() {
                self.rows.put_1d(&mut self.bits, None);
            } else {
                self.rows.put_same_2d(&mut self.bits, 1);
            }
            self.put_if_full();
        }
    }

    /// Adds a row that differs from the one above; bits beyond its width are zero.
    fn add_changed(&mut self, row: &[u8]) {
        let announced = self.announce_next();
        self.open_row(announced);
        if announced.is_1d() {
            self.rows.put_1d(&mut self.bits, Some(row));
        } else {
            self.rows.put_2d(&mut self.bits, row, self.width);
        }
        self.put_if_full();
    }

    /// How the next row is coded.
    fn announce_next(&mut self) -> Announced {
        match self.options.coding {
            Coding::Mh => Announced::Mh,
            Coding::Mr { k } => {
                let is_1d = self.rows_2d_left == 0;
                self.rows_2d_left = if is_1d { k.max(1) } else { self.rows_2d_left } - 1;
                Announced::Mr { is_1d }
            }
            Coding::Mmr => Announced::Bare,
        }
    }

    /// Puts what goes before a row, now or when the row's turn comes.
    fn open_row(&mut self, row: Announced) {
        match &mut self.rows {
            RowCoder::Portable { .. } => open_row(&mut self.bits, &self.options, row),
            #[cfg(target_arch = "x86_64")]
            RowCoder::Batch { announced, .. } => announced.push(row),
        }
    }

    fn put_if_full(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if let RowCoder::Batch { batch, .. } = &self.rows
            && batch.is_full()
        {
            self.put_waiting();
        }
    }

    fn put_waiting(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if let RowCoder::Batch { batch, announced } = &mut self.rows {
            let mut rows = announced.drain(..);
            batch.take(|content| {
                if let Some(row) = rows.next() {
                    open_row(&mut self.bits, &self.options, row);
                }
                match content {
                    Content::Ones(count) => self.bits.put_ones(count),
                    Content::Bits(bytes, len) => self.bits.append(bytes, len),
                }
            });
        }
    }
}

/// Most rows that are compared with those above at once.
const ROWS_COMPARED_MAX: u32 = 64;

impl Announced {
    fn is_1d(self) -> bool {
        matches!(self, Self::Mh | Self::Mr { is_1d: true })
    }
}

fn align(bits: &mut BitWriter, options: &EncodeOptions) {
    if options.row_align == RowAlign::Byte {
        bits.pad_to(0);
    }
}

/// Fill and an end-of-line code with the tag bit of MR, 1 when the row stands by itself.
fn open_row(bits: &mut BitWriter, options: &EncodeOptions, row: Announced) {
    align(bits, options);
    let tag = match row {
        Announced::Bare => return,
        Announced::Mh if options.eol == Eol::None => return,
        Announced::Mh => None,
        Announced::Mr { is_1d } => Some(is_1d),
    };
    if options.eol == Eol::ByteAligned {
        bits.pad_to(4);
    }
    put_eol(bits, tag);
}

fn put_eol(bits: &mut BitWriter, tag: Option<bool>) {
    bits.put(u64::from(EOL.bits), u32::from(EOL.len));
    if let Some(is_1d) = tag {
        bits.put(u64::from(is_1d), 1);
    }
}
