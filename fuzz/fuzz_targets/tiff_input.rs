//! Any bytes as an uploaded TIFF, down to its fax pages, and as a fax TIFF.
#![no_main]

use std::io::Cursor;

use faxmill::convert::rasterize::Drawing;
use faxmill::convert::{FaxTiffReader, tiff_fax_pages};
use faxmill::limits::Limits;
use faxmill::units::{PageFit, PageWidth, Resolution, ToneMode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        image_pixels_max: 1_000_000,
        page_rows_max: 1_000,
        document_pages_max: 8,
        ..Limits::default()
    };
    let drawing = Drawing {
        resolution: Resolution::Fine,
        width_max: PageWidth::A3,
        mode: ToneMode::default(),
        fit: PageFit::default(),
        limits: &limits,
    };
    let mut pages = 0;
    let outcome = tiff_fax_pages(Cursor::new(data), drawing, &mut |page, _| {
        assert_eq!(page.index, pages);
        assert!((1..=limits.page_rows_max).contains(&page.bitmap.rows()));
        assert!(PageWidth::from_pixels(page.bitmap.width()).is_some());
        pages += 1;
        Ok(())
    });
    assert!(outcome.is_err() || pages > 0);
    if let Ok(read) = FaxTiffReader::from_bytes(data, &limits) {
        for page in read.map_while(Result::ok) {
            assert!(page.bitmap.rows() > 0);
        }
    }
});
