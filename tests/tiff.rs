//! Fax TIFF files judged by libtiff's tools, and other people's TIFF files read as documents.

#[path = "tiff/builder.rs"]
mod builder;
#[path = "tiff/codings.rs"]
mod codings;
#[path = "tiff/colours.rs"]
mod colours;
#[path = "tiff/corpus.rs"]
mod corpus;
#[path = "tiff/depths.rs"]
mod depths;
#[path = "tiff/kinds.rs"]
mod kinds;
#[path = "tiff/lies.rs"]
mod lies;
#[path = "t4/pages.rs"]
#[allow(dead_code, reason = "the codec's tests use more of these pages")]
mod pages;
#[path = "t4/plain_tiff.rs"]
#[allow(dead_code, reason = "the codec's tests use more of this file")]
mod plain_tiff;
#[path = "tiff/tools.rs"]
mod tools;
#[path = "tiff/writer.rs"]
mod writer;
