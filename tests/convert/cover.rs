//! Cover pages: what they print, where they lie in the fax, and what is refused.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

use faxmill::convert::{
    ConvertError, ConvertOptions, Cover, CoverFile, GrayPage, Hints, LogoPixels, Template, binarize,
};
use faxmill::job::{CoverField, CoverFields};
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;
use faxmill::units::{PageFit, Resolution, ToneMode};
use image::{ImageFormat, Luma, LumaA};

use super::fixture::{black_box, convert_path, options, options_at, sample, side_by_side};
use super::judge::Ink;

/// The sample cover page, logo included.
fn sample_cover() -> Cover {
    let text = fs::read_to_string(sample("cover.toml")).unwrap();
    let file = CoverFile::parse("cover.toml", &text).unwrap();
    Cover {
        logo: Some(fs::read(sample(&file.logo.unwrap())).unwrap()),
        ..Cover::new(file.fields)
    }
}

fn fields(filled: &[(CoverField, &str)]) -> CoverFields {
    let mut fields = CoverFields::default();
    for (field, text) in filled {
        fields.set(*field, (*text).to_owned()).unwrap();
    }
    fields
}

fn with_cover(cover: Cover, resolution: Resolution) -> ConvertOptions {
    ConvertOptions {
        cover: Some(cover),
        ..options_at(resolution)
    }
}

fn png(width: u32, height: u32, pixel: LumaA<u8>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let image = image::ImageBuffer::from_pixel(width, height, pixel);
    image.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let image = image::ImageBuffer::from_fn(width, height, |x, y| {
        Luma([if (x / 16 + y / 16) % 2 == 0 { 0u8 } else { 255 }])
    });
    image.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    file.into_inner()
}

#[test]
fn the_cover_page_comes_first_and_the_document_follows_pixel_by_pixel() {
    let plain = convert_path(&sample("letter.pdf"), &options()).unwrap();
    let options = with_cover(sample_cover(), Resolution::Fine);
    let covered = convert_path(&sample("letter.pdf"), &options).unwrap();
    assert_eq!(covered.sizes(), [(1728, 2148), (1728, 2142), (1728, 2142)]);
    for (with, without) in covered.pages[1..].iter().zip(&plain.pages) {
        assert!(with.bitmap == without.bitmap);
    }
    let told: Vec<(u32, bool)> = covered
        .report
        .pages
        .iter()
        .map(|page| (page.index, page.is_cover))
        .collect();
    assert_eq!(told, [(0, true), (1, false), (2, false)]);
    assert!(plain.report.pages.iter().all(|page| !page.is_cover));
    assert_eq!(covered.report.pages[1].digest, plain.report.pages[0].digest);
}

#[test]
fn libtiff_counts_the_cover_page_as_the_first() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let fax = folder.path().join("fax.tif");
    let said = faxmill(
        &sample("fax-mh.tif"),
        &fax,
        &["--cover-field", "subject=Two pages"],
    );
    let words = String::from_utf8(said.stdout).unwrap();
    assert!(
        words.contains("3 pages, the first of them the cover page"),
        "{words}"
    );
    let info = Command::new("tiffinfo").arg(&fax).output().unwrap();
    assert!(info.status.success() && info.stderr.is_empty(), "{info:?}");
    let info = String::from_utf8(info.stdout).unwrap();
    let line = |line: &&str| line.contains("Page Number") || line.contains("Image Length");
    let lines: Vec<&str> = info.lines().filter(line).map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "Image Width: 1728 Image Length: 2148",
            "Page Number: 0-3",
            "Image Width: 1728 Image Length: 1146",
            "Page Number: 1-3",
            "Image Width: 1728 Image Length: 2292",
            "Page Number: 2-3",
        ]
    );
}

#[test]
fn every_field_is_printed_and_the_page_is_what_poppler_draws() {
    let mut cover = sample_cover();
    cover.defaults = fields(&[
        (CoverField::ToNumber, "+15550100"),
        (CoverField::Date, "2026-03-01"),
    ]);
    let logo = cover.logo.clone().unwrap();
    let logo = LogoPixels::decode(&logo, &Limits::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("cover.pdf");
    fs::write(&pdf, cover.sheet(3).unwrap().to_pdf(Some(&logo))).unwrap();

    let text = Command::new("pdftotext")
        .args([&pdf, Path::new("-")])
        .output();
    let text = String::from_utf8(text.unwrap().stdout).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    for said in cover.fields.entries().values() {
        let said: Vec<&str> = said.split_whitespace().collect();
        assert!(text.contains(&said.join(" ")), "{said:?} is not in {text}");
    }
    for said in [
        "Fax +15550100",
        "Date 2026-03-01",
        "Pages 3, this one included",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }

    for resolution in [Resolution::Standard, Resolution::Fine] {
        let options = with_cover(cover.clone(), resolution);
        let covered = convert_path(&sample("letter.pdf"), &options).unwrap();
        let ours = &covered.pages[0].bitmap;
        let theirs = poppler(&pdf, resolution);
        let left = (1728 - theirs.width()) / 2;
        let (ours, theirs) = (Ink::new(ours, left), Ink::new(&theirs, 0));
        // Poppler's Helvetica is not PDFium's.
        assert!(ours.stray_share(&theirs) < 0.03, "ink of ours only");
        assert!(theirs.stray_share(&ours) < 0.03, "ink of theirs only");
    }
}

fn poppler(pdf: &Path, resolution: Resolution) -> Bitmap {
    let folder = tempfile::tempdir().unwrap();
    let dpi = |per_metre: u32| (f64::from(per_metre) * 0.0254).to_string();
    let (columns, rows) = (
        (210 * resolution.x_pels_per_metre() + 500) / 1000,
        (279 * resolution.y_lines_per_metre() + 500) / 1000,
    );
    let status = Command::new("pdftoppm")
        .args(["-singlefile", "-gray", "-x", "0", "-y", "0"])
        .args(["-rx", &dpi(resolution.x_pels_per_metre())])
        .args(["-ry", &dpi(resolution.y_lines_per_metre())])
        .args(["-W", &columns.to_string(), "-H", &rows.to_string()])
        .arg(pdf)
        .arg(folder.path().join("drawn"))
        .status()
        .expect("pdftoppm is installed");
    assert!(status.success());
    let pgm = fs::read(folder.path().join("drawn.pgm")).unwrap();
    let levels = &pgm[pgm.len() - (columns * rows) as usize..];
    let page = GrayPage::new(levels, columns, columns as usize);
    binarize(page, ToneMode::Text, resolution, &Hints::default())
}

#[test]
fn choices_for_the_document_do_not_change_the_cover_page() {
    let cover = |mode, fit| {
        let options = ConvertOptions {
            mode,
            fit,
            ..with_cover(sample_cover(), Resolution::Standard)
        };
        let covered = convert_path(&sample("fax-mh.tif"), &options).unwrap();
        covered.report.pages[0].digest.clone()
    };
    let usual = cover(ToneMode::Auto, PageFit::Fit);
    assert_eq!(cover(ToneMode::Photo, PageFit::Crop), usual);
}

const LOGO_ONLY: &str = "page = [200, 100]\n[[logo]]\nat = [50, 10]\nsize = [100, 40]\n";

/// The box around the ink of a cover page that shows a logo and nothing else, in millimetres.
fn logo_box(logo: Vec<u8>, align: &str) -> [f64; 4] {
    let source = format!("{LOGO_ONLY}align = \"{align}\"\n");
    let cover = Cover {
        template: Template::parse("t.toml", &source).unwrap(),
        logo: Some(logo),
        ..Cover::new(CoverFields::default())
    };
    let options = with_cover(cover, Resolution::Fine);
    let covered = convert_path(&sample("fax-mh.tif"), &options).unwrap();
    let page = &covered.pages[0].bitmap;
    let (left, top, right, bottom) = black_box(page);
    // The page of 200 mm lies in the middle of the line.
    let x = |column: u32| (f64::from(column) - 864.0) / 8.037 + 100.0;
    let y = |row: u32| f64::from(row) / 7.7;
    [x(left), y(top), x(right), y(bottom)]
}

#[track_caller]
fn assert_near(actual: [f64; 4], expected: [f64; 4]) {
    let is_near = actual
        .iter()
        .zip(expected)
        .all(|(a, b)| (a - b).abs() < 0.3);
    assert!(is_near, "{actual:?} should be {expected:?}");
}

#[test]
fn a_logo_fills_its_box_in_proportion() {
    let black = LumaA([0, 255]);
    // Twice as wide as high: 80 by 40 of the 100 by 40 millimetres.
    assert_near(
        logo_box(png(600, 300, black), "left"),
        [50.0, 10.0, 130.0, 50.0],
    );
    assert_near(
        logo_box(png(600, 300, black), "right"),
        [70.0, 10.0, 150.0, 50.0],
    );
    assert_near(
        logo_box(png(100, 100, black), "center"),
        [80.0, 10.0, 120.0, 50.0],
    );
    // Five times as wide: the width decides.
    assert_near(logo_box(jpeg(640, 128), "left"), [50.0, 10.0, 150.0, 30.0]);
}

#[test]
fn what_is_transparent_in_a_logo_is_paper() {
    let limits = Limits::default();
    let level = |pixel| {
        let logo = LogoPixels::decode(&png(2, 1, pixel), &limits).unwrap();
        assert_eq!((logo.width, logo.height), (2, 1));
        logo.levels
    };
    assert_eq!(level(LumaA([0, 0])), [255, 255]);
    assert_eq!(level(LumaA([0, 255])), [0, 0]);
    assert_eq!(level(LumaA([100, 128])), [177, 177]);
}

/// Converts with a logo that must be refused, and gives what is said of it.
fn refused_logo(logo: Vec<u8>) -> String {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("fax.tif");
    let cover = Cover {
        logo: Some(logo),
        ..Cover::new(CoverFields::default())
    };
    let options = with_cover(cover, Resolution::Standard);
    let never = std::sync::atomic::AtomicBool::new(false);
    let input = sample("fax-mh.tif");
    let refused = faxmill::convert::convert_file(&input, &output, &options, &mut |_| {}, &never);
    let error = refused.unwrap_err();
    assert!(matches!(error, ConvertError::Cover(_)), "{error:?}");
    assert_eq!(error.code(), "cover-logo", "{error}");
    assert!(!output.exists());
    error.to_string()
}

#[test]
fn hostile_logos_are_refused_with_a_reason() {
    let whole = png(300, 200, LumaA([90, 255]));
    let picture = jpeg(320, 160);
    let said = |logo: Vec<u8>, words: &str| {
        let sentence = refused_logo(logo);
        assert!(sentence.contains(words), "{sentence}");
    };
    said(b"GIF89a and more".to_vec(), "neither a PNG nor a JPEG");
    said(b"%PDF-1.4".to_vec(), "neither a PNG nor a JPEG");
    said(Vec::new(), "neither a PNG nor a JPEG");
    for cut in [9, 20, 40, whole.len() / 2, whole.len() - 1] {
        said(whole[..cut].to_vec(), "cut short");
    }
    for cut in [4, 30, picture.len() / 2, picture.len() - 2] {
        said(picture[..cut].to_vec(), "cut short");
    }
    // A bomb says how large it is, and one that lies about it is found out where it is decoded.
    let mut bomb = whole.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    said(bomb, "900000000 pixels, the limit is 16000000");
    let mut liar = whole.clone();
    liar[16..24].copy_from_slice(&[0, 0, 0x0F, 0, 0, 0, 0x0F, 0]);
    said(liar, "");
    // Data that was changed behind its checksum, and none at all.
    let mut changed = whole.clone();
    let at = whole.len() - 20;
    changed[at] ^= 0x55;
    said(changed, "");
    said([&whole[..33], &whole[whole.len() - 12..]].concat(), "");
    said(
        [&whole[..], &vec![0; 5 << 20]].concat(),
        "its size in bytes",
    );
}

fn faxmill(input: &Path, fax: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faxmill"))
        .arg("convert")
        .args([input, Path::new("-o"), fax])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_command_says_what_is_wrong_with_a_cover_page_and_writes_nothing() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let fax = folder.path().join("fax.tif");
    let template = folder.path().join("t.toml");
    fs::write(
        &template,
        "page = \"a4\"\n\n[[text]]\nat = [9, 9]\nsize = [9, 9]\ntext = \"{who}\"\n",
    )
    .unwrap();
    let template = template.to_str().unwrap();
    let missing = folder.path().join("missing.toml");
    let missing = missing.to_str().unwrap();
    let long = format!("comments={}", "much to say ".repeat(500));
    for (arguments, exit, code, words) in [
        (
            ["--cover-field", "to_name=Łucja"],
            65,
            "cover-characters",
            "Ł (U+0141)",
        ),
        (
            ["--cover-field", &long],
            65,
            "cover-text-overflow",
            "comments does not fit",
        ),
        (
            ["--cover-template", template],
            65,
            "cover-template",
            "t.toml:6: \"who\" is no field",
        ),
        (
            ["--cover-template", missing],
            66,
            "input-unreadable",
            "missing.toml",
        ),
        (["--cover", missing], 66, "input-unreadable", "missing.toml"),
        (
            ["--cover-logo", template],
            65,
            "cover-logo",
            "neither a PNG nor a JPEG",
        ),
    ] {
        let arguments = [&arguments[..], &["--json"]].concat();
        let output = faxmill(&sample("letter.pdf"), &fax, &arguments);
        assert_eq!(output.status.code(), Some(exit), "{output:?}");
        let error: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(error["error"]["code"], code, "{error}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        assert!(!fax.exists());
    }
    let typo = faxmill(
        &sample("letter.pdf"),
        &fax,
        &["--cover-field", "to_nam=Ada"],
    );
    assert_eq!(typo.status.code(), Some(2));
}

#[test]
fn the_report_tells_of_the_documents_pages_and_not_of_the_cover() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let fax = folder.path().join("fax.tif");
    let cover = sample("cover.toml");
    let arguments = ["--json", "--report", "--cover", cover.to_str().unwrap()];
    let output = faxmill(&sample("landscape-table.pdf"), &fax, &arguments);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let pages = told["faxability"]["pages"].as_array().unwrap();
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[0]["is_cover"], true);
    assert!(pages[0]["placement"].is_null() && pages[0]["loss"].is_null());
    assert_eq!(pages[1]["placement"]["is_turned"], true);
    let said = told["faxability"]["sentences"].to_string();
    assert!(
        said.contains("Page 2: turned by a quarter to fit"),
        "{said}"
    );
}
