//! The configuration that every command starts from.

use std::path::PathBuf;

use faxmill::config::Config;

use crate::exit::{Exit, Failure};

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        Config::load(self.config.as_deref(), self.data.as_deref())
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
