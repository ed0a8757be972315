//! An uploaded TIFF, page by page: whatever its kind, it becomes pixels and densities.
//!
//! Bits and CCITT codings are read by this crate's own codec; JPEG by the crate `tiff` through a
//! view of the file that takes its gaps away (see `view`); all other kinds row by row (see
//! `chunks`).

mod chunks;
mod codings;
mod colours;
mod depth;
mod ink;
mod jpeg;
mod old_jpeg;
mod predictor;
mod view;

use std::collections::HashSet;
use std::io::{Read, Seek};

use crate::convert::ConvertError;
use crate::convert::error::{DOCUMENT_PIXELS, FILE_BYTES, IMAGE_PIXELS};
use crate::convert::orientation::Orientation;
use crate::convert::tiff_bilevel::{Bilevel, Bounds, is_bilevel, read_bilevel};
use crate::convert::tiff_directory::{Density, Directory, TiffFile, invalid, is_page, tag};
use crate::limits::Limits;
use crate::t4::Bitmap;

use self::chunks::read_chunks;
use self::ink::Ink;
use self::jpeg::read_jpeg;
use self::old_jpeg::read_old_jpeg;

/// One page of an uploaded TIFF, the right way up.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TiffPage {
    /// Black and white.
    Bilevel {
        /// The pixels.
        bitmap: Bitmap,
        /// Horizontal density in dots per inch, where the file tells it.
        x_dpi: Option<f32>,
        /// Vertical density in dots per inch, where the file tells it.
        y_dpi: Option<f32>,
        /// Rows that were damaged and repeat the one above.
        bad_rows: u32,
    },
    /// Shades: grey as it was, colours by their brightness, transparency on white.
    Gray {
        /// The pixels.
        image: GrayImage,
        /// Pixels that were coloured, of all pixels, from 0 to 1; absent where that is not known.
        coloured_share: Option<f32>,
        /// Horizontal density in dots per inch, where the file tells it.
        x_dpi: Option<f32>,
        /// Vertical density in dots per inch, where the file tells it.
        y_dpi: Option<f32>,
    },
}

/// Eight bits a pixel, 0 is black, 255 is white, rows without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrayImage {
    /// Pixels in a row.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
    /// `width * height` levels, top row first.
    pub pixels: Vec<u8>,
}

/// Hands every page of a TIFF to `sink` and returns how many there were.
///
/// Only one page is in memory at a time. Thumbnails and masks are passed over; pages come in the
/// order of their numbers. A truncated or lying file ends in [`ConvertError::Invalid`], a kind that
/// is not read here in [`ConvertError::Unsupported`]; pages before it were already handed over.
pub fn read_tiff_pages(
    file: impl Read + Seek,
    limits: &Limits,
    sink: &mut dyn FnMut(TiffPage) -> Result<(), ConvertError>,
) -> Result<u32, ConvertError> {
    let mut file = TiffFile::open(file)?;
    if file.len() > limits.document_bytes_max {
        return Err(ConvertError::TooLarge {
            what: FILE_BYTES,
            value: file.len(),
            limit: limits.document_bytes_max,
        });
    }
    let pages = pages_in_order(&mut file, limits)?;
    for directory in &pages {
        sink(read_page(&mut file, directory, limits)?)?;
    }
    Ok(pages.len() as u32)
}

/// The directories of all pages, in the order of their numbers where each has one of its own
/// (TIFF 6.0 §8, `PageNumber`: they need not lie in the file in that order).
fn pages_in_order<R: Read + Seek>(
    file: &mut TiffFile<R>,
    limits: &Limits,
) -> Result<Vec<Directory>, ConvertError> {
    let mut pages = Vec::new();
    let mut count = 0;
    let mut pixels = 0u64;
    while let Some(directory) = file.next_directory()? {
        if !is_page(file, &directory)? {
            continue;
        }
        count += 1;
        if count <= limits.document_pages_max {
            let number = file.number(&directory, tag::PAGE_NUMBER)?;
            let width = file.number(&directory, tag::IMAGE_WIDTH)?.unwrap_or(0);
            let rows = file.number(&directory, tag::IMAGE_LENGTH)?.unwrap_or(0);
            pixels = pixels.saturating_add(width.saturating_mul(rows));
            pages.push((number, directory));
        }
    }
    if count > limits.document_pages_max {
        return Err(ConvertError::TooManyPages {
            pages: count,
            limit: limits.document_pages_max,
        });
    }
    if pages.is_empty() {
        return Err(invalid("the TIFF has no pages"));
    }
    if count > 1 && pixels > limits.document_pixels_max {
        return Err(ConvertError::TooLarge {
            what: DOCUMENT_PIXELS,
            value: pixels,
            limit: limits.document_pixels_max,
        });
    }
    let numbers: HashSet<u64> = pages.iter().filter_map(|page| page.0).collect();
    if numbers.len() == pages.len() {
        pages.sort_by_key(|page| page.0);
    }
    Ok(pages.into_iter().map(|page| page.1).collect())
}

fn read_page<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    limits: &Limits,
) -> Result<TiffPage, ConvertError> {
    let orientation = Orientation::from_tag(file.number(directory, tag::ORIENTATION)?);
    let Density { x_dpi, y_dpi } = Density::read(file, directory)?;
    let (x_dpi, y_dpi) = if orientation.swaps_axes() {
        (y_dpi, x_dpi)
    } else {
        (x_dpi, y_dpi)
    };
    if is_bilevel(file, directory)? {
        let bounds = Bounds {
            rows_max: u32::MAX,
            pixels_max: limits.image_pixels_max,
        };
        let image = read_bilevel(file, directory, bounds)?;
        let bad_rows = legible(&image)?;
        let bitmap = orientation.apply_to_bitmap(image.bitmap);
        return Ok(TiffPage::Bilevel {
            bitmap,
            x_dpi,
            y_dpi,
            bad_rows,
        });
    }
    let (image, coloured_share) = read_gray(file, directory, limits)?;
    let image = orientation.apply_to_gray(image);
    if file.number(directory, tag::BITS_PER_SAMPLE)?.unwrap_or(1) == 1 && image.is_black_or_white()
    {
        return Ok(TiffPage::Bilevel {
            bitmap: image.to_bitmap(),
            x_dpi,
            y_dpi,
            bad_rows: 0,
        });
    }
    Ok(TiffPage::Gray {
        image,
        coloured_share,
        x_dpi,
        y_dpi,
    })
}

/// Reads an image of any kind that [`is_bilevel`] is false of, and the share of it that is coloured.
fn read_gray<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    limits: &Limits,
) -> Result<(GrayImage, Option<f32>), ConvertError> {
    let (width, height) = size(file, directory, limits)?;
    let ink = Ink::read(file, directory)?;
    let mut canvas = GrayImage {
        width,
        height,
        pixels: vec![255; width as usize * height as usize],
    };
    match file.number(directory, tag::COMPRESSION)? {
        Some(6) => read_old_jpeg(file, directory, &ink, &mut canvas)?,
        Some(7) => read_jpeg(file, directory, &ink, &mut canvas, limits)?,
        _ => read_chunks(file, directory, &ink, &mut canvas, limits)?,
    }
    Ok((canvas, ink.coloured_share()))
}

fn size<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    limits: &Limits,
) -> Result<(u32, u32), ConvertError> {
    let width = file.number(directory, tag::IMAGE_WIDTH)?.unwrap_or(0);
    let height = file.number(directory, tag::IMAGE_LENGTH)?.unwrap_or(0);
    let pixels = width.saturating_mul(height);
    if pixels > limits.image_pixels_max {
        return Err(ConvertError::TooLarge {
            what: IMAGE_PIXELS,
            value: pixels,
            limit: limits.image_pixels_max,
        });
    }
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err(invalid("an image does not tell its size")),
    }
}

/// Refuses a page of which more than a tenth is guessed: nobody wants to have sent that.
fn legible(image: &Bilevel) -> Result<u32, ConvertError> {
    let (bad, rows) = (image.damage.bad_rows, image.bitmap.rows());
    if u64::from(bad) * 10 > u64::from(rows) {
        return Err(invalid(format!(
            "{bad} of an image's {rows} rows are broken"
        )));
    }
    Ok(bad)
}

impl GrayImage {
    fn is_black_or_white(&self) -> bool {
        self.pixels.iter().all(|level| matches!(level, 0 | 255))
    }

    fn to_bitmap(&self) -> Bitmap {
        let mut bytes = Vec::with_capacity(self.pixels.len() / 8);
        for row in self.pixels.chunks_exact(self.width as usize) {
            bytes.extend(row.chunks(8).map(|group| {
                let bit = |byte, (place, level): (usize, &u8)| {
                    byte | u8::from(*level < 128) << (7 - place)
                };
                group.iter().enumerate().fold(0, bit)
            }));
        }
        Bitmap::from_packed(self.width, bytes)
    }
}
