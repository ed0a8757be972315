//! Where a page shows photographs: areas of many shades, which are screened.
//!
//! Shades alone say little: text on a coloured ground has some, and so has the noise of a scan. A
//! photograph is an area without the white of paper, of several shades.

use super::extremes::Extremes;
use super::grid::CELL;
use super::{GrayPage, Region};

/// Cells as light as this anywhere show paper.
const PAPER_MIN: u8 = 232;

/// Cells nowhere lighter than this are solid black.
const SOLID_MAX: u8 = 40;

/// Cells of an image too small to judge.
const IMAGE_CELLS_MIN: usize = 64;

/// What an image on a drawn page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    /// Shades.
    Photograph,
    /// Text or lines as a scanner sees them.
    Paper,
    /// Text, lines and plain areas without noise.
    Graphic,
}

/// Cells from the first to before the last, across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) top: usize,
    pub(super) bottom: usize,
}

impl Cells {
    /// The cells that a region of the page touches.
    pub(super) fn of(region: Region, page: GrayPage<'_>) -> Self {
        let cell = |pixel: u32, pixels: usize| (pixel as usize).min(pixels) / CELL;
        let end = |pixel: u32, pixels: usize| (pixel as usize).min(pixels).div_ceil(CELL);
        Self {
            left: cell(region.left, page.width),
            right: end(region.right, page.width),
            top: cell(region.top, page.rows()),
            bottom: end(region.bottom, page.rows()),
        }
    }

    /// Their numbers in a grid of so many columns.
    pub(super) fn numbers(self, columns: usize) -> impl Iterator<Item = usize> {
        (self.top..self.bottom)
            .flat_map(move |y| (self.left..self.right).map(move |x| y * columns + x))
    }
}

/// Judges an image by its cells.
pub(super) fn judge(extremes: &Extremes, cells: Cells) -> Picture {
    let mut shades = Shades::default();
    let (mut count, mut pure) = (0, 0);
    for at in cells.numbers(extremes.columns) {
        let (darkest, lightest) = (extremes.darkest[at], extremes.lightest[at]);
        count += 1;
        pure += usize::from(darkest >= 250);
        if (SOLID_MAX..PAPER_MIN).contains(&lightest) {
            shades.add(lightest);
        }
    }
    if count < IMAGE_CELLS_MIN {
        Picture::Graphic
    } else if shades.cells * 10 >= count * 3 && shades.is_various() {
        Picture::Photograph
    } else if pure * 10 < count * 3 {
        Picture::Paper
    } else {
        Picture::Graphic
    }
}

/// How cells spread over sixteen shades.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shades {
    cells: usize,
    of: [usize; 16],
}

impl Shades {
    pub(super) fn add(&mut self, level: u8) {
        self.cells += 1;
        self.of[usize::from(level >> 4)] += 1;
    }

    /// Whether at least five shades have a fiftieth of the cells each: plain areas have fewer.
    pub(super) fn is_various(&self) -> bool {
        self.of
            .iter()
            .filter(|cells| **cells * 50 > self.cells)
            .count()
            >= 5
    }
}
