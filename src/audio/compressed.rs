//! MP3, FLAC, Ogg and ADPCM, decoded by symphonia behind bounds of our own.
//!
//! symphonia never probes: each kind gets its own reader, and a [`Window`] that holds a header
//! rebuilt here and the audio, so that pictures and comments are never loaded. It decodes in the
//! calling thread; should it panic, the panic ends in [`AudioError::Invalid`], and the recording's
//! decoder is dropped. Memory and time beyond that are bounded by the worker's own process.

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known,
};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::formats::{FlacReader, MpaReader, OggReader, WavReader};

use super::AudioError;
use super::io_ext::{self, Window};
use super::source::{Salvage, Source, SourceFormat};
use super::wav::WavHeader;

/// Most FLAC metadata blocks skipped before the audio.
const FLAC_BLOCKS_MAX: u32 = 1_024;

/// Most packets in a row without a sample before the recording is given up.
const SILENT_PACKETS_MAX: u32 = 10_000;

/// A recording that symphonia decodes.
pub(super) struct PacketSource<'s> {
    reader: Box<dyn FormatReader + 's>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    format: SourceFormat,
    delivered: u64,
    damaged: u64,
    salvage: Option<Salvage>,
    ended: bool,
}

impl<'s> PacketSource<'s> {
    /// MPEG layer III from `start` on.
    pub(super) fn mp3<R: MediaInput + 's>(mut input: R, start: u64) -> Result<Self, AudioError> {
        let bytes = io_ext::len(&mut input)?.saturating_sub(start);
        let stream = stream(Window::new(input, Vec::new(), start, bytes));
        Self::open("MP3", None, move || {
            Ok(Box::new(MpaReader::try_new(
                stream,
                FormatOptions::default(),
            )?))
        })
    }

    /// Native FLAC whose marker is at `start`; of its metadata only the stream information is kept.
    pub(super) fn flac<R: MediaInput + 's>(mut input: R, start: u64) -> Result<Self, AudioError> {
        let (header, audio_start) = flac_header(&mut input, start)?;
        let bytes = io_ext::len(&mut input)?.saturating_sub(audio_start);
        let stream = stream(Window::new(input, header, audio_start, bytes));
        Self::open("FLAC", None, move || {
            Ok(Box::new(FlacReader::try_new(
                stream,
                FormatOptions::default(),
            )?))
        })
    }

    /// Ogg from the first byte on; symphonia bounds its packets to 16 MiB.
    pub(super) fn ogg<R: MediaInput + 's>(mut input: R) -> Result<Self, AudioError> {
        let bytes = io_ext::len(&mut input)?;
        let stream = stream(Window::new(input, Vec::new(), 0, bytes));
        Self::open("Ogg", None, move || {
            Ok(Box::new(OggReader::try_new(
                stream,
                FormatOptions::default(),
            )?))
        })
    }

    /// ADPCM of a WAV file, behind a header rebuilt from its `fmt ` chunk.
    pub(super) fn adpcm<R: MediaInput + 's>(
        input: R,
        header: &WavHeader,
        fmt: &[u8],
    ) -> Result<Self, AudioError> {
        let prefix = adpcm_prefix(fmt, header.data_bytes);
        let window = Window::new(input, prefix, header.data_start, header.data_bytes);
        let stream = stream(window);
        let mut source = Self::open("WAV", Some(header.format.codec), move || {
            Ok(Box::new(WavReader::try_new(
                stream,
                FormatOptions::default(),
            )?))
        })?;
        source.format.frames = header.format.frames;
        source.salvage = header.salvage;
        Ok(source)
    }

    fn open(
        container: &'static str,
        codec: Option<&'static str>,
        open: impl FnOnce() -> Result<Box<dyn FormatReader + 's>, Error>,
    ) -> Result<Self, AudioError> {
        let reader = guarded(open)?.map_err(|error| opening(&error, container))?;
        let track = reader
            .first_track(TrackType::Audio)
            .ok_or(AudioError::NoAudio)?;
        let (id, frames) = (track.id, track.num_frames);
        let parameters = parameters(track)?;
        let format = SourceFormat {
            container,
            codec: codec.map_or_else(|| codec_name(parameters.codec), Ok)?,
            rate: parameters.sample_rate.unwrap_or(0),
            channels: parameters.channels.as_ref().map_or(0, |channels| {
                channels.count().try_into().unwrap_or(u16::MAX)
            }),
            frames,
        }
        .checked()?;
        let decoder = make_decoder(parameters, container)?;
        Ok(Self {
            reader,
            decoder,
            track: id,
            format,
            delivered: 0,
            damaged: 0,
            salvage: None,
            ended: false,
        })
    }

    /// One packet further; `block` stays empty where it held nothing.
    fn step(&mut self, block: &mut Vec<f32>) -> Result<(), AudioError> {
        let packet = match self.reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => {
                self.end();
                return Ok(());
            }
            Err(Error::IoError(error)) if is_end(&error) => {
                self.end();
                return Ok(());
            }
            Err(Error::IoError(error)) => return Err(AudioError::reading(error)),
            Err(Error::ResetRequired) => return self.next_stream(),
            // The container is broken here; what came before is kept.
            Err(_) => {
                self.damaged += 1;
                self.end();
                return Ok(());
            }
        };
        if packet.track_id != self.track {
            return Ok(());
        }
        match self.decoder.decode(&packet) {
            Ok(audio) => {
                let spec = audio.spec();
                if spec.rate() != self.format.rate
                    || spec.channels().count() != usize::from(self.format.channels)
                {
                    self.damaged += 1;
                    return Ok(());
                }
                self.delivered += audio.frames() as u64;
                audio.copy_to_vec_interleaved(block);
            }
            Err(Error::IoError(error)) if !is_end(&error) => {
                return Err(AudioError::reading(error));
            }
            Err(_) => self.damaged += 1,
        }
        Ok(())
    }

    /// Another logical stream follows, as in chained Ogg files.
    fn next_stream(&mut self) -> Result<(), AudioError> {
        let track = self
            .reader
            .first_track(TrackType::Audio)
            .ok_or(AudioError::NoAudio)?;
        self.track = track.id;
        self.decoder = make_decoder(parameters(track)?, self.format.container)?;
        // The length was that of the first stream.
        self.format.frames = None;
        Ok(())
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(frames) = self.format.frames
            && self.salvage.is_none()
            && frames > self.delivered
        {
            self.salvage = Some(Salvage::Truncated {
                missing_frames: frames - self.delivered,
            });
        }
    }
}

impl Source for PacketSource<'_> {
    fn format(&self) -> &SourceFormat {
        &self.format
    }

    fn read(&mut self, block: &mut Vec<f32>) -> Result<(), AudioError> {
        block.clear();
        for _ in 0..SILENT_PACKETS_MAX {
            if self.ended || !block.is_empty() {
                return Ok(());
            }
            guarded(|| self.step(block))??;
        }
        self.damaged += 1;
        self.end();
        Ok(())
    }

    fn salvage(&self) -> Option<Salvage> {
        match self.damaged {
            0 => self.salvage,
            packets => Some(Salvage::Damaged { packets }),
        }
    }
}

/// What symphonia needs of an input.
pub(super) trait MediaInput: Read + Seek + Send + Sync {}

impl<R: Read + Seek + Send + Sync> MediaInput for R {}

fn stream<'s, R: MediaInput + 's>(window: Window<R>) -> MediaSourceStream<'s> {
    MediaSourceStream::new(Box::new(window), MediaSourceStreamOptions::default())
}

/// Keeps a panic of a decoder from ending more than this recording.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, AudioError> {
    // Whatever was half changed belongs to the decoder, which is dropped with the error.
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| AudioError::invalid("it made its decoder fail"))
}

fn parameters(track: &Track) -> Result<&AudioCodecParameters, AudioError> {
    track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| AudioError::unsupported("an unknown codec"))
}

fn make_decoder(
    parameters: &AudioCodecParameters,
    container: &str,
) -> Result<Box<dyn AudioDecoder>, AudioError> {
    let codecs = symphonia::default::get_codecs();
    let options = AudioDecoderOptions::default();
    guarded(|| codecs.make_audio_decoder(parameters, &options))?
        .map_err(|error| opening(&error, container))
}

fn codec_name(codec: AudioCodecId) -> Result<&'static str, AudioError> {
    match codec {
        well_known::CODEC_ID_MP3 => Ok("MP3"),
        well_known::CODEC_ID_FLAC => Ok("FLAC"),
        well_known::CODEC_ID_VORBIS => Ok("Vorbis"),
        well_known::CODEC_ID_OPUS => Err(AudioError::unsupported("Opus")),
        well_known::CODEC_ID_SPEEX => Err(AudioError::unsupported("Speex")),
        other => Err(AudioError::unsupported(format!("codec {other}"))),
    }
}

/// An error before the first sample.
fn opening(error: &Error, container: &str) -> AudioError {
    match error {
        Error::IoError(error) if !is_end(error) => {
            AudioError::reading(io::Error::new(error.kind(), error.to_string()))
        }
        Error::IoError(_) => AudioError::invalid(format!("its {container} header is cut off")),
        Error::Unsupported(what) => AudioError::unsupported(format!("{container} ({what})")),
        other => AudioError::invalid(format!("its {container} header cannot be read ({other})")),
    }
}

fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// A FLAC header of the stream information alone, and where the audio begins (RFC 9639 §8).
fn flac_header<R: Read + Seek>(input: &mut R, start: u64) -> Result<(Vec<u8>, u64), AudioError> {
    const STREAMINFO_BYTES: usize = 34;
    const LAST: u8 = 0x80;
    let mut position = start + 4;
    let mut stream_info = None;
    for _ in 0..FLAC_BLOCKS_MAX {
        input
            .seek(SeekFrom::Start(position))
            .map_err(AudioError::reading)?;
        let mut header = [0; 4];
        if io_ext::read_up_to(input, &mut header)? < header.len() {
            return Err(AudioError::invalid("its FLAC header is cut off"));
        }
        let [kind, size @ ..] = header;
        let bytes = size.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if kind & !LAST == 0 && stream_info.is_none() {
            let mut info = [0; STREAMINFO_BYTES];
            if bytes != STREAMINFO_BYTES as u64
                || io_ext::read_up_to(input, &mut info)? < info.len()
            {
                return Err(AudioError::invalid(
                    "its FLAC stream information is damaged",
                ));
            }
            stream_info = Some(info);
        }
        position += 4 + bytes;
        if kind & LAST != 0 {
            let info =
                stream_info.ok_or_else(|| AudioError::invalid("its FLAC header has no format"))?;
            let mut header = b"fLaC".to_vec();
            header.extend([LAST, 0, 0, STREAMINFO_BYTES as u8]);
            header.extend(info);
            return Ok((header, position));
        }
    }
    Err(AudioError::invalid(format!(
        "its FLAC header has more than {FLAC_BLOCKS_MAX} blocks"
    )))
}

/// A WAV header that holds nothing but the format and the data's length.
fn adpcm_prefix(fmt: &[u8], data_bytes: u64) -> Vec<u8> {
    let data_bytes = u32::try_from(data_bytes).unwrap_or(u32::MAX);
    let mut prefix = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt ".to_vec();
    prefix.extend((fmt.len() as u32).to_le_bytes());
    prefix.extend(fmt);
    prefix.extend(std::iter::repeat_n(0, fmt.len() % 2));
    prefix.extend(b"data");
    prefix.extend(data_bytes.to_le_bytes());
    prefix
}
