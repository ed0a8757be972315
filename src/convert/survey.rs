//! What of a page a fax loses: its size, and of a PDF page its colours and its smallest text.
//!
//! For the rendering process only, as all that PDFium does with a document.

use std::cmp::Ordering;

use pdfium_render::prelude::{
    PdfBitmap, PdfBitmapFormat, PdfDocument, PdfPage, PdfPageTextRenderMode, PdfRenderConfig,
    PdfiumError,
};
use serde::{Deserialize, Serialize};

use super::layout::PageSize;

/// Pixels of a page's longer edge where its colours are looked at.
const EDGE_PIXELS: f32 = 480.0;

/// Least difference between a pixel's strongest and weakest primary that makes it coloured:
/// above what JPEG leaves in greys.
pub(super) const CHROMA_MIN: u8 = 40;

/// So many characters make a text; fewer are a footnote's sign or a trademark's.
const TEXT_CHARACTERS_MIN: usize = 20;

/// Most characters of a page whose size is looked at.
const CHARACTERS_MAX: usize = 20_000;

/// What was seen on one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PageSurvey {
    /// Size as shown, in points; absent when it cannot be read, and for a page of a TIFF that is a
    /// fax page already and goes as it is.
    pub points: Option<[f32; 2]>,
    /// Coloured pixels of all pixels, from 0 to 1; absent when the page could not be drawn.
    pub coloured_share: Option<f32>,
    /// Height of the smallest lines that together have at least 20 visible characters, in points.
    pub smallest_text_points: Option<f32>,
}

impl PageSurvey {
    /// Of an image, of which size and colours are all that is known.
    pub(crate) fn of_image(size: Option<PageSize>, coloured_share: Option<f32>) -> Self {
        Self {
            points: size.map(PageSize::points),
            coloured_share,
            ..Self::default()
        }
    }
}

/// Looks at one page; what cannot be read is absent.
pub(crate) fn survey_page(document: &PdfDocument<'_>, index: u32) -> PageSurvey {
    let page = i32::try_from(index)
        .ok()
        .and_then(|index| document.pages().get(index).ok());
    let Some(page) = page else {
        return PageSurvey::default();
    };
    PageSurvey {
        points: Some([page.width().value, page.height().value]),
        coloured_share: coloured_share(&page).ok(),
        smallest_text_points: smallest_text(&page),
    }
}

fn coloured_share(page: &PdfPage<'_>) -> Result<f32, PdfiumError> {
    const BYTES: usize = 4;
    let (width, height) = (page.width().value, page.height().value);
    let scale = EDGE_PIXELS / width.max(height);
    let pixels = |points: f32| ((points * scale).round() as i32).max(1);
    let (width, height) = (pixels(width), pixels(height));
    let mut canvas = vec![0xFF; width as usize * height as usize * BYTES];
    let config = PdfRenderConfig::new()
        .set_format(PdfBitmapFormat::BGRx)
        .set_reverse_byte_order(false)
        .render_form_data(true)
        .render_annotations(true)
        .set_fixed_size(width, height);
    let mut bitmap = PdfBitmap::from_bytes(width, height, PdfBitmapFormat::BGRx, &mut canvas)?;
    page.render_into_bitmap_with_config(&mut bitmap, &config)?;
    drop(bitmap);
    let is_coloured = |pixel: &&[u8]| {
        let (strongest, weakest) = pixel[..3]
            .iter()
            .fold((0, 255), |(max, min): (u8, u8), &p| {
                (max.max(p), min.min(p))
            });
        strongest - weakest >= CHROMA_MIN
    };
    let pixels = canvas.chunks_exact(BYTES);
    let all = pixels.len();
    Ok(pixels.filter(is_coloured).count() as f32 / all as f32)
}

/// The height that at least [`TEXT_CHARACTERS_MIN`] visible characters do not exceed.
fn smallest_text(page: &PdfPage<'_>) -> Option<f32> {
    let text = page.text().ok()?;
    let mut heights: Vec<f32> = text
        .chars()
        .iter()
        .take(CHARACTERS_MAX)
        .filter(|character| character.unicode_char().is_some_and(char::is_alphanumeric))
        .filter(|character| {
            // Text under a scan is there to be searched, not seen.
            !matches!(
                character.render_mode(),
                Ok(PdfPageTextRenderMode::Invisible)
            )
        })
        .filter_map(|character| {
            let bounds = character.loose_bounds().ok()?;
            // The box is as high as the font's line, whatever scales it; in text that runs up or
            // down the page, as wide.
            let height = bounds.height().value.max(bounds.width().value);
            (height.is_finite() && height > 0.0).then_some(height)
        })
        .collect();
    heights.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    heights.get(TEXT_CHARACTERS_MIN - 1).copied()
}
