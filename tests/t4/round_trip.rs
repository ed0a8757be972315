//! What is encoded decodes to itself, in every coding, width and bit order.

use faxmill::t4::{
    BitOrder, Bitmap, Coding, Damage, DecodeOptions, EncodeOptions, Encoder, End, Eol, RowAlign,
    decode, encode,
};
use proptest::prelude::*;

use crate::pages::{any_coding, any_page, text};

pub(crate) fn any_options() -> impl Strategy<Value = EncodeOptions> {
    (
        any_coding(),
        prop_oneof![Just(BitOrder::MsbFirst), Just(BitOrder::LsbFirst)],
        prop_oneof![Just(Eol::None), Just(Eol::Bits), Just(Eol::ByteAligned)],
        prop_oneof![Just(RowAlign::Packed), Just(RowAlign::Byte)],
        any::<bool>(),
    )
        .prop_map(
            |(coding, bit_order, eol, row_align, end_of_block)| EncodeOptions {
                coding,
                bit_order,
                eol,
                row_align,
                end_of_block,
            },
        )
}

fn decode_options(page: &Bitmap, options: &EncodeOptions) -> DecodeOptions {
    DecodeOptions {
        bit_order: options.bit_order,
        row_align: options.row_align,
        ..DecodeOptions::new(options.coding, page.width())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_page_survives_every_coding(page in any_page(), options in any_options()) {
        let coded = encode(&page, &options);
        let known = decode_options(&page, &options);
        let with_count = DecodeOptions { rows: Some(page.rows()), ..known };
        let decoded = decode(&coded, &with_count).unwrap();
        prop_assert_eq!(&decoded.bitmap, &page);
        prop_assert_eq!(decoded.damage, Damage::default());
        prop_assert_eq!(decoded.end, End::RowCount);
        prop_assert!(decoded.bytes_read <= coded.len());
    }

    #[test]
    fn the_end_of_a_page_is_found_without_its_row_count(
        page in any_page(),
        options in any_options(),
    ) {
        let coded = encode(&page, &options);
        let decoded = decode(&coded, &decode_options(&page, &options)).unwrap();
        prop_assert_eq!(&decoded.bitmap, &page);
        let expected = if options.end_of_block { End::EndOfBlock } else { End::EndOfData };
        prop_assert_eq!(decoded.end, expected);
        if options.end_of_block {
            prop_assert_eq!(decoded.bytes_read, coded.len());
        }
    }

    #[test]
    fn pixels_beyond_the_width_and_missing_bytes_do_not_matter(page in any_page()) {
        let mut dirty = Encoder::new(page.width(), EncodeOptions::mmr());
        for row in page.iter_rows() {
            let mut row = row.to_vec();
            if !page.width().is_multiple_of(8) {
                *row.last_mut().unwrap() |= 0xFF >> (page.width() % 8);
            }
            row.push(0xAA);
            dirty.push_row(&row);
        }
        prop_assert_eq!(dirty.finish(), encode(&page, &EncodeOptions::mmr()));
    }
}

#[test]
fn an_mmr_page_of_white_rows_takes_one_bit_a_row() {
    let coded = encode(&Bitmap::white(1728, 800), &EncodeOptions::mmr());
    assert_eq!(coded.len(), 800 / 8 + 3, "800 V0 codes, then EOFB");
    assert_eq!(&coded[..100], [0xFF; 100]);
    assert_eq!(&coded[100..], [0x00, 0x10, 0x01]);
}

#[test]
fn mr_with_k_of_one_or_none_codes_every_row_by_itself() {
    let page = text(1728, 120, 3);
    assert_eq!(
        encode(&page, &EncodeOptions::mr(0)),
        encode(&page, &EncodeOptions::mr(1))
    );
    assert!(
        encode(&page, &EncodeOptions::mr(4)).len() < encode(&page, &EncodeOptions::mr(1)).len()
    );
}

#[test]
fn decoding_stops_at_the_row_count_and_leaves_the_rest_unread() {
    let page = text(1728, 200, 5);
    let coded = encode(&page, &EncodeOptions::mmr());
    let options = DecodeOptions {
        rows: Some(100),
        ..DecodeOptions::new(Coding::Mmr, 1728)
    };
    let decoded = decode(&coded, &options).unwrap();
    assert_eq!(decoded.bitmap.rows(), 100);
    assert_eq!(decoded.bitmap.as_bytes(), &page.as_bytes()[..100 * 216]);
    assert!(decoded.bytes_read < coded.len() * 3 / 4);
}
