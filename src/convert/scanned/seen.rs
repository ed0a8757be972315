//! What the renderer sees of a page, which must agree with what the file says.

use pdfium_render::prelude::{
    PdfPage, PdfPageObject, PdfPageObjectCommon, PdfPageObjectsCommon, PdfPageTextRenderMode,
};

/// Most objects of a page that is looked at: words of invisible text, strips of an image.
const OBJECTS_MAX: usize = 20_000;

/// A page that shows images and nothing else, as far as the renderer sees.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SeenPage {
    /// Width as displayed, in points.
    pub(super) width: f64,
    /// Height as displayed, in points.
    pub(super) height: f64,
    /// Left, bottom, right and top of each image before the page is turned, in painting order.
    pub(super) images: Vec<[f64; 4]>,
}

impl SeenPage {
    /// Looks at a page; `None` when there is anything on it that is no image and can be seen.
    /// Costs next to nothing on pages that begin with something else than an image.
    pub(super) fn look_at(page: &PdfPage<'_>) -> Option<Self> {
        let objects = page.objects();
        let count = objects.len();
        if count == 0 || count > OBJECTS_MAX {
            return None;
        }
        let mut images = Vec::new();
        for object in objects.iter() {
            match object {
                PdfPageObject::Image(image) => {
                    let bounds = image.bounds().ok()?;
                    let edges = [bounds.left(), bounds.bottom(), bounds.right(), bounds.top()];
                    images.push(edges.map(|edge| f64::from(edge.value)));
                }
                PdfPageObject::Text(text)
                    if text.render_mode() == PdfPageTextRenderMode::Invisible => {}
                _ => return None,
            }
        }
        if images.is_empty() || !page.annotations().is_empty() {
            return None;
        }
        Some(Self {
            width: page.width().value.into(),
            height: page.height().value.into(),
            images,
        })
    }
}
