//! Rows that are decoded and not yet in the page.
//!
//! While a row is decoded, the changes of the one above are brought to a canvas, in the time that
//! codes wait for one another; they are made pixels a row later, so that vectors need not wait for
//! words just written.

use super::paint::{CANVASES, Canvas, Strokes};
use crate::t4::decode::Page;
use crate::t4::places::Places;

/// The two rows decoded last and their repetitions.
#[derive(Clone, Debug)]
pub(super) struct LateRows {
    canvas: Canvas,
    /// The canvas of the last row.
    number: usize,
    /// Whether the other canvas has the row before the last one.
    has_other: bool,
    other_repeats: Repeats,
    /// Whether the last row is still to be painted.
    has_last: bool,
    /// How many of its elements are not on the canvas yet.
    rest: usize,
    last_repeats: Repeats,
}

/// How many more rows equal one.
#[derive(Clone, Copy, Debug, Default)]
struct Repeats {
    count: u32,
    are_white: bool,
}

impl LateRows {
    pub(super) fn new(width: u32) -> Self {
        Self {
            canvas: Canvas::new(width),
            number: 0,
            has_other: false,
            other_repeats: Repeats::default(),
            has_last: false,
            rest: 0,
            last_repeats: Repeats::default(),
        }
    }

    /// What is to be painted of the last row, which is given.
    #[inline(always)]
    pub(super) fn strokes(&mut self, last: &Places) -> Strokes {
        self.canvas.strokes(self.number, last, self.rest)
    }

    /// Takes back what was not painted.
    #[inline(always)]
    pub(super) fn take_back(&mut self, strokes: Strokes) {
        self.rest = strokes.len();
    }

    /// Adds rows that equal the last one.
    #[inline(always)]
    pub(super) fn repeat(&mut self, count: u32, are_white: bool) {
        self.last_repeats.count += count;
        self.last_repeats.are_white = are_white;
    }

    /// Adds a row of so many elements after the last one, which is given; one row before them goes
    /// to the page, which has room for all.
    ///
    /// # Safety
    ///
    /// The machine has AVX2, BMI and PCLMULQDQ, and with `WIDE` AVX-512.
    #[inline(always)]
    pub(super) unsafe fn push<const WIDE: bool>(
        &mut self,
        last: &Places,
        count: usize,
        page: &mut Page,
    ) {
        // SAFETY: the caller's promise; the row and the canvas are here.
        unsafe {
            self.paint_other::<WIDE>(page);
            self.strokes(last).paint_all::<WIDE>();
        }
        self.has_other = self.has_last;
        self.other_repeats = std::mem::take(&mut self.last_repeats);
        self.number = (self.number + 1) % CANVASES;
        self.has_last = true;
        self.rest = count;
    }

    /// Brings the last row, which is given, and all before it to the page, which has room for them.
    ///
    /// # Safety
    ///
    /// As for [`Self::push`].
    #[inline(always)]
    pub(super) unsafe fn finish<const WIDE: bool>(&mut self, last: &Places, page: &mut Page) {
        // SAFETY: the caller's promise; the row of no elements leaves nothing to paint.
        unsafe {
            self.push::<WIDE>(last, 0, page);
            self.paint_other::<WIDE>(page);
        }
        self.has_last = false;
    }

    /// # Safety
    ///
    /// As for [`Self::push`].
    #[inline(always)]
    unsafe fn paint_other<const WIDE: bool>(&mut self, page: &mut Page) {
        if self.has_other {
            let number = (self.number + 1) % CANVASES;
            // SAFETY: the caller's promise.
            page.push_painted(|rows| unsafe { self.canvas.paint::<WIDE>(number, rows) });
        }
        if self.other_repeats.count > 0 {
            page.push_repeats(self.other_repeats.count, self.other_repeats.are_white);
        }
        self.has_other = false;
        self.other_repeats = Repeats::default();
    }
}
