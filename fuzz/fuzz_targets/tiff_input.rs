//! Any bytes as an uploaded TIFF, and as a fax TIFF.
#![no_main]

use std::io::Cursor;

use faxmill::convert::{FaxTiffReader, read_tiff_pages};
use faxmill::limits::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { image_pixels_max: 4_000_000, ..Limits::default() };
    let _ = read_tiff_pages(Cursor::new(data), &limits, &mut |_| Ok(()));
    if let Ok(pages) = FaxTiffReader::from_bytes(data, &limits) {
        for page in pages {
            let _ = page;
        }
    }
});
