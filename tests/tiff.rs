//! Fax TIFF files judged by libtiff's tools, and other people's TIFF files read as documents.

#[path = "t4/pages.rs"]
mod pages;
#[path = "tiff/writer.rs"]
mod writer;
