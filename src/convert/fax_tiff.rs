//! The fax TIFF: how a fax is stored before it is sent and after it was received (RFC 3949).

mod reader;
mod writer;

pub use reader::{FaxTiffPage, FaxTiffReader};
pub use writer::{FaxPage, FaxTiffWriter};

use sha2::{Digest, Sha256};

use crate::t4::Bitmap;

/// SHA-256 in hexadecimal over a page's width, rows (both as 32 bits, big-endian) and packed rows.
///
/// Two pages have the same digest when they have the same pixels, whatever file they came from.
pub fn page_digest(bitmap: &Bitmap) -> String {
    let mut hash = Sha256::new();
    hash.update(bitmap.width().to_be_bytes());
    hash.update(bitmap.rows().to_be_bytes());
    hash.update(bitmap.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}
