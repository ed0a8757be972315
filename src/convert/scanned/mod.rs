//! Scanned pages: a page that is one image, whole or in strips, is taken from the file, not drawn.
//!
//! The renderer and a second reader of the file must agree that the page shows images and nothing
//! else, invisible text aside, and where they lie. Every doubt is decided against it, and the page
//! is drawn by PDFium like any other: another operator, a mask, an annotation, an odd colour space,
//! a decode error.

mod colour;
mod content;
mod fax;
mod filters;
mod image;
mod jbig2;
mod jpeg;
mod page;
mod picture;
mod place;
mod samples;
mod seen;
mod strips;
mod tokens;

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Document, LoadOptions, ObjectId};
use pdfium_render::prelude::PdfPage;

use super::canvas::Canvas;
use super::layout::{Cut, Layout, Turn, fax_resolution};
use super::rasterize::Drawing;
use super::resample::{resample_bilevel, resample_levels};
use crate::limits::Limits;
use crate::t4::Bitmap;
use page::{EDGE_POINTS_MAX, ImagePage};
use picture::Picture;
use place::Place;
use seen::SeenPage;

/// Largest document that is read a second time for its scanned pages.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// Most bytes that a stream of objects may inflate to.
const OBJECTS_BYTES_MAX: usize = 4 << 20;

/// Least share of a page that its images cover when it is a scan.
const COVERED_MIN: f64 = 0.5;

/// Counts the pages of a PDF that are images and nothing else and can be decoded, as far as the
/// file says; a conversion asks the renderer too before it takes one.
pub fn count_scans(pdf: &[u8], limits: &Limits) -> u32 {
    let Ok(document) = Document::load_mem_with_options(pdf, load_options()) else {
        return 0;
    };
    let pages = document.get_pages().into_values();
    let is_scan = |id: &ObjectId| {
        ImagePage::read(&document, *id)
            .and_then(|page| strips::whole_image(&document, &page, limits))
            .is_some()
    };
    pages.filter(is_scan).count() as u32
}

/// The pages of a document that are scans. The file is read only when the renderer has seen a page
/// that looks like one.
pub(crate) struct Scans<'a> {
    pdf: &'a [u8],
    pages: u32,
    document: OnceCell<Option<ScannedDocument>>,
}

/// A page that was taken from the file.
pub(crate) enum Taken {
    /// A bilevel image at fax geometry.
    Bitmap(Bitmap),
    /// Grey levels at fax geometry, in the canvas: the page's layout, a byte a pixel, 255 white.
    Levels,
}

impl<'a> Scans<'a> {
    /// The scanned pages of a document, of which the renderer says that it has so many pages.
    pub(crate) fn new(pdf: &'a [u8], pages: u32) -> Self {
        Self {
            pdf,
            pages,
            document: OnceCell::new(),
        }
    }

    /// Takes a page, when it is a scan without a doubt.
    pub(crate) fn take(
        &self,
        page: &PdfPage<'_>,
        index: u32,
        layout: Layout,
        drawing: Drawing<'_>,
        canvas: &mut Canvas,
    ) -> Option<Taken> {
        let seen = SeenPage::look_at(page).filter(SeenPage::looks_like_a_scan)?;
        let document = self
            .document
            .get_or_init(|| ScannedDocument::open(self.pdf, self.pages));
        let document = document.as_ref()?;
        let take = || document.take(index, &seen, layout, drawing, canvas);
        catch_unwind(AssertUnwindSafe(take)).ok()?
    }
}

/// A document as the second reader sees it.
struct ScannedDocument {
    document: Document,
    pages: Vec<ObjectId>,
}

impl ScannedDocument {
    /// `None` when anything about the document is unusual.
    fn open(pdf: &[u8], pages: u32) -> Option<Self> {
        if pdf.len() > DOCUMENT_BYTES_MAX {
            return None;
        }
        let load = || Document::load_mem_with_options(pdf, load_options());
        let document = catch_unwind(AssertUnwindSafe(load)).ok()?.ok()?;
        if document.is_encrypted() || document.was_encrypted() {
            return None;
        }
        let found: Vec<ObjectId> = document.get_pages().into_values().collect();
        (found.len() == pages as usize).then_some(Self {
            document,
            pages: found,
        })
    }

    fn take(
        &self,
        index: u32,
        seen: &SeenPage,
        layout: Layout,
        drawing: Drawing<'_>,
        canvas: &mut Canvas,
    ) -> Option<Taken> {
        let page = ImagePage::read(&self.document, *self.pages.get(index as usize)?)?;
        if !is_seen_so(&page, seen) {
            return None;
        }
        let (picture, lies) = strips::whole_image(&self.document, &page, drawing.limits)?;
        let place = Place::new(&page, lies, layout)?;
        if place.fills_page
            && let Picture::Bilevel(bitmap) = &picture
            && is_fax_page(bitmap, place, seen, layout, drawing)
        {
            // Its pixels are better than what any scaling makes of them.
            return Some(Taken::Bitmap(
                place.orientation.apply_to_bitmap(bitmap.clone()),
            ));
        }
        let orientation = place.orientation.then(layout.turn.into());
        Some(match picture {
            Picture::Bilevel(bitmap) => Taken::Bitmap(resample_bilevel(
                &bitmap,
                orientation,
                place.window,
                drawing.mode,
                drawing.resolution,
            )),
            Picture::Gray(image) => {
                let levels = (&image.pixels[..], image.width);
                let page = canvas.white(place.window.pixels());
                resample_levels(levels, orientation, place.window, page);
                Taken::Levels
            }
        })
    }
}

fn load_options() -> LoadOptions {
    LoadOptions {
        max_decompressed_size: Some(OBJECTS_BYTES_MAX),
        ..LoadOptions::default()
    }
}

/// Whether an image, which fills its page, has the scan line and resolution that the page would be
/// drawn for.
fn is_fax_page(
    bitmap: &Bitmap,
    place: Place,
    seen: &SeenPage,
    layout: Layout,
    drawing: Drawing<'_>,
) -> bool {
    let (width, rows) = if place.orientation.swaps_axes() {
        (bitmap.rows(), bitmap.width())
    } else {
        (bitmap.width(), bitmap.rows())
    };
    let dpi = |pixels: u32, points: f64| Some((f64::from(pixels) * 72.0 / points) as f32);
    let resolution = fax_resolution(width, dpi(width, seen.width), dpi(rows, seen.height));
    layout.turn == Turn::Upright
        && layout.cut == Cut::default()
        && layout.width.pixels() == width
        && rows <= drawing.limits.page_rows_max
        && resolution == Some(drawing.resolution)
}

/// Whether the renderer sees the same images at the same places on a page of the same size.
fn is_seen_so(page: &ImagePage<'_>, seen: &SeenPage) -> bool {
    let [left, bottom, right, top] = page.shown;
    let (mut width, mut height) = (right - left, top - bottom);
    if page.quarter_turns % 2 != 0 {
        std::mem::swap(&mut width, &mut height);
    }
    let is_near = |a: f64, b: f64| (a - b).abs() <= EDGE_POINTS_MAX;
    let are_near = |(a, b): (&[f64; 4], &[f64; 4])| a.iter().zip(b).all(|(a, b)| is_near(*a, *b));
    (width - seen.width).abs() < 0.01
        && (height - seen.height).abs() < 0.01
        && page.images.len() == seen.images.len()
        && page
            .images
            .iter()
            .map(|image| &image.bounds)
            .zip(&seen.images)
            .all(are_near)
}

impl SeenPage {
    fn looks_like_a_scan(&self) -> bool {
        let covered: f64 = self
            .images
            .iter()
            .map(|[left, bottom, right, top]| (right - left) * (top - bottom))
            .sum();
        covered >= COVERED_MIN * self.width * self.height
    }
}
