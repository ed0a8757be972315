//! Fax TIFF files judged by libtiff's tools, and other people's TIFF files read as documents.

#[path = "tiff/corpus.rs"]
mod corpus;
#[path = "t4/pages.rs"]
mod pages;
#[path = "tiff/tools.rs"]
mod tools;
#[path = "tiff/writer.rs"]
mod writer;
