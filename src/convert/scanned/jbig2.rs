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
    /// The byte of the row that comes next.
    place: usize,
    /// The pixels that came of it, the last one lowest, below a bit that is set.
    begun: u16,
}

/// A byte of which no pixel came.
const NOT_BEGUN: u16 = 1;

impl PackedRows {
    fn new(width: u32, height: u32) -> Self {
        let stride = width.div_ceil(8) as usize;
        Self {
            bytes: vec![0; stride * height as usize],
            stride,
            rows: 0,
            place: 0,
            begun: NOT_BEGUN,
        }
    }

    /// The next bytes of the row, as many as there are of so many.
    fn next_bytes(&mut self, count: usize) -> &mut [u8] {
        let begin = self.rows as usize * self.stride + self.place;
        let end = begin + count.min(self.stride.saturating_sub(self.place));
        self.place += count;
        self.bytes.get_mut(begin..end).unwrap_or_default()
    }

    fn put(&mut self, byte: u8) {
        if let Some(place) = self.next_bytes(1).first_mut() {
            *place = byte;
        }
    }
}

impl Decoder for PackedRows {
    #[inline]
    fn push_pixel(&mut self, black: bool) {
        self.begun = self.begun << 1 | u16::from(black);
        if self.begun >= NOT_BEGUN << 8 {
            self.put(self.begun as u8);
            self.begun = NOT_BEGUN;
        }
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        // Of a page nothing is longer than a row, and it is white to begin with.
        let bytes = self.next_bytes(chunk_count as usize);
        if black {
            bytes.fill(0xFF);
        }
    }

    fn next_line(&mut self) {
        while self.begun != NOT_BEGUN {
            self.push_pixel(false);
        }
        self.rows += 1;
        self.place = 0;
    }
}
