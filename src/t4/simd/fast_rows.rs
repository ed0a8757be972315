//! The rows of one page on the way from codes to pixels.

use super::decoder::{Places, decode_1d, decode_2d};
use super::paint::Canvas;
use crate::t4::path::Level;
use crate::t4::row_codes::Likeness;

/// Of so many elements, one that does not follow from the row above is too many for vectors.
const IRREGULAR_SHARE: usize = 8;

/// Rows after such a one until vectors are tried again.
const ROWS_ONE_BY_ONE: u32 = 15;

/// The row above and the row in hand. Exists only where the machine has AVX2, BMI and PCLMULQDQ.
#[derive(Clone, Debug)]
pub(in crate::t4) struct FastRows {
    reference: Places,
    current: Places,
    canvas: Canvas,
    /// Rows whose codes are still taken one by one.
    rows_one_by_one: u32,
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
            rows_one_by_one: 0,
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
        let (above, row) = (&self.reference, &mut self.current);
        let mut irregular = 0;
        if self.rows_one_by_one > 0 {
            self.rows_one_by_one -= 1;
            // SAFETY: the type's promise; both rows have the same width.
            return unsafe { decode_2d::<true>(bytes, position, above, row, &mut irregular) };
        }
        // SAFETY: as above.
        let decoded = unsafe { decode_2d::<false>(bytes, position, above, row, &mut irregular) };
        if irregular as usize > 8 + row.as_slice().len() / IRREGULAR_SHARE {
            self.rows_one_by_one = ROWS_ONE_BY_ONE;
        }
        decoded
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
