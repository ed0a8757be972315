//! What the far machine will print, for people to look at before it does: pictures or a PDF.
//!
//! A preview is made from the finished fax TIFF, so it shows the very pixels that are sent: what
//! it holds decodes to the same [`page_digest`](super::page_digest).

mod pdf;
mod png;

use std::fmt;
use std::fs;
use std::io::{self, BufWriter, Read, Seek};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::ConvertError;
use super::fax_tiff::FaxTiffReader;
use super::unfinished::UnfinishedFile;
use crate::limits::Limits;
use crate::t4::Bitmap;
use crate::units::Resolution;

use pdf::PdfWriter;

/// Where a preview goes, and by that what it is.
///
/// ```
/// use faxmill::convert::PreviewTarget;
/// assert_eq!("p.pdf".parse(), Ok(PreviewTarget::Pdf("p.pdf".into())));
/// assert_eq!("pages/".parse(), Ok(PreviewTarget::Folder("pages/".into())));
/// assert!("p.png".parse::<PreviewTarget>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreviewTarget {
    /// One PDF with every page at its true size.
    Pdf(PathBuf),
    /// A folder, made when it is missing, with one PNG a page: `page-0001.png` and so on.
    Folder(PathBuf),
}

/// A path that says neither PDF nor folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{name}\" is neither a folder nor a .pdf file: PNG pages go into a folder")]
pub struct PreviewTargetError {
    /// The path that was given.
    pub name: String,
}

impl FromStr for PreviewTarget {
    type Err = PreviewTargetError;

    /// A name ending in `.pdf` is a PDF; one that ends in another image's or document's extension
    /// is an error; all others are folders.
    fn from_str(text: &str) -> Result<Self, PreviewTargetError> {
        let path = PathBuf::from(text);
        let extension = path.extension().map(|extension| {
            extension
                .to_ascii_lowercase()
                .to_string_lossy()
                .into_owned()
        });
        match extension.as_deref() {
            Some("pdf") => Ok(Self::Pdf(path)),
            Some("png" | "tif" | "tiff" | "jpg" | "jpeg" | "gif" | "bmp") => {
                Err(PreviewTargetError {
                    name: text.to_owned(),
                })
            }
            _ => Ok(Self::Folder(path)),
        }
    }
}

impl fmt::Display for PreviewTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pdf(path) | Self::Folder(path) => path.display().fmt(f),
        }
    }
}

/// Writes the preview of a fax TIFF and returns the files that it consists of, in order.
///
/// Each file is complete or absent. In a folder, pages that an earlier preview of a longer
/// document left behind are removed.
pub fn write_preview(
    fax: impl Read + Seek,
    target: &PreviewTarget,
    limits: &Limits,
) -> Result<Vec<PathBuf>, ConvertError> {
    let limits = Limits {
        // It bounds what people upload; this file is of our own making.
        document_bytes_max: u64::MAX,
        ..limits.clone()
    };
    let pages = FaxTiffReader::open(fax, &limits)?.map(|page| {
        let page = page?;
        let resolution = page.resolution().ok_or_else(|| ConvertError::Unsupported {
            what: "a fax page whose densities are not those of a fax".to_owned(),
        })?;
        Ok((page.bitmap, resolution))
    });
    match target {
        PreviewTarget::Pdf(path) => write_pdf(pages, path),
        PreviewTarget::Folder(folder) => write_pictures(pages, folder),
    }
}

type Page = Result<(Bitmap, Resolution), ConvertError>;

fn write_pdf(pages: impl Iterator<Item = Page>, path: &Path) -> Result<Vec<PathBuf>, ConvertError> {
    let mut unfinished = UnfinishedFile::beside(path).map_err(ConvertError::Write)?;
    let mut pdf =
        PdfWriter::new(BufWriter::new(&mut unfinished.file)).map_err(ConvertError::Write)?;
    for page in pages {
        let (bitmap, resolution) = page?;
        pdf.page(&bitmap, resolution).map_err(ConvertError::Write)?;
    }
    pdf.finish().map_err(ConvertError::Write)?;
    unfinished.publish(path).map_err(ConvertError::Write)?;
    Ok(vec![path.to_owned()])
}

fn write_pictures(
    pages: impl Iterator<Item = Page>,
    folder: &Path,
) -> Result<Vec<PathBuf>, ConvertError> {
    fs::create_dir_all(folder).map_err(ConvertError::Write)?;
    let mut written = Vec::new();
    for (index, page) in pages.enumerate() {
        let (bitmap, resolution) = page?;
        let path = folder.join(picture_name(index + 1));
        let picture = png::encode(&bitmap, resolution).map_err(ConvertError::Write)?;
        let mut unfinished = UnfinishedFile::beside(&path).map_err(ConvertError::Write)?;
        io::Write::write_all(&mut unfinished.file, &picture).map_err(ConvertError::Write)?;
        unfinished.publish(&path).map_err(ConvertError::Write)?;
        written.push(path);
    }
    remove_pages_after(written.len(), folder).map_err(ConvertError::Write)?;
    Ok(written)
}

fn picture_name(number: usize) -> String {
    format!("page-{number:04}.png")
}

/// Removes the pictures of pages that the document does not have.
fn remove_pages_after(last: usize, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("page-")?.strip_suffix(".png"))
            .and_then(|number| number.parse::<usize>().ok());
        if number.is_some_and(|number| number > last && *name == *picture_name(number)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
