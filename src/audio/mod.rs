//! From a recording to MP3.
//!
//! ```text
//! sniff → source (WAV and headerless blocks, or packets of MP3, FLAC, Ogg) → mixdown → MP3 → verify
//! ```
//!
//! Every stage streams: memory use does not depend on a recording's length. The codecs of our own
//! ([`g711`], [`gsm`]) and the WAV reader touch nothing but the bytes given to them; MP3, FLAC and
//! Vorbis are decoded by symphonia, and LAME encodes.

mod compressed;
mod declared;
mod encoding;
mod error;
pub mod g711;
pub mod gsm;
mod info_tag;
mod io_ext;
mod mixdown;
mod mp3;
mod mpeg;
mod resample;
mod sniff;
mod source;
mod stream;
mod tags;
mod transcode;
mod verify;
mod wav;

pub use declared::DeclaredType;
pub use error::AudioError;
pub use mixdown::{OUTPUT_RATES, output_rate};
pub use mp3::Mp3Bitrate;
pub use sniff::{Kind, sniff};
pub use source::{CHANNELS_MAX, RATE_RANGE, Salvage, SourceFormat};
pub use tags::Tags;
pub use transcode::{Progress, TranscodeOptions, TranscodeReport, inspect, transcode};
