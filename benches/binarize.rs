//! From grey levels to black and white: every way of it, by every set of instructions that this
//! machine has.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxmill::convert::{GrayPage, Hints, Instructions, PageSource, Region, binarize_with};
use faxmill::units::{Resolution, ToneMode};

criterion_group!(benches, ways);
criterion_main!(benches);

const WIDTH: u32 = 1728;
const ROWS: u32 = 2200;

/// A way of making a page black and white, and a page that takes it.
struct Way {
    name: &'static str,
    mode: ToneMode,
    resolution: Resolution,
    hints: Hints,
    levels: Vec<u8>,
}

impl Way {
    fn new(name: &'static str, mode: ToneMode, levels: Vec<u8>) -> Self {
        Self {
            name,
            mode,
            resolution: Resolution::Fine,
            hints: Hints::default(),
            levels,
        }
    }
}

fn ways(criterion: &mut Criterion) {
    let text = || page(0.0, |_, _| 255, 0, 0);
    let photograph = Region {
        left: 200,
        top: 1000,
        right: 1500,
        bottom: 1900,
    };
    let mut hairlines = Way::new("hairlines", ToneMode::Text, text());
    hairlines.resolution = Resolution::Standard;
    let mut pictured = Way::new(
        "text_and_photograph",
        ToneMode::Auto,
        page(0.0, shades, 0, 0),
    );
    pictured.hints.images = vec![photograph];
    let mut paper = Way::new(
        "paper",
        ToneMode::Auto,
        page(0.0, |x, y| 240 - (x + y) / 40, 60, 9),
    );
    paper.hints.source = PageSource::Scanned;
    let skewed = page(0.02, |x, y| 240 - (x + y) / 40, 60, 9);
    let ways = [
        Way::new("threshold", ToneMode::Text, text()),
        Way::new("screen", ToneMode::Photo, page(0.0, shades, 0, 0)),
        Way::new("black_ink", ToneMode::Auto, text()),
        Way::new(
            "pale_ink_and_shaded_ground",
            ToneMode::Auto,
            page(0.0, grounds, 120, 0),
        ),
        hairlines,
        pictured,
        paper,
        Way::new("skewed_paper", ToneMode::Scan, skewed),
    ];
    let mut group = criterion.benchmark_group("binarize_1728x2200");
    group.throughput(Throughput::Bytes(u64::from(WIDTH * ROWS)));
    for way in &ways {
        for instructions in Instructions::all() {
            group.bench_function(format!("{}/{instructions:?}", way.name), |bencher| {
                bencher.iter(|| {
                    let page = GrayPage::new(black_box(&way.levels), WIDTH, WIDTH as usize);
                    binarize_with(instructions, page, way.mode, way.resolution, &way.hints)
                });
            });
        }
    }
    group.finish();
}

/// Lines of strokes as wide and far apart as those of letters, falling by so many rows a column, in
/// ink of a level on ground of levels, with noise up to a level either way.
fn page(fall: f64, ground: impl Fn(u32, u32) -> u32, ink: u32, noise: u32) -> Vec<u8> {
    let mut random = 1u32;
    let pixel = |at: u32| {
        let (x, y) = (at % WIDTH, at / WIDTH);
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let line = (f64::from(y) - f64::from(x) * fall).rem_euclid(44.0);
        let is_ink = (150..1580).contains(&x) && line < 22.0 && x % 9 < 3 && x % 97 < 80;
        let level = if is_ink { ink } else { ground(x, y) };
        (level + (random >> 24) * 2 * noise / 255)
            .saturating_sub(noise)
            .min(255) as u8
    };
    (0..WIDTH * ROWS).map(pixel).collect()
}

fn shades(x: u32, y: u32) -> u32 {
    let is_photograph = (200..1500).contains(&x) && (1000..1900).contains(&y);
    if is_photograph {
        40 + (x + 2 * y) % 200
    } else {
        255
    }
}

fn grounds(_: u32, y: u32) -> u32 {
    if (y / 200).is_multiple_of(2) {
        255
    } else {
        200
    }
}
