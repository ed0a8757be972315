//! The eight ways in which an image can lie on a page: quarter turns and mirror images.

use super::layout::Turn;
use super::tiff_input::GrayImage;
use crate::t4::Bitmap;

/// How stored rows and columns lie on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Whether stored rows are the page's columns.
    transposed: bool,
    /// Whether the page's left is on the right, after transposing.
    mirrored: bool,
    /// Whether the page's top is at the bottom, after transposing.
    upside_down: bool,
}

impl Orientation {
    /// From TIFF's `Orientation` (TIFF 6.0 §8); an unknown or missing one is the usual orientation.
    pub(crate) fn from_tag(value: Option<u64>) -> Self {
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

    /// A turn to the right by a multiple of a quarter.
    pub(crate) fn from_quarter_turns(turns: i64) -> Self {
        Self::from_tag(Some([1, 6, 3, 8][turns.rem_euclid(4) as usize]))
    }

    /// This orientation, and then another one on top of it.
    pub(crate) fn then(self, next: Self) -> Self {
        let (mirrored, upside_down) = if next.transposed {
            (self.upside_down, self.mirrored)
        } else {
            (self.mirrored, self.upside_down)
        };
        Self {
            transposed: self.transposed != next.transposed,
            mirrored: mirrored != next.mirrored,
            upside_down: upside_down != next.upside_down,
        }
    }

    /// Whether width and height, and the densities along them, change places.
    pub(crate) fn swaps_axes(self) -> bool {
        self.transposed
    }

    /// Whether the page's left comes from the right of what is stored, once axes are swapped.
    pub(crate) fn is_mirrored(self) -> bool {
        self.mirrored
    }

    /// Whether the page's top comes from the bottom of what is stored, once axes are swapped.
    pub(crate) fn is_upside_down(self) -> bool {
        self.upside_down
    }

    pub(crate) fn apply_to_gray(self, image: GrayImage) -> GrayImage {
        if self == Self::default() {
            return image;
        }
        let (width, height) = if self.transposed {
            (image.height, image.width)
        } else {
            (image.width, image.height)
        };
        let mut pixels = vec![0; image.pixels.len()];
        if image.width > 0 {
            let stored = (&image.pixels[..], image.width as usize);
            self.lay_levels(stored, &mut pixels, width as usize, 0);
        }
        GrayImage {
            width,
            height,
            pixels,
        }
    }

    /// Writes stored levels, of rows of so many, as they lie on the page, into rows of `stride`
    /// bytes from column `left` on.
    pub(crate) fn lay_levels(
        self,
        (stored, stored_width): (&[u8], usize),
        page: &mut [u8],
        stride: usize,
        left: usize,
    ) {
        let stored_height = stored.len() / stored_width;
        if self.transposed {
            self.lay_columns((stored, stored_width), page, stride, left);
            return;
        }
        for (y, from) in stored.chunks_exact(stored_width).enumerate() {
            let y = if self.upside_down {
                stored_height - 1 - y
            } else {
                y
            };
            let to = &mut page[y * stride + left..][..stored_width];
            to.copy_from_slice(from);
            if self.mirrored {
                to.reverse();
            }
        }
    }

    /// As [`Self::lay_levels`], when stored rows are columns: by squares that stay in the cache.
    fn lay_columns(
        self,
        (stored, stored_width): (&[u8], usize),
        page: &mut [u8],
        stride: usize,
        left: usize,
    ) {
        const SIDE: usize = 32;
        let stored_height = stored.len() / stored_width;
        let (width, height) = (stored_height, stored_width);
        for top in (0..height).step_by(SIDE) {
            for begin in (0..width).step_by(SIDE) {
                for y in top..(top + SIDE).min(height) {
                    let column = if self.upside_down { height - 1 - y } else { y };
                    let to = &mut page[y * stride + left..][..width];
                    for (x, to) in to.iter_mut().enumerate().skip(begin).take(SIDE) {
                        let row = if self.mirrored { width - 1 - x } else { x };
                        *to = stored[row * stored_width + column];
                    }
                }
            }
        }
    }

    pub(crate) fn apply_to_bitmap(self, bitmap: Bitmap) -> Bitmap {
        let mut bitmap = bitmap;
        if self.transposed {
            bitmap = transpose(&bitmap);
        }
        let (width, stride) = (bitmap.width(), bitmap.stride());
        if self.upside_down {
            let rows = bitmap.as_bytes().chunks_exact(stride).rev();
            bitmap = Bitmap::from_packed(width, rows.flatten().copied().collect());
        }
        if self.mirrored {
            let mut bytes = bitmap.as_bytes().to_vec();
            bytes
                .chunks_exact_mut(stride)
                .for_each(|row| mirror(row, width));
            bitmap = Bitmap::from_packed(width, bytes);
        }
        bitmap
    }
}

impl From<Turn> for Orientation {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Upright => Self::default(),
            Turn::Quarter => Self::from_quarter_turns(-1),
        }
    }
}

/// Rows become columns, by squares of eight by eight pixels.
fn transpose(bitmap: &Bitmap) -> Bitmap {
    let (stride, rows) = (bitmap.stride(), bitmap.rows() as usize);
    if rows == 0 {
        return Bitmap::white(1, 0);
    }
    let turned_stride = rows.div_ceil(8);
    let stored = bitmap.as_bytes();
    let mut bytes = vec![0; turned_stride * bitmap.width() as usize];
    for (place, band) in stored.chunks(stride * 8).enumerate() {
        let rows_of_band = band.len() / stride;
        for column in 0..stride {
            let mut square = [0; 8];
            for (row, byte) in square.iter_mut().enumerate().take(rows_of_band) {
                *byte = band[row * stride + column];
            }
            if square == [0; 8] {
                continue;
            }
            let below = &mut bytes[column * 8 * turned_stride..];
            let turned = transpose_square(square);
            for (row, byte) in below.chunks_exact_mut(turned_stride).zip(turned) {
                row[place] = byte;
            }
        }
    }
    Bitmap::from_packed(rows as u32, bytes)
}

/// Eight rows of eight pixels to eight columns: halves, quarters and eighths change places.
fn transpose_square(square: [u8; 8]) -> [u8; 8] {
    let mut bits = u64::from_be_bytes(square);
    for (distance, mask) in [
        (7, 0x00AA_00AA_00AA_00AA),
        (14, 0x0000_CCCC_0000_CCCC),
        (28, 0x0000_0000_F0F0_F0F0),
    ] {
        let moved = (bits ^ (bits >> distance)) & mask;
        bits ^= moved ^ (moved << distance);
    }
    bits.to_be_bytes()
}

/// A packed row of so many pixels from its end to its start.
fn mirror(row: &mut [u8], width: u32) {
    row.reverse();
    let padding = row.len() as u32 * 8 - width;
    let mut carried = 0u8;
    for byte in row.iter_mut().rev() {
        let turned = byte.reverse_bits();
        *byte = (turned << padding) | carried;
        carried = turned.checked_shr(8 - padding).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The page's pixel as TIFF 6.0 defines each orientation: where row 0 and column 0 lie.
    fn stored_place(tag: u64, (x, y): (u32, u32), (width, height): (u32, u32)) -> (u32, u32) {
        let (right, bottom) = (width - 1 - x, height - 1 - y);
        match tag {
            2 => (right, y),
            3 => (right, bottom),
            4 => (x, bottom),
            5 => (y, x),
            6 => (y, right),
            7 => (bottom, right),
            8 => (bottom, x),
            _ => (x, y),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_orientation_puts_every_pixel_where_tiff_says(
            width in 1u32..80, height in 1u32..80, seed: u64, tag in 1u64..=8,
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let levels: Vec<u8> = (0..width * height).map(|_| random.u8(..)).collect();
            let mut bitmap = Bitmap::white(width, 0);
            for row in levels.chunks_exact(width as usize) {
                let mut packed = vec![0; width.div_ceil(8) as usize];
                for (x, level) in row.iter().enumerate() {
                    packed[x / 8] |= (level >> 7) << (7 - x % 8);
                }
                bitmap.push_row(&packed);
            }
            let orientation = Orientation::from_tag(Some(tag));
            let size = if tag < 5 { (width, height) } else { (height, width) };
            let gray = GrayImage { width, height, pixels: levels.clone() };
            let gray = orientation.apply_to_gray(gray);
            let turned = orientation.apply_to_bitmap(bitmap);
            prop_assert_eq!((gray.width, gray.height), size);
            prop_assert_eq!((turned.width(), turned.rows()), size);
            for y in 0..size.1 {
                for x in 0..size.0 {
                    let (column, row) = stored_place(tag, (x, y), size);
                    let level = levels[(row * width + column) as usize];
                    prop_assert_eq!(gray.pixels[(y * size.0 + x) as usize], level);
                    prop_assert_eq!(turned.is_black(x, y), level >= 128);
                }
            }
        }

        #[test]
        fn one_orientation_after_another_is_both(
            first in 1u64..=8, second in 1u64..=8, width in 1u32..9, height in 1u32..9,
        ) {
            let [first, second] = [first, second].map(|tag| Orientation::from_tag(Some(tag)));
            let image = GrayImage { width, height, pixels: (0..(width * height) as u8).collect() };
            prop_assert_eq!(
                first.then(second).apply_to_gray(image.clone()),
                second.apply_to_gray(first.apply_to_gray(image))
            );
        }
    }
}
