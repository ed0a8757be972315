//! Every kind of TIFF that people upload becomes the pixels that it shows.

use faxmill::convert::{GrayImage, TiffPage};
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;

use crate::builder::Builder;
use crate::pages::text;
use crate::plain_tiff;
use crate::tools::{read_pages, run_quietly, text_of};

fn only_page(file: &[u8]) -> TiffPage {
    let (mut pages, outcome) = read_pages(file, &Limits::default());
    assert_eq!(outcome.expect("the file is read"), 1);
    pages.remove(0)
}

fn gray(file: Builder) -> GrayImage {
    match only_page(&file.into_file()) {
        TiffPage::Gray { image, .. } => image,
        other => panic!("not a grey page: {other:?}"),
    }
}

fn bilevel(file: &[u8]) -> Bitmap {
    match only_page(file) {
        TiffPage::Bilevel {
            bitmap,
            bad_rows: 0,
            ..
        } => bitmap,
        other => panic!("not a whole bilevel page: {other:?}"),
    }
}

#[test]
fn bilevel_pages_survive_every_way_libtiff_stores_them() {
    let folder = tempfile::tempdir().unwrap();
    let page = text(1728, 700, 3);
    let plain = folder.path().join("plain.tif");
    let stored = folder.path().join("stored.tif");
    std::fs::write(&plain, plain_tiff::write(&page, 196)).unwrap();
    for compression in [
        "none",
        "packbits",
        "lzw",
        "zip",
        "g4",
        "g3:1d",
        "g3:2d",
        "g3:1d:fill",
        "g3:2d:fill",
    ] {
        for layout in [
            &["-r", "700"][..],
            &["-r", "64"],
            &["-f", "lsb2msb"],
            &["-f", "lsb2msb", "-r", "37"],
            &["-B"],
            &["-8"],
        ] {
            let mut arguments = vec!["-c", compression];
            arguments.extend(layout);
            arguments.extend([text_of(&plain), text_of(&stored)]);
            run_quietly("tiffcp", &arguments);
            let read = bilevel(&std::fs::read(&stored).unwrap());
            assert!(read == page, "tiffcp {arguments:?}");
        }
    }
}

#[test]
fn tiled_bilevel_pages_are_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let page = text(1000, 700, 4);
    let plain = folder.path().join("plain.tif");
    let stored = folder.path().join("stored.tif");
    std::fs::write(&plain, plain_tiff::write(&page, 196)).unwrap();
    for order in ["msb2lsb", "lsb2msb"] {
        run_quietly(
            "tiffcp",
            &[
                "-c",
                "lzw",
                "-t",
                "-w",
                "256",
                "-l",
                "128",
                "-f",
                order,
                text_of(&plain),
                text_of(&stored),
            ],
        );
        assert!(bilevel(&std::fs::read(&stored).unwrap()) == page, "{order}");
    }
}

#[test]
fn black_is_zero_is_turned_round() {
    let rows = vec![0b1010_0000, 0b0101_0000];
    let white_is_zero = Builder::new((4, 2), &[1], 0, rows.clone()).into_file();
    let black_is_zero = Builder::new((4, 2), &[1], 1, rows).into_file();
    assert_eq!(
        bilevel(&white_is_zero).as_bytes(),
        [0b1010_0000, 0b0101_0000]
    );
    assert_eq!(
        bilevel(&black_is_zero).as_bytes(),
        [0b0101_0000, 0b1010_0000]
    );
}

#[test]
fn grey_levels_of_every_depth_span_black_to_white() {
    let pixels =
        |bits, photometric, data| gray(Builder::new((4, 1), &[bits], photometric, data)).pixels;
    assert_eq!(pixels(8, 1, vec![0, 1, 128, 255]), [0, 1, 128, 255]);
    assert_eq!(pixels(8, 0, vec![0, 1, 128, 255]), [255, 254, 127, 0]);
    assert_eq!(pixels(2, 1, vec![0b0001_1011]), [0, 85, 170, 255]);
    assert_eq!(pixels(4, 0, vec![0x05, 0xAF]), [255, 170, 85, 0]);
    let words: Vec<u8> = [0u16, 0x01FF, 0x8000, 0xFFFF]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    assert_eq!(pixels(16, 1, words), [0, 1, 128, 255]);
    // Five bits a sample: 0, 31, 16, 8 and padding.
    assert_eq!(
        pixels(5, 1, vec![0b0000_0111, 0b1110_0000, 0b1000_0000]),
        [0, 255, 131, 65]
    );
}

#[test]
fn floating_point_levels_run_from_zero_to_one() {
    let levels = [0.0f32, 0.5, 1.0, 7.0, -1.0, f32::NAN];
    let data = levels
        .iter()
        .flat_map(|level| level.to_le_bytes())
        .collect();
    let image = gray(Builder::new((6, 1), &[32], 1, data).with(339, &[3]));
    assert_eq!(image.pixels, [0, 128, 255, 255, 0, 0]);
}

#[test]
fn colours_become_their_brightness() {
    let rgb = vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    let expected = [76, 150, 29, 255];
    assert_eq!(
        gray(Builder::new((4, 1), &[8, 8, 8], 2, rgb)).pixels,
        expected
    );
    let planes = vec![255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255];
    let planar = Builder::new((4, 1), &[8, 8, 8], 2, planes)
        .with(284, &[2])
        .with(273, &[200, 204, 208])
        .with(279, &[4, 4, 4]);
    let file = planar.clone().into_file();
    let at = file.len() as u32 - 12;
    assert_eq!(
        gray(planar.with(273, &[at, at + 4, at + 8])).pixels,
        expected
    );
    // Cyan and magenta and key: (255 - ink) * (255 - key) / 255.
    let cmyk = vec![0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 255, 0, 0, 0];
    let image = gray(Builder::new((4, 1), &[8; 4], 5, cmyk));
    assert_eq!(image.pixels, [255, 0, 0, 179]);
}

#[test]
fn palettes_are_looked_up() {
    // Four entries of 16 bits: red, green and blue levels each in a plane of their own.
    let map = [0, 65535, 65535, 0, 0, 0, 65535, 0, 0, 0, 65535, 65535];
    let image = gray(Builder::new((4, 1), &[2], 3, vec![0b0001_1011]).with(320, &map));
    assert_eq!(image.pixels, [0, 76, 255, 29]);
    // Levels that were written with 8 bits.
    let map = map.map(|level| level / 257);
    let image = gray(Builder::new((4, 1), &[2], 3, vec![0b0001_1011]).with(320, &map));
    assert_eq!(image.pixels, [0, 76, 255, 29]);
}

#[test]
fn transparency_shows_white_paper() {
    let data = vec![0, 255, 0, 128, 0, 0, 100, 0];
    let unassociated = Builder::new((4, 1), &[8, 8], 1, data.clone()).with(338, &[2]);
    assert_eq!(gray(unassociated).pixels, [0, 127, 255, 255]);
    let premultiplied = Builder::new((4, 1), &[8, 8], 1, data.clone()).with(338, &[1]);
    assert_eq!(gray(premultiplied).pixels, [0, 127, 255, 255]);
    let unexplained = Builder::new((4, 1), &[8, 8], 1, data).with(338, &[0]);
    assert_eq!(gray(unexplained).pixels, [0, 0, 0, 100]);
    let rgba = vec![200, 0, 0, 255, 200, 0, 0, 0];
    let image = gray(Builder::new((2, 1), &[8; 4], 2, rgba).with(338, &[2]));
    assert_eq!(image.pixels, [60, 255]);
}

#[test]
fn every_orientation_comes_the_right_way_up() {
    // Two rows of three: 1 2 3 / 4 5 6, as they should be seen.
    let expected: [(u32, u32, [u8; 6]); 8] = [
        (3, 2, [1, 2, 3, 4, 5, 6]),
        (3, 2, [3, 2, 1, 6, 5, 4]),
        (3, 2, [6, 5, 4, 3, 2, 1]),
        (3, 2, [4, 5, 6, 1, 2, 3]),
        (2, 3, [1, 4, 2, 5, 3, 6]),
        (2, 3, [4, 1, 5, 2, 6, 3]),
        (2, 3, [6, 3, 5, 2, 4, 1]),
        (2, 3, [3, 6, 2, 5, 1, 4]),
    ];
    for (value, (width, height, pixels)) in (1..).zip(expected) {
        let builder = Builder::new((3, 2), &[8], 1, vec![1, 2, 3, 4, 5, 6]).with(274, &[value]);
        let densities = builder.with(282, &[300]).with(283, &[100]).with(296, &[2]);
        match only_page(&densities.into_file()) {
            TiffPage::Gray {
                image,
                x_dpi,
                y_dpi,
                ..
            } => {
                assert_eq!(
                    image,
                    GrayImage {
                        width,
                        height,
                        pixels: pixels.to_vec()
                    },
                    "{value}"
                );
                let turned = (Some(100.0), Some(300.0));
                let expected = if value > 4 {
                    turned
                } else {
                    (Some(300.0), Some(100.0))
                };
                assert_eq!((x_dpi, y_dpi), expected, "orientation {value}");
            }
            other => panic!("not a grey page: {other:?}"),
        }
    }
}

#[test]
fn bilevel_pages_are_turned_as_grey_ones_are() {
    let page = text(130, 90, 6);
    let shades: Vec<u8> = (0..90)
        .flat_map(|y| (0..130).map(move |x| (x, y)))
        .map(|(x, y)| if page.is_black(x, y) { 10 } else { 250 })
        .collect();
    for value in 1..=8 {
        let bits = Builder::new((130, 90), &[1], 0, page.as_bytes().to_vec()).with(274, &[value]);
        let bits = bilevel(&bits.into_file());
        let levels = gray(Builder::new((130, 90), &[8], 1, shades.clone()).with(274, &[value]));
        assert_eq!((bits.width(), bits.rows()), (levels.width, levels.height));
        for (at, level) in levels.pixels.iter().enumerate() {
            let (x, y) = (at as u32 % levels.width, at as u32 / levels.width);
            assert_eq!(
                bits.is_black(x, y),
                *level == 10,
                "orientation {value} at {x},{y}"
            );
        }
    }
}

#[test]
fn densities_are_told_in_dots_per_inch() {
    let densities = |unit: &[u32]| {
        let builder = Builder::new((8, 1), &[1], 0, vec![0])
            .with(282, &[80])
            .with(283, &[40]);
        match only_page(&builder.with(296, unit).into_file()) {
            TiffPage::Bilevel { x_dpi, y_dpi, .. } => (x_dpi, y_dpi),
            other => panic!("not a bilevel page: {other:?}"),
        }
    };
    assert_eq!(densities(&[2]), (Some(80.0), Some(40.0)));
    let (x_dpi, y_dpi) = densities(&[3]);
    assert!((x_dpi.unwrap() - 203.2).abs() < 0.01 && (y_dpi.unwrap() - 101.6).abs() < 0.01);
    assert_eq!(densities(&[1]), (None, None));
}

#[test]
fn thumbnails_are_no_pages() {
    let folder = tempfile::tempdir().unwrap();
    let page = text(600, 400, 9);
    let (first, second) = (folder.path().join("1.tif"), folder.path().join("2.tif"));
    let both = folder.path().join("both.tif");
    std::fs::write(&first, plain_tiff::write(&page, 196)).unwrap();
    let thumbnail = Builder::new((8, 8), &[8], 1, vec![0; 64])
        .with(254, &[1])
        .into_file();
    std::fs::write(&second, &thumbnail).unwrap();
    run_quietly(
        "tiffcp",
        &[text_of(&second), text_of(&first), text_of(&both)],
    );
    assert!(bilevel(&std::fs::read(&both).unwrap()) == page);
    let (_, outcome) = read_pages(&thumbnail, &Limits::default());
    assert_eq!(outcome.unwrap_err().code(), "document-invalid");
}
