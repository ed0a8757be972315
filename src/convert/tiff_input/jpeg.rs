//! Sizes of JPEG strips and tiles, looked at before the decoder takes memory for them.

use std::io::{Read, Seek};

use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};

/// Most strips or tiles looked at.
const CHUNKS_MAX: u64 = 1 << 20;

/// Most segments before a frame header.
const SEGMENTS_MAX: u32 = 64;

/// Refuses an image with a JPEG frame larger than the strip or tile that it fills.
///
/// A frame of a few bytes may claim 65535 by 65535 pixels.
pub(super) fn check_jpeg_frames<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
) -> Result<(), ConvertError> {
    if file.number(directory, tag::COMPRESSION)? != Some(7) {
        return Ok(());
    }
    let is_tiled = directory.has(tag::TILE_WIDTH);
    let (width, height, offsets) = if is_tiled {
        (tag::TILE_WIDTH, tag::TILE_LENGTH, tag::TILE_OFFSETS)
    } else {
        (tag::IMAGE_WIDTH, tag::ROWS_PER_STRIP, tag::STRIP_OFFSETS)
    };
    let rows = file.number(directory, tag::IMAGE_LENGTH)?.unwrap_or(0);
    let width = file.number(directory, width)?.unwrap_or(0);
    let height = match file.number(directory, height)? {
        Some(height) if is_tiled => height,
        Some(height) => height.min(rows),
        None => rows,
    };
    for at in file
        .numbers(directory, offsets, CHUNKS_MAX)?
        .unwrap_or_default()
    {
        if let Some((frame_width, frame_height)) = frame_size(file, at)?
            && (frame_width > width.next_multiple_of(16)
                || frame_height > height.next_multiple_of(16))
        {
            return Err(invalid("a JPEG strip is larger than its image"));
        }
    }
    Ok(())
}

/// Width and height in the first frame header (ITU-T T.81 §B.2.2) of the stream at `at`.
fn frame_size<R: Read + Seek>(
    file: &mut TiffFile<R>,
    at: u64,
) -> Result<Option<(u64, u64)>, ConvertError> {
    let mut at = at.saturating_add(2);
    for _ in 0..SEGMENTS_MAX {
        let segment = file.bytes_at(at, 9)?;
        let [0xFF, marker, ..] = segment[..] else {
            return Ok(None);
        };
        if marker == 0xFF {
            // A fill byte before the marker.
            at = at.saturating_add(1);
            continue;
        }
        let [_, _, l1, l0, _, h1, h0, w1, w0] = segment[..] else {
            return Ok(None);
        };
        // SOF0 to SOF15 without DHT, JPG and DAC, which lie among them.
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let number = |high, low| u64::from(u16::from_be_bytes([high, low]));
            return Ok(Some((number(w1, w0), number(h1, h0))));
        }
        at = at.saturating_add(2 + u64::from(u16::from_be_bytes([l1, l0])));
    }
    Ok(None)
}
