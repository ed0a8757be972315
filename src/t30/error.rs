//! Why a session could not be started.

use std::path::PathBuf;

use crate::job::Reason;

/// Why a session could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum T30Error {
    /// The engine keeps paths in 255 bytes.
    #[error("the path {} is longer than {max} bytes", path.display())]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// The longest accepted.
        max: usize,
    },
    /// The engine takes C strings.
    #[error("the path {} holds a zero byte", path.display())]
    PathWithNul {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be opened, read or created.
    #[error("cannot use the file {}: {source}", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a TIFF of bilevel pages.
    #[error("{} is not a fax TIFF: {what}", path.display())]
    NotFaxTiff {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A page is not as wide as a fax page.
    #[error("page {page} is {width} pixels wide, which is no fax page width")]
    PageWidth {
        /// The page, counted from 1.
        page: u32,
        /// Its width.
        width: u32,
    },
    /// A page has a density no fax machine has.
    #[error("page {page} has {x_dpi} x {y_dpi} dpi, which is no fax resolution")]
    PageResolution {
        /// The page, counted from 1.
        page: u32,
        /// Horizontal density, rounded.
        x_dpi: u32,
        /// Vertical density, rounded.
        y_dpi: u32,
    },
    /// The first page to send lies behind the last page.
    #[error("the fax has {pages} pages, so it cannot start with page {first}")]
    FirstPage {
        /// The page asked for, counted from 1.
        first: u32,
        /// Pages in the file.
        pages: u32,
    },
    /// More pages than one call may carry.
    #[error("the fax has {pages} pages; the limit is {max}")]
    TooManyPages {
        /// Pages in the file.
        pages: u32,
        /// The limit.
        max: u32,
    },
    /// Not an identification that TSI or CSI can carry.
    #[error("\"{ident}\" is not a fax identification: use up to 20 printable ASCII characters")]
    Ident {
        /// What was given.
        ident: String,
    },
    /// A library that the engine calls is not installed.
    #[error(
        "the fax engine needs libtiff and libjpeg, and could not load them: {why} \
         (Debian and Ubuntu have them as libtiff6 and libjpeg62-turbo or libjpeg-turbo8)"
    )]
    LibraryMissing {
        /// What the system's loader said.
        why: String,
    },
    /// The engine could not be set up.
    #[error("the fax engine could not be set up: {what}")]
    Engine {
        /// The step that failed.
        what: &'static str,
    },
}

impl T30Error {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PathTooLong { .. } => "path-too-long",
            Self::PathWithNul { .. } => "path-with-nul",
            Self::File { .. } => "fax-file-unusable",
            Self::NotFaxTiff { .. } => "not-a-fax-tiff",
            Self::PageWidth { .. } => "page-width-unsupported",
            Self::PageResolution { .. } => "page-resolution-unsupported",
            Self::FirstPage { .. } => "first-page-missing",
            Self::TooManyPages { .. } => "too-many-pages",
            Self::Ident { .. } => "ident-invalid",
            Self::LibraryMissing { .. } => "fax-library-missing",
            Self::Engine { .. } => "engine-setup-failed",
        }
    }

    /// Why a job that meets this error ends.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::PageWidth { .. } | Self::PageResolution { .. } => Reason::ImageUnsupported,
            Self::TooManyPages { .. } => Reason::TooManyPages,
            Self::File { .. } | Self::PathTooLong { .. } | Self::PathWithNul { .. } => {
                Reason::StorageFailed
            }
            Self::NotFaxTiff { .. } | Self::FirstPage { .. } | Self::Ident { .. } => {
                Reason::DocumentError
            }
            Self::LibraryMissing { .. } | Self::Engine { .. } => Reason::WorkerLost,
        }
    }
}
