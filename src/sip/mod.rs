//! Call control over SIP and the fax calls it carries.
//!
//! An [`Agent`] listens on one address and makes and takes calls. [`Agent::send_fax`] and
//! [`IncomingCall::receive_fax`] run a whole call, from the INVITE to the BYE, and always end: with
//! a [`CallOutcome`] that says what was confirmed and, if not all, why not. A [`CallObserver`]
//! follows the call and can hold it up until what happened is stored.
//!
//! Three layers, from pure to edge: [`uri`](SipUri), [`sdp`] and [`offer_answer`] know no socket
//! and no clock; `dial`, `incoming` and `fax_call` drive them over real ones; `stack` is the only
//! file that sets up rsipstack, whose gaps `challenge`, `incoming` and `dialog` close.

mod agent;
mod call;
mod causes;
mod ced;
mod challenge;
mod dial;
mod dialog;
mod error;
mod fax_call;
mod incoming;
mod media;
pub mod offer_answer;
mod resolve;
pub mod sdp;
mod stack;
mod t38_stream;
mod uri;

pub use agent::{Agent, AgentConfig};
pub use call::{
    CallObserver, CallOutcome, CallTimes, Credentials, IncomingFax, MediaStats, NoObserver,
    ObserverRefused, OutgoingFax,
};
pub use causes::{q850_cause, refusal_reason};
pub use ced::CedDetector;
pub use error::SipError;
pub use incoming::IncomingCall;
pub use offer_answer::Policy;
pub use uri::{Host, SipUri, Transport, UriError, UriFault};
