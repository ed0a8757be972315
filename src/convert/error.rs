//! Why a document did not become fax pages.

use std::io;

use serde::{Deserialize, Serialize};

use super::cover::CoverError;
use crate::job::Reason;

/// A document that could not be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The file holds no bytes.
    #[error("the file is empty")]
    Empty,
    /// The content is neither a PDF nor a TIFF, whatever the file's name says.
    #[error("the file is neither a PDF nor a TIFF: it seems to be {found}")]
    NotADocument {
        /// What the first bytes look like.
        found: &'static str,
    },
    /// A PDF or TIFF that cannot be read.
    #[error("the document cannot be read: {what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
    },
    /// Needs a password to be opened.
    #[error("the document is protected by a password")]
    Encrypted,
    /// Over a limit on bytes, page size or pixels.
    #[error("the document is too large: {what} is {value}, the limit is {limit}")]
    TooLarge {
        /// The quantity that is limited, with its unit.
        what: &'static str,
        /// What the document has.
        value: u64,
        /// What is accepted.
        limit: u64,
    },
    /// Over the limit on pages.
    #[error("the document has {pages} pages, the limit is {limit}")]
    TooManyPages {
        /// What the document has; of a TIFF, the count at which reading stopped.
        pages: u32,
        /// What is accepted.
        limit: u32,
    },
    /// Rendering did not end in time and was stopped.
    #[error("the document took longer to render than the limit of {seconds} s")]
    Timeout {
        /// The limit that was reached.
        seconds: u64,
    },
    /// The rendering process died.
    #[error("the document crashed the renderer: {detail}")]
    Crashed {
        /// How it died.
        detail: String,
    },
    /// A kind of TIFF that is valid but not read here.
    #[error("the document uses a feature that is not supported: {what}")]
    Unsupported {
        /// The feature.
        what: String,
    },
    /// The PDFium library was not found or could not be loaded.
    #[error(
        "the PDF renderer is missing: no usable PDFium library ({}); \
         run scripts/fetch-pdfium.sh or set FAXMILL_PDFIUM to the library's path",
        .tried.join("; ")
    )]
    LibraryMissing {
        /// Every place that was tried, with what was wrong there.
        tried: Vec<String>,
    },
    /// The rendering process could not be started or spoken to.
    #[error("the rendering process could not be started: {0}")]
    Start(#[source] io::Error),
    /// The document could not be read from storage.
    #[error("the document could not be read from storage: {0}")]
    Io(#[from] io::Error),
    /// The fax pages could not be written.
    #[error("the fax pages could not be written: {0}")]
    Write(#[source] io::Error),
    /// There is no cover page as it was asked for.
    #[error(transparent)]
    Cover(#[from] CoverError),
    /// The caller asked to stop.
    #[error("the conversion was canceled")]
    Canceled,
}

impl ConvertError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "document-empty",
            Self::NotADocument { .. } => "not-a-document",
            Self::Invalid { .. } => "document-invalid",
            Self::Encrypted => "document-encrypted",
            Self::TooLarge { .. } => "document-too-large",
            Self::TooManyPages { .. } => "too-many-pages",
            Self::Timeout { .. } => "conversion-timeout",
            Self::Crashed { .. } => "conversion-crashed",
            Self::Unsupported { .. } => "document-unsupported",
            Self::LibraryMissing { .. } => "renderer-missing",
            Self::Start(_) => "renderer-start-failed",
            Self::Io(_) => "read-failed",
            Self::Write(_) => "write-failed",
            Self::Cover(error) => error.code(),
            Self::Canceled => "canceled",
        }
    }

    /// Whether it is what was to be drawn that is at fault, not the machine or the caller.
    pub(super) const fn is_of_document(&self) -> bool {
        matches!(
            self,
            Self::Invalid { .. }
                | Self::TooLarge { .. }
                | Self::Unsupported { .. }
                | Self::Crashed { .. }
                | Self::Timeout { .. }
        )
    }

    /// What a job that ends by this error ends for.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Empty | Self::NotADocument { .. } | Self::Invalid { .. } | Self::Cover(_) => {
                Reason::DocumentInvalid
            }
            Self::Encrypted => Reason::DocumentEncrypted,
            Self::TooLarge { .. } => Reason::DocumentTooLarge,
            Self::TooManyPages { .. } => Reason::TooManyPages,
            Self::Timeout { .. } => Reason::ConversionTimeout,
            Self::Crashed { .. } => Reason::ConversionCrashed,
            Self::Unsupported { .. } => Reason::MediaUnsupported,
            Self::LibraryMissing { .. } | Self::Start(_) => Reason::RendererUnavailable,
            Self::Io(_) | Self::Write(_) => Reason::StorageFailed,
            Self::Canceled => Reason::CanceledByUser,
        }
    }
}

/// What the rendering process says about a document that it refuses: the part of
/// [`ConvertError`] that crosses the process boundary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// See [`ConvertError::Invalid`].
    Invalid {
        /// What is wrong with the document.
        what: String,
    },
    /// See [`ConvertError::Encrypted`].
    Encrypted,
    /// A page edge over the limit, in points; the process that started the child knows the limit.
    PageTooLarge {
        /// The page's longer edge.
        points: u64,
    },
    /// A document over the limit on bytes.
    DocumentTooLarge {
        /// Bytes read until reading stopped.
        bytes: u64,
    },
    /// An image over a limit.
    ImageTooLarge {
        /// One of the quantities of a TIFF image that have a limit.
        what: String,
        /// What the image has.
        value: u64,
        /// What is accepted.
        limit: u64,
    },
    /// See [`ConvertError::Unsupported`].
    Unsupported {
        /// The feature.
        what: String,
    },
    /// See [`ConvertError::Io`].
    Unreadable {
        /// What reading came to.
        why: String,
    },
    /// See [`ConvertError::TooManyPages`].
    TooManyPages {
        /// Pages of the document.
        pages: u32,
    },
    /// See [`ConvertError::LibraryMissing`].
    LibraryMissing {
        /// What the loader said.
        why: String,
    },
}

/// Rows of an image.
pub(crate) const IMAGE_ROWS: &str = "rows in an image";
/// Width of an image.
pub(crate) const IMAGE_ROW_PIXELS: &str = "pixels in a row";
/// Size of an image.
pub(crate) const IMAGE_PIXELS: &str = "pixels in an image";
/// Size of all images of a document.
pub(crate) const DOCUMENT_PIXELS: &str = "pixels in all images";
/// Size of a bilevel image once decoded.
pub(crate) const IMAGE_BYTES: &str = "bytes of pixels in an image";
/// Size of a file that holds images.
pub(crate) const FILE_BYTES: &str = "bytes in the file";

/// What of an image is limited, by the names in [`ConvertError::TooLarge`].
pub(crate) const IMAGE_QUANTITIES: [&str; 6] = [
    IMAGE_ROWS,
    IMAGE_ROW_PIXELS,
    IMAGE_PIXELS,
    DOCUMENT_PIXELS,
    IMAGE_BYTES,
    FILE_BYTES,
];
