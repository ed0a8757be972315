//! Pages that are one fax-coded image of fax geometry: their pixels pass as they are.

use std::fmt::Write as _;

use faxmill::t4::{Bitmap, EncodeOptions, encode};

use super::{Pdf, assert_same_but_for_edges, converted, drawn, scan};

/// Size of an A4-wide fax page at fine resolution in points: 1728 and 2200 of its pixels.
const FAX_POINTS: (f64, f64) = (1728.0 * 72.0 / 204.1398, 2200.0 * 72.0 / 195.58);

/// Size of 1728 by 2292 pixels at 204 by 196 dots per inch, as most programs write it.
const ROUNDED_POINTS: (f64, f64) = (1728.0 * 72.0 / 204.0, 2292.0 * 72.0 / 196.0);

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
fn a_damaged_fax_page_is_what_pdfium_makes_of_it() {
    let bitmap = scan(1728, 2292);
    let mmr = EncodeOptions::mmr();
    let mut damaged = scanned_pdf(&bitmap, ROUNDED_POINTS, &mmr, ["", "", "/K -1"]);
    let at = damaged.windows(6).position(|at| at == b"stream").unwrap();
    damaged[at + 200..at + 210].fill(0);
    assert!(converted(&damaged) == drawn(&damaged));
}
