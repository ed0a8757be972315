//! Every coding and colour space of an image that is taken from the file.

use faxmill::t4::{Bitmap, EncodeOptions, encode};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use super::jbig2;
use super::{PIXELS, Page, deflate, levels, samples, scan};

fn the_scan() -> Bitmap {
    scan(PIXELS.0, PIXELS.1)
}

#[test]
fn fax_codings_at_any_density() {
    let bitmap = the_scan();
    let (columns, rows) = PIXELS;
    for (coding, parameters) in [
        (EncodeOptions::mmr(), "/K -1"),
        (EncodeOptions::mh(), "/K 0"),
        (EncodeOptions::mr(4), "/K 4"),
        (EncodeOptions::mh_byte_aligned(), "/EncodedByteAlign true"),
    ] {
        let data = encode(&bitmap, &coding);
        let fax = |filter: &str, parameters: &str, data| {
            let image = format!(
                "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter {filter} \
                 /DecodeParms {parameters}"
            );
            Page::of_image(&image, data).assert_taken(&image);
        };
        let parameters = format!("<< /Columns {columns} /Rows {rows} {parameters} >>");
        fax(
            "[/FlateDecode /CCITTFaxDecode]",
            &format!("[null {parameters}]"),
            deflate([data.clone()]),
        );
        fax("/CCITTFaxDecode", &parameters, data);
    }
}

#[test]
fn jbig2_with_and_without_what_pages_share() {
    let bitmap = the_scan();
    let image = "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode";
    Page::of_image(image, jbig2::generic(&bitmap)).assert_taken("a region of its own");
    Page::of_image(&format!("{image} /Decode [1 0]"), jbig2::generic(&bitmap))
        .assert_taken("turned over");
    // Squares of 8 pixels, black and white ones, that a dictionary of two patterns provides.
    let coarse = scan(PIXELS.0 / 8, PIXELS.1 / 8);
    let mut page = Page::of_image(
        &format!("{image} /DecodeParms << /JBIG2Globals 3 0 R >>"),
        jbig2::squares(&coarse),
    );
    let patterns = jbig2::patterns();
    let mut globals = format!("<< /Length {} >>\nstream\n", patterns.len()).into_bytes();
    globals.extend(patterns);
    globals.extend(b"\nendstream");
    page.objects.push(globals);
    page.assert_taken("patterns that pages share");
}

#[test]
fn bits_in_every_coding_of_bytes() {
    let bits = samples(&the_scan());
    let (columns, row_bytes) = (PIXELS.0, PIXELS.0.div_ceil(8) as usize);
    let lzw = |early_change| {
        use weezl::{BitOrder, encode::Encoder};
        let mut encoder = if early_change {
            Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
        } else {
            Encoder::new(BitOrder::Msb, 8)
        };
        encoder.encode(&bits).unwrap()
    };
    let runs: Vec<u8> = bits
        .chunk_by(|a, b| a == b)
        .flat_map(|run| run.chunks(128))
        .flat_map(|run| match run.len() {
            1 => [0, run[0]],
            length => [(257 - length) as u8, run[0]],
        })
        .chain([128])
        .collect();
    let up: Vec<u8> = (0..PIXELS.1 as usize)
        .flat_map(|y| {
            let above = |x: usize| {
                if y > 0 {
                    bits[(y - 1) * row_bytes + x]
                } else {
                    0
                }
            };
            let row = (0..row_bytes).map(move |x| (x, above(x)));
            let filtered = row.map(|(x, above)| bits[y * row_bytes + x].wrapping_sub(above));
            std::iter::once(2).chain(filtered).collect::<Vec<u8>>()
        })
        .collect();
    let predictor = format!(
        "/DecodeParms << /Predictor 12 /Colors 1 /BitsPerComponent 1 /Columns {columns} >>"
    );
    for (filter, data) in [
        (String::new(), bits.clone()),
        ("/Filter /FlateDecode".to_owned(), deflate([bits.clone()])),
        ("/Filter [/LZWDecode]".to_owned(), lzw(true)),
        (
            "/Filter /LZWDecode /DecodeParms << /EarlyChange 0 >>".to_owned(),
            lzw(false),
        ),
        ("/Filter /RunLengthDecode".to_owned(), runs),
        (format!("/Filter /FlateDecode {predictor}"), deflate([up])),
    ] {
        let image = format!("/ColorSpace /DeviceGray /BitsPerComponent 1 {filter}");
        Page::of_image(&image, data).assert_taken(&image);
    }
}

#[test]
fn levels_of_every_depth_and_colour_space() {
    let bitmap = the_scan();
    let flate = |space: &str, bits: u32, more: &str, data: Vec<u8>| {
        let image =
            format!("/ColorSpace {space} /BitsPerComponent {bits} /Filter /FlateDecode {more}");
        Page::of_image(&image, deflate([data])).assert_taken(&image);
    };
    let gray = levels(&bitmap, 20, 250);
    let packed = |bits: u32, black: u8, white: u8| -> Vec<u8> {
        levels(&bitmap, black, white)
            .chunks(8 / bits as usize)
            .map(|group| group.iter().fold(0, |byte, level| byte << bits | level))
            .collect()
    };
    let rgb = |black: [u8; 3], white: [u8; 3]| -> Vec<u8> {
        let colour = |level| if level == 20 { black } else { white };
        gray.iter().flat_map(|level| colour(*level)).collect()
    };
    flate("/DeviceGray", 8, "", gray.clone());
    flate("/DeviceGray", 8, "/Decode [1 0]", levels(&bitmap, 250, 20));
    flate(
        "[/CalGray << /WhitePoint [0.95 1 1.09] >>]",
        8,
        "",
        gray.clone(),
    );
    flate("/DeviceGray", 2, "", packed(2, 0, 3));
    flate("/DeviceGray", 4, "", packed(4, 3, 14));
    let deep = gray.iter().flat_map(|level| [*level, 99]).collect();
    flate("/DeviceGray", 16, "", deep);
    flate("/DeviceRGB", 8, "", rgb([90, 20, 60], [200, 250, 180]));
    flate(
        "/DeviceRGB",
        8,
        "/Decode [1 0 1 0 1 0]",
        rgb([165, 235, 195], [55, 5, 75]),
    );
    flate(
        "[/CalRGB << /WhitePoint [0.95 1 1.09] >>]",
        8,
        "",
        rgb([90, 20, 60], [200, 250, 180]),
    );
    // Dark blue on light yellow, by place in a table; white on black among two.
    flate(
        "[/Indexed /DeviceRGB 1 <000080FFFFC0>]",
        8,
        "",
        levels(&bitmap, 0, 1),
    );
    flate(
        "[/Indexed /DeviceRGB 3 <000000000080FFFFC0FFFFFF>]",
        2,
        "",
        packed(2, 1, 2),
    );
    flate(
        "[/Indexed /DeviceGray 1 (\\377\\000)]",
        1,
        "",
        bitmap.as_bytes().to_vec(),
    );
    flate(
        "[/Indexed /DeviceRGB 1 <404040E0E0E0>]",
        1,
        "",
        samples(&bitmap),
    );
}

#[test]
fn predictors_on_levels_and_colours() {
    let gray = levels(&the_scan(), 20, 250);
    let (columns, rows) = PIXELS;
    let rgb: Vec<u8> = gray
        .iter()
        .flat_map(|level| [*level, *level, *level ^ 3])
        .collect();
    for (space, components, bytes) in [("/DeviceGray", 1, &gray), ("/DeviceRGB", 3, &rgb)] {
        let row_bytes = columns as usize * components;
        let differences = |x: usize, row: &[u8]| {
            row[x].wrapping_sub(if x >= components {
                row[x - components]
            } else {
                0
            })
        };
        let tiff: Vec<u8> = bytes
            .chunks_exact(row_bytes)
            .flat_map(|row| {
                (0..row_bytes)
                    .map(|x| differences(x, row))
                    .collect::<Vec<_>>()
            })
            .collect();
        let png: Vec<u8> = tiff
            .chunks_exact(row_bytes)
            .flat_map(|row| std::iter::once(&1).chain(row).copied().collect::<Vec<_>>())
            .collect();
        assert_eq!(png.len(), (row_bytes + 1) * rows as usize);
        for (predictor, data) in [(2, tiff), (15, png)] {
            let image = format!(
                "/ColorSpace {space} /BitsPerComponent 8 /Filter /FlateDecode /DecodeParms \
                 << /Predictor {predictor} /Colors {components} /Columns {columns} >>"
            );
            Page::of_image(&image, deflate([data])).assert_taken(&image);
        }
    }
}

#[test]
fn profiles_count_by_their_components() {
    let bitmap = the_scan();
    let gray = levels(&bitmap, 20, 250);
    let rgb: Vec<u8> = gray.iter().flat_map(|level| [*level; 3]).collect();
    for (components, data) in [(1, gray), (3, rgb)] {
        let image = "/ColorSpace [/ICCBased 3 0 R] /BitsPerComponent 8 /Filter /FlateDecode";
        let mut page = Page::of_image(image, deflate([data]));
        let profile = format!("<< /N {components} /Length 0 >>\nstream\n\nendstream");
        page.objects.push(profile.into_bytes());
        page.assert_taken(&format!("{components} components"));
    }
}

#[test]
fn jpeg_in_grey_and_in_colour() {
    let gray = levels(&the_scan(), 20, 250);
    let rgb: Vec<u8> = gray
        .iter()
        .flat_map(|level| [*level, *level / 2 + 90, *level])
        .collect();
    for (kind, space, bytes) in [
        (ExtendedColorType::L8, "/DeviceGray", &gray),
        (ExtendedColorType::Rgb8, "/DeviceRGB", &rgb),
    ] {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 85)
            .encode(bytes, PIXELS.0, PIXELS.1, kind)
            .unwrap();
        let image = format!("/ColorSpace {space} /BitsPerComponent 8 /Filter /DCTDecode");
        Page::of_image(&image, jpeg).assert_taken(&image);
    }
}

#[test]
fn a_mask_painted_in_black() {
    let bits = samples(&the_scan());
    let mut page = Page::of_image(
        "/ImageMask true /Filter /FlateDecode",
        deflate([bits.clone()]),
    );
    page.assert_taken("a mask");
    let (width, height) = super::POINTS;
    page.content = format!("1 g 0 0 0 rg q {width} 0 0 {height} 0 0 cm /I Do Q");
    page.assert_taken("a mask painted in red, green and blue of nothing");
    page.image.push_str(" /Decode [1 0] /BitsPerComponent 1");
    page.data = deflate([the_scan().as_bytes().to_vec()]);
    page.assert_taken("a mask turned over");
}
