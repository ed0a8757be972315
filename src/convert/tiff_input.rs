//! An uploaded TIFF, page by page: whatever its kind, it becomes pixels and densities.
//!
//! Bits and CCITT codings are read by this crate's own codec; other kinds by the crate `tiff`
//! through a view of the file that takes its gaps away (see `view`).

mod jpeg;
mod samples;
mod view;

use std::io::{Read, Seek};

use crate::convert::ConvertError;
use crate::convert::error::FILE_BYTES;
use crate::convert::orientation::Orientation;
use crate::convert::tiff_bilevel::{Bilevel, Bounds, is_bilevel, read_bilevel};
use crate::convert::tiff_directory::{Density, Directory, TiffFile, invalid, is_page, tag};
use crate::limits::Limits;
use crate::t4::Bitmap;

use samples::read_gray;

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
/// Only one page is in memory at a time. Thumbnails and masks are passed over. A truncated or
/// lying file ends in [`ConvertError::Invalid`], a kind that is not read here in
/// [`ConvertError::Unsupported`]; pages before it were already handed over.
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
    let mut pages = 0;
    while let Some(directory) = file.next_directory()? {
        if !is_page(&mut file, &directory)? {
            continue;
        }
        pages += 1;
        if pages > limits.document_pages_max {
            return Err(ConvertError::TooManyPages {
                pages,
                limit: limits.document_pages_max,
            });
        }
        sink(read_page(&mut file, &directory, limits)?)?;
    }
    if pages == 0 {
        return Err(invalid("the TIFF has no pages"));
    }
    Ok(pages)
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
    let image = orientation.apply_to_gray(read_gray(file, directory, limits)?);
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
        x_dpi,
        y_dpi,
    })
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
