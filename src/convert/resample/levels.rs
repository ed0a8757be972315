//! Grey images scaled: rows are mixed first, whole rows at a time, then pixels along the row.

use super::line_sums::LineSums;
use super::taps::{Extent, Taps};
use crate::convert::binarize::{Instructions, Kernel, run};

/// Sum of the weights of rows: the largest of which products with a byte fit in sixteen bits.
const ROW_SUM: u16 = 256;

/// Sum of the weights of pixels along a row.
const PIXEL_SUM: u16 = 1 << 15;

/// Scales rows of `width` levels to another width and number of rows, or a part of them.
///
/// The rows are put from `scaled`'s start on, one every `stride` bytes.
pub(super) fn scale_levels(
    instructions: Instructions,
    (levels, width): (&[u8], u32),
    (to_width, to_rows): (Extent, Extent),
    (scaled, stride): (&mut [u8], usize),
) {
    let line_len = width as usize;
    let columns = Taps::new(width, to_width, PIXEL_SUM);
    let lines = Taps::new((levels.len() / line_len) as u32, to_rows, ROW_SUM);
    let line_sums = LineSums::new(instructions, &columns, line_len);
    let row_len = to_width.count as usize;
    let mut mixed = vec![0; line_len];
    let mut sums = vec![0; line_len];
    for (index, row) in scaled.chunks_mut(stride).take(lines.len()).enumerate() {
        let row = &mut row[..row_len];
        let (first, weights) = lines.of(index);
        let rows = &levels[first * line_len..];
        let line = if weights.len() == 1 {
            &rows[..line_len]
        } else {
            let kernel = Mix {
                rows,
                weights,
                sums: &mut sums,
                mixed: &mut mixed,
            };
            run(instructions, kernel);
            &mixed[..]
        };
        if to_width.is_all_of(width) {
            row.copy_from_slice(line);
        } else {
            line_sums.means(line, row);
        }
    }
}

/// The weighted mean of rows as long as `mixed`.
struct Mix<'a> {
    rows: &'a [u8],
    weights: &'a [u16],
    /// Room for as many sums.
    sums: &'a mut [u16],
    mixed: &'a mut [u8],
}

impl Kernel for Mix<'_> {
    #[inline(always)]
    fn run(self) {
        let Self {
            rows,
            weights,
            sums,
            mixed,
        } = self;
        let len = mixed.len();
        match *weights {
            [a, b] | [a, b, 0] => {
                mix_two([&rows[..len], &rows[len..][..len]], [a, b], mixed);
            }
            [a, b, c] => {
                let rows = [&rows[..len], &rows[len..][..len], &rows[2 * len..][..len]];
                mix_three(rows, [a, b, c], mixed);
            }
            _ => {
                sums.fill(ROW_SUM / 2);
                for (row, &weight) in rows.chunks_exact(len).zip(weights) {
                    for (sum, &level) in sums.iter_mut().zip(row) {
                        *sum += u16::from(level) * weight;
                    }
                }
                for (mixed, sum) in mixed.iter_mut().zip(sums) {
                    *mixed = (*sum / ROW_SUM) as u8;
                }
            }
        }
    }
}

#[inline(always)]
fn mix_two(rows: [&[u8]; 2], weights: [u16; 2], mixed: &mut [u8]) {
    for ((mixed, &a), &b) in mixed.iter_mut().zip(rows[0]).zip(rows[1]) {
        let sum = u16::from(a) * weights[0] + u16::from(b) * weights[1];
        *mixed = ((sum + ROW_SUM / 2) / ROW_SUM) as u8;
    }
}

#[inline(always)]
fn mix_three(rows: [&[u8]; 3], weights: [u16; 3], mixed: &mut [u8]) {
    for (((mixed, &a), &b), &c) in mixed.iter_mut().zip(rows[0]).zip(rows[1]).zip(rows[2]) {
        let sum = u16::from(a) * weights[0] + u16::from(b) * weights[1] + u16::from(c) * weights[2];
        *mixed = ((sum + ROW_SUM / 2) / ROW_SUM) as u8;
    }
}
