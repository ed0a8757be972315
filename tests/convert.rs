//! Documents become fax pages: geometry, refusals, hostile files, and Ghostscript as a judge.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its fixture too"
)]

mod convert {
    mod bombs;
    mod cover;
    mod fixture;
    mod fuzz_corpus;
    mod geometry;
    mod header;
    mod hostile;
    mod judge;
    mod layout;
    mod library;
    mod memory;
    mod output;
    mod pdf;
    mod pool;
    mod preview;
    mod process;
    mod refusals;
    mod report;
    mod samples;
    mod sandbox;
    mod scanned;
    mod tiff;
    mod tones;
}

#[allow(dead_code, reason = "the tests of TIFF files use more of it")]
#[path = "tiff/builder.rs"]
mod builder;
