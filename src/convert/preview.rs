//! What the far machine will print, for people to look at before it does: pictures or a PDF.
//!
//! A preview is made of the pages as they go out, header line included, so it shows the very pixels
//! that are sent: what it holds decodes to the same [`page_digest`](super::page_digest).

mod pdf;
mod png;

use std::fmt;
use std::fs;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use super::ConvertError;
use super::outgoing::{OutgoingPage, OutgoingReport, write_pages};
use super::unfinished::UnfinishedFile;

use pdf::PdfWriter;

/// Where a preview goes, and by that what it is.
///
/// ```
/// use faxmill::convert::PreviewTarget;
/// assert_eq!("p.pdf".parse(), Ok(PreviewTarget::Pdf("p.pdf".into())));
/// assert_eq!("pages/".parse(), Ok(PreviewTarget::Folder("pages/".into())));
/// assert!("page-%d.png".parse::<PreviewTarget>().is_ok());
/// assert!("page.png".parse::<PreviewTarget>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreviewTarget {
    /// One PDF with every page at its true size.
    Pdf(PathBuf),
    /// The fax TIFF that a call sends.
    Tiff(PathBuf),
    /// A folder, made when it is missing, with one PNG a page: `page-0001.png` and so on.
    Folder(PathBuf),
    /// One PNG a page, numbered where the name has `%d`.
    Numbered(NumberedPath),
}

/// A path with the place of a page's number in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedPath {
    before: String,
    after: String,
    /// Least number of digits.
    digits: usize,
}

/// A path that says neither PDF nor folder nor numbered pictures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{name}\" is neither a folder nor a .pdf or .tiff file: PNG pages go into a folder, \
     or into files such as page-%d.png or page-%03d.png"
)]
pub struct PreviewTargetError {
    /// The path that was given.
    pub name: String,
}

impl FromStr for PreviewTarget {
    type Err = PreviewTargetError;

    /// A name ending in `.pdf` is a PDF, in `.tif` or `.tiff` a TIFF, in `.png` with a `%d` in it
    /// numbered pictures; one that ends in another image's extension is an error; all others are
    /// folders.
    fn from_str(text: &str) -> Result<Self, PreviewTargetError> {
        let refused = || PreviewTargetError {
            name: text.to_owned(),
        };
        let path = PathBuf::from(text);
        let extension = path.extension().map(|extension| {
            extension
                .to_ascii_lowercase()
                .to_string_lossy()
                .into_owned()
        });
        match extension.as_deref() {
            Some("pdf") => Ok(Self::Pdf(path)),
            Some("png") => NumberedPath::parse(text)
                .map(Self::Numbered)
                .ok_or_else(refused),
            Some("tif" | "tiff") => Ok(Self::Tiff(path)),
            Some("jpg" | "jpeg" | "gif" | "bmp") => Err(refused()),
            _ => Ok(Self::Folder(path)),
        }
    }
}

impl fmt::Display for PreviewTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pdf(path) | Self::Tiff(path) | Self::Folder(path) => path.display().fmt(f),
            Self::Numbered(path) => path.fmt(f),
        }
    }
}

impl NumberedPath {
    const DIGITS_MAX: usize = 9;

    /// A path whose file name has one `%d` or, with leading zeros, `%01d` to `%09d`.
    fn parse(text: &str) -> Option<Self> {
        let (before, rest) = text.split_once('%')?;
        let (digits, after) = rest.split_once('d')?;
        let digits = match digits.strip_prefix('0') {
            None if digits.is_empty() => 1,
            None => return None,
            Some(digits) => digits.parse().ok()?,
        };
        let is_name = !after.contains(['%', '/']);
        (is_name && (1..=Self::DIGITS_MAX).contains(&digits)).then(|| Self {
            before: before.to_owned(),
            after: after.to_owned(),
            digits,
        })
    }

    fn path(&self, number: usize) -> PathBuf {
        let Self {
            before,
            after,
            digits,
        } = self;
        PathBuf::from(format!("{before}{number:0digits$}{after}"))
    }
}

impl fmt::Display for NumberedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, .. } = self;
        match self.digits {
            1 => write!(f, "{before}%d{after}"),
            digits => write!(f, "{before}%0{digits}d{after}"),
        }
    }
}

/// What a preview consists of.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// Its files, in order.
    pub files: Vec<PathBuf>,
    /// Its pages, in order.
    pub pages: Vec<OutgoingReport>,
}

/// Writes the preview of pages as they go out.
///
/// Each file is complete or absent. In a folder, pages that an earlier preview of a longer
/// document left behind are removed; numbered files elsewhere stay, since they may be somebody's.
pub fn write_preview(
    pages: impl Iterator<Item = Page>,
    target: &PreviewTarget,
) -> Result<Preview, ConvertError> {
    match target {
        PreviewTarget::Pdf(path) => write_pdf(pages, path),
        PreviewTarget::Tiff(path) => write_tiff(pages, path),
        PreviewTarget::Folder(folder) => {
            fs::create_dir_all(folder).map_err(ConvertError::Write)?;
            let preview = write_pictures(pages, |number| folder.join(picture_name(number)))?;
            remove_pages_after(preview.files.len(), folder).map_err(ConvertError::Write)?;
            Ok(preview)
        }
        PreviewTarget::Numbered(pattern) => write_pictures(pages, |number| pattern.path(number)),
    }
}

type Page = Result<OutgoingPage, ConvertError>;

fn write_pdf(pages: impl Iterator<Item = Page>, path: &Path) -> Result<Preview, ConvertError> {
    let mut unfinished = UnfinishedFile::beside(path).map_err(ConvertError::Write)?;
    let mut pdf =
        PdfWriter::new(BufWriter::new(&mut unfinished.file)).map_err(ConvertError::Write)?;
    let mut reports = Vec::new();
    for page in pages {
        let page = page?;
        pdf.page(&page).map_err(ConvertError::Write)?;
        reports.push(page.report());
    }
    pdf.finish().map_err(ConvertError::Write)?;
    unfinished.publish(path).map_err(ConvertError::Write)?;
    Ok(Preview {
        files: vec![path.to_owned()],
        pages: reports,
    })
}

fn write_tiff(pages: impl Iterator<Item = Page>, path: &Path) -> Result<Preview, ConvertError> {
    let mut unfinished = UnfinishedFile::beside(path).map_err(ConvertError::Write)?;
    let reports = write_pages(pages, BufWriter::new(&mut unfinished.file))?;
    unfinished.publish(path).map_err(ConvertError::Write)?;
    Ok(Preview {
        files: vec![path.to_owned()],
        pages: reports,
    })
}

fn write_pictures(
    pages: impl Iterator<Item = Page>,
    path_of: impl Fn(usize) -> PathBuf,
) -> Result<Preview, ConvertError> {
    let (mut files, mut reports) = (Vec::new(), Vec::new());
    for page in pages {
        let page = page?;
        let path = path_of(files.len() + 1);
        let picture = png::encode(&page.bitmap, page.resolution).map_err(ConvertError::Write)?;
        let mut unfinished = UnfinishedFile::beside(&path).map_err(ConvertError::Write)?;
        io::Write::write_all(&mut unfinished.file, &picture).map_err(ConvertError::Write)?;
        unfinished.publish(&path).map_err(ConvertError::Write)?;
        files.push(path);
        reports.push(page.report());
    }
    Ok(Preview {
        files,
        pages: reports,
    })
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
