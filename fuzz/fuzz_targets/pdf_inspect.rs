//! Any bytes as a PDF to be inspected.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(inspection) = faxmill::convert::inspect(bytes) {
        assert!(inspection.boxes.len() <= inspection.pages_declared as usize);
    }
});
