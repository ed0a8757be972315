//! Ink so near to the edge of the paper that the far machine may not print it.
//!
//! A scan line of T.4 is 215 mm long, A4 paper 210 mm wide, and printers leave some millimetres
//! white at each edge, which no negotiation tells. A page is sent in true size all the same: most
//! have white margins, and shrinking all to save a few would cost every page its sharpness.

use std::ops::Range;

use serde::Serialize;

use crate::t4::Bitmap;
use crate::units::Resolution;

/// What receivers commonly do not print at each edge of their paper.
const MARGIN_MM: f64 = 3.0;

/// Ink below this area is dust.
const INK_MM2_MIN: f64 = 1.0;

/// From this length on a fax page fills a sheet (Letter is 279 mm long), and its last rows lie at the
/// sheet's end. A shorter one leaves the paper below it white.
const SHEET_MM_MIN: f64 = 270.0;

/// An edge of a fax page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// The beginning of the scan lines.
    Left,
    /// The first scan line.
    Top,
    /// The end of the scan lines.
    Right,
    /// The last scan line of a page that fills a sheet.
    Bottom,
}

impl Edge {
    pub(super) const ALL: [Self; 4] = [Self::Left, Self::Top, Self::Right, Self::Bottom];

    /// The name used in JSON and in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Top => "top",
            Self::Right => "right",
            Self::Bottom => "bottom",
        }
    }
}

/// Edges of a fax page, whose width is a multiple of eight, within 3 mm of which ink lies.
pub(super) fn inked_edges(bitmap: &Bitmap, resolution: Resolution) -> Vec<Edge> {
    let columns_per_mm = f64::from(resolution.x_pels_per_metre()) / 1000.0;
    let rows_per_mm = f64::from(resolution.y_lines_per_metre()) / 1000.0;
    let pixels_min = INK_MM2_MIN * columns_per_mm * rows_per_mm;
    let side_bytes = (MARGIN_MM * columns_per_mm / 8.0).round() as usize;
    let margin_rows = (MARGIN_MM * rows_per_mm).round() as u32;
    let rows = bitmap.rows();
    let fills_sheet = f64::from(rows) >= SHEET_MM_MIN * rows_per_mm;
    let ink_in = |rows: Range<u32>| rows.map(|y| black(bitmap.row(y))).sum::<u64>();
    let ink_of = |part: fn(&[u8], usize) -> &[u8]| {
        let parts = (0..rows).map(|y| part(bitmap.row(y), side_bytes));
        parts.map(black).sum::<u64>()
    };
    let ink_at = |edge| match edge {
        Edge::Left => ink_of(|row, bytes| &row[..bytes]),
        Edge::Right => ink_of(|row, bytes| &row[row.len() - bytes..]),
        Edge::Top => ink_in(0..margin_rows.min(rows)),
        Edge::Bottom if fills_sheet => ink_in(rows.saturating_sub(margin_rows)..rows),
        Edge::Bottom => 0,
    };
    let is_inked = |edge: &Edge| ink_at(*edge) as f64 >= pixels_min;
    Edge::ALL.into_iter().filter(is_inked).collect()
}

fn black(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(byte.count_ones())).sum()
}
