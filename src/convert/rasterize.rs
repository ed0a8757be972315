//! Pages drawn by PDFium, straight at fax geometry.
//!
//! For the rendering process only, and for measurements: a document can crash, spin and eat the
//! process that calls this.

use std::error::Error;
use std::path::Path;

use pdfium_render::prelude::{
    PdfBitmap, PdfBitmapFormat, PdfDocument, PdfPage, PdfPageRenderRotation, PdfRenderConfig,
    Pdfium, PdfiumError, PdfiumInternalError,
};

use super::binarize::{GrayPage, Hints, PageSource, binarize_and_tell};
use super::canvas::Canvas;
use super::error::Refusal;
use super::layout::{Layout, PageBounds, PageSize, Turn, lay_out};
use super::page_images::image_regions;
use super::scanned::{Scans, Taken};
use super::system_fonts::offer_fonts;
use crate::limits::Limits;
use crate::t4::Bitmap;
use crate::units::{PageFit, PageWidth, Resolution, ToneMode};

/// How pages are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// Vertical density.
    pub resolution: Resolution,
    /// The widest scan line.
    pub width_max: PageWidth,
    /// How shades become black and white.
    pub mode: ToneMode,
    /// How pages are brought onto fax pages.
    pub fit: PageFit,
    /// Bounds on pages.
    pub limits: &'a Limits,
}

impl Drawing<'_> {
    /// What a page may be at most.
    pub(crate) fn bounds(&self) -> PageBounds {
        PageBounds {
            width_max: self.width_max,
            rows_max: self.limits.page_rows_max,
            fit: self.fit,
        }
    }
}

/// Loads the library. It stays loaded for the life of the process.
pub fn load_library(path: &Path) -> Result<Pdfium, Refusal> {
    Pdfium::bind_to_library(path)
        .map(Pdfium::new)
        .inspect(offer_fonts)
        .map_err(|error| {
            // The loader's own words, path included, are the source of the crate's error.
            let why = match &error {
                PdfiumError::LoadLibraryError(error) => error
                    .source()
                    .map_or_else(|| error.to_string(), ToString::to_string),
                error => format!("{}: {error:?}", path.display()),
            };
            Refusal::LibraryMissing { why }
        })
}

/// Opens a PDF and checks its page count. An encrypted document whose user password is empty
/// opens like any other: PDFium tries that first.
pub fn open<'a>(
    pdfium: &'a Pdfium,
    pdf: &'a [u8],
    limits: &Limits,
) -> Result<PdfDocument<'a>, Refusal> {
    let document = pdfium
        .load_pdf_from_byte_slice(pdf, None)
        .map_err(|error| refusal(&error))?;
    match u32::try_from(document.pages().len()).unwrap_or(0) {
        0 => Err(invalid("it has no pages")),
        pages if pages > limits.document_pages_max => Err(Refusal::TooManyPages { pages }),
        _ => Ok(document),
    }
}

/// Draws and binarizes one page; `canvas` is memory to draw in that pages share.
pub fn draw_page(
    document: &PdfDocument<'_>,
    index: u32,
    drawing: Drawing<'_>,
    canvas: &mut Canvas,
) -> Result<Bitmap, Refusal> {
    take_or_draw_page(document, index, drawing, canvas, None)
}

/// Takes a page that is a scan from `scans`, draws any other.
pub(crate) fn take_or_draw_page(
    document: &PdfDocument<'_>,
    index: u32,
    drawing: Drawing<'_>,
    canvas: &mut Canvas,
    scans: Option<&Scans<'_>>,
) -> Result<Bitmap, Refusal> {
    let (page, layout) = placed(document, index, drawing)?;
    let width = layout.width.pixels();
    let pixels = width as usize * layout.rows as usize;
    let hints = match scans.and_then(|scans| scans.take(&page, index, layout, drawing, canvas)) {
        Some(Taken::Bitmap(bitmap)) => return Ok(bitmap),
        Some(Taken::Levels) => Hints {
            source: PageSource::Scanned,
            images: Vec::new(),
        },
        None => {
            let config = config(layout);
            let canvas = canvas.white(pixels);
            rasterize(&page, layout, &config, canvas).map_err(|_| unreadable(index))?;
            let images = match drawing.mode {
                ToneMode::Auto => image_regions(&page, layout, &config),
                ToneMode::Text | ToneMode::Photo | ToneMode::Scan => Vec::new(),
            };
            Hints {
                source: PageSource::Drawn,
                images,
            }
        }
    };
    let page = GrayPage::new(canvas.drawn(pixels), width, width as usize);
    let (bitmap, traces) = binarize_and_tell(page, drawing.mode, drawing.resolution, &hints);
    if let Some(traces) = traces {
        canvas.wipe(pixels, width as usize, &traces);
    }
    Ok(bitmap)
}

/// Draws one page in grey, and nothing else: for measurements.
#[doc(hidden)]
pub fn draw_levels(
    document: &PdfDocument<'_>,
    index: u32,
    drawing: Drawing<'_>,
    canvas: &mut Canvas,
) -> Result<(), Refusal> {
    let (page, layout) = placed(document, index, drawing)?;
    let pixels = layout.width.pixels() as usize * layout.rows as usize;
    let canvas = canvas.white(pixels);
    rasterize(&page, layout, &config(layout), canvas).map_err(|_| unreadable(index))
}

/// A page and where it comes to lie.
fn placed<'a>(
    document: &PdfDocument<'a>,
    index: u32,
    drawing: Drawing<'_>,
) -> Result<(PdfPage<'a>, Layout), Refusal> {
    let page = document
        .pages()
        .get(i32::try_from(index).map_err(|_| unreadable(index))?)
        .map_err(|_| unreadable(index))?;
    let (width, height) = (page.width().value, page.height().value);
    let longer_edge = width.max(height).ceil() as u64;
    if longer_edge > u64::from(drawing.limits.page_points_max) {
        return Err(Refusal::PageTooLarge {
            points: longer_edge,
        });
    }
    let size = PageSize::from_points(width.into(), height.into())
        .ok_or_else(|| invalid(&format!("page {} has no size", index + 1)))?;
    Ok((page, lay_out(size, drawing.resolution, drawing.bounds())))
}

/// How a page is drawn at its layout.
fn config(layout: Layout) -> PdfRenderConfig {
    let rotation = match layout.turn {
        Turn::Upright => PdfPageRenderRotation::None,
        Turn::Quarter => PdfPageRenderRotation::Degrees270,
    };
    // A reversed byte order makes PDFium lose text on Gray bitmaps, or abort; with form rendering
    // off the page is drawn at 72 dpi. The canvas is white already.
    PdfRenderConfig::new()
        .set_format(PdfBitmapFormat::Gray)
        .set_reverse_byte_order(false)
        .clear_before_rendering(false)
        .render_form_data(true)
        .render_annotations(true)
        .rotate(rotation, false)
        .set_fixed_size(layout.image_width() as i32, layout.image_rows() as i32)
        .set_origin(layout.left as i32 - layout.cut.left as i32, 0)
}

/// Draws a page into a white `canvas` of its layout, one byte a pixel, 0 black.
fn rasterize(
    page: &PdfPage<'_>,
    layout: Layout,
    config: &PdfRenderConfig,
    canvas: &mut [u8],
) -> Result<(), PdfiumError> {
    // Every scan line is a multiple of 4 bytes, PDFium's stride.
    let (width, rows) = (layout.width.pixels(), layout.rows);
    let mut bitmap =
        PdfBitmap::from_bytes(width as i32, rows as i32, PdfBitmapFormat::Gray, canvas)?;
    page.render_into_bitmap_with_config(&mut bitmap, config)
}

/// What PDFium's refusal to open a document means.
fn refusal(error: &PdfiumError) -> Refusal {
    match error {
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::PasswordError) => {
            Refusal::Encrypted
        }
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::SecurityError) => {
            invalid("it is encrypted by an unknown method")
        }
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::FormatError) => {
            invalid("it is no PDF or is damaged beyond repair")
        }
        _ => invalid("the renderer could not open it"),
    }
}

fn unreadable(index: u32) -> Refusal {
    invalid(&format!("page {} cannot be read", index + 1))
}

fn invalid(what: &str) -> Refusal {
    Refusal::Invalid {
        what: what.to_owned(),
    }
}
