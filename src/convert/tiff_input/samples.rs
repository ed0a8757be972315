//! Samples of any depth and colour to grey levels, strip by strip or tile by tile.

use std::io::{ErrorKind, Read, Seek};

use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult};

use super::GrayImage;
use super::jpeg::check_jpeg_frames;
use super::view::{Levels, View};
use crate::convert::ConvertError;
use crate::convert::error::IMAGE_PIXELS;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};
use crate::limits::Limits;

/// Reads an image through the crate `tiff` and keeps its brightness.
pub(super) fn read_gray<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    limits: &Limits,
) -> Result<GrayImage, ConvertError> {
    let (width, height) = size(file, directory, limits)?;
    let ink = Ink::read(file, directory)?;
    check_jpeg_frames(file, directory)?;
    let levels = match ink.model {
        Model::Gray { .. } | Model::Palette(_) => Levels::Gray,
        Model::Brightness { is_lab: true } => Levels::ThreeColors,
        _ => Levels::AsStored,
    };
    let (view, view_width) = View::new(file, directory, levels)?;
    let mut decoder = Decoder::new(view)
        .map_err(refuse)?
        .with_limits(decoder_limits(limits));
    // A field that is there twice, or of an odd type, may be read in two ways.
    if decoder.dimensions().map_err(refuse)? != (view_width, height) {
        return Err(invalid("an image tells two sizes"));
    }
    let mut canvas = GrayImage {
        width,
        height,
        pixels: vec![255; width as usize * height as usize],
    };
    Chunks::new(decoder, &ink)?.paint(&mut canvas)?;
    Ok(canvas)
}

/// What the samples of a pixel mean.
struct Ink {
    model: Model,
    alpha: Alpha,
    is_planar: bool,
}

enum Model {
    /// One level, from black to white or the other way.
    Gray {
        white_is_zero: bool,
    },
    /// An index into these levels.
    Palette(Vec<u8>),
    Rgb,
    Cmyk,
    /// The first of several samples is the brightness: YCbCr, CIE L*a*b*.
    Brightness {
        is_lab: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alpha {
    None,
    /// Colours are already multiplied by it.
    Associated,
    Unassociated,
}

impl Ink {
    fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
    ) -> Result<Self, ConvertError> {
        let Some(photometric) = file.number(directory, tag::PHOTOMETRIC)? else {
            return Err(invalid("an image does not tell what its samples mean"));
        };
        let (model, colors) = match photometric {
            0 | 1 => (
                Model::Gray {
                    white_is_zero: photometric == 0,
                },
                1,
            ),
            2 => (Model::Rgb, 3),
            3 => (Model::Palette(palette(file, directory)?), 1),
            5 => (Model::Cmyk, 4),
            6 | 8 | 9 => (
                Model::Brightness {
                    is_lab: photometric != 6,
                },
                3,
            ),
            other => {
                let what = format!("TIFF photometric interpretation {other}");
                return Err(ConvertError::Unsupported { what });
            }
        };
        let samples = file.number(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
        let alpha = match file.number(directory, tag::EXTRA_SAMPLES)? {
            Some(1) => Alpha::Associated,
            Some(2) => Alpha::Unassociated,
            // As libtiff takes a fourth sample of RGB that is not explained.
            None if photometric == 2 && samples == 4 => Alpha::Associated,
            _ => Alpha::None,
        };
        Ok(Self {
            model,
            alpha: if samples > colors { alpha } else { Alpha::None },
            is_planar: file.number(directory, tag::PLANAR_CONFIGURATION)? == Some(2),
        })
    }

    /// Samples of a pixel that say its colour.
    fn colors(&self) -> usize {
        match self.model {
            Model::Gray { .. } | Model::Palette(_) => 1,
            Model::Rgb | Model::Brightness { .. } => 3,
            Model::Cmyk => 4,
        }
    }

    /// The level of a pixel on white paper; samples beyond those delivered are opaque.
    fn level(&self, sample: impl Fn(usize) -> u8, samples: usize) -> u8 {
        let level = match &self.model {
            Model::Gray {
                white_is_zero: false,
            }
            | Model::Brightness { .. } => sample(0),
            Model::Gray {
                white_is_zero: true,
            } => !sample(0),
            Model::Palette(levels) => levels[usize::from(sample(0))],
            Model::Rgb => luma(sample(0), sample(1), sample(2)),
            Model::Cmyk => {
                let under_key =
                    |ink: u8| (u32::from(255 - ink) * u32::from(255 - sample(3)) / 255) as u8;
                luma(
                    under_key(sample(0)),
                    under_key(sample(1)),
                    under_key(sample(2)),
                )
            }
        };
        if self.alpha == Alpha::None || samples <= self.colors() {
            return level;
        }
        let alpha = sample(self.colors());
        let paper = 255 - alpha;
        match self.alpha {
            Alpha::Associated => level.saturating_add(paper),
            _ => (u32::from(level) * u32::from(alpha) / 255) as u8 + paper,
        }
    }
}

/// Brightness of a colour: ITU-R BT.601.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 + 500) / 1000) as u8
}

/// The 256 levels of a palette; those that the file does not define are black.
fn palette<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
) -> Result<Vec<u8>, ConvertError> {
    let bits = file.number(directory, tag::BITS_PER_SAMPLE)?.unwrap_or(1);
    if bits > 8 {
        return Err(ConvertError::Unsupported {
            what: format!("a TIFF palette of {bits} bits"),
        });
    }
    let colors = 1usize << bits;
    let map = file
        .numbers(directory, tag::COLOR_MAP, 3 * 256)?
        .unwrap_or_default();
    if map.len() < 3 * colors {
        return Err(invalid("an image's palette is missing or incomplete"));
    }
    // Levels have 16 bits, but some writers fill in 8.
    let shift = if map.iter().any(|level| *level > 255) {
        8
    } else {
        0
    };
    let level = |plane: usize, index: usize| (map[plane * colors + index] >> shift) as u8;
    let mut levels: Vec<u8> = (0..colors)
        .map(|i| luma(level(0, i), level(1, i), level(2, i)))
        .collect();
    levels.resize(256, 0);
    Ok(levels)
}

/// Walks over strips or tiles and paints them.
struct Chunks<'a, R: Read + Seek> {
    decoder: Decoder<View<'a, R>>,
    ink: &'a Ink,
    bits: u8,
    /// Samples of a pixel as the decoder delivers them.
    samples: usize,
}

impl<'a, R: Read + Seek> Chunks<'a, R> {
    fn new(mut decoder: Decoder<View<'a, R>>, ink: &'a Ink) -> Result<Self, ConvertError> {
        let color = decoder.colortype().map_err(refuse)?;
        let (bits, samples) = (color.bit_depth(), usize::from(color.num_samples()));
        if samples < ink.colors() {
            return Err(invalid("an image has too few samples for its colours"));
        }
        Ok(Self {
            decoder,
            ink,
            bits,
            samples,
        })
    }

    fn paint(mut self, canvas: &mut GrayImage) -> Result<(), ConvertError> {
        let (chunk_width, chunk_height) = self.decoder.chunk_dimensions();
        let across = canvas.width.div_ceil(chunk_width);
        let count = u64::from(across) * u64::from(canvas.height.div_ceil(chunk_height));
        let count = u32::try_from(count).map_err(|_| invalid("an image has too many tiles"))?;
        for index in 0..count {
            let (width, height) = self.decoder.chunk_data_dimensions(index);
            let patch = Patch {
                left: index % across * chunk_width,
                top: index / across * chunk_height,
                width,
                height,
            };
            let planes = if self.ink.is_planar { self.samples } else { 1 };
            let mut samples = Vec::with_capacity(planes);
            for plane in 0..planes as u32 {
                let chunk = self
                    .decoder
                    .read_chunk(index + plane * count)
                    .map_err(refuse)?;
                let row = width as usize * if planes == 1 { self.samples } else { 1 };
                samples.push(self.levels(chunk, row));
            }
            self.paint_chunk(canvas, &samples, &patch)?;
        }
        Ok(())
    }

    /// Paints the part of a chunk that lies on the canvas.
    fn paint_chunk(
        &self,
        canvas: &mut GrayImage,
        planes: &[Vec<u8>],
        patch: &Patch,
    ) -> Result<(), ConvertError> {
        let step = if planes.len() == 1 { self.samples } else { 1 };
        let pixels = patch.width as usize * patch.height as usize;
        if planes.iter().any(|plane| plane.len() < pixels * step) {
            return Err(invalid("an image's data ends before its last row"));
        }
        let width = patch.width.min(canvas.width - patch.left) as usize;
        let rows = canvas.pixels.chunks_exact_mut(canvas.width as usize);
        let rows = rows.skip(patch.top as usize).take(patch.height as usize);
        for (y, row) in rows.enumerate() {
            let row = &mut row[patch.left as usize..][..width];
            let first = y * patch.width as usize;
            for (pixel, at) in row.iter_mut().zip(first..) {
                *pixel = match planes {
                    [only] => self.ink.level(|k| only[at * step + k], self.samples),
                    _ => self.ink.level(|k| planes[k][at], self.samples),
                };
            }
        }
        Ok(())
    }

    /// Samples as eight bits each; `row` of them lie in one row, which begins on a byte.
    fn levels(&self, chunk: DecodingResult, row: usize) -> Vec<u8> {
        match chunk {
            DecodingResult::U8(bytes) if self.bits < 8 => self.unpack(&bytes, row),
            DecodingResult::U8(bytes) => bytes,
            DecodingResult::U16(words) => map(&words, |word| (word >> 8) as u8),
            DecodingResult::U32(words) => map(&words, |word| (word >> 24) as u8),
            DecodingResult::U64(words) => map(&words, |word| (word >> 56) as u8),
            // Signed samples are taken for unsigned ones, as libtiff does.
            DecodingResult::I8(bytes) => map(&bytes, i8::cast_unsigned),
            DecodingResult::I16(words) => map(&words, |word| (word >> 8) as u8),
            DecodingResult::I32(words) => map(&words, |word| (word >> 24) as u8),
            DecodingResult::I64(words) => map(&words, |word| (word >> 56) as u8),
            DecodingResult::F16(numbers) => map(&numbers, |number| level_of(number.to_f64())),
            DecodingResult::F32(numbers) => map(&numbers, |number| level_of(f64::from(number))),
            DecodingResult::F64(numbers) => map(&numbers, level_of),
        }
    }

    /// Samples of less than a byte; indexes of a palette stay what they are.
    fn unpack(&self, bytes: &[u8], row: usize) -> Vec<u8> {
        let bits = usize::from(self.bits);
        let sample_max = (1u32 << bits) - 1;
        let is_index = matches!(self.ink.model, Model::Palette(_));
        let row_bytes = (row * bits).div_ceil(8).max(1);
        let mut levels = Vec::with_capacity(bytes.len() / row_bytes * row);
        for packed in bytes.chunks_exact(row_bytes) {
            for index in 0..row {
                let (at, shift) = (index * bits / 8, index * bits % 8);
                let pair = u32::from(packed[at]) << 8
                    | u32::from(packed.get(at + 1).copied().unwrap_or(0));
                let sample = pair >> (16 - shift - bits) & sample_max;
                levels.push(if is_index {
                    sample
                } else {
                    sample * 255 / sample_max
                } as u8);
            }
        }
        levels
    }
}

/// Where on the page a strip or tile lies.
struct Patch {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

fn map<T: Copy>(samples: &[T], level: impl Fn(T) -> u8) -> Vec<u8> {
    samples.iter().map(|sample| level(*sample)).collect()
}

/// Floating-point samples run from 0 to 1.
fn level_of(number: f64) -> u8 {
    (number * 255.0).round() as u8
}

fn size<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    limits: &Limits,
) -> Result<(u32, u32), ConvertError> {
    let width = file.number(directory, tag::IMAGE_WIDTH)?.unwrap_or(0);
    let height = file.number(directory, tag::IMAGE_LENGTH)?.unwrap_or(0);
    let pixels = width.saturating_mul(height);
    if pixels > limits.image_pixels_max {
        return Err(ConvertError::TooLarge {
            what: IMAGE_PIXELS,
            value: pixels,
            limit: limits.image_pixels_max,
        });
    }
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err(invalid("an image does not tell its size")),
    }
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
