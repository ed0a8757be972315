//! Why the SIP side could not do what was asked.

use std::net::SocketAddr;

use crate::job::Reason;
use crate::t30::T30Error;

/// Why an agent could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SipError {
    /// The address for SIP is taken or not ours.
    #[error("cannot listen for SIP on {address}: {message}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system or the stack said.
        message: String,
    },
    /// A setting of the agent contradicts itself.
    #[error("the SIP settings cannot be used: {what}")]
    Config {
        /// Which one, and why.
        what: String,
    },
    /// The fax engine lacks something that no call should be begun without.
    #[error(transparent)]
    Engine(#[from] T30Error),
}

impl SipError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Bind { .. } => "sip-bind-failed",
            Self::Config { .. } => "sip-config-invalid",
            Self::Engine(error) => error.code(),
        }
    }

    /// Why a job that meets this error ends.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Bind { .. } | Self::Config { .. } => Reason::TrunkSilent,
            Self::Engine(error) => error.reason(),
        }
    }
}
