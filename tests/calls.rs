//! Fax calls over real loopback sockets: two of our own agents, and far ends that misbehave.

#[path = "calls/support.rs"]
mod support;

#[path = "calls/fax.rs"]
mod fax;
