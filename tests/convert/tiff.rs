//! TIFF pages are placed by the same rules as PDF pages, and fax pages pass untouched.

use std::fs;
use std::io::Cursor;

use faxmill::convert::{ConvertError, DocumentKind, FaxPage, FaxTiffWriter};
use faxmill::job::Reason;
use faxmill::t4::Bitmap;
use faxmill::units::Resolution;

use super::fixture::{assert_box, black_box, convert_bytes, options, options_at, refuse_bytes};

/// An uncompressed grey TIFF: white, with a black rectangle (left, top, right, bottom).
pub(super) fn gray_tiff(
    width: u32,
    height: u32,
    dpi: Option<u32>,
    ink: (u32, u32, u32, u32),
) -> Vec<u8> {
    let is_ink = |x, y| (ink.0..ink.2).contains(&x) && (ink.1..ink.3).contains(&y);
    let row = |y| (0..width).map(move |x| if is_ink(x, y) { 0 } else { 255 });
    let levels: Vec<u8> = (0..height).flat_map(row).collect();
    plain_tiff((width, height), dpi, 8, &levels)
}

/// An uncompressed TIFF of one sample a pixel: of 8 bits, 0 black, or of 1 bit, 1 black.
pub(super) fn plain_tiff(
    (width, height): (u32, u32),
    dpi: Option<u32>,
    bits: u32,
    samples: &[u8],
) -> Vec<u8> {
    let photometric = u32::from(bits == 8);
    let mut entries: Vec<(u16, u16, u32, u32)> = vec![
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 0),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, samples.len() as u32),
    ];
    if dpi.is_some() {
        entries.extend([(282, 5, 1, 0), (283, 5, 1, 0), (296, 3, 1, 2)]);
    }
    let rational = 8 + 2 + entries.len() as u32 * 12 + 4;
    for entry in &mut entries {
        match entry.0 {
            273 => entry.3 = rational + 8,
            282 | 283 => entry.3 = rational,
            _ => {}
        }
    }
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend_from_slice(&tag.to_le_bytes());
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&count.to_le_bytes());
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(&dpi.unwrap_or(1).to_le_bytes());
    file.extend_from_slice(&1u32.to_le_bytes());
    file.extend_from_slice(samples);
    file
}

/// A fax TIFF of one page with a black row every `step` rows.
pub(super) fn fax_tiff(width: u32, rows: u32, resolution: Resolution, step: u32) -> Vec<u8> {
    let mut bitmap = Bitmap::white(width, 0);
    for y in 0..rows {
        let level = if y % step == 0 { 0xFF } else { 0 };
        bitmap.push_row(&vec![level; width as usize / 8]);
    }
    let mut writer = FaxTiffWriter::new(Cursor::new(Vec::new())).unwrap();
    writer
        .page(&FaxPage {
            bitmap: &bitmap,
            resolution,
        })
        .unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_grey_scan_is_placed_in_true_size() {
    // A4 at 150 dpi with ink from (150, 300) to (750, 600).
    let scan = gray_tiff(1240, 1754, Some(150), (150, 300, 750, 600));
    let converted = convert_bytes(&scan, &options()).unwrap();
    assert_eq!(converted.report.kind, DocumentKind::Tiff);
    assert_eq!(converted.sizes(), [(1728, 2287)]);
    let x = |pixels: f64| 20 + (pixels * 25.4 / 150.0 * 8.037).round() as u32;
    let y = |pixels: f64| (pixels * 25.4 / 150.0 * 7.7).round() as u32;
    assert_box(
        black_box(&converted.pages[0].bitmap),
        (x(150.0), y(300.0), x(750.0), y(600.0)),
    );
}

#[test]
fn a_landscape_scan_without_density_is_turned_and_fills_the_line() {
    let scan = gray_tiff(1400, 1000, None, (0, 0, 1400, 100));
    let converted = convert_bytes(&scan, &options()).unwrap();
    let page = &converted.pages[0].bitmap;
    assert_eq!(page.width(), 1728);
    assert!(page.rows().abs_diff(2318) <= 2, "{}", page.rows());
    assert_box(black_box(page), (0, 0, 173, page.rows()));
}

#[test]
fn a_fax_page_passes_pixel_by_pixel() {
    for (width, resolution) in [
        (1728, Resolution::Standard),
        (1728, Resolution::Fine),
        (2048, Resolution::Standard),
        (2432, Resolution::Fine),
    ] {
        let fax = fax_tiff(width, 1100, resolution, 5);
        let converted = convert_bytes(&fax, &options()).unwrap();
        assert_eq!(converted.sizes(), [(width, 1100)]);
        let page = &converted.pages[0];
        assert_eq!(page.resolution(), Some(resolution));
        let is_as_made =
            |y: u32| page.bitmap.row(y)[0] == if y.is_multiple_of(5) { 0xFF } else { 0 };
        assert!((0..1100).all(is_as_made));
    }
}

#[test]
fn a_fax_page_finer_than_asked_for_is_made_coarser() {
    let fax = fax_tiff(1728, 2200, Resolution::Fine, 40);
    let converted = convert_bytes(&fax, &options_at(Resolution::Standard)).unwrap();
    assert_eq!(converted.sizes(), [(1728, 1100)]);
    // No line is lost.
    let page = &converted.pages[0].bitmap;
    let lines = (0..1100)
        .filter(|&y| page.is_black(864, y) && (y == 0 || !page.is_black(864, y - 1)))
        .count();
    assert_eq!(lines, 55);
}

#[test]
fn a_truncated_tiff() {
    let whole = gray_tiff(100, 100, Some(100), (0, 0, 50, 50));
    for length in [6, 50, whole.len() / 2] {
        let error = refuse_bytes(&whole[..length], &options());
        assert_eq!(error.reason(), Reason::DocumentInvalid, "{error}");
    }
}

#[test]
fn a_tiff_that_lies_about_its_size() {
    let mut lying = gray_tiff(100, 100, Some(100), (0, 0, 50, 50));
    // ImageWidth and ImageLength are the first two entries.
    lying[18..22].copy_from_slice(&4_000_000_000u32.to_le_bytes());
    lying[30..34].copy_from_slice(&4_000_000_000u32.to_le_bytes());
    let error = refuse_bytes(&lying, &options());
    assert!(
        matches!(
            error.reason(),
            Reason::DocumentInvalid | Reason::DocumentTooLarge
        ),
        "{error}"
    );
}

#[test]
fn a_tiff_of_too_many_pages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pages.tif");
    let blank = Bitmap::white(1728, 10);
    let mut writer = FaxTiffWriter::new(fs::File::create(&path).unwrap()).unwrap();
    for _ in 0..501 {
        let resolution = Resolution::Fine;
        writer
            .page(&FaxPage {
                bitmap: &blank,
                resolution,
            })
            .unwrap();
    }
    writer.finish().unwrap();
    let error = refuse_bytes(&fs::read(&path).unwrap(), &options());
    assert!(
        matches!(
            error,
            ConvertError::TooManyPages {
                pages: 501,
                limit: 500
            }
        ),
        "{error}"
    );
}

#[test]
fn a_tiff_is_decoded_by_a_confined_process_whose_memory_is_bounded() {
    let scan = gray_tiff(6000, 6000, Some(600), (0, 0, 9, 9));
    let mut options = options();
    let converted = convert_bytes(&scan, &options).unwrap();
    assert!(converted.report.confinement.is_full());
    // Enough for a small page, no room for 36 million pixels.
    options.limits.render_address_space_max = 50 << 20;
    let small = gray_tiff(60, 60, Some(100), (0, 0, 9, 9));
    convert_bytes(&small, &options).unwrap();
    let error = refuse_bytes(&scan, &options);
    assert_eq!(error.reason(), Reason::ConversionCrashed, "{error}");
}

#[test]
fn a_tiff_is_decoded_within_the_limit_on_time() {
    let scan = gray_tiff(6000, 6000, Some(600), (0, 0, 9, 9));
    let mut options = options();
    options.limits.render_wall_seconds_max = 0;
    let error = refuse_bytes(&scan, &options);
    assert_eq!(error.reason(), Reason::ConversionTimeout, "{error}");
}

#[test]
fn why_a_tiff_is_refused_is_told_across_processes() {
    let scan = gray_tiff(640, 480, Some(100), (0, 0, 9, 9));
    let mut narrow = options();
    narrow.limits.image_pixels_max = 640 * 479;
    let error = refuse_bytes(&scan, &narrow);
    assert_eq!(
        error.to_string(),
        "the document is too large: pixels in an image is 307200, the limit is 306560"
    );
    let mut odd = scan;
    // The fourth entry is Compression: JBIG.
    odd[54..56].copy_from_slice(&34_661u16.to_le_bytes());
    let error = refuse_bytes(&odd, &options());
    assert_eq!(error.reason(), Reason::MediaUnsupported, "{error}");
}
