//! Where a page comes to lie on a fax page, and how large: pure geometry.
//!
//! A page keeps its true size and its proportions. It is shrunk only when it is wider than the
//! scan line or longer than a sheet, never blown up, and turned by a quarter only when that
//! lets it lie on a narrower scan line: most machines have A4 paper and no other. A page that fills
//! its paper to the edges is no exception: [`PageFit`] names the ways there are.

use crate::units::{PageFit, PageWidth, Resolution};

/// How much a page may be wider than a scan line and still be shrunk to it, rather than go onto
/// a wider one: Letter is 215.9 mm on a line of 215 mm, JIS B4 257 mm on one of 255 mm.
const SHRINK_TOLERANCE: f64 = 0.05;

/// Longest page of a size that a request may bring, in millimetres: at the finest density its
/// image still counts fewer pixels than fit into half of 32 bits.
const CROPPED_MM_MAX: f64 = 10_000.0;

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

    /// Width and height in PostScript points.
    pub(crate) fn points(self) -> [f32; 2] {
        [self.width_mm, self.height_mm]
            .map(|mm| (mm / MILLIMETRES_PER_INCH * POINTS_PER_INCH) as f32)
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
/// `drawn_width` columns from `left` on, in all rows. What of the image lies off the fax page is
/// `cut`.
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
    /// Columns of the image that lie on the fax page.
    pub drawn_width: u32,
    /// What of the image lies off the fax page.
    pub cut: Cut,
}

impl Layout {
    /// Columns of the whole image, those that are cut off included.
    pub fn image_width(&self) -> u32 {
        self.cut.left + self.drawn_width + self.cut.right
    }

    /// Rows of the whole image, those that are cut off included.
    pub fn image_rows(&self) -> u32 {
        self.rows + self.cut.bottom
    }
}

/// Columns and rows of a page's image that lie off the fax page, counted at its scale. The end of
/// the paper is the only edge along it that cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Columns before the first that is drawn.
    pub left: u32,
    /// Columns after the last.
    pub right: u32,
    /// Rows after the last.
    pub bottom: u32,
}

/// What a fax page may be at most, and how a page is brought to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageBounds {
    /// The widest scan line.
    pub width_max: PageWidth,
    /// Most scan lines; not zero.
    pub rows_max: u32,
    /// What is done with a page that is larger.
    pub fit: PageFit,
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
    let pixels_per_mm = f64::from(resolution.x_pels_per_metre()) / 1000.0;
    let shrink_to_line = line_mm(width, resolution) / across_mm;
    let shrink_to_rows = f64::from(rows_max) / (along_mm * rows_per_mm);
    let scale = match bounds.fit {
        PageFit::Fit => shrink_to_line
            .min(shrink_to_rows)
            .min(sheet_mm(width) / along_mm),
        PageFit::LongPage => shrink_to_line.min(shrink_to_rows),
        PageFit::Crop => CROPPED_MM_MAX / across_mm.max(along_mm),
    }
    .min(1.0);
    let image_width = whole(across_mm * scale * pixels_per_mm);
    let image_rows = whole(along_mm * scale * rows_per_mm);
    let drawn_width = image_width.min(width.pixels());
    let rows = image_rows.min(rows_max);
    let cut_left = (image_width - drawn_width) / 2;
    Layout {
        width,
        rows,
        turn,
        left: (width.pixels() - drawn_width) / 2,
        drawn_width,
        cut: Cut {
            left: cut_left,
            right: image_width - drawn_width - cut_left,
            bottom: image_rows - rows,
        },
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

/// The longest sheet that goes with a scan line, in millimetres: B4 is the longest page of a
/// limited length that T.30 knows (Table 2/T.30, bits 19 and 20) and takes Legal too; A3 lines
/// belong to machines that take A3 and tabloid.
fn sheet_mm(width: PageWidth) -> f64 {
    match width {
        PageWidth::A4 | PageWidth::B4 => 364.0,
        PageWidth::A3 => 431.8,
    }
}

/// A length rounded to whole pixels, at least one.
fn whole(length: f64) -> u32 {
    // A float cast saturates, so no length is out of range here.
    (length.round() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROWS_MAX: u32 = 20_000;
    const BOUNDS: PageBounds = PageBounds {
        width_max: PageWidth::A3,
        rows_max: ROWS_MAX,
        fit: PageFit::Fit,
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
    }

    fn fitted(fit: PageFit, width: f64, height: f64) -> Layout {
        let size = PageSize::from_millimetres(width, height).unwrap();
        lay_out(size, Resolution::Fine, PageBounds { fit, ..BOUNDS })
    }

    #[test]
    fn a_banner_is_shrunk_to_a_sheet_unless_it_may_run_along_the_paper() {
        let sheet = fitted(PageFit::Fit, 1000.0, 200.0);
        // 364 mm of 1000 mm: the sheet is 2803 rows of 7.7 a millimetre.
        assert_eq!((sheet.turn, sheet.rows), (Turn::Quarter, 2803));
        assert_eq!((sheet.width, sheet.drawn_width), (PageWidth::A4, 585));
        let long = fitted(PageFit::LongPage, 1000.0, 200.0);
        assert_eq!((long.turn, long.rows), (Turn::Quarter, 7700));
        assert_eq!((long.width, long.drawn_width), (PageWidth::A4, 1607));
        // A till receipt, and one that is longer than the row limit.
        let receipt = fitted(PageFit::LongPage, 80.0, 600.0);
        assert_eq!((receipt.rows, receipt.drawn_width), (4620, 643));
        let endless = fitted(PageFit::LongPage, 80.0, 5_194.8);
        assert_eq!((endless.rows, endless.drawn_width), (ROWS_MAX, 321));
    }

    #[test]
    fn legal_and_tabloid_pages_fit_on_a_sheet_without_shrinking_more_than_the_line_asks() {
        let legal = fitted(PageFit::Fit, 215.9, 355.6);
        assert_eq!((legal.drawn_width, legal.rows), (1728, 2727));
        let tabloid = fitted(PageFit::Fit, 279.4, 431.8);
        assert_eq!((tabloid.width, tabloid.rows), (PageWidth::A3, 3325));
    }

    #[test]
    fn a_page_that_is_cropped_keeps_its_size_and_loses_the_same_at_either_side() {
        let letter = fitted(PageFit::Crop, 215.9, 279.4);
        assert_eq!((letter.drawn_width, letter.rows), (1728, 2151));
        assert_eq!(
            letter.cut,
            Cut {
                left: 3,
                right: 4,
                bottom: 0
            }
        );
        let poster = fitted(PageFit::Crop, 500.0, 700.0);
        assert_eq!((poster.width, poster.drawn_width), (PageWidth::A3, 2432));
        assert_eq!((poster.image_width(), poster.rows), (4019, 5390));
        assert_eq!((poster.cut.left, poster.cut.right), (793, 794));
        let endless = fitted(PageFit::Crop, 200.0, 3000.0);
        assert_eq!((endless.rows, endless.cut.bottom), (ROWS_MAX, 3100));
        assert_eq!(fitted(PageFit::Crop, 210.0, 297.0).cut, Cut::default());
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
        fn no_page_is_distorted_blown_up_or_leaves_its_fax_page(
            width in 1e-3f64..1e7, height in 1e-3f64..1e7, index in 0usize..9,
        ) {
            let size = PageSize::from_millimetres(width, height).unwrap();
            let resolution = Resolution::ALL[index % 3];
            let fit = [PageFit::Fit, PageFit::Crop, PageFit::LongPage][index / 3];
            let layout = lay_out(size, resolution, PageBounds { fit, ..BOUNDS });
            prop_assert!((1..=ROWS_MAX).contains(&layout.rows));
            prop_assert!(layout.drawn_width >= 1);
            prop_assert!(layout.left + layout.drawn_width <= layout.width.pixels());
            // It lies in the middle of the line, and so does what is cut off.
            let right = layout.width.pixels() - layout.left - layout.drawn_width;
            prop_assert!(layout.left.abs_diff(right) <= 1);
            prop_assert!(layout.cut.left.abs_diff(layout.cut.right) <= 1);
            if fit != PageFit::Crop {
                prop_assert_eq!(layout.cut, Cut::default());
            }
            // Proportions are kept to within the rounding of either edge.
            let (across, along) = size.turned(layout.turn);
            let (columns, rows) = (f64::from(layout.image_width()), f64::from(layout.image_rows()));
            let rows_mm = rows * 1000.0 / f64::from(resolution.y_lines_per_metre());
            let (scale_x, scale_y) = (columns / 8.037 / across, rows_mm / along);
            let slack = 0.5 / columns + 0.5 / rows;
            if columns > 1.0 && rows > 1.0 {
                prop_assert!((scale_x / scale_y - 1.0).abs() <= slack * 1.5 + 1e-9);
                prop_assert!(scale_x <= 1.0 + slack && scale_y <= 1.0 + slack);
            }
            if fit == PageFit::Crop && width.max(height) < CROPPED_MM_MAX && columns > 1.0 {
                prop_assert!((scale_x - 1.0).abs() <= 0.51 / columns + 1e-9);
            }
        }

        #[test]
        fn a_page_of_a_usual_size_is_the_same_in_every_fit(
            width in 10f64..214.0, height in 10f64..363.0, index in 0usize..3,
        ) {
            let size = PageSize::from_millimetres(width, height).unwrap();
            let lay = |fit| lay_out(size, Resolution::ALL[index], PageBounds { fit, ..BOUNDS });
            prop_assert_eq!(lay(PageFit::Fit), lay(PageFit::Crop));
            prop_assert_eq!(lay(PageFit::Fit), lay(PageFit::LongPage));
        }
    }
}
