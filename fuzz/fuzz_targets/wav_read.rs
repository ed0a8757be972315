//! Any bytes as a WAV header and its data.

#![no_main]

use std::io::Cursor;

use faxmill::audio::inspect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let wav = [b"RIFF\xFF\xFF\xFF\xFFWAVE", bytes].concat();
    if let Ok(format) = inspect(&mut Cursor::new(&wav), None) {
        assert!(format.channels > 0 && format.rate > 0);
    }
});
