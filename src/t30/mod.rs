//! T.30 fax sessions over the spandsp engine: packets and time in, packets and events out.
//!
//! A [`T38Session`] knows no clock and no socket. The caller tells it the time with
//! [`T38Session::advance`], hands it the packets of the far end in order with
//! [`T38Session::handle_ifp`], and drains [`T38Session::poll`]; the same inputs give the same
//! outputs. Only the fax itself is a file, because the engine reads and writes TIFF by path.
//!
//! Three promises to the caller:
//!
//! - A page of the far end is in the TIFF file, whole and readable by libtiff (though not synced to
//!   the disk), when its [`Event::PageReceived`] is seen, and its confirmation cannot leave before the next call of
//!   [`T38Session::advance`]: a caller that stores the page first loses none that was confirmed.
//!   The file may hold a page more than was told of: one that broke a limit and ended the session.
//! - Pages count as sent only when the far end confirmed them ([`Event::PageConfirmed`]); the
//!   engine's own end code is a reason, never proof of delivery.
//! - The engine never sees a packet that is malformed, nor a frame known to make it read or write
//!   out of bounds: `guard.rs` rebuilds every packet from checked parts.

mod callbacks;
mod code;
mod config;
mod engine;
mod error;
mod event;
mod frame;
mod guard;
pub mod ifp;
mod image_libraries;
mod preflight;
mod recorder;
mod session;

pub use code::T30Code;
pub use config::{CallSide, Ecm, FaxRole, Modems, SessionConfig, SessionLimits, T38Options};
pub use error::T30Error;
pub use event::{
    Direction, Event, FarEquipment, LineCoding, Negotiated, Output, PageResult, SessionOutcome,
    Verdict,
};
pub use frame::FrameName;
pub use image_libraries::load_image_libraries;
pub use preflight::{DocumentSummary, MAX_PATH_BYTES, PageSummary, examine_document};
pub use session::{SAMPLES_PER_TICK, T38Session, TICK};
