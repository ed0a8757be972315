//! The memory that pages are drawn in, one after another.

use std::fmt;

use super::binarize::Traces;

/// Size and alignment of the pages that the kernel calls huge, where it has them.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Smallest canvas that is worth a huge page.
const HUGE_FROM_BYTES: usize = 1 << 20;

/// Grey levels to draw in, one byte a pixel, in memory that is kept from page to page.
///
/// A canvas is several megabytes, and a process of its own draws each document, often of one page:
/// to have the kernel hand it over by thousands of small pages takes as long as to draw it.
#[derive(Default)]
pub struct Canvas {
    /// Longer than any page so far by what aligns its start.
    bytes: Vec<u8>,
    start: usize,
    /// How many pixels are known to be white.
    white: usize,
}

impl Canvas {
    /// So many white pixels.
    pub(crate) fn white(&mut self, pixels: usize) -> &mut [u8] {
        const WHITE: u8 = 255;
        if self.bytes.len() < self.start + pixels {
            *self = Self::holding(pixels);
        }
        let canvas = &mut self.bytes[self.start..][..pixels];
        if self.white < pixels {
            canvas.fill(WHITE);
        }
        self.white = 0;
        canvas
    }

    /// Makes the last so many white pixels, in rows of `width`, white again where they bear these
    /// traces: on most pages that is far less than all.
    pub(crate) fn wipe(&mut self, pixels: usize, width: usize, traces: &Traces) {
        traces.wipe(&mut self.bytes[self.start..][..pixels], width);
        self.white = pixels;
    }

    /// What was drawn on the last so many white pixels.
    pub(crate) fn drawn(&self, pixels: usize) -> &[u8] {
        &self.bytes[self.start..][..pixels]
    }

    /// Memory of so many bytes, none of which was touched yet.
    fn holding(pixels: usize) -> Self {
        if pixels < HUGE_FROM_BYTES {
            return Self {
                bytes: vec![0; pixels],
                start: 0,
                white: 0,
            };
        }
        let length = pixels.next_multiple_of(HUGE_PAGE_BYTES);
        let mut bytes = vec![0; length + HUGE_PAGE_BYTES];
        let start = bytes.as_ptr().align_offset(HUGE_PAGE_BYTES);
        match bytes.get_mut(start..start.saturating_add(length)) {
            Some(canvas) => {
                ask_for_huge_pages(canvas);
                Self {
                    bytes,
                    start,
                    white: 0,
                }
            }
            None => Self {
                bytes,
                start: 0,
                white: 0,
            },
        }
    }
}

impl fmt::Debug for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canvas")
            .field("pixels", &(self.bytes.len() - self.start))
            .finish_non_exhaustive()
    }
}

/// Asks the kernel to back `memory` by huge pages; it may have none.
fn ask_for_huge_pages(memory: &mut [u8]) {
    // SAFETY: the range is one allocation's, borrowed for writing. The advice changes how the
    // kernel backs it and nothing of what it holds; refusal leaves all as it was.
    #[allow(unsafe_code)]
    unsafe {
        libc::madvise(
            memory.as_mut_ptr().cast(),
            memory.len(),
            libc::MADV_HUGEPAGE,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::binarize::{GrayPage, Hints, binarize_and_tell};
    use super::*;
    use crate::units::{Resolution, ToneMode};

    #[test]
    fn a_canvas_is_white_whatever_was_drawn_in_it_before() {
        let mut canvas = Canvas::default();
        for (rows, is_wiped) in [
            (1, true),
            (40_000, true),
            (70, false),
            (50_000, true),
            (9, true),
        ] {
            let pixels = rows * 99;
            let page = canvas.white(pixels);
            assert_eq!(page.len(), pixels);
            assert!(page.iter().all(|pixel| *pixel == 255));
            page[pixels / 2..].fill(0);
            if is_wiped {
                let page = GrayPage::new(canvas.drawn(pixels), 99, 99);
                let (_, traces) =
                    binarize_and_tell(page, ToneMode::Auto, Resolution::Fine, &Hints::default());
                canvas.wipe(pixels, 99, &traces.expect("a drawn page is looked at"));
            }
        }
    }
}
