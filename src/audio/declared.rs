//! What the caller says a recording is; it decides only where the content can't.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::AudioError;

/// The kind of recording a caller declared, by name, file extension or media type.
///
/// ```
/// use faxmill::audio::DeclaredType;
/// assert_eq!("audio/x-gsm".parse::<DeclaredType>()?, DeclaredType::Gsm);
/// assert_eq!("pcmu".parse::<DeclaredType>()?, DeclaredType::Ulaw);
/// assert_eq!(DeclaredType::from_file_name("msg0001.gsm"), Some(DeclaredType::Gsm));
/// # Ok::<(), faxmill::audio::AudioError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeclaredType {
    /// RIFF/WAVE.
    Wav,
    /// MPEG layer III.
    Mp3,
    /// Native FLAC.
    Flac,
    /// Ogg, with Vorbis or FLAC inside.
    Ogg,
    /// Headerless G.711 µ-law, 8 kHz mono.
    Ulaw,
    /// Headerless G.711 A-law, 8 kHz mono.
    Alaw,
    /// Headerless GSM 06.10, frames of 33 bytes.
    Gsm,
    /// Headerless 16-bit little-endian samples, 8 kHz mono (Asterisk's `.sln`).
    Sln,
    /// As [`Sln`](Self::Sln) at 16 kHz (`.sln16`).
    Sln16,
    /// As [`Sln`](Self::Sln) at 48 kHz (`.sln48`).
    Sln48,
}

/// Each type with the names it is known by; the first is the one we write.
const NAMES: &[(DeclaredType, &[&str])] = &[
    (
        DeclaredType::Wav,
        &[
            "wav",
            "wave",
            "wav49",
            "audio/wav",
            "audio/wave",
            "audio/x-wav",
            "audio/vnd.wave",
        ],
    ),
    (
        DeclaredType::Mp3,
        &["mp3", "mpga", "audio/mpeg", "audio/mp3", "audio/mpeg3"],
    ),
    (DeclaredType::Flac, &["flac", "audio/flac", "audio/x-flac"]),
    (
        DeclaredType::Ogg,
        &["ogg", "oga", "audio/ogg", "audio/vorbis", "application/ogg"],
    ),
    (
        DeclaredType::Ulaw,
        &[
            "ulaw",
            "pcmu",
            "ul",
            "mulaw",
            "mu",
            "audio/basic",
            "audio/pcmu",
            "audio/x-mulaw",
        ],
    ),
    (
        DeclaredType::Alaw,
        &["alaw", "pcma", "al", "audio/pcma", "audio/x-alaw"],
    ),
    (DeclaredType::Gsm, &["gsm", "audio/gsm", "audio/x-gsm"]),
    (DeclaredType::Sln, &["sln", "slin", "sln8"]),
    (DeclaredType::Sln16, &["sln16", "slin16"]),
    (DeclaredType::Sln48, &["sln48", "slin48"]),
];

impl DeclaredType {
    /// Every type, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(declared, _)| *declared)
    }

    /// The name used in commands and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
            Self::Ulaw => "ulaw",
            Self::Alaw => "alaw",
            Self::Gsm => "gsm",
            Self::Sln => "sln",
            Self::Sln16 => "sln16",
            Self::Sln48 => "sln48",
        }
    }

    /// The type that a file's extension declares, if any.
    pub fn from_file_name(name: &str) -> Option<Self> {
        name.rsplit_once('.')
            .and_then(|(_, extension)| find(extension))
    }
}

impl FromStr for DeclaredType {
    type Err = AudioError;

    fn from_str(text: &str) -> Result<Self, AudioError> {
        // A media type's parameters say nothing that the content does not.
        let name = text.split(';').next().unwrap_or_default();
        find(name).ok_or_else(|| {
            let start: String = text.chars().take(40).collect();
            AudioError::unsupported(format!("the declared type \"{start}\""))
        })
    }
}

impl fmt::Display for DeclaredType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn find(name: &str) -> Option<DeclaredType> {
    let name = name.trim();
    NAMES
        .iter()
        .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
        .map(|(declared, _)| *declared)
}
