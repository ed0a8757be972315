//! Broken lines: how much of a page survives, and what is told about it.

use faxmill::t4::{
    Bitmap, Coding, DecodeOptions, EncodeOptions, Encoder, End, T4Error, decode, encode,
};

use crate::pages::text;

const WIDTH: u32 = 1728;

fn options(coding: Coding) -> DecodeOptions {
    DecodeOptions::new(coding, WIDTH)
}

/// Where the coded row with this number begins, in whole bytes.
fn byte_of_row(page: &Bitmap, encoding: EncodeOptions, row: u32) -> usize {
    let mut encoder = Encoder::new(
        page.width(),
        EncodeOptions {
            end_of_block: false,
            ..encoding
        },
    );
    for row in page.iter_rows().take(row as usize) {
        encoder.push_row(row);
    }
    encoder.finish().len()
}

/// Over a row's codes: nine zeros break the row and are too few to pass for an end-of-line code.
const NOISE: [u8; 3] = [0xFF, 0x00, 0x7F];

/// The coded page with noise inside the given row.
fn broken_in_row(page: &Bitmap, encoding: EncodeOptions, row: u32) -> Vec<u8> {
    let mut coded = encode(page, &encoding);
    let at = byte_of_row(page, encoding, row) + 2;
    assert!(
        at + 3 < byte_of_row(page, encoding, row + 1),
        "the row is long enough to be hit"
    );
    coded[at..at + 3].copy_from_slice(&NOISE);
    coded
}

/// A page whose every row differs from its neighbours and takes many codes.
fn busy_page() -> Bitmap {
    crate::pages::noise(WIDTH, 60, 40, 77)
}

#[test]
fn mh_loses_one_row_and_repeats_the_one_above() {
    let page = busy_page();
    let decoded = decode(
        &broken_in_row(&page, EncodeOptions::mh(), 30),
        &options(Coding::Mh),
    )
    .unwrap();
    assert_eq!(decoded.bitmap.rows(), page.rows());
    assert_eq!(
        (decoded.damage.bad_rows, decoded.damage.longest_bad_run),
        (1, 1)
    );
    for y in 0..page.rows() {
        let expected = if y == 30 { page.row(29) } else { page.row(y) };
        assert_eq!(decoded.bitmap.row(y), expected, "row {y}");
    }
}

#[test]
fn mr_drops_rows_until_one_stands_by_itself() {
    let page = busy_page();
    let k = 4;
    // Row 29 is the first after the one that stands by itself (28): 29, 30, 31 are lost.
    let coded = broken_in_row(&page, EncodeOptions::mr(k), 29);
    let decoded = decode(&coded, &options(Coding::Mr { k })).unwrap();
    assert_eq!(decoded.bitmap.rows(), page.rows());
    assert_eq!(
        (decoded.damage.bad_rows, decoded.damage.longest_bad_run),
        (3, 3)
    );
    for y in 0..page.rows() {
        let expected = if (29..32).contains(&y) {
            page.row(28)
        } else {
            page.row(y)
        };
        assert_eq!(decoded.bitmap.row(y), expected, "row {y}");
    }
}

#[test]
fn mmr_keeps_the_rows_before_the_damage_and_stops() {
    let page = busy_page();
    let mut coded = encode(&page, &EncodeOptions::mmr());
    let at = byte_of_row(&page, EncodeOptions::mmr(), 40);
    // Fifteen zeros begin no code of T.6, wherever they are met.
    coded[at..at + 3].fill(0);
    let decoded = decode(&coded, &options(Coding::Mmr)).unwrap();
    assert_eq!(decoded.end, End::Damaged);
    assert_eq!(decoded.damage.bad_rows, 1);
    let rows = decoded.bitmap.rows();
    assert!((38..=41).contains(&rows), "stopped at row {rows}");
    assert_eq!(
        &decoded.bitmap.as_bytes()[..38 * 216],
        &page.as_bytes()[..38 * 216]
    );
}

#[test]
fn two_damaged_places_are_two_runs() {
    let page = busy_page();
    let encoding = EncodeOptions::mh();
    let mut coded = broken_in_row(&page, encoding, 10);
    for row in [20, 21] {
        let at = byte_of_row(&page, encoding, row) + 2;
        coded[at..at + 3].copy_from_slice(&NOISE);
    }
    let decoded = decode(&coded, &options(Coding::Mh)).unwrap();
    assert_eq!(decoded.bitmap.rows(), page.rows());
    assert_eq!(
        (decoded.damage.bad_rows, decoded.damage.longest_bad_run),
        (3, 2)
    );
}

#[test]
fn a_row_with_a_wrong_number_of_pixels_is_a_bad_row() {
    // Rows of 1728, 1700 and 1800 pixels between end-of-line codes.
    let mut bits = BitText::default();
    for codes in [
        "000000000001 010011011 00110101",       // 1728 white
        "000000000001 010011010 00101101",       // 1600 + 44 white
        "000000000001 010011011 11011 00110101", // 1728 + 64 white
        "000000000001 010011011 00110101",
    ] {
        bits.push(codes);
    }
    let decoded = decode(&bits.into_bytes(), &options(Coding::Mh)).unwrap();
    assert_eq!(decoded.bitmap, Bitmap::white(WIDTH, 4));
    assert_eq!(
        (decoded.damage.bad_rows, decoded.damage.longest_bad_run),
        (2, 2)
    );
    assert_eq!(decoded.end, End::EndOfData);
}

#[test]
fn a_page_cut_anywhere_is_truncated_and_keeps_its_good_rows() {
    let page = text(WIDTH, 120, 8);
    for (encoding, coding) in [
        (EncodeOptions::mh(), Coding::Mh),
        (EncodeOptions::mr(4), Coding::Mr { k: 4 }),
        (EncodeOptions::mmr(), Coding::Mmr),
    ] {
        let coded = encode(&page, &encoding);
        for cut in (0..coded.len() - 4).step_by(7) {
            let asked = DecodeOptions {
                rows: Some(page.rows()),
                ..options(coding)
            };
            let decoded = decode(&coded[..cut], &asked).unwrap();
            // A row cut in two is kept as a copy of the one above by MH and MR.
            let bad = decoded.damage.bad_rows;
            let good = decoded.bitmap.rows() - bad;
            assert!(bad <= 1, "{coding:?} cut at {cut}");
            let good_bytes = good as usize * page.stride();
            assert_eq!(
                &decoded.bitmap.as_bytes()[..good_bytes],
                &page.as_bytes()[..good_bytes]
            );
            if decoded.bitmap.rows() < page.rows() {
                assert_eq!(decoded.end, End::Truncated, "{coding:?} cut at {cut}");
            }
        }
    }
}

#[test]
fn extension_codes_are_refused_by_name() {
    let mut bits = BitText::default();
    bits.push("1 0000001 111 000001");
    let error = decode(&bits.into_bytes(), &options(Coding::Mmr)).unwrap_err();
    assert_eq!(
        error,
        T4Error::Extension {
            row: 1,
            extension: 7
        }
    );
    assert_eq!(error.code(), "t4-extension");
}

#[test]
fn rows_and_bytes_are_capped() {
    // Every set bit is a white row.
    let million_rows = vec![0xFF; 125_000];
    let capped = DecodeOptions {
        rows_max: 500,
        ..options(Coding::Mmr)
    };
    let error = decode(&million_rows, &capped).unwrap_err();
    assert_eq!(error, T4Error::TooManyRows { rows_max: 500 });
    let small = DecodeOptions {
        bytes_max: 10_000,
        rows_max: u32::MAX,
        ..options(Coding::Mmr)
    };
    let error = decode(&million_rows, &small).unwrap_err();
    assert_eq!(error, T4Error::TooLarge { bytes_max: 10_000 });
    for width in [0, 65_536, u32::MAX] {
        let error = decode(&[], &DecodeOptions::new(Coding::Mh, width)).unwrap_err();
        assert_eq!(error, T4Error::Width { width });
    }
}

#[test]
fn fill_bits_of_any_length_are_passed_over() {
    let mut bits = BitText::default();
    for zeros in [11, 12, 60, 400, 5000] {
        bits.push(&"0".repeat(zeros));
        bits.push("1 010011011 00110101");
    }
    let decoded = decode(&bits.into_bytes(), &options(Coding::Mh)).unwrap();
    assert_eq!(decoded.bitmap, Bitmap::white(WIDTH, 5));
    assert_eq!(decoded.damage.bad_rows, 0);
}

/// Bits written as text; spaces are for the reader.
#[derive(Default)]
struct BitText(Vec<bool>);

impl BitText {
    fn push(&mut self, text: &str) {
        self.0
            .extend(text.chars().filter(|c| *c != ' ').map(|c| c == '1'));
    }

    fn into_bytes(self) -> Vec<u8> {
        let byte = |bits: &[bool]| {
            bits.iter()
                .enumerate()
                .fold(0, |byte, (i, bit)| byte | u8::from(*bit) << (7 - i))
        };
        self.0.chunks(8).map(byte).collect()
    }
}
