//! The MP3 file: ID3 tag, Info frame, then LAME's frames at a constant bit rate.

use std::fmt;
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use mp3lame_encoder::{
    Bitrate, Builder, Encoder, FlushGap, Mode, MonoPcm, Quality, VbrMode, max_required_buffer_size,
};
use serde::{Deserialize, Serialize};

use super::AudioError;
use super::info_tag::{self, Crc16, InfoTag};
use super::mpeg::{FrameWalker, HEADER_BYTES};
use super::tags::{TagWriter, Tags};

/// Samples given to LAME at a time.
const PIECE_SAMPLES: usize = 4_608;

/// LAME's need for its last frames, by the description of `lame_encode_flush`.
const FLUSH_BYTES: usize = 7_200;

/// Bytes collected before they are written.
const WRITE_BYTES: usize = 32 * 1024;

/// A constant bit rate that mono MPEG-2 and MPEG-2.5 streams can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum Mp3Bitrate {
    /// 24 kbit/s.
    Kbps24,
    /// 32 kbit/s, at which telephone speech is transparent.
    #[default]
    Kbps32,
    /// 40 kbit/s.
    Kbps40,
    /// 48 kbit/s.
    Kbps48,
    /// 64 kbit/s.
    Kbps64,
}

impl Mp3Bitrate {
    /// Every bit rate, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Kbps24,
        Self::Kbps32,
        Self::Kbps40,
        Self::Kbps48,
        Self::Kbps64,
    ];

    /// The bit rate in kbit/s.
    pub const fn kbps(self) -> u32 {
        match self {
            Self::Kbps24 => 24,
            Self::Kbps32 => 32,
            Self::Kbps40 => 40,
            Self::Kbps48 => 48,
            Self::Kbps64 => 64,
        }
    }

    const fn lame(self) -> Bitrate {
        match self {
            Self::Kbps24 => Bitrate::Kbps24,
            Self::Kbps32 => Bitrate::Kbps32,
            Self::Kbps40 => Bitrate::Kbps40,
            Self::Kbps48 => Bitrate::Kbps48,
            Self::Kbps64 => Bitrate::Kbps64,
        }
    }
}

impl TryFrom<u32> for Mp3Bitrate {
    type Error = AudioError;

    fn try_from(kbps: u32) -> Result<Self, AudioError> {
        Self::ALL
            .into_iter()
            .find(|bitrate| bitrate.kbps() == kbps)
            .ok_or_else(|| {
                AudioError::encoder(format!("{kbps} kbit/s is none of 24, 32, 40, 48 and 64"))
            })
    }
}

impl From<Mp3Bitrate> for u32 {
    fn from(bitrate: Mp3Bitrate) -> Self {
        bitrate.kbps()
    }
}

impl fmt::Display for Mp3Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kbit/s", self.kbps())
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Samples of the recording, without the encoder's delay and padding.
    pub(super) samples: u64,
    /// Frames, the Info frame not counted.
    pub(super) frames: u64,
    /// Bytes of the whole file.
    pub(super) bytes: u64,
    /// Bytes of the ID3 tag in front.
    pub(super) tag_bytes: u64,
}

/// An MP3 being written.
///
/// The tag and the Info frame are written last, over room left for them, for only the end of the
/// recording tells its length.
pub(super) struct Mp3Writer<W> {
    output: W,
    start: u64,
    rate: u32,
    tag: TagWriter,
    info_bytes: usize,
    encoder: Encoder,
    pending: Vec<u8>,
    audio_bytes: u64,
    samples: u64,
    walker: FrameWalker,
    crc: Crc16,
    template: Option<[u8; HEADER_BYTES]>,
}

impl<W: Write + Seek> Mp3Writer<W> {
    pub(super) fn new(
        mut output: W,
        rate: u32,
        bitrate: Mp3Bitrate,
        tags: &Tags,
    ) -> Result<Self, AudioError> {
        let tag = TagWriter::new(tags)?;
        let info_bytes = info_tag::frame_bytes(rate, bitrate.kbps());
        let start = output.stream_position().map_err(AudioError::writing)?;
        let room = vec![0; tag.len() + info_bytes];
        output.write_all(&room).map_err(AudioError::writing)?;
        Ok(Self {
            output,
            start,
            rate,
            tag,
            info_bytes,
            encoder: encoder(rate, bitrate)?,
            pending: Vec::with_capacity(WRITE_BYTES),
            audio_bytes: 0,
            samples: 0,
            walker: FrameWalker::default(),
            crc: Crc16::default(),
            template: None,
        })
    }

    /// Encodes the next samples.
    pub(super) fn push(&mut self, samples: &[i16]) -> Result<(), AudioError> {
        for piece in samples.chunks(PIECE_SAMPLES) {
            // LAME writes past a buffer that is too small; this size is its own stated bound.
            self.pending.reserve(max_required_buffer_size(piece.len()));
            let before = self.pending.len();
            self.encoder
                .encode_to_vec(MonoPcm(piece), &mut self.pending)
                .map_err(|error| AudioError::encoder(error.to_string()))?;
            self.samples += piece.len() as u64;
            self.account(before);
            if self.pending.len() >= WRITE_BYTES {
                self.write_pending()?;
            }
        }
        Ok(())
    }

    /// Encodes what LAME still holds and completes the file.
    pub(super) fn finish(mut self) -> Result<(W, Written), AudioError> {
        self.pending.reserve(FLUSH_BYTES);
        let before = self.pending.len();
        // With `FlushNoGap` the last samples would be lost.
        self.encoder
            .flush_to_vec::<FlushGap>(&mut self.pending)
            .map_err(|error| AudioError::encoder(error.to_string()))?;
        self.account(before);
        self.write_pending()?;
        let written = self.write_front()?;
        self.output.flush().map_err(AudioError::writing)?;
        Ok((self.output, written))
    }

    /// Counts the encoder's new bytes, which begin at `before`.
    fn account(&mut self, before: usize) {
        let fresh = &self.pending[before..];
        if self.template.is_none() {
            // LAME returns whole frames.
            self.template = fresh.first_chunk().copied();
        }
        self.walker.push(fresh);
        self.crc.push(fresh);
        self.audio_bytes += fresh.len() as u64;
    }

    fn write_pending(&mut self) -> Result<(), AudioError> {
        self.output
            .write_all(&self.pending)
            .map_err(AudioError::writing)?;
        self.pending.clear();
        Ok(())
    }

    /// Writes the tag and the Info frame into the room left for them.
    fn write_front(&mut self) -> Result<Written, AudioError> {
        let frames = self.walker.finish().map_err(AudioError::encoder)?;
        let info = InfoTag {
            template: self.template.unwrap_or_default(),
            frames,
            audio_bytes: self.audio_bytes,
            audio_crc: self.crc.value(),
            samples: self.samples,
        };
        let info = info
            .encode()
            .filter(|info| info.len() == self.info_bytes)
            .ok_or_else(|| AudioError::encoder("its frames do not match its samples"))?;
        let mut front = self.tag.encode(duration(self.samples, self.rate))?;
        front.extend(info);
        let end = self.output.stream_position().map_err(AudioError::writing)?;
        self.output
            .seek(SeekFrom::Start(self.start))
            .and_then(|_| self.output.write_all(&front))
            .and_then(|()| self.output.seek(SeekFrom::Start(end)))
            .map_err(AudioError::writing)?;
        Ok(Written {
            samples: self.samples,
            frames,
            bytes: end - self.start,
            tag_bytes: self.tag.len() as u64,
        })
    }
}

/// How long this many samples last, to the nanosecond.
pub(super) fn duration(samples: u64, rate: u32) -> Duration {
    let rate = u64::from(rate);
    let nanos = (samples % rate) * 1_000_000_000 / rate;
    Duration::new(samples / rate, nanos as u32)
}

fn encoder(rate: u32, bitrate: Mp3Bitrate) -> Result<Encoder, AudioError> {
    let refused = |error: mp3lame_encoder::BuildError| AudioError::encoder(error.to_string());
    let mut builder = Builder::new().ok_or_else(|| AudioError::encoder("out of memory"))?;
    builder.set_sample_rate(rate).map_err(refused)?;
    builder
        .set_output_sample_rate(rate.try_into().ok())
        .map_err(refused)?;
    builder.set_num_channels(1).map_err(refused)?;
    builder.set_mode(Mode::Mono).map_err(refused)?;
    builder.set_vbr_mode(VbrMode::Off).map_err(refused)?;
    builder.set_brate(bitrate.lame()).map_err(refused)?;
    builder.set_quality(Quality::Ok).map_err(refused)?;
    // The Info frame is ours.
    builder.set_to_write_vbr_tag(false).map_err(refused)?;
    builder.build().map_err(refused)
}
