//! Turning pages the right way up: TIFF 6.0 §8, `Orientation`.

use super::GrayImage;
use crate::t4::Bitmap;

/// How the stored rows and columns lie on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::convert) struct Orientation {
    /// Whether stored rows are the page's columns.
    transposed: bool,
    /// Whether the page's left is on the right, after transposing.
    mirrored: bool,
    /// Whether the page's top is at the bottom, after transposing.
    upside_down: bool,
}

impl Orientation {
    /// From the field's value; an unknown or missing one is the usual orientation.
    pub(in crate::convert) fn from_tag(value: Option<u64>) -> Self {
        let (transposed, mirrored, upside_down) = match value {
            Some(2) => (false, true, false),
            Some(3) => (false, true, true),
            Some(4) => (false, false, true),
            Some(5) => (true, false, false),
            Some(6) => (true, true, false),
            Some(7) => (true, true, true),
            Some(8) => (true, false, true),
            _ => (false, false, false),
        };
        Self {
            transposed,
            mirrored,
            upside_down,
        }
    }

    /// Whether width and height, and the densities along them, change places.
    pub(super) fn swaps_axes(self) -> bool {
        self.transposed
    }

    pub(super) fn apply_to_gray(self, image: GrayImage) -> GrayImage {
        if self.is_usual() {
            return image;
        }
        let stored_width = image.width as usize;
        let (width, height) = self.size(image.width, image.height);
        let mut pixels = Vec::with_capacity(image.pixels.len());
        for y in 0..height {
            for x in 0..width {
                let (column, row) = self.stored_place(x, y, width, height);
                pixels.push(image.pixels[row as usize * stored_width + column as usize]);
            }
        }
        GrayImage {
            width,
            height,
            pixels,
        }
    }

    pub(in crate::convert) fn apply_to_bitmap(self, bitmap: Bitmap) -> Bitmap {
        if self.is_usual() {
            return bitmap;
        }
        let (width, height) = self.size(bitmap.width(), bitmap.rows());
        let stride = width.div_ceil(8) as usize;
        let stored_stride = bitmap.stride();
        let stored = bitmap.as_bytes();
        let mut bytes = vec![0; stride * height as usize];
        for y in 0..height {
            for x in 0..width {
                let (column, row) = self.stored_place(x, y, width, height);
                let byte = stored[row as usize * stored_stride + column as usize / 8];
                if byte & (0x80 >> (column % 8)) != 0 {
                    bytes[y as usize * stride + x as usize / 8] |= 0x80 >> (x % 8);
                }
            }
        }
        Bitmap::from_packed(width, bytes)
    }

    fn is_usual(self) -> bool {
        !(self.transposed || self.mirrored || self.upside_down)
    }

    fn size(self, stored_width: u32, stored_height: u32) -> (u32, u32) {
        if self.transposed {
            (stored_height, stored_width)
        } else {
            (stored_width, stored_height)
        }
    }

    /// Column and row in the file of a pixel of the page.
    #[inline]
    fn stored_place(self, x: u32, y: u32, width: u32, height: u32) -> (u32, u32) {
        let x = if self.mirrored { width - 1 - x } else { x };
        let y = if self.upside_down { height - 1 - y } else { y };
        if self.transposed { (y, x) } else { (x, y) }
    }
}
