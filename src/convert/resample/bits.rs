//! Black and white images scaled: black is counted eight pixels at a time, and white paper, most
//! of a page, is passed over.

use std::ops::Range;

use super::line_sums::{GROUP, LineSums};
use super::simd;
use super::taps::{Extent, Taps};
use crate::convert::binarize::Instructions;
use crate::t4::Bitmap;

/// Darkness from which a pixel of a resampled bilevel image is black, when pixels are halved in
/// each direction or more. Strokes that were one pixel wide would fall below one half and vanish.
const BILEVEL_DARKNESS_MIN: f64 = 0.25;

/// Sum of the weights of rows: eight sums of black pixels lie side by side in one word.
const ROW_SUM: u16 = 255;

/// Sum of the weights of pixels along a row.
const PIXEL_SUM: u16 = 1 << 15;

/// Bytes of a packed row that are looked at together.
const BLOCK: usize = 8;

/// Pixels of a block.
const BLOCK_PIXELS: usize = BLOCK * 8;

/// For eight packed pixels a byte for each, 1 where it is black, the leftmost one lowest.
static SPREAD: [u64; 256] = spread();

/// Scales a bitmap to another width and number of rows, or a part of them.
pub(super) fn scale_bits(
    instructions: Instructions,
    bitmap: &Bitmap,
    (to_width, to_rows): (Extent, Extent),
) -> Bitmap {
    if to_width.is_all_of(bitmap.width()) && to_rows.is_all_of(bitmap.rows()) {
        return bitmap.clone();
    }
    let columns = Taps::new(bitmap.width(), to_width, PIXEL_SUM);
    let lines = Taps::new(bitmap.rows(), to_rows, ROW_SUM);
    let (width, rows) = (to_width.count, to_rows.count);
    let reduction = columns.reduction.max(lines.reduction);
    let darkness_min = (0.45 / reduction).clamp(BILEVEL_DARKNESS_MIN, 0.5);
    let whole = u32::from(ROW_SUM) * u32::from(PIXEL_SUM);
    let sum_min = (darkness_min * f64::from(whole)).ceil() as u32;
    let mut counted = Counted::new(instructions, bitmap);
    let groups = groups_of_blocks(&columns, counted.has_black.len());
    let sums = LineSums::new(instructions, &columns, counted.black.len());
    let stride = width.div_ceil(8) as usize;
    let mut packed = vec![0; stride * rows as usize];
    for (index, row) in packed.chunks_exact_mut(stride).enumerate() {
        let (first, weights) = lines.of(index);
        counted.count(first, weights);
        let mut next = 0;
        for (has_black, groups) in counted.has_black.iter().zip(&groups) {
            if *has_black {
                let begin = groups.start.max(next);
                let bytes = row.iter_mut().enumerate().take(groups.end).skip(begin);
                for (group, byte) in bytes {
                    *byte = sums.reach(&counted.black, group, sum_min);
                }
                next = groups.end;
            }
        }
    }
    Bitmap::from_packed(width, packed)
}

/// For each block of the source which groups of eight pixels of the result draw on it.
fn groups_of_blocks(columns: &Taps, blocks: usize) -> Vec<Range<usize>> {
    let count = columns.len();
    let mut groups = vec![0..0; blocks];
    for group in 0..count.div_ceil(GROUP) {
        let (first, _) = columns.of(group * GROUP);
        let (last, weights) = columns.of((group * GROUP + GROUP - 1).min(count - 1));
        let end = last + weights.len() - 1;
        for block in &mut groups[first / BLOCK_PIXELS..=end / BLOCK_PIXELS] {
            let begin = if block.end == 0 { group } else { block.start };
            *block = begin..group + 1;
        }
    }
    groups
}

/// Black counted down a few rows.
struct Counted<'a> {
    instructions: Instructions,
    bitmap: &'a Bitmap,
    /// For each column the weights of the rows where it is black, summed; whole blocks.
    black: Vec<u8>,
    /// Whether any column of a block is not white.
    has_black: Vec<bool>,
    /// What the rows have of a block, and all of their blocks together.
    words: Vec<[u8; BLOCK]>,
    any: Vec<[u8; BLOCK]>,
}

impl<'a> Counted<'a> {
    fn new(instructions: Instructions, bitmap: &'a Bitmap) -> Self {
        let blocks = bitmap.stride().div_ceil(BLOCK);
        Self {
            instructions,
            bitmap,
            black: vec![0; blocks * BLOCK_PIXELS],
            has_black: vec![false; blocks],
            words: Vec::new(),
            any: vec![[0; BLOCK]; blocks],
        }
    }

    /// Counts rows from `first` on.
    fn count(&mut self, first: usize, weights: &[u16]) {
        let stride = self.bitmap.stride();
        let rows = &self.bitmap.as_bytes()[first * stride..][..weights.len() * stride];
        let any = self.any.as_flattened_mut();
        any.fill(0);
        for row in rows.chunks_exact(stride) {
            for (any, byte) in any.iter_mut().zip(row) {
                *any |= byte;
            }
        }
        let (blocks, _) = self.black.as_chunks_mut::<BLOCK_PIXELS>();
        let marks = self.has_black.iter_mut().zip(&self.any);
        for (block, (black, (has_black, any))) in blocks.iter_mut().zip(marks).enumerate() {
            if *any == [0; BLOCK] {
                if *has_black {
                    black.fill(0);
                }
                *has_black = false;
                continue;
            }
            *has_black = true;
            let word = |row: usize| word_at(&rows[row * stride..][..stride], block * BLOCK);
            self.words.clear();
            self.words.extend((0..weights.len()).map(word));
            count_black(self.instructions, &self.words, weights, black);
        }
    }
}

/// The bytes of a row from one on, white beyond its end.
#[inline]
fn word_at(row: &[u8], begin: usize) -> [u8; BLOCK] {
    let bytes = &row[begin..];
    bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut word = [0; BLOCK];
        word[..bytes.len()].copy_from_slice(bytes);
        word
    })
}

/// For each of 64 pixels the sum of the weights, below 256 in all, of those words in which it is
/// black.
fn count_black(
    instructions: Instructions,
    words: &[[u8; BLOCK]],
    weights: &[u16],
    black: &mut [u8; BLOCK_PIXELS],
) {
    if simd::count_black(instructions, words, weights, black) {
        return;
    }
    let (columns, _) = black.as_chunks_mut::<8>();
    for (place, columns) in columns.iter_mut().enumerate() {
        let mut sums = 0;
        for (word, &weight) in words.iter().zip(weights) {
            sums += SPREAD[usize::from(word[place])] * u64::from(weight);
        }
        *columns = sums.to_le_bytes();
    }
}

const fn spread() -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut pixel = 0;
        while pixel < 8 {
            if byte & (0x80 >> pixel) != 0 {
                table[byte] |= 1 << (pixel * 8);
            }
            pixel += 1;
        }
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_instructions_give_the_same_bitmap(
            width in 1u32..500, rows in 1u32..60, to_width in 1u32..400, to_rows in 1u32..60,
            white_of_eight in 0u8..=8, seed: u64,
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut byte = || if random.u8(..8) < white_of_eight { 0 } else { random.u8(..) };
            let bytes = (0..width.div_ceil(8) * rows).map(|_| byte()).collect();
            let bitmap = Bitmap::from_packed(width, bytes);
            let to = (to_width.into(), to_rows.into());
            let expected = scale_bits(Instructions::portable(), &bitmap, to);
            for instructions in Instructions::all() {
                prop_assert_eq!(&scale_bits(instructions, &bitmap, to), &expected);
            }
        }
    }
}
