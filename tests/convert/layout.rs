//! Ways to bring a page onto a fax page, judged by poppler for PDFs and by libtiff for TIFFs.

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use faxmill::convert::{ConvertOptions, FaxPage, FaxTiffWriter, GrayPage, Hints, binarize};
use faxmill::t4::Bitmap;
use faxmill::units::{PageFit, PageWidth, Resolution, ToneMode};

use super::fixture::{assert_box, black_box, convert_bytes, options, side_by_side};
use super::judge::Ink;
use super::pdf::Pdf;
use super::tiff::gray_tiff;

/// Largest share of black pixels without one of the other's beside them. Poppler's Helvetica is not
/// PDFium's; a page that lies a millimetre off has ten times as many.
const STRAY_SHARE_MAX: f64 = 0.02;

fn options_with(fit: PageFit, resolution: Resolution) -> ConvertOptions {
    ConvertOptions {
        fit,
        resolution,
        mode: ToneMode::Text,
        ..options()
    }
}

/// A page of this size in millimetres with bars of text and rectangles from edge to edge.
fn busy_page(width_mm: f64, height_mm: f64) -> Vec<u8> {
    let (width, height) = (width_mm / 25.4 * 72.0, height_mm / 25.4 * 72.0);
    let mut pdf = Pdf::new();
    let font = pdf.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    let mut content = String::new();
    let mut top = height - 30.0;
    while top > 0.0 {
        let mut left = 4.0;
        while left < width {
            write!(content, "{left} {top} 25 14 re f ").unwrap();
            let beside = left + 30.0;
            writeln!(
                content,
                "BT /F 14 Tf {beside} {top} Td (at {left:.0} {top:.0}) Tj ET"
            )
            .unwrap();
            left += 150.0;
        }
        top -= 40.0;
    }
    let content = pdf.stream("", content.as_bytes());
    pdf.page_of(
        &format!("/MediaBox [0 0 {width} {height}] /Resources << /Font << /F {font} 0 R >> >>"),
        content,
    );
    pdf.build()
}

/// What poppler draws of a page in true size at a fax density: `columns` from `left` on, and `rows`
/// from the top.
fn poppler(pdf: &[u8], resolution: Resolution, left: u32, columns: u32, rows: u32) -> Bitmap {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.pdf");
    fs::write(&file, pdf).unwrap();
    let dpi = |per_metre: u32| f64::from(per_metre) * 0.0254;
    let status = Command::new("pdftoppm")
        .args(["-singlefile", "-gray"])
        .args(["-rx", &dpi(resolution.x_pels_per_metre()).to_string()])
        .args(["-ry", &dpi(resolution.y_lines_per_metre()).to_string()])
        .args(["-x", &left.to_string(), "-y", "0"])
        .args(["-W", &columns.to_string(), "-H", &rows.to_string()])
        .arg(&file)
        .arg(folder.path().join("drawn"))
        .status()
        .expect("pdftoppm is installed");
    assert!(status.success());
    let pgm = fs::read(folder.path().join("drawn.pgm")).unwrap();
    let levels = &pgm[pgm.len() - (columns * rows) as usize..];
    let page = GrayPage::new(levels, columns, columns as usize);
    binarize(page, ToneMode::Text, resolution, &Hints::default())
}

#[track_caller]
fn assert_same_ink(ours: &Bitmap, left: u32, theirs: &Bitmap) {
    let (ours, theirs) = (Ink::new(ours, left), Ink::new(theirs, 0));
    for (what, share) in [
        ("ink of ours only", ours.stray_share(&theirs)),
        ("ink of theirs only", theirs.stray_share(&ours)),
    ] {
        assert!(share < STRAY_SHARE_MAX, "{what}: {share:.5}");
    }
}

#[test]
fn a_poster_is_cropped_to_the_middle_of_what_poppler_draws_in_true_size() {
    let poster = busy_page(500.0, 600.0);
    for resolution in [Resolution::Standard, Resolution::Fine] {
        let converted = convert_bytes(&poster, &options_with(PageFit::Crop, resolution)).unwrap();
        let page = &converted.pages[0].bitmap;
        let rows = 600 * resolution.y_lines_per_metre() / 1000;
        assert_eq!((page.width(), page.rows()), (2432, rows));
        // 4019 columns of which 793 are cut off before the first.
        let theirs = poppler(&poster, resolution, 793, 2432, rows);
        assert_same_ink(page, 0, &theirs);
    }
}

#[test]
fn a_letter_that_is_cropped_is_true_to_size_where_it_would_be_shrunk_to_the_line() {
    let letter = busy_page(215.9, 279.4);
    let crop = options_with(PageFit::Crop, Resolution::Fine);
    let page = &convert_bytes(&letter, &crop).unwrap().pages[0].bitmap;
    assert_eq!((page.width(), page.rows()), (1728, 2151));
    assert_same_ink(page, 0, &poppler(&letter, Resolution::Fine, 3, 1728, 2151));
}

#[test]
fn a_receipt_runs_along_the_paper_as_poppler_draws_it() {
    let receipt = busy_page(80.0, 1000.0);
    let long = options_with(PageFit::LongPage, Resolution::Fine);
    let page = &convert_bytes(&receipt, &long).unwrap().pages[0].bitmap;
    assert_eq!((page.width(), page.rows()), (1728, 7700));
    let theirs = poppler(&receipt, Resolution::Fine, 0, 643, 7700);
    assert_same_ink(page, (1728 - 643) / 2, &theirs);
    // On a sheet it is 364 mm long, and as narrow as that makes it.
    let page = &convert_bytes(&receipt, &options()).unwrap().pages[0].bitmap;
    assert_eq!((page.width(), page.rows()), (1728, 2803));
    let (left, _, right, _) = black_box(page);
    assert!(right - left <= 234, "{left} {right}");
}

#[test]
fn a_banner_runs_along_the_paper_with_its_top_at_the_left() {
    let mm = |mm: f64| mm / 25.4 * 72.0;
    // A bar along the whole top edge, 20 mm high.
    let content = format!("0 {} {} {} re f", mm(180.0), mm(900.0), mm(20.0));
    let banner = Pdf::one_page(mm(900.0), mm(200.0), &content);
    let long = options_with(PageFit::LongPage, Resolution::Fine);
    let page = &convert_bytes(&banner, &long).unwrap().pages[0].bitmap;
    assert_eq!((page.width(), page.rows()), (1728, 6930));
    assert_box(black_box(page), (60, 0, 60 + 161, 6930));
}

#[test]
fn a_scan_wider_than_the_line_is_cropped_to_what_libtiff_cuts_out_of_it() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let (input, expected) = (
        folder.path().join("scan.tif"),
        folder.path().join("cut.tif"),
    );
    // 400 columns more than a line of A3, at the densities of a fax: every pixel stays as it is.
    let (columns, rows) = (2832, 900);
    fs::write(&input, noise_tiff(columns, rows)).unwrap();
    let crop = options_with(PageFit::Crop, Resolution::Fine);
    let output = folder.path().join("fax.tif");
    let never = std::sync::atomic::AtomicBool::new(false);
    faxmill::convert::convert_file(&input, &output, &crop, &mut |_| {}, &never).unwrap();
    run(
        "tiffcrop",
        &["-U", "px", "-m", "0,200,0,200"],
        &input,
        &expected,
    );
    run("tiffcmp", &["-t"], &expected, &output);
}

/// Runs one of libtiff's tools on two files.
#[track_caller]
fn run(tool: &str, arguments: &[&str], one: &Path, other: &Path) {
    let output = Command::new(tool)
        .args(arguments)
        .args([one, other])
        .output()
        .unwrap_or_else(|error| panic!("{tool}: {error}"));
    assert!(output.status.success(), "{output:?}");
}

/// A bilevel TIFF of this many columns, which need not be those of a scan line, at 204 by 196 dpi.
fn noise_tiff(columns: u32, rows: u32) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let bytes: Vec<u8> = (0..columns / 8 * rows).map(|_| random.u8(..)).collect();
    let mut entries: Vec<(u16, u16, u32, u32)> = vec![
        (256, 4, 1, columns),
        (257, 4, 1, rows),
        (258, 3, 1, 1),
        (259, 3, 1, 1),
        (262, 3, 1, 0),
        (273, 4, 1, 0),
        (277, 3, 1, 1),
        (278, 4, 1, rows),
        (279, 4, 1, bytes.len() as u32),
        (282, 5, 1, 0),
        (283, 5, 1, 0),
        (296, 3, 1, 2),
    ];
    let rational = 8 + 2 + entries.len() as u32 * 12 + 4;
    entries[5].3 = rational + 16;
    entries[9].3 = rational;
    entries[10].3 = rational + 8;
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend_from_slice(&tag.to_le_bytes());
        file.extend_from_slice(&kind.to_le_bytes());
        file.extend_from_slice(&count.to_le_bytes());
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(&[0; 4]);
    for number in [204u32, 1, 196, 1] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file.extend_from_slice(&bytes);
    file
}

#[test]
fn a_grey_scan_larger_than_the_paper_is_cropped_in_its_middle() {
    // 500 by 300 mm at 100 dpi, turned or not, with ink in its middle.
    let scan = gray_tiff(1181, 1969, Some(100), (491, 900, 691, 1000));
    let crop = ConvertOptions {
        width_max: PageWidth::A4,
        ..options_with(PageFit::Crop, Resolution::Fine)
    };
    let converted = convert_bytes(&scan, &crop).unwrap();
    let pixels = |dots: f64, per_mm: f64| (dots * 0.254 * per_mm).round() as u32;
    assert_eq!(converted.sizes(), [(1728, pixels(1969.0, 7.7))]);
    let half = pixels(100.0, 8.037);
    let (top, bottom) = (pixels(900.0, 7.7), pixels(1000.0, 7.7));
    assert_box(
        black_box(&converted.pages[0].bitmap),
        (864 - half, top, 864 + half, bottom),
    );
}

#[test]
fn a_fax_page_passes_as_it_is_however_long_and_in_every_fit() {
    let mut bitmap = Bitmap::white(1728, 0);
    for y in 0..6000u32 {
        bitmap.push_row(&vec![y as u8; 216]);
    }
    let mut writer = FaxTiffWriter::new(Cursor::new(Vec::new())).unwrap();
    let resolution = Resolution::Fine;
    let page = FaxPage {
        bitmap: &bitmap,
        resolution,
    };
    writer.page(&page).unwrap();
    let fax = writer.finish().unwrap().into_inner();
    for fit in [PageFit::Fit, PageFit::Crop, PageFit::LongPage] {
        let converted = convert_bytes(&fax, &options_with(fit, resolution)).unwrap();
        assert!(converted.pages[0].bitmap == bitmap, "{fit:?}");
    }
}
