//! How much of an image is coloured is told of every kind of image that can be.

use faxmill::convert::TiffPage;
use faxmill::limits::Limits;

use crate::builder::Builder;
use crate::tools::read_pages;

/// The share of an image of 8 by 16 pixels: the left quarter is of the first pixel, the rest of
/// the other.
fn share(bits: &[u32], photometric: u32, first: &[u8], other: &[u8]) -> Option<f32> {
    let row = [first.repeat(2), other.repeat(6)].concat();
    share_of(Builder::new((8, 16), bits, photometric, row.repeat(16)))
}

fn share_of(file: Builder) -> Option<f32> {
    let (mut pages, outcome) = read_pages(&file.into_file(), &Limits::default());
    outcome.expect("the file is read");
    match pages.remove(0) {
        TiffPage::Gray { coloured_share, .. } => coloured_share,
        other => panic!("not a grey page: {other:?}"),
    }
}

#[test]
fn red_is_told_from_grey_in_every_model() {
    let rgb = [8, 8, 8];
    assert_eq!(share(&rgb, 2, &[200, 20, 20], &[90, 100, 110]), Some(0.25));
    assert_eq!(share(&rgb, 2, &[90, 100, 110], &[200; 3]), Some(0.0));
    let cmyk = [8; 4];
    assert_eq!(
        share(&cmyk, 5, &[0, 200, 200, 0], &[0, 0, 0, 99]),
        Some(0.25)
    );
    // Under full black no ink has a colour.
    assert_eq!(share(&cmyk, 5, &[0, 200, 200, 255], &[9; 4]), Some(0.0));
    let lab = [8; 3];
    assert_eq!(share(&lab, 8, &[128, 60, 40], &[99, 1, 0]), Some(0.25));
    assert_eq!(
        share(&lab, 9, &[128, 188, 168], &[99, 128, 128]),
        Some(0.25)
    );
    assert_eq!(share(&[8], 1, &[100], &[30]), Some(0.0));
}

#[test]
fn a_palette_is_judged_by_its_colours() {
    let row = [1, 1, 2, 2, 2, 2, 2, 2];
    let file = Builder::new((8, 16), &[8], 3, row.repeat(16));
    let mut map = vec![0; 3 * 256];
    // Entry 1 is blue, entry 2 is a grey.
    map[2 * 256 + 1] = 0xFFFF;
    for plane in 0..3 {
        map[plane * 256 + 2] = 0x8000;
    }
    assert_eq!(share_of(file.with(320, &map)), Some(0.25));
}
