//! An image of a PDF, decoded as far as a fax needs it: ISO 32000-1 §8.9.5.

use std::borrow::Cow;

use lopdf::{Dictionary, Document, Object, Stream};

use super::colour::Colour;
use super::filters::{Expected, Filter, Sample, filters};
use super::picture::Picture;
use super::{fax, jbig2, jpeg, samples};
use crate::limits::Limits;
use crate::t4::Bitmap;

/// Entries of an image's dictionary that are read here or change nothing that is seen.
const KNOWN: [&[u8]; 17] = [
    b"Type",
    b"Subtype",
    b"Name",
    b"Width",
    b"Height",
    b"BitsPerComponent",
    b"ColorSpace",
    b"Filter",
    b"DecodeParms",
    b"Length",
    b"DL",
    b"Interpolate",
    b"Decode",
    b"ImageMask",
    b"Intent",
    b"Metadata",
    b"StructParent",
];

/// What an image's dictionary says about its samples.
pub(super) struct Image<'a> {
    pub(super) document: &'a Document,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bits: u32,
    pub(super) colour: Colour,
    /// Whether the highest sample is black, not white.
    pub(super) is_inverted: bool,
    filters: Vec<Filter<'a>>,
    data: &'a [u8],
}

impl<'a> Image<'a> {
    /// Reads an image that covers what it is painted on; `None` at any doubt.
    pub(super) fn read(
        document: &'a Document,
        stream: &'a Stream,
        is_fill_black: bool,
        limits: &Limits,
    ) -> Option<Self> {
        let dictionary = &stream.dict;
        if !dictionary.iter().all(|(key, _)| KNOWN.contains(&&key[..])) {
            return None;
        }
        let entry = |key: &[u8]| dictionary.get_deref(key, document).ok();
        let number = |key: &[u8]| u32::try_from(entry(key)?.as_i64().ok()?).ok();
        if entry(b"Subtype")?.as_name().ok()? != b"Image" {
            return None;
        }
        let is_mask = match entry(b"ImageMask") {
            Some(flag) => flag.as_bool().ok()?,
            None => false,
        };
        let (colour, bits) = if is_mask {
            // A mask is painted in one colour where its samples are 0; the page is white elsewhere.
            let is_plain = is_fill_black
                && !dictionary.has(b"ColorSpace")
                && number(b"BitsPerComponent").is_none_or(|bits| bits == 1);
            (is_plain.then_some(Colour::Gray)?, 1)
        } else {
            let space = entry(b"ColorSpace")?;
            (Colour::read(document, space)?, number(b"BitsPerComponent")?)
        };
        let (width, height) = (number(b"Width")?, number(b"Height")?);
        let image = Self {
            document,
            width,
            height,
            bits,
            is_inverted: is_inverted(document, dictionary, &colour)?,
            colour,
            filters: filters(document, stream)?,
            data: &stream.content,
        };
        let is_size = (1..=65535).contains(&width) && (1..=65535).contains(&height);
        let bytes = image.row_bytes() as u64 * u64::from(height);
        let is_bounded = bytes <= limits.image_pixels_max
            && u64::from(width) * u64::from(height) <= limits.image_pixels_max;
        (is_size && matches!(bits, 1 | 2 | 4 | 8 | 16) && is_bounded).then_some(image)
    }

    /// Its pixels, when it is whole and undamaged.
    pub(super) fn decode(&self, limits: &Limits) -> Option<Picture> {
        let (last, before) = match self.filters.split_last() {
            Some((last, before)) => (Some(*last), before),
            None => (None, &[][..]),
        };
        let bytes_max = usize::try_from(limits.document_bytes_max).ok()?;
        let mut unpacked: Option<Vec<u8>> = None;
        for filter in before {
            let data = unpacked.as_deref().unwrap_or(self.data);
            let expected = Expected::Data { bytes_max };
            unpacked = Some(filter.decode(self.document, data, expected)?);
        }
        let data = unpacked.as_deref().unwrap_or(self.data);
        match last {
            None => samples::picture(self, Cow::Borrowed(data.get(..self.bytes())?)),
            Some(filter) => match filter.name {
                b"CCITTFaxDecode" => fax::picture(self, data, filter.parameters, limits),
                b"JBIG2Decode" => jbig2::picture(self, data, filter.parameters),
                b"DCTDecode" => jpeg::picture(self, data, filter.parameters),
                _ => {
                    let expected = Expected::Rows {
                        rows: self.height as usize,
                        row_bytes: self.row_bytes(),
                        sample: Sample {
                            columns: self.width as usize,
                            components: self.colour.components(),
                            bits: self.bits as usize,
                        },
                    };
                    let rows = filter.decode(self.document, data, expected)?;
                    samples::picture(self, Cow::Owned(rows))
                }
            },
        }
    }

    /// Bytes of a row of samples.
    pub(super) fn row_bytes(&self) -> usize {
        (self.width as usize * self.colour.components() * self.bits as usize).div_ceil(8)
    }

    fn bytes(&self) -> usize {
        self.row_bytes() * self.height as usize
    }

    /// The picture of samples of one bit, from a bitmap that is black where they are 0.
    pub(super) fn picture_of_bits(&self, zeros: Bitmap) -> Option<Picture> {
        if self.bits != 1 {
            return None;
        }
        let is_zero_black = match &self.colour {
            Colour::Gray => !self.is_inverted,
            Colour::Indexed(levels) => match levels.as_slice() {
                [0, 255] => true,
                [255, 0] => false,
                _ => return None,
            },
            Colour::Rgb => return None,
        };
        Some(Picture::Bilevel(if is_zero_black {
            zeros
        } else {
            turned_over(&zeros)
        }))
    }
}

/// The bitmap with black and white exchanged.
pub(super) fn turned_over(bitmap: &Bitmap) -> Bitmap {
    let bytes = bitmap.as_bytes().iter().map(|byte| !byte).collect();
    Bitmap::from_packed(bitmap.width(), bytes)
}

/// Whether the `Decode` array turns samples over; `None` when it does anything else to them.
fn is_inverted(document: &Document, dictionary: &Dictionary, colour: &Colour) -> Option<bool> {
    let Ok(decode) = dictionary.get_deref(b"Decode", document) else {
        return (!dictionary.has(b"Decode")).then_some(false);
    };
    let levels: Option<Vec<f32>> = decode
        .as_array()
        .ok()?
        .iter()
        .map(|level| match level {
            Object::Integer(_) | Object::Real(_) => level.as_float().ok(),
            _ => None,
        })
        .collect();
    let levels = levels?;
    let all_are = |pair: [f32; 2]| {
        levels.len() == 2 * colour.components() && levels.chunks_exact(2).all(|at| at == pair)
    };
    match colour {
        Colour::Indexed(_) => None,
        _ if all_are([0.0, 1.0]) => Some(false),
        _ if all_are([1.0, 0.0]) => Some(true),
        _ => None,
    }
}
