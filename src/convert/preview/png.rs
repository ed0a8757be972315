//! One page as a PNG picture.

use std::io;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::t4::Bitmap;
use crate::units::Resolution;

/// Bytes of a PNG's signature and first chunk, IHDR, after which a `pHYs` chunk may stand
/// (W3C PNG, third edition, §5.6).
const HEADER_BYTES: usize = 33;

/// A page as PNG: 8-bit grey in which black is 0, white is 255 and nothing else occurs.
///
/// The picture tells its two densities, so that programs that heed them show the page's true
/// proportions.
pub(super) fn encode(bitmap: &Bitmap, resolution: Resolution) -> io::Result<Vec<u8>> {
    let (width, rows) = (bitmap.width(), bitmap.rows());
    let mut levels = Vec::with_capacity(width as usize * rows as usize);
    for row in bitmap.iter_rows() {
        let of_byte = |byte: &u8| {
            let byte = *byte;
            (0..8).map(move |bit| if byte << bit & 0x80 == 0 { 255 } else { 0 })
        };
        levels.extend(row.iter().flat_map(of_byte).take(width as usize));
    }
    let mut png = Vec::new();
    // Rows that repeat the one above are what a fax page has most of.
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Up)
        .write_image(&levels, width, rows, ExtendedColorType::L8)
        .map_err(io::Error::other)?;
    let density = density_chunk(resolution);
    png.splice(HEADER_BYTES..HEADER_BYTES, density);
    Ok(png)
}

/// The chunk `pHYs`: pixels per metre in both directions (W3C PNG, third edition, §11.3.4.3).
fn density_chunk(resolution: Resolution) -> Vec<u8> {
    const PER_METRE: u8 = 1;
    let mut body = b"pHYs".to_vec();
    body.extend_from_slice(&resolution.x_pels_per_metre().to_be_bytes());
    body.extend_from_slice(&resolution.y_lines_per_metre().to_be_bytes());
    body.push(PER_METRE);
    let mut chunk = (body.len() as u32 - 4).to_be_bytes().to_vec();
    chunk.extend_from_slice(&body);
    chunk.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
    chunk
}
