//! Where jobs are kept, as it is typed and as it is meant.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::raw::field;
use super::secret::Secret;

/// Where jobs are kept.
#[derive(Clone, Debug, Default)]
pub enum StoreBackend {
    /// A `SQLite` file in the data folder.
    #[default]
    Sqlite,
    /// A `PostgreSQL` database.
    Postgres(PostgresAddress),
}

/// A `PostgreSQL` database.
#[derive(Clone)]
pub struct PostgresAddress {
    /// As written, without the password.
    url: String,
    password: Option<Secret>,
    /// Connections of each process for transactions that write.
    pub connections: u32,
}

impl PostgresAddress {
    /// The URL with its password: for nobody but the database.
    pub fn secret_url(&self) -> String {
        match &self.password {
            Some(password) => password.in_url(&self.url),
            None => self.url.clone(),
        }
    }
}

/// Without the password.
impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresAddress")
            .field("url", &self.url)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    url: String,
    password_file: Option<PathBuf>,
    #[serde(default = "default_connections")]
    connections: u32,
}

fn default_connections() -> u32 {
    8
}

impl RawStore {
    pub(super) fn of(backend: &StoreBackend) -> Option<Self> {
        let StoreBackend::Postgres(address) = backend else {
            return None;
        };
        Some(Self {
            url: address.url.clone(),
            password_file: address.password.as_ref().and_then(Secret::file),
            connections: address.connections,
        })
    }

    pub(super) fn check(self) -> Result<StoreBackend, ConfigError> {
        let scheme = self.url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("postgres" | "postgresql")) {
            return Err(field(
                "store.url",
                "it must be postgres://USER@HOST:PORT/DATABASE; leave [store] out to keep jobs in \
                 the data folder",
            ));
        }
        if !(1..=200).contains(&self.connections) {
            return Err(field("store.connections", "use 1 to 200"));
        }
        let (url, password) = Secret::of_url("store.url", &self.url)?;
        let password = match (password, self.password_file) {
            (Some(_), Some(_)) => {
                return Err(field(
                    "store.password_file",
                    "the URL holds a password too: use one of them",
                ));
            }
            (None, Some(file)) => Some(Secret::read("store.password_file", &file)?),
            (password, None) => password,
        };
        Ok(StoreBackend::Postgres(PostgresAddress {
            url,
            password,
            connections: self.connections,
        }))
    }
}
