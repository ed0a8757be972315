//! Any bytes as a recording of any declared type; the first byte chooses.

#![no_main]

use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use faxmill::audio::{DeclaredType, TranscodeOptions, transcode};
use faxmill::limits::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, recording)) = bytes.split_first() else {
        return;
    };
    let declared = DeclaredType::all().nth(usize::from(*choice));
    let options = TranscodeOptions {
        limits: Limits {
            recording_seconds_max: 10,
            ..Limits::default()
        },
        ..TranscodeOptions::default()
    };
    let mut output = Cursor::new(Vec::new());
    let result = transcode(
        &mut Cursor::new(recording),
        declared,
        &mut output,
        &options,
        &mut |_| {},
        &AtomicBool::new(false),
    );
    if let Ok(report) = result {
        assert_eq!(report.mp3_bytes, output.get_ref().len() as u64);
    }
});
