//! Any bytes as the logo of a cover page.
#![no_main]

use faxmill::convert::LogoPixels;
use faxmill::limits::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { logo_pixels_max: 1_000_000, ..Limits::default() };
    let _ = LogoPixels::decode(data, &limits);
});
