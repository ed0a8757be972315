//! Where a job is. The names are part of the public interface.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum $type { $($(#[$doc])* #[serde(rename = $text)] $name,)* }

        impl $type {
            /// Every value, in the order of the reference table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable name used in JSON, commands and storage.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.name() == text)
                    .ok_or_else(|| UnknownName { text: text.chars().take(40).collect() })
            }
        }
    };
}

named! {
    /// What kind of work a job is.
    JobKind {
        /// A document sent to a fax machine.
        Fax = "fax",
        /// A recording turned into MP3.
        Voicemail = "voicemail",
        /// A fax that somebody sent to us.
        ReceivedFax = "received_fax",
    }
}

named! {
    /// A step of the pipeline that a worker claims; also the name of its queue.
    Stage {
        /// Document → fax pages.
        Convert = "fax.convert",
        /// Fax pages → the far end.
        Transmit = "fax.send",
        /// Recording → MP3.
        Transcode = "voicemail.transcode",
        /// An incoming call → a stored fax; claimed by the worker that answered the call.
        Receive = "fax.receive",
    }
}

impl Stage {
    /// The stage in a word: what the worker does that claims it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Convert => "convert",
            Self::Transmit => "transmit",
            Self::Transcode => "transcode",
            Self::Receive => "receive",
        }
    }
}

named! {
    /// Where a job is.
    Status {
        /// Stored; waits for its first worker.
        Accepted = "accepted",
        /// A worker inspects the document.
        Validating = "validating",
        /// A worker renders and encodes the pages.
        Converting = "converting",
        /// A fax: pages are ready and wait for a line. A voicemail: the MP3 is ready (the end).
        Ready = "ready",
        /// Ready, and waits for the time it was asked to be sent at.
        Scheduled = "scheduled",
        /// Ready, and waits for a person to release it.
        Held = "held",
        /// The call is placed and not yet answered.
        Dialing = "dialing",
        /// Answered; the two machines agree on how to talk.
        Negotiating = "negotiating",
        /// Pages are on the line.
        Sending = "sending",
        /// The far end confirmed every page.
        Delivered = "delivered",
        /// Waits for its next attempt.
        RetryWait = "retry_wait",
        /// Ended with some, not all, pages confirmed or received.
        Partial = "partial",
        /// Ended without success.
        Failed = "failed",
        /// Ended because somebody canceled it.
        Canceled = "canceled",
        /// Ended because its deadline passed.
        Expired = "expired",
        /// Whether the fax was delivered is not known; only a person decides what follows.
        Indeterminate = "indeterminate",
        /// A worker turns the recording into MP3.
        Transcoding = "transcoding",
        /// An incoming fax is on the line.
        Receiving = "receiving",
        /// An incoming fax was stored complete.
        Received = "received",
    }
}

impl Status {
    /// Whether a job of this kind ends here.
    ///
    /// `ready` ends a voicemail but not a fax. [`Status::Indeterminate`] is not an end: a person
    /// still has to say what became of the fax; see [`Status::is_resting`].
    pub const fn is_terminal(self, kind: JobKind) -> bool {
        match self {
            Self::Delivered
            | Self::Partial
            | Self::Failed
            | Self::Canceled
            | Self::Expired
            | Self::Received => true,
            Self::Ready => matches!(kind, JobKind::Voicemail),
            _ => false,
        }
    }

    /// Whether nothing more happens by itself: a terminal status, or `indeterminate`.
    pub const fn is_resting(self, kind: JobKind) -> bool {
        self.is_terminal(kind) || matches!(self, Self::Indeterminate)
    }

    /// Whether a worker is at it.
    pub const fn is_active(self) -> bool {
        self.is_on_line()
            || matches!(
                self,
                Self::Validating | Self::Converting | Self::Transcoding
            )
    }

    /// Whether a telephone call is up for it.
    pub const fn is_on_line(self) -> bool {
        matches!(
            self,
            Self::Dialing | Self::Negotiating | Self::Sending | Self::Receiving
        )
    }
}

/// Not one of the names of a status, kind or stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a known name")]
pub struct UnknownName {
    /// The beginning of what was given.
    pub text: String,
}
