//! Inputs that took a parser down once, or would a careless one: kept by class, run as tests.
//!
//! A file's name begins with the fuzz target that reads it.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use faxmill::convert::rasterize::Drawing;
use faxmill::convert::{FaxTiffReader, inspect, tiff_fax_pages};
use faxmill::limits::Limits;
use faxmill::t4::{BitOrder, Coding, DecodeOptions, Path as CodecPath, RowAlign, decode_on};
use faxmill::units::{PageFit, PageWidth, Resolution, ToneMode};

/// Far more than any of them needs.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn nothing_that_was_found_by_fuzzing_is_found_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_corpus");
    let mut seen = 0;
    for class in fs::read_dir(folder).unwrap() {
        for file in fs::read_dir(class.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let begun = Instant::now();
            match name.split('-').next().unwrap() {
                "tiff_input" => read_tiff(&bytes),
                "t4_decode" => decode_page(&bytes),
                "pdf_inspect" => drop(inspect(&bytes)),
                other => panic!("{other} of {name} is no target"),
            }
            assert!(begun.elapsed() < PATIENCE, "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 8, "only {seen} inputs are there");
}

fn read_tiff(bytes: &[u8]) {
    let limits = Limits::default();
    let drawing = Drawing {
        resolution: Resolution::Fine,
        width_max: PageWidth::A3,
        mode: ToneMode::default(),
        fit: PageFit::default(),
        limits: &limits,
    };
    let mut pages = 0;
    let outcome = tiff_fax_pages(Cursor::new(bytes), drawing, &mut |_, _| {
        pages += 1;
        Ok(())
    });
    assert!(outcome.is_err() || pages > 0);
    if let Ok(pages) = FaxTiffReader::from_bytes(bytes, &limits) {
        assert!(
            pages
                .map_while(Result::ok)
                .all(|page| page.bitmap.rows() > 0)
        );
    }
}

/// As the target of that name reads it.
fn decode_page(bytes: &[u8]) {
    let ([how, rows, high, low], data) = bytes.split_first_chunk().unwrap();
    let options = DecodeOptions {
        coding: [Coding::Mh, Coding::Mr { k: 4 }, Coding::Mmr][usize::from(how % 3)],
        bit_order: if how & 8 == 0 {
            BitOrder::MsbFirst
        } else {
            BitOrder::LsbFirst
        },
        row_align: if how & 16 == 0 {
            RowAlign::Packed
        } else {
            RowAlign::Byte
        },
        width: u32::from(u16::from_be_bytes([*high, *low])),
        rows: (how & 32 != 0).then_some(u32::from(*rows)),
        rows_max: 2000,
        bytes_max: 4 << 20,
    };
    let decoded = decode_on(CodecPath::portable(), data, &options);
    for path in CodecPath::all() {
        assert!(decoded == decode_on(path, data, &options), "{path:?}");
    }
}
