//! The job store in one `SQLite` file that several processes share.

mod apply;
mod bell;
mod database;
mod outbox;
mod read;
mod reap;
mod row;
mod schema;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use bell::{Bell, Ear, EarMark, Waited};
pub use database::{Database, Durability, SqliteOptions, WriteTransaction};

use crate::job::{Attempt, JobEvent, JobId, Stage};
use crate::store::{
    Destination, EventRecord, Job, JobFilter, JobPage, JobStore, Lease, NewJob, OutboxEntry,
    Renewal, StatusCount, StoreError, Submitted,
};
use crate::units::{FaxNumber, UnixMillis};

/// What rings when the outbox holds something new.
const OUTBOX_BELL: &str = "outbox";

/// A [`JobStore`] in one `SQLite` file.
pub struct SqliteStore {
    database: Arc<Database>,
    outbox_ear: Ear,
}

impl SqliteStore {
    /// Opens the store, and makes it or brings its schema up to date where needed.
    pub async fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self::new(Arc::new(Database::open(options).await?)))
    }

    /// A store in a database that is open already. Must be called in a Tokio runtime.
    pub fn new(database: Arc<Database>) -> Self {
        let outbox_ear = database.bell().listen(OUTBOX_BELL);
        Self {
            database,
            outbox_ear,
        }
    }

    /// The database, for an [`EmbeddedQueue`](crate::queue::EmbeddedQueue) in the same file.
    pub fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database)
    }
}

#[async_trait]
impl JobStore for SqliteStore {
    async fn submit(&self, job: NewJob) -> Result<Submitted, StoreError> {
        submit::submit(&self.database, job).await
    }

    async fn job(&self, id: JobId) -> Result<Job, StoreError> {
        read::job(&self.database, id).await
    }

    async fn events(
        &self,
        id: JobId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        read::events(&self.database, id, after, limit).await
    }

    async fn events_since(&self, cursor: i64, limit: u32) -> Result<Vec<EventRecord>, StoreError> {
        read::events_since(&self.database, cursor, limit).await
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<Attempt>, StoreError> {
        read::attempts(&self.database, id).await
    }

    async fn list(
        &self,
        filter: &JobFilter,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<JobPage, StoreError> {
        read::list(&self.database, filter, after, limit).await
    }

    async fn claim(
        &self,
        id: JobId,
        stage: Stage,
        worker: &str,
        lease: Duration,
        now: UnixMillis,
    ) -> Result<Option<Lease>, StoreError> {
        apply::claim(&self.database, id, stage, worker, lease, now).await
    }

    async fn renew(&self, lease: &Lease, until: UnixMillis) -> Result<Renewal, StoreError> {
        apply::renew(&self.database, lease, until).await
    }

    async fn apply(
        &self,
        lease: &Lease,
        event: JobEvent,
        now: UnixMillis,
        chance: f64,
    ) -> Result<Job, StoreError> {
        apply::apply(&self.database, lease, event, now, chance).await
    }

    async fn apply_unleased(
        &self,
        id: JobId,
        event: JobEvent,
        now: UnixMillis,
        chance: f64,
    ) -> Result<Job, StoreError> {
        apply::apply_unleased(&self.database, id, event, now, chance).await
    }

    async fn outbox_batch(&self, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        outbox::batch(&self.database, limit).await
    }

    async fn outbox_published(&self, ids: &[i64]) -> Result<(), StoreError> {
        outbox::published(&self.database, ids).await
    }

    async fn outbox_wait(&self, longest: Duration) {
        // The ear is marked before the look, so that a ring between look and wait is not missed.
        let mut mark = self.outbox_ear.mark();
        if outbox::is_empty(&self.database).await {
            mark.wait(longest).await;
        }
    }

    async fn expired_leases(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError> {
        reap::expired_leases(&self.database, now, limit).await
    }

    async fn past_deadline(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError> {
        reap::past_deadline(&self.database, now, limit).await
    }

    async fn due(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError> {
        reap::due(&self.database, now, limit).await
    }

    async fn stranded(
        &self,
        now: UnixMillis,
        quiet: Duration,
        limit: u32,
    ) -> Result<Vec<JobId>, StoreError> {
        reap::stranded(&self.database, now, quiet, limit).await
    }

    async fn wake(&self, ids: &[JobId], now: UnixMillis) -> Result<u32, StoreError> {
        reap::wake(&self.database, ids, now).await
    }

    async fn counts(&self) -> Result<Vec<StatusCount>, StoreError> {
        read::counts(&self.database).await
    }

    async fn destination(&self, number: &FaxNumber) -> Result<Destination, StoreError> {
        read::destination(&self.database, number).await
    }

    async fn clear_destination(&self, number: &FaxNumber) -> Result<(), StoreError> {
        submit::clear_destination(&self.database, number).await
    }
}
