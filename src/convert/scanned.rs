//! Scanned pages: a page that is one image of a fax coding from edge to edge can be taken from the
//! file, not drawn.
//!
//! Every doubt is decided against it, and the page is drawn by PDFium like any other: another
//! operator, a mask, an annotation, a colour space, a decode error, an edge that is not the page's.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::content::Content;
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use super::inspect::{inherited, rectangle};
use super::orientation::Orientation;
use crate::limits::Limits;
use crate::t4::{BitOrder, Bitmap, Coding, DecodeOptions, RowAlign, decode};

/// Largest document that is looked through for scanned pages.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// Longest content of a page that shows one image and nothing else.
const CONTENT_BYTES_MAX: usize = 4096;

/// How far an image's edge may lie from the page's, in points: a third of a fax pixel.
const EDGE_POINTS_MAX: f64 = 0.12;

/// A page as the renderer sees it, which must agree with what the file says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SeenPage {
    /// Width as displayed, in points.
    pub(crate) width: f64,
    /// Height as displayed, in points.
    pub(crate) height: f64,
    /// Pixels of the only object on the page, which is an image.
    pub(crate) image: (u32, u32),
}

/// A document with pages that may be scans.
pub(crate) struct ScannedDocument {
    document: Document,
    pages: Vec<ObjectId>,
}

impl ScannedDocument {
    /// Reads a document of `pages` pages; `None` when it holds no image of a fax coding or when
    /// anything about it is unusual.
    pub(crate) fn open(pdf: &[u8], pages: u32) -> Option<Self> {
        // The dictionary of a stream stands in the file in clear, whatever else is compressed.
        const FILTER: &[u8] = b"CCITTFaxDecode";
        if pdf.len() > DOCUMENT_BYTES_MAX || !pdf.windows(FILTER.len()).any(|at| at == FILTER) {
            return None;
        }
        let options = LoadOptions {
            max_decompressed_size: Some(CONTENT_BYTES_MAX << 10),
            ..LoadOptions::default()
        };
        let load = || Document::load_mem_with_options(pdf, options);
        let document = catch_unwind(AssertUnwindSafe(load)).ok()?.ok()?;
        if document.is_encrypted() || document.was_encrypted() {
            return None;
        }
        let found: Vec<ObjectId> = document.get_pages().into_values().collect();
        (found.len() == pages as usize).then_some(Self {
            document,
            pages: found,
        })
    }

    /// The image of a page as it is displayed, when the page is that image and nothing else.
    pub(crate) fn page(&self, index: u32, seen: SeenPage, limits: &Limits) -> Option<Bitmap> {
        let id = *self.pages.get(index as usize)?;
        let take = || self.take(id, seen, limits);
        catch_unwind(AssertUnwindSafe(take)).ok()?
    }

    fn take(&self, id: ObjectId, seen: SeenPage, limits: &Limits) -> Option<Bitmap> {
        let document = &self.document;
        let page = document.get_dictionary(id).ok()?;
        if [&b"Annots"[..], b"UserUnit", b"Group"]
            .iter()
            .any(|key| page.has(key))
        {
            return None;
        }
        let degrees = match inherited(document, page, b"Rotate") {
            Some(degrees) => degrees.as_i64().ok()?.rem_euclid(360),
            None => 0,
        };
        let (name, placed) = only_image(document, id)?;
        let shown = visible_box(document, page)?;
        if !is_same_box(placed, shown) || !is_displayed_as(shown, degrees, seen) {
            return None;
        }
        let image = named_image(document, page, &name)?;
        let bitmap = decode_image(document, image, seen.image, limits)?;
        // TIFF's names for a turn to the right by so many degrees.
        let orientation = match degrees {
            0 => 1,
            90 => 6,
            180 => 3,
            270 => 8,
            _ => return None,
        };
        Some(Orientation::from_tag(Some(orientation)).apply_to_bitmap(bitmap))
    }
}

/// The name of the only thing that a page's content shows, and where it puts its unit square:
/// left, bottom, right, top.
fn only_image(document: &Document, page: ObjectId) -> Option<(Vec<u8>, [f64; 4])> {
    let mut content = Vec::new();
    for id in document.get_page_contents(page) {
        let stream = document.get_object(id).ok()?.as_stream().ok()?;
        if stream.content.len() > CONTENT_BYTES_MAX {
            return None;
        }
        let part = if stream.dict.has(b"Filter") {
            stream
                .decompressed_content_with_limit(CONTENT_BYTES_MAX)
                .ok()?
        } else {
            stream.content.clone()
        };
        content.extend_from_slice(&part);
        content.push(b'\n');
    }
    let mut shown = None;
    let mut matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let mut saved = Vec::new();
    for operation in Content::decode(&content).ok()?.operations {
        match (operation.operator.as_str(), operation.operands.as_slice()) {
            ("q", []) => saved.push(matrix),
            ("Q", []) => matrix = saved.pop()?,
            ("cm", operands) => matrix = multiply(numbers(operands)?, matrix),
            ("Do", [Object::Name(name)]) if shown.is_none() => {
                shown = Some((name.clone(), unit_square(matrix)?));
            }
            _ => return None,
        }
    }
    shown
}

fn numbers(operands: &[Object]) -> Option<[f64; 6]> {
    let numbers: Option<Vec<f64>> = operands
        .iter()
        .map(|operand| operand.as_float().ok().map(f64::from))
        .collect();
    numbers?.try_into().ok()
}

/// The product of two matrices as `cm` makes it (ISO 32000-1 §8.3.4).
fn multiply(new: [f64; 6], old: [f64; 6]) -> [f64; 6] {
    let across = |row: usize| new[row] * old[0] + new[row + 1] * old[2];
    let along = |row: usize| new[row] * old[1] + new[row + 1] * old[3];
    [
        across(0),
        along(0),
        across(2),
        along(2),
        across(4) + old[4],
        along(4) + old[5],
    ]
}

/// Where the unit square comes to lie, unless it is turned or mirrored.
fn unit_square([width, skew, lean, height, left, bottom]: [f64; 6]) -> Option<[f64; 4]> {
    let is_upright = skew == 0.0 && lean == 0.0 && width > 0.0 && height > 0.0;
    is_upright.then_some([left, bottom, left + width, bottom + height])
}

/// The part of the page that is shown: the crop box, when it lies within the media box.
fn visible_box(document: &Document, page: &Dictionary) -> Option<[f64; 4]> {
    let read = |key: &[u8]| {
        inherited(document, page, key).map(|found| rectangle(document, found).map(ordered))
    };
    let media = read(b"MediaBox")??;
    let Some(crop) = read(b"CropBox") else {
        return Some(media);
    };
    let crop = crop?;
    let is_within =
        crop[0] >= media[0] && crop[1] >= media[1] && crop[2] <= media[2] && crop[3] <= media[3];
    is_within.then_some(crop)
}

/// The same rectangle from its lower left to its upper right corner.
fn ordered([x0, y0, x1, y1]: [f32; 4]) -> [f64; 4] {
    [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)].map(f64::from)
}

fn is_same_box(a: [f64; 4], b: [f64; 4]) -> bool {
    a.iter()
        .zip(b)
        .all(|(a, b)| (a - b).abs() <= EDGE_POINTS_MAX)
}

/// Whether the renderer displays the page in this size.
fn is_displayed_as([left, bottom, right, top]: [f64; 4], degrees: i64, seen: SeenPage) -> bool {
    let (mut width, mut height) = (right - left, top - bottom);
    if degrees == 90 || degrees == 270 {
        std::mem::swap(&mut width, &mut height);
    }
    (width - seen.width).abs() < 0.01 && (height - seen.height).abs() < 0.01
}

/// An image of the page's resources, unless they redefine what grey is.
fn named_image<'a>(
    document: &'a Document,
    page: &'a Dictionary,
    name: &[u8],
) -> Option<&'a Stream> {
    let resources = inherited(document, page, b"Resources")?.as_dict().ok()?;
    if let Ok(spaces) = resources.get_deref(b"ColorSpace", document)
        && spaces.as_dict().ok()?.has(b"DefaultGray")
    {
        return None;
    }
    let images = resources.get_deref(b"XObject", document).ok()?;
    let (_, image) = document
        .dereference(images.as_dict().ok()?.get(name).ok()?)
        .ok()?;
    image.as_stream().ok()
}

/// Decodes an image that is plain black and white, in a fax coding, whole and undamaged.
fn decode_image(
    document: &Document,
    image: &Stream,
    size: (u32, u32),
    limits: &Limits,
) -> Option<Bitmap> {
    const KNOWN: [&[u8]; 12] = [
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
        b"Interpolate",
        b"Decode",
    ];
    let dictionary = &image.dict;
    if !dictionary.iter().all(|(key, _)| KNOWN.contains(&&key[..])) {
        return None;
    }
    let entry = |key: &[u8]| dictionary.get_deref(key, document).ok();
    let number = |key: &[u8]| entry(key)?.as_i64().ok();
    let is_plain = entry(b"Subtype")?.as_name().ok()? == b"Image"
        && entry(b"ColorSpace")?.as_name().ok()? == b"DeviceGray"
        && number(b"BitsPerComponent")? == 1
        && (number(b"Width")?, number(b"Height")?) == (size.0.into(), size.1.into())
        && u64::from(size.0).next_multiple_of(8) * u64::from(size.1) <= limits.image_pixels_max;
    if !is_plain || only(document, entry(b"Filter")?)?.as_name().ok()? != b"CCITTFaxDecode" {
        return None;
    }
    let empty = Dictionary::new();
    let parameters = match entry(b"DecodeParms") {
        Some(parameters) => only(document, parameters)?.as_dict().ok()?,
        None => &empty,
    };
    let parameters = FaxParameters::read(document, parameters)?;
    if parameters.columns != i64::from(size.0)
        || parameters
            .rows
            .is_some_and(|rows| rows != i64::from(size.1))
    {
        return None;
    }
    let is_flipped = match entry(b"Decode") {
        None => false,
        Some(levels) => match levels.as_array().ok()?.as_slice() {
            [Object::Integer(0), Object::Integer(1)] => false,
            [Object::Integer(1), Object::Integer(0)] => true,
            _ => return None,
        },
    };
    let options = DecodeOptions {
        coding: parameters.coding,
        bit_order: BitOrder::MsbFirst,
        row_align: parameters.row_align,
        width: size.0,
        rows: Some(size.1),
        rows_max: size.1,
        bytes_max: usize::try_from(limits.image_pixels_max / 8).unwrap_or(usize::MAX),
    };
    let decoded = decode(&image.content, &options).ok()?;
    if decoded.damage.bad_rows > 0 || decoded.bitmap.rows() != size.1 {
        return None;
    }
    // A black pixel is a 0 of the image, thus black in grey, unless one of the two turns it over.
    if parameters.is_black_one == is_flipped {
        return Some(decoded.bitmap);
    }
    let turned_over = decoded.bitmap.as_bytes().iter().map(|byte| !byte).collect();
    Some(Bitmap::from_packed(size.0, turned_over))
}

/// The object, or the only one of an array.
fn only<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    match object {
        Object::Array(objects) => match objects.as_slice() {
            [object] => Some(document.dereference(object).ok()?.1),
            _ => None,
        },
        object => Some(object),
    }
}

/// How a fax image is coded: ISO 32000-1 §7.4.6, Table 11.
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
