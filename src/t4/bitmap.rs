//! One bilevel page.

/// A bilevel image: one bit a pixel, 1 is black, most significant bit leftmost.
///
/// Each row starts on a byte; the padding bits beyond the width are always zero, so rows compare
/// and hash by their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    bytes: Vec<u8>,
}

impl Bitmap {
    /// A white page.
    ///
    /// # Panics
    ///
    /// If `width` is zero: a page without columns has no rows to count.
    pub fn white(width: u32, rows: u32) -> Self {
        assert!(width > 0, "a bitmap has at least one column");
        Self {
            width,
            bytes: vec![0; width.div_ceil(8) as usize * rows as usize],
        }
    }

    /// A page from packed rows; surplus bytes after the last whole row are dropped and padding
    /// bits cleared.
    ///
    /// # Panics
    ///
    /// If `width` is zero.
    pub fn from_packed(width: u32, bytes: Vec<u8>) -> Self {
        assert!(width > 0, "a bitmap has at least one column");
        let mut bitmap = Self { width, bytes };
        let stride = bitmap.stride();
        bitmap.bytes.truncate(bitmap.bytes.len() / stride * stride);
        if !width.is_multiple_of(8) {
            let mask = !(0xFFu8 >> (width % 8));
            for row in bitmap.bytes.chunks_exact_mut(stride) {
                row[stride - 1] &= mask;
            }
        }
        bitmap
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Number of rows.
    pub fn rows(&self) -> u32 {
        (self.bytes.len() / self.stride()) as u32
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        self.width.div_ceil(8) as usize
    }

    /// The packed bytes of one row.
    pub fn row(&self, y: u32) -> &[u8] {
        let stride = self.stride();
        &self.bytes[y as usize * stride..][..stride]
    }

    /// Every row, top first.
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.stride())
    }

    /// All rows in one slice.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds a row at the bottom; bytes beyond the stride are ignored, missing ones are white.
    pub fn push_row(&mut self, row: &[u8]) {
        let stride = self.stride();
        let taken = row.len().min(stride);
        self.bytes.extend_from_slice(&row[..taken]);
        self.bytes.resize(self.bytes.len() + stride - taken, 0);
        if !self.width.is_multiple_of(8)
            && let Some(last) = self.bytes.last_mut()
        {
            *last &= !(0xFF >> (self.width % 8));
        }
    }

    /// Whether the pixel is black; outside the page everything is white.
    pub fn is_black(&self, x: u32, y: u32) -> bool {
        x < self.width && y < self.rows() && self.row(y)[x as usize / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Number of black pixels.
    pub fn black_pixels(&self) -> u64 {
        self.bytes
            .iter()
            .map(|byte| u64::from(byte.count_ones()))
            .sum()
    }
}
