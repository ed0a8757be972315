//! Codings beyond the usual ones, as libtiff's tools read them.

use std::process::Command;

use faxmill::convert::{GrayImage, TiffPage};
use faxmill::limits::Limits;
use weezl::BitOrder;
use weezl::encode::Encoder;

use crate::builder::Builder;
use crate::pages::text;
use crate::plain_tiff;
use crate::tools::{read_pages, run_quietly, text_of};

/// A page that is not black and white.
fn shades(file: &[u8]) -> GrayImage {
    let (mut pages, outcome) = read_pages(file, &Limits::default());
    assert_eq!(outcome.expect("the file is read"), 1);
    match pages.remove(0) {
        TiffPage::Gray { image, .. } => image,
        other => panic!("not a grey page: {other:?}"),
    }
}

/// Asserts that a file looks as `tiff2rgba` shows it, to within so many levels at every pixel.
#[track_caller]
fn assert_as_libtiff_shows_it(file: &[u8], difference_max: u8) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (stored, shown) = (folder.path().join("a.tif"), folder.path().join("b.tif"));
    std::fs::write(&stored, file).expect("a temporary file");
    let output = crate::tools::run(
        "tiff2rgba",
        &["-c", "none", text_of(&stored), text_of(&shown)],
    );
    assert!(output.status.success(), "{output:?}");
    let theirs = shades(&std::fs::read(&shown).expect("tiff2rgba wrote it"));
    let ours = shades(file);
    assert_eq!((ours.width, ours.height), (theirs.width, theirs.height));
    for (at, (ours, theirs)) in ours.pixels.iter().zip(&theirs.pixels).enumerate() {
        assert!(
            ours.abs_diff(*theirs) <= difference_max,
            "pixel {at}: {ours} and {theirs}"
        );
    }
}

/// Levels that change from pixel to pixel and from row to row.
fn waves(width: u32, height: u32, samples: u32) -> Vec<u8> {
    let value = |i: u32| (i * 7 + i / (width * samples) * 31) % 251;
    (0..width * height * samples)
        .map(|i| value(i) as u8)
        .collect()
}

#[test]
fn tiled_fax_codings_are_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let page = text(1000, 700, 4);
    let plain = folder.path().join("plain.tif");
    let stored = folder.path().join("stored.tif");
    std::fs::write(&plain, plain_tiff::write(&page, 196)).unwrap();
    for compression in ["g4", "g3:1d", "g3:2d:fill"] {
        for order in ["msb2lsb", "lsb2msb"] {
            let options = ["-t", "-w", "256", "-l", "128", "-f", order];
            let mut arguments = vec!["-c", compression];
            arguments.extend(options);
            arguments.extend([text_of(&plain), text_of(&stored)]);
            run_quietly("tiffcp", &arguments);
            let (pages, _) = read_pages(&std::fs::read(&stored).unwrap(), &Limits::default());
            let [TiffPage::Bilevel { bitmap, .. }] = &pages[..] else {
                panic!("not a bilevel page");
            };
            assert!(*bitmap == page, "{compression} {order}");
        }
    }
}

#[test]
fn grey_and_colour_survive_every_way_libtiff_stores_them() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.tif");
    let stored = folder.path().join("stored.tif");
    for (photometric, samples) in [(1, 1), (0, 1), (2, 3)] {
        let data = waves(90, 50, samples);
        let bits = vec![8; samples as usize];
        let file = Builder::new((90, 50), &bits, photometric, data).into_file();
        std::fs::write(&plain, &file).unwrap();
        let expected = shades(&file);
        for compression in ["none", "packbits", "lzw", "lzw:2", "zip", "zip:2"] {
            for layout in [
                &["-r", "50"][..],
                &["-r", "7"],
                &["-f", "lsb2msb", "-r", "11"],
                &["-t", "-w", "32", "-l", "16"],
                &["-p", "separate"],
                &["-B"],
                &["-8"],
            ] {
                let mut arguments = vec!["-c", compression];
                arguments.extend(layout);
                arguments.extend([text_of(&plain), text_of(&stored)]);
                run_quietly("tiffcp", &arguments);
                let read = shades(&std::fs::read(&stored).unwrap());
                assert!(read == expected, "{photometric} tiffcp {arguments:?}");
            }
        }
    }
}

#[test]
fn lzw_as_it_was_written_before_tiff_6_is_read() {
    let levels = waves(300, 40, 1);
    let mut coded = Encoder::new(BitOrder::Lsb, 8).encode(&levels).unwrap();
    // Old strips are told by their first two bytes: a code of nine bits that clears the table.
    assert_eq!((coded[0], coded[1] & 1), (0, 1));
    coded.push(0);
    let file = Builder::new((300, 40), &[8], 1, coded)
        .with(259, &[5])
        .into_file();
    assert_eq!(shades(&file).pixels, levels);
    assert_as_libtiff_shows_it(&file, 0);
}

#[test]
fn scans_of_thunderscan_are_read() {
    // A level of its own, two differences of three bits, three of two bits, then a run; twice.
    let row = [0b1100_0011, 0b1000_1111, 0b0101_1011, 0b0000_0011];
    let levels = [3u8, 4, 3, 4, 3, 3, 3, 3];
    let expected: Vec<u8> = levels
        .iter()
        .chain(&levels)
        .map(|level| level * 17)
        .collect();
    let file = Builder::new((8, 2), &[4], 1, [row, row].concat())
        .with(259, &[32_809])
        .into_file();
    assert_eq!(shades(&file).pixels, expected);
}

#[test]
fn logarithms_of_light_become_levels() {
    // The bytes of a row in runs: four of the high bytes, then four single low bytes.
    let luminance = [130, 0x40, 4, 0x00, 0x80, 0xFF, 0x20];
    let file = Builder::new((4, 1), &[16], 32_844, luminance.to_vec())
        .with(259, &[34_676])
        .with(339, &[2])
        .into_file();
    assert_as_libtiff_shows_it(&file, 0);
    // With neutral hues of 210 and 105 in their own bytes.
    let mut colours = vec![130, 0x3F, 4, 0x00, 0x40, 0x80, 0xFF];
    for byte in [86, 195] {
        colours.extend([130, byte]);
    }
    let file = Builder::new((4, 1), &[16, 16, 16], 32_845, colours)
        .with(259, &[34_676])
        .with(339, &[2, 2, 2])
        .into_file();
    assert_as_libtiff_shows_it(&file, 3);
}

#[test]
fn hues_that_pixels_share_are_passed_over() {
    for (across, down) in [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2)] {
        let (width, height) = (33u32, 19u32);
        let blocks = width.div_ceil(across) * height.div_ceil(down);
        let mut data = Vec::new();
        for block in 0..blocks {
            data.extend((0..across * down).map(|i| (block * 5 + i * 3) as u8));
            data.extend([128, 128]);
        }
        let file = Builder::new((width, height), &[8, 8, 8], 6, data)
            .with(530, &[across, down])
            .into_file();
        assert_as_libtiff_shows_it(&file, 1);
    }
}

/// A JPEG stream of the given size, colours of which all are grey, by ffmpeg.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let source = format!("testsrc=size={width}x{height}:rate=1:duration=1,format=gray");
    let arguments = [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        &source,
        "-frames:v",
        "1",
    ];
    let output = Command::new("ffmpeg")
        .args(arguments)
        .args(["-pix_fmt", "yuvj420p", "-f", "mjpeg", "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn old_jpeg_that_is_a_whole_stream_is_read() {
    let stream = jpeg(160, 96);
    let len = stream.len() as u32;
    let honest = Builder::new((160, 96), &[8, 8, 8], 6, stream)
        .with(259, &[6])
        .with(530, &[2, 2]);
    let at = honest
        .clone()
        .with(513, &[0])
        .with(514, &[len])
        .into_file()
        .len() as u32
        - len;
    let file = honest.with(513, &[at]).with(514, &[len]).into_file();
    assert_as_libtiff_shows_it(&file, 2);
}

#[test]
fn old_jpeg_whose_strip_lies_behind_its_header_is_read() {
    let stream = jpeg(160, 96);
    let len = stream.len() as u32;
    let scan = stream
        .windows(2)
        .position(|marker| marker == [0xFF, 0xDA])
        .unwrap();
    let header = scan as u32 + 2 + u32::from(stream[scan + 3]);
    let honest = Builder::new((160, 96), &[8, 8, 8], 6, stream)
        .with(259, &[6])
        .with(530, &[2, 2])
        .with(513, &[0])
        .with(514, &[header]);
    let at = honest.clone().with(273, &[1]).into_file().len() as u32 - len;
    let file = honest
        .with(513, &[at])
        .with(273, &[at + header])
        .with(279, &[len - header])
        .into_file();
    assert_as_libtiff_shows_it(&file, 2);
}

#[test]
fn old_jpeg_that_cannot_be_told_is_named() {
    let file = Builder::new((16, 16), &[8, 8, 8], 2, vec![0; 40])
        .with(259, &[6])
        .into_file();
    let (_, outcome) = read_pages(&file, &Limits::default());
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), "document-unsupported", "{error}");
    assert!(error.to_string().contains("old-style JPEG"), "{error}");
}
