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

    /// All rows in the memory that holds them.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
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
        count_ones(&self.bytes)
    }
}

/// Words that are counted side by side.
const LANES: usize = 4;

type Words = [u64; LANES];

/// Counts bits by carry-save adders (Harley and Seal): of eight groups of words only the carries
/// are counted, which is several times faster than counting each where the machine's own counting
/// instruction cannot be taken for granted.
fn count_ones(bytes: &[u8]) -> u64 {
    const GROUP_BYTES: usize = 8 * LANES;
    let blocks = bytes.chunks_exact(8 * GROUP_BYTES);
    let rest = blocks.remainder();
    let zero = [0; LANES];
    let (mut ones, mut twos, mut fours, mut eights) = (zero, zero, zero, 0);
    for block in blocks {
        let mut carries = [zero; 4];
        for (carry, pair) in carries.iter_mut().zip(block.chunks_exact(2 * GROUP_BYTES)) {
            let (a, b) = pair.split_at(GROUP_BYTES);
            (*carry, ones) = add(ones, words(a), words(b));
        }
        let [a, b, c, d] = carries;
        let (first, second);
        (first, twos) = add(twos, a, b);
        (second, twos) = add(twos, c, d);
        let carry;
        (carry, fours) = add(fours, first, second);
        eights += population(carry);
    }
    let whole = 8 * eights + 4 * population(fours) + 2 * population(twos) + population(ones);
    let rest: u64 = rest.iter().map(|byte| u64::from(byte.count_ones())).sum();
    whole + rest
}

/// Adds three bits in every place: carry and sum.
fn add(a: Words, b: Words, c: Words) -> (Words, Words) {
    let (mut carry, mut sum) = ([0; LANES], [0; LANES]);
    for lane in 0..LANES {
        let half = a[lane] ^ b[lane];
        carry[lane] = a[lane] & b[lane] | half & c[lane];
        sum[lane] = half ^ c[lane];
    }
    (carry, sum)
}

fn words(bytes: &[u8]) -> Words {
    let (words, _) = bytes.as_chunks();
    std::array::from_fn(|lane| u64::from_ne_bytes(words[lane]))
}

fn population(words: Words) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn black_pixels_are_counted_one_by_one_or_all_at_once(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        ) {
            let expected: u32 = bytes.iter().map(|byte| byte.count_ones()).sum();
            prop_assert_eq!(count_ones(&bytes), u64::from(expected));
        }
    }
}
