//! Images in the codings of fax: ISO 32000-1 §7.4.6.

use lopdf::{Dictionary, Document};

use super::image::{Image, turned_over};
use super::picture::Picture;
use crate::limits::Limits;
use crate::t4::{BitOrder, Coding, DecodeOptions, RowAlign, decode};

/// Decodes an image that is whole and undamaged.
pub(super) fn picture(
    image: &Image<'_>,
    data: &[u8],
    parameters: Option<&Dictionary>,
    limits: &Limits,
) -> Option<Picture> {
    let usual = Dictionary::new();
    let parameters = FaxParameters::read(image.document, parameters.unwrap_or(&usual))?;
    if parameters.columns != i64::from(image.width)
        || parameters
            .rows
            .is_some_and(|rows| rows != i64::from(image.height))
    {
        return None;
    }
    let options = DecodeOptions {
        coding: parameters.coding,
        bit_order: BitOrder::MsbFirst,
        row_align: parameters.row_align,
        width: image.width,
        rows: Some(image.height),
        rows_max: image.height,
        bytes_max: usize::try_from(limits.image_pixels_max / 8).unwrap_or(usize::MAX),
    };
    let decoded = decode(data, &options).ok()?;
    if decoded.damage.bad_rows > 0 || decoded.bitmap.rows() != image.height {
        return None;
    }
    // A black pixel is a sample of 0, unless the parameters say otherwise.
    image.picture_of_bits(if parameters.is_black_one {
        turned_over(&decoded.bitmap)
    } else {
        decoded.bitmap
    })
}

/// How a fax image is coded: Table 11.
struct FaxParameters {
    coding: Coding,
    row_align: RowAlign,
    columns: i64,
    rows: Option<i64>,
    is_black_one: bool,
}

impl FaxParameters {
    fn read(document: &Document, parameters: &Dictionary) -> Option<Self> {
        let entry = |key: &[u8]| parameters.get_deref(key, document).ok();
        let number = |key: &[u8], usual: i64| entry(key).map_or(Some(usual), |n| n.as_i64().ok());
        let flag = |key: &[u8]| entry(key).map_or(Some(false), |flag| flag.as_bool().ok());
        Some(Self {
            coding: match number(b"K", 0)? {
                k if k < 0 => Coding::Mmr,
                0 => Coding::Mh,
                k => Coding::Mr {
                    k: u32::try_from(k).ok()?,
                },
            },
            row_align: if flag(b"EncodedByteAlign")? {
                RowAlign::Byte
            } else {
                RowAlign::Packed
            },
            columns: number(b"Columns", 1728)?,
            rows: Some(number(b"Rows", 0)?).filter(|rows| *rows != 0),
            is_black_one: flag(b"BlackIs1")?,
        })
    }
}
