//! What an image of a page is once it is decoded.

use crate::convert::tiff_input::GrayImage;
use crate::t4::Bitmap;

/// Pixels as a fax can show them: no colours, nothing see-through.
pub(super) enum Picture {
    Bilevel(Bitmap),
    Gray(GrayImage),
}

impl Picture {
    /// One above the other; `None` unless all are of one kind and width.
    pub(super) fn stack(parts: Vec<Self>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let mut whole = parts.next()?;
        for part in parts {
            match (&mut whole, part) {
                (Self::Bilevel(above), Self::Bilevel(below)) if above.width() == below.width() => {
                    below.iter_rows().for_each(|row| above.push_row(row));
                }
                (Self::Gray(above), Self::Gray(below)) if above.width == below.width => {
                    above.pixels.extend_from_slice(&below.pixels);
                    above.height = above.height.checked_add(below.height)?;
                }
                _ => return None,
            }
        }
        Some(whole)
    }
}
