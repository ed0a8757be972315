//! Any bytes as pixels, in every coding and on every path: the same bytes everywhere, and the same
//! pixels back. The first three bytes choose the width and the options.
#![no_main]

use faxmill::t4::{
    BitOrder, Bitmap, DecodeOptions, EncodeOptions, Eol, Path, RowAlign, decode_on, encode_on,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([how, high, low], pixels)) = data.split_first_chunk() else { return };
    if pixels.is_empty() {
        return;
    }
    let width = u32::from(u16::from_be_bytes([*high, *low])).max(1);
    let mut bitmap = Bitmap::white(width, 0);
    for row in pixels.chunks(width.div_ceil(8) as usize) {
        bitmap.push_row(row);
    }
    let mut options = match how % 4 {
        0 => EncodeOptions::mh(),
        1 => EncodeOptions::mr(u32::from(how >> 5)),
        2 => EncodeOptions::mh_byte_aligned(),
        _ => EncodeOptions::mmr(),
    };
    if how & 4 != 0 {
        options.bit_order = BitOrder::LsbFirst;
    }
    if how & 8 != 0 && how % 4 < 2 {
        options.eol = Eol::ByteAligned;
    }
    let coded = encode_on(Path::portable(), &bitmap, &options);
    let reading = DecodeOptions {
        bit_order: options.bit_order,
        row_align: if how % 4 == 2 { RowAlign::Byte } else { RowAlign::Packed },
        rows: Some(bitmap.rows()),
        rows_max: u32::MAX,
        bytes_max: usize::MAX,
        ..DecodeOptions::new(options.coding, width)
    };
    for path in Path::all() {
        assert!(coded == encode_on(path, &bitmap, &options), "{path:?} encodes otherwise");
        let decoded = decode_on(path, &coded, &reading).expect("what was coded is decoded");
        assert!(decoded.bitmap == bitmap, "{path:?} loses pixels");
        assert!(decoded.damage.bad_rows == 0);
    }
});
