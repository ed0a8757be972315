//! Any bytes as a coded page, on every path: the first four choose the coding and its options.
#![no_main]

use faxmill::t4::{BitOrder, Coding, DecodeOptions, Path, RowAlign, decode, decode_on};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([how, rows, high, low], data)) = data.split_first_chunk() else { return };
    let options = DecodeOptions {
        coding: [Coding::Mh, Coding::Mr { k: 4 }, Coding::Mmr][usize::from(how % 3)],
        bit_order: if how & 8 == 0 { BitOrder::MsbFirst } else { BitOrder::LsbFirst },
        row_align: if how & 16 == 0 { RowAlign::Packed } else { RowAlign::Byte },
        width: u32::from(u16::from_be_bytes([*high, *low])),
        rows: (how & 32 != 0).then_some(u32::from(*rows)),
        rows_max: 2000,
        bytes_max: 4 << 20,
    };
    let decoded = decode(data, &options);
    let careful = decode_on(Path::careful(), data, &options);
    for path in Path::all() {
        assert!(decode_on(path, data, &options) == careful, "{path:?}");
    }
    if let Ok(decoded) = decoded {
        assert!(decoded.bitmap.as_bytes().len() <= options.bytes_max);
        assert!(decoded.bytes_read <= data.len());
    }
});
