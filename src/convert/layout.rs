//! Where a page comes to lie on a fax page, and how large: pure geometry.
//!
//! A page keeps its true size and its proportions. It is shrunk only when it is wider than the
//! scan line or longer than the row limit, never blown up, and turned by a quarter only when that
//! lets it lie on a narrower scan line: most machines have A4 paper and no other.

use crate::units::{PageWidth, Resolution};

/// How much a page may be wider than a scan line and still be shrunk to it, rather than go onto
/// a wider one: Letter is 215.9 mm on a line of 215 mm, JIS B4 257 mm on one of 255 mm.
const SHRINK_TOLERANCE: f64 = 0.05;

/// Below this many dots per inch an image's density is a default of some program (72 and 96 are
/// common), not the density of a scan.
const SCAN_DPI_MIN: f64 = 100.0;

/// Above this many dots per inch a density is nonsense.
const SCAN_DPI_MAX: f64 = 10_000.0;

const MILLIMETRES_PER_INCH: f64 = 25.4;
const POINTS_PER_INCH: f64 = 72.0;

/// The physical size of a page: two finite lengths above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageSize {
    width_mm: f64,
    height_mm: f64,
}

impl PageSize {
    /// A size in PostScript points (1/72 inch), as PDF has it; `None` when a length is not a
    /// positive number.
    pub fn from_points(width: f64, height: f64) -> Option<Self> {
        let mm = |points: f64| points / POINTS_PER_INCH * MILLIMETRES_PER_INCH;
        Self::from_millimetres(mm(width), mm(height))
    }

    /// A size in millimetres; `None` when a length is not a positive number.
    pub fn from_millimetres(width_mm: f64, height_mm: f64) -> Option<Self> {
        let is_length = |mm: f64| mm.is_finite() && mm > 0.0;
        (is_length(width_mm) && is_length(height_mm)).then_some(Self {
            width_mm,
            height_mm,
        })
    }

    /// The size of an image of this many pixels, from the densities in dots per inch that its
    /// file states.
    ///
    /// With one density the pixels are square. Without a believable one the image is taken to
    /// fill the scan line of A4 with its shorter edge, but not with pixels coarser than
    /// 1/100 inch.
    ///
    /// # Panics
    ///
    /// If `width` or `height` is zero.
    pub fn of_image(width: u32, height: u32, x_dpi: Option<f32>, y_dpi: Option<f32>) -> Self {
        assert!(width > 0 && height > 0, "an image has pixels");
        if let Some(resolution) = metric_resolution(x_dpi, y_dpi) {
            return Self {
                width_mm: f64::from(width) * 1000.0 / f64::from(resolution.x_pels_per_metre()),
                height_mm: f64::from(height) * 1000.0 / f64::from(resolution.y_lines_per_metre()),
            };
        }
        let believable = |dpi: Option<f32>, minimum: f64| {
            dpi.map(f64::from)
                .filter(|dpi| (minimum..=SCAN_DPI_MAX).contains(dpi))
        };
        let (width, height) = (f64::from(width), f64::from(height));
        let (x_dpi, y_dpi) = if let Some(x_dpi) = believable(x_dpi, SCAN_DPI_MIN) {
            // Standard fax pages have fewer than 100 lines per inch: once the horizontal density
            // is that of a scan, half of it is believed of the vertical one.
            let y_dpi = believable(y_dpi, SCAN_DPI_MIN / 2.0);
            (x_dpi, y_dpi.unwrap_or(x_dpi))
        } else {
            let square = believable(y_dpi, SCAN_DPI_MIN).unwrap_or_else(|| {
                let line_inches = f64::from(PageWidth::A4.millimetres()) / MILLIMETRES_PER_INCH;
                (width.min(height) / line_inches).max(SCAN_DPI_MIN)
            });
            (square, square)
        };
        Self {
            width_mm: width / x_dpi * MILLIMETRES_PER_INCH,
            height_mm: height / y_dpi * MILLIMETRES_PER_INCH,
        }
    }

    /// Extent across the scan line and along the paper, once turned.
    fn turned(self, turn: Turn) -> (f64, f64) {
        match turn {
            Turn::Upright => (self.width_mm, self.height_mm),
            Turn::Quarter => (self.height_mm, self.width_mm),
        }
    }
}

/// How a page is turned to lie on the fax page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// As it is read.
    Upright,
    /// By 90° anticlockwise, as IPP turns landscape pages (RFC 8011 §5.2.10): the top of the page
    /// comes to lie at the left edge.
    Quarter,
}

/// A page's place on its fax page. The fax page is `width` by `rows`; the page's image covers
/// `drawn_width` columns from `left` on, in all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The fax page's scan line.
    pub width: PageWidth,
    /// The fax page's scan lines.
    pub rows: u32,
    /// How the page is turned before it is scaled.
    pub turn: Turn,
    /// White columns to the left of the image.
    pub left: u32,
    /// Columns of the image.
    pub drawn_width: u32,
}

/// What a fax page may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageBounds {
    /// The widest scan line.
    pub width_max: PageWidth,
    /// Most scan lines; not zero.
    pub rows_max: u32,
}

/// Lays a page out at a resolution, within bounds.
///
/// # Panics
///
/// If no rows are allowed.
pub fn lay_out(size: PageSize, resolution: Resolution, bounds: PageBounds) -> Layout {
    let rows_max = bounds.rows_max;
    assert!(rows_max > 0, "a fax page has rows");
    let (width, turn) = scan_line_for(size, resolution, bounds.width_max);
    let (across_mm, along_mm) = size.turned(turn);
    let rows_per_mm = f64::from(resolution.y_lines_per_metre()) / 1000.0;
    let scale = 1f64
        .min(line_mm(width, resolution) / across_mm)
        .min(f64::from(rows_max) / (along_mm * rows_per_mm));
    let pixels_per_mm = f64::from(resolution.x_pels_per_metre()) / 1000.0;
    let drawn_width = whole(across_mm * scale * pixels_per_mm, width.pixels());
    Layout {
        width,
        rows: whole(along_mm * scale * rows_per_mm, rows_max),
        turn,
        left: (width.pixels() - drawn_width) / 2,
        drawn_width,
    }
}

/// The resolution of an image that is fax geometry already and can go on the line as it is: its
/// width is a scan line's, its densities are those of a fax machine.
///
/// 200×200 and 200×100 dpi count: T.30 Table 2/T.30 notes treat the inch-based densities as equal
/// to R8×7.7 and R8×3.85.
pub fn fax_resolution(width: u32, x_dpi: Option<f32>, y_dpi: Option<f32>) -> Option<Resolution> {
    PageWidth::from_pixels(width)?;
    let (x_dpi, y_dpi) = (x_dpi?, y_dpi?);
    if !(198.0..=208.0).contains(&x_dpi) {
        return None;
    }
    match y_dpi {
        95.0..=102.0 => Some(Resolution::Standard),
        190.0..=204.0 => Some(Resolution::Fine),
        380.0..=408.0 => Some(Resolution::Superfine),
        _ => None,
    }
}

/// The resolution whose rounded densities in dots per inch these are: 204×98, 204×196, 204×391.
/// What they stand for is the metric densities of T.4.
fn metric_resolution(x_dpi: Option<f32>, y_dpi: Option<f32>) -> Option<Resolution> {
    let is_near = |dpi: f32, nominal: u32| (dpi - nominal as f32).abs() <= 1.0;
    let (x_dpi, y_dpi) = (x_dpi?, y_dpi?);
    Resolution::ALL
        .into_iter()
        .find(|resolution| is_near(x_dpi, resolution.x_dpi()) && is_near(y_dpi, resolution.y_dpi()))
}

/// The narrowest scan line that the page lies on, upright if it can; the widest allowed where it
/// lies on none.
fn scan_line_for(
    size: PageSize,
    resolution: Resolution,
    width_max: PageWidth,
) -> (PageWidth, Turn) {
    let places = PageWidth::ALL
        .into_iter()
        .filter(|width| *width <= width_max)
        .flat_map(|width| [(width, Turn::Upright), (width, Turn::Quarter)]);
    let mut fitting = places.filter(|&(width, turn)| {
        size.turned(turn).0 * (1.0 - SHRINK_TOLERANCE) <= line_mm(width, resolution)
    });
    fitting.next().unwrap_or({
        let turn = if size.width_mm <= size.height_mm {
            Turn::Upright
        } else {
            Turn::Quarter
        };
        (width_max, turn)
    })
}

/// The exact length of a scan line: its pels over their density.
fn line_mm(width: PageWidth, resolution: Resolution) -> f64 {
    f64::from(width.pixels()) * 1000.0 / f64::from(resolution.x_pels_per_metre())
}

/// A length rounded to whole pixels, at least one and at most `max`.
fn whole(length: f64, max: u32) -> u32 {
    // A float cast saturates, so no length is out of range here.
    (length.round() as u32).clamp(1, max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROWS_MAX: u32 = 20_000;
    const BOUNDS: PageBounds = PageBounds {
        width_max: PageWidth::A3,
        rows_max: ROWS_MAX,
    };

    fn points(width: f64, height: f64, resolution: Resolution) -> Layout {
        lay_out(
            PageSize::from_points(width, height).unwrap(),
            resolution,
            BOUNDS,
        )
    }

    fn millimetres(width: f64, height: f64) -> Layout {
        let size = PageSize::from_millimetres(width, height).unwrap();
        lay_out(size, Resolution::Fine, BOUNDS)
    }

    #[test]
    fn letter_fills_the_line_and_a4_keeps_its_true_size() {
        let letter = points(612.0, 792.0, Resolution::Fine);
        assert_eq!((letter.width, letter.rows), (PageWidth::A4, 2142));
        assert_eq!((letter.left, letter.drawn_width), (0, 1728));
        let a4 = millimetres(210.0, 297.0);
        assert_eq!(
            (a4.width, a4.rows, a4.turn),
            (PageWidth::A4, 2287, Turn::Upright)
        );
        assert_eq!((a4.left, a4.drawn_width), (20, 1688));
    }

    #[test]
    fn resolutions_differ_in_rows_only() {
        let rows: Vec<u32> = Resolution::ALL
            .into_iter()
            .map(|resolution| {
                let legal = points(612.0, 1008.0, resolution);
                assert_eq!((legal.width, legal.drawn_width), (PageWidth::A4, 1728));
                legal.rows
            })
            .collect();
        assert_eq!(rows, [1363, 2727, 5454]);
    }

    #[test]
    fn landscape_pages_are_turned_when_that_saves_them_from_shrinking() {
        let landscape = millimetres(297.0, 210.0);
        assert_eq!(landscape.turn, Turn::Quarter);
        assert_eq!((landscape.width, landscape.rows), (PageWidth::A4, 2287));
        let a5_landscape = millimetres(210.0, 148.0);
        assert_eq!(a5_landscape.turn, Turn::Upright);
        let banner = millimetres(1000.0, 200.0);
        assert_eq!((banner.turn, banner.rows), (Turn::Quarter, 7700));
    }

    #[test]
    fn large_pages_go_onto_wider_lines() {
        assert_eq!(millimetres(257.0, 364.0).width, PageWidth::B4);
        assert_eq!(millimetres(364.0, 257.0).width, PageWidth::B4);
        assert_eq!(millimetres(297.0, 420.0).width, PageWidth::A3);
        let a0 = millimetres(841.0, 1189.0);
        assert_eq!((a0.width, a0.drawn_width), (PageWidth::A3, 2432));
        assert_eq!(a0.rows, 3294);
    }

    #[test]
    fn large_pages_are_shrunk_to_the_widest_line_allowed() {
        let to = |width_max, width, height| {
            let size = PageSize::from_millimetres(width, height).unwrap();
            let bounds = PageBounds {
                width_max,
                ..BOUNDS
            };
            lay_out(size, Resolution::Fine, bounds)
        };
        let a3 = to(PageWidth::A4, 297.0, 420.0);
        assert_eq!((a3.width, a3.drawn_width), (PageWidth::A4, 1728));
        // 215 mm of scan line for 297 mm of page, in both directions.
        assert_eq!((a3.rows, a3.turn), (2341, Turn::Upright));
        assert_eq!(to(PageWidth::A4, 420.0, 297.0).turn, Turn::Quarter);
        assert_eq!(to(PageWidth::B4, 297.0, 420.0).width, PageWidth::B4);
        assert_eq!(to(PageWidth::B4, 210.0, 297.0).width, PageWidth::A4);
    }

    #[test]
    fn small_pages_are_not_blown_up() {
        let label = points(144.0, 72.0, Resolution::Fine);
        assert_eq!((label.width, label.rows), (PageWidth::A4, 196));
        assert_eq!((label.left, label.drawn_width), (660, 408));
    }

    #[test]
    fn fax_densities_are_recognised_and_screen_densities_are_not() {
        let fine = fax_resolution(1728, Some(204.0), Some(196.0));
        assert_eq!(fine, Some(Resolution::Fine));
        let inch = fax_resolution(2432, Some(200.0), Some(100.0));
        assert_eq!(inch, Some(Resolution::Standard));
        assert_eq!(fax_resolution(1700, Some(204.0), Some(196.0)), None);
        assert_eq!(fax_resolution(1728, Some(72.0), Some(72.0)), None);
        assert_eq!(fax_resolution(1728, None, None), None);
    }

    #[test]
    fn images_without_a_believable_density_fill_the_line() {
        let scan = PageSize::of_image(2480, 3508, None, None);
        let layout = lay_out(scan, Resolution::Fine, BOUNDS);
        assert_eq!((layout.width, layout.drawn_width), (PageWidth::A4, 1728));
        let screenshot = PageSize::of_image(1920, 1080, Some(72.0), Some(72.0));
        let layout = lay_out(screenshot, Resolution::Fine, BOUNDS);
        assert_eq!((layout.width, layout.turn), (PageWidth::A4, Turn::Quarter));
        let icon = PageSize::of_image(100, 50, None, None);
        assert_eq!(lay_out(icon, Resolution::Fine, BOUNDS).drawn_width, 204);
    }

    proptest! {
        #[test]
        fn no_page_is_distorted_or_leaves_its_fax_page(
            width in 1e-3f64..1e7, height in 1e-3f64..1e7, index in 0usize..3,
        ) {
            let size = PageSize::from_millimetres(width, height).unwrap();
            let resolution = Resolution::ALL[index];
            let layout = lay_out(size, resolution, BOUNDS);
            prop_assert!((1..=ROWS_MAX).contains(&layout.rows));
            prop_assert!(layout.drawn_width >= 1);
            prop_assert!(layout.left + layout.drawn_width <= layout.width.pixels());
            // Proportions are kept to within the rounding of either edge.
            let (across, along) = size.turned(layout.turn);
            let drawn_mm = f64::from(layout.drawn_width) / 8.037;
            let rows_mm = f64::from(layout.rows) * 1000.0 / f64::from(resolution.y_lines_per_metre());
            let (scale_x, scale_y) = (drawn_mm / across, rows_mm / along);
            let slack = 0.5 / f64::from(layout.drawn_width) + 0.5 / f64::from(layout.rows);
            if layout.drawn_width > 1 && layout.rows > 1 {
                prop_assert!((scale_x / scale_y - 1.0).abs() <= slack * 1.5 + 1e-9);
            }
        }
    }
}
