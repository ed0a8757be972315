//! The header line: legible on the page that is sent, and the same in every form of a preview.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use faxmill::convert::{FaxTiffReader, page_digest};
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;
use faxmill::units::Resolution;
use serde_json::Value;

use super::fixture::{sample, side_by_side};

const LINE: &str =
    "2026-03-01 15:05  From Northwind & Sons +49 30 555-0199  To +15550100  Page 1 of 2";

/// Runs `faxmill convert --json` on a sample, with a header of known words.
fn convert(name: &str, folder: &Path, options: &[&str]) -> Output {
    let _guard = side_by_side();
    Command::new(env!("CARGO_BIN_EXE_faxmill"))
        .args(["convert", "--json"])
        .arg(sample(name))
        .arg("-o")
        .arg(folder.join("fax.tif"))
        .args(["--header-name", "Northwind & Sons"])
        .args(["--header-number", "+49 30 555-0199", "--to", "+1 555 0100"])
        .args(["--at", "2026-03-01T14:05:00Z"])
        .args(options)
        .output()
        .unwrap()
}

fn told(run: &Output) -> Value {
    let words = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{words}");
    serde_json::from_slice(&run.stdout).unwrap()
}

fn pages_of(tiff: &Path) -> Vec<Bitmap> {
    let fax = fs::read(tiff).unwrap();
    let pages = FaxTiffReader::from_bytes(&fax, &Limits::default()).unwrap();
    pages.map(|page| page.unwrap().bitmap).collect()
}

fn digests(told: &Value) -> Vec<&str> {
    let pages = told["preview_pages"].as_array().unwrap().iter();
    pages.map(|page| page["digest"].as_str().unwrap()).collect()
}

/// What tesseract reads in the page's upper 8 mm, drawn with square pixels.
fn read_by_tesseract(page: &Bitmap, resolution: Resolution, folder: &Path) -> String {
    let rows = 8 * resolution.y_lines_per_metre() / 1000;
    let (across, down) = match resolution {
        Resolution::Standard => (1, 2),
        Resolution::Fine => (1, 1),
        Resolution::Superfine => (2, 1),
    };
    let picture = image::GrayImage::from_fn(page.width() * across, rows * down, |x, y| {
        image::Luma([if page.is_black(x / across, y / down) {
            0
        } else {
            255
        }])
    });
    let path = folder.join("line.png");
    picture.save(&path).unwrap();
    let read = Command::new("tesseract")
        .arg(&path)
        .args(["-", "--psm", "7", "--dpi", "200"])
        .output()
        .expect("tesseract runs");
    assert!(read.status.success(), "{read:?}");
    String::from_utf8(read.stdout).unwrap()
}

#[test]
fn tesseract_reads_the_line_at_every_density() {
    let folder = tempfile::tempdir().unwrap();
    for resolution in Resolution::ALL {
        let sent = folder.path().join("sent.tiff");
        let zone = [
            "--header-time-zone",
            "Europe/Berlin",
            "-r",
            resolution.name(),
        ];
        let target = ["--preview", sent.to_str().unwrap()];
        let told = told(&convert(
            "letter.pdf",
            folder.path(),
            &[&zone[..], &target].concat(),
        ));
        assert_eq!(told["preview_pages"][0]["header"]["text"], LINE);
        let read = read_by_tesseract(&pages_of(&sent)[0], resolution, folder.path());
        // It counts spaces its own way.
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(plain(&read), plain(LINE), "{resolution}");
    }
}

#[test]
fn pictures_pdf_and_tiff_show_the_same_page_and_the_stored_fax_has_no_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let preview = |target: &str| {
        told(&convert(
            "form.pdf",
            folder.path(),
            &["--preview", &path(target)],
        ))
    };
    let tiff = preview("sent.tiff");
    let sent = pages_of(&folder.path().join("sent.tiff"));
    assert_eq!(digests(&tiff), [page_digest(&sent[0])]);
    let stored = pages_of(&folder.path().join("fax.tif"));
    assert_eq!(tiff["pages"][0]["digest"], page_digest(&stored[0]).as_str());
    assert_ne!(page_digest(&sent[0]), page_digest(&stored[0]));

    let png = preview("page-%02d.png");
    assert_eq!(digests(&png), digests(&tiff));
    assert_eq!(png["preview"], serde_json::json!([path("page-01.png")]));
    let picture = image::open(path("page-01.png")).unwrap().into_luma8();
    for (x, y, level) in picture.enumerate_pixels() {
        assert_eq!(level.0[0] == 0, sent[0].is_black(x, y), "{x}, {y}");
    }

    let pdf = preview("sent.pdf");
    assert_eq!(digests(&pdf), digests(&tiff));
    let drawn = Command::new("pdfimages")
        .args(["-tiff", &path("sent.pdf"), &path("image")])
        .status()
        .expect("pdfimages runs");
    assert!(drawn.success());
    let verdict = Command::new("tiffcmp")
        .args(["-t", &path("image-000.tif"), &path("sent.tiff")])
        .output()
        .expect("tiffcmp runs");
    // The two have black and white the other way round; apart from that no row differs.
    let pixels = pages_of(&folder.path().join("image-000.tif"));
    assert!(pixels[0] == sent[0], "{verdict:?}");
}

#[test]
fn only_the_pages_that_were_asked_for_have_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let sent = folder.path().join("sent.tiff");
    let preview = ["--preview", sent.to_str().unwrap()];
    for (pages, expected) in [
        ("all", [true, true]),
        ("first", [true, false]),
        ("none", [false; 2]),
    ] {
        let header = format!("--header={pages}");
        let told = told(&convert(
            "letter.pdf",
            folder.path(),
            &[&preview[..], &[&header]].concat(),
        ));
        let with_line: Vec<bool> = told["preview_pages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|page| page.get("header").is_some())
            .collect();
        assert_eq!(with_line, expected, "{pages}");
        let unchanged = told["preview_pages"][1]["digest"] == told["pages"][1]["digest"];
        assert_eq!(unchanged, !expected[1], "{pages}");
    }
}

#[test]
fn a_header_that_cannot_be_is_refused_before_anything_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    let zone = convert(
        "letter.pdf",
        folder.path(),
        &["--header-time-zone", "Europe/Nowhere"],
    );
    assert_eq!(zone.status.code(), Some(65));
    let error: Value = serde_json::from_slice(&zone.stdout).unwrap();
    assert_eq!(error["error"]["code"], "header-time-zone");
    let format = convert(
        "letter.pdf",
        folder.path(),
        &["--header-format", "{colour}"],
    );
    assert_eq!(format.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&format.stderr).contains("{pages}"));
    assert!(!folder.path().join("fax.tif").exists());
}
