//! `LogLuv`: luminance by its logarithm, as grey levels (Larson, "`LogLuv` encoding for
//! full-gamut, high-dynamic range images", 1998).

use std::io::{self, Read};

/// How the logarithm is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::convert::tiff_input) enum Packing {
    /// Sixteen bits, the bytes of a row in two runs.
    Luminance,
    /// Thirty-two bits with chromaticity, the bytes of a row in four runs.
    Wide,
    /// Twenty-four bits with chromaticity, pixel by pixel.
    Narrow,
}

/// A strip as a stream of rows of one level a pixel.
pub(super) struct LogLuv {
    data: Vec<u8>,
    at: usize,
    packing: Packing,
    row: Vec<u8>,
    words: Vec<u32>,
    delivered: usize,
}

impl LogLuv {
    pub(super) fn new(data: Vec<u8>, width: u32, packing: Packing) -> Self {
        let width = width as usize;
        Self {
            data,
            at: 0,
            packing,
            row: vec![0; width],
            words: vec![0; width],
            delivered: width,
        }
    }

    /// Decodes the next row; `false` where the data ends in it.
    fn decode_row(&mut self) -> bool {
        let is_whole = match self.packing {
            Packing::Luminance => self.fill_runs(2),
            Packing::Wide => self.fill_runs(4),
            Packing::Narrow => self.fill_pixels(),
        };
        for (level, word) in self.row.iter_mut().zip(&self.words) {
            *level = match self.packing {
                Packing::Luminance => level_of_16(*word),
                Packing::Wide => level_of_16(*word >> 16),
                Packing::Narrow => level_of_10(*word >> 14),
            };
        }
        self.delivered = 0;
        is_whole
    }

    fn next_byte(&mut self) -> Option<u8> {
        let byte = self.data.get(self.at).copied();
        self.at += 1;
        byte
    }

    /// Words by their bytes: all first bytes of the row, then all second ones.
    fn fill_runs(&mut self, bytes: usize) -> bool {
        self.words.fill(0);
        for _ in 0..bytes {
            let mut x = 0;
            while x < self.words.len() {
                let Some(head) = self.next_byte() else {
                    return false;
                };
                let is_run = head >= 128;
                let count = usize::from(if is_run { head - 126 } else { head });
                let mut byte = 0;
                for index in 0..count {
                    if !is_run || index == 0 {
                        let Some(next) = self.next_byte() else {
                            return false;
                        };
                        byte = next;
                    }
                    if let Some(word) = self.words.get_mut(x) {
                        *word = *word << 8 | u32::from(byte);
                    }
                    x += 1;
                }
            }
        }
        true
    }

    fn fill_pixels(&mut self) -> bool {
        let bytes = self.words.len() * 3;
        let Some(pixels) = self.data.get(self.at..self.at + bytes) else {
            return false;
        };
        for (word, pixel) in self.words.iter_mut().zip(pixels.chunks_exact(3)) {
            *word = u32::from_be_bytes([0, pixel[0], pixel[1], pixel[2]]);
        }
        self.at += bytes;
        true
    }
}

impl Read for LogLuv {
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

/// A sign and 15 bits of the logarithm, in steps of 1/256 from 2^-64.
fn level_of_16(word: u32) -> u8 {
    let exponent = word & 0x7FFF;
    if exponent == 0 || word & 0x8000 != 0 {
        return 0;
    }
    level_of((f64::from(exponent) + 0.5) / 256.0 - 64.0)
}

/// Ten bits of the logarithm, in steps of 1/64 from 2^-12.
fn level_of_10(word: u32) -> u8 {
    let exponent = word & 0x3FF;
    if exponent == 0 {
        return 0;
    }
    level_of((f64::from(exponent) + 0.5) / 64.0 - 12.0)
}

/// Luminance 1 is white, and levels go by its square root, as libtiff shows them.
fn level_of(logarithm: f64) -> u8 {
    (256.0 * logarithm.exp2().sqrt()) as u8
}
