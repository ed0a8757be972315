//! Pages that are one fax-coded image: taken from the file, and the same as PDFium draws them.

use std::fmt::Write as _;

use faxmill::t4::{Bitmap, EncodeOptions, encode};

use super::fixture::{convert_bytes, options};
use super::pdf::Pdf;

/// Size of an A4-wide fax page at fine resolution in points: 1728 and 2200 of its pixels.
const FAX_POINTS: (f64, f64) = (1728.0 * 72.0 / 204.1398, 2200.0 * 72.0 / 195.58);

/// Size of 1728 by 2292 pixels at 204 by 196 dots per inch, as most programs write it.
const ROUNDED_POINTS: (f64, f64) = (1728.0 * 72.0 / 204.0, 2292.0 * 72.0 / 196.0);

/// A scan: an L of thick bars that is different under each turn, and small squares.
fn scan(width: u32, rows: u32) -> Bitmap {
    let mut bitmap = Bitmap::white(width, 0);
    for y in 0..rows {
        let mut row = vec![0u8; width.div_ceil(8) as usize];
        for x in 0..width {
            let in_bar = (x * 20 / width == 2 && y * 20 / rows > 2)
                || (y * 20 / rows == 17 && x * 20 / width > 2 && x * 3 < width * 2);
            let in_square = x * 2 > width && y * 2 < rows && (x / 24 + y / 24) % 3 == 0;
            if in_bar || in_square {
                row[x as usize / 8] |= 0x80 >> (x % 8);
            }
        }
        bitmap.push_row(&row);
    }
    bitmap
}

/// A PDF whose only page shows this image; `more` are entries of the page, of the image and of
/// its decoder.
fn scanned_pdf(
    bitmap: &Bitmap,
    points: (f64, f64),
    coding: &EncodeOptions,
    more: [&str; 3],
) -> Vec<u8> {
    let (columns, rows) = (bitmap.width(), bitmap.rows());
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        &format!(
            "/Type /XObject /Subtype /Image /Width {columns} /Height {rows} /BitsPerComponent 1 \
             /ColorSpace /DeviceGray /Filter /CCITTFaxDecode {} \
             /DecodeParms << /Columns {columns} /Rows {rows} {} >>",
            more[1], more[2]
        ),
        &encode(bitmap, coding),
    );
    let (width, height) = points;
    let mut content = String::new();
    write!(content, "q {width} 0 0 {height} 0 0 cm /I Do Q").unwrap();
    let content = pdf.stream("", content.as_bytes());
    pdf.page_of(
        &format!(
            "/MediaBox [0 0 {width} {height}] {} \
             /Resources << /XObject << /I {image} 0 R >> >>",
            more[0]
        ),
        content,
    );
    pdf.build()
}

/// The page as PDFium draws it: an image with an unknown entry is not taken from the file.
fn drawn(pdf: &[u8]) -> Bitmap {
    let entry = b"/Type /XObject";
    let at = pdf.windows(entry.len()).position(|at| at == entry).unwrap();
    let mut changed = pdf.to_vec();
    changed[at..at + entry.len()].copy_from_slice(b"/Typo /XObject");
    converted(&changed)
}

fn converted(pdf: &[u8]) -> Bitmap {
    let mut converted = convert_bytes(pdf, &options()).unwrap();
    converted.pages.remove(0).bitmap
}

/// Whether a pixel of the colour is at this place or beside it.
fn is_near(bitmap: &Bitmap, x: u32, y: u32, black: bool) -> bool {
    (y.saturating_sub(1)..=(y + 1).min(bitmap.rows() - 1)).any(|y| {
        (x.saturating_sub(1)..=(x + 1).min(bitmap.width() - 1))
            .any(|x| bitmap.is_black(x, y) == black)
    })
}

/// Asserts that two pages differ at edges only.
#[track_caller]
fn assert_same_but_for_edges(taken: &Bitmap, drawn: &Bitmap, what: &str) {
    assert_eq!(
        (taken.width(), taken.rows()),
        (drawn.width(), drawn.rows()),
        "{what}"
    );
    assert!(drawn.black_pixels() > 50_000, "{what} shows the scan");
    let mut far = 0;
    for y in 0..taken.rows() {
        for x in 0..taken.width() {
            let black = taken.is_black(x, y);
            far += u32::from(black != drawn.is_black(x, y) && !is_near(drawn, x, y, black));
        }
    }
    assert_eq!(far, 0, "{what}: pixels without a like one beside them");
}

#[test]
fn a_fax_page_in_a_pdf_passes_pixel_by_pixel_in_every_coding() {
    let bitmap = scan(1728, 2292);
    for (coding, parameters) in [
        (EncodeOptions::mmr(), "/K -1"),
        (EncodeOptions::mmr(), "/K -1 /EndOfBlock true"),
        (EncodeOptions::mh(), "/K 0 /EndOfLine true"),
        (EncodeOptions::mr(4), "/K 4 /EndOfLine true"),
        (EncodeOptions::mh_byte_aligned(), "/EncodedByteAlign true"),
    ] {
        let pdf = scanned_pdf(&bitmap, ROUNDED_POINTS, &coding, ["", "", parameters]);
        assert!(converted(&pdf) == bitmap, "{parameters}");
        // PDFium makes another number of rows of it, so it was not drawn.
        assert_ne!(drawn(&pdf).rows(), 2292, "{parameters}");
    }
}

#[test]
fn fax_pages_of_any_turn_pass_and_are_what_pdfium_draws() {
    let (width, height) = FAX_POINTS;
    for (turn, is_sideways) in [(90, true), (180, false), (270, true)] {
        let (pixels, points) = if is_sideways {
            ((2200, 1728), (height, width))
        } else {
            ((1728, 2200), (width, height))
        };
        let bitmap = scan(pixels.0, pixels.1);
        let page = format!("/Rotate {turn}");
        let pdf = scanned_pdf(&bitmap, points, &EncodeOptions::mmr(), [&page, "", "/K -1"]);
        let taken = converted(&pdf);
        assert_eq!(taken.black_pixels(), bitmap.black_pixels(), "{page}");
        assert_same_but_for_edges(&taken, &drawn(&pdf), &page);
    }
}

#[test]
fn black_and_white_are_not_mixed_up() {
    let bitmap = scan(1728, 2200);
    for (image, parameters) in [
        ("", "/K -1 /BlackIs1 true"),
        ("/Decode [1 0]", "/K -1"),
        ("/Decode [1 0]", "/K -1 /BlackIs1 true"),
        ("/Decode [0 1]", "/K -1 /BlackIs1 false"),
    ] {
        let pdf = scanned_pdf(
            &bitmap,
            FAX_POINTS,
            &EncodeOptions::mmr(),
            ["", image, parameters],
        );
        let what = format!("{image} {parameters}");
        assert_same_but_for_edges(&converted(&pdf), &drawn(&pdf), &what);
    }
}

#[test]
fn what_is_more_than_a_scan_is_drawn_by_pdfium_to_the_pixel() {
    let bitmap = scan(1728, 2292);
    let mmr = EncodeOptions::mmr();
    let scanned = scanned_pdf(&bitmap, ROUNDED_POINTS, &mmr, ["", "", "/K -1"]);
    assert_ne!(drawn(&scanned).rows(), 2292, "drawing is told from taking");
    for more in [
        ["/CropBox [0 0 600 700]", "", "/K -1"],
        ["/UserUnit 1", "", "/K -1"],
        ["", "/Mask [0 0]", "/K -1"],
        ["", "/Decode [0.2 0.8]", "/K -1"],
        [
            "/Annots [ << /Type /Annot /Subtype /Square /Rect [50 50 200 200] /C [0 0 0] >> ]",
            "",
            "/K -1",
        ],
    ] {
        let pdf = scanned_pdf(&bitmap, ROUNDED_POINTS, &mmr, more);
        assert!(converted(&pdf) == drawn(&pdf), "{more:?}");
    }
    // A damaged image: whatever PDFium makes of it.
    let mut damaged = scanned_pdf(&bitmap, ROUNDED_POINTS, &mmr, ["", "", "/K -1"]);
    let at = damaged.windows(6).position(|at| at == b"stream").unwrap();
    damaged[at + 200..at + 210].fill(0);
    assert!(converted(&damaged) == drawn(&damaged));
}
