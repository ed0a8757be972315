//! From grey levels to black and white.
//!
//! Every way is one comparison: a pixel is black when its level lies below a threshold, which is
//! one number for text, follows the shade of the paper on scans ([`surface`]) and is a pattern of
//! dots for photographs ([`screen`]). A row's thresholds are laid side by side, region by region,
//! and compared and packed in one go.

#![allow(
    clippy::inline_always,
    reason = "kernels take on the instructions of the functions they are compiled into"
)]

mod adaptive;
mod amend;
mod areas;
mod drawn;
mod extremes;
mod grid;
mod hairlines;
mod instructions;
mod look;
mod pack;
mod paper;
mod photo;
mod plan;
mod screen;
mod shading;
mod simd;
mod skew;
mod specks;
mod surface;

pub use instructions::Instructions;
pub(super) use instructions::Level;
pub(crate) use look::Traces;
use plan::{Plan, binarize_drawn, is_paper};
pub(super) use simd::{Kernel, run};
use skew::{made_level, skew};
use specks::without_specks;

use crate::t4::Bitmap;
use crate::units::{Resolution, ToneMode};

/// The grey level that separates black from white on pages of text.
///
/// Measured on text pages at 204×196: the best word recall (0.990) with the smallest MMR output.
pub const TEXT_THRESHOLD: u8 = 160;

/// A page in 8-bit grey levels at fax geometry, 0 black.
#[derive(Clone, Copy, Debug)]
pub struct GrayPage<'a> {
    levels: &'a [u8],
    width: usize,
    stride: usize,
}

impl<'a> GrayPage<'a> {
    /// A page of rows of `width` levels, one every `stride` bytes. Surplus bytes after the last
    /// whole row are ignored.
    ///
    /// # Panics
    ///
    /// If `width` is zero or larger than `stride`.
    pub fn new(levels: &'a [u8], width: u32, stride: usize) -> Self {
        let width = width as usize;
        assert!(width > 0 && width <= stride, "a row lies in its stride");
        Self {
            levels,
            width,
            stride,
        }
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width as u32
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.levels.len() / self.stride
    }

    /// The levels of one row.
    fn row(&self, y: usize) -> &'a [u8] {
        &self.levels[y * self.stride..][..self.width]
    }
}

/// What is known of a page besides its pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// How the page came to be.
    pub source: PageSource,
    /// Where the page shows images, when it was drawn.
    pub images: Vec<Region>,
}

/// How a page came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageSource {
    /// Drawn from text, lines and images.
    #[default]
    Drawn,
    /// One image: paper seen by a scanner or a camera.
    Scanned,
}

/// A rectangle of pixels: columns `left..right` of rows `top..bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// First column beyond it.
    pub right: u32,
    /// First row beyond it.
    pub bottom: u32,
}

/// Makes a page black and white.
pub fn binarize(
    page: GrayPage<'_>,
    mode: ToneMode,
    resolution: Resolution,
    hints: &Hints,
) -> Bitmap {
    binarize_with(Instructions::best(), page, mode, resolution, hints)
}

/// [`binarize`], and where the page is not white, if that was seen on the way.
pub(crate) fn binarize_and_tell(
    page: GrayPage<'_>,
    mode: ToneMode,
    resolution: Resolution,
    hints: &Hints,
) -> (Bitmap, Option<Traces>) {
    let instructions = Instructions::best();
    if mode == ToneMode::Auto && page.rows() > 0 && !is_paper(page, hints) {
        let (bitmap, traces) = binarize_drawn(instructions, page, resolution, &hints.images);
        return (bitmap, Some(traces));
    }
    let bitmap = binarize_with(instructions, page, mode, resolution, hints);
    (bitmap, None)
}

/// [`binarize`] by given instructions: for tests and measurements, since all give the same bytes.
pub fn binarize_with(
    instructions: Instructions,
    page: GrayPage<'_>,
    mode: ToneMode,
    resolution: Resolution,
    hints: &Hints,
) -> Bitmap {
    if page.rows() == 0 {
        return Bitmap::white(page.width(), 0);
    }
    match mode {
        ToneMode::Text => Plan::for_text(resolution).carry_out(instructions, page),
        ToneMode::Photo => Plan::for_photo(page, resolution).carry_out(instructions, page),
        ToneMode::Auto if !is_paper(page, hints) => {
            binarize_drawn(instructions, page, resolution, &hints.images).0
        }
        ToneMode::Auto | ToneMode::Scan => binarize_paper(instructions, page, mode, resolution),
    }
}

/// Makes a scan black and white, its lines level and without specks.
fn binarize_paper(
    instructions: Instructions,
    page: GrayPage<'_>,
    mode: ToneMode,
    resolution: Resolution,
) -> Bitmap {
    let plan = Plan::for_paper(instructions, page, mode, resolution);
    let drawn = plan.without_dots(instructions, page);
    let Some(skew) = skew(instructions, &drawn, resolution) else {
        return plan.clean(instructions, page);
    };
    let levels = made_level(instructions, page, skew);
    let page = GrayPage::new(&levels, page.width(), page.width);
    Plan::for_paper(instructions, page, mode, resolution).clean(instructions, page)
}

/// A black and white scan with its lines made level and its specks taken off.
pub(crate) fn clean_scan(page: &Bitmap, resolution: Resolution) -> Bitmap {
    let instructions = Instructions::best();
    let Some(skew) = skew(instructions, page, resolution) else {
        return without_specks(page, resolution, |_, _| false);
    };
    let width = page.stride() * 8;
    let shade = |byte: &u8| {
        std::array::from_fn::<u8, 8, _>(|x| if byte << x & 0x80 == 0 { 255 } else { 0 })
    };
    let levels: Vec<u8> = page.as_bytes().iter().flat_map(shade).collect();
    let page = GrayPage::new(&levels, page.width(), width);
    let level = made_level(instructions, page, skew);
    let page = GrayPage::new(&level, page.width(), page.width);
    without_specks(
        &Plan::halves(resolution).carry_out(instructions, page),
        resolution,
        |_, _| false,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn black_or_white(levels: &[u8], width: u32, stride: usize, mode: ToneMode) -> Bitmap {
        let page = GrayPage::new(levels, width, stride);
        binarize(page, mode, Resolution::Fine, &Hints::default())
    }

    #[test]
    fn text_is_black_below_its_threshold_and_nowhere_else() {
        let levels: Vec<u8> = (0..=255).collect();
        let bitmap = black_or_white(&levels, 256, 256, ToneMode::Text);
        for level in 0..=255u8 {
            let is_black = bitmap.is_black(u32::from(level), 0);
            assert_eq!(is_black, level < TEXT_THRESHOLD, "level {level}");
        }
    }

    #[test]
    fn widths_that_are_no_multiple_of_eight_keep_their_padding_white() {
        for mode in ToneMode::ALL {
            for width in 1..=25u32 {
                let stride = width as usize + 3;
                let bitmap = black_or_white(&vec![0; stride * 5], width, stride, mode);
                assert_eq!((bitmap.width(), bitmap.rows()), (width, 5));
                assert_eq!(bitmap.black_pixels(), u64::from(width) * 5, "{mode}");
            }
        }
    }

    #[test]
    fn a_shade_becomes_as_many_dots_as_it_is_dark() {
        for resolution in Resolution::ALL {
            for level in 0..=255u8 {
                let levels = vec![level; 64 * 64];
                let page = GrayPage::new(&levels, 64, 64);
                let dots = binarize(page, ToneMode::Photo, resolution, &Hints::default());
                let share = dots.black_pixels() as f64 / 4096.0;
                let darkness = f64::from(255 - level) / 255.0;
                assert!(
                    (share - darkness).abs() < 0.02,
                    "{resolution} {level}: {share}"
                );
            }
        }
    }

    #[test]
    fn strokes_on_paper_that_grows_dark_stay_strokes() {
        // Paper from 250 down to 130, strokes 70 below it, three pixels wide every twenty.
        let paper = |x: usize| 250 - x * 120 / 1728;
        let row: Vec<u8> = (0..1728)
            .map(|x| if x % 20 < 3 { paper(x) - 70 } else { paper(x) } as u8)
            .collect();
        let bitmap = black_or_white(&row.repeat(64), 1728, 1728, ToneMode::Scan);
        for x in 0..1728 {
            assert_eq!(bitmap.is_black(x, 30), x % 20 < 3, "column {x}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn all_instructions_give_the_same_page(
            levels in proptest::collection::vec(any::<u8>(), 1..6000),
            width in 1u32..300, padding in 0usize..9, mode in 0usize..4, scanned: bool,
        ) {
            let width = width.min(levels.len() as u32);
            let stride = (width as usize + padding).min(levels.len());
            let hints = Hints {
                source: if scanned { PageSource::Scanned } else { PageSource::Drawn },
                images: vec![Region { left: 3, top: 2, right: 90, bottom: 400 }],
            };
            for resolution in Resolution::ALL {
                let page = GrayPage::new(&levels, width, stride);
                let with = |instructions| {
                    binarize_with(instructions, page, ToneMode::ALL[mode], resolution, &hints)
                };
                let expected = with(Instructions::portable());
                for instructions in Instructions::all() {
                    prop_assert_eq!(&with(instructions), &expected);
                }
            }
        }
    }
}
