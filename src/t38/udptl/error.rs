//! Why a datagram was refused.

/// Why a datagram was refused; the session goes on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UdptlError {
    /// The datagram ends before its own lengths say so.
    #[error("the datagram is shorter than it says")]
    Truncated,
    /// The error recovery part is of no kind that T.38 knows.
    #[error("the datagram has error recovery of an unknown kind {octet:#04x}")]
    RecoveryKind {
        /// The octet that names the kind.
        octet: u8,
    },
    /// More recovery entries than any peer sends.
    #[error("the datagram has {entries} recovery entries; the limit is {max}")]
    TooManyEntries {
        /// Entries claimed.
        entries: usize,
        /// The limit.
        max: usize,
    },
    /// A length that no datagram can hold.
    #[error("the datagram claims a field of more than {max} bytes")]
    FieldTooLong {
        /// The limit.
        max: usize,
    },
    /// A sequence number far from all others: another stream on our port, or a peer that started
    /// again, which its next datagram will tell.
    #[error("the sequence number {sequence} is far from the expected {expected}")]
    SequenceJump {
        /// The number in the datagram.
        sequence: u16,
        /// The number that was due.
        expected: u16,
    },
}

impl UdptlError {
    /// The stable code: part of the public interface.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "udptl-truncated",
            Self::RecoveryKind { .. } => "udptl-recovery-kind",
            Self::TooManyEntries { .. } => "udptl-too-many-entries",
            Self::FieldTooLong { .. } => "udptl-field-too-long",
            Self::SequenceJump { .. } => "udptl-sequence-jump",
        }
    }
}
