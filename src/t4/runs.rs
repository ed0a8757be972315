//! Rows as changing elements: the pixels whose colour differs from that of the one before
//! (ITU-T T.4 §4.2.1.1).
//!
//! A row begins white, so the elements at even places turn black and those at odd places turn
//! white. Every list ends with [`SENTINELS`] copies of the width: the imaginary changing elements
//! beyond the last pixel, as many as the two-dimensional walk can look ahead.

/// How often the width closes a list of changing elements.
const SENTINELS: usize = 4;

/// Elements that may be written beyond those of a row while it is read.
const SPILL: usize = 64;

/// The changing elements of one row, and the imaginary ones after it.
#[derive(Clone, Debug)]
pub(super) struct Transitions {
    /// The elements and the sentinels, then room.
    positions: Vec<u32>,
    /// Number of elements, without the sentinels.
    count: usize,
    width: u32,
}

impl Transitions {
    /// A white row.
    pub(super) fn white(width: u32) -> Self {
        let mut row = Self {
            positions: vec![0; width as usize + SPILL + SENTINELS],
            count: 0,
            width,
        };
        row.close();
        row
    }

    /// Number of real changing elements.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// All elements, sentinels included.
    pub(super) fn as_slice(&self) -> &[u32] {
        &self.positions[..self.count + SENTINELS]
    }

    /// Takes the elements of a packed row; bits beyond the width must be zero.
    pub(super) fn read(&mut self, row: &[u8]) {
        self.count = 0;
        let mut before = 0;
        let mut base = 0;
        let (words, rest) = row.as_chunks::<8>();
        for word in words {
            before = self.read_word(u64::from_be_bytes(*word), before, base);
            base += 64;
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.read_word(u64::from_be_bytes(word), before, base);
        }
        if self.count > 0 && self.positions[self.count - 1] == self.width {
            self.count -= 1;
        }
        self.close();
    }

    /// Adds the changes inside `word`; returns the colour of its last pixel.
    #[inline]
    fn read_word(&mut self, word: u64, before: u64, base: u32) -> u64 {
        let mut changes = word ^ (word >> 1 | before << 63);
        if changes != 0
            && let Some(slots) = self.positions[self.count..].first_chunk_mut::<SPILL>()
        {
            let mut count = 0;
            while changes != 0 {
                let at = changes.leading_zeros();
                slots[count % SPILL] = base + at;
                count += 1;
                changes ^= 1 << 63 >> at;
            }
            self.count += count;
        }
        word & 1
    }

    /// Begins a row that is built element by element.
    pub(super) fn open(&mut self) {
        self.count = 0;
    }

    /// Adds a change of colour at a place not left of the last one.
    ///
    /// A run of no pixels stays in the list as two changes at one place: some encoders write such
    /// runs and then code the next row by them, as libtiff expects.
    #[inline]
    pub(super) fn push(&mut self, position: u32) {
        if self.count + SENTINELS == self.positions.len() {
            self.positions.resize(2 * self.positions.len(), 0);
        }
        self.positions[self.count] = position;
        self.count += 1;
    }

    /// Number of changes pushed since [`Self::open`].
    pub(super) fn pushed(&self) -> usize {
        self.count
    }

    /// Ends a row begun with [`Self::open`].
    pub(super) fn close(&mut self) {
        self.positions[self.count..][..SENTINELS].fill(self.width);
    }

    /// The real elements.
    pub(super) fn elements(&self) -> &[u32] {
        &self.positions[..self.count]
    }

    /// Takes the elements of a row.
    pub(super) fn set(&mut self, elements: &[u16]) {
        self.open();
        for element in elements {
            self.push(u32::from(*element));
        }
        self.close();
    }

    /// Paints the row's black pixels over white ones.
    pub(super) fn paint(&self, row: &mut [u8]) {
        for run in self.positions[..=self.count].as_chunks::<2>().0 {
            if run[0] < run[1] {
                paint_black(row, run[0], run[1]);
            }
        }
    }
}

/// Sets the pixels from `start` up to `end`, which is larger.
#[inline]
fn paint_black(row: &mut [u8], start: u32, end: u32) {
    let (first, last) = (start as usize / 8, (end as usize - 1) / 8);
    let head = 0xFFu8 >> (start % 8);
    let tail = 0xFFu8 << ((8 - end % 8) % 8);
    if first == last {
        row[first] |= head & tail;
    } else {
        row[first] |= head;
        row[first + 1..last].fill(0xFF);
        row[last] |= tail;
    }
}

/// The place of b1 in `reference` after a code moved a0: the first element right of `a0` that
/// turns to the colour opposite to a0's, looked for from the neighbouring place `near`.
#[inline]
pub(super) fn first_right_of(reference: &[u32], a0: u32, width: u32, mut near: usize) -> usize {
    while reference[near] <= a0 && reference[near] < width {
        near += 2;
    }
    near
}

/// As [`first_right_of`], when the colour changed too: b1 was at `b1`.
#[inline]
pub(super) fn first_of_other_colour(reference: &[u32], a0: u32, width: u32, b1: usize) -> usize {
    if b1 > 0 && reference[b1 - 1] > a0 {
        b1 - 1
    } else {
        first_right_of(reference, a0, width, b1 + 1)
    }
}
