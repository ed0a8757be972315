//! Samples of any depth as levels of eight bits, or as indexes into a palette.

use std::io::{Read, Seek};

use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, tag};

/// How one sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Depth {
    /// Bits of a sample, 1 to 64.
    pub(super) bits: usize,
    /// Whether it is a fraction, from black at 0 to white at 1.
    pub(super) is_float: bool,
    /// Order of the bytes of samples of whole bytes; other samples begin with their most
    /// significant bit in any file.
    pub(super) is_big_endian: bool,
}

impl Depth {
    /// Eight bits, as readers deliver that make levels of what is stored.
    pub(super) const LEVEL: Self = Self {
        bits: 8,
        is_float: false,
        is_big_endian: false,
    };

    /// From `BitsPerSample` and `SampleFormat`; signed samples are taken for unsigned ones, as
    /// libtiff does.
    pub(super) fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
        samples: u64,
    ) -> Result<Self, ConvertError> {
        let unsupported = |what| Err(ConvertError::Unsupported { what });
        let depths = file
            .numbers(directory, tag::BITS_PER_SAMPLE, samples)?
            .unwrap_or_else(|| vec![1]);
        let bits = depths.first().copied().unwrap_or(1);
        if depths.iter().any(|other| *other != bits) {
            return unsupported("a TIFF with samples of different depths".to_owned());
        }
        let format = file.number(directory, tag::SAMPLE_FORMAT)?.unwrap_or(1);
        let is_float = match (format, bits) {
            (1 | 2 | 4, 1..=64) => false,
            (3, 16 | 24 | 32 | 64) => true,
            _ => return unsupported(format!("TIFF samples of {bits} bits in format {format}")),
        };
        Ok(Self {
            bits: bits as usize,
            is_float,
            is_big_endian: file.is_big_endian(),
        })
    }

    /// Bytes of a row of so many samples.
    pub(super) fn row_bytes(self, samples: u64) -> u64 {
        samples.saturating_mul(self.bits as u64).div_ceil(8)
    }

    /// The samples of a packed row, each a level from 0 to 255 or an index.
    ///
    /// # Panics
    ///
    /// If the row is shorter than its samples.
    pub(super) fn unpack(self, row: &[u8], is_index: bool, samples: &mut [u16]) {
        let top = |value: u64| {
            if is_index {
                value as u16
            } else {
                (value >> (self.bits - 8)) as u16
            }
        };
        match self.bits {
            _ if self.is_float => {
                for (sample, bytes) in samples.iter_mut().zip(row.chunks_exact(self.bits / 8)) {
                    *sample = level_of(self.float(bytes));
                }
            }
            8 => {
                for (sample, byte) in samples.iter_mut().zip(row) {
                    *sample = u16::from(*byte);
                }
            }
            16 | 24 | 32 | 40 | 48 | 56 | 64 => {
                for (sample, bytes) in samples.iter_mut().zip(row.chunks_exact(self.bits / 8)) {
                    *sample = top(self.whole(bytes));
                }
            }
            9.. => {
                for (index, sample) in samples.iter_mut().enumerate() {
                    *sample = top(bits_at(row, index * self.bits, self.bits));
                }
            }
            _ => {
                let sample_max = (1u64 << self.bits) - 1;
                for (index, sample) in samples.iter_mut().enumerate() {
                    let value = bits_at(row, index * self.bits, self.bits);
                    *sample = if is_index {
                        value
                    } else {
                        value * 255 / sample_max
                    } as u16;
                }
            }
        }
    }

    fn whole(self, bytes: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.is_big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        }
    }

    fn float(self, bytes: &[u8]) -> f64 {
        let bits = self.whole(bytes);
        match self.bits {
            16 => half_float(bits, 5, 10),
            24 => half_float(bits, 7, 16),
            32 => f64::from(f32::from_bits(bits as u32)),
            _ => f64::from_bits(bits),
        }
    }
}

/// Up to 64 bits from the bit `at` on.
fn bits_at(row: &[u8], at: usize, count: usize) -> u64 {
    let (first, last) = (at / 8, (at + count).div_ceil(8));
    let joined = row[first..last]
        .iter()
        .fold(0u128, |joined, byte| joined << 8 | u128::from(*byte));
    let surplus = last * 8 - at - count;
    (joined >> surplus) as u64 & (u64::MAX >> (64 - count))
}

/// A floating-point number of sign, exponent and mantissa of these lengths, as IEEE 754 makes them
/// (Adobe's TIFF technical note 3 for 24 bits).
fn half_float(bits: u64, exponent_bits: u32, mantissa_bits: u32) -> f64 {
    let mantissa = bits & ((1 << mantissa_bits) - 1);
    let exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
    let offset = (1i32 << (exponent_bits - 1)) - 1;
    let fraction = mantissa as f64 / f64::from(1u32 << mantissa_bits);
    let value = if exponent == 0 {
        fraction * f64::from(1 - offset).exp2()
    } else if exponent == (1 << exponent_bits) - 1 {
        if mantissa == 0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    } else {
        (1.0 + fraction) * f64::from(exponent as i32 - offset).exp2()
    };
    if bits >> (exponent_bits + mantissa_bits) & 1 == 1 {
        -value
    } else {
        value
    }
}

/// Fractions run from 0 to 1; what is no number is black.
fn level_of(number: f64) -> u16 {
    u16::from((number * 255.0).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_floats_are_what_their_standard_says() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3C00, 1.0),
            (0x3800, 0.5),
            (0xC000, -2.0),
            (0x7BFF, 65_504.0),
            (0x0001, 5.960_464_477_539_063e-8),
        ] {
            assert!((half_float(bits, 5, 10) - value).abs() < 1e-12, "{bits:x}");
        }
        assert!((half_float(0x3F_0000, 7, 16) - 1.0).abs() < 1e-12);
        assert!(half_float(0x7E00, 5, 10).is_nan());
    }

    #[test]
    fn bits_are_taken_across_bytes() {
        let row = [0b1010_1100, 0b0111_0001, 0b1100_0000];
        assert_eq!(bits_at(&row, 0, 3), 0b101);
        assert_eq!(bits_at(&row, 3, 10), 0b01100_01110);
        assert_eq!(bits_at(&row, 13, 6), 0b001_110);
    }
}
