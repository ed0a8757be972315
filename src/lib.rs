//! Faxmill turns documents into delivered faxes and voicemail recordings into MP3.
//!
//! Data flows one way: intake → validate → rasterize → binarize → encode → transmit → store →
//! notify. The modules below are the rooms of that flow, listed from the lowest to the highest; a
//! room imports only rooms listed before it. `ARCHITECTURE.md` tells the story, and
//! `tests/architecture.rs` enforces it.

pub mod units;

pub mod limits;

pub mod t4;

pub mod header;

pub mod job;

pub mod audio;

pub mod convert;

pub mod t30;

pub mod t38;

pub mod sip;

pub mod artifact;

pub mod config;

pub mod store;

pub mod queue;

pub mod pipeline;
