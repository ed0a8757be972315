//! Images brought to fax geometry: turned, scaled by a triangle filter, binarized.
//!
//! Works row by row: of an image of any size only as many rows are held as reach into one row of
//! the result.

use std::collections::VecDeque;

use super::layout::{Layout, Turn};
use crate::t4::Bitmap;

/// Darkness from which a pixel of a resampled bilevel image is black, when pixels are halved in
/// each direction or more. Strokes that were one pixel wide would fall below one half and vanish.
const BILEVEL_DARKNESS_MIN: f32 = 0.25;

/// An image to be brought to fax geometry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Image<'a> {
    /// Black and white.
    Bilevel(&'a Bitmap),
    /// Eight bits a pixel, 0 black, rows without padding.
    Gray {
        width: u32,
        height: u32,
        levels: &'a [u8],
    },
}

impl Image<'_> {
    pub(crate) fn width(&self) -> u32 {
        match self {
            Self::Bilevel(bitmap) => bitmap.width(),
            Self::Gray { width, .. } => *width,
        }
    }

    pub(crate) fn height(&self) -> u32 {
        match self {
            Self::Bilevel(bitmap) => bitmap.rows(),
            Self::Gray { height, .. } => *height,
        }
    }

    /// Darkness of one pixel, from 0 (white) to 1.
    fn darkness(&self, x: u32, y: u32) -> f32 {
        match self {
            Self::Bilevel(bitmap) => f32::from(u8::from(bitmap.is_black(x, y))),
            Self::Gray { width, levels, .. } => {
                let level = levels[y as usize * *width as usize + x as usize];
                f32::from(255 - level) / 255.0
            }
        }
    }
}

/// Brings an image to its layout. Grey levels below `threshold` become black.
///
/// # Panics
///
/// If a grey image has fewer levels than pixels, or no pixels.
pub(crate) fn resample(image: Image<'_>, layout: Layout, threshold: u8) -> Bitmap {
    let turned = Turned {
        image,
        turn: layout.turn,
    };
    let columns = Taps::new(turned.width(), layout.drawn_width);
    let lines = Taps::new(turned.height(), layout.rows);
    let darkness_min = match image {
        Image::Gray { .. } => 1.0 - (f32::from(threshold) - 0.5) / 255.0,
        Image::Bilevel(_) => {
            (0.45 / columns.reduction.max(lines.reduction)).clamp(BILEVEL_DARKNESS_MIN, 0.5)
        }
    };
    let width = layout.width.pixels();
    let mut bitmap = Bitmap::white(width, 0);
    let mut held = HeldRows::new(turned);
    let mut row = vec![0.0; layout.drawn_width as usize];
    let mut packed = vec![0; width.div_ceil(8) as usize];
    for line in &lines.of {
        row.fill(0.0);
        for (y, &weight) in (line.first..).zip(&line.weights) {
            for (sum, part) in row.iter_mut().zip(held.row(y, &columns)) {
                *sum += weight * part;
            }
        }
        held.forget_before(line.first);
        pack(&row, layout.left, darkness_min, &mut packed);
        bitmap.push_row(&packed);
    }
    bitmap
}

/// Packs a row of darkness into a scan line from column `left` on.
fn pack(row: &[f32], left: u32, darkness_min: f32, packed: &mut [u8]) {
    packed.fill(0);
    for (x, &darkness) in (left as usize..).zip(row) {
        if darkness >= darkness_min {
            packed[x / 8] |= 0x80 >> (x % 8);
        }
    }
}

/// An image seen as it lies on the fax page.
#[derive(Clone, Copy)]
struct Turned<'a> {
    image: Image<'a>,
    turn: Turn,
}

impl Turned<'_> {
    fn width(&self) -> u32 {
        match self.turn {
            Turn::Upright => self.image.width(),
            Turn::Quarter => self.image.height(),
        }
    }

    fn height(&self) -> u32 {
        match self.turn {
            Turn::Upright => self.image.height(),
            Turn::Quarter => self.image.width(),
        }
    }

    fn darkness(&self, x: u32, y: u32) -> f32 {
        match self.turn {
            Turn::Upright => self.image.darkness(x, y),
            Turn::Quarter => self.image.darkness(self.image.width() - 1 - y, x),
        }
    }
}

/// Rows of the source, scaled in width, as long as rows of the result need them.
struct HeldRows<'a> {
    source: Turned<'a>,
    /// The source's row that is first in `rows`.
    first: u32,
    rows: VecDeque<Vec<f32>>,
    line: Vec<f32>,
}

impl<'a> HeldRows<'a> {
    fn new(source: Turned<'a>) -> Self {
        Self {
            source,
            first: 0,
            rows: VecDeque::new(),
            line: vec![0.0; source.width() as usize],
        }
    }

    /// Row `y`, which must not lie before a row that was forgotten.
    fn row(&mut self, y: u32, columns: &Taps) -> &[f32] {
        while self.first + self.rows.len() as u32 <= y {
            let next = self.first + self.rows.len() as u32;
            for (x, darkness) in (0..).zip(&mut self.line) {
                *darkness = self.source.darkness(x, next);
            }
            self.rows.push_back(columns.apply(&self.line));
        }
        &self.rows[(y - self.first) as usize]
    }

    fn forget_before(&mut self, y: u32) {
        while self.first < y && self.rows.pop_front().is_some() {
            self.first += 1;
        }
    }
}

/// What each pixel of a scaled line is made of.
struct Taps {
    of: Vec<Tap>,
    /// Source pixels for each pixel of the result.
    reduction: f32,
}

/// Source pixels from `first` on, with weights whose sum is 1.
struct Tap {
    first: u32,
    weights: Vec<f32>,
}

impl Taps {
    /// A triangle filter: each pixel of the result draws on the source up to one pixel of the
    /// coarser of the two grids away from its centre.
    fn new(source: u32, result: u32) -> Self {
        let reduction = f64::from(source) / f64::from(result);
        let radius = reduction.max(1.0);
        let tap = |index: u32| {
            let centre = (f64::from(index) + 0.5) * reduction;
            let first = (centre - radius).floor().max(0.0) as u32;
            let last = ((centre + radius).ceil() as u32).min(source);
            let weights: Vec<f64> = (first..last)
                .map(|pixel| (1.0 - (f64::from(pixel) + 0.5 - centre).abs() / radius).max(0.0))
                .collect();
            let sum: f64 = weights.iter().sum();
            Tap {
                first,
                weights: weights.iter().map(|weight| (weight / sum) as f32).collect(),
            }
        };
        Self {
            of: (0..result).map(tap).collect(),
            reduction: reduction as f32,
        }
    }

    fn apply(&self, line: &[f32]) -> Vec<f32> {
        self.of
            .iter()
            .map(|tap| {
                line[tap.first as usize..]
                    .iter()
                    .zip(&tap.weights)
                    .map(|(darkness, weight)| darkness * weight)
                    .sum()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::PageWidth;

    fn layout(drawn_width: u32, rows: u32, turn: Turn) -> Layout {
        Layout {
            width: PageWidth::A4,
            rows,
            turn,
            left: (1728 - drawn_width) / 2,
            drawn_width,
        }
    }

    #[test]
    fn strokes_of_two_pixels_at_600_dpi_survive_the_way_to_fine() {
        let mut scan = Bitmap::white(5080, 0);
        let mut row = vec![0u8; 635];
        for x in (100..5000).step_by(200) {
            row[x / 8] |= 0b1100_0000;
        }
        for _ in 0..600 {
            scan.push_row(&row);
        }
        let page = resample(Image::Bilevel(&scan), layout(1728, 196, Turn::Upright), 160);
        for y in 0..page.rows() {
            let strokes = (1..1728)
                .filter(|&x| page.is_black(x, y) && !page.is_black(x - 1, y))
                .count();
            assert_eq!(strokes, 25, "row {y}");
        }
    }

    #[test]
    fn the_same_size_is_the_same_image() {
        let levels: Vec<u8> = (0..64u32 * 64).map(|i| (i * 37 % 256) as u8).collect();
        let image = Image::Gray {
            width: 64,
            height: 64,
            levels: &levels,
        };
        let page = resample(image, layout(64, 64, Turn::Upright), 160);
        for y in 0..64 {
            for x in 0..64 {
                let level = levels[y as usize * 64 + x as usize];
                assert_eq!(page.is_black(832 + x, y), level < 160, "{x},{y}");
            }
        }
    }

    #[test]
    fn a_quarter_turn_brings_the_top_to_the_left() {
        // One black pixel in the top right corner comes to lie in the top left one.
        let mut levels = vec![255; 20 * 10];
        levels[19] = 0;
        let image = Image::Gray {
            width: 20,
            height: 10,
            levels: &levels,
        };
        let page = resample(image, layout(10, 20, Turn::Quarter), 160);
        assert_eq!(page.rows(), 20);
        assert_eq!(page.black_pixels(), 1);
        assert!(page.is_black(859, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn plain_images_stay_plain_at_any_scale(
            width in 1u32..300, height in 1u32..300,
            drawn_width in 1u32..1728, rows in 1u32..300, black: bool,
        ) {
            let levels = vec![if black { 0 } else { 255 }; (width * height) as usize];
            let image = Image::Gray { width, height, levels: &levels };
            for turn in [Turn::Upright, Turn::Quarter] {
                let page = resample(image, layout(drawn_width, rows, turn), 160);
                prop_assert_eq!((page.width(), page.rows()), (1728, rows));
                let expected = if black { u64::from(drawn_width) * u64::from(rows) } else { 0 };
                prop_assert_eq!(page.black_pixels(), expected);
            }
        }
    }
}
