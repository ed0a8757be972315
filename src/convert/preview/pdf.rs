//! Fax pages as a PDF: each page's MMR strip in a page of its true size.
//!
//! Written page by page; only places in the file are kept (ISO 32000-1 §7.5).

use std::io::{self, Write};

use crate::convert::outgoing::OutgoingPage;

/// Objects that a document has before its pages: the catalog and the page tree.
const CATALOG: usize = 1;
const PAGE_TREE: usize = 2;

/// Objects of one page: the page, what it draws, and the image.
const OBJECTS_PER_PAGE: usize = 3;

const POINTS_PER_METRE: f64 = 72.0 / 0.0254;

/// Writes a PDF of fax pages.
pub(super) struct PdfWriter<W> {
    out: W,
    /// Bytes written.
    len: u64,
    /// Where each object begins, that with number 1 first.
    objects: Vec<u64>,
    pages: usize,
}

impl<W: Write> PdfWriter<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut pdf = Self {
            out,
            len: 0,
            objects: vec![0; PAGE_TREE],
            pages: 0,
        };
        // The second line's bytes above 127 tell that the file is not text (§7.5.2).
        pdf.write(b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n")?;
        Ok(pdf)
    }

    /// Adds a page.
    pub(super) fn page(&mut self, page: &OutgoingPage) -> io::Result<()> {
        let (columns, rows) = (page.bitmap.width(), page.bitmap.rows());
        let (resolution, strip) = (page.resolution, &page.coded);
        let points = |pixels: u32, per_metre: u32| {
            f64::from(pixels) / f64::from(per_metre) * POINTS_PER_METRE
        };
        let width = points(columns, resolution.x_pels_per_metre());
        let height = points(rows, resolution.y_lines_per_metre());
        let page = PAGE_TREE + 1 + self.pages * OBJECTS_PER_PAGE;
        let (contents, image) = (page + 1, page + 2);
        self.object(
            page,
            &format!(
                "<< /Type /Page /Parent {PAGE_TREE} 0 R /MediaBox [0 0 {width:.4} {height:.4}] \
                 /Contents {contents} 0 R /Resources << /XObject << /Fax {image} 0 R >> >> >>"
            ),
            None,
        )?;
        let drawing = format!("{width:.4} 0 0 {height:.4} 0 0 cm /Fax Do\n");
        self.object(
            contents,
            &format!("<< /Length {} >>", drawing.len()),
            Some(drawing.as_bytes()),
        )?;
        let length = strip.len();
        // K below zero is MMR; 0 is black for CCITTFaxDecode's output as for DeviceGray (§7.4.6).
        self.object(
            image,
            &format!(
                "<< /Type /XObject /Subtype /Image /Width {columns} /Height {rows} \
                 /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode \
                 /DecodeParms << /K -1 /Columns {columns} /Rows {rows} >> /Length {length} >>"
            ),
            Some(strip),
        )?;
        self.pages += 1;
        Ok(())
    }

    /// Writes what needs all pages to be known: page tree, catalog and cross-reference table.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let kids: Vec<String> = (0..self.pages)
            .map(|page| format!("{} 0 R", PAGE_TREE + 1 + page * OBJECTS_PER_PAGE))
            .collect();
        let tree = format!(
            "<< /Type /Pages /Count {} /Kids [{}] >>",
            self.pages,
            kids.join(" ")
        );
        self.object(PAGE_TREE, &tree, None)?;
        let catalog = format!("<< /Type /Catalog /Pages {PAGE_TREE} 0 R >>");
        self.object(CATALOG, &catalog, None)?;
        let table_at = self.len;
        let size = self.objects.len() + 1;
        // Every entry has 20 bytes, its line end included (§7.5.4).
        let entries: Vec<String> = self
            .objects
            .iter()
            .map(|at| format!("{at:010} 00000 n \n"))
            .collect();
        let table = format!(
            "xref\n0 {size}\n0000000000 65535 f \n{}\
             trailer\n<< /Size {size} /Root {CATALOG} 0 R >>\nstartxref\n{table_at}\n%%EOF\n",
            entries.concat()
        );
        self.write(table.as_bytes())?;
        self.out.flush()
    }

    fn object(&mut self, number: usize, value: &str, stream: Option<&[u8]>) -> io::Result<()> {
        if self.objects.len() < number {
            self.objects.resize(number, 0);
        }
        self.objects[number - 1] = self.len;
        self.write(format!("{number} 0 obj\n{value}\n").as_bytes())?;
        if let Some(stream) = stream {
            self.write(b"stream\n")?;
            self.write(stream)?;
            self.write(b"\nendstream\n")?;
        }
        self.write(b"endobj\n")
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }
}
