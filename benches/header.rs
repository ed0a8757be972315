//! The header line: stamped into one page, and into a whole fax as it is done before every call.

use std::fs;
use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxmill::convert::{FaxPage, FaxTiffWriter, OutgoingPages, write_outgoing};
use faxmill::header::{Header, HeaderOptions, Sender};
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;
use faxmill::units::{Resolution, UnixMillis};

criterion_group!(benches, stamp_pages, stamp_fax);
criterion_main!(benches);

const WIDTH: u32 = 1728;
const ROWS: u32 = 2287;
const PAGES: u32 = 100;

fn stamp_pages(criterion: &mut Criterion) {
    let header = header();
    let mut group = criterion.benchmark_group("header_stamp");
    for (name, margin) in [("into_the_margin", 150), ("above_the_page", 0)] {
        let page = page(margin);
        group.bench_function(name, |bencher| {
            bencher.iter(|| header.stamp(black_box(&page), Resolution::Fine, 1, PAGES));
        });
    }
    group.finish();
}

/// Decoding, stamping, coding and writing: all that a call waits for.
fn stamp_fax(criterion: &mut Criterion) {
    let fax = fax(&page(150));
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let output = folder.path().join("sent.tiff");
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("header_stamp_fax");
    group.throughput(Throughput::Elements(PAGES.into()));
    for (name, header) in [("100_pages", Some(header())), ("100_pages_without", None)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let stored = Cursor::new(&fax[..]);
                let pages = OutgoingPages::new(stored, header.clone(), PAGES, &limits);
                write_outgoing(pages.expect("the fax opens"), &output).expect("it is written")
            });
        });
    }
    group.finish();
    fs::remove_file(&output).expect("it was written");
}

fn header() -> Header {
    let options = HeaderOptions {
        name: "Example Ltd".parse().ok(),
        number: "+1 555 0199".parse().ok(),
        time_zone: "UTC".parse().ok(),
        ..HeaderOptions::default()
    };
    let sender = Sender {
        header: &HeaderOptions::default(),
        line_ident: "",
        job_ident: None,
    };
    let header = options.header(sender, "+15550100", UnixMillis(1_772_373_909_000));
    header.expect("UTC is known").expect("every page has one")
}

/// Rows of words below a white margin.
fn page(margin: u32) -> Bitmap {
    let mut page = Bitmap::white(WIDTH, margin);
    for y in margin..ROWS {
        let row: Vec<u8> = (0..WIDTH / 8)
            .map(|x| {
                let in_line = y % 40 < 22 && (12..200).contains(&x) && x % 9 != 0;
                if in_line {
                    (x * 37 + y / 4 * 11) as u8 & 0x3C
                } else {
                    0
                }
            })
            .collect();
        page.push_row(&row);
    }
    page
}

fn fax(page: &Bitmap) -> Vec<u8> {
    let mut writer = FaxTiffWriter::new(Cursor::new(Vec::new())).expect("memory takes it");
    let resolution = Resolution::Fine;
    for _ in 0..PAGES {
        let page = FaxPage {
            bitmap: page,
            resolution,
        };
        writer.page(&page).expect("memory takes it");
    }
    writer.finish().expect("memory takes it").into_inner()
}
