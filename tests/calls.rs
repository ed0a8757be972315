//! Fax calls over real loopback sockets: two of our own agents, and far ends that misbehave.

#[path = "calls/far_end.rs"]
mod far_end;
#[path = "calls/support.rs"]
mod support;

#[path = "calls/addresses.rs"]
mod addresses;
#[path = "calls/answered.rs"]
mod answered;
#[path = "calls/fax.rs"]
mod fax;
#[path = "calls/incoming.rs"]
mod incoming;
#[path = "calls/negotiation.rs"]
mod negotiation;
#[path = "calls/unanswered.rs"]
mod unanswered;
