//! Every path through the codec gives the same bytes, pixels, damage and errors.

use faxmill::t4::{
    BitOrder, Bitmap, Coding, DecodeOptions, EncodeOptions, Encoder, Eol, Path, RowAlign,
    decode_on, encode_on,
};
use proptest::prelude::*;

use crate::foreign_bytes::any_decode_options;
use crate::pages::{all, any_page, noise, text};
use crate::round_trip::any_options;

fn encoded_alike(page: &Bitmap, options: &EncodeOptions) -> Vec<u8> {
    let portable = encode_on(Path::portable(), page, options);
    for path in Path::all() {
        assert!(
            encode_on(path, page, options) == portable,
            "{path:?} {options:?}"
        );
        let mut encoder = Encoder::on(path, page.width(), *options);
        for row in page.iter_rows() {
            encoder.push_row(row);
        }
        assert!(
            encoder.finish() == portable,
            "{path:?} row by row {options:?}"
        );
    }
    portable
}

fn decoded_alike(coded: &[u8], options: &DecodeOptions) {
    let careful = decode_on(Path::careful(), coded, options);
    for path in Path::all() {
        assert!(
            decode_on(path, coded, options) == careful,
            "{path:?} {options:?}"
        );
    }
}

fn codings() -> [EncodeOptions; 4] {
    [
        EncodeOptions::mh(),
        EncodeOptions::mh_byte_aligned(),
        EncodeOptions::mr(4),
        EncodeOptions::mmr(),
    ]
}

#[test]
fn pages_of_every_kind_are_coded_alike() {
    for (name, page) in all() {
        for options in codings() {
            let coded = encoded_alike(&page, &options);
            for rows in [None, Some(page.rows())] {
                let known = DecodeOptions {
                    rows,
                    row_align: options.row_align,
                    ..DecodeOptions::new(options.coding, page.width())
                };
                decoded_alike(&coded, &known);
                let decoded = decode_on(Path::best(), &coded, &known).unwrap();
                assert!(decoded.bitmap == page, "{name} {options:?}");
            }
        }
    }
}

#[test]
fn pages_wider_than_vectors_take_are_coded_alike() {
    for width in [16_383, 16_384, 16_385, 65_535] {
        let page = noise(width, 12, 20, u64::from(width));
        for options in codings() {
            let coded = encoded_alike(&page, &options);
            decoded_alike(&coded, &DecodeOptions::new(options.coding, width));
        }
    }
}

#[test]
fn every_share_of_black_is_coded_alike() {
    for share in [1, 2, 5, 12, 30, 64, 128, 200, 250, 255] {
        let page = noise(1728, 80, share, u64::from(share));
        for options in codings() {
            let coded = encoded_alike(&page, &options);
            decoded_alike(
                &coded,
                &DecodeOptions {
                    row_align: options.row_align,
                    ..DecodeOptions::new(options.coding, 1728)
                },
            );
        }
    }
}

/// More rows than are coded together, at the widths where the readers of rows change.
#[test]
fn pages_of_many_rows_are_coded_alike() {
    for width in [511, 1728, 2047, 2048, 2049, 2623, 2624] {
        for page in [text(width, 400, u64::from(width)), noise(width, 150, 40, 3)] {
            for options in codings() {
                encoded_alike(&page, &options);
            }
        }
    }
}

/// So many rows alike, of so many elements, that their ones are more than are put at once.
#[test]
fn long_columns_are_coded_alike() {
    let row = noise(16_000, 1, 128, 5);
    let page = Bitmap::from_packed(16_000, row.as_bytes().repeat(400));
    for options in codings() {
        encoded_alike(&page, &options);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    #[test]
    fn any_page_is_coded_alike(page in any_page(), options in any_options()) {
        let coded = encoded_alike(&page, &options);
        decoded_alike(&coded, &DecodeOptions {
            bit_order: options.bit_order,
            row_align: options.row_align,
            ..DecodeOptions::new(options.coding, page.width())
        });
    }

    #[test]
    fn foreign_bytes_are_decoded_alike(
        data in prop::collection::vec(any::<u8>(), 0..3000),
        options in any_decode_options(),
    ) {
        decoded_alike(&data, &options);
    }

    #[test]
    fn damaged_pages_are_decoded_alike(
        page in any_page(),
        options in any_options(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut coded = encode_on(Path::best(), &page, &options);
        for (at, byte) in hits {
            if !coded.is_empty() {
                *at.get_mut(&mut coded) = byte;
            }
        }
        let known = DecodeOptions {
            bit_order: options.bit_order,
            row_align: options.row_align,
            ..DecodeOptions::new(options.coding, page.width())
        };
        decoded_alike(&coded, &known);
        decoded_alike(&coded[..cut.index(coded.len() + 1)], &known);
    }

    /// Bits that are mostly ones and short codes keep the decoder inside its rows for long.
    #[test]
    fn rows_of_random_codes_are_decoded_alike(
        picks in prop::collection::vec(0..14usize, 0..2500),
        width in 1..400u32,
        coding in prop_oneof![Just(Coding::Mh), Just(Coding::Mr { k: 4 }), Just(Coding::Mmr)],
        align in prop_oneof![4 => Just(RowAlign::Packed), 1 => Just(RowAlign::Byte)],
    ) {
        const CODES: [&str; 14] = [
            "1", "1", "1", "011", "010", "000011", "000010", "0000011", "0000010", "0001",
            "0010111010", "00110001111", "000000000001", "001001101010000110111",
        ];
        let mut data = Vec::new();
        let bits = picks.iter().flat_map(|pick| CODES[*pick].bytes());
        for (at, bit) in bits.enumerate() {
            if at % 8 == 0 {
                data.push(0);
            }
            *data.last_mut().unwrap() |= (bit - b'0') << (7 - at % 8);
        }
        decoded_alike(&data, &DecodeOptions { row_align: align, ..DecodeOptions::new(coding, width) });
    }
}

/// Fill as a slow receiver asks for, before rows of either dimension and at the end of the data.
#[test]
fn rows_between_fill_of_any_length_are_decoded_alike() {
    let page = noise(300, 40, 40, 6);
    for options in [EncodeOptions::mh(), EncodeOptions::mr(4)] {
        for align in [RowAlign::Packed, RowAlign::Byte] {
            for fill in [0, 3, 29, 30, 31, 40, 41, 64, 1000] {
                let coded = with_fill(&encode_on(Path::best(), &page, &options), fill);
                let known = DecodeOptions {
                    row_align: align,
                    ..DecodeOptions::new(options.coding, 300)
                };
                for end in [coded.len(), coded.len() - 1, coded.len() / 2] {
                    decoded_alike(&coded[..end], &known);
                }
                if align == RowAlign::Packed {
                    let decoded = decode_on(Path::best(), &coded, &known).unwrap();
                    assert!(decoded.bitmap == page, "{options:?} with {fill} zeros more");
                }
            }
        }
    }
}

/// Longer end-of-line codes, wherever there are eleven zeros and a one, and a last one.
fn with_fill(coded: &[u8], fill: usize) -> Vec<u8> {
    let (mut bits, mut zeros) = (Vec::new(), 0);
    for at in 0..coded.len() * 8 {
        let bit = coded[at / 8] & (0x80 >> (at % 8)) != 0;
        if bit && zeros >= 11 {
            bits.resize(bits.len() + fill, false);
        }
        zeros = if bit { 0 } else { zeros + 1 };
        bits.push(bit);
    }
    bits.resize(bits.len() + fill, false);
    let byte = |bits: &[bool]| {
        bits.iter()
            .enumerate()
            .fold(0, |byte, (i, bit)| byte | u8::from(*bit) << (7 - i))
    };
    bits.chunks(8).map(byte).collect()
}

/// Many rows below one another: rows painted late, repetitions, and what follows damage.
#[test]
fn long_pages_with_damage_in_every_part_are_decoded_alike() {
    for (name, page) in all() {
        for options in codings() {
            let coded = encode_on(Path::best(), &page, &options);
            let known = DecodeOptions {
                row_align: options.row_align,
                ..DecodeOptions::new(options.coding, page.width())
            };
            for part in 1..8 {
                let mut broken = coded.clone();
                let at = broken.len() * part / 8;
                for byte in broken.iter_mut().skip(at).take(3) {
                    *byte ^= 0x5A;
                }
                decoded_alike(&broken, &known);
            }
            assert!(
                decode_on(Path::careful(), &coded, &known).unwrap().bitmap == page,
                "{name} {options:?}"
            );
        }
    }
}

#[test]
fn fill_and_bit_order_are_coded_alike() {
    let page = noise(1728, 60, 40, 5);
    for eol in [Eol::None, Eol::Bits, Eol::ByteAligned] {
        for bit_order in [BitOrder::MsbFirst, BitOrder::LsbFirst] {
            for options in codings() {
                let options = EncodeOptions {
                    eol,
                    bit_order,
                    end_of_block: true,
                    ..options
                };
                let coded = encoded_alike(&page, &options);
                decoded_alike(
                    &coded,
                    &DecodeOptions {
                        bit_order,
                        row_align: options.row_align,
                        ..DecodeOptions::new(options.coding, 1728)
                    },
                );
            }
        }
    }
}
