//! What a file is: by its content first, by its declared type only where it has no header.

use std::io::{Read, Seek, SeekFrom};

use super::declared::DeclaredType;
use super::encoding::Encoding;
use super::mpeg::{FrameHeader, Layer};
use super::{AudioError, io_ext};

/// Bytes looked at from the start, and again after ID3 tags.
const HEAD_BYTES: usize = 4_096;

/// Most ID3 tags accepted in front of the audio.
const ID3_TAGS_MAX: u32 = 4;

/// A kind of file that is decoded, and where in the file it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RIFF/WAVE or RF64.
    Wav,
    /// MPEG layer III from this offset on.
    Mp3 {
        /// First byte after tags, or of the first frame found.
        start: u64,
    },
    /// Native FLAC from this offset on.
    Flac {
        /// Offset of the `fLaC` marker.
        start: u64,
    },
    /// Ogg.
    Ogg,
    /// No header: as declared.
    Headerless(DeclaredType),
}

/// Finds out what `input` is.
///
/// A strong magic number wins over the declared type. MP3's frame sync is weak, so a file declared
/// as a headerless kind is never taken for MP3; and without a declared type a headerless file is
/// refused, never guessed.
pub fn sniff<R: Read + Seek>(
    input: &mut R,
    declared: Option<DeclaredType>,
) -> Result<Kind, AudioError> {
    let mut head = read_head(input, 0)?;
    if head.is_empty() {
        return Err(AudioError::Empty);
    }
    let mut start = 0;
    for _ in 0..ID3_TAGS_MAX {
        let Some(tag_bytes) = id3v2_bytes(&head) else {
            break;
        };
        start += tag_bytes;
        head = read_head(input, start)?;
        if head.is_empty() {
            return Err(AudioError::NoAudio);
        }
    }
    match strong_magic(&head) {
        Some(Magic::Recording(kind)) => return kind.moved_to(start),
        Some(Magic::Undecoded(codec)) => return Err(AudioError::unsupported(codec)),
        Some(Magic::Other(found)) => return Err(AudioError::NotARecording { found }),
        None => {}
    }
    if start == 0
        && let Some(declared) = declared
        && declared.headerless().is_some()
    {
        return Ok(Kind::Headerless(declared));
    }
    sniff_mpeg(&head, start, declared)
}

impl DeclaredType {
    /// Coding and rate of a kind that has no header.
    pub(super) const fn headerless(self) -> Option<(Encoding, u32)> {
        match self {
            Self::Ulaw => Some((Encoding::Ulaw, 8_000)),
            Self::Alaw => Some((Encoding::Alaw, 8_000)),
            Self::Gsm => Some((Encoding::Gsm, 8_000)),
            Self::Sln => Some((Encoding::S16, 8_000)),
            Self::Sln16 => Some((Encoding::S16, 16_000)),
            Self::Sln48 => Some((Encoding::S16, 48_000)),
            Self::Wav | Self::Mp3 | Self::Flac | Self::Ogg => None,
        }
    }
}

impl Kind {
    /// This kind found behind tags; only FLAC is known to be written there.
    fn moved_to(self, offset: u64) -> Result<Self, AudioError> {
        match self {
            Self::Flac { .. } => Ok(Self::Flac { start: offset }),
            other if offset == 0 => Ok(other),
            _ => Err(AudioError::unsupported("a container behind an ID3 tag")),
        }
    }
}

fn read_head<R: Read + Seek>(input: &mut R, start: u64) -> Result<Vec<u8>, AudioError> {
    input
        .seek(SeekFrom::Start(start))
        .map_err(AudioError::reading)?;
    let mut head = vec![0; HEAD_BYTES];
    let count = io_ext::read_up_to(input, &mut head)?;
    head.truncate(count);
    Ok(head)
}

/// Length of the ID3 tag at the start of `head` (ID3 v2.4 structure §3.1), footer included.
fn id3v2_bytes(head: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major, _, flags, size @ ..] = head.first_chunk::<10>()? else {
        return None;
    };
    if *major == 0xFF || size.iter().any(|byte| *byte >= 0x80) {
        return None;
    }
    let content = size.iter().fold(0, |sum, byte| sum << 7 | u64::from(*byte));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    Some(10 + content + footer)
}

enum Magic {
    Recording(Kind),
    Undecoded(&'static str),
    Other(&'static str),
}

/// First bytes of recordings that are known and not decoded.
const UNDECODED: &[(&[u8], &str)] = &[
    (b"#!AMR", "AMR"),
    (b".snd", "Sun AU"),
    (b"caff", "Apple CAF"),
    (b"riff\x2E\x91\xCF\x11", "Sony Wave64"),
    (b"RIFX", "big-endian WAV"),
    (b"\x1A\x45\xDF\xA3", "Matroska or WebM"),
    (b"\x30\x26\xB2\x75", "Windows Media"),
    (b"MThd", "MIDI"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
];

/// First bytes of files that are no recordings.
const OTHER: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1F\x8B", "a gzip archive"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\x7FELF", "a program"),
    (b"{\\rtf", "an RTF document"),
];

fn strong_magic(head: &[u8]) -> Option<Magic> {
    let form = head.get(8..12).unwrap_or_default();
    match head {
        // A file that ends before the form is taken for WAV, whose reader says what is missing.
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..]
            if form == b"WAVE" || head.len() < 12 =>
        {
            return Some(Magic::Recording(Kind::Wav));
        }
        [b'R', b'I', b'F', b'F', ..] => return Some(Magic::Other(riff_name(form))),
        [b'F', b'O', b'R', b'M', ..] if form == b"AIFF" || form == b"AIFC" => {
            return Some(Magic::Undecoded("AIFF"));
        }
        [b'f', b'L', b'a', b'C', ..] => return Some(Magic::Recording(Kind::Flac { start: 0 })),
        [b'O', b'g', b'g', b'S', ..] => return Some(Magic::Recording(Kind::Ogg)),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            return Some(Magic::Undecoded("MP4 or another ISO media file"));
        }
        _ => {}
    }
    let of = |table: &[(&[u8], &'static str)]| {
        let found = table.iter().find(|(magic, _)| head.starts_with(magic));
        found.map(|(_, name)| *name)
    };
    of(UNDECODED)
        .map(Magic::Undecoded)
        .or_else(|| of(OTHER).map(Magic::Other))
        .or_else(|| markup_name(head).map(Magic::Other))
}

fn riff_name(form: &[u8]) -> &'static str {
    match form {
        b"AVI " => "an AVI video",
        b"WEBP" => "a WebP image",
        _ => "a RIFF file without audio",
    }
}

/// Web pages and XML, such as the error page that was saved in a recording's place.
fn markup_name(head: &[u8]) -> Option<&'static str> {
    let text = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(head)
        .trim_ascii_start();
    let starts = |tag: &[u8]| {
        text.get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
    };
    if starts(b"<!doctype html") || starts(b"<html") || starts(b"<head") {
        Some("a web page")
    } else if starts(b"<?xml") {
        Some("an XML document")
    } else {
        None
    }
}

/// MPEG audio has no magic number, only frames that follow each other.
fn sniff_mpeg(head: &[u8], start: u64, declared: Option<DeclaredType>) -> Result<Kind, AudioError> {
    // After an ID3 tag or with a declared type, padding before the first frame is forgiven.
    let search = if start > 0 || declared == Some(DeclaredType::Mp3) {
        head.len()
    } else {
        1
    };
    for offset in 0..search {
        let Some(layer) = frames_at(&head[offset..]) else {
            continue;
        };
        return match layer {
            Layer::Three => Ok(Kind::Mp3 {
                start: start + offset as u64,
            }),
            Layer::Two => Err(AudioError::unsupported("MPEG audio layer II")),
            Layer::One => Err(AudioError::unsupported("MPEG audio layer I")),
        };
    }
    if matches!(head, [0xFF, second, ..] if second & 0xF6 == 0xF0) {
        return Err(AudioError::unsupported("AAC"));
    }
    Err(AudioError::NotARecording {
        found: plain_name(head),
    })
}

/// The layer of the MPEG frames at the start of `bytes`: two that agree, or one and the end.
fn frames_at(bytes: &[u8]) -> Option<Layer> {
    let first = FrameHeader::parse(bytes)?;
    let next = bytes.get(first.frame_bytes()..)?;
    match FrameHeader::parse(next) {
        Some(second) if second.same_stream(first) => Some(first.layer),
        _ if next.is_empty() || next.starts_with(b"TAG") => Some(first.layer),
        _ => None,
    }
}

fn plain_name(head: &[u8]) -> &'static str {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..0x7F);
    if head.iter().all(is_text) {
        "plain text"
    } else {
        "data without a known header; headerless audio needs a declared type"
    }
}
