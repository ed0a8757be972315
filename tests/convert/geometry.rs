//! Where the ink comes to lie: rotation, boxes, large, small and odd pages.

use faxmill::units::Resolution;

use super::fixture::{assert_box, black_box, convert_bytes, options, options_at};
use super::pdf::Pdf;

/// A filled rectangle: left, bottom, width, height in points.
fn rectangle(left: f64, bottom: f64, width: f64, height: f64) -> String {
    format!("0 g {left} {bottom} {width} {height} re f")
}

/// Fine pixels of a length in points: across, along the paper.
fn fine(x: f64, y: f64) -> (u32, u32) {
    let mm = 25.4 / 72.0;
    (
        (x * mm * 8.037).round() as u32,
        (y * mm * 7.7).round() as u32,
    )
}

#[test]
fn ink_lies_where_the_page_has_it_in_true_size() {
    // A4: 20 white columns at either side of the 210 mm.
    let pdf = Pdf::one_page(595.276, 841.89, &rectangle(72.0, 700.0, 100.0, 50.0));
    let converted = convert_bytes(&pdf, &options()).unwrap();
    let (left, top) = fine(72.0, 841.89 - 750.0);
    let (width, height) = fine(100.0, 50.0);
    assert_box(
        black_box(&converted.pages[0].bitmap),
        (20 + left, top, 20 + left + width, top + height),
    );
}

#[test]
fn the_vertical_density_is_the_only_thing_a_resolution_changes() {
    let pdf = Pdf::one_page(595.276, 841.89, &rectangle(72.0, 100.0, 200.0, 300.0));
    let boxes: Vec<_> = Resolution::ALL
        .into_iter()
        .map(|resolution| {
            let converted = convert_bytes(&pdf, &options_at(resolution)).unwrap();
            black_box(&converted.pages[0].bitmap)
        })
        .collect();
    let (left, top, right, bottom) = boxes[1];
    assert_box(boxes[0], (left, top / 2, right, bottom / 2));
    assert_box(boxes[2], (left, top * 2, right, bottom * 2));
}

#[test]
fn every_rotation_of_a_page_is_honoured() {
    // A mark in the lower left corner of the paper, 100 wide and 20 high, turned clockwise.
    let (w, h) = (400.0, 500.0);
    let mark = rectangle(0.0, 0.0, 100.0, 20.0);
    for rotate in [0, 90, 180, 270, -90, 450] {
        let entries = format!("/MediaBox [0 0 {w} {h}] /Rotate {rotate}");
        let converted = convert_bytes(&Pdf::new().page(&entries, &mark).build(), &options());
        let converted = converted.unwrap();
        let bitmap = &converted.pages[0].bitmap;
        // Corners as displayed: x, y (down), width, height in points.
        let (x, y, width, height, paper_width) = match (rotate + 360) % 360 {
            0 => (0.0, h - 20.0, 100.0, 20.0, w),
            90 => (0.0, 0.0, 20.0, 100.0, h),
            180 => (w - 100.0, 0.0, 100.0, 20.0, w),
            _ => (h - 20.0, w - 100.0, 20.0, 100.0, h),
        };
        let margin = (1728 - fine(paper_width, 0.0).0) / 2;
        let (left, top) = fine(x, y);
        let (right, bottom) = fine(x + width, y + height);
        assert_box(
            black_box(bitmap),
            (margin + left, top, margin + right, bottom),
        );
    }
}

#[test]
fn only_the_crop_box_is_faxed() {
    // The crop box lies off the origin; ink outside of it must not appear.
    let content = format!(
        "{} {}",
        rectangle(150.0, 250.0, 50.0, 50.0),
        rectangle(0.0, 0.0, 90.0, 90.0)
    );
    let pdf = Pdf::new()
        .page(
            "/MediaBox [0 0 600 800] /CropBox [100 200 400 500]",
            &content,
        )
        .build();
    let converted = convert_bytes(&pdf, &options()).unwrap();
    let (paper, rows) = fine(300.0, 300.0);
    assert_eq!(converted.sizes(), [(1728, rows)]);
    let margin = (1728 - paper) / 2;
    let (left, top) = fine(50.0, 200.0);
    let (right, bottom) = fine(100.0, 250.0);
    assert_box(
        black_box(&converted.pages[0].bitmap),
        (margin + left, top, margin + right, bottom),
    );
}

#[test]
fn a_media_box_off_the_origin_is_no_reason_to_shift() {
    let pdf = Pdf::new()
        .page(
            "/MediaBox [-100 -50 200 250]",
            &rectangle(-100.0, -50.0, 30.0, 30.0),
        )
        .build();
    let converted = convert_bytes(&pdf, &options()).unwrap();
    let (paper, rows) = fine(300.0, 300.0);
    let margin = (1728 - paper) / 2;
    let (side, height) = fine(30.0, 30.0);
    assert_box(
        black_box(&converted.pages[0].bitmap),
        (margin, rows - height, margin + side, rows),
    );
}

#[test]
fn a_landscape_page_is_turned_and_its_top_lies_left() {
    // A bar along the top edge of an A4 landscape page.
    let pdf = Pdf::one_page(841.89, 595.276, &rectangle(0.0, 575.276, 841.89, 20.0));
    let converted = convert_bytes(&pdf, &options()).unwrap();
    assert_eq!(converted.sizes(), [(1728, 2287)]);
    let (thickness, _) = fine(20.0, 0.0);
    assert_box(
        black_box(&converted.pages[0].bitmap),
        (20, 0, 20 + thickness, 2287),
    );
}

#[test]
fn large_pages_get_wider_lines_and_huge_ones_are_shrunk() {
    let frame = |w: f64, h: f64| Pdf::one_page(w, h, &rectangle(0.0, 0.0, w, h));
    // JIS B4, A3, A3 landscape, A0, and the largest page accepted.
    for (w, h, width, rows) in [
        (728.5, 1031.8, 2048, 2780),
        (841.89, 1190.55, 2432, 3234),
        (1190.55, 841.89, 2432, 3234),
        (2383.94, 3370.39, 2432, 3294),
        (14_400.0, 14_400.0, 2432, 2330),
    ] {
        let converted = convert_bytes(&frame(w, h), &options()).unwrap();
        let page = &converted.pages[0].bitmap;
        assert_eq!(page.width(), width, "{w}×{h}");
        assert!(page.rows().abs_diff(rows) <= 3, "{w}×{h}: {}", page.rows());
        let (left, top, right, bottom) = black_box(page);
        assert_eq!((top, bottom), (0, page.rows()), "{w}×{h}");
        // The ink is centred on the line.
        assert!(left.abs_diff(width - right) <= 2, "{w}×{h}: {left} {right}");
    }
}

#[test]
fn small_and_odd_pages_keep_their_size() {
    for (w, h) in [
        (1.0, 1.0),
        (10.0, 10.0),
        (72.0, 36.0),
        (300.0, 31.7),
        (33.3, 700.0),
    ] {
        let pdf = Pdf::one_page(w, h, &rectangle(0.0, 0.0, w, h));
        let converted = convert_bytes(&pdf, &options()).unwrap();
        let (paper, rows) = fine(w, h);
        assert_eq!(converted.sizes(), [(1728, rows)], "{w}×{h}");
        let margin = (1728 - paper) / 2;
        assert_box(
            black_box(&converted.pages[0].bitmap),
            (margin, 0, margin + paper, rows),
        );
    }
}

#[test]
fn pages_of_one_document_may_differ_in_size() {
    let pdf = Pdf::new()
        .page("/MediaBox [0 0 612 792]", &rectangle(10.0, 10.0, 9.0, 9.0))
        .page("/MediaBox [0 0 841.89 1190.55]", "")
        .page("/MediaBox [0 0 612 1008]", "")
        .build();
    let converted = convert_bytes(&pdf, &options()).unwrap();
    assert_eq!(
        converted.sizes(),
        [(1728, 2142), (2432, 3234), (1728, 2727)]
    );
    assert_eq!(converted.pages[1].bitmap.black_pixels(), 0);
}

#[test]
fn annotations_and_form_fields_are_faxed() {
    let mut pdf = Pdf::new();
    let look = "/Type /XObject /Subtype /Form /BBox [0 0 100 40]";
    let square = pdf.stream(look, b"0 g 0 0 100 40 re f");
    let stamp = pdf.object(format!(
        "<< /Type /Annot /Subtype /Stamp /Rect [100 100 200 140] /F 4 /AP << /N {square} 0 R >> >>"
    ));
    let field = pdf.object(format!(
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [100 300 200 340] /F 4 \
         /AP << /N {square} 0 R >> >>"
    ));
    let content = pdf.stream("", b"");
    pdf.page_of(
        &format!("/MediaBox [0 0 612 792] /Annots [{stamp} 0 R {field} 0 R]"),
        content,
    );
    let pdf = pdf
        .catalog(&format!("/AcroForm << /Fields [{field} 0 R] >>"))
        .build();
    let converted = convert_bytes(&pdf, &options()).unwrap();
    // Letter is shrunk to the line: 1728 pixels for 612 points, 2142 rows for 792.
    let x = |points: f64| (points * 1728.0 / 612.0).round() as u32;
    let y = |points: f64| ((792.0 - points) * 2142.0 / 792.0).round() as u32;
    let page = &converted.pages[0].bitmap;
    assert_box(black_box(page), (x(100.0), y(340.0), x(200.0), y(100.0)));
    assert!(page.is_black(x(150.0), y(120.0)), "the stamp");
    assert!(page.is_black(x(150.0), y(320.0)), "the form field");
    assert!(!page.is_black(x(150.0), y(220.0)), "between them");
}
