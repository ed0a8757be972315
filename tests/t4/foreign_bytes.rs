//! Bytes from anywhere: every one of them ends in a page within the limits or in an error.

use faxmill::t4::{
    BitOrder, Coding, DecodeOptions, EncodeOptions, End, RowAlign, T4Error, decode, encode,
};
use proptest::prelude::*;

use crate::pages::{any_coding, any_page};

pub(crate) fn any_decode_options() -> impl Strategy<Value = DecodeOptions> {
    (
        any_coding(),
        any::<bool>(),
        any::<bool>(),
        prop_oneof![1..100u32, Just(1728), 0..=70_000u32],
        prop_oneof![Just(None), (0..300u32).prop_map(Some)],
        0..400u32,
        0..200_000usize,
    )
        .prop_map(
            |(coding, lsb, aligned, width, rows, rows_max, bytes_max)| DecodeOptions {
                coding,
                bit_order: if lsb {
                    BitOrder::LsbFirst
                } else {
                    BitOrder::MsbFirst
                },
                row_align: if aligned {
                    RowAlign::Byte
                } else {
                    RowAlign::Packed
                },
                width,
                rows,
                rows_max,
                bytes_max,
            },
        )
}

/// What must hold of any outcome.
fn check(data: &[u8], options: &DecodeOptions) -> Result<(), TestCaseError> {
    match decode(data, options) {
        Ok(decoded) => {
            let page = &decoded.bitmap;
            prop_assert_eq!(page.width(), options.width);
            prop_assert!(page.rows() <= options.rows_max);
            prop_assert!(page.rows() <= options.rows.unwrap_or(u32::MAX));
            prop_assert!(page.as_bytes().len() <= options.bytes_max);
            prop_assert!(decoded.bytes_read <= data.len());
            prop_assert!(decoded.damage.longest_bad_run <= decoded.damage.bad_rows);
            prop_assert!(decoded.damage.bad_rows <= page.rows() + 1);
        }
        Err(T4Error::Width { width }) => prop_assert!(width == 0 || width > 65_535),
        Err(T4Error::TooManyRows { rows_max }) => prop_assert_eq!(rows_max, options.rows_max),
        Err(T4Error::TooLarge { bytes_max }) => prop_assert_eq!(bytes_max, options.bytes_max),
        Err(error) => prop_assert_eq!(error.code(), "t4-extension"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_bounded(
        data in prop::collection::vec(any::<u8>(), 0..3000),
        options in any_decode_options(),
    ) {
        check(&data, &options)?;
    }

    /// Mostly valid codes reach deeper than noise does.
    #[test]
    fn real_pages_with_flipped_bytes_are_bounded(
        page in any_page(),
        coding in any_coding(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        options in any_decode_options(),
    ) {
        let encoding = match coding {
            Coding::Mh => EncodeOptions::mh(),
            Coding::Mr { k } => EncodeOptions::mr(k),
            Coding::Mmr => EncodeOptions::mmr(),
        };
        let mut coded = encode(&page, &encoding);
        for (at, byte) in hits {
            if !coded.is_empty() {
                *at.get_mut(&mut coded) = byte;
            }
        }
        check(&coded, &DecodeOptions { coding, width: page.width(), ..options })?;
    }
}

#[test]
fn runs_of_no_pixels_are_changing_elements_for_the_next_row() {
    // A row of horizontal mode with runs 0 and 0, twice, then V0: white. In the next row, pass
    // mode goes over the first of these runs and stays at the left edge, as in libtiff; then
    // come 3 white and 4 black pixels, and V0.
    let bits = "001 00110101 0000110111 001 00110101 0000110111 1 0001 001 1000 011 1";
    let bits: Vec<u8> = bits
        .bytes()
        .filter(|bit| *bit != b' ')
        .map(|bit| bit - b'0')
        .collect();
    let data: Vec<u8> = bits
        .chunks(8)
        .map(|byte| {
            byte.iter()
                .enumerate()
                .fold(0, |sum, (i, bit)| sum | bit << (7 - i))
        })
        .collect();
    let options = DecodeOptions {
        rows: Some(2),
        ..DecodeOptions::new(Coding::Mmr, 16)
    };
    let decoded = decode(&data, &options).unwrap();
    assert_eq!(decoded.bitmap.as_bytes(), [0, 0, 0b0001_1110, 0]);
}

#[test]
fn a_row_of_endless_empty_runs_is_cut_off() {
    let mut bits = Vec::new();
    for _ in 0..5000 {
        bits.extend(b"001001101010000110111".map(|bit| bit - b'0'));
    }
    let data: Vec<u8> = bits
        .chunks(8)
        .map(|byte| {
            byte.iter()
                .enumerate()
                .fold(0, |sum, (i, bit)| sum | bit << (7 - i))
        })
        .collect();
    let decoded = decode(&data, &DecodeOptions::new(Coding::Mmr, 1728)).unwrap();
    assert_eq!((decoded.end, decoded.bitmap.rows()), (End::Damaged, 0));
    assert!(decoded.bytes_read < data.len() / 2);
}
