//! A cover page with its text set: what the rendering process is given.

use serde::{Deserialize, Serialize};

/// A page with everything in its place. Lengths are millimetres from the upper left corner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// Width of the page.
    pub width_mm: f64,
    /// Height of the page.
    pub height_mm: f64,
    /// Lines of text.
    pub runs: Vec<Run>,
    /// Straight lines.
    pub rules: Vec<Rule>,
    /// Where the logo goes: left, top, width and height of its box, and the share of the free
    /// width that is left of it.
    pub logo: Option<LogoPlace>,
}

/// One line of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Where it begins.
    pub left_mm: f64,
    /// Its base line.
    pub base_mm: f64,
    /// Its size.
    pub points: f64,
    /// Whether it is bold.
    pub is_bold: bool,
    /// Its characters in `WinAnsiEncoding`.
    pub text: Vec<u8>,
}

/// A straight line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// One end.
    pub from_mm: [f64; 2],
    /// The other.
    pub to_mm: [f64; 2],
    /// Thickness.
    pub thickness_mm: f64,
}

/// Where the logo goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogoPlace {
    /// Left edge of its box.
    pub left_mm: f64,
    /// Upper edge of its box.
    pub top_mm: f64,
    /// Width of its box.
    pub width_mm: f64,
    /// Height of its box.
    pub height_mm: f64,
    /// The share of the box's free width that is left of the logo: 0 at the left, 1 at the right.
    pub indent: f64,
}
