//! Samples of every depth, palettes, and fields of every type.

use faxmill::convert::{GrayImage, TiffPage};
use faxmill::limits::Limits;

use crate::builder::Builder;
use crate::tools::{read_pages, run_quietly, text_of};

fn shades(file: Builder) -> GrayImage {
    let (mut pages, outcome) = read_pages(&file.into_file(), &Limits::default());
    assert_eq!(outcome.expect("the file is read"), 1);
    match pages.remove(0) {
        TiffPage::Gray { image, .. } => image,
        other => panic!("not a grey page: {other:?}"),
    }
}

/// Samples of `bits` bits, most significant first.
fn packed(samples: &[u64], bits: u32) -> Vec<u8> {
    let all: Vec<bool> = samples
        .iter()
        .flat_map(|sample| (0..bits).rev().map(move |bit| sample >> bit & 1 == 1))
        .collect();
    all.chunks(8)
        .map(|byte| {
            (0..8).fold(0, |packed, at| {
                packed << 1 | u8::from(byte.get(at) == Some(&true))
            })
        })
        .collect()
}

#[test]
fn colours_of_few_and_of_many_bits_have_the_same_brightness() {
    for bits in [2u32, 4, 5, 6, 10, 12, 14] {
        let full = (1u64 << bits) - 1;
        let samples = [full, 0, 0, 0, full, 0, 0, 0, full, full, full, full];
        let rgb = shades(Builder::new((4, 1), &[bits; 3], 2, packed(&samples, bits)));
        assert_eq!(rgb.pixels, [76, 150, 29, 255], "{bits} bits");
        let inks = [
            0, 0, 0, 0, 0, 0, 0, full, full, full, full, 0, full, 0, 0, 0,
        ];
        let cmyk = shades(Builder::new((4, 1), &[bits; 4], 5, packed(&inks, bits)));
        assert_eq!(cmyk.pixels, [255, 0, 0, 179], "{bits} bits");
        let levels = shades(Builder::new((2, 1), &[bits], 0, packed(&[0, full], bits)));
        assert_eq!(levels.pixels, [255, 0], "{bits} bits");
    }
}

#[test]
fn whole_bytes_follow_the_order_of_the_file_and_other_depths_do_not() {
    // 16, 24, 32 and 64 bits, little-endian as the file.
    for bytes in [2usize, 3, 4, 8] {
        let mut data = vec![0; bytes * 2];
        data[bytes - 1] = 0x80;
        data[bytes * 2 - 1] = 0x40;
        let image = shades(Builder::new((2, 1), &[bytes as u32 * 8], 1, data));
        assert_eq!(image.pixels, [0x80, 0x40], "{bytes} bytes");
    }
    let twelve = Builder::new((2, 1), &[12], 1, packed(&[0x801, 0x400], 12));
    assert_eq!(shades(twelve).pixels, [0x80, 0x40]);
}

#[test]
fn halves_and_doubles_run_from_zero_to_one() {
    let halves = [0x0000u16, 0x3800, 0x3C00, 0xBC00]
        .iter()
        .flat_map(|half| half.to_le_bytes())
        .collect();
    let image = shades(Builder::new((4, 1), &[16], 1, halves).with(339, &[3]));
    assert_eq!(image.pixels, [0, 128, 255, 0]);
    let doubles = [0.25f64, 2.0]
        .iter()
        .flat_map(|double| double.to_le_bytes())
        .collect();
    let image = shades(Builder::new((2, 1), &[64], 1, doubles).with(339, &[3]));
    assert_eq!(image.pixels, [64, 255]);
}

#[test]
fn palettes_of_one_to_sixteen_bits_are_looked_up() {
    for bits in [1u32, 2, 3, 4, 6, 8, 12, 16] {
        let colors = 1usize << bits;
        // The last entry is white, the first a dark green, the rest black.
        let mut map = vec![0u32; colors * 3];
        map[colors] = 0x4000;
        for plane in 0..3 {
            map[plane * colors + colors - 1] = 0xFFFF;
        }
        let last = colors as u64 - 1;
        let indexes = if bits == 16 {
            vec![0xFF, 0xFF, 0, 0]
        } else {
            packed(&[last, 0], bits)
        };
        let image = shades(Builder::new((2, 1), &[bits], 3, indexes).with(320, &map));
        assert_eq!(image.pixels, [255, 38], "{bits} bits");
    }
}

#[test]
fn whole_samples_without_a_meaning_are_taken_as_libtiff_takes_them() {
    let grey = Builder::new((2, 1), &[8], 1, vec![7, 200]).without(262);
    assert_eq!(shades(grey).pixels, [7, 200]);
    let colours = Builder::new((1, 1), &[8; 3], 2, vec![0, 255, 0]).without(262);
    assert_eq!(shades(colours).pixels, [150]);
    let fractions = Builder::new((1, 1), &[32], 1, vec![0; 4])
        .with(339, &[3])
        .without(262);
    let (_, outcome) = read_pages(&fractions.into_file(), &Limits::default());
    assert_eq!(outcome.unwrap_err().code(), "document-invalid");
}

#[test]
fn strips_without_lengths_reach_to_the_next_one() {
    let honest = Builder::new((4, 4), &[8], 1, (0..16).collect()).with(278, &[2]);
    let len = honest
        .clone()
        .with(273, &[1, 2])
        .without(279)
        .into_file()
        .len() as u32;
    let file = honest.with(273, &[len - 16, len - 8]).without(279);
    let expected: Vec<u8> = (0..16).collect();
    assert_eq!(shades(file).pixels, expected);
}

#[test]
fn densities_may_be_of_any_type_of_number() {
    let file = Builder::new((8, 1), &[1], 0, vec![0]);
    for (kind, x, expected) in [
        (3, 300u64, Some(300.0)),
        (4, 300, Some(300.0)),
        (11, u64::from(150.5f32.to_bits()), Some(150.5)),
        (11, u64::from(f32::NAN.to_bits()), None),
        (11, u64::from((-1.0f32).to_bits()), None),
        (3, 0, None),
    ] {
        let bytes = file.clone().with(282, &[x as u32]).into_file();
        let bytes = retyped(bytes, 282, kind);
        let (pages, _) = read_pages(&bytes, &Limits::default());
        let [TiffPage::Bilevel { x_dpi, y_dpi, .. }] = pages[..] else {
            panic!("not a bilevel page: {pages:?}");
        };
        assert_eq!((x_dpi, y_dpi), (expected, None), "type {kind}, {x}");
    }
}

/// The file with another type for one of its fields.
fn retyped(mut file: Vec<u8>, tag: u16, kind: u8) -> Vec<u8> {
    let place = file
        .windows(3)
        .position(|entry| entry[..2] == tag.to_le_bytes() && entry[2] == 4)
        .expect("the field is there");
    file[place + 2] = kind;
    file
}

#[test]
fn pages_come_by_their_numbers_where_each_has_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.tif");
    let order = |numbers: [u32; 3]| {
        let paths: Vec<_> = numbers
            .iter()
            .enumerate()
            .map(|(index, number)| {
                let path = folder.path().join(format!("{index}.tif"));
                let level = 10 * index as u8 + 10;
                let page = Builder::new((8, 2), &[8], 1, vec![level; 16]).with(297, &[*number, 3]);
                std::fs::write(&path, page.into_file()).unwrap();
                path
            })
            .collect();
        let mut arguments: Vec<_> = paths.iter().map(|path| text_of(path)).collect();
        arguments.push(text_of(&all));
        run_quietly("tiffcp", &arguments);
        let (pages, _) = read_pages(&renumbered(&all, numbers), &Limits::default());
        let levels = pages.iter().map(|page| match page {
            TiffPage::Gray { image, .. } => image.pixels[0],
            other => panic!("not a grey page: {other:?}"),
        });
        levels.collect::<Vec<_>>()
    };
    assert_eq!(order([0, 1, 2]), [10, 20, 30]);
    assert_eq!(order([2, 0, 1]), [20, 30, 10]);
    // Numbers that several pages share say nothing.
    assert_eq!(order([1, 0, 0]), [10, 20, 30]);
}

/// The file with these page numbers, which tiffcp writes in the order of its arguments.
fn renumbered(path: &std::path::Path, numbers: [u32; 3]) -> Vec<u8> {
    let mut file = std::fs::read(path).expect("tiffcp wrote it");
    // The field, two SHORTs of it.
    let field = [297u16.to_le_bytes(), 3u16.to_le_bytes(), [2, 0], [0, 0]].concat();
    let places: Vec<_> = (0..file.len() - 12)
        .filter(|at| file[*at..].starts_with(&field))
        .collect();
    assert_eq!(places.len(), 3, "tiffcp wrote no page numbers");
    for (place, number) in places.into_iter().zip(numbers) {
        file[place + 8] = number as u8;
    }
    file
}
