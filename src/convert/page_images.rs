//! Where a PDF page shows images, in pixels of the fax page.

use pdfium_render::prelude::{
    PdfMatrix, PdfPage, PdfPageObject, PdfPageObjectCommon, PdfPageObjectsCommon, PdfQuadPoints,
    PdfRenderConfig,
};

use super::binarize::Region;
use super::layout::Layout;

/// Most objects looked at on a page, those in forms included.
const OBJECTS_MAX: u32 = 20_000;

/// Most images that are told apart.
const IMAGES_MAX: usize = 256;

/// How deep forms within forms are looked into.
const DEPTH_MAX: u32 = 4;

/// The rectangles of a page's images, those inside forms included, in the order of drawing.
///
/// `config` is what the page is drawn by. What lies beyond the bounds of this search is drawn like
/// any other page; only nobody knows that it is an image.
pub(crate) fn image_regions(
    page: &PdfPage<'_>,
    layout: Layout,
    config: &PdfRenderConfig,
) -> Vec<Region> {
    let mut search = Search {
        objects_left: OBJECTS_MAX,
        places: Vec::new(),
    };
    for object in page.objects().iter() {
        if !search.look_at(&object, &[], DEPTH_MAX) {
            break;
        }
    }
    search
        .places
        .iter()
        .filter_map(|place| region(page, place, layout, config))
        .collect()
}

struct Search {
    objects_left: u32,
    places: Vec<PdfQuadPoints>,
}

impl Search {
    /// Notes images; `forms` are the matrices of the forms around the object, innermost first.
    /// False when enough was seen.
    fn look_at(&mut self, object: &PdfPageObject<'_>, forms: &[PdfMatrix], depth: u32) -> bool {
        if self.objects_left == 0 || self.places.len() >= IMAGES_MAX {
            return false;
        }
        self.objects_left -= 1;
        match object {
            PdfPageObject::Image(image) => {
                if let Ok(bounds) = image.bounds() {
                    let place = |place: PdfQuadPoints, form: &PdfMatrix| place.transform(*form);
                    self.places.push(forms.iter().fold(bounds, place));
                }
                true
            }
            PdfPageObject::XObjectForm(form) if depth > 0 => {
                let Ok(matrix) = form.matrix() else {
                    return true;
                };
                let around: Vec<PdfMatrix> =
                    [matrix].into_iter().chain(forms.iter().copied()).collect();
                form.iter()
                    .all(|object| self.look_at(&object, &around, depth - 1))
            }
            _ => true,
        }
    }
}

/// The part of the fax page that a place on the PDF page comes to lie on, if any.
fn region(
    page: &PdfPage<'_>,
    place: &PdfQuadPoints,
    layout: Layout,
    config: &PdfRenderConfig,
) -> Option<Region> {
    let origin = layout.left as i32 - layout.cut.left as i32;
    let corner = |x, y| page.points_to_pixels(x, y, config).ok();
    let (x0, y0) = corner(place.left(), place.bottom())?;
    let (x1, y1) = corner(place.right(), place.top())?;
    let column = |x: i32| {
        x.saturating_add(origin)
            .clamp(0, layout.width.pixels() as i32)
    };
    let row = |y: i32| y.clamp(0, layout.rows as i32);
    let region = Region {
        left: column(x0.min(x1)) as u32,
        top: row(y0.min(y1)) as u32,
        right: column(x0.max(x1).saturating_add(1)) as u32,
        bottom: row(y0.max(y1).saturating_add(1)) as u32,
    };
    (region.left < region.right && region.top < region.bottom).then_some(region)
}
