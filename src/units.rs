//! The quantities fax is made of, parsed once and never wrong afterwards.
//!
//! Geometry follows ITU-T T.4 (07/2003) §2 and T.30 Table 2; see the constants of each type.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Vertical density of a Group 3 page; the horizontal density is always R8 (8.04 pels/mm).
///
/// A page's pixels are not square: its two densities travel together from end to end.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// 3.85 lines/mm, written as 98 dpi.
    Standard,
    /// 7.7 lines/mm, written as 196 dpi.
    #[default]
    Fine,
    /// 15.4 lines/mm, written as 391 dpi.
    Superfine,
}

impl Resolution {
    /// Every resolution, coarsest first.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Fine, Self::Superfine];

    /// Horizontal density in dots per inch, as TIFF-F files state it.
    pub const fn x_dpi(self) -> u32 {
        204
    }

    /// Vertical density in dots per inch, as TIFF-F files state it.
    pub const fn y_dpi(self) -> u32 {
        match self {
            Self::Standard => 98,
            Self::Fine => 196,
            Self::Superfine => 391,
        }
    }

    /// Exact horizontal density in pels per metre (T.4: 1728 pels in 215 mm for A4).
    pub const fn x_pels_per_metre(self) -> u32 {
        8_037
    }

    /// Exact vertical density in lines per metre.
    pub const fn y_lines_per_metre(self) -> u32 {
        match self {
            Self::Standard => 3_850,
            Self::Fine => 7_700,
            Self::Superfine => 15_400,
        }
    }

    /// The name used in commands, JSON and file metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Fine => "fine",
            Self::Superfine => "superfine",
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Resolution {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Self::ALL
            .into_iter()
            .find(|resolution| resolution.name() == text)
            .ok_or_else(|| UnitError::Resolution {
                text: text.to_owned(),
            })
    }
}

/// How the grey levels of a page become black and white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToneMode {
    /// What suits each region of the page: text, grey text, a scan, a photograph.
    #[default]
    Auto,
    /// Sharp: a fixed threshold.
    Text,
    /// Dots whose size is the shade.
    Photo,
    /// Paper: a threshold that follows its shade, specks removed, lines made level.
    Scan,
}

impl ToneMode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Text, Self::Photo, Self::Scan];

    /// The name used in commands and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Photo => "photo",
            Self::Scan => "scan",
        }
    }
}

impl fmt::Display for ToneMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ToneMode {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| UnitError::ToneMode {
                text: text.to_owned(),
            })
    }
}

/// Scan-line length at R8 density (T.4 Table 1/T.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageWidth {
    /// 215 mm: A4, Letter and Legal.
    A4,
    /// 255 mm.
    B4,
    /// 303 mm.
    A3,
}

impl PageWidth {
    /// Every width, narrowest first.
    pub const ALL: [Self; 3] = [Self::A4, Self::B4, Self::A3];

    /// Picture elements in one scan line.
    pub const fn pixels(self) -> u32 {
        match self {
            Self::A4 => 1728,
            Self::B4 => 2048,
            Self::A3 => 2432,
        }
    }

    /// Nominal scan-line length in millimetres.
    pub const fn millimetres(self) -> u32 {
        match self {
            Self::A4 => 215,
            Self::B4 => 255,
            Self::A3 => 303,
        }
    }

    /// The width with exactly this many picture elements a line.
    pub fn from_pixels(pixels: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|width| width.pixels() == pixels)
    }
}

/// How a page that is no fax page yet is brought onto one; it is never distorted and never blown up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFit {
    /// True size, shrunk where it is wider than the scan line or longer than a sheet.
    #[default]
    Fit,
    /// True size; what lies over the scan line or the row limit is cut off.
    Crop,
    /// As [`Fit`](Self::Fit), but a page may be as long as the row limit allows: banners, receipts,
    /// web pages.
    LongPage,
}

impl PageFit {
    /// Whether it is what a request without a word about it means.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A telephone number as dialed: an optional `+`, then 1 to 20 digits, `*` or `#`.
///
/// Spaces, dots, dashes, slashes and parentheses are accepted and dropped when parsing.
///
/// ```
/// use faxmill::units::FaxNumber;
/// let number: FaxNumber = "+1 (555) 010-0100".parse()?;
/// assert_eq!(number.as_str(), "+15550100100");
/// assert_eq!(number.last_four(), "0100");
/// # Ok::<(), faxmill::units::UnitError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FaxNumber(String);

impl FaxNumber {
    /// Longest number accepted, as T.30 §5.3.6.2 gives TSI and CSI 20 digits.
    pub const DIGITS_MAX: usize = 20;

    /// The number without punctuation.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a log line may show of the number.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len().saturating_sub(4)..]
    }
}

impl FromStr for FaxNumber {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = |why| UnitError::FaxNumber {
            text: text.chars().take(40).collect(),
            why,
        };
        let mut number = String::new();
        for c in text.trim().chars() {
            match c {
                '0'..='9' | '*' | '#' => number.push(c),
                '+' if number.is_empty() => number.push(c),
                ' ' | '.' | '-' | '/' | '(' | ')' => {}
                _ => return Err(refuse("it holds a character that cannot be dialed")),
            }
            if number.len() > Self::DIGITS_MAX + 1 {
                return Err(refuse("it has more than 20 digits"));
            }
        }
        match number.strip_prefix('+').unwrap_or(&number).len() {
            0 => Err(refuse("it has no digits")),
            1..=Self::DIGITS_MAX => Ok(Self(number)),
            _ => Err(refuse("it has more than 20 digits")),
        }
    }
}

impl TryFrom<String> for FaxNumber {
    type Error = UnitError;

    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<FaxNumber> for String {
    fn from(number: FaxNumber) -> Self {
        number.0
    }
}

impl fmt::Display for FaxNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Milliseconds since the Unix epoch, as given by the caller: no room below the edge reads a clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This moment plus a duration, saturating.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// Time from `earlier` to this moment, zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(
            u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0),
        )
    }
}

/// A quantity that could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// Not a number that can be dialed.
    #[error("\"{text}\" is not a fax number: {why}")]
    FaxNumber {
        /// The beginning of what was given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not the name of a mode.
    #[error("\"{text}\" is not a mode: use auto, text, photo or scan")]
    ToneMode {
        /// What was given.
        text: String,
    },
    /// Not the name of a resolution.
    #[error("\"{text}\" is not a fax resolution: use standard, fine or superfine")]
    Resolution {
        /// What was given.
        text: String,
    },
}
