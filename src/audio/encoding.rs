//! Codings without packets: each fixed block of bytes is a fixed number of samples.

use std::io::{Read, Seek, SeekFrom};

use super::gsm::{self, GsmDecoder};
use super::{AudioError, g711, io_ext};

/// How samples lie in a WAV file's data or in a headerless file; all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 8-bit PCM, offset binary.
    U8,
    /// 16-bit PCM.
    S16,
    /// 24-bit PCM in three bytes.
    S24,
    /// 32-bit PCM.
    S32,
    /// 32-bit IEEE float, full scale 1.
    F32,
    /// 64-bit IEEE float, full scale 1.
    F64,
    /// G.711 µ-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
    /// GSM 06.10 in frames of 33 bytes.
    Gsm,
    /// GSM 06.10 in Microsoft's blocks of 65 bytes.
    GsmWav49,
}

impl Encoding {
    /// The codec's name as reports give it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::U8 => "PCM 8-bit",
            Self::S16 => "PCM 16-bit",
            Self::S24 => "PCM 24-bit",
            Self::S32 => "PCM 32-bit",
            Self::F32 => "float 32-bit",
            Self::F64 => "float 64-bit",
            Self::Ulaw => "G.711 µ-law",
            Self::Alaw => "G.711 A-law",
            Self::Gsm => "GSM 06.10",
            Self::GsmWav49 => "GSM 06.10 (WAV49)",
        }
    }

    /// Bytes of one block of one channel.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Ulaw | Self::Alaw => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
            Self::Gsm => gsm::FRAME_BYTES,
            Self::GsmWav49 => gsm::WAV49_BLOCK_BYTES,
        }
    }

    /// Samples of one block of one channel.
    pub(super) const fn samples(self) -> usize {
        match self {
            Self::Gsm => gsm::FRAME_SAMPLES,
            Self::GsmWav49 => 2 * gsm::FRAME_SAMPLES,
            _ => 1,
        }
    }
}

/// Turns blocks of bytes into samples, carrying the codec's memory from one to the next.
#[derive(Debug)]
pub(super) struct BlockDecoder {
    encoding: Encoding,
    gsm: GsmDecoder,
    damaged: u64,
}

impl BlockDecoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            gsm: GsmDecoder::default(),
            damaged: 0,
        }
    }

    /// Bytes of one block of one channel.
    pub(super) const fn block_bytes(&self) -> usize {
        self.encoding.bytes()
    }

    /// GSM frames without their signature so far; they sound as silence.
    pub(super) const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Appends the samples of whole blocks; bytes after the last whole block are not looked at.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut Vec<f32>) {
        match self.encoding {
            Encoding::U8 => out.extend(bytes.iter().map(|&b| (f32::from(b) - 128.0) / 128.0)),
            Encoding::S16 => extend(bytes, out, |b| from_i16(i16::from_le_bytes(b))),
            Encoding::S24 => extend(bytes, out, |[a, b, c]| {
                from_i32(i32::from_le_bytes([0, a, b, c]))
            }),
            Encoding::S32 => extend(bytes, out, |b| from_i32(i32::from_le_bytes(b))),
            Encoding::F32 => extend(bytes, out, f32::from_le_bytes),
            Encoding::F64 => extend(bytes, out, |b| f64::from_le_bytes(b) as f32),
            Encoding::Ulaw => {
                out.extend(bytes.iter().map(|&b| from_i16(g711::ULAW[usize::from(b)])));
            }
            Encoding::Alaw => {
                out.extend(bytes.iter().map(|&b| from_i16(g711::ALAW[usize::from(b)])));
            }
            Encoding::Gsm => self.decode_gsm(bytes, out),
            Encoding::GsmWav49 => {
                for block in bytes.as_chunks().0 {
                    for frame in self.gsm.decode_wav49(block) {
                        out.extend(frame.map(from_i16));
                    }
                }
            }
        }
    }

    /// Appends what the bytes after the last whole block still hold: half a WAV49 block is a frame.
    pub(super) fn decode_rest(&mut self, bytes: &[u8], out: &mut Vec<f32>) {
        if self.encoding == Encoding::GsmWav49
            && let Some(half) = bytes.first_chunk()
        {
            out.extend(self.gsm.decode_wav49_half(half).map(from_i16));
        }
    }

    fn decode_gsm(&mut self, bytes: &[u8], out: &mut Vec<f32>) {
        for frame in bytes.as_chunks().0 {
            if has_gsm_signature(frame) {
                out.extend(self.gsm.decode_frame(frame).map(from_i16));
            } else {
                self.damaged += 1;
                out.extend([0.0; gsm::FRAME_SAMPLES]);
            }
        }
    }
}

/// Refuses a declared GSM file whose first frame is not one.
pub(super) fn check_gsm_start<R: Read + Seek>(input: &mut R) -> Result<(), AudioError> {
    let mut frame = [0; gsm::FRAME_BYTES];
    input
        .seek(SeekFrom::Start(0))
        .map_err(AudioError::reading)?;
    if io_ext::read_up_to(input, &mut frame)? < frame.len() {
        return Err(AudioError::NoAudio);
    }
    if has_gsm_signature(&frame) {
        Ok(())
    } else {
        Err(AudioError::invalid(
            "it does not begin with a GSM 06.10 frame",
        ))
    }
}

fn has_gsm_signature(frame: &[u8; gsm::FRAME_BYTES]) -> bool {
    frame[0] >> 4 == gsm::SIGNATURE
}

fn extend<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, sample: impl Fn([u8; N]) -> f32) {
    out.extend(bytes.as_chunks().0.iter().map(|&chunk| sample(chunk)));
}

/// Exact: 16 bits fit a float's 24 and the scale is a power of two.
fn from_i16(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

fn from_i32(sample: i32) -> f32 {
    sample as f32 / 2_147_483_648.0
}
