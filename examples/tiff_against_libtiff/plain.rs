//! Grey levels of the first image of an uncompressed, little-endian TIFF, by the plainest of
//! readings: the judge of kinds that `tiff2rgba` does not show. Made for what `tiffcp` writes.

use std::collections::HashMap;

use faxmill::convert::GrayImage;

/// `None` for what this reading does not know either.
pub(crate) fn plain_levels(file: &[u8]) -> Option<GrayImage> {
    let fields = fields(file)?;
    let one = |tag: u16, default: u64| {
        fields
            .get(&tag)
            .map_or(Some(default), |v| v.first().copied())
    };
    let (width, height) = (one(256, 0)? as usize, one(257, 0)? as usize);
    let (bits, samples) = (one(258, 1)? as usize, one(277, 1)? as usize);
    let photometric = one(262, u64::MAX)?;
    let colors = match photometric {
        0 | 1 => 1,
        2 => 3,
        5 => 4,
        _ => return None,
    };
    let is_planar = one(284, 1)? == 2;
    let is_float = one(339, 1)? == 3;
    if samples != colors || one(259, 1)? != 1 {
        return None;
    }
    let data: Vec<u8> = fields
        .get(&273)?
        .iter()
        .zip(fields.get(&279)?)
        .filter_map(|(at, len)| file.get(*at as usize..(at + len) as usize))
        .collect::<Vec<_>>()
        .concat();
    let step = if is_planar { 1 } else { samples };
    let row_bytes = (width * step * bits).div_ceil(8);
    let share = |x: usize, y: usize, sample: usize| {
        let (row, place) = if is_planar {
            (sample * height + y, x)
        } else {
            (y, x * samples + sample)
        };
        let row = data.get(row * row_bytes..(row + 1) * row_bytes)?;
        sample_share(row, place, bits, is_float)
    };
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut color = [0.0; 4];
            for (sample, share_of) in color.iter_mut().enumerate().take(colors) {
                *share_of = share(x, y, sample)?;
            }
            let bt601 =
                |red: f64, green: f64, blue: f64| 0.299 * red + 0.587 * green + 0.114 * blue;
            let level = match (photometric, color) {
                (0, [gray, ..]) => 1.0 - gray,
                (1, [gray, ..]) => gray,
                (2, [red, green, blue, _]) => bt601(red, green, blue),
                (_, [cyan, magenta, yellow, key]) => {
                    (1.0 - key) * bt601(1.0 - cyan, 1.0 - magenta, 1.0 - yellow)
                }
            };
            pixels.push((level * 255.0).round() as u8);
        }
    }
    Some(GrayImage {
        width: width as u32,
        height: height as u32,
        pixels,
    })
}

/// A sample as a share of the largest one; fractions are that already.
fn sample_share(row: &[u8], place: usize, bits: usize, is_float: bool) -> Option<f64> {
    if !matches!(bits, 16 | 32 | 64) {
        let bit = |at: usize| {
            row.get(at / 8)
                .map(|byte| u64::from(byte >> (7 - at % 8) & 1))
        };
        let value = (place * bits..(place + 1) * bits)
            .try_fold(0, |value, at| Some(value << 1 | bit(at)?))?;
        return Some(value as f64 / ((1u64 << bits) - 1) as f64);
    }
    let bytes = row.get(place * bits / 8..(place + 1) * bits / 8)?;
    let value = bytes
        .iter()
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    match (is_float, bits) {
        (true, 64) => Some(f64::from_bits(value)),
        (true, 32) => Some(f64::from(f32::from_bits(value as u32))),
        // Ordinary halves: zero and those without an offset are enough here.
        (true, _) if value == 0 => Some(0.0),
        (true, _) => {
            let exponent = (value >> 10 & 31) as i32 - 15;
            Some((1.0 + (value & 1023) as f64 / 1024.0) * f64::from(exponent).exp2())
        }
        (false, 64) => Some(value as f64 / u64::MAX as f64),
        (false, _) => Some(value as f64 / ((1u64 << bits) - 1) as f64),
    }
}

/// The whole numbers of the first directory by their tags.
fn fields(file: &[u8]) -> Option<HashMap<u16, Vec<u64>>> {
    let number = |at: usize, len: usize| {
        let bytes = file.get(at..at + len)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |value, byte| value << 8 | u64::from(*byte)),
        )
    };
    let at = number(4, 4)? as usize;
    let mut fields = HashMap::new();
    for entry in (0..number(at, 2)? as usize).map(|index| at + 2 + index * 12) {
        let size = match number(entry + 2, 2)? {
            1 | 2 => 1,
            3 => 2,
            4 => 4,
            _ => continue,
        };
        let count = number(entry + 4, 4)? as usize;
        let values_at = if count * size <= 4 {
            entry + 8
        } else {
            number(entry + 8, 4)? as usize
        };
        let values = (0..count).map(|index| number(values_at + index * size, size));
        fields.insert(number(entry, 2)? as u16, values.collect::<Option<_>>()?);
    }
    Some(fields)
}
