//! A TIFF file as the crate `tiff` can read it.
//!
//! The crate starts from the file's first image, knows no palettes and no reversed bits. Its view
//! of the file is changed where it reads: the header points to the image that is wanted, the
//! photometric interpretation says that indexes are grey levels, and strips of `FillOrder` 2
//! arrive with the bits of each byte turned round.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, tag};

/// `PhotometricInterpretation` of grey levels that begin at black.
const BLACK_IS_ZERO: u64 = 1;

/// `PhotometricInterpretation` of red, green and blue.
const RGB: u64 = 2;

/// Widest row that tiles are made whole for: it fits a field of 16 bits.
const WIDTH_MAX: u64 = u16::MAX as u64;

/// Most strips or tiles of one image whose bits are turned round.
const CHUNKS_MAX: u64 = 1 << 20;

/// The changed view.
pub(super) struct View<'a, R> {
    file: &'a mut R,
    position: u64,
    /// Bytes that stand in for the file's own.
    patches: Vec<(u64, Vec<u8>)>,
    /// Where bits are turned round: ascending, without overlaps.
    reversed: Vec<Range<u64>>,
}

/// How an image's samples are to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Levels {
    /// As the file says.
    AsStored,
    /// As grey levels, whatever they mean.
    Gray,
    /// As three samples of a colour, whatever they mean.
    ThreeColors,
}

impl<'a, R: Read + Seek> View<'a, R> {
    /// A view in which `directory` is the file's first, and the width of its image there.
    pub(super) fn new(
        tiff: &'a mut TiffFile<R>,
        directory: &Directory,
        levels: Levels,
    ) -> Result<(Self, u32), ConvertError> {
        let mut patches = vec![tiff.first_directory_patch(directory)];
        let photometric = match levels {
            Levels::AsStored => None,
            Levels::Gray => Some(BLACK_IS_ZERO),
            Levels::ThreeColors => Some(RGB),
        };
        if let Some(photometric) = photometric {
            patches.extend(tiff.number_patch(directory, tag::PHOTOMETRIC, photometric));
        }
        let stored_width = tiff.number(directory, tag::IMAGE_WIDTH)?.unwrap_or(0);
        let tile_width = tiff.number(directory, tag::TILE_WIDTH)?.unwrap_or(0).max(1);
        let padded = stored_width.checked_next_multiple_of(tile_width);
        let width = padded
            .filter(|width| *width <= WIDTH_MAX)
            .unwrap_or(stored_width);
        patches.extend(tiff.number_patch(directory, tag::IMAGE_WIDTH, width));
        let reversed = reversed_ranges(tiff, directory)?;
        let view = Self {
            file: tiff.reader_mut(),
            position: 0,
            patches,
            reversed,
        };
        Ok((view, width as u32))
    }

    fn change(&self, start: u64, bytes: &mut [u8]) {
        let end = start + bytes.len() as u64;
        let first = self.reversed.partition_point(|range| range.end <= start);
        for range in self.reversed[first..]
            .iter()
            .take_while(|range| range.start < end)
        {
            let from = (range.start.max(start) - start) as usize;
            let to = (range.end.min(end) - start) as usize;
            for byte in &mut bytes[from..to] {
                *byte = byte.reverse_bits();
            }
        }
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

/// Where the image's data lies, when its bits are stored least significant first. JPEG is the one
/// coding that the field does not apply to.
fn reversed_ranges<R: Read + Seek>(
    tiff: &mut TiffFile<R>,
    directory: &Directory,
) -> Result<Vec<Range<u64>>, ConvertError> {
    let is_jpeg = matches!(tiff.number(directory, tag::COMPRESSION)?, Some(6 | 7));
    if tiff.number(directory, tag::FILL_ORDER)? != Some(2) || is_jpeg {
        return Ok(Vec::new());
    }
    let (offsets, lengths) = if directory.has(tag::TILE_WIDTH) {
        (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)
    } else {
        (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)
    };
    let offsets = tiff
        .numbers(directory, offsets, CHUNKS_MAX)?
        .unwrap_or_default();
    let lengths = tiff
        .numbers(directory, lengths, CHUNKS_MAX)?
        .unwrap_or_default();
    let mut ranges: Vec<_> = offsets
        .into_iter()
        .zip(lengths)
        .map(|(offset, len)| offset..offset.saturating_add(len))
        .collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut end = 0;
    ranges.retain_mut(|range| {
        range.start = range.start.max(end);
        end = end.max(range.end);
        range.start < range.end
    });
    Ok(ranges)
}
