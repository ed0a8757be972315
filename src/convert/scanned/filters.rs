//! The filters of streams that are not image codings, and predictors: ISO 32000-1 §7.4.

use lopdf::{Dictionary, Document, Object, Stream};

/// Most filters one after the other.
const FILTERS_MAX: usize = 4;

/// Most bytes after the last row: some writers end their data with a line break.
const SURPLUS_BYTES_MAX: usize = 64;

/// A filter of a stream with its parameters.
#[derive(Clone, Copy)]
pub(super) struct Filter<'a> {
    pub(super) name: &'a [u8],
    pub(super) parameters: Option<&'a Dictionary>,
}

/// The filters of a stream in the order of decoding; `None` when they are not what they should be.
pub(super) fn filters<'a>(document: &'a Document, stream: &'a Stream) -> Option<Vec<Filter<'a>>> {
    let list = |key: &[u8]| -> Option<Vec<&'a Object>> {
        let Ok(entry) = stream.dict.get_deref(key, document) else {
            return (!stream.dict.has(key)).then(Vec::new);
        };
        match entry {
            Object::Array(entries) => entries
                .iter()
                .map(|entry| Some(document.dereference(entry).ok()?.1))
                .collect(),
            entry => Some(vec![entry]),
        }
    };
    let names = list(b"Filter")?;
    let parameters = list(b"DecodeParms")?;
    if names.len() > FILTERS_MAX || parameters.len() > names.len() {
        return None;
    }
    let with_parameters = names.into_iter().enumerate().map(|(index, name)| {
        let parameters = match parameters.get(index) {
            None | Some(Object::Null) => None,
            Some(entry) => Some(entry.as_dict().ok()?),
        };
        Some(Filter {
            name: name.as_name().ok()?,
            parameters,
        })
    });
    with_parameters.collect()
}

/// What a decoded stream is expected to be.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    /// Samples in rows of so many bytes; what comes after them is ignored.
    Rows {
        rows: usize,
        row_bytes: usize,
        sample: Sample,
    },
    /// The data of another filter, at most so many bytes.
    Data { bytes_max: usize },
}

/// The samples of a pixel, for predictors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) columns: usize,
    pub(super) components: usize,
    pub(super) bits: usize,
}

impl Filter<'_> {
    /// Decodes the data of a filter that is no image coding.
    pub(super) fn decode(
        self,
        document: &Document,
        data: &[u8],
        expected: Expected,
    ) -> Option<Vec<u8>> {
        let number = |key: &[u8], usual: i64| match self.parameters {
            Some(parameters) if parameters.has(key) => {
                parameters.get_deref(key, document).ok()?.as_i64().ok()
            }
            _ => Some(usual),
        };
        let predictor = match self.name {
            b"FlateDecode" | b"LZWDecode" => number(b"Predictor", 1)?,
            _ => 1,
        };
        let (bytes, is_exact) = match (expected, predictor) {
            (
                Expected::Rows {
                    rows, row_bytes, ..
                },
                1 | 2,
            ) => (rows * row_bytes, true),
            (
                Expected::Rows {
                    rows, row_bytes, ..
                },
                10..=15,
            ) => (rows * (row_bytes + 1), true),
            (Expected::Data { bytes_max }, 1) => (bytes_max, false),
            _ => return None,
        };
        let mut decoded = match self.name {
            b"FlateDecode" => inflate(data, bytes.checked_add(SURPLUS_BYTES_MAX)?)?,
            b"LZWDecode" => expand_lzw(data, bytes, number(b"EarlyChange", 1)?)?,
            b"RunLengthDecode" => expand_runs(data, bytes)?,
            _ => return None,
        };
        if is_exact && decoded.len() < bytes {
            return None;
        }
        decoded.truncate(bytes);
        let Expected::Rows {
            row_bytes, sample, ..
        } = expected
        else {
            return Some(decoded);
        };
        if predictor == 1 {
            return Some(decoded);
        }
        let stated = [
            number(b"Colors", 1)?,
            number(b"BitsPerComponent", 8)?,
            number(b"Columns", 1)?,
        ];
        let actual = [sample.components, sample.bits, sample.columns];
        if stated.map(usize::try_from) != actual.map(Ok) {
            return None;
        }
        let pixel_bytes = (sample.components * sample.bits).div_ceil(8);
        if predictor == 2 {
            (sample.bits == 8).then(|| undo_tiff(&mut decoded, row_bytes, pixel_bytes))?;
            return Some(decoded);
        }
        undo_png(&decoded, row_bytes, pixel_bytes)
    }
}

/// What is in a zlib stream, checked by its sum, when that is less than so many bytes.
fn inflate(data: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    const STEP: usize = 16 << 20;
    let mut decoder = fdeflate::Decompressor::new();
    let mut inflated = vec![0; bytes_max.min(STEP)];
    let (mut read, mut written) = (0, 0);
    loop {
        let (used, made) = decoder
            .read(&data[read..], &mut inflated, written, true)
            .ok()?;
        read += used;
        written += made;
        if decoder.is_done() {
            inflated.truncate(written);
            return Some(inflated);
        }
        if written == bytes_max || (used == 0 && made == 0 && written < inflated.len()) {
            return None;
        }
        if written == inflated.len() {
            inflated.resize((written * 2).min(bytes_max), 0);
        }
    }
}

/// The first bytes of LZW data (§7.4.4), up to as many as asked for.
fn expand_lzw(data: &[u8], bytes_max: usize, early_change: i64) -> Option<Vec<u8>> {
    use weezl::{BitOrder, LzwStatus, decode::Decoder};
    let mut decoder = match early_change {
        0 => Decoder::new(BitOrder::Msb, 8),
        1 => Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
        _ => return None,
    };
    let mut expanded = vec![0; bytes_max];
    let (mut read, mut written) = (0, 0);
    while written < bytes_max {
        let step = decoder.decode_bytes(&data[read..], &mut expanded[written..]);
        read += step.consumed_in;
        written += step.consumed_out;
        match step.status.ok()? {
            LzwStatus::Ok => {}
            LzwStatus::Done | LzwStatus::NoProgress => break,
        }
    }
    expanded.truncate(written);
    Some(expanded)
}

/// The first bytes of run lengths (§7.4.5), up to as many as asked for.
fn expand_runs(data: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let mut expanded = Vec::new();
    let mut rest = data;
    while expanded.len() < bytes_max {
        match rest {
            [128, ..] | [] => break,
            [length, after @ ..] if *length < 128 => {
                let (literal, after) = after.split_at_checked(usize::from(*length) + 1)?;
                expanded.extend_from_slice(literal);
                rest = after;
            }
            [length, byte, after @ ..] => {
                expanded.resize(expanded.len() + 257 - usize::from(*length), *byte);
                rest = after;
            }
            [_] => return None,
        }
    }
    expanded.truncate(bytes_max);
    Some(expanded)
}

/// Undoes TIFF's predictor on components of a byte: each was less its left neighbour's.
fn undo_tiff(rows: &mut [u8], row_bytes: usize, pixel_bytes: usize) {
    for row in rows.chunks_exact_mut(row_bytes) {
        for at in pixel_bytes..row.len() {
            row[at] = row[at].wrapping_add(row[at - pixel_bytes]);
        }
    }
}

/// Undoes PNG's filters (PNG §9): each row begins with the number of its own.
fn undo_png(filtered: &[u8], row_bytes: usize, pixel_bytes: usize) -> Option<Vec<u8>> {
    let mut rows = vec![0; filtered.len() / (row_bytes + 1) * row_bytes];
    let mut above: &[u8] = &vec![0; row_bytes];
    let filtered = filtered.chunks_exact(row_bytes + 1);
    for (filtered, row) in filtered.zip(rows.chunks_exact_mut(row_bytes)) {
        let (filter, from) = filtered.split_first()?;
        undo_png_row(*filter, from, above, row, pixel_bytes)?;
        above = row;
    }
    Some(rows)
}

fn undo_png_row(filter: u8, from: &[u8], above: &[u8], row: &mut [u8], reach: usize) -> Option<()> {
    match filter {
        0 => row.copy_from_slice(from),
        2 => {
            for ((to, from), above) in row.iter_mut().zip(from).zip(above) {
                *to = from.wrapping_add(*above);
            }
        }
        1 | 3 | 4 => {
            for at in 0..row.len() {
                let before = at.checked_sub(reach);
                let left = before.map_or(0, |before| row[before]);
                let corner = before.map_or(0, |before| above[before]);
                let guess = match filter {
                    1 => left,
                    3 => u16::midpoint(u16::from(left), u16::from(above[at])) as u8,
                    _ => paeth(left, above[at], corner),
                };
                row[at] = from[at].wrapping_add(guess);
            }
        }
        _ => return None,
    }
    Some(())
}

/// The neighbour that is nearest to what a plane through all three would have here.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i32::from);
    let plane = a + b - c;
    let (to_left, to_above, to_corner) = ((plane - a).abs(), (plane - b).abs(), (plane - c).abs());
    if to_left <= to_above && to_left <= to_corner {
        left
    } else if to_above <= to_corner {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_of_any_bytes_end_within_their_bound(
            data in proptest::collection::vec(any::<u8>(), 0..300), bytes_max in 0usize..1000,
        ) {
            if let Some(expanded) = expand_runs(&data, bytes_max) {
                prop_assert!(expanded.len() <= bytes_max);
            }
            if let Some(expanded) = expand_lzw(&data, bytes_max, 1) {
                prop_assert!(expanded.len() <= bytes_max);
            }
            if let Some(inflated) = inflate(&data, bytes_max) {
                prop_assert!(inflated.len() <= bytes_max);
            }
        }

        #[test]
        fn what_png_filters_take_away_comes_back(
            pixels in proptest::collection::vec(any::<u8>(), 24..=24), filters: [u8; 4], reach in 1usize..4,
        ) {
            let mut filtered = Vec::new();
            for (y, row) in pixels.chunks_exact(6).enumerate() {
                let filter = filters[y] % 5;
                filtered.push(filter);
                for x in 0..6usize {
                    let at = |x: Option<usize>, up: bool| match (x, up) {
                        (None, _) => 0,
                        (Some(_), true) if y == 0 => 0,
                        (Some(x), true) => pixels[(y - 1) * 6 + x],
                        (Some(x), false) => row[x],
                    };
                    let left = at(x.checked_sub(reach), false);
                    let above = at(Some(x), true);
                    let corner = at(x.checked_sub(reach), true);
                    filtered.push(row[x].wrapping_sub(match filter {
                        0 => 0,
                        1 => left,
                        2 => above,
                        3 => u16::midpoint(left.into(), above.into()) as u8,
                        _ => paeth(left, above, corner),
                    }));
                }
            }
            prop_assert_eq!(undo_png(&filtered, 6, reach), Some(pixels));
        }
    }
}
