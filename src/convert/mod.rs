//! From an uploaded document to fax pages: inspect, rasterize, binarize, write.

mod error;

pub use error::ConvertError;
