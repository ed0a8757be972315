//! A line of text on a page: in its white margin, or above it, never over it.

use super::font::{GLYPH_BYTES, glyph, glyph_rows};
use crate::t4::Bitmap;
use crate::units::Resolution;

/// White between the page's upper edge and the text, in hundredths of a millimetre: what printers
/// of usual make leave unprinted.
const ABOVE: u32 = 300;

/// White between the text and what the page holds.
const BELOW: u32 = 100;

/// White that a page which is moved down keeps at its lower edge.
const FOOT: u32 = 400;

/// Bytes of a row before the text and after it: 7 mm of 215, of which 2.5 lie beside A4 paper.
const SIDE_BYTES: usize = 7;

/// No stamp makes a page longer by more rows.
pub const ROWS_ADDED_MAX: u32 = 128;

/// A page with its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// The page as it goes out.
    pub bitmap: Bitmap,
    /// Rows that the content lies further down than before; 0 when the margin was white enough.
    pub moved_rows: u32,
    /// Rows that the page is longer than before: less than `moved_rows` where the lower margin
    /// could give some.
    pub added_rows: u32,
}

/// Characters that have room on a line of this many pixels.
pub fn columns(width: u32) -> usize {
    let stride = width as usize / 8;
    stride.saturating_sub(2 * SIDE_BYTES) / GLYPH_BYTES
}

/// Puts a line of text on the top of a page.
///
/// The text always lies at the same height. A page whose rows there are white down to a millimetre
/// below the text keeps its rows. Any other is moved down by as many rows as that needs: first
/// into white rows at its end, as long as 4 mm of them are left, then by becoming longer. Its
/// pixels are neither covered nor lost nor scaled. Characters beyond [`columns`] are left out.
pub fn stamp(page: &Bitmap, resolution: Resolution, text: &str) -> Stamped {
    let above = rows(ABOVE, resolution);
    let needed = above + glyph_rows(resolution) + rows(BELOW, resolution);
    let white_above = page
        .iter_rows()
        .take(needed as usize)
        .take_while(|row| is_white(row));
    let white_above = white_above.count() as u32;
    let moved_rows = needed - white_above;
    let dropped = if moved_rows == 0 {
        0
    } else {
        let foot = rows(FOOT, resolution);
        let most = (moved_rows + foot).min(page.rows() - white_above);
        let white_below = (0..most).take_while(|up| is_white(page.row(page.rows() - 1 - up)));
        (white_below.count() as u32)
            .saturating_sub(foot)
            .min(moved_rows)
    };
    let stride = page.stride();
    let kept = &page.as_bytes()[..(page.rows() - dropped) as usize * stride];
    let mut bytes = vec![0; moved_rows as usize * stride];
    bytes.reserve_exact(kept.len());
    bytes.extend_from_slice(kept);
    let line = &mut bytes[above as usize * stride..];
    for (column, c) in text.chars().take(columns(page.width())).enumerate() {
        draw(
            line,
            stride,
            SIDE_BYTES + column * GLYPH_BYTES,
            glyph(resolution, c),
        );
    }
    Stamped {
        bitmap: Bitmap::from_packed(page.width(), bytes),
        moved_rows,
        added_rows: moved_rows - dropped,
    }
}

/// Draws a glyph from the first of `rows` on, this many bytes from the left.
fn draw(rows: &mut [u8], stride: usize, left: usize, glyph: &[u8]) {
    for (row, ink) in rows
        .chunks_exact_mut(stride)
        .zip(glyph.chunks_exact(GLYPH_BYTES))
    {
        row[left..left + GLYPH_BYTES].copy_from_slice(ink);
    }
}

fn is_white(row: &[u8]) -> bool {
    row.iter().all(|byte| *byte == 0)
}

/// Rows in so many hundredths of a millimetre.
fn rows(hundredths: u32, resolution: Resolution) -> u32 {
    (hundredths * resolution.y_lines_per_metre()).div_ceil(100_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIDTH: u32 = 1728;

    /// A page with one black row at `first` and one at `last`.
    fn page(rows: u32, first: u32, last: u32) -> Bitmap {
        let mut page = Bitmap::white(WIDTH, 0);
        for y in 0..rows {
            let ink = if y == first || y == last { 0xFF } else { 0 };
            page.push_row(&[ink; WIDTH as usize / 8]);
        }
        page
    }

    /// Rows of the band that the header takes.
    fn band(resolution: Resolution) -> u32 {
        rows(ABOVE, resolution) + glyph_rows(resolution) + rows(BELOW, resolution)
    }

    #[test]
    fn a_white_margin_takes_the_line_and_the_page_keeps_its_rows() {
        for resolution in Resolution::ALL {
            let band = band(resolution);
            let page = page(3000, band, 2990);
            let stamped = stamp(&page, resolution, "Page 1");
            assert_eq!((stamped.moved_rows, stamped.added_rows), (0, 0));
            assert_eq!(stamped.bitmap.rows(), 3000);
            assert!(stamped.bitmap.black_pixels() > page.black_pixels());
            let below = band as usize * page.stride();
            assert_eq!(stamped.bitmap.as_bytes()[below..], page.as_bytes()[below..]);
        }
    }

    #[test]
    fn a_page_in_the_way_moves_down_into_its_lower_margin_as_far_as_it_is_white() {
        let resolution = Resolution::Fine;
        let (band, foot) = (band(resolution), rows(FOOT, resolution));
        let at_edge = page(2000, 0, 1000);
        let stamped = stamp(&at_edge, resolution, "x");
        assert_eq!((stamped.moved_rows, stamped.added_rows), (band, 0));
        let ten_to_give = page(2000, 0, 2000 - 1 - foot - 10);
        let stamped = stamp(&ten_to_give, resolution, "x");
        assert_eq!((stamped.moved_rows, stamped.added_rows), (band, band - 10));
        let none_to_give = page(2000, 5, 1999);
        let stamped = stamp(&none_to_give, resolution, "x");
        assert_eq!(
            (stamped.moved_rows, stamped.added_rows),
            (band - 5, band - 5)
        );
        assert_eq!(stamped.bitmap.rows(), 2000 + band - 5);
    }

    #[test]
    fn a_page_of_a_few_white_rows_becomes_as_long_as_the_line_needs() {
        let stamped = stamp(&Bitmap::white(WIDTH, 3), Resolution::Standard, "x");
        assert_eq!(stamped.bitmap.rows(), band(Resolution::Standard));
        assert_eq!(
            stamp(&Bitmap::white(8, 1), Resolution::Fine, "x")
                .bitmap
                .black_pixels(),
            0
        );
    }

    #[test]
    fn the_line_ends_before_the_margin_on_every_width() {
        for (width, expected) in [(1728, 101), (2048, 121), (2432, 145)] {
            assert_eq!(columns(width), expected);
            let stamped = stamp(
                &Bitmap::white(width, 100),
                Resolution::Fine,
                &"M".repeat(500),
            );
            for row in stamped.bitmap.iter_rows() {
                assert!(is_white(&row[..SIDE_BYTES]) && is_white(&row[row.len() - SIDE_BYTES..]));
            }
        }
        assert_eq!(columns(100), 0);
    }

    proptest! {
        #[test]
        fn content_is_neither_covered_nor_lost(
            blacks in prop::collection::vec((0u32..WIDTH, 0u32..400), 0..20),
            rows in 1u32..400,
            index in 0usize..3,
            text in ".{0,200}",
        ) {
            let resolution = Resolution::ALL[index];
            let mut bytes = vec![0u8; (WIDTH / 8 * rows) as usize];
            for (x, y) in blacks.into_iter().filter(|(_, y)| *y < rows) {
                bytes[(y * WIDTH / 8 + x / 8) as usize] |= 0x80 >> (x % 8);
            }
            let page = Bitmap::from_packed(WIDTH, bytes);
            let stamped = stamp(&page, resolution, &text);
            prop_assert!(stamped.added_rows <= ROWS_ADDED_MAX);
            let moved = stamped.moved_rows;
            prop_assert!(moved == 0 || moved >= stamped.added_rows);
            prop_assert_eq!(stamped.bitmap.rows(), rows + stamped.added_rows);
            // Below the band the page is as it was, moved; in the band it was white.
            let band = band(resolution);
            for y in 0..rows {
                let row = page.row(y);
                if y + moved < band {
                    prop_assert!(is_white(row));
                } else if y + moved < stamped.bitmap.rows() {
                    prop_assert_eq!(row, stamped.bitmap.row(y + moved));
                } else {
                    prop_assert!(is_white(row), "a row was lost");
                }
            }
        }
    }
}
