//! UDPTL, the transport of T.38 over UDP (ITU-T T.38 §9.1): one primary packet a datagram, and
//! earlier ones again, or their parities, against loss.
//!
//! Sending: [`UdptlEncoder`]. Receiving: [`UdptlReceiver`], which is a [`UdptlDecoder`] (what the
//! datagrams carry, with lost packets recovered) in front of a [`ReorderBuffer`] (in order, gaps
//! held open for a while).

mod datagram;
mod decoder;
mod encoder;
mod error;
mod length;
mod receiver;
mod reorder;

pub use datagram::{Datagram, ENTRIES_MAX, Recovery};
pub use decoder::{Recovered, UdptlDecoder};
pub use encoder::{ErrorCorrection, UdptlEncoder};
pub use error::UdptlError;
pub use receiver::{ReceiverStats, UdptlReceiver};
pub use reorder::{Placed, ReorderBuffer};
