//! What is done to each part of a page.

use super::adaptive::{Reach, sauvola};
use super::amend::Amendments;
use super::drawn;
use super::extremes::Extremes;
use super::grid::{CELL, Grid};
use super::hairlines::keep_hairlines;
use super::instructions::Instructions;
use super::look::{Look, Traces};
use super::pack::pack_row;
use super::paper;
use super::photo::{Cells, Picture, judge};
use super::screen::Screen;
use super::shading::screened;
use super::specks::without_specks;
use super::surface::{Surface, SurfaceRows};
use super::{GrayPage, Hints, PageSource, Region, TEXT_THRESHOLD};
use crate::t4::Bitmap;
use crate::units::{Resolution, ToneMode};

/// How a page becomes black and white: by one threshold or by thresholds that follow the page, and
/// by dots in some of its cells.
pub(super) struct Plan {
    resolution: Resolution,
    /// The threshold where no surface has others.
    threshold: u8,
    surface: Option<Surface>,
    dots: Option<Dots>,
}

/// Cells that are screened.
pub(super) struct Dots {
    screen: Screen,
    /// Whether a cell is, row by row.
    cells: Vec<bool>,
}

/// Makes a page that was drawn black and white; tells where it is not white.
pub(super) fn binarize_drawn(
    instructions: Instructions,
    page: GrayPage<'_>,
    resolution: Resolution,
    images: &[Region],
) -> (Bitmap, Traces) {
    let Look {
        extremes,
        mut packed,
    } = Look::at(instructions, page, TEXT_THRESHOLD);
    let plan = Plan::for_drawn(instructions, page, &extremes, resolution, images);
    if resolution == Resolution::Standard {
        // Hairlines are black whatever the threshold.
        let bitmap = plan.carry_out(instructions, page);
        return (bitmap, Traces::of(extremes));
    }
    let amendments = Amendments {
        extremes: &extremes,
        threshold: TEXT_THRESHOLD,
        surface: plan.surface.as_ref(),
        dots: plan.dots.as_ref(),
    };
    amendments.carry_out(instructions, page, &mut packed);
    let bitmap = Bitmap::from_packed(page.width(), packed);
    (bitmap, Traces::of(extremes))
}

impl Plan {
    /// One threshold for all of a page.
    pub(super) fn for_text(resolution: Resolution) -> Self {
        Self::by_threshold(TEXT_THRESHOLD, resolution)
    }

    /// Dots for all of a page.
    pub(super) fn for_photo(page: GrayPage<'_>, resolution: Resolution) -> Self {
        let cells = page.width.div_ceil(CELL) * page.rows().div_ceil(CELL);
        Self {
            dots: Some(Dots {
                screen: Screen::new(resolution),
                cells: vec![true; cells],
            }),
            ..Self::for_text(resolution)
        }
    }

    /// Black is what lies in the darker half of the levels.
    pub(super) fn halves(resolution: Resolution) -> Self {
        Self::by_threshold(128, resolution)
    }

    fn by_threshold(threshold: u8, resolution: Resolution) -> Self {
        Self {
            resolution,
            threshold,
            surface: None,
            dots: None,
        }
    }

    /// The plan for a page that [is paper](is_paper).
    pub(super) fn for_paper(
        instructions: Instructions,
        page: GrayPage<'_>,
        mode: ToneMode,
        resolution: Resolution,
    ) -> Self {
        let grid = Grid::of(instructions, page);
        let photographs = (mode == ToneMode::Auto)
            .then(|| paper::photographs(&grid))
            .flatten();
        Self {
            resolution,
            threshold: TEXT_THRESHOLD,
            surface: Some(sauvola(instructions, &grid, Reach::at(resolution))),
            dots: photographs.map(|cells| Dots {
                screen: Screen::new(resolution),
                cells,
            }),
        }
    }

    fn for_drawn(
        instructions: Instructions,
        page: GrayPage<'_>,
        extremes: &Extremes,
        resolution: Resolution,
        images: &[Region],
    ) -> Self {
        let columns = extremes.columns;
        let mut plan = Self {
            surface: drawn::thresholds(instructions, extremes),
            dots: screened(instructions, extremes).map(|cells| Dots {
                screen: Screen::new(resolution),
                cells,
            }),
            ..Self::by_threshold(TEXT_THRESHOLD, resolution)
        };
        let mut paper = None;
        for cells in images.iter().map(|image| Cells::of(*image, page)) {
            match judge(extremes, cells) {
                Picture::Graphic => {}
                Picture::Photograph => {
                    let dots = plan.dots.get_or_insert_with(|| Dots {
                        screen: Screen::new(resolution),
                        cells: vec![false; extremes.darkest.len()],
                    });
                    cells
                        .numbers(columns)
                        .for_each(|cell| dots.cells[cell] = true);
                }
                Picture::Paper => {
                    let paper = paper.get_or_insert_with(|| {
                        let grid = Grid::of(instructions, page);
                        sauvola(instructions, &grid, Reach::at(resolution))
                    });
                    plan.surface
                        .get_or_insert_with(|| {
                            Surface::plain(columns, extremes.darkest.len(), TEXT_THRESHOLD)
                        })
                        .take_over(paper, cells.numbers(columns));
                }
            }
        }
        plan
    }

    /// Does to the page what was decided, and takes specks off it that are no dots.
    pub(super) fn clean(&self, instructions: Instructions, page: GrayPage<'_>) -> Bitmap {
        let columns = page.width.div_ceil(CELL);
        let drawn = self.carry_out(instructions, page);
        without_specks(&drawn, self.resolution, |x, y| {
            let cell = y as usize / CELL * columns + x as usize / CELL;
            self.dots.as_ref().is_some_and(|dots| dots.cells[cell])
        })
    }

    /// Does to the page what was decided.
    pub(super) fn carry_out(&self, instructions: Instructions, page: GrayPage<'_>) -> Bitmap {
        self.with_dots(instructions, page, self.dots.as_ref())
    }

    /// Does to the page what was decided, photographs left to the thresholds around them.
    pub(super) fn without_dots(&self, instructions: Instructions, page: GrayPage<'_>) -> Bitmap {
        self.with_dots(instructions, page, None)
    }

    fn with_dots(
        &self,
        instructions: Instructions,
        page: GrayPage<'_>,
        dots: Option<&Dots>,
    ) -> Bitmap {
        let row_bytes = page.width.div_ceil(8);
        let mut packed = vec![0; page.rows() * row_bytes];
        let mut thresholds = vec![self.threshold; page.width.next_multiple_of(CELL)];
        let (mut kept, mut mixed) = (Vec::new(), Vec::new());
        let mut surface = self
            .surface
            .as_ref()
            .map(|surface| SurfaceRows::new(surface, instructions));
        for (y, packed) in packed.chunks_exact_mut(row_bytes).enumerate() {
            if let Some(surface) = &mut surface {
                surface.row(y, &mut thresholds);
            }
            let mut levels = page.row(y);
            if self.resolution == Resolution::Standard {
                keep_hairlines(instructions, page, y, &thresholds, &mut kept);
                levels = &kept;
            }
            let mut row = &thresholds;
            if let Some(dots) = dots
                && dots.lay(y, &thresholds, &mut mixed)
            {
                // Their valleys are shades, not lines.
                levels = page.row(y);
                row = &mixed;
            }
            pack_row(instructions, levels, &row[..page.width], packed);
        }
        Bitmap::from_packed(page.width(), packed)
    }
}

impl Dots {
    /// Whether each cell of a row of so many is screened.
    pub(super) fn cells(&self, row: usize, columns: usize) -> &[bool] {
        &self.cells[row * columns..][..columns]
    }

    /// The thresholds of page row `y` in any screened cell.
    pub(super) fn row(&self, y: usize) -> [u8; CELL] {
        *self.screen.row(y)
    }

    /// Puts the screen's thresholds of a row between the others, if any of its cells is screened.
    fn lay(&self, y: usize, thresholds: &[u8], mixed: &mut Vec<u8>) -> bool {
        let columns = thresholds.len() / CELL;
        let cells = self.cells(y / CELL, columns);
        if !cells.contains(&true) {
            return false;
        }
        mixed.clear();
        mixed.extend_from_slice(thresholds);
        let (parts, _) = mixed.as_chunks_mut::<CELL>();
        for (part, _) in parts
            .iter_mut()
            .zip(cells)
            .filter(|(_, is_screened)| **is_screened)
        {
            *part = self.row(y);
        }
        true
    }
}

/// Whether a page is to be seen as paper.
pub(super) fn is_paper(page: GrayPage<'_>, hints: &Hints) -> bool {
    hints.source == PageSource::Scanned || is_covered(page, hints)
}

/// Whether one image covers nearly all of a drawn page: a scan with more on it, such as the text
/// that was recognised.
fn is_covered(page: GrayPage<'_>, hints: &Hints) -> bool {
    let area = u64::from(page.width()) * page.rows() as u64;
    hints.images.iter().any(|image| {
        let across = u64::from(image.right.saturating_sub(image.left));
        let down = u64::from(image.bottom.saturating_sub(image.top));
        across * down * 10 >= area * 9
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A white page with rectangles of a few shades, some of them speckled.
    fn drawn(width: usize, rows: usize, seed: u64) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut levels = vec![255; width * rows];
        for _ in 0..random.usize(0..20) {
            let (left, top) = (random.usize(0..width), random.usize(0..rows));
            let (right, bottom) = (random.usize(left..width) + 1, random.usize(top..rows) + 1);
            let level = *random.choice(&[0, 90, 130, 180, 230, 250]).unwrap_or(&0);
            let is_speckled = random.bool();
            for row in levels.chunks_exact_mut(width).take(bottom).skip(top) {
                for pixel in &mut row[left..right] {
                    if !is_speckled || random.u8(..8) == 0 {
                        *pixel = level;
                    }
                }
            }
        }
        levels
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn amended_cells_are_as_if_thresholds_were_laid_over_whole_rows(
            width in 1usize..300, rows in 1usize..200, seed: u64, has_image: bool,
        ) {
            let levels = drawn(width, rows, seed);
            let page = GrayPage::new(&levels, width as u32, width);
            let image = Region { left: 9, top: 5, right: width as u32, bottom: 150 };
            let images = if has_image { vec![image] } else { Vec::new() };
            for instructions in Instructions::all() {
                let (amended, _) =
                    binarize_drawn(instructions, page, Resolution::Fine, &images);
                let extremes = Look::at(instructions, page, TEXT_THRESHOLD).extremes;
                let plan =
                    Plan::for_drawn(instructions, page, &extremes, Resolution::Fine, &images);
                prop_assert_eq!(amended, plan.carry_out(instructions, page));
            }
        }
    }
}
