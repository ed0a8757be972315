//! What can be wrong with a recording, or go wrong while it becomes an MP3.

use std::io;

use crate::job::Reason;

/// Why a recording did not become an MP3.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The file has no bytes.
    #[error("the recording is empty")]
    Empty,
    /// The file is something else, whatever its name says.
    #[error("the file is not a recording: it is {found}")]
    NotARecording {
        /// What its content says it is.
        found: &'static str,
    },
    /// A recording of a kind that is not decoded.
    #[error("recordings in {codec} are not supported")]
    Unsupported {
        /// The container or codec, by its own name.
        codec: String,
    },
    /// The header or the audio contradicts itself.
    #[error("the recording is damaged: {what}")]
    Invalid {
        /// What is wrong, for a person.
        what: String,
    },
    /// More bytes than the limit.
    #[error("the recording has {bytes} bytes; recording_bytes_max is {bytes_max}")]
    TooLarge {
        /// Size of the recording.
        bytes: u64,
        /// The limit `recording_bytes_max`.
        bytes_max: u64,
    },
    /// More audio than the limit.
    #[error("the recording lasts {seconds} s or more; recording_seconds_max is {seconds_max}")]
    TooLong {
        /// Length announced, or reached when decoding stopped, in seconds.
        seconds: u64,
        /// The limit `recording_seconds_max`.
        seconds_max: u64,
    },
    /// A sound header with not one sample behind it.
    #[error("the recording holds no audio")]
    NoAudio,
    /// The input could not be read or the output not written.
    #[error("{what} failed: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The MP3 encoder failed, or what it wrote did not stand up to being read back.
    #[error("the MP3 could not be made: {what}")]
    Encoder {
        /// What was found.
        what: String,
    },
    /// The caller asked to stop.
    #[error("the transcoding was canceled")]
    Canceled,
}

impl AudioError {
    /// The stable code of this error: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "recording-empty",
            Self::NotARecording { .. } => "not-a-recording",
            Self::Unsupported { .. } => "recording-unsupported",
            Self::Invalid { .. } => "recording-invalid",
            Self::TooLarge { .. } => "recording-too-large",
            Self::TooLong { .. } => "recording-too-long",
            Self::NoAudio => "recording-without-audio",
            Self::Io { .. } => "io-failed",
            Self::Encoder { .. } => "encoder-failed",
            Self::Canceled => "canceled",
        }
    }

    /// The reason a job ends for, when it ends by this error.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Empty | Self::Invalid { .. } | Self::NoAudio => Reason::RecordingInvalid,
            Self::NotARecording { .. } | Self::Unsupported { .. } => Reason::MediaUnsupported,
            Self::TooLarge { .. } | Self::TooLong { .. } => Reason::RecordingTooLarge,
            Self::Io { .. } => Reason::StorageFailed,
            Self::Encoder { .. } => Reason::TranscodeFailed,
            Self::Canceled => Reason::CanceledByUser,
        }
    }

    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid { what: what.into() }
    }

    pub(super) fn unsupported(codec: impl Into<String>) -> Self {
        Self::Unsupported {
            codec: codec.into(),
        }
    }

    pub(super) fn encoder(what: impl Into<String>) -> Self {
        Self::Encoder { what: what.into() }
    }

    /// For `map_err`: an input that could not be read.
    pub(super) fn reading(source: io::Error) -> Self {
        Self::Io {
            what: "reading the recording",
            source,
        }
    }

    /// For `map_err`: an output that could not be written or read back.
    pub(super) fn writing(source: io::Error) -> Self {
        Self::Io {
            what: "writing the MP3",
            source,
        }
    }
}
