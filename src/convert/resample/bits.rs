//! Black and white images scaled: black is counted eight pixels at a time, and white paper, most
//! of a page, is passed over.

use super::taps::{Extent, Taps};
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
pub(super) fn scale_bits(bitmap: &Bitmap, (to_width, to_rows): (Extent, Extent)) -> Bitmap {
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
    let groups = blocks_of_groups(&columns);
    let mut counted = Counted::new(bitmap);
    let stride = width.div_ceil(8) as usize;
    let mut packed = vec![0; stride * rows as usize];
    for (index, row) in packed.chunks_exact_mut(stride).enumerate() {
        let (first, weights) = lines.of(index);
        if !counted.count(first, weights) {
            continue;
        }
        for (place, (byte, blocks)) in row.iter_mut().zip(&groups).enumerate() {
            if !counted.has_black[blocks.0..=blocks.1].contains(&true) {
                continue;
            }
            let pixels = place * 8..(place * 8 + 8).min(width as usize);
            columns.sums(&counted.black, pixels, |x, sum| {
                *byte |= u8::from(sum >= sum_min) << (7 - x);
            });
        }
    }
    Bitmap::from_packed(width, packed)
}

/// First and last block of the source that each eight pixels of the result draw on.
fn blocks_of_groups(columns: &Taps) -> Vec<(usize, usize)> {
    let count = columns.len();
    (0..count)
        .step_by(8)
        .map(|begin| {
            let (first, _) = columns.of(begin);
            let (last, weights) = columns.of((begin + 7).min(count - 1));
            let end = last + weights.len() - 1;
            (first / BLOCK_PIXELS, end / BLOCK_PIXELS)
        })
        .collect()
}

/// Black counted down a few rows.
struct Counted<'a> {
    bitmap: &'a Bitmap,
    /// For each column the weights of the rows where it is black, summed; whole blocks.
    black: Vec<u8>,
    /// Whether any column of a block is not white.
    has_black: Vec<bool>,
}

impl<'a> Counted<'a> {
    fn new(bitmap: &'a Bitmap) -> Self {
        let blocks = bitmap.stride().div_ceil(BLOCK);
        Self {
            bitmap,
            black: vec![0; blocks * BLOCK_PIXELS],
            has_black: vec![false; blocks],
        }
    }

    /// Counts rows from `first` on; whether there is any black.
    fn count(&mut self, first: usize, weights: &[u16]) -> bool {
        let stride = self.bitmap.stride();
        let rows = &self.bitmap.as_bytes()[first * stride..][..weights.len() * stride];
        let mut any = false;
        let blocks = self.black.chunks_exact_mut(BLOCK_PIXELS);
        for (block, (black, has_black)) in blocks.zip(&mut self.has_black).enumerate() {
            let begin = block * BLOCK;
            let len = BLOCK.min(stride - begin);
            let is_white = rows
                .chunks_exact(stride)
                .all(|row| is_white(&row[begin..][..len]));
            if is_white {
                if *has_black {
                    black.fill(0);
                }
                *has_black = false;
                continue;
            }
            *has_black = true;
            any = true;
            let (columns, _) = black.as_chunks_mut::<8>();
            for (place, columns) in (begin..begin + len).zip(columns) {
                let mut sums = 0;
                for (row, &weight) in rows.chunks_exact(stride).zip(weights) {
                    sums += SPREAD[usize::from(row[place])] * u64::from(weight);
                }
                *columns = sums.to_le_bytes();
            }
        }
        any
    }
}

#[inline]
fn is_white(bytes: &[u8]) -> bool {
    match bytes.first_chunk::<BLOCK>() {
        Some(block) => u64::from_ne_bytes(*block) == 0,
        None => bytes.iter().all(|byte| *byte == 0),
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
