//! Reads the pages of bilevel TIFF files: stored faxes, received ones, and other people's.

use std::io::{Cursor, Read, Seek};

use crate::convert::ConvertError;
use crate::convert::tiff_bilevel::{Bounds, is_bilevel, read_bilevel};
use crate::convert::tiff_directory::{Density, Directory, TiffFile, is_page, tag};
use crate::limits::Limits;
use crate::t4::{Bitmap, Coding, Damage};
use crate::units::Resolution;

/// A page as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct FaxTiffPage {
    /// Its pixels.
    pub bitmap: Bitmap,
    /// Horizontal density in dots per inch, where the file tells it.
    pub x_dpi: Option<f32>,
    /// Vertical density in dots per inch, where the file tells it.
    pub y_dpi: Option<f32>,
    /// The page's number, counted from 0, and the number of pages (0 when unknown).
    pub page_number: Option<(u16, u16)>,
    /// How the pixels were coded; `None` when they are stored plainly.
    pub coding: Option<Coding>,
    /// Rows that could not be decoded and repeat the one above.
    pub damage: Damage,
}

impl FaxTiffPage {
    /// The fax resolution that the densities stand for: metric and imperial writings alike.
    pub fn resolution(&self) -> Option<Resolution> {
        let (x_dpi, y_dpi) = (self.x_dpi?, self.y_dpi?);
        if !(195.0..=210.0).contains(&x_dpi) {
            return None;
        }
        Resolution::ALL.into_iter().find(|resolution| {
            let nominal = resolution.y_dpi() as f32;
            (y_dpi / nominal - 1.0).abs() < 0.05
        })
    }
}

/// Iterates over the pages of a TIFF file whose images are plain or CCITT-coded bits.
///
/// Thumbnails and masks are passed over. The first error ends the iteration.
#[derive(Debug)]
pub struct FaxTiffReader<R> {
    file: TiffFile<R>,
    bounds: Bounds,
    pages_max: u32,
    pages: u32,
    is_over: bool,
}

impl<'a> FaxTiffReader<Cursor<&'a [u8]>> {
    /// Opens a file that is in memory.
    pub fn from_bytes(bytes: &'a [u8], limits: &Limits) -> Result<Self, ConvertError> {
        Self::open(Cursor::new(bytes), limits)
    }
}

impl<R: Read + Seek> FaxTiffReader<R> {
    /// Opens a file.
    pub fn open(file: R, limits: &Limits) -> Result<Self, ConvertError> {
        let file = TiffFile::open(file)?;
        if file.len() > limits.document_bytes_max {
            return Err(ConvertError::TooLarge {
                what: "bytes in the file",
                value: file.len(),
                limit: limits.document_bytes_max,
            });
        }
        Ok(Self {
            file,
            bounds: Bounds {
                rows_max: limits.page_rows_max,
                pixels_max: limits.image_pixels_max,
            },
            pages_max: limits.document_pages_max,
            pages: 0,
            is_over: false,
        })
    }

    fn next_page(&mut self) -> Result<Option<FaxTiffPage>, ConvertError> {
        while let Some(directory) = self.file.next_directory()? {
            if is_page(&mut self.file, &directory)? {
                if self.pages == self.pages_max {
                    return Err(ConvertError::TooManyPages {
                        pages: self.pages + 1,
                        limit: self.pages_max,
                    });
                }
                self.pages += 1;
                return self.page(&directory).map(Some);
            }
        }
        Ok(None)
    }

    fn page(&mut self, directory: &Directory) -> Result<FaxTiffPage, ConvertError> {
        if !is_bilevel(&mut self.file, directory)? {
            let compression = self.file.number(directory, tag::COMPRESSION)?.unwrap_or(1);
            return Err(ConvertError::Unsupported {
                what: format!("a fax page that is not bilevel CCITT (compression {compression})"),
            });
        }
        let image = read_bilevel(&mut self.file, directory, self.bounds)?;
        let density = Density::read(&mut self.file, directory)?;
        let number = self.file.numbers(directory, tag::PAGE_NUMBER, 2)?;
        Ok(FaxTiffPage {
            bitmap: image.bitmap,
            x_dpi: density.x_dpi,
            y_dpi: density.y_dpi,
            page_number: number.and_then(|pair| match pair[..] {
                [page, total] => Some((page as u16, total as u16)),
                _ => None,
            }),
            coding: image.coding,
            damage: image.damage,
        })
    }
}

impl<R: Read + Seek> Iterator for FaxTiffReader<R> {
    type Item = Result<FaxTiffPage, ConvertError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let page = self.next_page().transpose();
        self.is_over = !matches!(page, Some(Ok(_)));
        page
    }
}
