//! Grey images scaled: rows are mixed first, whole rows at a time, then pixels along the row.

use super::taps::{Extent, Taps};

/// Sum of the weights of rows: the largest of which products with a byte fit in sixteen bits.
const ROW_SUM: u16 = 256;

/// Sum of the weights of pixels along a row.
const PIXEL_SUM: u16 = 1 << 15;

/// Scales rows of `width` levels to another width and number of rows, or a part of them.
pub(super) fn scale_levels(
    levels: &[u8],
    width: u32,
    (to_width, to_rows): (Extent, Extent),
) -> Vec<u8> {
    let stride = width as usize;
    let columns = Taps::new(width, to_width, PIXEL_SUM);
    let lines = Taps::new((levels.len() / stride) as u32, to_rows, ROW_SUM);
    let row_len = to_width.count as usize;
    let mut scaled = vec![0; row_len * to_rows.count as usize];
    let mut mixed = vec![0; stride];
    let mut sums = vec![0; stride];
    for (index, row) in scaled.chunks_exact_mut(row_len).enumerate() {
        let (first, weights) = lines.of(index);
        let rows = &levels[first * stride..];
        let line = if weights.len() == 1 {
            &rows[..stride]
        } else {
            mix(rows, weights, &mut sums, &mut mixed);
            &mixed[..]
        };
        if to_width.is_all_of(width) {
            row.copy_from_slice(line);
        } else {
            columns.sums(line, 0..row.len(), |x, sum| {
                row[x] = ((sum + u32::from(PIXEL_SUM / 2)) / u32::from(PIXEL_SUM)) as u8;
            });
        }
    }
    scaled
}

/// The weighted mean of rows as long as `mixed`.
fn mix(rows: &[u8], weights: &[u16], sums: &mut [u16], mixed: &mut [u8]) {
    let mut rows = rows.chunks_exact(mixed.len());
    let mut next = || rows.next().unwrap_or_default();
    match *weights {
        [a, b] | [a, b, 0] => mix_three([next(), next(), &[]], [a, b, 0], mixed),
        [a, b, c] => mix_three([next(), next(), next()], [a, b, c], mixed),
        _ => {
            sums.fill(ROW_SUM / 2);
            for &weight in weights {
                for (sum, &level) in sums.iter_mut().zip(next()) {
                    *sum += u16::from(level) * weight;
                }
            }
            for (mixed, sum) in mixed.iter_mut().zip(sums) {
                *mixed = (*sum / ROW_SUM) as u8;
            }
        }
    }
}

/// Two rows or three; the third may be missing.
fn mix_three(rows: [&[u8]; 3], weights: [u16; 3], mixed: &mut [u8]) {
    let pairs = mixed.iter_mut().zip(rows[0]).zip(rows[1]);
    if rows[2].is_empty() {
        for ((mixed, &a), &b) in pairs {
            let sum = u16::from(a) * weights[0] + u16::from(b) * weights[1];
            *mixed = ((sum + ROW_SUM / 2) / ROW_SUM) as u8;
        }
        return;
    }
    for (((mixed, &a), &b), &c) in pairs.zip(rows[2]) {
        let sum = u16::from(a) * weights[0] + u16::from(b) * weights[1] + u16::from(c) * weights[2];
        *mixed = ((sum + ROW_SUM / 2) / ROW_SUM) as u8;
    }
}
