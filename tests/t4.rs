//! The T.4/T.6 codec against itself, against libtiff's own files, and against foreign bytes.

#[path = "t4/damage.rs"]
mod damage;
#[path = "t4/foreign_bytes.rs"]
mod foreign_bytes;
#[path = "t4/libtiff.rs"]
mod libtiff;
#[path = "t4/pages.rs"]
mod pages;
#[path = "t4/paths.rs"]
mod paths;
#[path = "t4/plain_tiff.rs"]
mod plain_tiff;
#[path = "t4/round_trip.rs"]
mod round_trip;
