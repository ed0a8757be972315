//! The pixels of bilevel TIFF images: plain bits and the CCITT codings, strip by strip.

use std::io::{Read, Seek};

use crate::convert::ConvertError;
use crate::convert::error::{IMAGE_BYTES, IMAGE_PIXELS, IMAGE_ROW_PIXELS, IMAGE_ROWS};
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};
use crate::convert::tiff_strips::strips;
use crate::t4::{
    BitOrder, Bitmap, Coding, Damage, DecodeOptions, Decoded, End, RowAlign, T4Error, decode,
};

/// How large an image may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) rows_max: u32,
    pub(super) pixels_max: u64,
}

/// The pixels of one image.
pub(super) struct Bilevel {
    pub(super) bitmap: Bitmap,
    pub(super) damage: Damage,
    /// `None` when the bits are stored plainly.
    pub(super) coding: Option<Coding>,
}

/// Whether [`read_bilevel`] reads images of this kind.
pub(super) fn is_bilevel<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
) -> Result<bool, ConvertError> {
    let compression = file.number(directory, tag::COMPRESSION)?.unwrap_or(1);
    let is_ccitt = matches!(compression, 2..=4);
    let default_photometric = if is_ccitt { 0 } else { u64::MAX };
    let photometric = file
        .number(directory, tag::PHOTOMETRIC)?
        .unwrap_or(default_photometric);
    Ok((is_ccitt || compression == 1)
        && matches!(photometric, 0 | 1)
        && file.number(directory, tag::BITS_PER_SAMPLE)?.unwrap_or(1) == 1
        && file.number(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1) == 1
        && !directory.has(tag::TILE_WIDTH))
}

/// Reads an image that [`is_bilevel`] is true of.
pub(super) fn read_bilevel<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    bounds: Bounds,
) -> Result<Bilevel, ConvertError> {
    let layout = Layout::read(file, directory, bounds)?;
    let mut bytes = Vec::new();
    let mut damage = Damage::default();
    let mut rows_left = layout.rows;
    for (offset, len) in &layout.strips {
        let data = file.bytes_at(*offset, *len)?;
        let rows = rows_left.map(|left| left.min(layout.rows_per_strip));
        let strip = match layout.coding {
            None => plain_strip(&data, &layout, rows.unwrap_or(0))?,
            Some(coding) => {
                let decoded = coded_strip(&data, &layout, coding, rows, bounds)?;
                damage.bad_rows += decoded.damage.bad_rows;
                damage.longest_bad_run = damage.longest_bad_run.max(decoded.damage.longest_bad_run);
                decoded.bitmap.as_bytes().to_vec()
            }
        };
        bytes.extend_from_slice(&strip);
        rows_left = rows_left.map(|left| left.saturating_sub(layout.rows_per_strip));
    }
    if damage.bad_rows > 0 && layout.may_be_uncompressed_mode {
        return Err(ConvertError::Unsupported {
            what: "uncompressed mode of T.4".to_owned(),
        });
    }
    if bytes.is_empty() {
        return Err(invalid("an image has no rows"));
    }
    if layout.is_min_black {
        for byte in &mut bytes {
            *byte = !*byte;
        }
    }
    let bitmap = Bitmap::from_packed(layout.width, bytes);
    Ok(Bilevel {
        bitmap,
        damage,
        coding: layout.coding,
    })
}

/// Where the pixels lie and how they are stored.
struct Layout {
    width: u32,
    /// `None` when the file does not tell, which a single coded strip may.
    rows: Option<u32>,
    rows_per_strip: u32,
    /// Offset and length of each strip.
    strips: Vec<(u64, u64)>,
    coding: Option<Coding>,
    row_align: RowAlign,
    bit_order: BitOrder,
    is_min_black: bool,
    may_be_uncompressed_mode: bool,
}

impl Layout {
    fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
        bounds: Bounds,
    ) -> Result<Self, ConvertError> {
        let width = file.number(directory, tag::IMAGE_WIDTH)?.unwrap_or(0);
        let rows = file.number(directory, tag::IMAGE_LENGTH)?.unwrap_or(0);
        check_size(width, rows, bounds)?;
        let (width, rows) = (width as u32, rows as u32);
        let compression = file.number(directory, tag::COMPRESSION)?.unwrap_or(1);
        let t4_options = file.number(directory, tag::T4_OPTIONS)?.unwrap_or(0);
        let coding = match compression {
            2 => Some(Coding::Mh),
            3 if t4_options & 1 == 0 => Some(Coding::Mh),
            3 => Some(Coding::Mr { k: 4 }),
            4 => Some(Coding::Mmr),
            _ => None,
        };
        if rows == 0 && coding.is_none() {
            return Err(invalid("an image does not tell its length"));
        }
        let rows_per_strip = file
            .number(directory, tag::ROWS_PER_STRIP)?
            .and_then(|rows| u32::try_from(rows).ok())
            .filter(|rows| *rows > 0)
            .unwrap_or(u32::MAX);
        let strips = strips(
            file,
            directory,
            u64::from(rows.div_ceil(rows_per_strip).max(1)),
        )?;
        Ok(Self {
            width,
            rows: (rows > 0).then_some(rows),
            rows_per_strip,
            strips,
            coding,
            row_align: if compression == 2 {
                RowAlign::Byte
            } else {
                RowAlign::Packed
            },
            bit_order: match file.number(directory, tag::FILL_ORDER)? {
                Some(2) => BitOrder::LsbFirst,
                _ => BitOrder::MsbFirst,
            },
            is_min_black: file.number(directory, tag::PHOTOMETRIC)? == Some(1),
            may_be_uncompressed_mode: compression == 3 && t4_options & 2 != 0,
        })
    }
}

/// Refuses images without columns and images over the limits.
fn check_size(width: u64, rows: u64, bounds: Bounds) -> Result<(), ConvertError> {
    if width == 0 {
        return Err(invalid("an image does not tell its width"));
    }
    let too_large = |what, value, limit| Err(ConvertError::TooLarge { what, value, limit });
    let pixels = width.next_multiple_of(8).saturating_mul(rows);
    if rows > u64::from(bounds.rows_max) {
        too_large(IMAGE_ROWS, rows, u64::from(bounds.rows_max))
    } else if width > 65535 {
        too_large(IMAGE_ROW_PIXELS, width, 65535)
    } else if pixels > bounds.pixels_max {
        too_large(IMAGE_PIXELS, pixels, bounds.pixels_max)
    } else {
        Ok(())
    }
}

fn plain_strip(data: &[u8], layout: &Layout, rows: u32) -> Result<Vec<u8>, ConvertError> {
    let len = layout.width.div_ceil(8) as usize * rows as usize;
    let Some(strip) = data.get(..len) else {
        return Err(invalid("an image's data ends before its last row"));
    };
    let mut strip = strip.to_vec();
    if layout.bit_order == BitOrder::LsbFirst {
        for byte in &mut strip {
            *byte = byte.reverse_bits();
        }
    }
    Ok(strip)
}

fn coded_strip(
    data: &[u8],
    layout: &Layout,
    coding: Coding,
    rows: Option<u32>,
    bounds: Bounds,
) -> Result<Decoded, ConvertError> {
    let options = DecodeOptions {
        coding,
        bit_order: layout.bit_order,
        row_align: layout.row_align,
        width: layout.width,
        rows,
        rows_max: bounds.rows_max,
        bytes_max: usize::try_from(bounds.pixels_max / 8).unwrap_or(usize::MAX),
    };
    let mut decoded = decode(data, &options).map_err(|error| refuse_coded(&error))?;
    fill_up(&mut decoded, rows.unwrap_or(0));
    let is_whole = match rows {
        Some(rows) => decoded.bitmap.rows() == rows,
        None => matches!(decoded.end, End::EndOfBlock | End::EndOfData),
    };
    if !is_whole {
        let found = decoded.bitmap.rows();
        let what = match decoded.end {
            End::Damaged => format!("an image's data is broken after row {found}"),
            _ => format!("an image's data ends after row {found}"),
        };
        return Err(invalid(what));
    }
    Ok(decoded)
}

/// Adds the rows that damage swallowed together with their end-of-line codes, white and counted as
/// bad: no more of them than there are bad rows.
fn fill_up(decoded: &mut Decoded, rows: u32) {
    let missing = rows.saturating_sub(decoded.bitmap.rows());
    if decoded.end == End::Damaged || missing > decoded.damage.bad_rows {
        return;
    }
    for _ in 0..missing {
        decoded.bitmap.push_row(&[]);
    }
    decoded.damage.bad_rows += missing;
    decoded.damage.longest_bad_run = decoded.damage.longest_bad_run.max(missing);
}

/// What the codec's refusal of a coded strip means.
pub(super) fn refuse_coded(error: &T4Error) -> ConvertError {
    match *error {
        T4Error::TooManyRows { rows_max } => ConvertError::TooLarge {
            what: IMAGE_ROWS,
            value: u64::from(rows_max) + 1,
            limit: u64::from(rows_max),
        },
        T4Error::TooLarge { bytes_max } => ConvertError::TooLarge {
            what: IMAGE_BYTES,
            value: bytes_max as u64 + 1,
            limit: bytes_max as u64,
        },
        T4Error::Extension { .. } => ConvertError::Unsupported {
            what: error.to_string(),
        },
        _ => invalid(error.to_string()),
    }
}
