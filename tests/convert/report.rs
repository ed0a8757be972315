//! The faxability report is true: of pages whose colours, sizes and texts are known.

use std::fs;
use std::path::Path;
use std::process::Command;

use faxmill::convert::{
    ConvertOptions, Edge, Faxability, LineRate, OutgoingPages, PageLoss, Placement, call_seconds,
};
use faxmill::header::{Header, HeaderOptions, Sender};
use faxmill::units::{PageFit, PageWidth, Resolution, UnixMillis};

use super::fixture::{options, sample, side_by_side};
use super::pdf::Pdf;
use super::tiff::gray_tiff;

const LETTER: &str = "/MediaBox [0 0 612 792]";

/// The report on a document given as bytes.
fn report_on(document: &[u8], options: &ConvertOptions) -> Faxability {
    report_with(None, document, options)
}

fn report_with(header: Option<Header>, document: &[u8], options: &ConvertOptions) -> Faxability {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("document"), folder.path().join("fax"));
    fs::write(&input, document).unwrap();
    let options = ConvertOptions {
        survey: true,
        ..options.clone()
    };
    let never = std::sync::atomic::AtomicBool::new(false);
    let conversion =
        faxmill::convert::convert_file(&input, &output, &options, &mut |_| {}, &never).unwrap();
    let pages = conversion.pages.len() as u32;
    let outgoing = OutgoingPages::open(&output, header, pages, &options.limits).unwrap();
    Faxability::of(outgoing, &conversion, &options).unwrap()
}

#[track_caller]
fn losses(report: &Faxability) -> Vec<PageLoss> {
    let losses = report.pages.iter().map(|page| page.loss.unwrap());
    losses.collect()
}

#[track_caller]
fn placements(report: &Faxability) -> Vec<Placement> {
    let placements = report.pages.iter().map(|page| page.placement.unwrap());
    placements.collect()
}

#[track_caller]
fn assert_near(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() < 0.01,
        "{actual} should be {expected}"
    );
}

#[track_caller]
fn assert_says(report: &Faxability, words: &str) {
    let said = report.sentences.iter().any(|said| said == words);
    assert!(said, "\"{words}\" is not in {:#?}", report.sentences);
}

/// A page of one line of text, drawn after these operators.
fn text_page(pdf: &mut Pdf, operators: &str, text: &str) {
    let font = pdf.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    let content = format!("{operators} ({text}) Tj ET");
    let content = pdf.stream("", content.as_bytes());
    let resources = format!("{LETTER} /Resources << /Font << /F {font} 0 R >> >>");
    pdf.page_of(&resources, content);
}

#[test]
fn coloured_paint_is_told_from_black_and_grey() {
    let pdf = Pdf::new()
        .page(LETTER, "0 0 306 396 re f 0.5 g 306 0 306 396 re f")
        .page(LETTER, "1 0 0 rg 0 0 306 396 re f")
        .page(LETTER, "0 0 0 1 k 0 0 306 396 re f")
        .page(LETTER, "0.2 0.8 0 0 k 0 0 612 79.2 re f")
        .build();
    let report = report_on(&pdf, &options());
    let expected = [0.0, 0.25, 0.0, 0.1];
    for (loss, expected) in losses(&report).iter().zip(expected) {
        assert_near(loss.coloured_share.unwrap().into(), expected);
    }
    assert_says(
        &report,
        "Pages 2, 4: colours become black or white (25 % of the page)",
    );
}

#[test]
fn pages_that_are_shrunk_turned_or_cropped_are_named() {
    let pdf = Pdf::new()
        // A4, A3, A4 landscape, and a Letter page of which the lower half is cropped.
        .page("/MediaBox [0 0 595.28 841.89]", "9 9 99 99 re f")
        .page("/MediaBox [0 0 841.89 1190.55]", "9 9 99 99 re f")
        .page("/MediaBox [0 0 841.89 595.28]", "9 9 99 99 re f")
        .page(
            "/MediaBox [0 0 612 792] /CropBox [0 396 612 792]",
            "99 500 99 99 re f",
        )
        .build();
    let options = ConvertOptions {
        width_max: PageWidth::A4,
        ..options()
    };
    let report = report_on(&pdf, &options);
    let placements: Vec<Placement> = placements(&report);
    assert_near(placements[0].scale, 1.0);
    assert_near(placements[1].scale, 215.0 / 297.0);
    assert_near(placements[2].scale, 1.0);
    let turned: Vec<bool> = placements.iter().map(|place| place.is_turned).collect();
    assert_eq!(turned, [false, false, true, false]);
    assert_near(losses(&report)[3].hidden_share.unwrap(), 0.5);
    assert_says(&report, "Page 2: shrunk to 72 % to fit on the fax page");
    assert_says(&report, "Page 3: turned by a quarter to fit");
    assert_says(
        &report,
        "Page 4: the document crops 50 % of the paper, which is not sent",
    );
    assert!(
        !report
            .sentences
            .iter()
            .any(|said| said.starts_with("Page 1:"))
    );
}

#[test]
fn what_a_crop_leaves_off_the_fax_page_is_told_in_millimetres() {
    let mm = |mm: f64| mm / 25.4 * 72.0;
    let page = |width, height| {
        let content = format!("9 9 {} {} re f", mm(width) - 18.0, mm(height) - 18.0);
        Pdf::one_page(mm(width), mm(height), &content)
    };
    let crop = ConvertOptions {
        fit: PageFit::Crop,
        width_max: PageWidth::A4,
        resolution: Resolution::Standard,
        ..options()
    };
    let report = report_on(&page(297.0, 420.0), &crop);
    let placement = placements(&report)[0];
    assert_near(placement.scale, 1.0);
    let cropped = placement.cropped;
    for side in [cropped.left_mm, cropped.right_mm] {
        assert!((side - 41.0).abs() < 0.2, "{side}");
    }
    assert_near(cropped.bottom_mm, 0.0);
    assert_says(
        &report,
        "Page 1: cropped, 41 mm at the left, 41 mm at the right: that is not sent",
    );
    // A scan of the same size, as a TIFF.
    let scan = gray_tiff(1169, 1654, Some(100), (0, 0, 1169, 1654));
    let of_scan = report_on(&scan, &crop);
    let loss = of_scan.pages[0].loss.unwrap();
    assert_eq!((loss.coloured_share, loss.hidden_share), (Some(0.0), None));
    let placed = placements(&of_scan)[0];
    assert!((placed.cropped.left_mm - 41.0).abs() < 0.2, "{placed:?}");
    // Longer than the row limit allows.
    let mut short = crop.clone();
    short.limits.page_rows_max = 1000;
    let report = report_on(&page(200.0, 297.0), &short);
    let bottom = placements(&report)[0].cropped.bottom_mm;
    assert!((bottom - 37.3).abs() < 0.2, "{bottom}");
    assert!(report.sentences[1].contains("37 mm at the bottom"));
}

#[test]
fn a_page_shrunk_for_its_length_is_told_of_the_other_way() {
    let receipt = Pdf::one_page(226.8, 1700.0, "50 50 99 99 re f");
    let report = report_on(&receipt, &options());
    assert_near(placements(&report)[0].scale, 364.0 / 599.7);
    assert_says(
        &report,
        "Page 1: shrunk to 61 % because of the length: sent as a long page, it would be larger",
    );
    let long = ConvertOptions {
        fit: PageFit::LongPage,
        ..options()
    };
    let report = report_on(&receipt, &long);
    assert_near(placements(&report)[0].scale, 1.0);
    assert_eq!(report.sentences.len(), 1, "{:?}", report.sentences);
}

#[test]
fn ink_that_the_far_machine_may_not_print_is_named_by_its_edge() {
    let edges = |content: &str| {
        let report = report_on(&Pdf::new().page(LETTER, content).build(), &options());
        (report.pages[0].edge_ink.clone(), report)
    };
    // 3 mm are 8.5 points.
    let (none, _) = edges("10 10 592 772 re f");
    assert_eq!(none, []);
    let (all, report) = edges("0 0 612 792 re f");
    assert_eq!(all, [Edge::Left, Edge::Top, Edge::Right, Edge::Bottom]);
    assert_says(
        &report,
        "Page 1: ink within 3 mm of the left, top, right and bottom edge, which the far machine may \
         not print",
    );
    assert_eq!(edges("4 300 9 9 re f").0, [Edge::Left]);
    assert_eq!(edges("300 779 9 9 re f").0, [Edge::Top]);
    assert_eq!(edges("599 300 9 9 re f").0, [Edge::Right]);
    assert_eq!(edges("300 4 9 9 re f").0, [Edge::Bottom]);
    // A speck of half a millimetre is dust, and below a short page there is more paper.
    assert_eq!(edges("4 300 1.4 1.4 re f").0, []);
    let slip = Pdf::one_page(400.0, 200.0, "50 0 300 90 re f");
    assert!(report_on(&slip, &options()).pages[0].edge_ink.is_empty());
}

#[test]
fn text_too_small_to_be_read_is_found_however_it_is_scaled_or_turned() {
    let words = "too small to be read by anybody";
    let mut pdf = Pdf::new();
    // Of 12 points; of 3; of 12 scaled to 3 in two ways; of 3 running upwards; of 3 but
    // invisible; of 3 but only a few characters.
    text_page(&mut pdf, "BT /F 12 Tf 72 700 Td", words);
    text_page(&mut pdf, "BT /F 3 Tf 72 700 Td", words);
    text_page(
        &mut pdf,
        "0.25 0 0 0.25 0 0 cm BT /F 12 Tf 72 700 Td",
        words,
    );
    text_page(&mut pdf, "BT /F 1 Tf 3 0 0 3 72 700 Tm", words);
    text_page(&mut pdf, "BT /F 1 Tf 0 3 -3 0 72 300 Tm", words);
    text_page(&mut pdf, "BT 3 Tr /F 3 Tf 72 700 Td", words);
    text_page(&mut pdf, "BT /F 3 Tf 72 700 Td", "TM 1");
    let report = report_on(&pdf.build(), &options());
    let small: Vec<bool> = losses(&report)
        .iter()
        .map(|loss| loss.is_text_too_small)
        .collect();
    assert_eq!(small, [false, true, true, true, true, false, false]);
    let said = &report.sentences[1];
    assert!(
        said.starts_with("Pages 2-5: the smallest text (lines of 3.") && said.contains("too small"),
        "{said}"
    );
}

#[test]
fn text_that_is_read_at_fine_may_be_too_small_at_standard() {
    let mut pdf = Pdf::new();
    text_page(
        &mut pdf,
        "BT /F 5 Tf 72 700 Td",
        "the small print of a contract",
    );
    let pdf = pdf.build();
    let small = |resolution| {
        let options = ConvertOptions {
            resolution,
            ..options()
        };
        losses(&report_on(&pdf, &options))[0].is_text_too_small
    };
    assert!(small(Resolution::Standard));
    assert!(!small(Resolution::Fine));
}

#[test]
fn times_and_sizes_add_up_and_slower_lines_and_older_codings_take_longer() {
    let report = report_on(&fs::read(sample("letter.pdf")).unwrap(), &options());
    let (mut bytes, mut seconds) = (0, 0.0);
    for page in &report.pages {
        let airtime = page.airtime;
        assert!(airtime.mmr.bytes < airtime.mr.bytes && airtime.mr.bytes < airtime.mh.bytes);
        for coding in [airtime.mh, airtime.mr, airtime.mmr] {
            // Never faster than the bits alone.
            assert!(coding.seconds_14400 > coding.bytes as f64 * 8.0 / 14_400.0);
            assert!(coding.seconds_9600 > coding.seconds_14400);
        }
        bytes += airtime.mmr.bytes;
        seconds += airtime.mmr.seconds_9600;
    }
    assert_eq!(report.total.mmr.bytes, bytes);
    let call = report.total.mmr.seconds_9600 - seconds;
    assert_near(call, call_seconds(LineRate::V29At9600));
}

#[test]
fn a_blank_page_and_a_long_one_are_named() {
    // Noise of two by two pixels, which no coding makes small.
    let mut random = fastrand::Rng::with_seed(11);
    let mut pdf = Pdf::new().page(LETTER, "");
    let bits: Vec<u8> = (0..864 / 8 * 1071).map(|_| random.u8(..)).collect();
    let entries = "/Type /XObject /Subtype /Image /Width 864 /Height 1071 \
                   /ColorSpace /DeviceGray /BitsPerComponent 1";
    let image = pdf.stream(entries, &bits);
    let content = pdf.stream("", b"612 0 0 792 0 0 cm /N Do");
    let resources = format!("{LETTER} /Resources << /XObject << /N {image} 0 R >> >>");
    pdf.page_of(&resources, content);
    let pdf = pdf.build();
    let report = report_on(&pdf, &options());
    assert_says(&report, "Page 1: nothing on it");
    let long = report
        .sentences
        .iter()
        .find(|said| said.contains("long on the line"));
    assert!(
        long.unwrap().starts_with("Page 2:"),
        "{:?}",
        report.sentences
    );
}

fn header() -> Header {
    let sender = Sender {
        header: &HeaderOptions::default(),
        line_ident: "Example Ltd",
        job_ident: None,
    };
    let header = HeaderOptions::default().header(sender, "+15550100", UnixMillis(0));
    header.unwrap().unwrap()
}

#[test]
fn the_header_line_is_part_of_the_prediction_and_moved_pages_are_named() {
    let pdf = Pdf::new()
        // In the middle, up to the upper edge, all over the paper, and nothing.
        .page(LETTER, "200 300 200 200 re f")
        .page(LETTER, "200 500 200 292 re f")
        .page(LETTER, "0 0 612 792 re f")
        .page(LETTER, "")
        .build();
    let plain = report_on(&pdf, &options());
    let report = report_with(Some(header()), &pdf, &options());
    let moved = |page: usize| report.pages[page].header.as_ref().unwrap().moved_rows;
    assert_eq!((moved(0), moved(3)), (0, 0));
    assert!(moved(1) > 0 && moved(2) > 0);
    for (with, without) in report.pages.iter().zip(&plain.pages) {
        assert!(with.airtime.mmr.bytes > without.airtime.mmr.bytes);
        assert!(with.header.is_some() && without.header.is_none());
    }
    assert!(report.pages[0].black_share > plain.pages[0].black_share);
    assert_says(
        &report,
        "Pages 2, 3: moved down to make room for the header line, 8 mm longer by it",
    );
    assert_says(&report, "Page 4: nothing on it");
    // The header itself is no ink at the edge, and what it moves down is none any more.
    assert_eq!(plain.pages[1].edge_ink, [Edge::Top]);
    assert_eq!(report.pages[1].edge_ink, []);
}

#[test]
fn colours_of_a_tiff_page_are_named() {
    let mut file = std::io::Cursor::new(Vec::new());
    let (width, height) = (800, 1000);
    let pixels: Vec<u8> = (0..height)
        .flat_map(|_| (0..width).flat_map(|x| if x < 200 { [220, 30, 30] } else { [200; 3] }))
        .collect();
    tiff::encoder::TiffEncoder::new(&mut file)
        .unwrap()
        .write_image::<tiff::encoder::colortype::RGB8>(width, height, &pixels)
        .unwrap();
    let report = report_on(file.get_ref(), &options());
    assert_near(losses(&report)[0].coloured_share.unwrap().into(), 0.25);
    assert_says(
        &report,
        "Page 1: colours become black or white (25 % of the page)",
    );
}

#[test]
fn fax_pages_have_times_and_no_claims_about_losses() {
    let report = report_on(&fs::read(sample("fax-mh.tif")).unwrap(), &options());
    assert_eq!(report.pages.len(), 2);
    assert!(report.pages.iter().all(|page| page.loss.is_none()));
    assert_eq!(report.sentences.len(), 1, "{:?}", report.sentences);
    assert_eq!(report.pages[0].resolution, Resolution::Standard);
}

#[test]
fn the_command_reports_in_json_and_in_words_when_asked_to() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let run = |options: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_faxmill"))
            .arg("convert")
            .arg(sample("landscape-table.pdf"))
            .args([Path::new("-o"), &folder.path().join("fax.tif")])
            .args(options)
            .output()
            .unwrap();
        assert!(run.status.success());
        String::from_utf8(run.stdout).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&run(&["--report", "--json"])).unwrap();
    let sentences = json["faxability"]["sentences"].as_array().unwrap();
    assert!(sentences.len() > 1);
    assert_eq!(
        json["faxability"]["pages"][0]["airtime"]["mmr"]["bytes"],
        json["pages"][0]["bytes"]
    );
    let words = run(&["--report"]);
    for sentence in sentences {
        assert!(words.contains(sentence.as_str().unwrap()), "{words}");
    }
    let json: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert!(json.get("faxability").is_none() && json.get("surveys").is_none());
}
