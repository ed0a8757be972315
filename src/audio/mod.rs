//! From a recording to MP3.
