//! How a `SQLite` file is opened, and what its errors mean.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::store::StoreError;

/// How a `SQLite` file is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file; it is made where it does not exist.
    pub path: PathBuf,
    /// The folder where processes wake each other; without it they look once in a while.
    pub run_dir: Option<PathBuf>,
    /// How long to wait for a lock that another process holds.
    pub busy_timeout: Duration,
    /// Connections for reading.
    pub readers: u32,
}

impl SqliteOptions {
    /// The usual options for a file, without a folder for wake-ups.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            run_dir: None,
            busy_timeout: Duration::from_secs(10),
            readers: 4,
        }
    }

    /// With wake-ups across processes by sockets in `run_dir`.
    #[must_use]
    pub fn with_run_dir(mut self, run_dir: impl Into<PathBuf>) -> Self {
        self.run_dir = Some(run_dir.into());
        self
    }
}

/// Connects once. A pool tries to connect until its time is up; a first connection says at once
/// what is wrong.
pub(super) async fn probe(options: &SqliteOptions) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect_with(&connect_options(options)?).await?;
    connection
        .execute(AssertSqlSafe(pragmas(options, "FULL")))
        .await?;
    connection.close().await
}

/// A pool whose commits wait for the disk (`synchronous` is `FULL`) or not (`NORMAL`).
pub(super) async fn pool(
    options: &SqliteOptions,
    connections: u32,
    synchronous: &str,
) -> Result<AnyPool, sqlx::Error> {
    let pragmas = pragmas(options, synchronous);
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.busy_timeout + Duration::from_secs(20))
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            let pragmas = pragmas.clone();
            Box::pin(async move {
                connection.execute(AssertSqlSafe(pragmas)).await?;
                Ok(())
            })
        })
        .connect_with(connect_options(options)?)
        .await
}

fn connect_options(options: &SqliteOptions) -> Result<AnyConnectOptions, sqlx::Error> {
    let url = format!("sqlite://{}?mode=rwc", percent_encoded(&options.path));
    Ok(AnyConnectOptions::from_str(&url)?.disable_statement_logging())
}

fn pragmas(options: &SqliteOptions, synchronous: &str) -> String {
    let busy_ms = options.busy_timeout.as_millis();
    format!(
        "PRAGMA busy_timeout = {busy_ms}; PRAGMA journal_mode = WAL; \
         PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON;"
    )
}

/// The path as it may stand in a URL, whatever bytes it holds.
fn percent_encoded(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;

    let mut text = String::new();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    text
}

// The primary result codes of https://www.sqlite.org/rescode.html; the extended ones hold them in
// their low byte.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;

/// What a result code means, where we know it.
pub(super) fn meaning(code: i32, why: &str) -> Option<StoreError> {
    match code & 0xff {
        SQLITE_BUSY | SQLITE_LOCKED => Some(StoreError::Busy),
        SQLITE_READONLY => Some(StoreError::ReadOnly),
        SQLITE_CORRUPT | SQLITE_NOTADB => Some(StoreError::Corrupt {
            why: why.to_owned(),
        }),
        SQLITE_FULL => Some(StoreError::Full),
        _ => None,
    }
}
