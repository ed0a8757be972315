//! Specks: spots of a pixel or four that stand alone.
//!
//! A dot of an i or at the end of a sentence is as small, but has a letter beside it.

use crate::t4::Bitmap;
use crate::units::Resolution;

/// Columns of white that a speck has on each side: three quarters of a millimetre.
const ALONE_COLUMNS: u32 = 6;

/// The widest speck.
const SPECK_COLUMNS: u32 = 2;

/// The speck's columns in a window that begins [`ALONE_COLUMNS`] before it and ends as many after.
const SPECK_MASK: u32 = ((1 << SPECK_COLUMNS) - 1) << ALONE_COLUMNS;

/// Takes the specks off a page, but for those in the cells that `is_kept` names by a pixel of
/// theirs.
pub(super) fn without_specks(
    page: &Bitmap,
    resolution: Resolution,
    is_kept: impl Fn(u32, u32) -> bool,
) -> Bitmap {
    let (speck_rows, alone_rows) = match resolution {
        Resolution::Standard => (1, 3),
        Resolution::Fine => (2, 6),
        Resolution::Superfine => (4, 12),
    };
    let stride = page.stride();
    let mut bytes = page.as_bytes().to_vec();
    let blank = vec![0; stride];
    for y in 0..page.rows() {
        let row = page.row(y);
        let above = y.checked_sub(1).map_or(&blank[..], |y| page.row(y));
        for at in inked(row) {
            let mut corners = corners(row, above, at);
            while corners != 0 {
                let bit = corners.leading_zeros();
                corners &= !(0x80 >> bit);
                let x = at as u32 * 8 + bit;
                let speck = Speck {
                    x,
                    y,
                    rows: speck_rows,
                    alone_rows,
                };
                if speck.is_alone(page) && !is_kept(x, y) {
                    speck.clear(&mut bytes, page);
                }
            }
        }
    }
    Bitmap::from_packed(page.width(), bytes)
}

/// The bytes of a row that are not white.
fn inked(row: &[u8]) -> impl Iterator<Item = usize> {
    const GROUP: usize = 8;
    row.chunks(GROUP)
        .enumerate()
        .filter(|(_, bytes)| bytes.first_chunk() != Some(&[0; GROUP]))
        .flat_map(|(group, bytes)| (group * GROUP..).zip(bytes))
        .filter(|(_, byte)| **byte != 0)
        .map(|(at, _)| at)
}

/// The pixels of a byte with nothing to the left, above, and beside above.
fn corners(row: &[u8], above: &[u8], at: usize) -> u8 {
    let before = at.checked_sub(1).map_or((0, 0), |at| (row[at], above[at]));
    let after = above.get(at + 1).copied().unwrap_or(0);
    let over = above[at] | above[at] << 1 | above[at] >> 1 | after >> 7 | before.1 << 7;
    row[at] & !(row[at] >> 1 | before.0 << 7) & !over
}

/// A pixel that may be the upper left one of a speck.
struct Speck {
    x: u32,
    y: u32,
    /// The tallest speck.
    rows: u32,
    /// Rows of white that it has above and below.
    alone_rows: u32,
}

impl Speck {
    /// Whether all black around the pixel is in a spot as small as a speck.
    fn is_alone(&self, page: &Bitmap) -> bool {
        let first = self.y.saturating_sub(self.alone_rows);
        let last = (self.y + self.rows + self.alone_rows).min(page.rows());
        // What has a neighbour has it close by, most often.
        (self.y..last).chain(first..self.y).all(|y| {
            let is_speck_row = (self.y..self.y + self.rows).contains(&y);
            let around = bits(page.row(y), i64::from(self.x) - i64::from(ALONE_COLUMNS));
            let spared = if is_speck_row { SPECK_MASK } else { 0 };
            around & !spared == 0
        })
    }

    fn clear(&self, bytes: &mut [u8], page: &Bitmap) {
        for y in self.y..(self.y + self.rows).min(page.rows()) {
            for x in self.x..(self.x + SPECK_COLUMNS).min(page.width()) {
                bytes[y as usize * page.stride() + x as usize / 8] &= !(0x80 >> (x % 8));
            }
        }
    }
}

/// The fourteen pixels from column `x` on, white outside the row, the first in the highest bit.
fn bits(row: &[u8], x: i64) -> u32 {
    const WINDOW: u32 = 2 * ALONE_COLUMNS + SPECK_COLUMNS;
    let byte = |at: i64| usize::try_from(at).ok().and_then(|at| row.get(at)).copied();
    let first = x.div_euclid(8);
    let word = (0..3).fold(0u32, |word, at| {
        word << 8 | u32::from(byte(first + at).unwrap_or(0))
    });
    let shift = 24 - WINDOW - x.rem_euclid(8) as u32;
    word >> shift & ((1 << WINDOW) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(black: &[(u32, u32)]) -> Bitmap {
        let mut bytes = vec![0; 8 * 64];
        for &(x, y) in black {
            bytes[y as usize * 8 + x as usize / 8] |= 0x80 >> (x % 8);
        }
        Bitmap::from_packed(61, bytes)
    }

    fn cleaned(black: &[(u32, u32)]) -> u64 {
        without_specks(&page(black), Resolution::Fine, |_, _| false).black_pixels()
    }

    #[test]
    fn spots_of_up_to_four_pixels_go_wherever_they_lie() {
        for x in 0..60 {
            for y in 0..63 {
                assert_eq!(cleaned(&[(x, y)]), 0, "{x},{y}");
                assert_eq!(
                    cleaned(&[(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)]),
                    0,
                    "{x},{y}"
                );
                assert_eq!(cleaned(&[(x, y), (x + 1, y + 1)]), 0, "{x},{y}");
            }
        }
        assert_eq!(cleaned(&[(60, 63)]), 0);
    }

    #[test]
    fn larger_spots_and_dots_beside_a_letter_stay() {
        let three: Vec<_> = (0..3).map(|y| (30, 30 + y)).collect();
        assert_eq!(cleaned(&three), 3);
        assert_eq!(cleaned(&[(30, 30), (31, 30), (32, 30)]), 3);
        let stem: Vec<_> = (34..50).map(|y| (30, y)).chain([(30, 30)]).collect();
        assert_eq!(cleaned(&stem), 17);
        assert_eq!(cleaned(&[(30, 30), (36, 30), (36, 31), (36, 32)]), 4);
    }

    #[test]
    fn what_is_kept_stays() {
        let kept = without_specks(&page(&[(3, 3), (40, 40)]), Resolution::Fine, |x, _| x < 32);
        assert_eq!(kept, page(&[(3, 3)]));
    }
}
