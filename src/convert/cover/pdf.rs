//! A cover page as a PDF of one page, in memory (ISO 32000-1 §7.5).

use std::fmt::Write as _;

use super::logo::LogoPixels;
use super::sheet::Sheet;

const POINTS_PER_MM: f64 = 72.0 / 25.4;

impl Sheet {
    /// The page as a PDF, with the logo in its place.
    pub fn to_pdf(&self, logo: Option<&LogoPixels>) -> Vec<u8> {
        let (width, height) = (points(self.width_mm), points(self.height_mm));
        let image = if logo.is_some() {
            "/XObject << /Logo 7 0 R >>"
        } else {
            ""
        };
        let content = self.content(logo);
        let mut pdf = Pdf::new();
        pdf.object("<< /Type /Catalog /Pages 2 0 R >>", None);
        pdf.object("<< /Type /Pages /Count 1 /Kids [3 0 R] >>", None);
        pdf.object(
            &format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.4} {height:.4}] \
                 /Contents 4 0 R /Resources << /Font << /R 5 0 R /B 6 0 R >> {image} >> >>"
            ),
            None,
        );
        let length = content.len();
        pdf.object(&format!("<< /Length {length} >>"), Some(&content));
        for name in ["Helvetica", "Helvetica-Bold"] {
            pdf.object(
                &format!(
                    "<< /Type /Font /Subtype /Type1 /BaseFont /{name} \
                     /Encoding /WinAnsiEncoding >>"
                ),
                None,
            );
        }
        if let Some(LogoPixels {
            width,
            height,
            levels,
        }) = logo
        {
            let length = levels.len();
            pdf.object(
                &format!(
                    "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} \
                     /ColorSpace /DeviceGray /BitsPerComponent 8 /Length {length} >>"
                ),
                Some(levels),
            );
        }
        pdf.finish()
    }

    /// What the page draws: lines, the logo, the text over them.
    fn content(&self, logo: Option<&LogoPixels>) -> Vec<u8> {
        let up = |mm: f64| points(self.height_mm - mm);
        let mut drawn = String::new();
        for rule in &self.rules {
            let [[x0, y0], [x1, y1]] = [rule.from_mm, rule.to_mm];
            put(
                &mut drawn,
                format_args!("{:.4} w", points(rule.thickness_mm)),
            );
            put(
                &mut drawn,
                format_args!("{:.4} {:.4} m", points(x0), up(y0)),
            );
            put(
                &mut drawn,
                format_args!("{:.4} {:.4} l S", points(x1), up(y1)),
            );
        }
        if let (Some(place), Some(logo)) = (self.logo, logo) {
            let (columns, rows) = (f64::from(logo.width), f64::from(logo.height));
            let scale = (place.width_mm / columns).min(place.height_mm / rows);
            let (width, height) = (columns * scale, rows * scale);
            let left = place.left_mm + (place.width_mm - width) * place.indent;
            let bottom = place.top_mm + height;
            put(
                &mut drawn,
                format_args!(
                    "q {:.4} 0 0 {:.4} {:.4} {:.4} cm /Logo Do Q",
                    points(width),
                    points(height),
                    points(left),
                    up(bottom)
                ),
            );
        }
        for run in &self.runs {
            let font = if run.is_bold { 'B' } else { 'R' };
            put(&mut drawn, format_args!("BT /{font} {:.4} Tf", run.points));
            let (x, y) = (points(run.left_mm), up(run.base_mm));
            put(&mut drawn, format_args!("{x:.4} {y:.4} Td <"));
            // Blanks are allowed between the digits (§7.3.4.3).
            for code in &run.text {
                put(&mut drawn, format_args!("{code:02X}"));
            }
            put(&mut drawn, format_args!("> Tj ET\n"));
        }
        drawn.into_bytes()
    }
}

fn put(drawn: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    write!(drawn, "{what} ").expect("a string takes all that fits into memory");
}

fn points(mm: f64) -> f64 {
    mm * POINTS_PER_MM
}

/// A file of objects that are numbered in their order, the first of them the catalog.
struct Pdf {
    bytes: Vec<u8>,
    objects: Vec<usize>,
}

impl Pdf {
    fn new() -> Self {
        Self {
            bytes: b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec(),
            objects: Vec::new(),
        }
    }

    fn object(&mut self, value: &str, stream: Option<&[u8]>) {
        self.objects.push(self.bytes.len());
        let number = self.objects.len();
        self.bytes
            .extend(format!("{number} 0 obj\n{value}\n").bytes());
        if let Some(stream) = stream {
            self.bytes.extend_from_slice(b"stream\n");
            self.bytes.extend_from_slice(stream);
            self.bytes.extend_from_slice(b"\nendstream\n");
        }
        self.bytes.extend_from_slice(b"endobj\n");
    }

    fn finish(mut self) -> Vec<u8> {
        let table_at = self.bytes.len();
        let size = self.objects.len() + 1;
        // Every entry has 20 bytes, its line end included (§7.5.4).
        let entry = |at: &usize| format!("{at:010} 00000 n \n");
        let entries: Vec<String> = self.objects.iter().map(entry).collect();
        let entries = entries.concat();
        let table = format!(
            "xref\n0 {size}\n0000000000 65535 f \n{entries}\
             trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table_at}\n%%EOF\n"
        );
        self.bytes.extend_from_slice(table.as_bytes());
        self.bytes
    }
}
