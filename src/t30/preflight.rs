//! A look at a fax file before anything is dialed for it.
//!
//! Only the directories are read (TIFF 6.0 §2): whether the strips decode shows in conversion,
//! which made the file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::error::T30Error;
use crate::units::{PageWidth, Resolution};

/// The longest path the engine takes, in bytes.
pub const MAX_PATH_BYTES: usize = 255;

/// Directories followed at most: beyond the page limit of any configuration, so that a file whose
/// directories form a ring ends.
const DIRECTORIES_MAX: usize = 10_000;

/// What a fax file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Its pages in order.
    pub pages: Vec<PageSummary>,
}

impl DocumentSummary {
    /// Number of pages from this one (counted from 0) to the end.
    pub fn pages_from(&self, first: u32) -> Result<u32, T30Error> {
        let pages = self.pages.len() as u32;
        match pages.checked_sub(first) {
            Some(left @ 1..) => Ok(left),
            _ => Err(T30Error::FirstPage {
                first: first.saturating_add(1),
                pages,
            }),
        }
    }
}

/// One page's geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSummary {
    /// Scan-line length.
    pub width: PageWidth,
    /// Vertical density.
    pub resolution: Resolution,
    /// Number of rows.
    pub rows: u32,
}

/// Reads the directories of a fax TIFF and checks that every page is one a fax machine can take.
pub fn examine_document(path: &Path) -> Result<DocumentSummary, T30Error> {
    check_path(path)?;
    let file = File::open(path).map_err(|source| unusable(path, source))?;
    let mut reader = DirectoryReader {
        path,
        file,
        big_endian: false,
    };
    let mut offset = reader.header()?;
    let mut pages = Vec::new();
    while offset != 0 {
        if pages.len() == DIRECTORIES_MAX {
            return Err(T30Error::TooManyPages {
                pages: DIRECTORIES_MAX as u32,
                max: DIRECTORIES_MAX as u32 - 1,
            });
        }
        let (directory, next) = reader.directory(offset)?;
        pages.push(page_summary(path, pages.len() as u32 + 1, &directory)?);
        offset = next;
    }
    if pages.is_empty() {
        return Err(not_fax(path, "it has no page"));
    }
    Ok(DocumentSummary { pages })
}

/// Checks that a file can be made where a received fax shall go, and leaves none behind.
pub(super) fn check_destination(path: &Path) -> Result<(), T30Error> {
    check_path(path)?;
    let existed = path.exists();
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| unusable(path, source))?;
    if !existed {
        std::fs::remove_file(path).map_err(|source| unusable(path, source))?;
    }
    Ok(())
}

fn check_path(path: &Path) -> Result<(), T30Error> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.len() > MAX_PATH_BYTES {
        return Err(T30Error::PathTooLong {
            path: path.to_owned(),
            max: MAX_PATH_BYTES,
        });
    }
    if bytes.contains(&0) {
        return Err(T30Error::PathWithNul {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// The tags of one directory that decide whether it is a fax page.
#[derive(Default)]
struct Directory {
    width: Option<u32>,
    rows: Option<u32>,
    bits: Option<u32>,
    compression: Option<u32>,
    samples: Option<u32>,
    x_density: Option<f64>,
    y_density: Option<f64>,
    unit: Option<u32>,
}

fn page_summary(path: &Path, page: u32, directory: &Directory) -> Result<PageSummary, T30Error> {
    if directory.bits.unwrap_or(1) != 1 || directory.samples.unwrap_or(1) != 1 {
        return Err(not_fax(
            path,
            &format!("page {page} is not black and white"),
        ));
    }
    if !matches!(directory.compression, Some(1..=4)) {
        return Err(not_fax(
            path,
            &format!("page {page} is not stored uncompressed, in T.4 or in T.6"),
        ));
    }
    let (Some(width), Some(rows @ 1..)) = (directory.width, directory.rows) else {
        return Err(not_fax(path, &format!("page {page} has no size")));
    };
    let (Some(x), Some(y)) = (directory.x_density, directory.y_density) else {
        return Err(not_fax(path, &format!("page {page} has no resolution")));
    };
    // ResolutionUnit 3 is the centimetre, 2 and nothing the inch.
    let scale = if directory.unit == Some(3) { 2.54 } else { 1.0 };
    let (x_dpi, y_dpi) = ((x * scale).round() as u32, (y * scale).round() as u32);
    Ok(PageSummary {
        width: PageWidth::from_pixels(width).ok_or(T30Error::PageWidth { page, width })?,
        resolution: fax_resolution(x_dpi, y_dpi).ok_or(T30Error::PageResolution {
            page,
            x_dpi,
            y_dpi,
        })?,
        rows,
    })
}

/// Metric and inch densities that T.30 Table 2 knows, with the rounding seen in files.
fn fax_resolution(x_dpi: u32, y_dpi: u32) -> Option<Resolution> {
    if !(198..=206).contains(&x_dpi) {
        return None;
    }
    match y_dpi {
        96..=102 => Some(Resolution::Standard),
        194..=202 => Some(Resolution::Fine),
        388..=402 => Some(Resolution::Superfine),
        _ => None,
    }
}

struct DirectoryReader<'a> {
    path: &'a Path,
    file: File,
    big_endian: bool,
}

impl DirectoryReader<'_> {
    /// The offset of the first directory.
    fn header(&mut self) -> Result<u32, T30Error> {
        let header: [u8; 8] = self.bytes_at(0)?;
        self.big_endian = match &header[..4] {
            b"II\x2A\x00" => false,
            b"MM\x00\x2A" => true,
            _ => return Err(not_fax(self.path, "it does not begin like a TIFF file")),
        };
        Ok(self.long(&header[4..]))
    }

    /// One directory and the offset of the next.
    fn directory(&mut self, offset: u32) -> Result<(Directory, u32), T30Error> {
        let count: [u8; 2] = self.bytes_at(u64::from(offset))?;
        let count = self.short(&count);
        let mut directory = Directory::default();
        let mut position = u64::from(offset) + 2;
        for _ in 0..count {
            let entry: [u8; 12] = self.bytes_at(position)?;
            self.entry(&entry, &mut directory)?;
            position += 12;
        }
        let next: [u8; 4] = self.bytes_at(position)?;
        Ok((directory, self.long(&next)))
    }

    fn entry(&mut self, entry: &[u8; 12], directory: &mut Directory) -> Result<(), T30Error> {
        match self.short(entry) {
            256 => directory.width = self.integer(entry),
            257 => directory.rows = self.integer(entry),
            258 => directory.bits = self.integer(entry),
            259 => directory.compression = self.integer(entry),
            277 => directory.samples = self.integer(entry),
            282 => directory.x_density = self.rational(entry)?,
            283 => directory.y_density = self.rational(entry)?,
            296 => directory.unit = self.integer(entry),
            _ => {}
        }
        Ok(())
    }

    /// The value of a SHORT or LONG entry.
    fn integer(&self, entry: &[u8; 12]) -> Option<u32> {
        match self.short(&entry[2..]) {
            3 => Some(u32::from(self.short(&entry[8..]))),
            4 => Some(self.long(&entry[8..])),
            _ => None,
        }
    }

    /// The value of a RATIONAL entry.
    fn rational(&mut self, entry: &[u8; 12]) -> Result<Option<f64>, T30Error> {
        if self.short(&entry[2..]) != 5 {
            return Ok(None);
        }
        let parts: [u8; 8] = self.bytes_at(u64::from(self.long(&entry[8..])))?;
        let (numerator, denominator) = (self.long(&parts), self.long(&parts[4..]));
        Ok((denominator != 0).then(|| f64::from(numerator) / f64::from(denominator)))
    }

    fn bytes_at<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], T30Error> {
        let mut bytes = [0; N];
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::UnexpectedEof => not_fax(self.path, "it is cut off"),
                _ => unusable(self.path, source),
            })?;
        Ok(bytes)
    }

    fn short(&self, bytes: &[u8]) -> u16 {
        let pair = [bytes[0], bytes[1]];
        if self.big_endian {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        }
    }

    fn long(&self, bytes: &[u8]) -> u32 {
        let four = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if self.big_endian {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        }
    }
}

fn not_fax(path: &Path, what: &str) -> T30Error {
    T30Error::NotFaxTiff {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

fn unusable(path: &Path, source: std::io::Error) -> T30Error {
    T30Error::File {
        path: path.to_owned(),
        source,
    }
}
