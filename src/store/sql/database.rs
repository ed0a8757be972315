//! An open database: who may write when, and what a commit survives.
//!
//! In `SQLite` two connections write: one waits for the disk at every commit, the other does not.
//! What a person or a far end was told (a job accepted, a call placed, a page confirmed) is
//! committed by the first and survives a power failure: after one, a fax that was answered must not
//! look as if it never had been dialed. What only concerns workers that die with the machine
//! (claims, renewals, queue messages) is committed by the second; the reaper repairs the loss of
//! it. Neither loses anything when a process is killed.
//!
//! In `PostgreSQL` workers outlive the database's machine, so every commit waits for the disk
//! there: a claim that was forgotten would give its fencing token to a second worker.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::store::StoreError;
use crate::store::sql::bell::Bell;
use crate::store::sql::engine::Engine;
use crate::store::sql::postgres::PostgresOptions;
use crate::store::sql::sqlite::SqliteOptions;
use crate::store::sql::{postgres, postgres_bell, schema, sqlite};

/// How long undoing an abandoned transaction may take before its connection is given up.
const ROLLBACK_PATIENCE: Duration = Duration::from_secs(5);

/// What a commit must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power failure.
    Power,
    /// The death of the process.
    Process,
}

/// An open database.
pub struct Database {
    engine: Engine,
    /// Replaced when the network has swallowed the connections.
    pools: RwLock<Arc<Pools>>,
    postgres: Option<PostgresOptions>,
    /// One writer at a time in this process where the engine has but one: a queue in order of
    /// arrival, where `SQLite`'s own lock would let writers sleep and try again.
    writing: Option<Arc<Mutex<()>>>,
    bell: Bell,
}

struct Pools {
    durable: AnyPool,
    relaxed: AnyPool,
    readers: AnyPool,
}

/// A transaction that may write. Dropped without a commit, it leaves nothing behind.
///
/// It is kept in plain SQL: when the disk is full `SQLite` ends a transaction by itself, and a
/// transaction counted on our side would then never match the connection's again.
pub struct WriteTransaction {
    engine: Engine,
    /// The connection, and this process's turn to write where it needs one.
    open: Option<(PoolConnection<Any>, Option<OwnedMutexGuard<()>>)>,
}

/// A connection for one statement.
pub struct LoneStatement {
    connection: PoolConnection<Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl LoneStatement {
    /// The connection to run it on.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Database {
    /// Opens a `SQLite` file and brings its schema up to date.
    pub async fn open_sqlite(options: &SqliteOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let unavailable = |error: sqlx::Error| at_opening(path(&options.path), error);
        sqlite::probe(options).await.map_err(unavailable)?;
        let durable = sqlite::pool(options, 1, "FULL")
            .await
            .map_err(unavailable)?;
        let bell = options
            .run_dir
            .as_deref()
            .map_or_else(Bell::silent, Bell::open);
        schema::migrate(&durable, Engine::Sqlite).await?;
        let relaxed = sqlite::pool(options, 1, "NORMAL")
            .await
            .map_err(unavailable)?;
        let readers = sqlite::pool(options, options.readers.max(1), "NORMAL")
            .await
            .map_err(unavailable)?;
        let pools = Pools {
            durable,
            relaxed,
            readers,
        };
        Ok(Self {
            engine: Engine::Sqlite,
            pools: RwLock::new(Arc::new(pools)),
            postgres: None,
            writing: Some(Arc::default()),
            bell,
        })
    }

    /// Connects to a `PostgreSQL` database and brings its schema up to date.
    pub async fn open_postgres(options: &PostgresOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let unavailable = |error: sqlx::Error| match at_opening(options.place(), error) {
            StoreError::Busy => StoreError::Unavailable {
                path: options.place(),
                why: "it did not answer in time".to_owned(),
            },
            known => known,
        };
        postgres::probe(options).await.map_err(unavailable)?;
        let pools = postgres_pools(options).map_err(unavailable)?;
        schema::migrate(&pools.durable, Engine::Postgres).await?;
        Ok(Self {
            engine: Engine::Postgres,
            bell: postgres_bell::open(options, pools.readers.clone()),
            pools: RwLock::new(Arc::new(pools)),
            postgres: Some(options.clone()),
            writing: None,
        })
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What wakes the workers of all processes on this database.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Connections for reading.
    pub fn readers(&self) -> AnyPool {
        self.pools().readers.clone()
    }

    /// Begins a transaction that may write, and is alone as far as its engine needs it to be.
    pub async fn write(&self, durability: Durability) -> Result<WriteTransaction, StoreError> {
        let turn = self.turn().await;
        let pool = self.writers(durability);
        self.begin(&pool, turn, self.engine.begin()).await
    }

    /// A connection for one statement that is a transaction by itself.
    pub async fn statement(&self, durability: Durability) -> Result<LoneStatement, StoreError> {
        let turn = self.turn().await;
        let connection = self.writers(durability).acquire().await?;
        Ok(LoneStatement {
            connection,
            _turn: turn,
        })
    }

    /// This process's turn to write, where it needs one.
    async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        let writing = self.writing.as_ref()?;
        Some(Arc::clone(writing).lock_owned().await)
    }

    fn writers(&self, durability: Durability) -> AnyPool {
        let pools = self.pools();
        match durability {
            Durability::Power => pools.durable.clone(),
            Durability::Process => pools.relaxed.clone(),
        }
    }

    /// Begins a transaction that reads events in the order of their cursors, with none to come
    /// between; `None` where any connection does.
    pub(super) async fn after_writers(&self) -> Result<Option<WriteTransaction>, StoreError> {
        let Some(begin) = self.engine.begin_after_writers() else {
            return Ok(None);
        };
        let transaction = self.begin(&self.pools().durable, None, begin).await?;
        Ok(Some(transaction))
    }

    async fn begin(
        &self,
        pool: &AnyPool,
        turn: Option<OwnedMutexGuard<()>>,
        begin: String,
    ) -> Result<WriteTransaction, StoreError> {
        let mut transaction = WriteTransaction {
            engine: self.engine,
            open: Some((pool.acquire().await?, turn)),
        };
        let connection = transaction.connection();
        connection.execute(AssertSqlSafe(begin)).await?;
        Ok(transaction)
    }

    /// Lets an operation take no longer than the network deserves.
    ///
    /// What was swallowed by the network never answers: after a while its connections are left to
    /// themselves and new ones are made.
    pub(super) async fn bounded<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let Some(options) = &self.postgres else {
            return operation.await;
        };
        let before = self.pools();
        let Ok(outcome) = tokio::time::timeout(options.patience, operation).await else {
            let why = format!("{} did not answer", options.place());
            self.replace(&before, options);
            return Err(StoreError::Unreachable { why });
        };
        outcome
    }

    /// New connections for those that nobody has replaced meanwhile.
    fn replace(&self, silent: &Arc<Pools>, options: &PostgresOptions) {
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&pools, silent) {
            return;
        }
        match postgres_pools(options) {
            Ok(new) => *pools = Arc::new(new),
            Err(error) => tracing::error!(%error, "no new connections to the job store"),
        }
    }

    fn pools(&self) -> Arc<Pools> {
        Arc::clone(&self.pools.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Closes every connection; waits for those in use.
    pub async fn close(&self) {
        let pools = self.pools();
        pools.readers.close().await;
        pools.relaxed.close().await;
        pools.durable.close().await;
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

    /// Which engine it is.
    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    /// Waits until no other transaction holds this name, and holds it to the end of this one.
    pub(super) async fn only_one(&mut self, name: &str) -> Result<(), StoreError> {
        if let Some(sql) = self.engine.only_one() {
            let query = sqlx::query(sql).bind(name.to_owned());
            query.execute(self.connection()).await?;
        }
        Ok(())
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
            let undone = tokio::time::timeout(ROLLBACK_PATIENCE, connection.execute("ROLLBACK"));
            match undone.await {
                Ok(Ok(_)) => drop(connection),
                // SQLite ended it already, or worse: a new connection knows where it stands.
                Ok(Err(_)) => connection.close_on_drop(),
                // Nobody waits for what the network has swallowed.
                Err(_elapsed) => drop(connection.detach()),
            }
            drop(turn);
        });
    }
}

fn postgres_pools(options: &PostgresOptions) -> Result<Pools, sqlx::Error> {
    let durable = postgres::pool(options, options.writers)?;
    Ok(Pools {
        relaxed: durable.clone(),
        durable,
        readers: postgres::pool(options, options.readers)?,
    })
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn at_opening(place: String, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Other { why } | StoreError::Unreachable { why } => {
            StoreError::Unavailable { path: place, why }
        }
        known => known,
    }
}
