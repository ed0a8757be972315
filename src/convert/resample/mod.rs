//! Images brought to fax geometry: scaled, turned and placed on the page.
//!
//! Grey images become grey levels at fax geometry, to be binarized like a drawn page; bilevel ones
//! stay bilevel, and their thin strokes stay visible.

#![allow(
    clippy::inline_always,
    reason = "kernels take on the instructions of the functions they are compiled into"
)]

mod bits;
mod levels;
mod line_sums;
mod simd;
mod taps;

use super::binarize::{GrayPage, Hints, Instructions, PageSource, binarize, clean_scan};
use super::layout::Layout;
use super::orientation::Orientation;
use crate::t4::Bitmap;
use crate::units::{Resolution, ToneMode};

use bits::scale_bits;
use levels::scale_levels;
pub(crate) use taps::Extent;

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
}

/// Brings an image to its layout; grey levels become black and white as those of paper, and black
/// and white ones stay what they are unless the mode says that they are a scan to be cleaned.
///
/// # Panics
///
/// If a grey image has fewer levels than pixels, or any image no pixels.
pub(crate) fn resample(
    image: Image<'_>,
    layout: Layout,
    mode: ToneMode,
    resolution: Resolution,
) -> Bitmap {
    let (orientation, window) = (layout.turn.into(), layout.into());
    match image {
        Image::Bilevel(bitmap) => resample_bilevel(bitmap, orientation, window, mode, resolution),
        Image::Gray { width, levels, .. } => {
            let mut page = vec![255; window.pixels()];
            resample_levels((levels, width), orientation, window, &mut page);
            let width = layout.width.pixels();
            let hints = Hints {
                source: PageSource::Scanned,
                ..Hints::default()
            };
            let page = GrayPage::new(&page, width, width as usize);
            binarize(page, mode, resolution, &hints)
        }
    }
}

/// Brings a black and white image to its place on a page; its pixels stay what they are unless the
/// mode says that they are a scan to be cleaned.
pub(crate) fn resample_bilevel(
    image: &Bitmap,
    orientation: Orientation,
    window: Window,
    mode: ToneMode,
    resolution: Resolution,
) -> Bitmap {
    let placed = resample_bitmap(image, orientation, window);
    match mode {
        ToneMode::Scan => clean_scan(&placed, resolution),
        ToneMode::Auto | ToneMode::Text | ToneMode::Photo => placed,
    }
}

/// Where on a fax page an image lies, and which part of it; the rest of the page stays white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Pixels of the page's rows.
    pub(crate) page_width: u32,
    /// The page's rows.
    pub(crate) page_rows: u32,
    /// The first column that the image covers.
    pub(crate) left: u32,
    /// The first row that it covers.
    pub(crate) top: u32,
    /// What of the image lies on the page across it.
    pub(crate) across: Extent,
    /// What of the image lies on the page along it.
    pub(crate) along: Extent,
}

impl From<Layout> for Window {
    fn from(layout: Layout) -> Self {
        Self {
            page_width: layout.width.pixels(),
            page_rows: layout.rows,
            left: layout.left,
            top: 0,
            across: Extent {
                whole: layout.image_width(),
                first: layout.cut.left,
                count: layout.drawn_width,
            },
            along: Extent {
                whole: layout.image_rows(),
                first: 0,
                count: layout.rows,
            },
        }
    }
}

impl Window {
    /// Pixels of the page.
    pub(crate) fn pixels(self) -> usize {
        self.page_width as usize * self.page_rows as usize
    }

    /// What an image's own width and height become, before it is turned, and which part of that
    /// lies on the page.
    fn before_turning(self, orientation: Orientation) -> (Extent, Extent) {
        let across = if orientation.is_mirrored() {
            self.across.reversed()
        } else {
            self.across
        };
        let along = if orientation.is_upside_down() {
            self.along.reversed()
        } else {
            self.along
        };
        if orientation.swaps_axes() {
            (along, across)
        } else {
            (across, along)
        }
    }
}

/// Brings levels of rows of so many pixels, which lie on the fax page in this orientation, to their
/// window on a white `page`: the fax page's pixels row by row, a byte each, 255 white.
///
/// # Panics
///
/// If there is not one row of levels, a row is empty or the page is too small.
pub(crate) fn resample_levels(
    (levels, width): (&[u8], u32),
    orientation: Orientation,
    window: Window,
    page: &mut [u8],
) {
    let (across, along) = window.before_turning(orientation);
    let instructions = Instructions::best();
    let stride = window.page_width as usize;
    let (top, left) = (window.top as usize, window.left as usize);
    if orientation == Orientation::default() {
        let there = (&mut page[top * stride + left..], stride);
        scale_levels(instructions, (levels, width), (across, along), there);
        return;
    }
    let row_len = across.count as usize;
    let mut scaled = vec![0; row_len * along.count as usize];
    let aside = (&mut scaled[..], row_len);
    scale_levels(instructions, (levels, width), (across, along), aside);
    orientation.lay_levels((&scaled, row_len), &mut page[top * stride..], stride, left);
}

/// Brings a bitmap, which lies on the fax page in this orientation, to its window.
///
/// # Panics
///
/// If it has no rows.
pub(crate) fn resample_bitmap(bitmap: &Bitmap, orientation: Orientation, window: Window) -> Bitmap {
    let scaled = scale_bits(
        Instructions::best(),
        bitmap,
        window.before_turning(orientation),
    );
    let drawn = orientation.apply_to_bitmap(scaled);
    let (width, rows) = (window.page_width, window.page_rows);
    if (drawn.width(), drawn.rows()) == (width, rows) {
        return drawn;
    }
    let stride = width.div_ceil(8) as usize;
    let mut bytes = vec![0; stride * rows as usize];
    let below = bytes.chunks_exact_mut(stride).skip(window.top as usize);
    for (row, drawn) in below.zip(drawn.iter_rows()) {
        place_row(drawn, window.left, row);
    }
    Bitmap::from_packed(width, bytes)
}

/// Puts packed pixels into a white row from column `left` on.
fn place_row(drawn: &[u8], left: u32, row: &mut [u8]) {
    let shift = left % 8;
    let row = &mut row[left as usize / 8..];
    let mut carried = 0u8;
    for (byte, &drawn) in row.iter_mut().zip(drawn.iter().chain(&[0])) {
        *byte = carried | drawn >> shift;
        carried = drawn.checked_shl(8 - shift).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::layout::{Cut, Turn};
    use super::*;
    use crate::units::PageWidth;

    fn layout(drawn_width: u32, rows: u32, turn: Turn) -> Layout {
        Layout {
            width: PageWidth::A4,
            rows,
            turn,
            left: (1728 - drawn_width) / 2,
            drawn_width,
            cut: Cut::default(),
        }
    }

    #[test]
    fn an_image_that_is_cut_is_that_part_of_the_whole_however_it_lies() {
        let mut random = fastrand::Rng::with_seed(3);
        let levels: Vec<u8> = (0..96 * 60).map(|_| random.u8(..)).collect();
        let bits = (0..12 * 60)
            .map(|_| random.u8(..) & random.u8(..))
            .collect();
        let bitmap = Bitmap::from_packed(96, bits);
        for turn in [Turn::Upright, Turn::Quarter] {
            for tag in 1..=8 {
                let orientation = Orientation::from_tag(Some(tag));
                let lies = orientation.then(turn.into());
                let whole = layout(50, 40, turn);
                let part = Layout {
                    rows: 30,
                    left: 101,
                    drawn_width: 20,
                    cut: Cut {
                        left: 17,
                        right: 13,
                        bottom: 10,
                    },
                    ..whole
                };
                let white = |layout| vec![255; Window::from(layout).pixels()];
                let (mut gray, mut gray_part) = (white(whole), white(part));
                resample_levels((&levels, 96), lies, whole.into(), &mut gray);
                resample_levels((&levels, 96), lies, part.into(), &mut gray_part);
                let black = resample_bitmap(&bitmap, lies, whole.into());
                let black_part = resample_bitmap(&bitmap, lies, part.into());
                assert_eq!((gray_part.len(), black_part.rows()), (30 * 1728, 30));
                for y in 0..30 {
                    for x in 0..20 {
                        let (at, from) = (y * 1728 + 101 + x, y * 1728 + whole.left + 17 + x);
                        assert_eq!(gray_part[at as usize], gray[from as usize], "{tag} {x},{y}");
                        let expected = black.is_black(whole.left + 17 + x, y);
                        assert_eq!(black_part.is_black(101 + x, y), expected, "{tag} {x},{y}");
                    }
                }
            }
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
        let page = resample(
            Image::Bilevel(&scan),
            layout(1728, 196, Turn::Upright),
            ToneMode::Text,
            Resolution::Fine,
        );
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
        let page = resample(
            image,
            layout(64, 64, Turn::Upright),
            ToneMode::Text,
            Resolution::Fine,
        );
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
        let page = resample(
            image,
            layout(10, 20, Turn::Quarter),
            ToneMode::Text,
            Resolution::Fine,
        );
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
                let page = resample(image, layout(drawn_width, rows, turn), ToneMode::Text, Resolution::Fine);
                prop_assert_eq!((page.width(), page.rows()), (1728, rows));
                let expected = if black { u64::from(drawn_width) * u64::from(rows) } else { 0 };
                prop_assert_eq!(page.black_pixels(), expected);
                let mut bitmap = Bitmap::white(width, 0);
                for _ in 0..height {
                    bitmap.push_row(&vec![if black { 0xFF } else { 0 }; width.div_ceil(8) as usize]);
                }
                let page = resample(Image::Bilevel(&bitmap), layout(drawn_width, rows, turn), ToneMode::Text, Resolution::Fine);
                prop_assert_eq!((page.width(), page.rows()), (1728, rows));
                prop_assert_eq!(page.black_pixels(), expected);
            }
        }

        #[test]
        fn each_pixel_is_the_mean_of_what_it_covers(
            width in 1u32..200, height in 1u32..200, seed: u64,
            shrunk_by in 1u32..7, squeezed_by in 1u32..7,
        ) {
            let (width, height) = (width * shrunk_by, height * squeezed_by);
            let mut random = fastrand::Rng::with_seed(seed);
            let levels: Vec<u8> = (0..width * height).map(|_| random.u8(..)).collect();
            let size = (width / shrunk_by, height / squeezed_by);
            let mut scaled = vec![0; (size.0 * size.1) as usize];
            scale_levels(
                Instructions::best(),
                (&levels, width),
                (size.0.into(), size.1.into()),
                (&mut scaled, size.0 as usize),
            );
            for y in 0..size.1 {
                for x in 0..size.0 {
                    let cell = (0..squeezed_by).flat_map(|j| (0..shrunk_by).map(move |i| (i, j)));
                    let sum: u32 = cell
                        .map(|(i, j)| (y * squeezed_by + j) * width + x * shrunk_by + i)
                        .map(|at| u32::from(levels[at as usize]))
                        .sum();
                    let mean = f64::from(sum) / f64::from(shrunk_by * squeezed_by);
                    let level = f64::from(scaled[(y * size.0 + x) as usize]);
                    prop_assert!((level - mean).abs() < 5.0, "{level} for {mean} at {x},{y}");
                }
            }
        }

        #[test]
        fn a_bitmap_is_scaled_like_its_grey_levels(
            width in 1u32..400, height in 1u32..200, seed: u64,
            drawn_width in 1u32..400, rows in 1u32..200, tag in 1u64..=8,
        ) {
            // Blots much larger than pixels, so that only edges depend on rounding.
            let mut random = fastrand::Rng::with_seed(seed);
            let blots: Vec<bool> = (0..64).map(|_| random.bool()).collect();
            let is_black = |x: u32, y: u32| blots[(y * 8 / height * 8 + x * 8 / width) as usize];
            let mut bitmap = Bitmap::white(width, 0);
            let mut levels = Vec::new();
            for y in 0..height {
                let mut row = vec![0u8; width.div_ceil(8) as usize];
                for x in 0..width {
                    row[x as usize / 8] |= u8::from(is_black(x, y)) << (7 - x % 8);
                    levels.push(if is_black(x, y) { 0 } else { 255 });
                }
                bitmap.push_row(&row);
            }
            let layout = layout(drawn_width, rows, Turn::Quarter);
            let orientation = Orientation::from_tag(Some(tag));
            let page = resample_bitmap(&bitmap, orientation, layout.into());
            let mut gray = vec![255; Window::from(layout).pixels()];
            resample_levels((&levels, width), orientation, layout.into(), &mut gray);
            for y in 0..rows {
                for x in 0..1728 {
                    let level = gray[(y * 1728 + x) as usize];
                    let black = page.is_black(x, y);
                    prop_assert!(!black || level < 255 - 60, "black where {level} at {x},{y}");
                    prop_assert!(black || level > 125, "white where {level} at {x},{y}");
                }
            }
        }
    }
}
