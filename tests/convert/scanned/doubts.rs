//! Pages that look like scans and are more than that, or may be: PDFium draws them, to the pixel.

use faxmill::units::ToneMode;

use super::super::fixture::{convert_bytes, options};
use super::{PIXELS, POINTS, Page, deflate, samples, scan};

const SQUARE: &str = "<< /Type /Annot /Subtype /Square /Rect [50 50 200 200] /C [0 0 0] >>";

#[test]
fn pages_with_entries_that_change_them() {
    for entries in [
        "/UserUnit 1".to_owned(),
        format!("/Annots [ {SQUARE} ]"),
        "/Rotate 45".to_owned(),
        "/CropBox [-10 -10 200 200]".to_owned(),
    ] {
        let mut page = Page::new();
        page.entries += &entries;
        page.assert_drawn(&entries);
    }
}

#[test]
fn images_with_entries_that_change_them() {
    for entries in [
        "/Mask [0 0]",
        "/SMask 3 0 R",
        "/Decode [0.2 0.8]",
        "/Decode [0 1 0 1]",
        "/OC << /Type /OCG /Name (layer) >>",
        "/SMaskInData 1",
        "/Alternates []",
        "/DecodeParms << /Predictor 15 /Columns 7 >>",
    ] {
        let mut page = Page::new();
        page.image = format!("{} {entries}", page.image);
        let mask = deflate([vec![0x80; 4]]);
        let mut object = format!(
            "<< /Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 \
             /ColorSpace /DeviceGray /Filter /FlateDecode /Length {} >>\nstream\n",
            mask.len()
        )
        .into_bytes();
        object.extend(mask);
        object.extend(b"\nendstream");
        page.objects.push(object);
        page.assert_drawn(entries);
    }
}

#[test]
fn colours_that_are_not_what_they_are_called() {
    let bits = deflate([samples(&scan(PIXELS.0, PIXELS.1))]);
    let function = "<< /FunctionType 2 /Domain [0 1] /C0 [0] /C1 [1] /N 1 >>";
    for space in [
        format!("[/Separation /Spot /DeviceGray {function}]"),
        "[/Indexed /DeviceGray 1 <00>]".to_owned(),
        "[/Lab << /WhitePoint [0.95 1 1.09] >>]".to_owned(),
        "/Pattern".to_owned(),
        "/Unknown".to_owned(),
    ] {
        let image = format!("/ColorSpace {space} /BitsPerComponent 1 /Filter /FlateDecode");
        Page::of_image(&image, bits.clone()).assert_drawn(&space);
    }
    let mut page = Page::new();
    page.resources =
        format!("/ColorSpace << /DefaultGray [/Separation /Spot /DeviceGray {function}] >>");
    page.assert_drawn("another meaning of grey");
    page.resources = String::new();
    page.content = page.content.replace('q', "q 0.9 g");
    page.image = "/ImageMask true /Filter /FlateDecode".to_owned();
    page.assert_drawn("a mask painted in light grey");
}

#[test]
fn contents_that_show_more_than_an_image() {
    let (width, height) = POINTS;
    let image = format!("q {width} 0 0 {height} 0 0 cm /I Do Q");
    let mut page = Page::new();
    page.resources =
        "/ExtGState << /Half << /ca 0.5 >> /Dark << /BM /Multiply >> /Over << /op true >> \
        /Soft << /SMask << /S /Luminosity >> >> >> \
        /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> \
        /T << /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] \
        /CharProcs << /a 3 0 R >> /Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97 \
        /Widths [1] /Resources << >> >> >> \
        /Properties << /Layer << /Type /OCG /Name (layer) >> >>"
            .to_owned();
    let glyph = "1 0 0 0 1 1 d1 0 0 1 1 re f";
    let glyph = format!("<< /Length {} >>\nstream\n{glyph}\nendstream", glyph.len());
    page.objects.push(glyph.into_bytes());
    for content in [
        format!("{image} 0 0 90 90 re f"),
        format!("{image} BT /F 40 Tf 30 50 Td (visible) Tj ET"),
        format!("{image} BT 1 Tr /F 40 Tf 30 50 Td (outlined) Tj ET"),
        format!("{image} BT 3 Tr /T 40 Tf 30 50 Td (a) Tj ET"),
        format!("q 40 40 90 90 re W n {image} Q"),
        format!("q 0.7 0.7 -0.7 0.7 0 0 cm {image} Q"),
        format!("q 1 0 0.1 1 0 0 cm {image} Q"),
        format!("q 0.4 0 0 0.4 50 50 cm {image} Q"),
        format!("{image} q 0.5 0 0 0.5 0 0 cm {image} Q"),
        format!("/Half gs {image}"),
        format!("/Dark gs {image}"),
        format!("/Over gs {image}"),
        format!("/Soft gs {image}"),
        format!("/None gs {image}"),
        format!("/OC /Layer BDC {image} EMC"),
        format!("{image} BI /W 1 /H 1 /BPC 8 /CS /G ID \0 EI"),
        format!("{image} Q"),
    ] {
        page.content = content;
        page.assert_drawn(&page.content);
    }
}

#[test]
fn damaged_and_truncated_images() {
    let page = Page::new();
    let mut cut = Page::new();
    cut.data.truncate(page.data.len() / 2);
    cut.assert_drawn("half of the data");
    let mut damaged = Page::new();
    let middle = damaged.data.len() / 2;
    damaged.data[middle] ^= 0x55;
    damaged.assert_drawn("a bad byte");
    let mut short = Page::new();
    short.pixels.1 += 50;
    short.assert_drawn("fewer rows than it says");
}

#[test]
fn an_image_that_claims_more_than_the_limit_is_not_decoded_here() {
    let mut options = options();
    options.mode = ToneMode::Text;
    options.limits.image_pixels_max = 1_000_000;
    let pdf = Page::new().build();
    let mut converted = convert_bytes(&pdf, &options).unwrap();
    assert!(converted.pages.remove(0).bitmap == super::drawn(&pdf));
}
