//! What can be wrong with a configuration.

use std::io;
use std::path::PathBuf;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {file} cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not valid TOML, or names a field that does not exist.
    #[error("the configuration {file} is not valid: {source}")]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A field holds a value that cannot be used.
    #[error("configuration field {field}: {what}")]
    Field {
        /// The field, dotted.
        field: &'static str,
        /// What is wrong and what to write instead.
        what: String,
    },
}

impl ConfigError {
    /// The stable code: part of the public interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "config-unreadable",
            Self::Syntax { .. } => "config-syntax",
            Self::Field { .. } => "config-field",
        }
    }
}
