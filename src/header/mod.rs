//! The header line: when a page was sent, by whom, to whom, and which page of how many it is.
//!
//! The law of several countries wants it on faxes (in the USA 47 CFR 68.318(d): date, time, the
//! sender's identity and number, in the margin of every page or of the first). A [`HeaderFormat`]
//! says what stands in it, a [`Header`] what it says in one call, [`stamp()`] puts it on a page:
//! into a white margin, or above the page, never over it. The same header on the same page gives
//! the same pixels, so what was sent can be made again from the stored page and the record of its
//! call.

mod error;
mod font;
mod format;
mod line;
mod options;
mod stamp;
mod words;
mod zone;

pub use error::HeaderError;
pub use format::{HeaderField, HeaderFormat};
pub use line::{Header, LocalTime};
pub use options::{HeaderName, HeaderNumber, HeaderOptions, HeaderPages, Sender};
pub use stamp::{ROWS_ADDED_MAX, Stamped, columns, stamp};
pub use zone::ZoneName;
