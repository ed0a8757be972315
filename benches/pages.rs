//! What the codec's benches code: the ITU's charts where they are, and pages drawn by code.

use std::path::PathBuf;

use faxmill::convert::FaxTiffReader;
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;

const WIDTH: u32 = 1728;
const ROWS: u32 = 2376;

/// A white page.
pub(crate) fn blank() -> Bitmap {
    Bitmap::white(WIDTH, ROWS)
}

/// The ITU's charts 1 to 8 with their names, or drawn pages.
///
/// They are `itu/itu1.tif` to `itu8.tif` in the folder that `CORPUS` names, `../shared/corpus` when
/// unset.
pub(crate) fn charts() -> Vec<(String, Bitmap)> {
    let corpus =
        std::env::var_os("CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from);
    let charts: Vec<_> = (1..=8)
        .filter_map(|number| {
            let bytes = std::fs::read(corpus.join(format!("itu/itu{number}.tif"))).ok()?;
            let page = FaxTiffReader::from_bytes(&bytes, &Limits::default())
                .expect("a fax TIFF")
                .next()
                .expect("a page")
                .expect("a sound page");
            Some((format!("itu{number}"), page.bitmap))
        })
        .collect();
    if charts.is_empty() {
        println!("no charts in {}: drawn pages instead", corpus.display());
        return vec![("text".to_owned(), text()), ("form".to_owned(), form())];
    }
    charts
}

/// A photograph-like page by error diffusion: hardly two rows alike, short runs everywhere.
pub(crate) fn dithered() -> Bitmap {
    let mut canvas = Canvas::new();
    let width = WIDTH as usize;
    let (mut errors, mut next) = (vec![0f32; width + 2], vec![0f32; width + 2]);
    for y in 0..ROWS {
        next.fill(0.0);
        for x in 0..width {
            let (u, v) = (x as f32 / 230.0, y as f32 / 310.0);
            let grey =
                0.5 + 0.25 * (u.sin() * v.cos()) + 0.2 * ((u * 2.3 + v).sin() * (v * 1.7).sin());
            let wanted = grey + errors[x + 1];
            let is_black = wanted < 0.5;
            let error = wanted - if is_black { 0.0 } else { 1.0 };
            errors[x + 2] += error * 7.0 / 16.0;
            next[x] += error * 3.0 / 16.0;
            next[x + 1] += error * 5.0 / 16.0;
            next[x + 2] += error / 16.0;
            if is_black {
                canvas.blacken(x as u32, x as u32 + 1, y);
            }
        }
        std::mem::swap(&mut errors, &mut next);
    }
    canvas.into_bitmap()
}

/// Lines of words, each of letters made of upright, bowed and slanted strokes.
fn text() -> Bitmap {
    let mut canvas = Canvas::new();
    let mut numbers = Numbers(1);
    for line in 0..60 {
        let base = 60 + line * 36;
        let mut left = 120;
        while left < WIDTH - 140 {
            let height = if numbers.below(4) == 0 { 22 } else { 15 };
            for stroke in 0..=numbers.below(3) {
                let slant = numbers.below(3);
                for y in 0..height {
                    let x = left + stroke * 6 + y * slant / 6;
                    canvas.blacken(x, x + 3, base + 22 - height + y);
                }
            }
            left += 18 + if numbers.below(6) == 0 { 14 } else { 0 };
        }
    }
    canvas.into_bitmap()
}

/// Ruled boxes with a few words in them.
fn form() -> Bitmap {
    let mut canvas = Canvas::new();
    let mut numbers = Numbers(2);
    for y in 100..ROWS - 100 {
        if y % 90 < 3 {
            canvas.blacken(90, WIDTH - 90, y);
        }
        for x in [90, 600, 1100, WIDTH - 92] {
            canvas.blacken(x, x + 2, y);
        }
    }
    for row in 2..24 {
        for word in 0..12 {
            let left = 110 + word * 120 + numbers.below(20);
            for y in 0..20 {
                let x = left + y / 4 + numbers.below(2);
                canvas.blacken(x, x + 4, row * 90 + 30 + y);
                canvas.blacken(x + 30, x + 36, row * 90 + 30 + y);
            }
        }
    }
    canvas.into_bitmap()
}

/// A repeatable stream of numbers.
struct Numbers(u32);

impl Numbers {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % end
    }
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
