//! Uploads made for a test.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A PDF of `pages` pages, each drawing the same lines of text.
pub(super) fn pdf(folder: &Path, pages: usize) -> PathBuf {
    written(folder, pages, (595, 842))
}

/// A PDF of one page of this size in points.
pub(super) fn pdf_of_size(folder: &Path, width: u32, height: u32) -> PathBuf {
    written(folder, 1, (width, height))
}

fn written(folder: &Path, pages: usize, (width, height): (u32, u32)) -> PathBuf {
    let content = "BT /F1 12 Tf 72 700 Td (One line of many.) Tj ET\n".repeat(20);
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", page + 5)).collect();
    let kids = kids.join(" ");
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Count {pages} /Kids [{kids}] >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!(
            "<< /Length {} >>\nstream\n{content}endstream",
            content.len()
        ),
    ];
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R \
         /Resources << /Font << /F1 3 0 R >> >> >>"
    );
    objects.extend((0..pages).map(|_| page.clone()));
    let mut text = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(text.len());
        write!(text, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let xref = text.len();
    write!(text, "xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).unwrap();
    for offset in &offsets {
        writeln!(text, "{offset:010} 00000 n ").unwrap();
    }
    let size = offsets.len() + 1;
    write!(
        text,
        "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n"
    )
    .unwrap();
    let file = folder.join(format!("{pages}-pages.pdf"));
    std::fs::write(&file, text).unwrap();
    file
}

/// A µ-law recording of this many seconds of faint noise.
pub(super) fn recording(folder: &Path, seconds: u32) -> PathBuf {
    let samples = seconds * 8000;
    let mut bytes = Vec::with_capacity(samples as usize + 44);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(samples + 36).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x07\0\x01\0");
    bytes.extend_from_slice(&8000u32.to_le_bytes());
    bytes.extend_from_slice(&8000u32.to_le_bytes());
    bytes.extend_from_slice(b"\x01\0\x08\0data");
    bytes.extend_from_slice(&samples.to_le_bytes());
    bytes.extend((0..samples).map(|i| 0xF0 | (i.wrapping_mul(2_654_435_761) >> 28) as u8));
    let file = folder.join(format!("{seconds}-seconds.wav"));
    std::fs::write(&file, bytes).unwrap();
    file
}
