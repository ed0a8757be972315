//! Images in JPEG: ISO 32000-1 §7.4.8.

use lopdf::Dictionary;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::colour::{Colour, brightness};
use super::image::Image;
use super::picture::Picture;
use crate::convert::tiff_input::GrayImage;

/// Most scans of a progressive image: each goes over all of it.
const SCANS_MAX: usize = 100;

/// Decodes an image that is whole and of the size and colours that its dictionary says.
///
/// Of luminance and colour differences only luminance is looked at: it is what a fax shows.
pub(super) fn picture(
    image: &Image<'_>,
    data: &[u8],
    parameters: Option<&Dictionary>,
) -> Option<Picture> {
    if image.bits != 8 || parameters.is_some_and(|parameters| !parameters.is_empty()) {
        return None;
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(image.width as usize)
        .set_max_height(image.height as usize)
        .jpeg_set_max_scans(SCANS_MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    decoder.decode_headers().ok()?;
    let info = decoder.info()?;
    let size = (u32::from(info.width), u32::from(info.height));
    if size != (image.width, image.height) {
        return None;
    }
    let out = match (decoder.input_colorspace()?, &image.colour) {
        (ColorSpace::Luma, Colour::Gray) | (ColorSpace::YCbCr, Colour::Rgb) => ColorSpace::Luma,
        (ColorSpace::RGB, Colour::Rgb) => ColorSpace::RGB,
        _ => return None,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(out));
    let mut levels = decoder.decode().ok()?;
    if out == ColorSpace::RGB {
        levels = levels.chunks_exact(3).map(brightness).collect();
    }
    if levels.len() != image.width as usize * image.height as usize {
        return None;
    }
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
