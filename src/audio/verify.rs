//! Reading a finished MP3 back before anybody is told that it exists.

use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

use super::compressed::{MediaInput, PacketSource};
use super::io_ext;
use super::mp3::Written;
use super::mpeg::FrameWalker;
use super::source::Source;
use super::{AudioError, info_tag};

/// Bytes read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// Checks that the file at `start` holds what was written, and returns its SHA-256 in hexadecimal.
///
/// Every frame is found where the one before ends, and the decoder of another make delivers
/// exactly the recording's samples.
pub(super) fn verify<W: MediaInput>(
    output: &mut W,
    start: u64,
    written: Written,
) -> Result<String, AudioError> {
    let (digest, frames) = walk(output, start, written)?;
    // The Info frame is a frame, too.
    if frames != written.frames + 1 {
        return Err(AudioError::encoder(format!(
            "{frames} frames were read back of {}",
            written.frames + 1
        )));
    }
    let decoded = decoded_samples(output, start + written.tag_bytes)?;
    if decoded != written.samples {
        return Err(AudioError::encoder(format!(
            "{decoded} samples were decoded of {}, with {} of delay",
            written.samples,
            info_tag::ENCODER_DELAY
        )));
    }
    Ok(digest)
}

fn walk<W: Read + Seek>(
    output: &mut W,
    start: u64,
    written: Written,
) -> Result<(String, u64), AudioError> {
    output
        .seek(SeekFrom::Start(start))
        .map_err(AudioError::writing)?;
    let mut hash = Sha256::new();
    let mut walker = FrameWalker::default();
    let mut tag_left = usize::try_from(written.tag_bytes).unwrap_or(usize::MAX);
    let mut left = written.bytes;
    let mut piece = vec![0; PIECE_BYTES];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let count = io_ext::read_up_to(output, &mut piece[..wanted]).map_err(reading_back)?;
        if count < wanted {
            return Err(AudioError::encoder(
                "the file is shorter than what was written",
            ));
        }
        hash.update(&piece[..count]);
        let tag = tag_left.min(count);
        tag_left -= tag;
        walker.push(&piece[tag..count]);
        left -= count as u64;
    }
    let frames = walker.finish().map_err(AudioError::encoder)?;
    let digest = hash
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
    Ok((digest, frames))
}

/// An output that cannot be read is the output's failure.
fn reading_back(error: AudioError) -> AudioError {
    match error {
        AudioError::Io { source, .. } => AudioError::Io {
            what: "reading the MP3 back",
            source,
        },
        other => other,
    }
}

fn decoded_samples<W: MediaInput>(output: &mut W, start: u64) -> Result<u64, AudioError> {
    let mut source = PacketSource::mp3(output, start).map_err(reading_back)?;
    let mut block = Vec::new();
    let mut samples = 0;
    loop {
        source.read(&mut block).map_err(reading_back)?;
        if block.is_empty() {
            break;
        }
        samples += block.len() as u64;
    }
    match source.salvage() {
        None => Ok(samples),
        Some(salvage) => Err(AudioError::encoder(format!("read back: {salvage}"))),
    }
}
