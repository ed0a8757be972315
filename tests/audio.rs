//! Recordings become MP3s: every kind of source, every kind of damage, judged by other programs.

#[path = "audio/codecs.rs"]
mod codecs;
#[path = "audio/damage.rs"]
mod damage;
#[path = "audio/edges.rs"]
mod edges;
#[path = "audio/formats.rs"]
mod formats;
#[path = "audio/hostile.rs"]
mod hostile;
#[path = "audio/mp3_file.rs"]
mod mp3_file;
#[path = "audio/refused.rs"]
mod refused;
#[path = "audio/support.rs"]
mod support;
