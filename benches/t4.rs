//! Coding and decoding of fax pages: pages made here, and the ITU's charts where they are.
//!
//! `FAXMILL_CORPUS` (or `CORPUS`) names a folder with `itu/*.tif`.

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faxmill::convert::FaxTiffReader;
use faxmill::limits::Limits;
use faxmill::t4::{Bitmap, Coding, DecodeOptions, EncodeOptions, decode, encode};

const WIDTH: u32 = 1728;
const ROWS: u32 = 2292;

criterion_group!(benches, encode_pages, decode_pages);
criterion_main!(benches);

fn encode_pages(criterion: &mut Criterion) {
    let pages = pages();
    for (coding, options) in codings() {
        let mut group = criterion.benchmark_group(format!("t4_encode_{coding}"));
        for (name, page) in &pages {
            group.throughput(Throughput::Bytes(page.as_bytes().len() as u64));
            group.bench_with_input(BenchmarkId::from_parameter(name), page, |bencher, page| {
                bencher.iter(|| encode(black_box(page), &options));
            });
        }
        group.finish();
    }
}

fn decode_pages(criterion: &mut Criterion) {
    let pages = pages();
    for (coding, options) in codings() {
        let mut group = criterion.benchmark_group(format!("t4_decode_{coding}"));
        for (name, page) in &pages {
            let coded = encode(page, &options);
            let options = DecodeOptions {
                rows: Some(page.rows()),
                ..DecodeOptions::new(options.coding, page.width())
            };
            group.throughput(Throughput::Bytes(page.as_bytes().len() as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(name),
                &coded,
                |bencher, coded| {
                    bencher.iter(|| decode(black_box(coded), &options).expect("a sound page"));
                },
            );
        }
        group.finish();
    }
}

fn codings() -> [(&'static str, EncodeOptions); 3] {
    [
        ("mmr", EncodeOptions::mmr()),
        (
            "mr",
            EncodeOptions {
                coding: Coding::Mr { k: 4 },
                ..EncodeOptions::mr(4)
            },
        ),
        ("mh", EncodeOptions::mh()),
    ]
}

fn pages() -> Vec<(String, Bitmap)> {
    let mut pages = vec![
        ("blank".to_owned(), Bitmap::white(WIDTH, ROWS)),
        ("text".to_owned(), text()),
        ("screen".to_owned(), screen()),
    ];
    pages.extend(itu_charts());
    pages
}

/// Lines of words, each of letters made of upright, round and slanted strokes.
fn text() -> Bitmap {
    let mut canvas = Canvas::new();
    let mut seed = 1u32;
    let mut next = |end: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % end
    };
    for line in 0..60 {
        let base = 60 + line * 36;
        let mut left = 120;
        while left < WIDTH - 140 {
            let height = if next(4) == 0 { 22 } else { 15 };
            for stroke in 0..=next(3) {
                let slant = next(3);
                for y in 0..height {
                    let bow = if next(2) == 0 { y * slant / 6 } else { slant };
                    let x = left + stroke * 6 + bow;
                    canvas.blacken(x, x + 3, base + 22 - height + y);
                }
            }
            left += 18 + if next(6) == 0 { 14 } else { 0 };
        }
    }
    canvas.into_bitmap()
}

/// A ramp through a clustered-dot screen of 8 by 8 pixels, as photographs are sent.
fn screen() -> Bitmap {
    let mut canvas = Canvas::new();
    for y in 0..ROWS {
        for x in 0..WIDTH {
            let (dx, dy) = (i64::from(x % 8) * 2 - 7, i64::from(y % 8) * 2 - 7);
            if (dx * dx + dy * dy) * i64::from(WIDTH) < 100 * i64::from(x) {
                canvas.blacken(x, x + 1, y);
            }
        }
    }
    canvas.into_bitmap()
}

fn itu_charts() -> Vec<(String, Bitmap)> {
    let named = std::env::var_os("FAXMILL_CORPUS").or_else(|| std::env::var_os("CORPUS"));
    let Some(corpus) = named else {
        return Vec::new();
    };
    (1..=8)
        .filter_map(|chart| {
            let file = Path::new(&corpus).join(format!("itu/itu{chart}.tif"));
            let bytes = std::fs::read(file).ok()?;
            let page = FaxTiffReader::from_bytes(&bytes, &Limits::default())
                .ok()?
                .next()?
                .ok()?;
            Some((format!("itu{chart}"), page.bitmap))
        })
        .collect()
}

struct Canvas(Vec<u8>);

impl Canvas {
    fn new() -> Self {
        Self(vec![0; (WIDTH / 8 * ROWS) as usize])
    }

    fn blacken(&mut self, from: u32, to: u32, y: u32) {
        for x in from..to {
            self.0[(y * (WIDTH / 8) + x / 8) as usize] |= 0x80 >> (x % 8);
        }
    }

    fn into_bitmap(self) -> Bitmap {
        Bitmap::from_packed(WIDTH, self.0)
    }
}
