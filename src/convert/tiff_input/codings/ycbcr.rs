//! The brightness of colours whose samples of hue are shared by several pixels (TIFF 6.0 §21).

use std::io::{self, Read, Seek};

use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};

/// Pixels across and down that share their samples of hue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::convert::tiff_input) struct Subsampling {
    across: usize,
    down: usize,
}

impl Subsampling {
    /// From `YCbCrSubSampling`, which is 2 by 2 where it is not told.
    pub(in crate::convert::tiff_input) fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
    ) -> Result<Self, ConvertError> {
        let told = file.numbers(directory, tag::YCBCR_SUBSAMPLING, 2)?;
        match told.as_deref() {
            None => Ok(Self { across: 2, down: 2 }),
            Some(&[across @ (1 | 2 | 4), down @ (1 | 2 | 4)]) => Ok(Self {
                across: across as usize,
                down: down as usize,
            }),
            Some(_) => Err(invalid("an image shares its hues in an odd way")),
        }
    }
}

/// A stream of units — the brightness of a block of pixels, then two samples of hue — as rows of
/// brightness.
pub(in crate::convert::tiff_input) struct Luma {
    units: Box<dyn Read>,
    subsampling: Subsampling,
    width: usize,
    block: Vec<u8>,
    rows: Vec<u8>,
    delivered: usize,
}

impl Luma {
    pub(in crate::convert::tiff_input) fn new(
        units: Box<dyn Read>,
        subsampling: Subsampling,
        width: u32,
    ) -> Self {
        let width = width as usize;
        let Subsampling { across, down } = subsampling;
        let rows = vec![0; width * down];
        Self {
            units,
            subsampling,
            width,
            block: vec![0; width.div_ceil(across) * (across * down + 2)],
            delivered: rows.len(),
            rows,
        }
    }

    fn read_rows(&mut self) -> io::Result<()> {
        let Subsampling { across, down } = self.subsampling;
        self.units.read_exact(&mut self.block)?;
        for (index, unit) in self.block.chunks_exact(across * down + 2).enumerate() {
            for (y, levels) in unit.chunks_exact(across).take(down).enumerate() {
                let x = index * across;
                let count = across.min(self.width - x);
                let start = y * self.width + x;
                self.rows[start..start + count].copy_from_slice(&levels[..count]);
            }
        }
        self.delivered = 0;
        Ok(())
    }
}

impl Read for Luma {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.delivered == self.rows.len() {
            self.read_rows()?;
        }
        let rest = &self.rows[self.delivered..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.delivered += count;
        Ok(count)
    }
}
