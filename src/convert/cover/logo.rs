//! The logo: looked at where the job is accepted, decoded in the rendering process only.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::CoverError;
use crate::limits::Limits;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xFF\xD8\xFF";

/// Most bytes that decoding may take for each pixel: four samples of sixteen bits, and as much
/// again for what is between.
const BYTES_PER_PIXEL_MAX: u64 = 16;

/// A logo's pixels: eight bits each, 0 black, transparency on white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoPixels {
    /// Pixels in a row.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
    /// `width * height` levels, top row first.
    pub levels: Vec<u8>,
}

impl LogoPixels {
    /// Decodes a PNG or JPEG file within the limits. For a process that may be lost.
    pub fn decode(file: &[u8], limits: &Limits) -> Result<Self, CoverError> {
        let format = check(file, limits)?;
        let decode = || decode(file, format, limits);
        catch_unwind(AssertUnwindSafe(decode))
            .unwrap_or_else(|_| Err(unusable("its data cannot be decoded")))
    }
}

/// Refuses a file that is no PNG or JPEG, is cut short, or is too large, by what its header says.
pub(super) fn check(file: &[u8], limits: &Limits) -> Result<ImageFormat, CoverError> {
    let bytes = file.len() as u64;
    if bytes > limits.logo_bytes_max {
        let limit = limits.logo_bytes_max;
        return Err(unusable(format!(
            "its size in bytes is {bytes}, the limit is {limit}"
        )));
    }
    let (format, size) = if file.starts_with(PNG) {
        (ImageFormat::Png, png_size(file))
    } else if file.starts_with(JPEG) {
        (ImageFormat::Jpeg, jpeg_size(file))
    } else {
        return Err(unusable("it is neither a PNG nor a JPEG image"));
    };
    let (width, height) = size.ok_or_else(|| unusable("it is damaged or cut short"))?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(unusable("it has no pixels"));
    }
    if pixels > limits.logo_pixels_max {
        let limit = limits.logo_pixels_max;
        return Err(unusable(format!(
            "it has {pixels} pixels, the limit is {limit}"
        )));
    }
    Ok(format)
}

/// Width and height of a PNG (ISO/IEC 15948 §11.2.2) that ends with its last chunk.
fn png_size(file: &[u8]) -> Option<(u32, u32)> {
    const HEADER: &[u8] = b"\0\0\0\x0DIHDR";
    const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";
    let header = file.strip_prefix(PNG)?.strip_prefix(HEADER)?;
    let (width, rest) = header.split_first_chunk()?;
    let (height, rest) = rest.split_first_chunk()?;
    let is_whole = rest.windows(END.len()).any(|at| at == END);
    is_whole.then_some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Width and height of a JPEG, from its frame header (ITU-T T.81 §B.2.2), when an end marker
/// follows its scan: decoders paint what is missing grey.
fn jpeg_size(file: &[u8]) -> Option<(u32, u32)> {
    let mut rest = file.get(2..)?;
    let mut size = None;
    loop {
        let [0xFF, marker, after @ ..] = rest else {
            return None;
        };
        match marker {
            0xFF => {
                rest = &rest[1..];
                continue;
            }
            // Frames of all processes; DHT, JPG and DAC lie among their numbers.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let be =
                    |at: usize| Some(u16::from_be_bytes([*after.get(at)?, *after.get(at + 1)?]));
                size = Some((u32::from(be(5)?), u32::from(be(3)?)));
            }
            0xDA => {
                let is_whole = after.windows(2).any(|at| at == [0xFF, 0xD9]);
                return size.filter(|_| is_whole);
            }
            _ => {}
        }
        let length = u16::from_be_bytes([*after.first()?, *after.get(1)?]);
        rest = after.get(usize::from(length.max(2))..)?;
    }
}

fn decode(file: &[u8], format: ImageFormat, limits: &Limits) -> Result<LogoPixels, CoverError> {
    let broken = |error: image::ImageError| unusable(plain(&error.to_string()));
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut bounds = image::Limits::no_limits();
    bounds.max_alloc = Some(limits.logo_pixels_max.saturating_mul(BYTES_PER_PIXEL_MAX));
    reader.limits(bounds);
    let decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.logo_pixels_max {
        return Err(unusable("it is larger than its header says"));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    let levels = if image.color().has_alpha() {
        let on_white = |pixel: &image::LumaA<u8>| {
            let [level, alpha] = pixel.0.map(u32::from);
            ((level * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        image.into_luma_alpha8().pixels().map(on_white).collect()
    } else {
        image.into_luma8().into_raw()
    };
    Ok(LogoPixels {
        width,
        height,
        levels,
    })
}

/// A decoder's words, fit for one line.
fn plain(words: &str) -> String {
    words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

fn unusable(what: impl Into<String>) -> CoverError {
    CoverError::Logo { what: what.into() }
}
