//! One `SQLite` file: how it is opened, who may write when, and what its errors mean.
//!
//! Two connections write: one waits for the disk at every commit, the other does not. What a
//! person or a far end was told (a job accepted, a call placed, a page confirmed) is committed by
//! the first and survives a power failure: after one, a fax that was answered must not look as if
//! it never had been dialed. What only concerns workers that die with the machine (claims, renewals,
//! queue messages) is committed by the second; the reaper repairs the loss of it. Neither loses
//! anything when a process is killed.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::store::StoreError;
use crate::store::sqlite::bell::Bell;
use crate::store::sqlite::schema;

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

/// What a commit must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power failure.
    Power,
    /// The death of the process.
    Process,
}

/// An open `SQLite` file.
pub struct Database {
    durable: AnyPool,
    relaxed: AnyPool,
    readers: AnyPool,
    /// One writer at a time in this process: a queue in order of arrival, where `SQLite`'s own lock
    /// would let writers sleep and try again.
    writing: Arc<Mutex<()>>,
    bell: Bell,
}

/// A transaction that may write. Dropped without a commit, it leaves nothing behind.
///
/// It is kept in plain SQL: when the disk is full `SQLite` ends a transaction by itself, and a
/// transaction counted on our side would then never match the connection's again.
pub struct WriteTransaction {
    /// The connection, the only one of its pool, and this process's turn to write.
    open: Option<(PoolConnection<Any>, OwnedMutexGuard<()>)>,
}

impl Database {
    /// Opens the file and brings its schema up to date.
    pub async fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let unavailable = |error: sqlx::Error| at_opening(&options.path, error);
        // A pool tries to connect until its time is up; the first connection says at once what is
        // wrong.
        first_connection(options).await.map_err(unavailable)?;
        let durable = pool(options, 1, "FULL").await.map_err(unavailable)?;
        let bell = options
            .run_dir
            .as_deref()
            .map_or_else(Bell::silent, Bell::open);
        schema::migrate(&durable).await?;
        let relaxed = pool(options, 1, "NORMAL").await.map_err(unavailable)?;
        let readers = pool(options, options.readers.max(1), "NORMAL")
            .await
            .map_err(unavailable)?;
        Ok(Self {
            durable,
            relaxed,
            readers,
            writing: Arc::default(),
            bell,
        })
    }

    /// What wakes the workers of all processes on this file.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Connections for reading.
    pub fn readers(&self) -> &AnyPool {
        &self.readers
    }

    /// Begins a transaction that holds the write lock from its start.
    pub async fn write(&self, durability: Durability) -> Result<WriteTransaction, StoreError> {
        let turn = Arc::clone(&self.writing).lock_owned().await;
        let pool = match durability {
            Durability::Power => &self.durable,
            Durability::Process => &self.relaxed,
        };
        let mut transaction = WriteTransaction {
            open: Some((pool.acquire().await?, turn)),
        };
        transaction.connection().execute("BEGIN IMMEDIATE").await?;
        Ok(transaction)
    }

    /// Closes every connection; waits for those in use.
    pub async fn close(&self) {
        self.readers.close().await;
        self.relaxed.close().await;
        self.durable.close().await;
    }
}

impl WriteTransaction {
    /// The connection to write on.
    #[allow(
        clippy::missing_panics_doc,
        reason = "only `end` and `drop` take it, by value"
    )]
    pub fn connection(&mut self) -> &mut AnyConnection {
        let (connection, _) = self
            .open
            .as_mut()
            .expect("a transaction is open until it is dropped");
        connection
    }

    /// Makes everything written so far lasting.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.end("COMMIT").await
    }

    /// Undoes everything written so far.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, how: &'static str) -> Result<(), StoreError> {
        self.connection().execute(how).await?;
        self.open = None;
        Ok(())
    }
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        let Some((mut connection, turn)) = self.open.take() else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // No pool takes it back without a runtime; closing it undoes what was written.
            drop(connection.detach());
            return;
        };
        runtime.spawn(async move {
            if connection.execute("ROLLBACK").await.is_err() {
                // SQLite ended it already, or worse: a new connection knows where it stands.
                connection.close_on_drop();
            }
            drop(connection);
            drop(turn);
        });
    }
}

async fn first_connection(options: &SqliteOptions) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect_with(&connect_options(options)?).await?;
    connection
        .execute(AssertSqlSafe(pragmas(options, "FULL")))
        .await?;
    connection.close().await
}

async fn pool(
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

fn at_opening(path: &Path, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Other { why } => StoreError::Unavailable {
            path: path.display().to_string(),
            why,
        },
        known => known,
    }
}

// The primary result codes of https://www.sqlite.org/rescode.html; the extended ones hold them in
// their low byte.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let why = error.to_string();
        let code = match &error {
            sqlx::Error::PoolTimedOut => return Self::Busy,
            sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<i32>().ok()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return Self::Corrupt { why };
            }
            _ => None,
        };
        match code.map(|code| code & 0xff) {
            Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy,
            Some(SQLITE_READONLY) => Self::ReadOnly,
            Some(SQLITE_CORRUPT | SQLITE_NOTADB) => Self::Corrupt { why },
            Some(SQLITE_FULL) => Self::Full,
            _ => Self::Other { why },
        }
    }
}
