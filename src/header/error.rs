//! What can be wrong with a header that somebody asks for.

use super::format::HeaderField;

/// A header that cannot be stamped as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// More text than a format may have.
    #[error("a header format has at most {chars_max} characters, this one has {chars}")]
    FormatTooLong {
        /// Its characters.
        chars: usize,
        /// Most characters.
        chars_max: usize,
    },
    /// A brace that neither begins nor ends a field.
    #[error(
        "the header format has a lone brace (character {at}): \
         write {{{{ and }}}} for braces that are to be printed"
    )]
    LoneBrace {
        /// Its place, counted from 1.
        at: usize,
    },
    /// A field that does not exist.
    #[error(
        "the header format has a field {{{name}}}: there are {}",
        HeaderField::list()
    )]
    UnknownField {
        /// The beginning of its name.
        name: String,
    },
    /// A tabulator, line end or other character that moves the pen.
    #[error("{field} holds a control character (character {at})")]
    ControlCharacter {
        /// Where it was found.
        field: &'static str,
        /// Its place, counted from 1.
        at: usize,
    },
    /// Numbers, times and texts that cannot be cut do not fit on a line.
    #[error(
        "the header format may need {columns} characters beside the sender's name, \
         an A4 line has {columns_max}"
    )]
    LineTooLong {
        /// What is needed at most, the sender's name left out.
        columns: usize,
        /// What the narrowest line has.
        columns_max: usize,
    },
    /// A sender's name that is empty or too long.
    #[error("the header's name has 1 to {chars_max} characters, this one has {chars}")]
    Name {
        /// Its characters.
        chars: usize,
        /// Most characters.
        chars_max: usize,
    },
    /// A sender's number that is none.
    #[error(
        "\"{text}\" is not a number for the header: \
         use up to {chars_max} digits, spaces and + - . / ( ) # *"
    )]
    Number {
        /// The beginning of what was given.
        text: String,
        /// Most characters.
        chars_max: usize,
    },
    /// Neither `all` nor `first` nor `none`.
    #[error("\"{text}\" does not say which pages have the header: use all, first or none")]
    Pages {
        /// The beginning of what was given.
        text: String,
    },
    /// A time zone that the system's database does not have.
    #[error(
        "the time zone \"{name}\" is not known on this system: \
         use a name such as Europe/Berlin (package tzdata)"
    )]
    TimeZone {
        /// The beginning of what was given.
        name: String,
    },
}

impl HeaderError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FormatTooLong { .. }
            | Self::LoneBrace { .. }
            | Self::UnknownField { .. }
            | Self::LineTooLong { .. } => "header-format",
            Self::ControlCharacter { .. } => "header-control-character",
            Self::Name { .. } => "header-name",
            Self::Number { .. } => "header-number",
            Self::Pages { .. } => "header-pages",
            Self::TimeZone { .. } => "header-time-zone",
        }
    }
}

/// As much of a wrong value as an error repeats.
pub(super) fn beginning(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(40)
        .collect()
}
