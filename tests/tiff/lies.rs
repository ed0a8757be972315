//! Truncated, lying and oversized files are refused for a named reason, in bounded time and memory.

use faxmill::convert::{ConvertError, FaxTiffReader};
use faxmill::limits::Limits;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::builder::Builder;
use crate::pages::text;
use crate::plain_tiff;
use crate::tools::{read_pages, run_quietly, text_of};

fn refusal(file: &[u8], limits: &Limits) -> ConvertError {
    read_pages(file, limits).1.expect_err("the file is refused")
}

/// A small page in each of the ways that are read by different code.
fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = folder.path().join("plain.tif");
    std::fs::write(&plain, plain_tiff::write(&text(200, 90, 1), 196)).expect("a temporary file");
    let mut samples: Vec<_> = ["none", "lzw", "zip", "packbits", "g4", "g3:1d", "g3:2d"]
        .into_iter()
        .map(|compression| {
            let stored = folder.path().join("stored.tif");
            let arguments = [
                "-c",
                compression,
                "-r",
                "40",
                text_of(&plain),
                text_of(&stored),
            ];
            run_quietly("tiffcp", &arguments);
            (
                compression.to_owned(),
                std::fs::read(&stored).expect("a temporary file"),
            )
        })
        .collect();
    let colours = (0..=255).cycle().take(40 * 30 * 3).collect();
    let rgb = folder.path().join("rgb.tif");
    std::fs::write(
        &rgb,
        Builder::new((40, 30), &[8, 8, 8], 2, colours).into_file(),
    )
    .expect("a temporary file");
    for (name, arguments) in [
        ("jpeg", &["-c", "jpeg"][..]),
        ("planar", &["-c", "lzw", "-p", "separate"]),
        ("tiles", &["-c", "zip", "-t", "-w", "16", "-l", "16"]),
    ] {
        let stored = folder.path().join("stored.tif");
        let mut arguments = arguments.to_vec();
        arguments.extend([text_of(&rgb), text_of(&stored)]);
        run_quietly("tiffcp", &arguments);
        samples.push((
            name.to_owned(),
            std::fs::read(&stored).expect("a temporary file"),
        ));
    }
    samples
}

#[test]
fn a_file_cut_anywhere_is_invalid_or_still_whole() {
    for (name, file) in samples() {
        let (whole, outcome) = read_pages(&file, &Limits::default());
        assert_eq!(outcome.expect("the whole file is read"), 1, "{name}");
        for cut in (0..file.len()).step_by(3) {
            let (pages, outcome) = read_pages(&file[..cut], &Limits::default());
            match outcome {
                // Only the link after the last directory, or padding, was lost.
                Ok(_) => assert_eq!(pages, whole, "{name} cut at {cut}"),
                Err(ConvertError::Empty) => assert_eq!(cut, 0),
                Err(error) => assert_eq!(error.code(), "document-invalid", "{name} cut at {cut}"),
            }
        }
    }
}

#[test]
fn a_strip_that_lies_about_its_place_or_length_is_invalid() {
    let page = text(64, 40, 2);
    let honest = Builder::new((64, 40), &[1], 0, page.as_bytes().to_vec());
    for lie in [
        honest.clone().with(273, &[u32::MAX]),
        honest.clone().with(279, &[10]),
        honest.clone().with(257, &[41]).with(278, &[41]),
        honest.clone().with(278, &[10]),
        honest
            .clone()
            .with(278, &[20])
            .with(273, &[8, 8])
            .with(279, &[u32::MAX, u32::MAX]),
        honest.clone().with(256, &[0]),
    ] {
        let error = refusal(&lie.into_file(), &Limits::default());
        assert_eq!(error.code(), "document-invalid", "{error}");
    }
}

#[test]
fn coded_rows_that_are_fewer_than_told_are_invalid() {
    let page = text(1728, 100, 2);
    let coded = faxmill::t4::encode(&page, &faxmill::t4::EncodeOptions::mmr());
    let file = Builder::new((1728, 200), &[1], 0, coded)
        .with(259, &[4])
        .into_file();
    let error = refusal(&file, &Limits::default());
    assert_eq!(
        error.to_string(),
        "the document cannot be read: an image's data ends after row 100"
    );
}

#[test]
fn a_page_of_broken_rows_is_invalid_to_send_but_told_when_received() {
    let page = crate::pages::noise(1728, 100, 40, 5);
    let mut coded = faxmill::t4::encode(&page, &faxmill::t4::EncodeOptions::mh());
    for byte in coded.iter_mut().skip(200).step_by(211) {
        *byte ^= 0x55;
    }
    let file = Builder::new((1728, 100), &[1], 0, coded)
        .with(259, &[3])
        .into_file();
    let error = refusal(&file, &Limits::default());
    assert!(
        error
            .to_string()
            .contains("of an image's 100 rows are broken"),
        "{error}"
    );
    let page = FaxTiffReader::from_bytes(&file, &Limits::default())
        .unwrap()
        .next()
        .unwrap();
    let damage = page.expect("a received page is shown as it is").damage;
    assert!(
        damage.bad_rows > 10 && damage.longest_bad_run < damage.bad_rows,
        "{damage:?}"
    );
}

#[test]
fn limits_are_named_in_the_refusal() {
    let page = Builder::new((640, 480), &[8], 1, vec![200; 640 * 480]).into_file();
    let limits = Limits {
        image_pixels_max: 640 * 479,
        ..Limits::default()
    };
    let error = refusal(&page, &limits);
    assert!(matches!(
        error,
        ConvertError::TooLarge {
            value: 307_200,
            limit: 306_560,
            ..
        }
    ));
    let limits = Limits {
        document_bytes_max: 1000,
        ..Limits::default()
    };
    assert_eq!(refusal(&page, &limits).code(), "document-too-large");
    let rows = Builder::new((8, 1 << 30), &[1], 0, vec![0; 10])
        .with(259, &[4])
        .into_file();
    assert_eq!(
        refusal(&rows, &Limits::default()).code(),
        "document-too-large"
    );
    let claimed = Builder::new((65_535, 65_535), &[8, 8, 8], 2, vec![0; 9]).into_file();
    assert_eq!(
        refusal(&claimed, &Limits::default()).code(),
        "document-too-large"
    );

    let folder = tempfile::tempdir().unwrap();
    let (one, three) = (folder.path().join("1.tif"), folder.path().join("3.tif"));
    std::fs::write(&one, &page).unwrap();
    run_quietly(
        "tiffcp",
        &[text_of(&one), text_of(&one), text_of(&one), text_of(&three)],
    );
    let limits = Limits {
        document_pages_max: 2,
        ..Limits::default()
    };
    let (pages, outcome) = read_pages(&std::fs::read(&three).unwrap(), &limits);
    assert_eq!(pages.len(), 0);
    assert!(matches!(
        outcome,
        Err(ConvertError::TooManyPages { pages: 3, limit: 2 })
    ));
}

#[test]
fn directories_in_a_loop_are_read_once() {
    let mut file = Builder::new((8, 1), &[1], 0, vec![0]).into_file();
    let link = 8 + 2 + usize::from(u16::from_le_bytes([file[8], file[9]])) * 12;
    file[link] = 8;
    let (pages, outcome) = read_pages(&file, &Limits::default());
    assert_eq!(pages.len(), 1);
    assert_eq!(outcome.unwrap(), 1);
}

#[test]
fn a_jpeg_strip_that_claims_a_huge_frame_is_invalid() {
    let (_, mut file) = samples()
        .into_iter()
        .find(|(name, _)| name == "jpeg")
        .unwrap();
    let frame = file
        .windows(4)
        .rposition(|bytes| bytes == [0xFF, 0xC0, 0x00, 0x11])
        .unwrap();
    file[frame + 5..frame + 9].fill(0xFF);
    let error = refusal(&file, &Limits::default());
    assert!(
        error.to_string().contains("larger than its image"),
        "{error}"
    );
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let complex = Builder::new((2, 1), &[64], 1, vec![0; 16]).with(339, &[6]);
    let five_six_five = Builder::new((2, 1), &[5, 6, 5], 2, vec![0; 4]);
    let array = Builder::new((2, 1), &[8], 32_803, vec![0; 4]);
    let jbig = Builder::new((8, 1), &[1], 0, vec![0; 4]).with(259, &[34_661]);
    let words = Builder::new((8, 1), &[1], 0, vec![0; 4]).with(259, &[32_771]);
    for (file, words) in [
        (complex, "64 bits in format 6"),
        (five_six_five, "different depths"),
        (array, "interpretation 32803"),
        (jbig, "JBIG"),
        (words, "CCITT RLE on words"),
    ] {
        let error = refusal(&file.into_file(), &Limits::default());
        assert_eq!(error.code(), "document-unsupported", "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let no_palette = Builder::new((4, 1), &[2], 3, vec![0]).into_file();
    assert_eq!(
        refusal(&no_palette, &Limits::default()).code(),
        "document-invalid"
    );
    assert_eq!(refusal(b"", &Limits::default()).code(), "document-empty");
    assert_eq!(
        refusal(b"%PDF-1.7 and so on", &Limits::default()).code(),
        "not-a-document"
    );
}

#[test]
fn files_with_flipped_bytes_are_read_or_refused() {
    let limits = Limits {
        image_pixels_max: 1_000_000,
        ..Limits::default()
    };
    let samples = samples();
    let hits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    let strategy = (0..samples.len(), any::<bool>(), hits);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 3000,
        ..ProptestConfig::default()
    });
    runner
        .run(&strategy, |(which, head_only, hits)| {
            let mut file = samples[which].1.clone();
            for (at, byte) in hits {
                let end = if head_only {
                    file.len().min(300)
                } else {
                    file.len()
                };
                *at.get_mut(&mut file[..end]) = byte;
            }
            let (pages, outcome) = read_pages(&file, &limits);
            match outcome {
                Ok(count) => prop_assert_eq!(pages.len(), count as usize),
                Err(error) => prop_assert!(!matches!(error, ConvertError::Io(_)), "{}", error),
            }
            if let Ok(reader) = FaxTiffReader::from_bytes(&file, &limits) {
                for page in reader.map_while(Result::ok) {
                    prop_assert!(page.bitmap.as_bytes().len() <= 1_000_000 / 8 + 1);
                }
            }
            Ok(())
        })
        .unwrap();
}
