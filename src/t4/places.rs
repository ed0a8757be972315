//! The changing elements of a row between places that end every search.

/// Places before a row's first element.
pub(super) const HEAD: usize = 8;

/// Places after a row's last element that hold the width.
pub(super) const TAIL: usize = 32;

/// Places left of the first pixel, where a0 is before anything is decoded.
const BEFORE: u16 = u16::MAX;

/// The changing elements of one row between places left of it and copies of the width.
#[derive(Clone, Debug)]
pub(super) struct Places {
    padded: Vec<u16>,
    count: usize,
    width: u32,
}

impl Places {
    /// The elements of a white row, with room for those of any row of this width.
    pub(super) fn white(width: u32) -> Self {
        let mut padded = vec![0; HEAD + width as usize + 2 + TAIL];
        padded[..HEAD].fill(BEFORE);
        let mut places = Self {
            padded,
            count: 0,
            width,
        };
        places.close(0);
        places
    }

    pub(super) fn as_slice(&self) -> &[u16] {
        &self.padded[HEAD..][..self.count]
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    /// The first element's place: [`HEAD`] places lie before it, [`TAIL`] after the last one.
    #[inline(always)]
    pub(super) fn first(&self) -> *const u16 {
        self.padded[HEAD..].as_ptr()
    }

    /// As [`Self::first`], to write elements, of which there are fewer than pixels.
    #[inline(always)]
    pub(super) fn first_mut(&mut self) -> *mut u16 {
        self.padded[HEAD..].as_mut_ptr()
    }

    /// All places, the first element's being that at [`HEAD`].
    #[inline(always)]
    pub(super) fn padded(&self) -> &[u16] {
        &self.padded
    }

    /// As [`Self::padded`], to write elements.
    #[inline(always)]
    pub(super) fn padded_mut(&mut self) -> &mut [u16] {
        &mut self.padded
    }

    /// Ends a row of so many elements.
    #[inline(always)]
    pub(super) fn close(&mut self, count: usize) {
        self.count = count;
        self.padded[HEAD + count..][..TAIL].fill(self.width as u16);
    }

    /// Takes elements that grow strictly; `None` when these do not.
    pub(super) fn take(&mut self, elements: &[u32]) -> Option<()> {
        if !elements.is_sorted_by(|left, right| left < right) {
            return None;
        }
        for (place, element) in self.padded[HEAD..].iter_mut().zip(elements) {
            *place = *element as u16;
        }
        self.close(elements.len());
        Some(())
    }
}
