//! Images in JBIG2 (ITU-T T.88): ISO 32000-1 §7.4.7.

use hayro_jbig2::{DecodeSettings, Decoder, Globals, Page};
use lopdf::Dictionary;

use super::image::Image;
use super::picture::Picture;
use crate::t4::Bitmap;

/// Most bytes of the segments that images share.
const GLOBALS_BYTES_MAX: usize = 16 << 20;

/// Decodes an image that is whole and of the size that its dictionary says.
pub(super) fn picture(
    image: &Image<'_>,
    data: &[u8],
    parameters: Option<&Dictionary>,
) -> Option<Picture> {
    let settings = DecodeSettings { strict: true };
    let shared = match parameters {
        Some(parameters) if parameters.has(b"JBIG2Globals") => {
            let stream = parameters.get_deref(b"JBIG2Globals", image.document).ok()?;
            let stream = stream.as_stream().ok()?;
            let bytes = stream
                .get_plain_content_with_limit(GLOBALS_BYTES_MAX)
                .ok()?;
            Some(Globals::new(&bytes, &settings).ok()?)
        }
        _ => None,
    };
    let page = Page::new_embedded(data, shared.as_ref(), &settings).ok()?;
    if (page.width(), page.height()) != (image.width, image.height) {
        return None;
    }
    let mut packed = PackedRows::new(image.width, image.height);
    page.decode(&mut packed).ok()?;
    if packed.rows != image.height {
        return None;
    }
    // The filter gives out black pixels, which are 1 in JBIG2, as samples of 0.
    image.picture_of_bits(Bitmap::from_packed(image.width, packed.bytes))
}

/// Rows of pixels as they come, packed.
struct PackedRows {
    bytes: Vec<u8>,
    stride: usize,
    rows: u32,
    /// The pixel of the row that comes next.
    column: usize,
}

impl PackedRows {
    fn new(width: u32, height: u32) -> Self {
        let stride = width.div_ceil(8) as usize;
        Self {
            bytes: vec![0; stride * height as usize],
            stride,
            rows: 0,
            column: 0,
        }
    }

    fn next_byte(&self) -> usize {
        self.rows as usize * self.stride + self.column / 8
    }
}

impl Decoder for PackedRows {
    fn push_pixel(&mut self, black: bool) {
        let at = self.next_byte();
        if let Some(byte) = self.bytes.get_mut(at) {
            *byte |= u8::from(black) << (7 - self.column % 8);
        }
        self.column += 1;
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        let (at, count) = (self.next_byte(), chunk_count as usize);
        if black && let Some(bytes) = self.bytes.get_mut(at..at + count) {
            bytes.fill(0xFF);
        }
        self.column += count * 8;
    }

    fn next_line(&mut self) {
        self.rows += 1;
        self.column = 0;
    }
}
