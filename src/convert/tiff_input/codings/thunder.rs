//! The coding of `ThunderScan`: pixels of four bits by their difference from the one before.

use std::io::{self, Read};

/// Differences of three pixels in two bits each; `None` stands for no pixel.
const TWO_BITS: [Option<u8>; 4] = [Some(0), Some(1), None, Some(15)];

/// Differences of two pixels in three bits each.
const THREE_BITS: [Option<u8>; 8] = [
    Some(0),
    Some(1),
    Some(2),
    Some(3),
    None,
    Some(13),
    Some(14),
    Some(15),
];

/// A strip as a stream of rows of two pixels a byte.
pub(super) struct Thunder {
    data: Vec<u8>,
    at: usize,
    width: usize,
    row: Vec<u8>,
    /// Bytes of the row that were delivered.
    delivered: usize,
}

impl Thunder {
    pub(super) fn new(data: Vec<u8>, width: u32) -> Self {
        Self {
            data,
            at: 0,
            width: width as usize,
            row: Vec::new(),
            delivered: 0,
        }
    }

    /// Decodes the next row, which begins from black; `false` where the data ends in it.
    fn decode_row(&mut self) -> bool {
        let mut pixels = Vec::with_capacity(self.width.min(self.data.len() * 64));
        let mut last = 0u8;
        while pixels.len() < self.width {
            let Some(&code) = self.data.get(self.at) else {
                return false;
            };
            self.at += 1;
            let mut add = |difference: Option<u8>| {
                if let Some(difference) = difference {
                    last = (last + difference) & 15;
                    pixels.push(last);
                }
            };
            match code >> 6 {
                0 => (0..code & 63).for_each(|_| add(Some(0))),
                1 => [4, 2, 0]
                    .into_iter()
                    .for_each(|shift| add(TWO_BITS[usize::from(code >> shift & 3)])),
                2 => [3, 0]
                    .into_iter()
                    .for_each(|shift| add(THREE_BITS[usize::from(code >> shift & 7)])),
                _ => {
                    last = code & 15;
                    pixels.push(last);
                }
            }
        }
        pixels.truncate(self.width);
        self.row.clear();
        self.row.extend(
            pixels
                .chunks(2)
                .map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)),
        );
        self.delivered = 0;
        true
    }
}

impl Read for Thunder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.delivered == self.row.len() && !self.decode_row() {
            return Ok(0);
        }
        let rest = &self.row[self.delivered..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.delivered += count;
        Ok(count)
    }
}
