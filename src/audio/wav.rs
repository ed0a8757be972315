//! RIFF/WAVE headers, read without trust.
//!
//! Written from Microsoft's and IBM's "Multimedia Programming Interface and Data Specifications
//! 1.0" (RIFF, WAVE), RFC 2361 (format tags), the documentation of `WAVEFORMATEXTENSIBLE`, and EBU
//! Tech 3306 (RF64). Chunks that are not needed are skipped by seeking, whatever their size; the
//! only chunk kept in memory is `fmt `.

use std::io::{Read, Seek, SeekFrom};

use super::encoding::Encoding;
use super::source::{Salvage, SourceFormat};
use super::{AudioError, gsm, io_ext};

/// Most chunks looked at before the audio begins.
const CHUNKS_MAX: u32 = 4_096;

/// Longest `fmt ` chunk accepted, in bytes; the longest in use, MS ADPCM's, has 50.
const FMT_BYTES_MAX: u32 = 1_024;

/// Length that writers to a pipe leave in a chunk whose length they can't know.
const LENGTH_UNKNOWN: u32 = u32::MAX;

/// What a WAV file's header says and what the file has.
#[derive(Clone, Debug)]
pub(super) struct WavHeader {
    pub(super) format: SourceFormat,
    pub(super) coding: Coding,
    /// Where the audio begins, in bytes from the file's start.
    pub(super) data_start: u64,
    /// Bytes of audio that are there.
    pub(super) data_bytes: u64,
    pub(super) salvage: Option<Salvage>,
}

/// How the data chunk is coded.
#[derive(Clone, Debug)]
pub(super) enum Coding {
    /// Fixed blocks, decoded here.
    Blocks(Encoding),
    /// ADPCM, decoded by symphonia, which gets the `fmt ` chunk's bytes.
    Adpcm(Vec<u8>),
}

/// Reads the header of a WAV file from its first byte on.
pub(super) fn read_header<R: Read + Seek>(input: &mut R) -> Result<WavHeader, AudioError> {
    let file_bytes = io_ext::len(input)?;
    input
        .seek(SeekFrom::Start(12))
        .map_err(AudioError::reading)?;
    let mut fmt = None;
    let mut long_data_bytes = None;
    for _ in 0..CHUNKS_MAX {
        let Some(chunk) = Chunk::read(input)? else {
            return Err(match fmt {
                Some(_) => AudioError::NoAudio,
                None => AudioError::invalid("its WAV header ends before the format"),
            });
        };
        match &chunk.id {
            b"fmt " => fmt = Some(Fmt::read(input, chunk.bytes)?),
            b"ds64" => long_data_bytes = read_ds64(input, &chunk)?,
            b"data" => {
                let fmt = fmt.ok_or_else(|| {
                    AudioError::invalid("its WAV header has audio before a format")
                })?;
                let extent = Extent::find(input, &chunk, long_data_bytes, file_bytes)?;
                return fmt.into_header(&extent);
            }
            _ => {}
        }
        chunk.skip(input)?;
    }
    Err(AudioError::invalid(format!(
        "its WAV header has more than {CHUNKS_MAX} chunks before the audio"
    )))
}

struct Chunk {
    id: [u8; 4],
    bytes: u32,
    content: u64,
}

impl Chunk {
    /// The chunk at the current position, or `None` where the file ends.
    fn read<R: Read + Seek>(input: &mut R) -> Result<Option<Self>, AudioError> {
        let mut header = [0; 8];
        if io_ext::read_up_to(input, &mut header)? < header.len() {
            return Ok(None);
        }
        let [id, bytes] = [0, 4].map(|at| [0, 1, 2, 3].map(|i| header[at + i]));
        Ok(Some(Self {
            id,
            bytes: u32::from_le_bytes(bytes),
            content: input.stream_position().map_err(AudioError::reading)?,
        }))
    }

    /// Where the next chunk begins: chunks are padded to an even length.
    fn end(&self) -> u64 {
        self.content + u64::from(self.bytes) + u64::from(self.bytes % 2)
    }

    fn skip<R: Seek>(&self, input: &mut R) -> Result<(), AudioError> {
        input
            .seek(SeekFrom::Start(self.end()))
            .map(drop)
            .map_err(AudioError::reading)
    }
}

/// EBU Tech 3306 §3: the 64-bit size of the data chunk.
fn read_ds64<R: Read>(input: &mut R, chunk: &Chunk) -> Result<Option<u64>, AudioError> {
    let mut sizes = [0; 16];
    if chunk.bytes < 16 || io_ext::read_up_to(input, &mut sizes)? < sizes.len() {
        return Err(AudioError::invalid("its RF64 header is too short"));
    }
    Ok(sizes.last_chunk().map(|&size| u64::from_le_bytes(size)))
}

/// Where the audio lies and how much of it there is.
struct Extent {
    start: u64,
    bytes: u64,
    declared: Option<u64>,
}

impl Extent {
    fn find<R: Read + Seek>(
        input: &mut R,
        chunk: &Chunk,
        long_bytes: Option<u64>,
        file_bytes: u64,
    ) -> Result<Self, AudioError> {
        let start = chunk.content;
        let there = file_bytes.saturating_sub(start);
        let declared = match chunk.bytes {
            LENGTH_UNKNOWN => long_bytes,
            0 if !rest_is_chunks(input, start, file_bytes)? => None,
            bytes => Some(u64::from(bytes)),
        };
        Ok(Self {
            start,
            bytes: declared.map_or(there, |bytes| bytes.min(there)),
            declared,
        })
    }
}

/// Whether everything from `start` to the end is a chain of chunks: then a data chunk of no length
/// is truly empty, and else a recorder was cut off before it could write the length.
fn rest_is_chunks<R: Read + Seek>(
    input: &mut R,
    start: u64,
    file_bytes: u64,
) -> Result<bool, AudioError> {
    input
        .seek(SeekFrom::Start(start))
        .map_err(AudioError::reading)?;
    for _ in 0..CHUNKS_MAX {
        let Some(chunk) = Chunk::read(input)? else {
            return Ok(input.stream_position().map_err(AudioError::reading)? == file_bytes);
        };
        let named = chunk.id.iter().all(|byte| (0x20..0x7F).contains(byte));
        // The last chunk's padding byte is often left out.
        if !named || chunk.content + u64::from(chunk.bytes) > file_bytes {
            return Ok(false);
        }
        if chunk.end() >= file_bytes {
            return Ok(true);
        }
        chunk.skip(input)?;
    }
    Ok(true)
}

/// The fields of a `fmt ` chunk.
struct Fmt {
    tag: u16,
    channels: u16,
    rate: u32,
    block_bytes: u16,
    bits: u16,
    raw: Vec<u8>,
}

impl Fmt {
    fn read<R: Read>(input: &mut R, bytes: u32) -> Result<Self, AudioError> {
        if !(16..=FMT_BYTES_MAX).contains(&bytes) {
            return Err(AudioError::invalid(format!(
                "its WAV format has {bytes} bytes"
            )));
        }
        let mut raw = vec![0; bytes as usize];
        if io_ext::read_up_to(input, &mut raw)? < raw.len() {
            return Err(AudioError::invalid("its WAV header ends inside the format"));
        }
        let word = |at: usize| u16::from_le_bytes([raw[at], raw[at + 1]]);
        Ok(Self {
            tag: effective_tag(word(0), &raw)?,
            channels: word(2),
            rate: u32::from(word(4)) | u32::from(word(6)) << 16,
            block_bytes: word(12),
            bits: word(14),
            raw,
        })
    }

    fn into_header(self, extent: &Extent) -> Result<WavHeader, AudioError> {
        let (coding, codec, block_frames) = self.coding()?;
        let format = SourceFormat {
            container: "WAV",
            codec,
            rate: self.rate,
            channels: self.channels,
            frames: None,
        }
        .checked()?;
        self.check_block(&coding)?;
        let frames = |bytes: u64| {
            let half = matches!(coding, Coding::Blocks(Encoding::GsmWav49))
                && bytes % u64::from(self.block_bytes) >= gsm::FRAME_BYTES as u64;
            bytes / u64::from(self.block_bytes) * block_frames
                + if half { block_frames / 2 } else { 0 }
        };
        let salvage = match extent.declared {
            None if extent.bytes > 0 => Some(Salvage::LengthMissing),
            Some(declared) if declared > extent.bytes => Some(Salvage::Truncated {
                missing_frames: frames(declared).saturating_sub(frames(extent.bytes)),
            }),
            _ => None,
        };
        let known = frames(extent.bytes);
        Ok(WavHeader {
            format: SourceFormat {
                frames: (known > 0).then_some(known),
                ..format
            },
            coding,
            data_start: extent.start,
            data_bytes: extent.bytes,
            salvage,
        })
    }

    /// The coding, its name, and the samples a channel in one block.
    fn coding(&self) -> Result<(Coding, &'static str, u64), AudioError> {
        let container_bits = match self.channels {
            0 => 0,
            channels => u32::from(self.block_bytes) * 8 / u32::from(channels),
        };
        let encoding = match (self.tag, container_bits) {
            // Fewer bits than the container has are its highest, so the container decides.
            (tag::PCM, 8) => Encoding::U8,
            (tag::PCM, 16) => Encoding::S16,
            (tag::PCM, 24) => Encoding::S24,
            (tag::PCM, 32) => Encoding::S32,
            (tag::FLOAT, 32) => Encoding::F32,
            (tag::FLOAT, 64) => Encoding::F64,
            (tag::ULAW, 8) => Encoding::Ulaw,
            (tag::ALAW, 8) => Encoding::Alaw,
            (tag::GSM, _) => Encoding::GsmWav49,
            (tag::MS_ADPCM, _) => return self.adpcm("MS ADPCM", ms_adpcm_frames),
            (tag::IMA_ADPCM, _) => return self.adpcm("IMA ADPCM", ima_adpcm_frames),
            (tag::PCM | tag::FLOAT | tag::ULAW | tag::ALAW, _) => {
                return Err(AudioError::invalid(format!(
                    "its WAV format states blocks of {} bytes for {} channels",
                    self.block_bytes, self.channels
                )));
            }
            (other, _) => return Err(AudioError::unsupported(tag::name(other))),
        };
        let frames = encoding.samples() as u64;
        Ok((Coding::Blocks(encoding), encoding.name(), frames))
    }

    fn adpcm(
        &self,
        name: &'static str,
        block_frames: fn(u64, u64) -> Option<u64>,
    ) -> Result<(Coding, &'static str, u64), AudioError> {
        let channels = u64::from(self.channels);
        if !(1..=2).contains(&channels) || self.bits != 4 {
            return Err(AudioError::unsupported(format!(
                "{name} with {} channels of {} bits",
                self.channels, self.bits
            )));
        }
        let frames = block_frames(u64::from(self.block_bytes), channels)
            .filter(|frames| *frames > 0)
            .ok_or_else(|| AudioError::invalid(format!("its {name} blocks are too short")))?;
        Ok((Coding::Adpcm(self.raw.clone()), name, frames))
    }

    /// Refuses a block that is not a whole number of samples in every channel.
    fn check_block(&self, coding: &Coding) -> Result<(), AudioError> {
        let Coding::Blocks(encoding) = coding else {
            return Ok(());
        };
        if *encoding == Encoding::GsmWav49 && self.channels != 1 {
            return Err(AudioError::invalid(format!(
                "its header states GSM 06.10 with {} channels",
                self.channels
            )));
        }
        let expected = encoding.bytes() as u64 * u64::from(self.channels);
        // The codes of the compressed kinds have one width, whatever the field says.
        let bits_fit = matches!(
            encoding,
            Encoding::Ulaw | Encoding::Alaw | Encoding::GsmWav49
        ) || usize::from(self.bits).div_ceil(8) == encoding.bytes();
        if u64::from(self.block_bytes) != expected || !bits_fit {
            return Err(AudioError::invalid(format!(
                "its WAV format states blocks of {} bytes for {} channels of {} bits",
                self.block_bytes, self.channels, self.bits
            )));
        }
        Ok(())
    }
}

/// Samples a channel in one MS ADPCM block: two in the header of 7 bytes a channel, then nibbles.
fn ms_adpcm_frames(block_bytes: u64, channels: u64) -> Option<u64> {
    Some(2 + block_bytes.checked_sub(7 * channels)? * 2 / channels)
}

/// Samples a channel in one IMA ADPCM block: one in the header of 4 bytes a channel, then nibbles.
fn ima_adpcm_frames(block_bytes: u64, channels: u64) -> Option<u64> {
    Some(1 + block_bytes.checked_sub(4 * channels)? * 2 / channels)
}

/// The tag itself, or for `WAVE_FORMAT_EXTENSIBLE` the one inside the sub-format.
fn effective_tag(word: u16, raw: &[u8]) -> Result<u16, AudioError> {
    /// All of a sub-format's GUID but the tag in its first two bytes.
    const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
    if word != tag::EXTENSIBLE {
        return Ok(word);
    }
    match raw.get(24..40) {
        Some([low, high, tail @ ..]) if *tail == GUID_TAIL => Ok(u16::from_le_bytes([*low, *high])),
        Some(_) => Err(AudioError::unsupported("a WAV sub-format without a tag")),
        None => Err(AudioError::invalid(
            "its extensible WAV format is too short",
        )),
    }
}

/// Format tags of RFC 2361.
mod tag {
    pub(super) const PCM: u16 = 0x0001;
    pub(super) const MS_ADPCM: u16 = 0x0002;
    pub(super) const FLOAT: u16 = 0x0003;
    pub(super) const ALAW: u16 = 0x0006;
    pub(super) const ULAW: u16 = 0x0007;
    pub(super) const IMA_ADPCM: u16 = 0x0011;
    pub(super) const GSM: u16 = 0x0031;
    pub(super) const EXTENSIBLE: u16 = 0xFFFE;

    /// What to call a tag that is not decoded.
    pub(super) fn name(tag: u16) -> String {
        let name = match tag {
            0x0014 | 0x0040 | 0x0045 | 0x0064 => "G.726 ADPCM in WAV",
            0x0022 => "TrueSpeech in WAV",
            0x0028 | 0x0065 | 0x028F => "G.722 in WAV",
            0x0042 | 0x0111 => "G.723.1 in WAV",
            0x0050 => "MPEG audio in WAV",
            0x0055 => "MP3 in WAV",
            0x0083 | 0x0133 => "G.729 in WAV",
            0x0160..=0x0163 => "Windows Media Audio in WAV",
            0x2000 => "AC-3 in WAV",
            _ => return format!("WAV format {tag:#06x}"),
        };
        name.to_owned()
    }
}
