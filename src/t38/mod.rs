//! T.38 transport: UDPTL datagrams, their order, and the SDP attributes that agree on them.
//!
//! Nothing here knows a clock or a socket: time and bytes come from the caller.

mod attributes;
pub mod udptl;

pub use attributes::{RateManagement, T38Attributes, UdpErrorCorrection};
