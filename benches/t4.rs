//! Coding and decoding of fax pages on every path of the machine: a page of each kind, and the
//! ITU's charts where they are.

mod pages;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faxmill::t4::{Bitmap, DecodeOptions, EncodeOptions, Path, decode_on, encode_on};

criterion_group!(benches, encode_pages, decode_pages);
criterion_main!(benches);

fn encode_pages(criterion: &mut Criterion) {
    let pages = all_pages();
    for (coding, options) in codings() {
        for path in Path::all() {
            let mut group = criterion.benchmark_group(format!("t4_encode_{coding}_{}", name(path)));
            for (name, page) in &pages {
                group.throughput(Throughput::Bytes(page.as_bytes().len() as u64));
                group.bench_with_input(BenchmarkId::from_parameter(name), page, |bencher, page| {
                    bencher.iter(|| encode_on(path, black_box(page), &options));
                });
            }
            group.finish();
        }
    }
}

fn decode_pages(criterion: &mut Criterion) {
    let pages = all_pages();
    for (coding, options) in codings() {
        for path in Path::all() {
            let mut group = criterion.benchmark_group(format!("t4_decode_{coding}_{}", name(path)));
            for (name, page) in &pages {
                let coded = encode_on(path, page, &options);
                let known = DecodeOptions {
                    rows: Some(page.rows()),
                    ..DecodeOptions::new(options.coding, page.width())
                };
                group.throughput(Throughput::Bytes(page.as_bytes().len() as u64));
                group.bench_with_input(
                    BenchmarkId::from_parameter(name),
                    &coded,
                    |bencher, coded| {
                        bencher.iter(|| {
                            decode_on(path, black_box(coded), &known).expect("a sound page")
                        });
                    },
                );
            }
            group.finish();
        }
    }
}

fn codings() -> [(&'static str, EncodeOptions); 3] {
    [
        ("mmr", EncodeOptions::mmr()),
        ("mr", EncodeOptions::mr(4)),
        ("mh", EncodeOptions::mh()),
    ]
}

fn name(path: Path) -> String {
    format!("{path:?}").to_lowercase()
}

fn all_pages() -> Vec<(String, Bitmap)> {
    let mut pages = vec![
        ("blank".to_owned(), pages::blank()),
        ("dithered".to_owned(), pages::dithered()),
    ];
    pages.extend(pages::charts());
    pages
}
