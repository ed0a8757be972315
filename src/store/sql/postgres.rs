//! How a `PostgreSQL` database is reached, and what its errors mean.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::store::StoreError;

/// How a `PostgreSQL` database is reached.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=…]`.
    url: String,
    /// Connections for transactions that write, in this process.
    pub writers: u32,
    /// Connections for reading, in this process.
    pub readers: u32,
    /// Longest time that one operation may take, waiting for a connection included: after it the
    /// network may have swallowed the connection, and new ones are made.
    pub patience: Duration,
}

impl PostgresOptions {
    /// The usual options for a URL.
    pub fn new(url: impl Into<String>) -> Result<Self, StoreError> {
        let url = url.into();
        let refuse = |why: &str| StoreError::Unavailable {
            path: "its URL".to_owned(),
            why: format!("{why}: write postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        };
        let scheme = url.split("://").next().unwrap_or_default();
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err(refuse("it does not begin with postgres://"));
        }
        let parsed =
            PgConnectOptions::from_str(&url).map_err(|error| refuse(&error.to_string()))?;
        if parsed.get_database().is_none() {
            return Err(refuse("it names no database"));
        }
        Ok(Self {
            url,
            writers: 8,
            readers: 4,
            patience: Duration::from_secs(20),
        })
    }

    /// With so many connections for writing.
    #[must_use]
    pub fn with_writers(mut self, writers: u32) -> Self {
        self.writers = writers;
        self
    }

    /// The database as a person may read it: without user and password.
    pub fn place(&self) -> String {
        let parsed = PgConnectOptions::from_str(&self.url).ok();
        parsed.map_or_else(String::new, |parsed| {
            let database = parsed.get_database().unwrap_or_default();
            format!("{}:{}/{database}", parsed.get_host(), parsed.get_port())
        })
    }
}

/// Without the password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

/// Connects once, to say at once what is wrong.
pub(super) async fn probe(options: &PostgresOptions) -> Result<(), sqlx::Error> {
    let target = connect_options(options)?;
    let connecting = AnyConnection::connect_with(&target);
    match tokio::time::timeout(options.patience, connecting).await {
        Ok(connection) => connection?.close().await,
        Err(_elapsed) => Err(sqlx::Error::PoolTimedOut),
    }
}

/// A pool that connects when it is asked for a connection.
pub(super) fn pool(options: &PostgresOptions, connections: u32) -> Result<AnyPool, sqlx::Error> {
    let settings = settings(options);
    Ok(AnyPoolOptions::new()
        .max_connections(connections.max(1))
        .acquire_timeout(options.patience)
        // A connection that died while it lay idle is found before it is used.
        .test_before_acquire(true)
        .after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(async move {
                connection.execute(AssertSqlSafe(settings)).await?;
                Ok(())
            })
        })
        .connect_lazy_with(connect_options(options)?))
}

/// A connection of its own that hears notifications.
pub(super) async fn listener(
    options: &PostgresOptions,
) -> Result<sqlx::postgres::PgListener, sqlx::Error> {
    sqlx::postgres::PgListener::connect(&options.url).await
}

fn connect_options(options: &PostgresOptions) -> Result<AnyConnectOptions, sqlx::Error> {
    Ok(AnyConnectOptions::from_str(&options.url)?.disable_statement_logging())
}

/// What the server is to give up by itself, a little before we do: a transaction that nobody
/// waits for any more must not keep its rows.
fn settings(options: &PostgresOptions) -> String {
    let patience_ms = options.patience.as_millis();
    format!(
        "SET application_name = 'faxmill'; SET statement_timeout = {patience_ms}; \
         SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {patience_ms}; \
         SET default_transaction_isolation = 'read committed'",
        patience_ms / 2
    )
}

/// What a condition of the server means, where we know it: `SQLSTATE`, Appendix A of the
/// `PostgreSQL` manual.
pub(super) fn meaning(state: &str, why: &str) -> Option<StoreError> {
    let why = why.to_owned();
    match state {
        // disk_full
        "53100" => Some(StoreError::Full),
        // read_only_sql_transaction: also a standby that clients still talk to
        "25006" => Some(StoreError::ReadOnly),
        // serialization_failure, deadlock_detected, lock_not_available, query_canceled
        "40001" | "40P01" | "55P03" | "57014" => Some(StoreError::Busy),
        // too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now,
        // idle_in_transaction_session_timeout
        "53300" | "57P01" | "57P02" | "57P03" | "25P03" => Some(StoreError::Unreachable { why }),
        _ if state.starts_with("08") => Some(StoreError::Unreachable { why }),
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Some(StoreError::Corrupt { why }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let options = PostgresOptions::new("postgres://fax:s3cret@db.example:6432/faxes").unwrap();
        let shown = format!("{options:?} {}", options.place());
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("db.example:6432/faxes"), "{shown}");
    }

    #[test]
    fn a_url_that_names_no_database_is_refused() {
        for url in [
            "",
            "mysql://a@b/c",
            "postgres://a@b",
            "/var/lib/db",
            "postgres://a@b:port/c",
        ] {
            assert!(PostgresOptions::new(url).is_err(), "{url}");
        }
    }
}
