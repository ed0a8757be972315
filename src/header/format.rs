//! What stands in a header line: text and fields.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{HeaderError, beginning};
use super::stamp::columns;
use super::words::printable;
use crate::units::PageWidth;

/// A format such as `{date} {time}  From {ident} {number}  To {to}  Page {page} of {pages}`.
///
/// ```
/// use faxmill::header::{HeaderError, HeaderFormat};
/// let short: HeaderFormat = "{day}.{month}.{year}  {number}  {page}/{pages}".parse()?;
/// assert_eq!(short.as_str(), "{day}.{month}.{year}  {number}  {page}/{pages}");
/// assert_eq!("{colour}".parse::<HeaderFormat>().unwrap_err().code(), "header-format");
/// # Ok::<(), HeaderError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderFormat {
    source: String,
    parts: Vec<Part>,
}

/// A piece of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text in characters of the font.
    Text(String),
    Field(HeaderField),
}

impl HeaderFormat {
    /// The format where none is given.
    pub const DEFAULT: &str =
        "{date} {time}  From {ident} {number}  To {to}  Page {page} of {pages}";

    /// Most characters of a format.
    pub const CHARS_MAX: usize = 200;

    /// The format as it was given.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Characters that the line has at most beside the sender's name.
    fn fixed_columns(&self) -> usize {
        let of_part = |part: &Part| match part {
            Part::Text(text) => text.chars().count(),
            Part::Field(field) => field.columns_max().unwrap_or(0),
        };
        self.parts.iter().map(of_part).sum()
    }
}

impl Default for HeaderFormat {
    fn default() -> Self {
        // The tests parse it.
        Self::DEFAULT.parse().expect("the default format is valid")
    }
}

impl FromStr for HeaderFormat {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let chars = text.chars().count();
        if chars > Self::CHARS_MAX {
            return Err(HeaderError::FormatTooLong {
                chars,
                chars_max: Self::CHARS_MAX,
            });
        }
        if let Some(at) = text.chars().position(char::is_control) {
            return Err(HeaderError::ControlCharacter {
                field: "the header format",
                at: at + 1,
            });
        }
        let format = Self {
            source: text.to_owned(),
            parts: parse(text)?,
        };
        let (needed, columns_max) = (format.fixed_columns(), columns(PageWidth::A4.pixels()));
        if needed > columns_max {
            return Err(HeaderError::LineTooLong {
                columns: needed,
                columns_max,
            });
        }
        Ok(format)
    }
}

impl TryFrom<String> for HeaderFormat {
    type Error = HeaderError;

    fn try_from(text: String) -> Result<Self, HeaderError> {
        text.parse()
    }
}

impl From<HeaderFormat> for String {
    fn from(format: HeaderFormat) -> Self {
        format.source
    }
}

impl fmt::Display for HeaderFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn parse(text: &str) -> Result<Vec<Part>, HeaderError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars().enumerate().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' | '}' if chars.next_if(|(_, next)| *next == c).is_some() => literal.push(c),
            '{' => {
                let mut name = String::new();
                loop {
                    match chars.next() {
                        Some((_, '}')) => break,
                        Some((_, c)) if c != '{' => name.push(c),
                        _ => return Err(HeaderError::LoneBrace { at: at + 1 }),
                    }
                }
                let field = HeaderField::named(&name).ok_or_else(|| HeaderError::UnknownField {
                    name: beginning(&name),
                })?;
                take_literal(&mut literal, &mut parts);
                parts.push(Part::Field(field));
            }
            '}' => return Err(HeaderError::LoneBrace { at: at + 1 }),
            c => literal.push(c),
        }
    }
    take_literal(&mut literal, &mut parts);
    Ok(parts)
}

fn take_literal(literal: &mut String, parts: &mut Vec<Part>) {
    if !literal.is_empty() {
        parts.push(Part::Text(printable(literal)));
        literal.clear();
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $columns:expr;)*) => {
        /// What changes in a header line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum HeaderField { $($(#[$doc])* $variant,)* }

        impl HeaderField {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in a format.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Most characters that it takes; `None` for what may be cut to any length.
            pub const fn columns_max(self) -> Option<usize> {
                match self { $(Self::$variant => $columns,)* }
            }
        }
    };
}

fields! {
    /// The date, as in 2026-03-01.
    Date, "date", Some(10);
    /// Hour and minute, as in 14:05.
    Time, "time", Some(5);
    /// The time zone's abbreviation, as in CET, or its distance from UTC, as in +05.
    Zone, "zone", Some(6);
    /// The year, four digits.
    Year, "year", Some(5);
    /// The month, 01 to 12.
    Month, "month", Some(2);
    /// The day of the month, 01 to 31.
    Day, "day", Some(2);
    /// The hour, 00 to 23.
    Hour, "hour", Some(2);
    /// The hour, 1 to 12.
    Hour12, "hour12", Some(2);
    /// The minute, 00 to 59.
    Minute, "minute", Some(2);
    /// AM or PM.
    AmPm, "ampm", Some(2);
    /// Who sends: a name, else the identity told to the far end. Cut where the line is too short.
    Ident, "ident", None;
    /// The sender's number.
    Number, "number", Some(24);
    /// The number that was dialed.
    To, "to", Some(24);
    /// The page, counted through the job.
    Page, "page", Some(5);
    /// The pages of the job.
    Pages, "pages", Some(5);
}

impl HeaderField {
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// Every field as it is written, for an error.
    pub(super) fn list() -> String {
        let names: Vec<String> = Self::ALL
            .iter()
            .map(|field| format!("{{{}}}", field.name()))
            .collect();
        names.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> HeaderError {
        text.parse::<HeaderFormat>().unwrap_err()
    }

    #[test]
    fn the_default_format_leaves_room_for_a_name() {
        let room = columns(PageWidth::A4.pixels()) - HeaderFormat::default().fixed_columns();
        assert!(room >= 3, "{room}");
    }

    #[test]
    fn braces_are_doubled_to_be_printed() {
        let format: HeaderFormat = "{{{page}}} {{x}} aa".parse().unwrap();
        let text = |text: &str| Part::Text(text.to_owned());
        let expected = [text("{"), Part::Field(HeaderField::Page), text("} {x} aa")];
        assert_eq!(format.parts(), expected);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(refused("a } b"), HeaderError::LoneBrace { at: 3 });
        assert_eq!(refused("{page"), HeaderError::LoneBrace { at: 1 });
        assert_eq!(refused("x{page{to}"), HeaderError::LoneBrace { at: 2 });
        let words = refused("{pgae}").to_string();
        assert!(
            words.contains("{pgae}") && words.contains("{page} {pages}"),
            "{words}"
        );
        let control = HeaderError::ControlCharacter {
            field: "the header format",
            at: 2,
        };
        assert_eq!(refused("a\tb"), control);
        assert_eq!(refused(&"x".repeat(201)).code(), "header-format");
    }

    #[test]
    fn a_format_that_could_lose_a_number_is_refused() {
        let many = "{to}".repeat(5);
        let words = refused(&many).to_string();
        assert!(words.contains("120 characters"), "{words}");
        assert!("{to}".repeat(4).parse::<HeaderFormat>().is_ok());
        // A name may be cut, so it may stand there as often as one likes.
        assert!("{ident}".repeat(20).parse::<HeaderFormat>().is_ok());
    }
}
