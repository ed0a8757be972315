//! Any bytes as a PDF whose pages may be scans: their dictionaries, contents and images.

#![no_main]

use faxmill::convert::count_scans;
use faxmill::limits::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        document_bytes_max: 1 << 20,
        image_pixels_max: 1 << 20,
        ..Limits::default()
    };
    count_scans(bytes, &limits);
});
