//! Why there is no cover page.

use crate::job::CoverField;

/// A cover page that cannot be made as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverError {
    /// The template cannot be used.
    #[error("{file}:{line}: {what}")]
    Template {
        /// The template's file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        what: String,
    },
    /// A text does not fit into its box.
    #[error("the cover page's {fields} does not fit: {what}")]
    Overflow {
        /// The fields in that box, by name.
        fields: String,
        /// What it needs and what there is.
        what: String,
    },
    /// A text has characters that the font lacks.
    #[error("the cover page's {field} has characters that the font lacks: {characters}")]
    Characters {
        /// The field.
        field: CoverField,
        /// The characters with their numbers.
        characters: String,
    },
    /// A field was filled in that the template does not print.
    #[error("the cover page's template has no place for {field}, which would not be sent")]
    Unplaced {
        /// The field.
        field: CoverField,
    },
    /// A logo was given that the template does not print.
    #[error("the cover page's template has no place for a logo")]
    LogoUnplaced,
    /// The logo cannot be used.
    #[error("the cover page's logo cannot be used: {what}")]
    Logo {
        /// What is wrong with it.
        what: String,
    },
}

impl CoverError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Template { .. } => "cover-template",
            Self::Overflow { .. } => "cover-text-overflow",
            Self::Characters { .. } => "cover-characters",
            Self::Unplaced { .. } | Self::LogoUnplaced => "cover-unplaced",
            Self::Logo { .. } => "cover-logo",
        }
    }
}
