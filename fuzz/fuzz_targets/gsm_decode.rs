//! Any bytes as GSM 06.10 frames.

#![no_main]

use faxmill::audio::gsm::{FRAME_BYTES, GsmDecoder, WAV49_BLOCK_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = GsmDecoder::default();
    for frame in bytes.as_chunks::<FRAME_BYTES>().0 {
        decoder.decode_frame(frame);
    }
    for block in bytes.as_chunks::<WAV49_BLOCK_BYTES>().0 {
        decoder.decode_wav49(block);
    }
});
