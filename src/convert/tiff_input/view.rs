//! A TIFF file as the crate `tiff` can read it.
//!
//! The crate starts from the file's first image and knows no palettes. Its view of the file is
//! changed where it reads: the header points to the image that is wanted, which has none after it,
//! the photometric interpretation says that samples are grey levels, and tiles at the right edge
//! lie inside the image.

use std::io::{self, Read, Seek, SeekFrom};

use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, tag};

/// `PhotometricInterpretation` of grey levels that begin at black.
const BLACK_IS_ZERO: u64 = 1;

/// Widest row that tiles are made whole for: it fits a field of 16 bits.
const WIDTH_MAX: u64 = u16::MAX as u64;

/// The changed view.
pub(super) struct View<'a, R> {
    file: &'a mut R,
    position: u64,
    /// Bytes that stand in for the file's own.
    patches: Vec<(u64, Vec<u8>)>,
}

/// How an image's samples are to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Levels {
    /// As the file says.
    AsStored,
    /// As grey levels, whatever they mean.
    Gray,
}

impl<'a, R: Read + Seek> View<'a, R> {
    /// A view in which `directory` is the file's first, and the width of its image there.
    pub(super) fn new(
        tiff: &'a mut TiffFile<R>,
        directory: &Directory,
        levels: Levels,
    ) -> Result<(Self, u32), ConvertError> {
        let mut patches = tiff.only_directory_patches(directory).to_vec();
        if levels == Levels::Gray {
            patches.extend(tiff.number_patch(directory, tag::PHOTOMETRIC, BLACK_IS_ZERO));
        }
        let stored_width = tiff.number(directory, tag::IMAGE_WIDTH)?.unwrap_or(0);
        let tile_width = tiff.number(directory, tag::TILE_WIDTH)?.unwrap_or(0).max(1);
        let padded = stored_width.checked_next_multiple_of(tile_width);
        let width = padded
            .filter(|width| *width <= WIDTH_MAX)
            .unwrap_or(stored_width);
        patches.extend(tiff.number_patch(directory, tag::IMAGE_WIDTH, width));
        let view = Self {
            file: tiff.reader_mut(),
            position: 0,
            patches,
        };
        Ok((view, width as u32))
    }

    fn change(&self, start: u64, bytes: &mut [u8]) {
        let end = start + bytes.len() as u64;
        for (at, patch) in &self.patches {
            for (place, value) in (*at..).zip(patch) {
                if (start..end).contains(&place) {
                    bytes[(place - start) as usize] = *value;
                }
            }
        }
    }
}

impl<R: Read + Seek> Read for View<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.position))?;
        let len = self.file.read(buffer)?;
        self.change(self.position, &mut buffer[..len]);
        self.position += len as u64;
        Ok(len)
    }
}

impl<R: Read + Seek> Seek for View<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(by) => self
                .position
                .checked_add_signed(by)
                .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?,
            SeekFrom::End(_) => self.file.seek(to)?,
        };
        Ok(self.position)
    }
}
