//! The configuration that every command starts from.

use std::path::PathBuf;

use faxmill::config::{Config, ConfigError};
use faxmill::sip::SipUri;

use crate::exit::{Exit, Failure};

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
    /// What to log.
    pub(crate) log: String,
    /// Log as JSON lines.
    pub(crate) log_json: bool,
}

impl Settings {
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        Config::load(self.config.as_deref(), self.data.as_deref())
            .and_then(dialable)
            .map_err(|error| Failure::new(Exit::Config, error.code(), error.to_string()))
    }

    /// The arguments that give a child process the same configuration.
    pub(crate) fn as_arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (name, path) in [("--config", &self.config), ("--data", &self.data)] {
            if let Some(path) = path {
                arguments.extend([name.to_owned(), path.display().to_string()]);
            }
        }
        arguments
    }
}

/// A trunk whose URIs cannot be called would fail every job: that is said before anything starts.
fn dialable(config: Config) -> Result<Config, ConfigError> {
    if let Some(trunk) = &config.trunk {
        trunk
            .example_uri()
            .parse::<SipUri>()
            .map_err(|error| ConfigError::Field {
                field: "trunk.uri",
                what: error.to_string(),
            })?;
    }
    Ok(config)
}
