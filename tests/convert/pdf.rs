//! PDF files written by the tests, object by object.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A PDF under construction. Object 1 is the catalog, object 2 the page tree.
pub(super) struct Pdf {
    objects: Vec<Vec<u8>>,
    pages: Vec<usize>,
    catalog_extra: String,
}

impl Pdf {
    pub(super) fn new() -> Self {
        Self {
            objects: vec![Vec::new(); 2],
            pages: Vec::new(),
            catalog_extra: String::new(),
        }
    }

    /// One page of this size in points that shows `content`.
    pub(super) fn one_page(width: f64, height: f64, content: &str) -> Vec<u8> {
        Self::new()
            .page(&format!("/MediaBox [0 0 {width} {height}]"), content)
            .build()
    }

    /// Adds an object and returns its number.
    pub(super) fn object(&mut self, body: impl Into<Vec<u8>>) -> usize {
        self.objects.push(body.into());
        self.objects.len()
    }

    /// Adds a stream object with more dictionary entries and returns its number.
    pub(super) fn stream(&mut self, entries: &str, content: &[u8]) -> usize {
        let mut body = format!("<< /Length {} {entries} >>\nstream\n", content.len()).into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\nendstream");
        self.object(body)
    }

    /// Adds a page with these dictionary entries.
    pub(super) fn page(mut self, entries: &str, content: &str) -> Self {
        let content = self.stream("", content.as_bytes());
        self.page_of(entries, content);
        self
    }

    /// Adds a page whose content is the stream with this number.
    pub(super) fn page_of(&mut self, entries: &str, content: usize) {
        let page = self.object(format!(
            "<< /Type /Page /Parent 2 0 R /Contents {content} 0 R {entries} >>"
        ));
        self.pages.push(page);
    }

    /// Entries of the catalog.
    pub(super) fn catalog(mut self, entries: &str) -> Self {
        self.catalog_extra.push_str(entries);
        self
    }

    pub(super) fn build(mut self) -> Vec<u8> {
        let mut kids = String::new();
        for page in &self.pages {
            write!(kids, "{page} 0 R ").unwrap();
        }
        let count = self.pages.len();
        self.objects[0] =
            format!("<< /Type /Catalog /Pages 2 0 R {} >>", self.catalog_extra).into_bytes();
        self.objects[1] = format!("<< /Type /Pages /Kids [ {kids}] /Count {count} >>").into_bytes();
        let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let mut xref = format!("xref\n0 {}\n0000000000 65535 f \n", self.objects.len() + 1);
        for (index, object) in self.objects.iter().enumerate() {
            writeln!(xref, "{:010} 00000 n ", file.len()).unwrap();
            writeln!(file, "{} 0 obj", index + 1).unwrap();
            file.extend_from_slice(object);
            file.extend_from_slice(b"\nendobj\n");
        }
        let start = file.len();
        file.extend_from_slice(xref.as_bytes());
        write!(
            file,
            "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
            self.objects.len() + 1
        )
        .unwrap();
        file
    }
}

/// Compresses for `FlateDecode`.
pub(super) fn deflate(chunks: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for chunk in chunks {
        encoder.write_all(&chunk).unwrap();
    }
    encoder.finish().unwrap()
}
