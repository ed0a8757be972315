//! Pages of a TIFF brought to fax geometry, in the rendering process.

use std::io::{BufReader, Read, Seek};
use std::time::Instant;

use super::ConvertError;
use super::frames::RenderedPage;
use super::layout::{PageSize, fax_resolution, lay_out};
use super::rasterize::Drawing;
use super::resample::{Image, resample};
use super::survey::PageSurvey;
use super::tiff_input::{TiffPage, read_tiff_pages};
use crate::t4::Bitmap;
use crate::units::Resolution;

/// Hands every page of a TIFF to `sink`, in order, with what is known of the page before it.
pub fn tiff_fax_pages(
    document: impl Read + Seek,
    drawing: Drawing<'_>,
    sink: &mut dyn FnMut(RenderedPage, PageSurvey) -> Result<(), ConvertError>,
) -> Result<(), ConvertError> {
    let mut index = 0;
    let mut begun = Instant::now();
    read_tiff_pages(BufReader::new(document), drawing.limits, &mut |page| {
        let page = fax_page(page, drawing);
        let rendered = RenderedPage {
            index,
            bitmap: page.bitmap,
            resolution: page.resolution,
            bad_rows: page.bad_rows,
            elapsed: begun.elapsed(),
        };
        sink(
            rendered,
            PageSurvey::of_image(page.laid_out, page.coloured_share),
        )?;
        index += 1;
        begun = Instant::now();
        Ok(())
    })?;
    Ok(())
}

/// A page at fax geometry.
struct FaxedPage {
    bitmap: Bitmap,
    resolution: Resolution,
    bad_rows: u32,
    /// The size that it was laid out from; absent for a fax page that goes as it is.
    laid_out: Option<PageSize>,
    coloured_share: Option<f32>,
}

/// A page as it is when it is a fax page of no finer resolution than asked for, resampled to that
/// resolution otherwise.
fn fax_page(page: TiffPage, drawing: Drawing<'_>) -> FaxedPage {
    match page {
        TiffPage::Bilevel {
            bitmap,
            x_dpi,
            y_dpi,
            bad_rows,
        } => {
            let resolution = fax_resolution(bitmap.width(), x_dpi, y_dpi)
                .filter(|resolution| *resolution <= drawing.resolution)
                .filter(|_| bitmap.width() <= drawing.width_max.pixels())
                .filter(|_| bitmap.rows() <= drawing.limits.page_rows_max);
            if let Some(resolution) = resolution {
                return FaxedPage {
                    bitmap,
                    resolution,
                    bad_rows,
                    laid_out: None,
                    coloured_share: None,
                };
            }
            FaxedPage {
                bad_rows,
                ..place(Image::Bilevel(&bitmap), x_dpi, y_dpi, drawing)
            }
        }
        TiffPage::Gray {
            image,
            coloured_share,
            x_dpi,
            y_dpi,
        } => {
            let image = Image::Gray {
                width: image.width,
                height: image.height,
                levels: &image.pixels,
            };
            FaxedPage {
                coloured_share,
                ..place(image, x_dpi, y_dpi, drawing)
            }
        }
    }
}

/// An image laid out and resampled onto a fax page of its own.
fn place(
    image: Image<'_>,
    x_dpi: Option<f32>,
    y_dpi: Option<f32>,
    drawing: Drawing<'_>,
) -> FaxedPage {
    let size = PageSize::of_image(image.width(), image.height(), x_dpi, y_dpi);
    let layout = lay_out(size, drawing.resolution, drawing.bounds());
    FaxedPage {
        bitmap: resample(image, layout, drawing.mode, drawing.resolution),
        resolution: drawing.resolution,
        bad_rows: 0,
        laid_out: Some(size),
        coloured_share: None,
    }
}
