//! Rows that were stored as differences (TIFF 6.0 §14; Adobe's TIFF technical note 3).

use std::io::{Read, Seek};

use super::codings::Coding;
use super::depth::Depth;
use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};

/// How samples differ from those of the pixel to their left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Whole samples.
    Horizontal,
    /// Bytes of the samples, all first ones before all second ones.
    Bytes,
}

impl Predictor {
    /// From the field of that name, which is there for LZW and Deflate alone.
    pub(super) fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
        depth: Depth,
        coding: Coding,
    ) -> Result<Self, ConvertError> {
        if !matches!(coding, Coding::Lzw | Coding::Deflate) {
            return Ok(Self::None);
        }
        match file.number(directory, tag::PREDICTOR)?.unwrap_or(1) {
            1 => Ok(Self::None),
            2 if matches!(depth.bits, 8 | 16 | 32 | 64) => Ok(Self::Horizontal),
            3 if depth.is_float => Ok(Self::Bytes),
            number @ (2 | 3) => Err(ConvertError::Unsupported {
                what: format!("TIFF predictor {number} of samples of {} bits", depth.bits),
            }),
            number => Err(invalid(format!(
                "an image has the unknown predictor {number}"
            ))),
        }
    }

    /// Makes a packed row of `width` pixels of `step` samples whole again.
    pub(super) fn restore(self, row: &mut [u8], width: usize, step: usize, depth: Depth) {
        match self {
            Self::None => {}
            Self::Horizontal => match depth.bits {
                8 => {
                    for x in step..row.len() {
                        row[x] = row[x].wrapping_add(row[x - step]);
                    }
                }
                bits => sum_words(row, step, bits / 8, depth.is_big_endian),
            },
            Self::Bytes => {
                for x in step..row.len() {
                    row[x] = row[x].wrapping_add(row[x - step]);
                }
                join_planes(row, width * step, depth);
            }
        }
    }
}

/// Sums of samples of several bytes each.
fn sum_words(row: &mut [u8], step: usize, size: usize, is_big_endian: bool) {
    let place = |index: usize| {
        if is_big_endian {
            index
        } else {
            size - 1 - index
        }
    };
    for at in (step * size..row.len() / size * size).step_by(size) {
        let mut carry = 0;
        for index in (0..size).rev().map(place) {
            let left = u16::from(row[at - step * size + index]);
            let sum = u16::from(row[at + index]) + left + carry;
            row[at + index] = sum as u8;
            carry = sum >> 8;
        }
    }
}

/// Samples from their bytes, which lie in planes, the most significant first.
fn join_planes(row: &mut [u8], samples: usize, depth: Depth) {
    let size = depth.bits / 8;
    let planes = row.to_vec();
    for (sample, bytes) in row.chunks_exact_mut(size).enumerate() {
        for (index, byte) in bytes.iter_mut().enumerate() {
            let plane = if depth.is_big_endian {
                index
            } else {
                size - 1 - index
            };
            *byte = planes[plane * samples + sample];
        }
    }
}
