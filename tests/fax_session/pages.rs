//! Pages made by rule and the uncompressed TIFF files that hold them.

use std::path::Path;
use std::process::Command;

/// A bilevel page, one bit a pixel, 1 is black.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) width: u32,
    pub(crate) rows: u32,
    pub(crate) y_dpi: u32,
    pub(crate) bits: Vec<u8>,
}

/// A page with the look of text: lines of short strokes, seeded.
pub(crate) fn text_page(seed: u64, width: u32, rows: u32, y_dpi: u32) -> Page {
    let mut random = fastrand::Rng::with_seed(seed);
    let stride = width as usize / 8;
    let mut bits = vec![0; stride * rows as usize];
    let mut line = vec![0u8; stride];
    for (y, row) in bits.chunks_exact_mut(stride).enumerate() {
        if y % 3 == 0 {
            line.fill(0);
            if y % 40 < 24 {
                let mut x = 20;
                while x + 4 < stride - 20 {
                    line[x] = random.u8(..);
                    line[x + 1] = random.u8(..) & 0x3F;
                    x += random.usize(2..9);
                }
            }
        }
        row.copy_from_slice(&line);
    }
    Page {
        width,
        rows,
        y_dpi,
        bits,
    }
}

/// A fine A4 page.
pub(crate) fn letter(seed: u64) -> Page {
    text_page(seed, 1728, 1100, 196)
}

/// Writes pages as an uncompressed TIFF (TIFF 6.0 §3), little endian.
pub(crate) fn write_tiff(path: &Path, pages: &[Page]) {
    let mut file = b"II\x2A\x00\x00\x00\x00\x00".to_vec();
    let mut link = 4;
    for (number, page) in pages.iter().enumerate() {
        let strip = file.len() as u32;
        file.extend_from_slice(&page.bits);
        if file.len() % 2 == 1 {
            file.push(0);
        }
        let densities = file.len() as u32;
        for dpi in [204, 1, page.y_dpi, 1] {
            file.extend(dpi.to_le_bytes());
        }
        let directory = file.len() as u32;
        file[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let page_number = number as u32 | (pages.len() as u32) << 16;
        let entries: [(u16, u16, u32, u32); 13] = [
            (254, 4, 1, 2),
            (256, 4, 1, page.width),
            (257, 4, 1, page.rows),
            (258, 3, 1, 1),
            (259, 3, 1, 1),
            (262, 3, 1, 0),
            (273, 4, 1, strip),
            (277, 3, 1, 1),
            (278, 4, 1, page.rows),
            (279, 4, 1, page.bits.len() as u32),
            (282, 5, 1, densities),
            (283, 5, 1, densities + 8),
            (297, 3, 2, page_number),
        ];
        file.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(count.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    std::fs::write(path, file).expect("a scratch file can be written");
}

/// Decodes a page of a TIFF file by libtiff's own tools: its packed rows, 1 is black.
pub(crate) fn libtiff_rows(path: &Path, page: u32) -> Vec<u8> {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let raw = scratch.path().join("raw.tif");
    let source = format!("{},{page}", path.display());
    let run = Command::new("tiffcp")
        .args(["-c", "none", "-r", "65535", "-f", "msb2lsb"])
        .arg(&source)
        .arg(&raw)
        .output()
        .expect("tiffcp of libtiff-tools is installed");
    assert!(
        run.status.success() && run.stderr.is_empty(),
        "tiffcp of {source}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let bytes = std::fs::read(&raw).expect("tiffcp wrote its file");
    strip_of(&bytes)
}

/// Number of pages that libtiff sees.
pub(crate) fn libtiff_pages(path: &Path) -> usize {
    let run = Command::new("tiffinfo")
        .arg(path)
        .output()
        .expect("tiffinfo of libtiff-tools is installed");
    assert!(
        run.status.success() && run.stderr.is_empty(),
        "tiffinfo of {}: {}",
        path.display(),
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8_lossy(&run.stdout)
        .matches("Image Width")
        .count()
}

/// The single strip of a little-endian TIFF file of one page.
fn strip_of(file: &[u8]) -> Vec<u8> {
    let long =
        |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")) as usize;
    let short = |at: usize| usize::from(u16::from_le_bytes([file[at], file[at + 1]]));
    let directory = long(4);
    let (mut offset, mut length) = (0, 0);
    for entry in (0..short(directory)).map(|index| directory + 2 + index * 12) {
        let value = if short(entry + 2) == 3 {
            short(entry + 8)
        } else {
            long(entry + 8)
        };
        match short(entry) {
            262 => assert_eq!(value, 0, "received pages are min-is-white"),
            273 => offset = value,
            279 => length = value,
            _ => {}
        }
    }
    file[offset..offset + length].to_vec()
}
