//! How shades become black and white: pale ink, shaded areas, photographs, scans, hairlines.

use std::fmt::Write as _;
use std::process::Command;

use faxmill::convert::ConvertOptions;
use faxmill::t4::Bitmap;
use faxmill::units::{Resolution, ToneMode};

use super::fixture::{convert_bytes, convert_path, options, options_at, sample};
use super::pdf::Pdf;
use super::tiff::{fax_tiff, plain_tiff};

fn options_for(mode: ToneMode) -> ConvertOptions {
    ConvertOptions { mode, ..options() }
}

fn only_page(document: &[u8], options: &ConvertOptions) -> Bitmap {
    let mut converted = convert_bytes(document, options).unwrap();
    converted.pages.remove(0).bitmap
}

/// Black pixels within columns `left..right` of rows `top..bottom`.
fn black_within(page: &Bitmap, left: u32, top: u32, right: u32, bottom: u32) -> u32 {
    let row = |y| (left..right).filter(|&x| page.is_black(x, y)).count() as u32;
    (top..bottom).map(row).sum()
}

#[test]
fn ink_as_pale_as_thirty_per_cent_is_as_black_as_ink_in_black() {
    // Strokes of 1.5 points every 6, as those of letters are.
    let strokes = |grey: f64| {
        let mut content = format!("{grey} G 1.5 w ");
        for x in 0..60 {
            write!(content, "{} 100 m {} 500 l S ", 100 + x * 6, 100 + x * 6).unwrap();
        }
        Pdf::one_page(595.28, 841.89, &content)
    };
    let black = only_page(&strokes(0.0), &options()).black_pixels();
    for grey in [0.3, 0.5, 0.7] {
        let pale = only_page(&strokes(grey), &options()).black_pixels();
        assert!(
            pale.abs_diff(black) * 10 < black,
            "{grey}: {pale} of {black}"
        );
    }
    assert_eq!(
        only_page(&strokes(0.7), &options_for(ToneMode::Text)).black_pixels(),
        0
    );
}

#[test]
fn the_ground_behind_text_turns_white_and_a_shaded_area_without_text_keeps_its_shade() {
    let mut content = "0.6 g 72 600 400 100 re f 0.6 g 72 300 400 100 re f 0 g ".to_owned();
    for line in 0..5 {
        for stroke in 0..50 {
            write!(
                content,
                "{} {} 1.5 9 re f ",
                90 + stroke * 6,
                612 + line * 16
            )
            .unwrap();
        }
    }
    let page = only_page(&Pdf::one_page(612.0, 792.0, &content), &options());
    // Fax pixels from the page's lower left corner.
    let within = |left: f64, bottom: f64, right: f64, top: f64| {
        let x = |points: f64| (points * 1728.0 / 612.0).round() as u32;
        let y = |points: f64| ((792.0 - points) * 2142.0 / 792.0).round() as u32;
        let area = (x(right) - x(left)) * (y(bottom) - y(top));
        let black = black_within(&page, x(left), y(top), x(right), y(bottom));
        f64::from(black) / f64::from(area)
    };
    assert!(
        within(402.0, 612.0, 460.0, 690.0) < 0.001,
        "ground beside text"
    );
    assert!(
        (0.1..0.2).contains(&within(90.0, 612.0, 380.0, 685.0)),
        "text on its ground"
    );
    assert!(
        (0.37..0.43).contains(&within(80.0, 310.0, 460.0, 390.0)),
        "shaded area"
    );
}

#[test]
fn a_photograph_becomes_dots_and_the_text_beside_it_stays_sharp() {
    let page = |mode| {
        let mut converted = convert_path(&sample("photo.pdf"), &options_for(mode)).unwrap();
        converted.pages.remove(0).bitmap
    };
    let (auto, text, photo) = (
        page(ToneMode::Auto),
        page(ToneMode::Text),
        page(ToneMode::Photo),
    );
    // The image lies from 72 to 540 points across and from 100 to 412 down.
    let photograph = (300..1100).map(|y| &auto.row(y)[26..190]);
    assert!(photograph.eq((300..1100).map(|y| &photo.row(y)[26..190])));
    let rest = (1130..2142).chain(0..260);
    assert!(rest.clone().all(|y| auto.row(y) == text.row(y)));
    assert!(rest.clone().any(|y| auto.row(y) != photo.row(y)));
}

#[test]
fn an_image_within_turned_forms_is_found_where_it_lies() {
    // Shades from left to right, 64 by 64, placed by a form within a form on a turned page.
    let mut pdf = Pdf::new();
    let levels: Vec<u8> = (0..64 * 64u32).map(|at| (60 + at % 64 * 2) as u8).collect();
    let image = pdf.stream(
        "/Type /XObject /Subtype /Image /Width 64 /Height 64 /ColorSpace /DeviceGray /BitsPerComponent 8",
        &levels,
    );
    let form = |pdf: &mut Pdf, matrix: &str, child: usize| {
        let entries = format!(
            "/Type /XObject /Subtype /Form /BBox [-999 -999 999 999] /Matrix [{matrix}] \
             /Resources << /XObject << /X {child} 0 R >> >>"
        );
        pdf.stream(&entries, b"/X Do")
    };
    let inner = form(&mut pdf, "200 0 0 150 0 0", image);
    let outer = form(&mut pdf, "1 0 0 1 40 60", inner);
    let document = pdf
        .page(
            &format!(
                "/MediaBox [0 0 792 612] /Rotate 90 /Resources << /XObject << /X {outer} 0 R >> >>"
            ),
            "q 1 0 0 1 100 200 cm /X Do Q",
        )
        .build();
    let (auto, photo) = (
        only_page(&document, &options()),
        only_page(&document, &options_for(ToneMode::Photo)),
    );
    assert!(photo.black_pixels() > 50_000);
    assert!(
        auto == photo,
        "{} and {}",
        auto.black_pixels(),
        photo.black_pixels()
    );
}

#[test]
fn hairlines_survive_standard_resolution_wherever_they_lie() {
    let mut content = "0 G ".to_owned();
    for line in 0..48 {
        let y = 760.0 - f64::from(line) * 15.13;
        let width = [0.0, 0.1, 0.25, 0.367][line as usize % 4];
        write!(content, "{width} w 72 {y} m 500 {y} l S ").unwrap();
    }
    let pdf = Pdf::one_page(612.0, 792.0, &content);
    for mode in [ToneMode::Auto, ToneMode::Text] {
        let page = only_page(
            &pdf,
            &ConvertOptions {
                mode,
                ..options_at(Resolution::Standard)
            },
        );
        for x in [300, 700, 1300] {
            let begins = |y: &u32| page.is_black(x, *y) && (*y == 0 || !page.is_black(x, *y - 1));
            assert_eq!(
                (0..page.rows()).filter(begins).count(),
                48,
                "{mode} column {x}"
            );
        }
    }
}

#[test]
fn a_skewed_grey_scan_is_made_level() {
    // A thick rule of 1400 pixels that falls by 40, and short ones as text has them.
    let mut levels = vec![235u8; 1728 * 1000];
    for rule in 0..12 {
        for x in (150..1550).filter(|x| rule % 3 == 0 || x % 16 < 10) {
            let top = 200 + rule * 50 + x * 40 / 1400;
            for y in top..top + 12 {
                levels[y * 1728 + x] = 30;
            }
        }
    }
    let rows_of_the_first = |mode| {
        let scan = plain_tiff((1728, 1000), Some(204), 8, &levels);
        let page = only_page(&scan, &options_for(mode));
        let column = |x: u32| (0..page.rows()).find(|&y| page.is_black(x, y)).unwrap();
        column(300).abs_diff(column(1400))
    };
    assert!(rows_of_the_first(ToneMode::Text) > 25);
    assert!(rows_of_the_first(ToneMode::Auto) <= 2);
    assert!(rows_of_the_first(ToneMode::Scan) <= 2);
}

#[test]
fn specks_go_from_a_black_and_white_scan_only_when_it_is_called_a_scan() {
    let mut scan = Bitmap::white(2480, 0);
    for y in 0..3508 {
        let mut row = vec![0u8; 310];
        // Specks that lie far apart, and a bar.
        if y % 100 == 0 {
            row[20..290]
                .iter_mut()
                .step_by(10)
                .for_each(|byte| *byte = 0xC0);
        }
        if (1000..1040).contains(&y) {
            row[100..200].fill(0xFF);
        }
        scan.push_row(&row);
    }
    let document = plain_tiff((2480, 3508), Some(300), 1, scan.as_bytes());
    let auto = only_page(&document, &options());
    let cleaned = only_page(&document, &options_for(ToneMode::Scan));
    assert!(black_within(&auto, 0, 0, 1728, 600) > 150);
    assert_eq!(black_within(&cleaned, 0, 0, 1728, 600), 0);
    let bar = |page| black_within(page, 600, 640, 1050, 690);
    assert!(bar(&cleaned) > 10_000);
    assert_eq!(bar(&cleaned), bar(&auto));
}

#[test]
fn a_fax_page_passes_pixel_by_pixel_in_every_mode() {
    let fax = fax_tiff(1728, 1100, Resolution::Fine, 7);
    for mode in ToneMode::ALL {
        let page = only_page(&fax, &options_for(mode));
        let is_as_made = |y: u32| page.row(y)[0] == if y.is_multiple_of(7) { 0xFF } else { 0 };
        assert!(page.rows() == 1100 && (0..1100).all(is_as_made), "{mode}");
    }
}

#[test]
fn the_command_takes_a_mode_by_name_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let run = |mode: &str| {
        Command::new(env!("CARGO_BIN_EXE_faxmill"))
            .arg("convert")
            .arg(sample("photo.pdf"))
            .arg("-o")
            .arg(folder.path().join(mode))
            .args(["--mode", mode])
            .output()
            .unwrap()
    };
    assert!(run("photo").status.success() && run("text").status.success());
    let size = |mode| std::fs::metadata(folder.path().join(mode)).unwrap().len();
    assert!(size("photo") > 2 * size("text"));
    let refused = run("sepia");
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("auto, text, photo or scan"), "{told}");
}
