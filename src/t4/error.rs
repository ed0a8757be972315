//! Why a coded page could not be decoded at all.

/// A page that cannot be decoded; damage that leaves a page is reported beside it instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum T4Error {
    /// Fax rows have 1 to 65535 pixels.
    #[error("a fax row has 1 to 65535 pixels, not {width}")]
    Width {
        /// The width asked for.
        width: u32,
    },
    /// The data holds more rows than allowed.
    #[error("the coded page has more than {rows_max} rows")]
    TooManyRows {
        /// The limit.
        rows_max: u32,
    },
    /// The rows take more bytes than allowed.
    #[error("the coded page takes more than {bytes_max} bytes when decoded")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The uncompressed mode of T.6 §2.2.5 or another extension, which fax machines do not use.
    #[error("row {row} uses extension {extension} of T.6, which is not supported")]
    Extension {
        /// The row, counted from 0.
        row: u32,
        /// The three bits after the extension's prefix; 7 is uncompressed mode.
        extension: u8,
    },
}

impl T4Error {
    /// The stable name of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Width { .. } => "t4-width",
            Self::TooManyRows { .. } => "t4-too-many-rows",
            Self::TooLarge { .. } => "t4-too-large",
            Self::Extension { .. } => "t4-extension",
        }
    }
}
