//! The roles a process can play.

use std::fmt;
use std::str::FromStr;

use crate::job::Stage;

/// What a worker process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Documents become fax pages.
    Convert,
    /// Fax pages go to the far end.
    Transmit,
    /// Incoming calls become stored faxes.
    Receive,
    /// Recordings become MP3.
    Transcode,
    /// Wake-ups leave the outbox; retries, deadlines and lost leases are looked after.
    Relay,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Convert,
        Self::Transmit,
        Self::Receive,
        Self::Transcode,
        Self::Relay,
    ];

    /// The stage whose queue feeds it.
    pub const fn stage(self) -> Option<Stage> {
        match self {
            Self::Convert => Some(Stage::Convert),
            Self::Transmit => Some(Stage::Transmit),
            Self::Transcode => Some(Stage::Transcode),
            Self::Receive | Self::Relay => None,
        }
    }

    /// The name used in commands and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Convert => "convert",
            Self::Transmit => "transmit",
            Self::Receive => "receive",
            Self::Transcode => "transcode",
            Self::Relay => "relay",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| {
                format!(
                    "\"{text}\" is not a role: use convert, transmit, receive, transcode or relay"
                )
            })
    }
}
