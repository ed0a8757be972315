//! Images of plain samples: ISO 32000-1 §8.9.3.

use std::borrow::Cow;

use super::colour::{Colour, brightness};
use super::image::Image;
use super::picture::Picture;
use crate::convert::tiff_input::GrayImage;
use crate::t4::Bitmap;

/// The picture of as many rows of samples as it has, each in whole bytes.
pub(super) fn picture(image: &Image<'_>, data: Cow<'_, [u8]>) -> Option<Picture> {
    if image.bits == 1 {
        let zeros = data.iter().map(|byte| !byte).collect();
        let picture = image.picture_of_bits(Bitmap::from_packed(image.width, zeros));
        if picture.is_some() {
            return picture;
        }
    }
    let mut levels = match (&image.colour, image.bits) {
        (Colour::Gray, 8) => data.into_owned(),
        _ => levels(image, &data)?,
    };
    if image.is_inverted {
        for level in &mut levels {
            *level = !*level;
        }
    }
    Some(Picture::Gray(GrayImage {
        width: image.width,
        height: image.height,
        pixels: levels,
    }))
}

/// The levels of rows of samples.
fn levels(image: &Image<'_>, data: &[u8]) -> Option<Vec<u8>> {
    let mut levels = Vec::with_capacity(image.width as usize * image.height as usize);
    for row in data.chunks_exact(image.row_bytes()) {
        match image.colour {
            Colour::Rgb if image.bits == 8 => {
                levels.extend(row.chunks_exact(3).map(brightness));
            }
            Colour::Rgb if image.bits == 16 => {
                let high = |pixel: &[u8]| brightness(&[pixel[0], pixel[2], pixel[4]]);
                levels.extend(row.chunks_exact(6).map(high));
            }
            Colour::Rgb => return None,
            Colour::Gray | Colour::Indexed(_) => push_levels(image, row, &mut levels)?,
        }
    }
    Some(levels)
}

/// The levels of a row with one component a pixel.
fn push_levels(image: &Image<'_>, row: &[u8], levels: &mut Vec<u8>) -> Option<()> {
    let width = image.width as usize;
    let table = match &image.colour {
        Colour::Indexed(table) if image.bits <= 8 => Some(table),
        Colour::Indexed(_) => return None,
        _ => None,
    };
    match (image.bits, table) {
        (8, None) => levels.extend_from_slice(&row[..width]),
        (16, None) => levels.extend(row.chunks_exact(2).map(|sample| sample[0])),
        (bits, table) => {
            let per_byte = 8 / bits as usize;
            let sample_max = (1u16 << bits) - 1;
            for x in 0..width {
                let place = (per_byte - 1 - x % per_byte) * bits as usize;
                let sample = u16::from(row[x / per_byte]) >> place & sample_max;
                levels.push(match table {
                    Some(table) => *table.get(usize::from(sample))?,
                    None => (sample * (255 / sample_max)) as u8,
                });
            }
        }
    }
    Some(())
}
