//! Any bytes as the output of a rendering process.

#![no_main]

use faxmill::convert::frames::{Frame, FrameReader};
use faxmill::limits::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let stream = [b"FXPAGES2", bytes].concat();
    let mut frames = FrameReader::new(&stream[..], &limits);
    while let Ok(Some(frame)) = frames.next_frame() {
        if let Frame::Page(page) = frame {
            assert!((1..=limits.page_rows_max).contains(&page.bitmap.rows()));
        }
    }
});
