//! What every kind of recording becomes first: blocks of interleaved samples.

use serde::Serialize;

use super::AudioError;

/// Sample rates accepted, in Hz: below, nothing is intelligible; above, no recorder exists.
pub const RATE_RANGE: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Most channels accepted.
pub const CHANNELS_MAX: u16 = 8;

/// What a recording is, as its own header or the caller's declaration says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFormat {
    /// The file format: `WAV`, `MP3`, `FLAC`, `Ogg` or `raw`.
    pub container: &'static str,
    /// The coding of the audio inside.
    pub codec: &'static str,
    /// Sample rate in Hz.
    pub rate: u32,
    /// Number of channels.
    pub channels: u16,
    /// Samples a channel, where the header or the file's size tell.
    pub frames: Option<u64>,
}

impl SourceFormat {
    /// Refuses rates and channel counts that no recording has.
    pub(super) fn checked(self) -> Result<Self, AudioError> {
        if !RATE_RANGE.contains(&self.rate) {
            return Err(AudioError::invalid(format!(
                "its header states a sample rate of {} Hz",
                self.rate
            )));
        }
        if self.channels == 0 || self.channels > CHANNELS_MAX {
            return Err(AudioError::invalid(format!(
                "its header states {} channels",
                self.channels
            )));
        }
        Ok(self)
    }
}

/// A recording that was not whole, of which everything audible was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Salvage {
    /// The header states no length, as a recorder leaves it that was cut off or wrote to a pipe.
    LengthMissing,
    /// The audio ends before the length that the header states.
    Truncated {
        /// Samples a channel that are not there.
        missing_frames: u64,
    },
    /// Parts of the audio could not be decoded and were left out.
    Damaged {
        /// Packets or frames left out; audio after a break in the container counts as one.
        packets: u64,
    },
}

impl std::fmt::Display for Salvage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LengthMissing => f.write_str("its header states no length; read to the end"),
            Self::Truncated { missing_frames } => {
                write!(f, "it ends {missing_frames} samples early")
            }
            Self::Damaged { packets } => write!(f, "{packets} damaged parts were left out"),
        }
    }
}

/// A recording being decoded.
pub(super) trait Source {
    /// What is being decoded; does not change.
    fn format(&self) -> &SourceFormat;

    /// Fills `block` with the next interleaved samples, full scale being 1; empty means the end.
    ///
    /// A block is bounded by what one packet of the format can hold, never by the file's size.
    fn read(&mut self, block: &mut Vec<f32>) -> Result<(), AudioError>;

    /// What was not whole; complete once the end is reached.
    fn salvage(&self) -> Option<Salvage>;
}
