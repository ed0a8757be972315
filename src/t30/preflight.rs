//! A look at a fax file before anything is dialed for it.

use std::path::Path;

use super::error::T30Error;
use crate::units::{PageWidth, Resolution};

/// The longest path the engine takes, in bytes.
pub const MAX_PATH_BYTES: usize = 255;

/// What a fax file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Its pages in order.
    pub pages: Vec<PageSummary>,
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
    Err(T30Error::NotFaxTiff {
        path: path.to_owned(),
        what: String::new(),
    })
}
