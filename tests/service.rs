//! The whole service as its users meet it: processes, their deaths, and what becomes of jobs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod service {
    mod bad_input;
    mod cover;
    mod documents;
    mod header;
    mod hostile;
    mod kills;
    mod lifecycle;
    mod lines;
    mod operations;
    mod pages_refused;
    mod running;
    mod storage;
    mod watched;
}

#[allow(dead_code, reason = "the tests of single calls use more of it")]
#[path = "calls/far_end.rs"]
mod far_end;

#[allow(dead_code, reason = "the conversion's tests use more of them")]
#[path = "convert/hostile.rs"]
mod hostile;

#[allow(dead_code, reason = "the conversion's tests use more of it")]
#[path = "convert/pdf.rs"]
mod pdf;

#[allow(dead_code, reason = "the tests of TIFF files use more of it")]
#[path = "tiff/builder.rs"]
mod builder;
