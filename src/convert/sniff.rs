//! What a file is, by its first bytes and never by its name.

use serde::{Deserialize, Serialize};

use super::ConvertError;

/// How many leading bytes [`sniff`] wants to see.
///
/// ISO 32000-1 Annex H, note 13: readers accept a PDF header anywhere in the first 1024 bytes.
pub const HEAD_BYTES: usize = 1024 + PDF_HEADER.len();

const PDF_HEADER: &[u8] = b"%PDF-";

/// A kind of document that becomes fax pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// ISO 32000, any version.
    Pdf,
    /// TIFF 6.0 or BigTIFF.
    Tiff,
    /// A cover page on its way to the rendering process; nothing that is uploaded is one.
    Cover,
}

/// The kind of a document from its first [`HEAD_BYTES`] bytes (fewer when the file is shorter).
///
/// ```
/// use faxmill::convert::{DocumentKind, sniff};
/// assert_eq!(sniff(b"%PDF-1.7 and more")?, DocumentKind::Pdf);
/// assert!(sniff(b"PK\x03\x04").unwrap_err().to_string().contains("ZIP"));
/// # Ok::<(), faxmill::convert::ConvertError>(())
/// ```
pub fn sniff(head: &[u8]) -> Result<DocumentKind, ConvertError> {
    const TIFF: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
    let head = &head[..head.len().min(HEAD_BYTES)];
    if head.is_empty() {
        return Err(ConvertError::Empty);
    }
    if TIFF.iter().any(|magic| head.starts_with(magic)) {
        return Ok(DocumentKind::Tiff);
    }
    if let Some(found) = foreign(head) {
        return Err(ConvertError::NotADocument { found });
    }
    if contains(head, PDF_HEADER) {
        return Ok(DocumentKind::Pdf);
    }
    Err(ConvertError::NotADocument {
        found: unknown(head),
    })
}

/// Kinds that people send instead, by their magic numbers.
///
/// Looked at before the PDF header: a mail or an archive may carry a PDF in its first kilobyte
/// and is no PDF for that.
fn foreign(head: &[u8]) -> Option<&'static str> {
    const KINDS: &[(&[u8], &str)] = &[
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xFF\xD8\xFF", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"BM", "a BMP image"),
        (b"PK\x03\x04", "a ZIP archive or an Office document"),
        (
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
            "an old Microsoft Office document",
        ),
        (b"{\\rtf", "an RTF document"),
        (b"%!PS", "a PostScript file"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
        (b"Rar!\x1A\x07", "a RAR archive"),
        (b"RIFF", "a sound, video or WebP file"),
        (b"ID3", "an MP3 recording"),
        (b"OggS", "an Ogg recording"),
        (b"fLaC", "a FLAC recording"),
        (b"\x7FELF", "a program"),
        (b"MZ", "a Windows program"),
    ];
    let magic = KINDS.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, name)) = magic {
        return Some(name);
    }
    let text = head.trim_ascii_start().to_ascii_lowercase();
    if text.starts_with(b"<!doctype html") || text.starts_with(b"<html") {
        return Some("a web page (HTML)");
    }
    if head.len() >= 12 && &head[4..8] == b"ftyp" {
        return Some("a video, an HEIF image or another MPEG-4 file");
    }
    None
}

/// The best word for bytes without a known magic number.
fn unknown(head: &[u8]) -> &'static str {
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7E | 0x80..);
    if head.iter().all(|&byte| byte == 0) {
        "a file of zero bytes only"
    } else if head.iter().all(is_text) {
        "plain text"
    } else {
        "data of an unknown kind"
    }
}

fn contains(head: &[u8], needle: &[u8]) -> bool {
    head.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdf_header_counts_anywhere_in_the_first_kilobyte() {
        for offset in [0, 1, 700, 1024] {
            let mut head = vec![b' '; offset];
            head.extend_from_slice(b"%PDF-1.4\n");
            assert_eq!(sniff(&head).unwrap(), DocumentKind::Pdf, "at {offset}");
        }
        let mut late = vec![b' '; 1025];
        late.extend_from_slice(b"%PDF-1.4\n");
        assert!(matches!(
            sniff(&late),
            Err(ConvertError::NotADocument {
                found: "plain text"
            })
        ));
    }

    #[test]
    fn both_byte_orders_and_both_sizes_of_tiff_are_known() {
        for head in [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"] {
            assert_eq!(sniff(head).unwrap(), DocumentKind::Tiff);
        }
    }

    #[test]
    fn a_zip_archive_with_a_pdf_in_it_is_a_zip_archive() {
        let error = sniff(b"PK\x03\x04....%PDF-1.4").unwrap_err();
        assert_eq!(error.code(), "not-a-document");
        assert!(error.to_string().contains("ZIP"), "{error}");
    }

    #[test]
    fn an_empty_file_is_called_empty() {
        assert!(matches!(sniff(b""), Err(ConvertError::Empty)));
    }
}
