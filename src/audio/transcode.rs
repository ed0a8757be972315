//! The whole way of a recording: open, decode, mix down, encode, read back.

use std::io::{Read, Seek, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use super::compressed::PacketSource;
use super::mixdown::{Mixdown, output_rate};
use super::mp3::{self, Mp3Bitrate, Mp3Writer};
use super::sniff::{Kind, sniff};
use super::source::{Salvage, Source, SourceFormat};
use super::stream::BlockSource;
use super::tags::Tags;
use super::verify::verify;
use super::wav::{self, Coding};
use super::{AudioError, DeclaredType, encoding, io_ext};
use crate::limits::Limits;

/// What the MP3 is to be like, and what the recording may be like.
#[derive(Clone, Debug, Default)]
pub struct TranscodeOptions {
    /// Constant bit rate of the MP3.
    pub bitrate: Mp3Bitrate,
    /// What is written into the MP3's tag.
    pub tags: Tags,
    /// Bounds on the recording: `recording_bytes_max` and `recording_seconds_max`.
    pub limits: Limits,
}

/// How far a transcoding is, told about once a second of audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Audio done, in seconds.
    pub seconds_done: f64,
    /// Audio in the recording, in seconds, where its header tells.
    pub seconds_total: Option<f64>,
}

/// What became of a recording.
#[derive(Clone, Debug, Serialize)]
pub struct TranscodeReport {
    /// What the recording was.
    pub source: SourceFormat,
    /// What was not whole, if anything; everything audible is in the MP3.
    pub salvage: Option<Salvage>,
    /// Sample rate of the MP3 in Hz.
    pub rate: u32,
    /// Samples in the MP3, without the encoder's delay and padding.
    pub samples: u64,
    /// Exactly `samples / rate`, as players show it; in JSON `duration_seconds`.
    #[serde(rename = "duration_seconds", serialize_with = "seconds")]
    pub duration: Duration,
    /// Size of the MP3 in bytes.
    pub mp3_bytes: u64,
    /// SHA-256 of the MP3, in hexadecimal.
    pub mp3_sha256: String,
    /// Time it took; in JSON `elapsed_seconds`.
    #[serde(rename = "elapsed_seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

/// Turns a recording into a mono MP3 of constant bit rate with an exact duration.
///
/// `input` is read from its first byte, `output` written from its current position and read back
/// before success is reported; on an error it holds a partial file that the caller drops. Memory
/// use does not depend on the recording's length. `cancel` is looked at between blocks.
pub fn transcode<R, W>(
    input: &mut R,
    declared: Option<DeclaredType>,
    output: &mut W,
    options: &TranscodeOptions,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<TranscodeReport, AudioError>
where
    R: Read + Seek + Send + Sync,
    W: Read + Write + Seek + Send + Sync,
{
    let begun = Instant::now();
    check_size(input, &options.limits)?;
    let mut source = open(input, declared)?;
    let rate = output_rate(source.format().rate);
    let start = output.stream_position().map_err(AudioError::writing)?;
    let mut writer = Mp3Writer::new(&mut *output, rate, options.bitrate, &options.tags)?;
    encode(&mut *source, &mut writer, &options.limits, progress, cancel)?;
    let (_, written) = writer.finish()?;
    let mp3_sha256 = verify(output, start, written)?;
    Ok(TranscodeReport {
        source: source.format().clone(),
        salvage: source.salvage(),
        rate,
        samples: written.samples,
        duration: mp3::duration(written.samples, rate),
        mp3_bytes: written.bytes,
        mp3_sha256,
        elapsed: begun.elapsed(),
    })
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// What a recording is, by its header alone.
pub fn inspect<R>(input: &mut R, declared: Option<DeclaredType>) -> Result<SourceFormat, AudioError>
where
    R: Read + Seek + Send + Sync,
{
    Ok(open(input, declared)?.format().clone())
}

fn check_size<R: Seek>(input: &mut R, limits: &Limits) -> Result<(), AudioError> {
    match io_ext::len(input)? {
        0 => Err(AudioError::Empty),
        bytes if bytes > limits.recording_bytes_max => Err(AudioError::TooLarge {
            bytes,
            bytes_max: limits.recording_bytes_max,
        }),
        _ => Ok(()),
    }
}

/// The decoder for whatever `input` is.
fn open<'s, R>(
    input: &'s mut R,
    declared: Option<DeclaredType>,
) -> Result<Box<dyn Source + 's>, AudioError>
where
    R: Read + Seek + Send + Sync,
{
    Ok(match sniff(input, declared)? {
        Kind::Mp3 { start } => Box::new(PacketSource::mp3(input, start)?),
        Kind::Flac { start } => Box::new(PacketSource::flac(input, start)?),
        Kind::Ogg => Box::new(PacketSource::ogg(input)?),
        Kind::Wav => open_wav(input)?,
        Kind::Headerless(declared) => open_headerless(input, declared)?,
    })
}

fn open_wav<'s, R>(input: &'s mut R) -> Result<Box<dyn Source + 's>, AudioError>
where
    R: Read + Seek + Send + Sync,
{
    let header = wav::read_header(input)?;
    match &header.coding {
        Coding::Adpcm(fmt) => Ok(Box::new(PacketSource::adpcm(input, &header, fmt)?)),
        Coding::Blocks(encoding) => Ok(Box::new(BlockSource::new(
            input,
            header.format,
            *encoding,
            header.data_start,
            header.data_bytes,
            header.salvage,
        )?)),
    }
}

fn open_headerless<'s, R>(
    input: &'s mut R,
    declared: DeclaredType,
) -> Result<Box<dyn Source + 's>, AudioError>
where
    R: Read + Seek + Send + Sync,
{
    let (encoding, rate) = declared
        .headerless()
        .ok_or_else(|| AudioError::unsupported(declared.name()))?;
    if declared == DeclaredType::Gsm {
        encoding::check_gsm_start(input)?;
    }
    Ok(Box::new(BlockSource::headerless(input, encoding, rate)?))
}

fn encode<W: Write + Seek>(
    source: &mut dyn Source,
    writer: &mut Mp3Writer<W>,
    limits: &Limits,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<(), AudioError> {
    let format = source.format().clone();
    let mut meter = Meter::new(&format, limits)?;
    let mut mixdown = Mixdown::new(&format);
    let mut block = Vec::new();
    let mut samples = Vec::new();
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(AudioError::Canceled);
        }
        source.read(&mut block)?;
        if block.is_empty() {
            break;
        }
        meter.advance(block.len() / usize::from(format.channels), progress)?;
        samples.clear();
        mixdown.push(&block, &mut samples);
        writer.push(&samples)?;
    }
    samples.clear();
    mixdown.finish(&mut samples);
    writer.push(&samples)?;
    meter.finish(progress)
}

/// How much audio went by, against the limit and for the progress.
struct Meter {
    rate: u32,
    total: Option<u64>,
    done: u64,
    told: u64,
    seconds_max: u64,
}

impl Meter {
    fn new(format: &SourceFormat, limits: &Limits) -> Result<Self, AudioError> {
        let meter = Self {
            rate: format.rate,
            total: format.frames,
            done: 0,
            told: 0,
            seconds_max: limits.recording_seconds_max,
        };
        // A header may lie, but only to its own disadvantage.
        meter.check(meter.total.unwrap_or(0))?;
        Ok(meter)
    }

    fn check(&self, frames: u64) -> Result<(), AudioError> {
        let rate = u64::from(self.rate);
        if frames > self.seconds_max.saturating_mul(rate) {
            return Err(AudioError::TooLong {
                seconds: frames / rate,
                seconds_max: self.seconds_max,
            });
        }
        Ok(())
    }

    fn advance(
        &mut self,
        frames: usize,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), AudioError> {
        self.done += frames as u64;
        self.check(self.done)?;
        if self.done - self.told >= u64::from(self.rate) {
            self.told = self.done;
            progress(self.progress());
        }
        Ok(())
    }

    fn finish(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), AudioError> {
        if self.done == 0 {
            return Err(AudioError::NoAudio);
        }
        self.total = Some(self.done);
        progress(self.progress());
        Ok(())
    }

    fn progress(&self) -> Progress {
        let seconds = |frames: u64| frames as f64 / f64::from(self.rate);
        Progress {
            seconds_done: seconds(self.done),
            seconds_total: self.total.map(seconds),
        }
    }
}
