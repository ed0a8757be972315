//! Fax pages as they go out: those of a stored fax, with the header line where they have one.
//!
//! What is sent, what a preview shows and what a report counts all come from here, so they cannot
//! differ.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use serde::Serialize;

use super::ConvertError;
use super::conversion::while_writing;
use super::fax_tiff::{FaxTiffReader, FaxTiffWriter, mmr_digest};
use crate::header::{Header, columns};
use crate::limits::Limits;
use crate::t4::{Bitmap, EncodeOptions, encode};
use crate::units::Resolution;

/// Reads a stored fax page by page and puts a header on the pages that have one.
#[derive(Debug)]
pub struct OutgoingPages<R> {
    stored: FaxTiffReader<R>,
    header: Option<Header>,
    /// Pages of the job.
    pages: u32,
    /// Pages read.
    read: u32,
}

/// One page as it goes out.
#[derive(Clone, Debug)]
pub struct OutgoingPage {
    /// Its pixels.
    pub bitmap: Bitmap,
    /// Its density.
    pub resolution: Resolution,
    /// The same pixels in MMR.
    pub coded: Vec<u8>,
    /// Its header line, where it has one.
    pub header: Option<PageHeader>,
}

/// The header line of one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageHeader {
    /// What it says.
    pub text: String,
    /// Rows that the content lies further down than it would without; 0 when the header lies in a
    /// white margin.
    pub moved_rows: u32,
    /// Rows that the page is longer than it would be without.
    pub added_rows: u32,
}

/// A page that went out or was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutgoingReport {
    /// Pixels in a scan line.
    pub width: u32,
    /// Scan lines, the header's included.
    pub rows: u32,
    /// Vertical density.
    pub resolution: Resolution,
    /// Hash of its pixels with the header, as [`page_digest`](super::page_digest) makes it.
    pub digest: String,
    /// Its header line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<PageHeader>,
}

impl OutgoingPages<BufReader<File>> {
    /// Opens a fax TIFF of ours; `header` is that of the call, or none.
    pub fn open(
        fax: &Path,
        header: Option<Header>,
        pages: u32,
        limits: &Limits,
    ) -> Result<Self, ConvertError> {
        Self::new(BufReader::new(File::open(fax)?), header, pages, limits)
    }
}

impl<R: Read + Seek> OutgoingPages<R> {
    /// Reads a fax TIFF of ours that has so many `pages`.
    pub fn new(
        fax: R,
        header: Option<Header>,
        pages: u32,
        limits: &Limits,
    ) -> Result<Self, ConvertError> {
        let limits = Limits {
            // It bounds what people upload; this file is of our own making.
            document_bytes_max: u64::MAX,
            ..limits.clone()
        };
        Ok(Self {
            stored: FaxTiffReader::open(fax, &limits)?,
            header,
            pages,
            read: 0,
        })
    }

    fn next_page(&mut self) -> Option<Result<OutgoingPage, ConvertError>> {
        let stored = match self.stored.next()? {
            Ok(stored) => stored,
            Err(error) => return Some(Err(error)),
        };
        self.read += 1;
        let Some(resolution) = stored.resolution() else {
            return Some(Err(ConvertError::Unsupported {
                what: "a fax page whose densities are not those of a fax".to_owned(),
            }));
        };
        let (bitmap, header) = self.with_header(stored.bitmap, resolution);
        Some(Ok(OutgoingPage {
            coded: encode(&bitmap, &EncodeOptions::mmr()),
            bitmap,
            resolution,
            header,
        }))
    }

    fn with_header(&self, page: Bitmap, resolution: Resolution) -> (Bitmap, Option<PageHeader>) {
        let stamped = self.header.as_ref().and_then(|header| {
            let stamped = header.stamp(&page, resolution, self.read, self.pages)?;
            let text = header.line(self.read, self.pages, columns(page.width()));
            Some((stamped, text))
        });
        match stamped {
            None => (page, None),
            Some((stamped, text)) => {
                let header = PageHeader {
                    text,
                    moved_rows: stamped.moved_rows,
                    added_rows: stamped.added_rows,
                };
                (stamped.bitmap, Some(header))
            }
        }
    }
}

impl<R: Read + Seek> Iterator for OutgoingPages<R> {
    type Item = Result<OutgoingPage, ConvertError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_page()
    }
}

impl OutgoingPage {
    /// What is told of the page.
    pub fn report(&self) -> OutgoingReport {
        let (width, rows) = (self.bitmap.width(), self.bitmap.rows());
        OutgoingReport {
            width,
            rows,
            resolution: self.resolution,
            digest: mmr_digest(width, rows, &self.coded),
            header: self.header.clone(),
        }
    }
}

/// Writes pages as they go out to a fax TIFF at `output`, for the one call that sends it, and
/// tells what each of them is.
pub fn write_outgoing(
    pages: impl Iterator<Item = Result<OutgoingPage, ConvertError>>,
    output: &Path,
) -> Result<Vec<OutgoingReport>, ConvertError> {
    let file = File::create(output).map_err(ConvertError::Write)?;
    write_pages(pages, BufWriter::new(file))
}

pub(super) fn write_pages(
    pages: impl Iterator<Item = Result<OutgoingPage, ConvertError>>,
    output: impl Write + Seek,
) -> Result<Vec<OutgoingReport>, ConvertError> {
    let mut writer = FaxTiffWriter::new(output).map_err(while_writing)?;
    let mut reports = Vec::new();
    for page in pages {
        let page = page?;
        let report = page.report();
        let written = writer.page_from_strip(
            &page.coded,
            report.width,
            report.rows,
            page.resolution,
            &EncodeOptions::mmr(),
        );
        written.map_err(while_writing)?;
        reports.push(report);
    }
    writer.finish().map_err(while_writing)?;
    Ok(reports)
}
