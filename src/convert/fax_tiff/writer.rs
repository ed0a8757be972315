//! Writes multi-page TIFF-F files (RFC 3949, profile F; with MH pages also readable as profile S).

use std::io::{Seek, SeekFrom, Write};

use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Kind, tag};
use crate::t4::{BitOrder, Bitmap, Coding, EncodeOptions, Eol, encode};
use crate::units::{PageWidth, Resolution};

/// Name in the Software field.
const SOFTWARE: &[u8] = b"Faxmill\0";

/// Entries in every page's directory, beside the one that depends on the coding.
const ENTRIES: usize = 18;

/// One page to be written.
#[derive(Clone, Copy, Debug)]
pub struct FaxPage<'a> {
    /// Its pixels; the width must be that of a [`PageWidth`].
    pub bitmap: &'a Bitmap,
    /// Its density, in both directions.
    pub resolution: Resolution,
}

/// Writes a fax TIFF page by page: little-endian, every directory before its one strip.
#[derive(Debug)]
pub struct FaxTiffWriter<W> {
    file: W,
    /// Bytes written so far.
    len: u64,
    /// The pages, in their order: the total is known only at the end.
    pages: Vec<WrittenPage>,
    /// Whether a page comes before others that were written before it.
    is_reordered: bool,
}

/// Where what changes later of a page lies in the file.
#[derive(Clone, Copy, Debug)]
struct WrittenPage {
    /// Its directory.
    directory: u32,
    /// The value of its `PageNumber`.
    page_number: u64,
    /// Its link to the next directory.
    link: u64,
}

/// Where the header's link to the first directory lies.
const FIRST_LINK: u64 = 4;

impl<W: Write + Seek> FaxTiffWriter<W> {
    /// Begins a file at the writer's start.
    pub fn new(mut file: W) -> Result<Self, ConvertError> {
        file.write_all(b"II\x2A\0\x08\0\0\0")?;
        Ok(Self {
            file,
            len: 8,
            pages: Vec::new(),
            is_reordered: false,
        })
    }

    /// Adds a page in MMR, the coding that fax files are stored in.
    pub fn page(&mut self, page: &FaxPage<'_>) -> Result<(), ConvertError> {
        self.page_coded(page, &EncodeOptions::mmr())
    }

    /// Adds a page in another coding.
    pub fn page_coded(
        &mut self,
        page: &FaxPage<'_>,
        options: &EncodeOptions,
    ) -> Result<(), ConvertError> {
        let strip = encode(page.bitmap, options);
        self.page_from_strip(
            &strip,
            page.bitmap.width(),
            page.bitmap.rows(),
            page.resolution,
            options,
        )
    }

    /// Adds a page whose strip is already encoded with `options`.
    pub fn page_from_strip(
        &mut self,
        strip: &[u8],
        width: u32,
        rows: u32,
        resolution: Resolution,
        options: &EncodeOptions,
    ) -> Result<(), ConvertError> {
        let page = self.write_page(strip, width, rows, resolution, options)?;
        self.pages.push(page);
        Ok(())
    }

    /// Adds a page, as [`Self::page_from_strip`] does, that comes before all that were added so
    /// far: the cover of pages that had to be counted for it.
    pub fn first_page_from_strip(
        &mut self,
        strip: &[u8],
        width: u32,
        rows: u32,
        resolution: Resolution,
        options: &EncodeOptions,
    ) -> Result<(), ConvertError> {
        let page = self.write_page(strip, width, rows, resolution, options)?;
        self.is_reordered = !self.pages.is_empty();
        self.pages.insert(0, page);
        Ok(())
    }

    fn write_page(
        &mut self,
        strip: &[u8],
        width: u32,
        rows: u32,
        resolution: Resolution,
        options: &EncodeOptions,
    ) -> Result<WrittenPage, ConvertError> {
        let directory = self.directory(strip, width, rows, resolution, options)?;
        let bytes = &directory.bytes;
        let after = self.len + (bytes.len() + strip.len()).next_multiple_of(2) as u64;
        if u32::try_from(after).is_err() {
            return Err(ConvertError::TooLarge {
                what: "bytes in the fax file",
                value: after,
                limit: u64::from(u32::MAX),
            });
        }
        self.file.write_all(bytes)?;
        self.file.write_all(strip)?;
        if strip.len() % 2 == 1 {
            self.file.write_all(&[0])?;
        }
        let written = WrittenPage {
            directory: self.len as u32,
            page_number: self.len + directory.page_number_at as u64,
            link: self.len + directory.link_at as u64,
        };
        self.len = after;
        Ok(written)
    }

    /// Number of pages so far.
    pub fn pages(&self) -> u32 {
        self.pages.len() as u32
    }

    /// Writes the number of pages into each of them, closes the chain and returns the writer.
    pub fn finish(mut self) -> Result<W, ConvertError> {
        let Ok(total) = u16::try_from(self.pages.len()) else {
            return Err(ConvertError::TooManyPages {
                pages: self.pages(),
                limit: u32::from(u16::MAX),
            });
        };
        if total == 0 {
            return Err(ConvertError::Invalid {
                what: "a fax has at least one page".to_owned(),
            });
        }
        for (number, page) in (0u16..).zip(&self.pages) {
            self.file.seek(SeekFrom::Start(page.page_number))?;
            self.file.write_all(&number.to_le_bytes())?;
            self.file.write_all(&total.to_le_bytes())?;
        }
        let links = self.pages.iter().map(|page| page.link);
        let directories = self.pages.iter().map(|page| page.directory);
        let chain = std::iter::once(FIRST_LINK).chain(links);
        for (link, next) in chain.zip(directories.chain([0])) {
            // Each page already links to where the next was going to be written.
            if self.is_reordered || next == 0 {
                self.file.seek(SeekFrom::Start(link))?;
                self.file.write_all(&next.to_le_bytes())?;
            }
        }
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()?;
        Ok(self.file)
    }

    /// The directory of a page, with its long values after it, and its link already set to where
    /// the next directory will lie.
    fn directory(
        &self,
        strip: &[u8],
        width: u32,
        rows: u32,
        resolution: Resolution,
        options: &EncodeOptions,
    ) -> Result<PageDirectory, ConvertError> {
        if PageWidth::from_pixels(width).is_none() {
            return Err(ConvertError::Unsupported {
                what: format!("a fax page is 1728, 2048 or 2432 pixels wide, not {width}"),
            });
        }
        if rows == 0 {
            return Err(ConvertError::Invalid {
                what: "a fax page has at least one row".to_owned(),
            });
        }
        let start = self.len as usize;
        let (compression, coding_field) = coding_fields(options);
        let entries = ENTRIES + usize::from(coding_field.is_some());
        let link_at = 2 + entries * 12;
        let x_resolution = start + link_at + 4;
        let y_resolution = x_resolution + 8;
        let software = y_resolution + 8;
        let strip_at = software + SOFTWARE.len();
        let next = (strip_at + strip.len()).next_multiple_of(2);
        let fill_order = match options.bit_order {
            BitOrder::MsbFirst => 1,
            BitOrder::LsbFirst => 2,
        };
        let mut fields = Fields::default();
        fields.add(tag::NEW_SUBFILE_TYPE, Kind::Long, 1, 2);
        fields.add(tag::IMAGE_WIDTH, Kind::Long, 1, width);
        fields.add(tag::IMAGE_LENGTH, Kind::Long, 1, rows);
        fields.add(tag::BITS_PER_SAMPLE, Kind::Short, 1, 1);
        fields.add(tag::COMPRESSION, Kind::Short, 1, compression);
        fields.add(tag::PHOTOMETRIC, Kind::Short, 1, 0);
        fields.add(tag::FILL_ORDER, Kind::Short, 1, fill_order);
        fields.add(tag::STRIP_OFFSETS, Kind::Long, 1, strip_at as u32);
        fields.add(tag::ORIENTATION, Kind::Short, 1, 1);
        fields.add(tag::SAMPLES_PER_PIXEL, Kind::Short, 1, 1);
        fields.add(tag::ROWS_PER_STRIP, Kind::Long, 1, rows);
        fields.add(tag::STRIP_BYTE_COUNTS, Kind::Long, 1, strip.len() as u32);
        fields.add(tag::X_RESOLUTION, Kind::Rational, 1, x_resolution as u32);
        fields.add(tag::Y_RESOLUTION, Kind::Rational, 1, y_resolution as u32);
        if let Some((tag, value)) = coding_field {
            fields.add(tag, Kind::Long, 1, value);
        }
        fields.add(tag::RESOLUTION_UNIT, Kind::Short, 1, 2);
        let page_number_at = fields.next_value_at();
        fields.add(tag::PAGE_NUMBER, Kind::Short, 2, self.pages() & 0xFFFF);
        fields.add(
            tag::SOFTWARE,
            Kind::Ascii,
            SOFTWARE.len() as u32,
            software as u32,
        );
        fields.add(tag::CLEAN_FAX_DATA, Kind::Short, 1, 0);
        debug_assert_eq!(usize::from(fields.count), entries);
        let mut bytes = fields.into_directory(next as u32);
        for dpi in [resolution.x_dpi(), resolution.y_dpi()] {
            bytes.extend_from_slice(&dpi.to_le_bytes());
            bytes.extend_from_slice(&1u32.to_le_bytes());
        }
        bytes.extend_from_slice(SOFTWARE);
        Ok(PageDirectory {
            bytes,
            page_number_at,
            link_at,
        })
    }
}

/// A page's directory with its long values, and where in it the values lie that change later.
struct PageDirectory {
    bytes: Vec<u8>,
    page_number_at: usize,
    link_at: usize,
}

/// Compression, and the tag and value that tell the coding's variant where it has any.
fn coding_fields(options: &EncodeOptions) -> (u32, Option<(u16, u32)>) {
    let fill = if options.eol == Eol::ByteAligned {
        4
    } else {
        0
    };
    match options.coding {
        Coding::Mmr => (4, Some((tag::T6_OPTIONS, 0))),
        Coding::Mr { .. } => (3, Some((tag::T4_OPTIONS, 1 | fill))),
        Coding::Mh if options.eol == Eol::None => (2, None),
        Coding::Mh => (3, Some((tag::T4_OPTIONS, fill))),
    }
}

/// The entries of a directory, in ascending order of their tags.
#[derive(Default)]
struct Fields {
    bytes: Vec<u8>,
    count: u16,
}

impl Fields {
    fn add(&mut self, tag: u16, kind: Kind, count: u32, value: u32) {
        self.bytes.extend_from_slice(&tag.to_le_bytes());
        self.bytes.extend_from_slice(&(kind as u16).to_le_bytes());
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self.count += 1;
    }

    /// Where the next entry's value will lie from the start of the directory.
    fn next_value_at(&self) -> usize {
        2 + self.bytes.len() + 8
    }

    fn into_directory(self, next: u32) -> Vec<u8> {
        let mut directory = self.count.to_le_bytes().to_vec();
        directory.extend_from_slice(&self.bytes);
        directory.extend_from_slice(&next.to_le_bytes());
        directory
    }
}
