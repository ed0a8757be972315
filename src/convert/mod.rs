//! From an uploaded document to fax pages: inspect, rasterize, binarize, write.

mod error;
mod fax_tiff;
mod tiff_bilevel;
mod tiff_directory;

pub use error::ConvertError;
pub use fax_tiff::{FaxPage, FaxTiffPage, FaxTiffReader, FaxTiffWriter, page_digest};
