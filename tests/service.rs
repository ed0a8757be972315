//! The whole service as its users meet it: processes, their deaths, and what becomes of jobs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod service {
    mod bad_input;
    mod cover;
    mod documents;
    mod header;
    mod kills;
    mod lifecycle;
    mod lines;
    mod operations;
    mod pages_refused;
    mod running;
    mod storage;
}

#[allow(dead_code, reason = "the tests of single calls use more of it")]
#[path = "calls/far_end.rs"]
mod far_end;
