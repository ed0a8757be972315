//! Images in strips or tiles of rows: row by row to grey levels, whatever the rows are coded in.
//!
//! Of a strip or tile only its coded bytes and one row are in memory, so that what a few bytes
//! decode to does not matter.

use std::io::{self, ErrorKind, Read, Seek};

use super::GrayImage;
use super::codings::{Coding, Extent, Luma, Subsampling};
use super::depth::Depth;
use super::ink::Ink;
use super::predictor::Predictor;
use crate::convert::ConvertError;
use crate::convert::error::{IMAGE_BYTES, IMAGE_ROW_PIXELS};
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};
use crate::convert::tiff_strips::strips;
use crate::limits::Limits;

/// Most bytes, and most samples, of one row; those of the widest scanners have a hundredth.
const ROW_BYTES_MAX: u64 = 16 << 20;

/// Most bytes of samples for each pixel allowed: honest images have up to sixteen.
const PIXEL_BYTES_MAX: u64 = 16;

/// Reads an image that is not coded as JPEG onto a canvas of its size.
pub(super) fn read_chunks<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    ink: &Ink,
    canvas: &mut GrayImage,
    limits: &Limits,
) -> Result<(), ConvertError> {
    let storage = Storage::read(file, directory, ink, canvas, limits)?;
    let across = canvas.width.div_ceil(storage.chunk.width);
    let down = canvas.height.div_ceil(storage.chunk.rows);
    let count = u64::from(across) * u64::from(down);
    let stored_planes = if storage.is_planar {
        storage.samples as u64
    } else {
        1
    };
    let located = strips(file, directory, count.saturating_mul(stored_planes))?;
    for index in 0..count as u32 {
        let top = index / across * storage.chunk.rows;
        let rows = storage.chunk.rows.min(canvas.height - top);
        let patch = Patch {
            left: (index % across * storage.chunk.width) as usize,
            top: top as usize,
            rows: rows as usize,
            extent: Extent {
                // A tile is whole at the edges of an image, a strip is not.
                rows: if storage.is_tiled {
                    storage.chunk.rows
                } else {
                    rows
                },
                ..storage.chunk
            },
        };
        let mut planes = Vec::with_capacity(storage.planes);
        for plane in 0..storage.planes as u64 {
            let (offset, len) = located[(u64::from(index) + plane * count) as usize];
            let data = file.bytes_at(offset, len)?;
            planes.push(storage.open(data, patch.extent, limits)?);
        }
        storage.paint(&mut planes, ink, &patch, canvas)?;
    }
    Ok(())
}

/// How the pixels of an image are stored.
struct Storage {
    /// Size of a whole strip or tile.
    chunk: Extent,
    is_tiled: bool,
    is_planar: bool,
    /// Samples of a pixel in the file.
    samples: usize,
    /// Samples of a pixel in a row of one plane.
    step: usize,
    /// Planes that are read.
    planes: usize,
    coding: Coding,
    depth: Depth,
    predictor: Predictor,
    is_reversed: bool,
    subsampling: Option<Subsampling>,
}

/// Where on the canvas a strip or tile lies.
struct Patch {
    left: usize,
    top: usize,
    /// Rows of it that lie on the canvas.
    rows: usize,
    extent: Extent,
}

impl Storage {
    fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
        ink: &Ink,
        canvas: &GrayImage,
        limits: &Limits,
    ) -> Result<Self, ConvertError> {
        let coding = Coding::read(file, directory)?;
        let samples = file.number(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
        let is_planar =
            file.number(directory, tag::PLANAR_CONFIGURATION)? == Some(2) && samples > 1;
        let is_log = matches!(coding, Coding::LogLuv(_));
        if !is_log && samples < ink.colors() as u64 {
            return Err(invalid("an image has too few samples for its colours"));
        }
        let shares_hues = file.number(directory, tag::PHOTOMETRIC)? == Some(6) && !is_planar;
        let mut depth = Depth::read(file, directory, samples)?;
        if shares_hues && depth.bits != 8 {
            let what = format!("YCbCr samples of {} bits", depth.bits);
            return Err(ConvertError::Unsupported { what });
        }
        if is_log {
            depth = Depth::LEVEL;
        }
        let (chunk, is_tiled) = chunk_extent(file, directory, canvas)?;
        let step = if is_planar || shares_hues || is_log {
            1
        } else {
            samples
        };
        let row_bytes = depth.row_bytes(step.saturating_mul(chunk.width.into()));
        let row_samples = step.saturating_mul(chunk.width.into());
        if row_bytes.max(row_samples) > ROW_BYTES_MAX {
            return Err(too_large(IMAGE_ROW_PIXELS, row_samples, ROW_BYTES_MAX));
        }
        let bytes = row_bytes.saturating_mul(canvas.height.into());
        let bytes_max = limits.image_pixels_max.saturating_mul(PIXEL_BYTES_MAX);
        if bytes > bytes_max {
            return Err(too_large(IMAGE_BYTES, bytes, bytes_max));
        }
        let samples = samples as usize;
        Ok(Self {
            chunk,
            is_tiled,
            is_planar,
            samples,
            step: step as usize,
            planes: if is_planar { ink.planes(samples) } else { 1 },
            coding,
            depth,
            predictor: Predictor::read(file, directory, depth, coding)?,
            is_reversed: file.number(directory, tag::FILL_ORDER)? == Some(2),
            subsampling: shares_hues
                .then(|| Subsampling::read(file, directory))
                .transpose()?,
        })
    }

    /// A strip or tile of one plane as a stream of packed rows.
    fn open(
        &self,
        mut data: Vec<u8>,
        extent: Extent,
        limits: &Limits,
    ) -> Result<Box<dyn Read>, ConvertError> {
        if self.is_reversed {
            for byte in &mut data {
                *byte = byte.reverse_bits();
            }
        }
        let rows = self
            .coding
            .open(data, extent, limits.image_pixels_max / 8)?;
        Ok(match self.subsampling {
            Some(subsampling) => Box::new(Luma::new(rows, subsampling, extent.width)),
            None => rows,
        })
    }

    /// Reads the rows of a patch from its planes and paints those pixels that lie on the canvas.
    fn paint(
        &self,
        planes: &mut [Box<dyn Read>],
        ink: &Ink,
        patch: &Patch,
        canvas: &mut GrayImage,
    ) -> Result<(), ConvertError> {
        let chunk_width = patch.extent.width as usize;
        let row_samples = chunk_width * self.step;
        let mut packed = vec![0; self.depth.row_bytes(row_samples as u64) as usize];
        let mut samples = vec![0; row_samples];
        let mut pixels = vec![
            0;
            if planes.len() > 1 {
                chunk_width * planes.len()
            } else {
                0
            }
        ];
        let width = canvas.width as usize;
        let shown = chunk_width.min(width - patch.left);
        for y in patch.top..patch.top + patch.rows {
            for (index, plane) in planes.iter_mut().enumerate() {
                plane
                    .read_exact(&mut packed)
                    .map_err(|error| refuse(&error))?;
                self.predictor
                    .restore(&mut packed, chunk_width, self.step, self.depth);
                self.depth.unpack(&packed, ink.is_index(), &mut samples);
                if !pixels.is_empty() {
                    let interleaved = pixels.iter_mut().skip(index).step_by(self.planes);
                    for (pixel, sample) in interleaved.zip(&samples) {
                        *pixel = *sample;
                    }
                }
            }
            let levels = &mut canvas.pixels[y * width + patch.left..][..shown];
            if pixels.is_empty() {
                ink.paint(&samples, self.step, levels);
            } else {
                ink.paint(&pixels, self.planes, levels);
            }
        }
        Ok(())
    }
}

/// The size of a tile, or of a strip as wide as the image; and whether it is a tile.
fn chunk_extent<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    canvas: &GrayImage,
) -> Result<(Extent, bool), ConvertError> {
    let is_tiled = directory.has(tag::TILE_WIDTH);
    if !is_tiled {
        let rows = file.number(directory, tag::ROWS_PER_STRIP)?;
        let rows = rows
            .filter(|rows| *rows > 0)
            .unwrap_or(u64::MAX)
            .min(canvas.height.into());
        let extent = Extent {
            width: canvas.width,
            rows: rows as u32,
        };
        return Ok((extent, false));
    }
    let width = file.number(directory, tag::TILE_WIDTH)?.unwrap_or(0);
    let rows = file.number(directory, tag::TILE_LENGTH)?.unwrap_or(0);
    match (u32::try_from(width), u32::try_from(rows)) {
        (Ok(width), Ok(rows)) if width > 0 && rows > 0 => Ok((Extent { width, rows }, true)),
        _ => Err(invalid("an image does not tell the size of its tiles")),
    }
}

fn too_large(what: &'static str, value: u64, limit: u64) -> ConvertError {
    ConvertError::TooLarge { what, value, limit }
}

/// What a stream of rows that ends in an error means: the bytes were in memory, so that it is
/// never the storage's.
fn refuse(error: &io::Error) -> ConvertError {
    match error.kind() {
        ErrorKind::UnexpectedEof => invalid("an image's data ends before its last row"),
        _ => invalid(format!("an image's data is broken: {error}")),
    }
}
