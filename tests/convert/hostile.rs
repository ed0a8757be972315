//! Documents made to take a renderer down, each a small file that asks for gigabytes or years.

use super::pdf::{Pdf, deflate};
use crate::builder::Builder;

const LETTER: &str = "/MediaBox [0 0 612 792]";

/// How a document is made: some take a while.
pub(crate) type Make = fn() -> Vec<u8>;

/// Every kind by its name.
pub(crate) const DOCUMENTS: &[(&str, Make)] = &[
    ("forms that draw forms", || nested_forms(12, 10, "")),
    ("forms in transparency groups", || {
        nested_forms(12, 10, "/Group << /S /Transparency >>")
    }),
    ("forms in a circle", forms_in_a_circle),
    ("a content stream of gigabytes", endless_path),
    ("an image of 40,000 by 40,000", vast_image),
    ("a tree of a billion pages", branching_pages),
    ("a tree of pages in a circle", pages_in_a_circle),
    ("a page of a light year", page_of_a_light_year),
    ("arrays in arrays", deep_arrays),
    ("filters upon filters", deep_filters),
    ("a pattern of specks", tiny_tiles),
    ("a glyph that shows itself", glyph_in_a_circle),
    ("a mask that masks itself", mask_in_a_circle),
    ("a JPEG 2000 image of lies", || {
        lying_image("/JPXDecode", JPEG_2000)
    }),
    ("a JBIG2 image of lies", || {
        lying_image("/JBIG2Decode", JBIG2)
    }),
    ("a table of objects in a circle", xref_in_a_circle),
    ("a TIFF that lies about its size", lying_tiff),
    ("a TIFF of deflated zeros", deflated_tiff),
    ("a TIFF of LZW zeros", lzw_tiff),
    ("a TIFF of 1,600,000 rows", rows_of_one_bit),
    ("a TIFF of huge blank pages", blank_pages),
    ("a TIFF of overlapping directories", overlapping_directories),
    ("a TIFF of thumbnails without end", thumbnails),
    ("a TIFF of strips upon strips", overlapping_strips),
    ("a TIFF of a progressive JPEG", lying_jpeg),
    ("a TIFF of one endless row", endless_row),
];

/// The boxes of a JPEG 2000 file down to an image header (ITU-T T.800 §I.5.3.1) of 2^24 by 2^24.
const JPEG_2000: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0-jp2h\
    \0\0\0\x16ihdr\0\xFF\xFF\xFF\0\xFF\xFF\xFF\0\x01\x07\x07\0\0";

/// The segment of a page (ITU-T T.88 §7.4.8) of 2^24 by 2^24.
const JBIG2: &[u8] =
    b"\0\0\0\0\x30\0\x01\0\0\0\x13\0\xFF\xFF\xFF\0\xFF\xFF\xFF\0\0\0\0\0\0\0\0\0\0\0";

trait Replaced {
    fn replaced(self, from: &str, to: &str) -> Vec<u8>;
}

impl Replaced for Vec<u8> {
    /// The same PDF with other words in it; its table of objects is then wrong, which is repaired.
    fn replaced(self, from: &str, to: &str) -> Vec<u8> {
        let at = self
            .windows(from.len())
            .position(|words| words == from.as_bytes())
            .expect("the words are there");
        [&self[..at], to.as_bytes(), &self[at + from.len()..]].concat()
    }
}

/// Forms that each draw the next one several times: a few kilobytes, and exponential work.
pub(crate) fn nested_forms(levels: usize, times: usize, entries: &str) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut inner = pdf.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792]",
        b"0 0 612 792 re f",
    );
    for _ in 0..levels {
        let form = format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 612 792] {entries} \
             /Resources << /XObject << /F {inner} 0 R >> >>"
        );
        inner = pdf.stream(&form, "/F Do ".repeat(times).as_bytes());
    }
    page_that_draws(pdf, &format!("/XObject << /F {inner} 0 R >>"), b"/F Do")
}

fn page_that_draws(mut pdf: Pdf, resources: &str, content: &[u8]) -> Vec<u8> {
    let content = pdf.stream("", content);
    pdf.page_of(&format!("{LETTER} /Resources << {resources} >>"), content);
    pdf.build()
}

fn forms_in_a_circle() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let first = pdf.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /F 4 0 R >> >>",
        &b"/F Do ".repeat(1000),
    );
    assert_eq!(first, 3, "the second form is object 4");
    pdf.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /F 3 0 R >> >>",
        &b"/F Do ".repeat(1000),
    );
    page_that_draws(pdf, "/XObject << /F 3 0 R >>", &b"/F Do ".repeat(1000))
}

/// Lines that are kept as path segments until the end.
pub(crate) fn endless_path() -> Vec<u8> {
    let segment = b"1 1 l ".repeat(1 << 16);
    let content =
        deflate(std::iter::once(b"0 0 m ".to_vec()).chain(std::iter::repeat_n(segment, 1 << 10)));
    let mut pdf = Pdf::new();
    let content = pdf.stream("/Filter /FlateDecode", &content);
    pdf.page_of(LETTER, content);
    pdf.build()
}

pub(crate) fn vast_image() -> Vec<u8> {
    let pixels = deflate((0..4_000).map(|i| vec![i as u8; 400_000]));
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Type /XObject /Subtype /Image /Width 40000 /Height 40000 /BitsPerComponent 8 \
         /ColorSpace /DeviceGray /Filter /FlateDecode",
        &pixels,
    );
    let content = b"612 0 0 792 0 0 cm /I Do";
    page_that_draws(pdf, &format!("/XObject << /I {image} 0 R >>"), content)
}

fn lying_image(filter: &str, data: &[u8]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        &format!(
            "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 \
             /ColorSpace /DeviceGray /Filter {filter}"
        ),
        data,
    );
    let content = b"612 0 0 792 0 0 cm /I Do";
    page_that_draws(pdf, &format!("/XObject << /I {image} 0 R >>"), content)
}

/// Nodes that each name the next one ten times.
fn branching_pages() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut node = pdf.object(format!("<< /Type /Page {LETTER} /Parent 4 0 R >>"));
    let mut count = 1u64;
    for _ in 0..9 {
        count *= 10;
        let kids = format!("{node} 0 R ").repeat(10);
        node = pdf.object(format!("<< /Type /Pages /Count {count} /Kids [{kids}] >>"));
    }
    pdf.catalog(&format!("/Pages {node} 0 R"))
        .build()
        .replaced("/Pages 2 0 R", "")
}

fn pages_in_a_circle() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let node = pdf.object("<< /Type /Pages /Count 400 /Kids [3 0 R 3 0 R 3 0 R] /Parent 3 0 R >>");
    pdf.catalog(&format!("/Pages {node} 0 R"))
        .build()
        .replaced("/Pages 2 0 R", "")
}

fn deep_arrays() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let deep = pdf.object([b"[".repeat(200_000), b"]".repeat(200_000)].concat());
    let content = pdf.stream("", &b"[".repeat(500_000));
    pdf.page_of(&format!("{LETTER} /Odd {deep} 0 R"), content);
    pdf.build()
}

fn deep_filters() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let filters = "/FlateDecode ".repeat(5000);
    let content = deflate([vec![0; 1 << 20]]);
    let content = pdf.stream(&format!("/Filter [{filters}]"), &content);
    pdf.page_of(LETTER, content);
    pdf.build()
}

/// A page filled with a pattern whose cells are a hundredth of a point wide.
fn tiny_tiles() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let pattern = pdf.stream(
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 500 500] \
         /XStep 0.0001 /YStep 0.0001 /Resources << >>",
        b"0 0 300 300 re f 0.5 g 10 10 20 20 re f",
    );
    let content = b"/Pattern cs /P scn 0 0 612 792 re f";
    page_that_draws(pdf, &format!("/Pattern << /P {pattern} 0 R >>"), content)
}

fn glyph_in_a_circle() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let show = format!("BT /F 1 Tf ({}) Tj ET", "a".repeat(500));
    let glyph = pdf.stream("", format!("500 0 0 0 500 500 d1 {show}").as_bytes());
    let font = pdf.object(format!(
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 500] /FontMatrix [0.01 0 0 0.01 0 0] \
         /CharProcs << /a {glyph} 0 R >> /FirstChar 97 /LastChar 97 /Widths [500] \
         /Encoding << /Type /Encoding /Differences [97 /a] >> \
         /Resources << /Font << /F 4 0 R >> >> >>"
    ));
    assert_eq!(font, 4, "the font names itself");
    page_that_draws(pdf, "/Font << /F 4 0 R >>", show.as_bytes())
}

fn mask_in_a_circle() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let group = pdf.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Group << /S /Transparency /CS \
         /DeviceGray >> /Resources << /ExtGState << /G 4 0 R >> /XObject << /F 3 0 R >> >>",
        &b"/G gs 0 0 612 792 re f /F Do ".repeat(20),
    );
    assert_eq!(group, 3, "the group names itself");
    pdf.object("<< /Type /ExtGState /SMask << /S /Luminosity /G 3 0 R >> >>");
    let content = b"/G gs 0 0 612 792 re f ".repeat(20);
    page_that_draws(pdf, "/ExtGState << /G 4 0 R >>", &content)
}

fn xref_in_a_circle() -> Vec<u8> {
    let pdf = Pdf::one_page(612.0, 792.0, "0 0 9 9 re f");
    let text = String::from_utf8_lossy(&pdf);
    let start = text.rsplit("startxref\n").next().expect("it ends so");
    let start: String = start.chars().take_while(char::is_ascii_digit).collect();
    pdf.replaced("/Root 1 0 R", &format!("/Prev {start} /Root 1 0 R"))
}

fn page_of_a_light_year() -> Vec<u8> {
    Pdf::one_page(14_400.0, 14_400.0, "").replaced("/MediaBox", "/UserUnit 1000000 /MediaBox")
}

fn lying_tiff() -> Vec<u8> {
    Builder::new((65_535, 3_000), &[8], 1, vec![0; 64]).into_file()
}

/// 14,000 by 14,000 pixels of which every strip is a few hundred bytes.
fn deflated_tiff() -> Vec<u8> {
    let zeros = deflate([vec![0; 14_000 * 14_000]]);
    Builder::new((14_000, 14_000), &[8], 1, zeros)
        .with(259, &[8])
        .into_file()
}

fn lzw_tiff() -> Vec<u8> {
    let zeros = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(&vec![0; 14_000 * 14_000])
        .expect("bytes are eight bits");
    Builder::new((14_000, 14_000), &[8], 1, zeros)
        .with(259, &[5])
        .into_file()
}

/// Every row of MMR is one bit: the same as the row above.
fn rows_of_one_bit() -> Vec<u8> {
    Builder::new((1728, 0), &[1], 0, vec![0xFF; 200_000])
        .with(259, &[4])
        .without(257)
        .into_file()
}

/// Hundreds of pages of nearly the largest size in nothing but rows like the row above.
fn blank_pages() -> Vec<u8> {
    let page = Builder::new((65_535, 3_050), &[1], 0, vec![0xFF; 382]).with(259, &[4]);
    chained(&page.into_file(), 400)
}

fn thumbnails() -> Vec<u8> {
    let thumbnail = Builder::new((8, 8), &[1], 0, vec![0; 8]).with(254, &[1]);
    chained(&thumbnail.into_file(), 20_000)
}

/// A file of so many copies of its only directory, which share its data.
fn chained(file: &[u8], copies: usize) -> Vec<u8> {
    let entries = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let directory = &file[8..8 + 2 + entries * 12];
    let mut chain = file.to_vec();
    let mut link = 8 + directory.len();
    for _ in 1..copies {
        let next = chain.len() as u32;
        chain[link..link + 4].copy_from_slice(&next.to_le_bytes());
        chain.extend_from_slice(directory);
        link = chain.len();
        chain.extend([0; 4]);
    }
    chain
}

/// Directories of 4,000 entries that begin two bytes apart.
fn overlapping_directories() -> Vec<u8> {
    let mut file = b"II\x2A\0\x08\0\0\0".to_vec();
    file.extend(4000u16.to_le_bytes().repeat(200_000));
    // A link to the next directory wherever one ends.
    for at in (8 + 2 + 4000 * 12..file.len() - 4).step_by(12) {
        let next = (at as u32).to_le_bytes();
        file[at..at + 4].copy_from_slice(&next);
    }
    file
}

/// A million strips that are all the whole file.
fn overlapping_strips() -> Vec<u8> {
    let count = 50_000;
    Builder::new((8, count), &[8], 1, vec![0; 64])
        .with(278, &[1])
        .with(273, &vec![8; count as usize])
        .with(279, &vec![400_000; count as usize])
        .into_file()
}

fn endless_row() -> Vec<u8> {
    Builder::new((199_999_999, 1), &[8], 1, vec![0; 64])
        .with(259, &[32_773])
        .into_file()
}

fn lying_jpeg() -> Vec<u8> {
    let mut jpeg =
        b"\xFF\xD8\xFF\xC2\0\x11\x08\x37\x14\x37\x14\x03\x01\x22\0\x02\x11\0\x03\x11\0".to_vec();
    // Scans without end, none of which holds data.
    for _ in 0..5000 {
        jpeg.extend(b"\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\0\0");
    }
    jpeg.extend(b"\xFF\xD9");
    Builder::new((14_100, 14_100), &[8; 3], 6, jpeg)
        .with(259, &[7])
        .with(530, &[2, 2])
        .into_file()
}
