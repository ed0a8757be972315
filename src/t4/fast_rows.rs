//! Sound rows from codes to pixels, as many as follow one another: whatever is not sound, or not
//! quite, is left to the careful decoder, so that damage means the same on every path.

use super::RowAlign;
use super::codes::{EOL, RUNS};
use super::decode::Page;
use super::group3::Framing;
use super::places::Places;
use super::window::Window;

/// Widest row taken: places and their differences stay within 16 bits with a sign.
pub(super) const WIDTH_MAX: u32 = 16_384;

/// Zeros of an end-of-line code.
const EOL_ZEROS: u32 = EOL.len as u32 - 1;

/// Most zeros before the one of an end-of-line code that a window certainly shows.
const FILL_MAX: u32 = 40;

/// How a path takes single rows. Rows are as wide as one another.
pub(super) trait RowSteps {
    /// Decodes a row that stands by itself; `None` when it is not sound.
    fn decode_1d(
        &mut self,
        window: &mut Window<'_>,
        above: &Places,
        row: &mut Places,
    ) -> Option<()>;

    /// Decodes a row by its differences from the one above; `None` when it is not sound.
    fn decode_2d(
        &mut self,
        window: &mut Window<'_>,
        above: &Places,
        row: &mut Places,
    ) -> Option<()>;

    /// Adds a row, if not at once then later, to a page that has room for it.
    fn push(&mut self, above: &Places, row: &Places, page: &mut Page);

    /// Adds rows that equal the last one.
    fn repeat(&mut self, count: u32, are_white: bool, page: &mut Page);

    /// Brings what is late to the page, up to the last row, which is given.
    fn finish(&mut self, last: &Places, page: &mut Page);
}

/// The row above and room for the next.
#[derive(Clone, Debug)]
pub(super) struct RowPair {
    above: Places,
    row: Places,
}

impl RowPair {
    /// A white row above.
    pub(super) fn under_white(width: u32) -> Self {
        Self {
            above: Places::white(width),
            row: Places::white(width),
        }
    }

    /// The elements of the row above.
    pub(super) fn above(&self) -> &[u16] {
        self.above.as_slice()
    }

    /// Takes a row above that was decoded otherwise; whether rows can be decoded under it here.
    pub(super) fn take_above(&mut self, elements: &[u32]) -> bool {
        self.above.take(elements).is_some()
    }

    /// Decodes MMR rows as long as they are sound and the page has room for them; returns the
    /// position after them.
    #[inline(always)]
    pub(super) fn decode_mmr(
        &mut self,
        steps: &mut impl RowSteps,
        bytes: &[u8],
        mut position: usize,
        align: RowAlign,
        page: &mut Page,
    ) -> usize {
        let Some(mut window) = Window::new(bytes, position) else {
            return position;
        };
        let mut room = page.room();
        let (mut above, mut row) = (&mut self.above, &mut self.row);
        let mut is_swapped = false;
        while room > 0 {
            if align == RowAlign::Byte {
                window.align_to_byte();
            }
            if window.refill().is_none() {
                break;
            }
            let ones = window.ones();
            let row_ones = above.count() as u32 + 1;
            if ones >= row_ones {
                let mut same = (ones / row_ones).min(room);
                if align == RowAlign::Byte {
                    same = 1;
                }
                steps.repeat(same, row_ones == 1, page);
                room -= same;
                window.skip(same * row_ones);
            } else {
                if steps.decode_2d(&mut window, above, row).is_none() {
                    break;
                }
                steps.push(above, row, page);
                room -= 1;
                std::mem::swap(&mut above, &mut row);
                is_swapped = !is_swapped;
            }
            position = window.position();
        }
        steps.finish(above, page);
        if is_swapped {
            std::mem::swap(&mut self.above, &mut self.row);
        }
        position
    }

    /// Decodes MH or MR rows as long as they are sound and followed by what may follow a row, and the
    /// page has room for them; returns the position after them.
    #[inline(always)]
    pub(super) fn decode_t4(
        &mut self,
        steps: &mut impl RowSteps,
        bytes: &[u8],
        mut position: usize,
        framing: Framing,
        page: &mut Page,
    ) -> usize {
        let Some(mut window) = Window::new(bytes, position) else {
            return position;
        };
        let white = WhiteRow::new(self.row.width());
        let mut room = page.room();
        let (mut above, mut row) = (&mut self.above, &mut self.row);
        let mut is_swapped = false;
        while room > 0 {
            if framing.align == RowAlign::Byte {
                window.align_to_byte();
            }
            let Some(is_1d) = take_eol(&mut window, framing) else {
                break;
            };
            let row_ones = above.count() as u32 + 1;
            let mut is_same = false;
            if is_1d && white.is_next(&window) {
                window.skip(white.len);
                is_same = row_ones == 1;
                row.close(0);
            } else if !is_1d && window.ones() >= row_ones {
                window.skip(row_ones);
                is_same = true;
            } else {
                let sound = if is_1d {
                    steps.decode_1d(&mut window, above, row)
                } else {
                    steps.decode_2d(&mut window, above, row)
                };
                if sound.is_none() {
                    break;
                }
            }
            let row_end = window.position();
            if framing.has_eols && !find_eol(&mut window) {
                break;
            }
            if is_same {
                steps.repeat(1, row_ones == 1, page);
            } else {
                steps.push(above, row, page);
                std::mem::swap(&mut above, &mut row);
                is_swapped = !is_swapped;
            }
            room -= 1;
            position = row_end;
        }
        steps.finish(above, page);
        if is_swapped {
            std::mem::swap(&mut self.above, &mut self.row);
        }
        position
    }
}

/// Takes an end-of-line code where there must be one; whether a row follows that stands by itself.
/// `None` where there is none, or one too many, or more fill than is looked at.
#[inline(always)]
fn take_eol(window: &mut Window<'_>, framing: Framing) -> Option<bool> {
    window.refill()?;
    let mut is_1d = true;
    if framing.has_eols {
        let zeros = window.zeros();
        if !(EOL_ZEROS..=FILL_MAX).contains(&zeros) {
            return None;
        }
        window.skip(zeros + 1);
        if framing.has_tags {
            is_1d = window.top(1) == 1;
            window.skip(1);
        }
        window.refill()?;
    }
    (window.zeros() < EOL_ZEROS).then_some(is_1d)
}

/// Goes over most of the fill before an end-of-line code; whether one certainly comes next.
#[inline(always)]
fn find_eol(window: &mut Window<'_>) -> bool {
    while window.refill().is_some() {
        let zeros = window.zeros();
        if zeros <= FILL_MAX {
            return zeros >= EOL_ZEROS;
        }
        // Enough zeros are left, even if they are counted from a whole byte.
        window.skip(FILL_MAX / 2);
    }
    false
}

/// The code of a white row.
struct WhiteRow {
    bits: u64,
    len: u32,
}

impl WhiteRow {
    fn new(width: u32) -> Self {
        // A longer row has more codes than the table's, and is decoded by them.
        let entry = RUNS[0].get(width as usize).copied().unwrap_or(0);
        Self {
            bits: u64::from(entry >> 5),
            len: entry & 31,
        }
    }

    #[inline(always)]
    fn is_next(&self, window: &Window<'_>) -> bool {
        self.len > 0 && window.bits >> (64 - self.len) == self.bits
    }
}
