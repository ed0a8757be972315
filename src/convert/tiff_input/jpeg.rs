//! Images in strips or tiles of JPEG, decoded by the crate `tiff` through a [`View`] of the file.

use std::io::{ErrorKind, Read, Seek};

use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult};

use super::GrayImage;
use super::ink::{Ink, Model};
use super::view::{Levels, View};
use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};
use crate::limits::Limits;

/// Most strips or tiles looked at.
const CHUNKS_MAX: u64 = 1 << 20;

/// Most segments before a frame header.
const SEGMENTS_MAX: u32 = 64;

/// Reads an image of `Compression` 7 onto a canvas of its size.
pub(super) fn read_jpeg<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    ink: &Ink,
    canvas: &mut GrayImage,
    limits: &Limits,
) -> Result<(), ConvertError> {
    check_frames(file, directory)?;
    let is_planar = file.number(directory, tag::PLANAR_CONFIGURATION)? == Some(2);
    let levels = match ink.model {
        Model::Gray { .. } | Model::Palette(_) => Levels::Gray,
        _ => Levels::AsStored,
    };
    let (view, view_width) = View::new(file, directory, levels)?;
    let mut decoder = Decoder::new(view)
        .map_err(refuse)?
        .with_limits(decoder_limits(limits));
    // A field that is there twice, or of an odd type, may be read in two ways.
    if decoder.dimensions().map_err(refuse)? != (view_width, canvas.height) {
        return Err(invalid("an image tells two sizes"));
    }
    let color = decoder.colortype().map_err(refuse)?;
    let samples = usize::from(color.num_samples());
    if samples < ink.colors() {
        return Err(invalid("an image has too few samples for its colours"));
    }
    let chunks = Chunks {
        decoder,
        ink,
        samples,
        planes: if is_planar { samples } else { 1 },
    };
    chunks.paint(canvas)
}

/// Walks over strips or tiles and paints them.
struct Chunks<'a, R: Read + Seek> {
    decoder: Decoder<View<'a, R>>,
    ink: &'a Ink,
    /// Samples of a pixel as the decoder delivers them.
    samples: usize,
    planes: usize,
}

impl<R: Read + Seek> Chunks<'_, R> {
    fn paint(mut self, canvas: &mut GrayImage) -> Result<(), ConvertError> {
        let (chunk_width, chunk_height) = self.decoder.chunk_dimensions();
        let across = canvas.width.div_ceil(chunk_width);
        let count = u64::from(across) * u64::from(canvas.height.div_ceil(chunk_height));
        let count = u32::try_from(count).map_err(|_| invalid("an image has too many tiles"))?;
        for index in 0..count {
            let (width, height) = self.decoder.chunk_data_dimensions(index);
            let (width, height) = (width as usize, height as usize);
            let step = self.samples / self.planes;
            let mut planes = Vec::with_capacity(self.planes);
            for plane in 0..self.planes as u32 {
                let chunk = self
                    .decoder
                    .read_chunk(index + plane * count)
                    .map_err(refuse)?;
                let DecodingResult::U8(bytes) = chunk else {
                    return Err(ConvertError::Unsupported {
                        what: "JPEG samples of more than 8 bits".to_owned(),
                    });
                };
                if bytes.len() < width * height * step {
                    return Err(invalid("an image's data ends before its last row"));
                }
                planes.push(bytes);
            }
            let left = (index % across * chunk_width) as usize;
            let top = (index / across * chunk_height) as usize;
            let canvas_width = canvas.width as usize;
            let shown = width.min(canvas_width - left);
            let mut pixels = vec![0; width * self.samples];
            let rows = canvas.pixels.chunks_exact_mut(canvas_width);
            for (y, row) in rows.skip(top).take(height).enumerate() {
                for (index, plane) in planes.iter().enumerate() {
                    let samples = &plane[y * width * step..][..width * step];
                    let interleaved = pixels.iter_mut().skip(index).step_by(self.planes);
                    for (pixel, sample) in interleaved.zip(samples) {
                        *pixel = u16::from(*sample);
                    }
                }
                self.ink
                    .paint(&pixels, self.samples, &mut row[left..][..shown]);
            }
        }
        Ok(())
    }
}

/// Refuses an image with a JPEG frame larger than the strip or tile that it fills.
///
/// A frame of a few bytes may claim 65535 by 65535 pixels.
fn check_frames<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
) -> Result<(), ConvertError> {
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

/// The bounds given to the decoder: a strip of RGB as large as the largest image allowed, and
/// never more than the crate's own default.
fn decoder_limits(limits: &Limits) -> tiff::decoder::Limits {
    let mut bounds = tiff::decoder::Limits::default();
    let image_bytes = usize::try_from(limits.image_pixels_max.saturating_mul(3));
    bounds.decoding_buffer_size = bounds
        .decoding_buffer_size
        .min(image_bytes.unwrap_or(usize::MAX));
    let file_bytes = usize::try_from(limits.document_bytes_max).unwrap_or(usize::MAX);
    bounds.intermediate_buffer_size = bounds.intermediate_buffer_size.min(file_bytes);
    bounds
}

fn refuse(error: TiffError) -> ConvertError {
    match error {
        TiffError::UnsupportedError(error) => ConvertError::Unsupported {
            what: error.to_string(),
        },
        TiffError::LimitsExceeded => ConvertError::Unsupported {
            what: "a TIFF strip that needs more memory than is allowed".to_owned(),
        },
        // What the decompressors say of bad data comes in these kinds; others are the storage's.
        TiffError::IoError(error) => match error.kind() {
            ErrorKind::UnexpectedEof => invalid("an image's data ends before its last row"),
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => {
                invalid(format!("an image's data is broken: {error}"))
            }
            _ => ConvertError::Io(error),
        },
        other => invalid(other.to_string()),
    }
}
