//! Files that we write: libtiff reads them without a word of warning, and so do we.

use std::io::Cursor;

use faxmill::convert::{FaxPage, FaxTiffReader, FaxTiffWriter, page_digest};
use faxmill::limits::Limits;
use faxmill::t4::{BitOrder, Bitmap, Coding, Damage, EncodeOptions, Eol};
use faxmill::units::Resolution;

use crate::pages::{ruled, text};
use crate::tools::{run_quietly, text_of};

fn three_pages() -> Vec<(Bitmap, Resolution)> {
    vec![
        (text(1728, 1100, 1), Resolution::Standard),
        (text(2048, 2300, 2), Resolution::Fine),
        (ruled(2432, 4000), Resolution::Superfine),
    ]
}

fn write(pages: &[(Bitmap, Resolution)], options: &EncodeOptions) -> Vec<u8> {
    let mut writer = FaxTiffWriter::new(Cursor::new(Vec::new())).expect("memory can be written");
    for (bitmap, resolution) in pages {
        let page = FaxPage {
            bitmap,
            resolution: *resolution,
        };
        writer
            .page_coded(&page, options)
            .expect("memory can be written");
    }
    writer.finish().expect("memory can be written").into_inner()
}

#[test]
fn tiffinfo_describes_every_field_and_warns_of_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fax.tif");
    std::fs::write(&file, write(&three_pages(), &EncodeOptions::mmr())).unwrap();
    let told = run_quietly("tiffinfo", &[text_of(&file)]);
    let pages: Vec<&str> = told.split("TIFF Directory").skip(1).collect();
    let expected = [(1728, 1100, 98), (2048, 2300, 196), (2432, 4000, 391)];
    assert_eq!(pages.len(), expected.len());
    for (index, (page, (width, rows, y_dpi))) in pages.iter().zip(expected).enumerate() {
        for line in [
            "Subfile Type: multi-page document (2 = 0x2)".to_owned(),
            format!("Image Width: {width} Image Length: {rows}"),
            format!("Resolution: 204, {y_dpi} pixels/inch"),
            "Bits/Sample: 1".to_owned(),
            "Compression Scheme: CCITT Group 4".to_owned(),
            "Photometric Interpretation: min-is-white".to_owned(),
            "FillOrder: msb-to-lsb".to_owned(),
            "Orientation: row 0 top, col 0 lhs".to_owned(),
            "Samples/Pixel: 1".to_owned(),
            format!("Rows/Strip: {rows}"),
            format!("Page Number: {index}-3"),
            "Software: Faxmill".to_owned(),
            "Fax Data: clean".to_owned(),
        ] {
            assert!(
                page.contains(&line),
                "page {index} lacks \"{line}\":\n{page}"
            );
        }
    }
}

#[test]
fn libtiff_decodes_every_coding_to_our_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let pages = three_pages();
    let mmr = EncodeOptions::mmr();
    for (name, options) in [
        ("mmr", mmr),
        (
            "mmr-lsb",
            EncodeOptions {
                bit_order: BitOrder::LsbFirst,
                ..mmr
            },
        ),
        ("mh", EncodeOptions::mh()),
        (
            "mh-fill",
            EncodeOptions {
                eol: Eol::ByteAligned,
                ..EncodeOptions::mh()
            },
        ),
        ("mh-bytes", EncodeOptions::mh_byte_aligned()),
        ("mr", EncodeOptions::mr(4)),
        (
            "mr-fill-lsb",
            EncodeOptions {
                eol: Eol::ByteAligned,
                bit_order: BitOrder::LsbFirst,
                ..EncodeOptions::mr(2)
            },
        ),
    ] {
        let file = folder.path().join(format!("{name}.tif"));
        let plain = folder.path().join(format!("{name}-plain.tif"));
        std::fs::write(&file, write(&pages, &options)).unwrap();
        run_quietly("tiffcp", &["-c", "none", text_of(&file), text_of(&plain)]);
        for path in [&file, &plain] {
            let bytes = std::fs::read(path).unwrap();
            let read: Vec<_> = FaxTiffReader::from_bytes(&bytes, &Limits::default())
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            assert_eq!(read.len(), 3);
            for (index, (page, (bitmap, resolution))) in read.iter().zip(&pages).enumerate() {
                assert_eq!(
                    page_digest(&page.bitmap),
                    page_digest(bitmap),
                    "{name} page {index}"
                );
                assert_eq!(page.resolution(), Some(*resolution), "{name} page {index}");
                assert_eq!(page.damage, Damage::default());
                assert_eq!(page.page_number, Some((index as u16, 3)));
            }
        }
    }
}

#[test]
fn the_digest_tells_pages_apart_by_shape_and_pixels() {
    let wide = Bitmap::white(1728, 8);
    let narrow = Bitmap::white(864, 16);
    assert_eq!(wide.as_bytes(), narrow.as_bytes());
    assert_ne!(page_digest(&wide), page_digest(&narrow));
    assert_eq!(page_digest(&wide), page_digest(&wide.clone()));
    assert_eq!(page_digest(&wide).len(), 64);
}

#[test]
fn the_digest_is_that_of_the_strip_that_libtiff_makes() {
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs] = ["ours.tif", "theirs.tif"].map(|name| folder.path().join(name));
    let pages = [(text(1728, 500, 9), Resolution::Fine)];
    std::fs::write(&ours, write(&pages, &EncodeOptions::mh())).unwrap();
    let to_one_strip = ["-c", "g4", "-r", "500", text_of(&ours), text_of(&theirs)];
    run_quietly("tiffcp", &to_one_strip);
    let file = std::fs::read(&theirs).unwrap();
    let mut tiff = tiff::decoder::Decoder::new(Cursor::new(&file)).unwrap();
    let mut number = |tag| tiff.get_tag_u32(tag).unwrap() as usize;
    let start = number(tiff::tags::Tag::StripOffsets);
    let length = number(tiff::tags::Tag::StripByteCounts);
    let head = [1728u32.to_be_bytes(), 500u32.to_be_bytes()].concat();
    let hashed = folder.path().join("hashed");
    std::fs::write(&hashed, [&head, &file[start..][..length]].concat()).unwrap();
    let sum = run_quietly("sha256sum", &[text_of(&hashed)]);
    assert!(sum.starts_with(&page_digest(&pages[0].0)), "{sum}");
}

#[test]
fn a_page_can_be_stored_from_its_coded_strip() {
    let page = text(1728, 500, 4);
    let options = EncodeOptions::mmr();
    let strip = faxmill::t4::encode(&page, &options);
    let mut writer = FaxTiffWriter::new(Cursor::new(Vec::new())).unwrap();
    writer
        .page_from_strip(&strip, 1728, 500, Resolution::Fine, &options)
        .unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(bytes, write(&[(page.clone(), Resolution::Fine)], &options));
    let read = FaxTiffReader::from_bytes(&bytes, &Limits::default())
        .unwrap()
        .next()
        .unwrap();
    let read = read.unwrap();
    assert_eq!(read.bitmap, page);
    assert_eq!(read.coding, Some(Coding::Mmr));
}

#[test]
fn widths_that_no_fax_machine_has_and_faxes_without_pages_are_refused() {
    let mut writer = FaxTiffWriter::new(Cursor::new(Vec::new())).unwrap();
    let bitmap = text(1700, 100, 1);
    let refused = writer.page(&FaxPage {
        bitmap: &bitmap,
        resolution: Resolution::Fine,
    });
    assert_eq!(refused.unwrap_err().code(), "document-unsupported");
    assert_eq!(writer.pages(), 0);
    assert_eq!(writer.finish().unwrap_err().code(), "document-invalid");
}
