//! The rows of one page on the way from codes to pixels.

use super::decoder::{Places, decode_1d, decode_2d};
use super::paint::Canvas;
use crate::t4::path::Level;
use crate::t4::row_codes::Likeness;

/// The row above and the row in hand. Exists only where the machine has AVX2, BMI and PCLMULQDQ.
#[derive(Clone, Debug)]
pub(in crate::t4) struct FastRows {
    reference: Places,
    current: Places,
    canvas: Canvas,
}

impl FastRows {
    /// Rows under a white one.
    ///
    /// # Panics
    ///
    /// If the level is the portable one.
    pub(in crate::t4) fn new(width: u32, level: Level) -> Self {
        assert!(level != Level::Portable, "a level with vectors");
        Self {
            reference: Places::white(width),
            current: Places::white(width),
            // SAFETY: a level other than the portable one is made only where its features are.
            canvas: unsafe { Canvas::new(width, level) },
        }
    }

    /// Decodes a sound row that stands by itself; returns the position after it.
    pub(in crate::t4) fn decode_1d(&mut self, bytes: &[u8], position: usize) -> Option<usize> {
        // SAFETY: the type's promise.
        unsafe { decode_1d(bytes, position, &mut self.current) }
    }

    /// Decodes a sound row by its differences from the one above; returns the position after it.
    pub(in crate::t4) fn decode_2d(
        &mut self,
        bytes: &[u8],
        position: usize,
    ) -> Option<(usize, Likeness)> {
        // SAFETY: the type's promise; both rows have this width.
        unsafe { decode_2d(bytes, position, &self.reference, &mut self.current) }
    }

    /// Paints the row in hand over `row`.
    pub(in crate::t4) fn paint(&mut self, row: &mut [u8]) {
        // SAFETY: both decoders leave elements below the width.
        unsafe { self.canvas.paint(self.current.as_slice(), row) }
    }

    /// The row in hand becomes the row above.
    pub(in crate::t4) fn advance(&mut self) {
        std::mem::swap(&mut self.reference, &mut self.current);
    }

    /// The elements of the row above.
    pub(in crate::t4) fn reference(&self) -> &[u16] {
        self.reference.as_slice()
    }

    /// Takes a row above that was decoded otherwise; whether rows can be decoded under it here.
    pub(in crate::t4) fn take_reference(&mut self, elements: &[u32]) -> bool {
        self.reference.take(elements).is_some()
    }
}
