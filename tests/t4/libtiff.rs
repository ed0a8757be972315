//! Byte for byte what libtiff writes, and pixel for pixel what it reads.

use std::path::{Path, PathBuf};
use std::process::Command;

use faxmill::convert::FaxTiffReader;
use faxmill::limits::Limits;
use faxmill::t4::{
    BitOrder, Bitmap, Coding, Damage, DecodeOptions, EncodeOptions, End, Eol, decode, encode,
};

use crate::pages::{all, text};
use crate::plain_tiff::{only_strip, write};

/// What to ask of tiffcp, and what it should equal.
fn variants(y_dpi: u32) -> Vec<(&'static [&'static str], EncodeOptions)> {
    // libtiff: K is 4 above 150 lines an inch, else 2.
    let k = if y_dpi > 150 { 4 } else { 2 };
    let (mh, mr, mmr) = (
        EncodeOptions::mh(),
        EncodeOptions::mr(k),
        EncodeOptions::mmr(),
    );
    let lsb = BitOrder::LsbFirst;
    let fill = Eol::ByteAligned;
    vec![
        (&["-c", "g4"], mmr),
        (
            &["-c", "g4", "-f", "lsb2msb"],
            EncodeOptions {
                bit_order: lsb,
                ..mmr
            },
        ),
        (&["-c", "g3:1d"], mh),
        (
            &["-c", "g3:1d", "-f", "lsb2msb"],
            EncodeOptions {
                bit_order: lsb,
                ..mh
            },
        ),
        (&["-c", "g3:1d:fill"], EncodeOptions { eol: fill, ..mh }),
        (&["-c", "g3:2d"], mr),
        (
            &["-c", "g3:2d", "-f", "lsb2msb"],
            EncodeOptions {
                bit_order: lsb,
                ..mr
            },
        ),
        (&["-c", "g3:2d:fill"], EncodeOptions { eol: fill, ..mr }),
    ]
}

#[test]
fn generated_pages_are_coded_and_decoded_as_by_libtiff() {
    let folder = tempfile::tempdir().unwrap();
    for (name, page) in all() {
        compare(&name, &page, 196, folder.path());
    }
    compare("standard density", &text(1728, 400, 11), 98, folder.path());
}

#[test]
fn the_itu_charts_are_coded_and_decoded_as_by_libtiff() {
    let Some(charts) = itu_charts() else { return };
    let folder = tempfile::tempdir().unwrap();
    for chart in charts {
        let page = first_page(&chart);
        let plain = folder.path().join("chart.tif");
        run("tiffcp", &["-c", "none", text_of(&chart), text_of(&plain)]);
        assert!(
            page == first_page(&plain),
            "{}: other pixels",
            chart.display()
        );
        compare(&chart.display().to_string(), &page, 196, folder.path());
    }
}

#[test]
fn raw_fax_data_with_rtc_is_read_by_fax2tiff() {
    let folder = tempfile::tempdir().unwrap();
    let page = text(1728, 600, 21);
    let (raw, tiff) = (
        folder.path().join("page.g3"),
        folder.path().join("page.tif"),
    );
    for (flags, options) in [
        (
            &["-3", "-1", "-P", "-M"][..],
            EncodeOptions {
                end_of_block: true,
                ..EncodeOptions::mh()
            },
        ),
        (
            &["-3", "-2", "-P", "-M"],
            EncodeOptions {
                end_of_block: true,
                ..EncodeOptions::mr(4)
            },
        ),
        (
            &["-3", "-1", "-A", "-L"],
            EncodeOptions {
                end_of_block: true,
                eol: Eol::ByteAligned,
                bit_order: BitOrder::LsbFirst,
                ..EncodeOptions::mh()
            },
        ),
    ] {
        std::fs::write(&raw, encode(&page, &options)).unwrap();
        let mut arguments = flags.to_vec();
        arguments.extend(["-8", "-m", "-o", text_of(&tiff), text_of(&raw)]);
        run("fax2tiff", &arguments);
        let read = first_page(&tiff);
        // fax2tiff takes the RTC for more rows: they follow the page's own.
        assert!(read.rows() >= page.rows(), "{flags:?}");
        assert_eq!(
            &read.as_bytes()[..page.as_bytes().len()],
            page.as_bytes(),
            "{flags:?}"
        );
    }
}

fn compare(name: &str, page: &Bitmap, y_dpi: u32, folder: &Path) {
    let (plain, coded) = (folder.join("plain.tif"), folder.join("coded.tif"));
    std::fs::write(&plain, write(page, y_dpi)).expect("a temporary file");
    for (arguments, options) in variants(y_dpi) {
        let rows = page.rows().to_string();
        let mut arguments = arguments.to_vec();
        arguments.extend(["-r", &rows, text_of(&plain), text_of(&coded)]);
        run("tiffcp", &arguments);
        let file = std::fs::read(&coded).expect("a temporary file");
        let theirs = only_strip(&file);
        let ours = encode(page, &options);
        assert!(
            ours == theirs,
            "{name} {arguments:?}: {} bytes, libtiff {}",
            ours.len(),
            theirs.len()
        );

        for rows in [None, Some(page.rows())] {
            let decoded = decode(
                theirs,
                &DecodeOptions {
                    bit_order: options.bit_order,
                    rows,
                    ..DecodeOptions::new(options.coding, page.width())
                },
            );
            let decoded = decoded.expect("a page of libtiff's");
            assert!(
                decoded.bitmap == *page,
                "{name} {arguments:?}: other pixels"
            );
            assert_eq!(decoded.damage, Damage::default());
            assert_eq!(
                decoded.end,
                match (rows, options.coding) {
                    (Some(_), _) => End::RowCount,
                    (None, Coding::Mmr) => End::EndOfBlock,
                    (None, _) => End::EndOfData,
                }
            );
        }
    }
}

fn first_page(path: &Path) -> Bitmap {
    let bytes = std::fs::read(path).expect("a readable file");
    let mut pages = FaxTiffReader::from_bytes(&bytes, &Limits::default()).expect("a TIFF");
    pages
        .next()
        .expect("the file has a page")
        .expect("a sound page")
        .bitmap
}

/// Runs one of libtiff's tools, whose absence or failure fails the test.
fn run(tool: &str, arguments: &[&str]) {
    let output = Command::new(tool)
        .args(arguments)
        .output()
        .expect("libtiff-tools is installed");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{tool} {arguments:?}: {complaints}"
    );
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

/// The ITU's charts, where the machine has the corpus; they are not part of the repository.
fn itu_charts() -> Option<Vec<PathBuf>> {
    let corpus = std::env::var_os("FAXMILL_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
    let folder = std::fs::read_dir(Path::new(&corpus).join("itu")).ok()?;
    let mut charts: Vec<_> = folder
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    charts.retain(|path| path.extension().is_some_and(|extension| extension == "tif"));
    charts.sort();
    Some(charts)
}
