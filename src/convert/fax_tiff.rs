//! The fax TIFF: how a fax is stored before it is sent and after it was received (RFC 3949).

mod reader;
mod writer;

pub use reader::{FaxTiffPage, FaxTiffReader};
pub use writer::{FaxPage, FaxTiffWriter};

use sha2::{Digest, Sha256};

use crate::t4::{Bitmap, EncodeOptions, encode};

/// SHA-256 in hexadecimal over a page's width and rows (both as 32 bits, big-endian) and its
/// pixels, as T.6 codes them ([`EncodeOptions::mmr`]).
///
/// Two pages have the same digest when they have the same pixels, whatever file they came from.
/// T.6 leaves a coder no choice, so a page has one coding, and the coding has one page: its bytes
/// stand for the pixels and are a tenth of them or less.
pub fn page_digest(bitmap: &Bitmap) -> String {
    let coded = encode(bitmap, &EncodeOptions::mmr());
    mmr_digest(bitmap.width(), bitmap.rows(), &coded)
}

/// The [`page_digest`] of a page that is coded already, with [`EncodeOptions::mmr`].
pub(crate) fn mmr_digest(width: u32, rows: u32, coded: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(width.to_be_bytes());
    hash.update(rows.to_be_bytes());
    hash.update(coded);
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}
