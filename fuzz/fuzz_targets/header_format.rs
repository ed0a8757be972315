//! Anybody's format and names: refused, or a line that fits, in characters of the font, stamped
//! without touching what the page holds.

#![no_main]

use faxmill::header::{Header, HeaderFormat, HeaderPages, LocalTime, ROWS_ADDED_MAX, columns};
use faxmill::t4::Bitmap;
use faxmill::units::{Resolution, UnixMillis};
use libfuzzer_sys::fuzz_target;

type Input = (String, String, String, String, i64, i32, u32, u8);

fuzz_target!(|input: Input| {
    let (format, ident, number, zone, at, utc_offset_seconds, page, shape) = input;
    let Ok(format) = format.parse::<HeaderFormat>() else { return };
    assert_eq!(format.as_str().parse(), Ok(format.clone()));
    let header = Header {
        revision: Header::REVISION,
        pages: HeaderPages::All,
        format,
        time: LocalTime { at: UnixMillis(at), utc_offset_seconds, zone },
        ident,
        to: number.clone(),
        number,
    };
    let width = [1728, 2048, 2432][shape as usize % 3];
    let line = header.line(page, page, columns(width));
    assert!(line.chars().count() <= columns(width));
    let resolution = Resolution::ALL[shape as usize / 3 % 3];
    let rows = u32::from(shape);
    let black = Bitmap::from_packed(width, vec![0xFF; (width / 8 * rows) as usize]);
    let Some(stamped) = header.stamp(&black, resolution, page, page) else { return };
    assert!(stamped.added_rows <= ROWS_ADDED_MAX);
    let below = stamped.bitmap.as_bytes().len() - black.as_bytes().len();
    assert!(stamped.bitmap.as_bytes()[below..] == *black.as_bytes());
});
