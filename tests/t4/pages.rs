//! Pages made by code: text-like, ruled, dithered, blank, and every shape that proptest thinks of.

use faxmill::t4::{Bitmap, Coding};
use proptest::prelude::*;

/// A repeatable stream of numbers (`SplitMix64`).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end)) as u32
    }
}

/// Lines of small slanted marks, as text looks to a coder.
pub(crate) fn text(width: u32, rows: u32, seed: u64) -> Bitmap {
    let mut numbers = Numbers(seed);
    let mut canvas = Canvas::white(width, rows);
    let mut top = 20;
    while top + 30 < rows {
        let mut left = 40;
        while left + 40 < width {
            for _ in 0..=numbers.below(4) {
                let (x, height) = (left + numbers.below(12), 8 + numbers.below(18));
                let (thickness, slant) = (2 + numbers.below(4), numbers.below(3));
                for y in 0..height {
                    let shift = slant * y / 4;
                    canvas.blacken(x + shift, x + shift + thickness, top + 30 - height + y);
                }
            }
            left += 18 + numbers.below(9) + if numbers.below(6) == 0 { 20 } else { 0 };
        }
        top += 42;
    }
    canvas.into_bitmap()
}

/// Random dots of the given share, in parts of 256: nothing repeats, all codes occur.
pub(crate) fn noise(width: u32, rows: u32, share: u32, seed: u64) -> Bitmap {
    let mut numbers = Numbers(seed);
    let mut canvas = Canvas::white(width, rows);
    for y in 0..rows {
        for x in 0..width {
            if numbers.below(256) < share {
                canvas.blacken(x, x + 1, y);
            }
        }
    }
    canvas.into_bitmap()
}

/// Frames, rules and full black rows: long runs, identical rows, runs over 2623.
pub(crate) fn ruled(width: u32, rows: u32) -> Bitmap {
    let mut canvas = Canvas::white(width, rows);
    for y in 0..rows {
        if y % 40 < 3 {
            canvas.blacken(0, width, y);
        }
        canvas.blacken(0, 3.min(width), y);
        canvas.blacken(width / 3, width / 3 + 2, y);
        canvas.blacken(width.saturating_sub(1 + y % 3), width, y);
    }
    canvas.into_bitmap()
}

/// The named pages that every comparison with libtiff runs over.
pub(crate) fn all() -> Vec<(String, Bitmap)> {
    let mut pages = vec![
        ("blank".to_owned(), Bitmap::white(1728, 60)),
        (
            "black".to_owned(),
            Bitmap::from_packed(1728, vec![0xFF; 216 * 20]),
        ),
        ("long-runs".to_owned(), ruled(6000, 90)),
        ("one-pixel-wide".to_owned(), noise(1, 40, 128, 1)),
    ];
    for width in [1728, 2048, 2432, 1727, 613, 65] {
        pages.push((format!("text-{width}"), text(width, 300, u64::from(width))));
        pages.push((format!("ruled-{width}"), ruled(width, 100)));
        pages.push((format!("noise-{width}"), noise(width, 40, 100, 7)));
        pages.push((format!("sparse-{width}"), noise(width, 60, 3, 9)));
    }
    pages
}

/// Pages of every width with rows that resemble the one above, as they do in faxes.
pub(crate) fn any_page() -> impl Strategy<Value = Bitmap> {
    let width = prop_oneof![1..200u32, Just(1728), Just(2432), 1..=65535u32];
    (width, 1..12u32, any::<u64>(), 0..5u32).prop_map(|(width, rows, seed, kind)| {
        let mut numbers = Numbers(seed);
        let mut canvas = Canvas::white(width, rows);
        let mut edges: Vec<u32> = Vec::new();
        for y in 0..rows {
            match if kind == 4 { numbers.below(4) } else { kind } {
                0 => edges.clear(),
                1 => {
                    edges = (0..numbers.below(40))
                        .map(|_| numbers.below(width + 1))
                        .collect();
                }
                2 => {
                    for edge in &mut edges {
                        *edge = (*edge + numbers.below(9)).saturating_sub(4).min(width);
                    }
                    edges.push(numbers.below(width + 1));
                }
                _ => {}
            }
            edges.sort_unstable();
            for run in edges.chunks(2) {
                canvas.blacken(run[0], run.get(1).copied().unwrap_or(width), y);
            }
        }
        canvas.into_bitmap()
    })
}

pub(crate) fn any_coding() -> impl Strategy<Value = Coding> {
    prop_oneof![
        Just(Coding::Mh),
        (0..6u32).prop_map(|k| Coding::Mr { k }),
        Just(Coding::Mmr)
    ]
}

/// Something to draw runs on.
struct Canvas {
    width: u32,
    bytes: Vec<u8>,
}

impl Canvas {
    fn white(width: u32, rows: u32) -> Self {
        Self {
            width,
            bytes: vec![0; (width.div_ceil(8) * rows) as usize],
        }
    }

    fn blacken(&mut self, from: u32, to: u32, y: u32) {
        let stride = self.width.div_ceil(8);
        for x in from..to.min(self.width) {
            self.bytes[(y * stride + x / 8) as usize] |= 0x80 >> (x % 8);
        }
    }

    fn into_bitmap(self) -> Bitmap {
        Bitmap::from_packed(self.width, self.bytes)
    }
}
