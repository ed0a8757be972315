//! Images that are turned, mirrored, cut off, in strips or do not fill their page.

use std::fmt::Write as _;

use super::{PIXELS, POINTS, Page, deflate, samples, scan};

#[test]
fn every_turn_of_the_page_and_of_the_image_on_it() {
    let (width, height) = POINTS;
    let matrices = [
        format!("{width} 0 0 {height} 0 0"),
        format!("-{width} 0 0 {height} {width} 0"),
        format!("-{width} 0 0 -{height} {width} {height}"),
        format!("{width} 0 0 -{height} 0 {height}"),
        format!("0 {width} {height} 0 0 0"),
        format!("0 -{width} {height} 0 0 {width}"),
        format!("0 -{width} -{height} 0 {height} {width}"),
        format!("0 {width} -{height} 0 {height} 0"),
    ];
    for (place, matrix) in matrices.iter().enumerate() {
        let is_upright = place < 4;
        let (across, along) = if is_upright {
            (width, height)
        } else {
            (height, width)
        };
        // All eight on an upright page; each turn of the page with one of them.
        for turn in [0, 90 + 90 * (place as i32 % 3)] {
            let mut page = Page::new();
            page.content = format!("q {matrix} cm /I Do Q");
            page.entries = format!("/MediaBox [0 0 {across} {along}] /Rotate {turn}");
            page.assert_taken(&format!("{matrix} on a page turned by {turn}"));
        }
    }
}

#[test]
fn a_page_that_comes_to_lie_on_its_side() {
    // Wider than A4, it is turned to fit.
    let mut page = Page::new();
    page.content = "q 620 0 0 400 0 0 cm /I Do Q".to_owned();
    page.entries = "/MediaBox [0 0 620 400]".to_owned();
    page.assert_taken("a page in landscape");
    page.entries.push_str(" /Rotate 180");
    page.assert_taken("the same on its head");
}

#[test]
fn pages_that_begin_elsewhere_or_end_within_the_image() {
    let (width, height) = POINTS;
    let content =
        |left: f64, bottom: f64| format!("q {width} 0 0 {height} {left} {bottom} cm /I Do Q");
    for (media, more, left, bottom) in [
        (
            [100.0, -50.0, 100.0 + width, height - 50.0],
            "",
            100.0,
            -50.0,
        ),
        (
            [0.0, 0.0, width, height],
            "/CropBox [20 30 280 370]",
            0.0,
            0.0,
        ),
        (
            [0.0, 0.0, width, height],
            "/CropBox [20 30 280 370] /Rotate 90",
            0.0,
            0.0,
        ),
        ([0.0, 0.0, 250.0, 300.0], "", -20.0, -40.0),
        ([0.0, 0.0, 320.0, 410.0], "", 11.3, 7.7),
        ([0.0, 0.0, 320.0, 410.0], "/Rotate 270", 11.3, 7.7),
        ([0.0, 0.0, 250.0, 450.0], "", -13.0, 21.0),
    ] {
        let mut page = Page::new();
        page.content = content(left, bottom);
        page.entries = format!("/MediaBox {media:?} {more}").replace(',', "");
        page.assert_taken(&page.entries);
    }
}

#[test]
fn strips_from_top_to_bottom_and_the_other_way() {
    let bitmap = scan(PIXELS.0, PIXELS.1);
    let (width, height) = POINTS;
    let rows = PIXELS.1 / 4;
    let strips: Vec<Vec<u8>> = samples(&bitmap)
        .chunks(bitmap.stride() * rows as usize)
        .map(|strip| deflate([strip.to_vec()]))
        .collect();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
        let mut page = Page::new();
        page.pixels.1 = rows;
        page.data.clone_from(&strips[0]);
        page.content = String::new();
        let mut names = String::new();
        for strip in order {
            let bottom = height * f64::from(3 - strip as u32) / 4.0;
            let name = if strip == 0 {
                "I".to_owned()
            } else {
                format!("S{strip}")
            };
            writeln!(
                page.content,
                "q {width} 0 0 {} 0 {bottom} cm /{name} Do Q",
                height / 4.0
            )
            .unwrap();
        }
        for (strip, data) in strips.iter().enumerate().skip(1) {
            let mut object = format!(
                "<< /Type /XObject /Subtype /Image /Width {} /Height {rows} /ColorSpace /DeviceGray \
                 /BitsPerComponent 1 /Filter /FlateDecode /Length {} >>\nstream\n",
                PIXELS.0,
                data.len()
            )
            .into_bytes();
            object.extend_from_slice(data);
            object.extend_from_slice(b"\nendstream");
            page.objects.push(object);
            write!(names, "/S{strip} {} 0 R ", page.objects.len() + 2).unwrap();
        }
        let pdf = page.build_with_images(&names);
        let (taken, drawn) = (super::converted(&pdf), super::drawn(&pdf));
        assert!(taken != drawn, "{order:?} was drawn");
        super::assert_same_but_for_edges(&taken, &drawn, &format!("strips {order:?}"));
    }
}

#[test]
fn what_scanners_write_around_an_image() {
    let (width, height) = POINTS;
    let image = format!("{width} 0 0 {height} 0 0 cm /I Do");
    let text =
        "BT 3 Tr /F 11 Tf 1 0 0 1 30 50 Tm (invisible) Tj 0 -20 Td [(words) -50 (here)] TJ ET";
    let mut page = Page::new();
    page.resources =
        "/ExtGState << /G << /Type /ExtGState /SA true /op false /OP false /BM /Normal \
        /ca 1 /CA 1.0 /SMask /None >> >> /Font << /F << /Type /Font /Subtype /Type1 /BaseFont \
        /Helvetica >> >>"
            .to_owned();
    for content in [
        format!("q /G gs {image} Q {text}"),
        format!("{text} q {image} Q"),
        format!("/Artifact BMC q 0 0 {width} {height} re W n q {image} Q Q EMC"),
        format!("/Figure << /MCID 0 >> BDC q 1 0 0 1 0 0 cm q {image} Q Q EMC 0 g 1 w"),
        format!("% made by a scanner\nq\r{image}\rQ\r"),
    ] {
        page.content = content;
        page.assert_taken(&page.content);
    }
    page.entries
        .push_str(" /Group << /S /Transparency /CS /DeviceRGB >>");
    page.assert_taken("a page that is blended onto paper");
}
