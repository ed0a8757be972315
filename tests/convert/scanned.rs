//! Pages that are one image: taken from the file, and the same as PDFium draws them.

#[path = "scanned/codings.rs"]
mod codings;
#[path = "scanned/doubts.rs"]
mod doubts;
#[path = "scanned/fax_pages.rs"]
mod fax_pages;
#[path = "scanned/jbig2.rs"]
mod jbig2;
#[path = "scanned/places.rs"]
mod places;

use faxmill::convert::ConvertOptions;
use faxmill::t4::Bitmap;
use faxmill::units::ToneMode;

use super::fixture::{convert_bytes, options};
use super::pdf::{Pdf, deflate};

/// A scan: an L of thick bars that is different under each turn, and small squares.
fn scan(width: u32, rows: u32) -> Bitmap {
    let mut bitmap = Bitmap::white(width, 0);
    for y in 0..rows {
        let mut row = vec![0u8; width.div_ceil(8) as usize];
        for x in 0..width {
            let in_bar = (x * 20 / width == 2 && y * 20 / rows > 2)
                || (y * 20 / rows == 17 && x * 20 / width > 2 && x * 3 < width * 2);
            let in_square = x * 2 > width && y * 2 < rows && (x / 24 + y / 24) % 3 == 0;
            if in_bar || in_square {
                row[x as usize / 8] |= 0x80 >> (x % 8);
            }
        }
        bitmap.push_row(&row);
    }
    bitmap
}

/// Columns and rows of the scans here, which lie on their page at 300 dots per inch.
const PIXELS: (u32, u32) = (1240, 1648);

/// Width and height of that page in points.
const POINTS: (f64, f64) = (297.6, 395.52);

/// The samples of the scan as PDF has them, 0 for black.
fn samples(bitmap: &Bitmap) -> Vec<u8> {
    bitmap.as_bytes().iter().map(|byte| !byte).collect()
}

/// A byte for each pixel of the bitmap: one value where it is black, another where it is white.
fn levels(bitmap: &Bitmap, black: u8, white: u8) -> Vec<u8> {
    let width = bitmap.width();
    (0..bitmap.rows())
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| if bitmap.is_black(x, y) { black } else { white })
        .collect()
}

/// A page of a scan and all that a test may want to be different about it.
struct Page {
    /// Entries of the image's dictionary besides its size.
    image: String,
    /// Columns and rows of the image.
    pixels: (u32, u32),
    data: Vec<u8>,
    content: String,
    /// Entries of the page, box included.
    entries: String,
    /// Entries of the page's resources besides the image, which is `/I`.
    resources: String,
    /// More objects, which the entries can refer to from number 3 on.
    objects: Vec<Vec<u8>>,
}

impl Page {
    /// The scan in bits from edge to edge of its page.
    fn new() -> Self {
        let (width, height) = POINTS;
        Self {
            image: "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode".to_owned(),
            pixels: PIXELS,
            data: deflate([samples(&scan(PIXELS.0, PIXELS.1))]),
            content: format!("q {width} 0 0 {height} 0 0 cm /I Do Q"),
            entries: format!("/MediaBox [0 0 {width} {height}]"),
            resources: String::new(),
            objects: Vec::new(),
        }
    }

    fn of_image(image: &str, data: Vec<u8>) -> Self {
        Self {
            image: image.to_owned(),
            data,
            ..Self::new()
        }
    }

    fn build(&self) -> Vec<u8> {
        self.build_with_images("")
    }

    /// The file, with more entries among the page's images.
    fn build_with_images(&self, images: &str) -> Vec<u8> {
        let mut pdf = Pdf::new();
        for object in &self.objects {
            pdf.object(object.clone());
        }
        let (columns, rows) = self.pixels;
        let entries = format!(
            "/Type /XObject /Subtype /Image /Width {columns} /Height {rows} {}",
            self.image
        );
        let image = pdf.stream(&entries, &self.data);
        let content = pdf.stream("", self.content.as_bytes());
        pdf.page_of(
            &format!(
                "{} /Resources << /XObject << /I {image} 0 R {images} >> {} >>",
                self.entries, self.resources
            ),
            content,
        );
        pdf.build()
    }

    /// Asserts that the page is taken from the file, and that PDFium draws the same.
    #[track_caller]
    fn assert_taken(&self, what: &str) {
        let pdf = self.build();
        let (taken, drawn) = (converted(&pdf), drawn(&pdf));
        assert!(taken != drawn, "{what} was drawn: it is so to the pixel");
        assert_same_but_for_edges(&taken, &drawn, what);
    }

    /// Asserts that PDFium drew the page.
    #[track_caller]
    fn assert_drawn(&self, what: &str) {
        let pdf = self.build();
        assert!(converted(&pdf) == drawn(&pdf), "{what} was taken");
    }
}

/// The page as PDFium draws it: images with an unknown entry are not taken from the file.
fn drawn(pdf: &[u8]) -> Bitmap {
    let entry = b"/Type /XObject";
    let mut changed = pdf.to_vec();
    let mut images = 0;
    for at in 0..pdf.len() - entry.len() {
        if pdf[at..].starts_with(entry) {
            changed[at..at + entry.len()].copy_from_slice(b"/Typo /XObject");
            images += 1;
        }
    }
    assert!(images > 0, "the file shows images");
    converted(&changed)
}

/// The page by one threshold: how a scan is best made black and white is another matter.
fn converted(pdf: &[u8]) -> Bitmap {
    let options = ConvertOptions {
        mode: ToneMode::Text,
        ..options()
    };
    let mut converted = convert_bytes(pdf, &options).unwrap();
    converted.pages.remove(0).bitmap
}

/// Whether a pixel of the colour is at this place or beside it.
fn is_near(bitmap: &Bitmap, x: u32, y: u32, black: bool) -> bool {
    (y.saturating_sub(1)..=(y + 1).min(bitmap.rows() - 1)).any(|y| {
        (x.saturating_sub(1)..=(x + 1).min(bitmap.width() - 1))
            .any(|x| bitmap.is_black(x, y) == black)
    })
}

/// Asserts that two pages differ at edges only.
#[track_caller]
fn assert_same_but_for_edges(taken: &Bitmap, drawn: &Bitmap, what: &str) {
    assert_eq!(
        (taken.width(), taken.rows()),
        (drawn.width(), drawn.rows()),
        "{what}"
    );
    assert!(drawn.black_pixels() > 50_000, "{what} shows the scan");
    let mut far = 0;
    for y in 0..taken.rows() {
        for x in 0..taken.width() {
            let black = taken.is_black(x, y);
            far += u32::from(black != drawn.is_black(x, y) && !is_near(drawn, x, y, black));
        }
    }
    assert_eq!(far, 0, "{what}: pixels without a like one beside them");
}
