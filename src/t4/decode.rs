//! MH, MR or MMR to bitmap, and how much of it can be believed.

use super::bits::BitReader;
use super::path::Path;
use super::row_decoder::RowDecoder;
use super::{BitOrder, Bitmap, Coding, RowAlign, T4Error, group3, group4};
use crate::limits::Limits;

/// What is known about a coded page before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeOptions {
    /// MH, MR (whose `k` does not matter here) or MMR.
    pub coding: Coding,
    /// The order of bits in a byte.
    pub bit_order: BitOrder,
    /// Whether rows begin on whole bytes.
    pub row_align: RowAlign,
    /// Pixels in a row, 1 to 65535.
    pub width: u32,
    /// Number of rows, where the container tells it; decoding stops after them.
    pub rows: Option<u32>,
    /// Most rows accepted.
    pub rows_max: u32,
    /// Most bytes of pixels accepted.
    pub bytes_max: usize,
}

impl DecodeOptions {
    /// A page of unknown length, most significant bit first, bounded by the default [`Limits`].
    pub fn new(coding: Coding, width: u32) -> Self {
        let limits = Limits::default();
        Self {
            coding,
            bit_order: BitOrder::MsbFirst,
            row_align: RowAlign::Packed,
            width,
            rows: None,
            rows_max: limits.page_rows_max,
            bytes_max: usize::try_from(limits.image_pixels_max / 8).unwrap_or(usize::MAX),
        }
    }
}

/// A decoded page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The rows that were found; rows that could not be decoded repeat the last good one.
    pub bitmap: Bitmap,
    /// What was wrong.
    pub damage: Damage,
    /// Why decoding stopped.
    pub end: End,
    /// Bytes used of the data, end code included when there was one.
    pub bytes_read: usize,
}

/// Rows that could not be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// How many rows repeat the row above because their own code was broken.
    pub bad_rows: u32,
    /// The longest run of such rows, which T.30 and its users judge a page by.
    pub longest_bad_run: u32,
}

/// Why decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// RTC or EOFB.
    EndOfBlock,
    /// The number of rows asked for was reached.
    RowCount,
    /// The data ended after a whole row, and no number of rows was asked for.
    EndOfData,
    /// The data ended inside a row or before the number of rows asked for.
    Truncated,
    /// A broken code after which nothing more can be told: MMR and MH without end-of-line codes.
    Damaged,
}

/// Decodes one page.
///
/// Damage does not make it fail: MH starts again at the next end-of-line code, MR at the next row
/// that stands by itself, and both keep the row count by repeating the last good row; MMR stops.
pub fn decode(data: &[u8], options: &DecodeOptions) -> Result<Decoded, T4Error> {
    decode_on(Path::best(), data, options)
}

/// As [`decode`], on a path of one's choice.
#[doc(hidden)]
pub fn decode_on(path: Path, data: &[u8], options: &DecodeOptions) -> Result<Decoded, T4Error> {
    if options.width == 0 || options.width > 65535 {
        return Err(T4Error::Width {
            width: options.width,
        });
    }
    let reversed: Vec<u8>;
    let mut bits = match options.bit_order {
        BitOrder::LsbFirst => {
            reversed = data.iter().map(|byte| byte.reverse_bits()).collect();
            BitReader::new(&reversed)
        }
        BitOrder::MsbFirst => BitReader::new(data),
    };
    let mut rows = RowDecoder::on(path, options.width);
    let mut page = Page::new(options);
    let end = match options.coding {
        Coding::Mh | Coding::Mr { .. } => {
            group3::decode_page(&mut bits, options, &mut rows, &mut page)?
        }
        Coding::Mmr => group4::decode_page(&mut bits, options, &mut rows, &mut page)?,
    };
    Ok(Decoded {
        bitmap: Bitmap::from_packed(options.width, page.bytes),
        damage: page.damage,
        end,
        bytes_read: bits.bytes_read(),
    })
}

/// The rows decoded so far, within their limits.
pub(super) struct Page {
    bytes: Vec<u8>,
    stride: usize,
    rows: u32,
    rows_wanted: u32,
    rows_max: u32,
    bytes_max: usize,
    damage: Damage,
    bad_run: u32,
}

/// Most bytes that a container's word for the number of rows is believed for in advance.
const EXPECTED_MAX: usize = 1 << 20;

/// Bytes that may be written beyond a row while it is painted.
pub(super) const PAINT_SPILL: usize = 256;

impl Page {
    fn new(options: &DecodeOptions) -> Self {
        let stride = options.width.div_ceil(8) as usize;
        let bytes_expected = options.rows.unwrap_or(0) as usize * stride;
        Self {
            bytes: Vec::with_capacity(
                bytes_expected.min(options.bytes_max).min(EXPECTED_MAX) + PAINT_SPILL,
            ),
            stride,
            rows: 0,
            rows_wanted: options.rows.unwrap_or(u32::MAX),
            rows_max: options.rows_max,
            bytes_max: options.bytes_max,
            damage: Damage::default(),
            bad_run: 0,
        }
    }

    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// Whether the number of rows asked for is there.
    pub(super) fn is_complete(&self) -> bool {
        self.rows >= self.rows_wanted
    }

    /// Rows that may be added before the number asked for or a limit is reached.
    pub(super) fn room(&self) -> u32 {
        let bytes_left = self.bytes_max.saturating_sub(self.bytes.len());
        let rows_left = self
            .rows_max
            .min(self.rows_wanted)
            .saturating_sub(self.rows);
        rows_left.min(u32::try_from(bytes_left / self.stride).unwrap_or(u32::MAX))
    }

    /// Takes one more good row where there is room.
    #[inline]
    pub(super) fn push_painted(&mut self, paint: impl FnOnce(&mut Vec<u8>)) {
        paint(&mut self.bytes);
        self.rows += 1;
        self.bad_run = 0;
    }

    /// Adds good rows that equal the one above, where there is room.
    pub(super) fn push_repeats(&mut self, count: u32, is_white: bool) {
        if is_white {
            let length = self.bytes.len() + count as usize * self.stride;
            self.bytes.resize(length, 0);
        } else {
            for _ in 0..count {
                self.repeat_row();
            }
        }
        self.rows += count;
        self.bad_run = 0;
    }

    /// Adds the good row in hand.
    pub(super) fn push(&mut self, rows: &RowDecoder) -> Result<(), T4Error> {
        self.reserve_row()?;
        let start = self.bytes.len();
        self.bytes.resize(start + self.stride, 0);
        rows.paint(&mut self.bytes[start..]);
        self.bad_run = 0;
        Ok(())
    }

    /// Adds a good row that equals the one above, which at the top is white.
    pub(super) fn push_same(&mut self) -> Result<(), T4Error> {
        self.reserve_row()?;
        self.repeat_row();
        self.bad_run = 0;
        Ok(())
    }

    /// Adds a copy of the last good row for one that could not be decoded.
    pub(super) fn push_bad(&mut self) -> Result<(), T4Error> {
        self.reserve_row()?;
        self.repeat_row();
        self.count_bad();
        Ok(())
    }

    /// Counts a row that could not be decoded and is left out.
    pub(super) fn count_bad(&mut self) {
        self.bad_run += 1;
        self.damage.bad_rows += 1;
        self.damage.longest_bad_run = self.damage.longest_bad_run.max(self.bad_run);
    }

    fn reserve_row(&mut self) -> Result<(), T4Error> {
        if self.rows >= self.rows_max {
            return Err(T4Error::TooManyRows {
                rows_max: self.rows_max,
            });
        }
        if self.bytes.len() + self.stride > self.bytes_max {
            return Err(T4Error::TooLarge {
                bytes_max: self.bytes_max,
            });
        }
        self.rows += 1;
        Ok(())
    }

    fn repeat_row(&mut self) {
        match self.bytes.len().checked_sub(self.stride) {
            Some(start) => self.bytes.extend_from_within(start..),
            None => self.bytes.resize(self.stride, 0),
        }
    }
}
