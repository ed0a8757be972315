//! The job store in an SQL database that several processes share: a `SQLite` file, or
//! `PostgreSQL`.

mod apply;
mod bell;
mod database;
mod engine;
mod fault;
mod folder_bell;
mod outbox;
mod pause;
mod postgres;
mod postgres_bell;
mod read;
mod reap;
mod row;
mod schema;
mod sqlite;
mod submit;
mod unsure;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use bell::{Bell, Ear, EarMark, Waited};
pub use database::{Database, Durability, LoneStatement, WriteTransaction};
pub use engine::Engine;
pub use postgres::PostgresOptions;
pub use sqlite::SqliteOptions;

use crate::job::{Attempt, JobEvent, JobId, Stage};
use crate::store::{
    Destination, EventRecord, Job, JobFilter, JobPage, JobStore, Lease, NewJob, OutboxEntry, Pause,
    PauseScope, Renewal, StatusCount, StoreError, Submitted, Waiting,
};
use crate::units::{FaxNumber, UnixMillis};
use unsure::Unsure;

/// What rings when the outbox holds something new.
const OUTBOX_BELL: &str = "outbox";

/// A [`JobStore`] in an SQL database.
pub struct SqlStore {
    database: Arc<Database>,
    outbox_ear: Ear,
    unsure: Unsure,
}

impl SqlStore {
    /// Opens a store in a `SQLite` file, and makes it or brings its schema up to date where needed.
    pub async fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self::new(Arc::new(Database::open_sqlite(options).await?)))
    }

    /// Opens a store in a `PostgreSQL` database, and brings its schema up to date where needed.
    pub async fn open_postgres(options: &PostgresOptions) -> Result<Self, StoreError> {
        Ok(Self::new(Arc::new(Database::open_postgres(options).await?)))
    }

    /// A store in a database that is open already. Must be called in a Tokio runtime.
    pub fn new(database: Arc<Database>) -> Self {
        let outbox_ear = database.bell().listen(OUTBOX_BELL);
        Self {
            database,
            outbox_ear,
            unsure: Unsure::default(),
        }
    }

    /// The database, for an [`EmbeddedQueue`](crate::queue::EmbeddedQueue) in the same file.
    pub fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database)
    }
}

#[async_trait]
impl JobStore for SqlStore {
    async fn submit(&self, job: NewJob) -> Result<Submitted, StoreError> {
        let (database, unsure) = (&self.database, &self.unsure);
        let id = job.id;
        let submitting = || submit::submit(database, unsure, job.clone());
        let mut outcome = database.bounded(submitting()).await;
        if matches!(outcome, Err(StoreError::Unreachable { .. })) {
            // Whoever submits without an idempotency key cannot ask again, but we can.
            unsure.note(id, &outcome);
            outcome = database.bounded(submitting()).await;
        }
        unsure.note(id, &outcome);
        outcome
    }

    async fn job(&self, id: JobId) -> Result<Job, StoreError> {
        let database = &self.database;
        database.bounded(read::job(database, id)).await
    }

    async fn events(
        &self,
        id: JobId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let database = &self.database;
        database
            .bounded(read::events(database, id, after, limit))
            .await
    }

    async fn events_since(&self, cursor: i64, limit: u32) -> Result<Vec<EventRecord>, StoreError> {
        let database = &self.database;
        database
            .bounded(read::events_since(database, cursor, limit))
            .await
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<Attempt>, StoreError> {
        let database = &self.database;
        database.bounded(read::attempts(database, id)).await
    }

    async fn list(
        &self,
        filter: &JobFilter,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<JobPage, StoreError> {
        let database = &self.database;
        database
            .bounded(read::list(database, filter, after, limit))
            .await
    }

    async fn claim(
        &self,
        id: JobId,
        stage: Stage,
        worker: &str,
        lease: Duration,
        now: UnixMillis,
    ) -> Result<Option<Lease>, StoreError> {
        let database = &self.database;
        database
            .bounded(apply::claim(database, id, stage, worker, lease, now))
            .await
    }

    async fn renew(&self, lease: &Lease, until: UnixMillis) -> Result<Renewal, StoreError> {
        let database = &self.database;
        database.bounded(apply::renew(database, lease, until)).await
    }

    async fn apply(
        &self,
        lease: &Lease,
        event: JobEvent,
        now: UnixMillis,
        chance: f64,
    ) -> Result<Job, StoreError> {
        let (database, unsure) = (&self.database, &self.unsure);
        let applying = apply::apply(database, unsure, lease, event, now, chance);
        let outcome = database.bounded(applying).await;
        unsure.note(lease.job.id, &outcome);
        outcome
    }

    async fn apply_unleased(
        &self,
        id: JobId,
        event: JobEvent,
        now: UnixMillis,
        chance: f64,
    ) -> Result<Job, StoreError> {
        let (database, unsure) = (&self.database, &self.unsure);
        let applying = apply::apply_unleased(database, unsure, id, event, now, chance);
        let outcome = database.bounded(applying).await;
        unsure.note(id, &outcome);
        outcome
    }

    async fn outbox_batch(&self, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        let database = &self.database;
        database.bounded(outbox::batch(database, limit)).await
    }

    async fn outbox_published(&self, ids: &[i64]) -> Result<(), StoreError> {
        let database = &self.database;
        database.bounded(outbox::published(database, ids)).await
    }

    async fn outbox_wait(&self, longest: Duration) {
        // The ear is marked before the look, so that a ring between look and wait is not missed.
        let mut mark = self.outbox_ear.mark();
        if outbox::is_empty(&self.database).await {
            mark.wait(longest).await;
        }
    }

    async fn expired_leases(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError> {
        let database = &self.database;
        database
            .bounded(reap::expired_leases(database, now, limit))
            .await
    }

    async fn past_deadline(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError> {
        let database = &self.database;
        database
            .bounded(reap::past_deadline(database, now, limit))
            .await
    }

    async fn due(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError> {
        let database = &self.database;
        database.bounded(reap::due(database, now, limit)).await
    }

    async fn stranded(
        &self,
        stage: Stage,
        now: UnixMillis,
        quiet: Duration,
        limit: u32,
    ) -> Result<Vec<JobId>, StoreError> {
        let database = &self.database;
        database
            .bounded(reap::stranded(database, stage, now, quiet, limit))
            .await
    }

    async fn wake(&self, ids: &[JobId], now: UnixMillis) -> Result<u32, StoreError> {
        let database = &self.database;
        database.bounded(reap::wake(database, ids, now)).await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        let database = &self.database;
        database.bounded(read::waiting(database)).await
    }

    async fn counts(&self) -> Result<Vec<StatusCount>, StoreError> {
        let database = &self.database;
        database.bounded(read::counts(database)).await
    }

    async fn pause(
        &self,
        scope: &PauseScope,
        why: &str,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let database = &self.database;
        database
            .bounded(pause::pause(database, scope, why, now))
            .await
    }

    async fn resume(&self, scope: &PauseScope) -> Result<bool, StoreError> {
        let database = &self.database;
        database.bounded(pause::resume(database, scope)).await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, StoreError> {
        let database = &self.database;
        database.bounded(pause::pauses(database)).await
    }

    async fn destination(&self, number: &FaxNumber) -> Result<Destination, StoreError> {
        let database = &self.database;
        database.bounded(read::destination(database, number)).await
    }

    async fn clear_destination(&self, number: &FaxNumber) -> Result<(), StoreError> {
        let database = &self.database;
        database
            .bounded(submit::clear_destination(database, number))
            .await
    }
}
