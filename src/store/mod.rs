//! Where jobs live: the job row is the truth, everything else is a wake-up.
//!
//! A worker holds a job by a *lease*: a claim with an end and a fencing token. Every change is a
//! compare-and-set on that token in one transaction with its event, its attempt and the wake-up of
//! the next stage, so a late or doubled worker changes nothing. [`conformance`] is what every
//! backend must pass.

pub mod conformance;
mod error;
mod pause;
mod records;
pub mod sql;

use std::time::Duration;

use async_trait::async_trait;

pub use error::StoreError;
pub use pause::{Pause, PauseScope, PauseScopeError};
pub use records::{
    Destination, EventRecord, Idempotency, Job, JobFilter, JobPage, Lease, LeaseHolder, NewJob,
    OutboxEntry, Renewal, StatusCount, Submitted, Waiting,
};
pub use sql::SqlStore;

use crate::job::{Attempt, JobEvent, JobId, Stage};
use crate::units::{FaxNumber, UnixMillis};

/// A store of jobs that several processes use at once.
///
/// It reads no clock and draws no chance: `now` and `chance` (0..1) come from the caller.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Accepts a job: its row, its first event and the wake-up of its first stage are durable when
    /// this returns. A request under a known idempotency key gives the job it made the first time.
    async fn submit(&self, job: NewJob) -> Result<Submitted, StoreError>;

    /// One job.
    async fn job(&self, id: JobId) -> Result<Job, StoreError>;

    /// A job's events with a sequence number above `after`, oldest first.
    async fn events(
        &self,
        id: JobId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError>;

    /// Events of all jobs with a cursor above this one, oldest first.
    async fn events_since(&self, cursor: i64, limit: u32) -> Result<Vec<EventRecord>, StoreError>;

    /// A fax job's calls, first one first.
    async fn attempts(&self, id: JobId) -> Result<Vec<Attempt>, StoreError>;

    /// Jobs that match, newest first, beginning after the job `after`.
    async fn list(
        &self,
        filter: &JobFilter,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<JobPage, StoreError>;

    /// Takes a job for a stage, unless it does not wait for this stage, somebody else has it, its
    /// deadline has passed, or another call to the same number is up.
    ///
    /// A job refused for its number is woken again when that call ends.
    async fn claim(
        &self,
        id: JobId,
        stage: Stage,
        worker: &str,
        lease: Duration,
        now: UnixMillis,
    ) -> Result<Option<Lease>, StoreError>;

    /// Prolongs a lease to `until`, and says whether the worker is to stop.
    async fn renew(&self, lease: &Lease, until: UnixMillis) -> Result<Renewal, StoreError>;

    /// Applies what the holder of a lease reports.
    async fn apply(
        &self,
        lease: &Lease,
        event: JobEvent,
        now: UnixMillis,
        chance: f64,
    ) -> Result<Job, StoreError>;

    /// Applies what the reaper or a person reports: an event that needs no lease.
    async fn apply_unleased(
        &self,
        id: JobId,
        event: JobEvent,
        now: UnixMillis,
        chance: f64,
    ) -> Result<Job, StoreError>;

    /// Gives a job back unharmed, before a call for it was answered.
    async fn release(&self, lease: &Lease, now: UnixMillis) -> Result<Job, StoreError> {
        self.apply(lease, JobEvent::HandedBack, now, 0.0).await
    }

    /// Wake-ups that were not published yet, oldest first.
    async fn outbox_batch(&self, limit: u32) -> Result<Vec<OutboxEntry>, StoreError>;

    /// Forgets wake-ups that the queue has confirmed.
    async fn outbox_published(&self, ids: &[i64]) -> Result<(), StoreError>;

    /// Waits until the outbox may hold something new, at most this long.
    async fn outbox_wait(&self, longest: Duration);

    /// Jobs whose worker stopped renewing: each is due a [`JobEvent::LeaseLost`].
    async fn expired_leases(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError>;

    /// Jobs past their deadline: each is due a [`JobEvent::DeadlinePassed`].
    async fn past_deadline(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError>;

    /// Jobs whose moment has come: each is due a [`JobEvent::DueReached`].
    async fn due(&self, now: UnixMillis, limit: u32) -> Result<Vec<JobId>, StoreError>;

    /// Jobs that wait for a stage and were last woken longer than `quiet` ago: their message may
    /// be lost, so each is due a [`JobStore::wake`].
    async fn stranded(
        &self,
        stage: Stage,
        now: UnixMillis,
        quiet: Duration,
        limit: u32,
    ) -> Result<Vec<JobId>, StoreError>;

    /// Writes another wake-up for each of these jobs that still waits for a worker.
    async fn wake(&self, ids: &[JobId], now: UnixMillis) -> Result<u32, StoreError>;

    /// What waits for a worker, stage by stage; a stage that nothing waits for is left out.
    async fn waiting(&self) -> Result<Vec<Waiting>, StoreError>;

    /// How many jobs there are in each status.
    async fn counts(&self) -> Result<Vec<StatusCount>, StoreError>;

    /// Holds work back: nothing of the scope is claimed until it is resumed.
    async fn pause(&self, scope: &PauseScope, why: &str, now: UnixMillis)
    -> Result<(), StoreError>;

    /// Lets work go on, and wakes what waited; false where it was not paused.
    async fn resume(&self, scope: &PauseScope) -> Result<bool, StoreError>;

    /// What is held back.
    async fn pauses(&self) -> Result<Vec<Pause>, StoreError>;

    /// What is known of a number.
    async fn destination(&self, number: &FaxNumber) -> Result<Destination, StoreError>;

    /// Lets a number be dialed again that was refused as invalid.
    async fn clear_destination(&self, number: &FaxNumber) -> Result<(), StoreError>;
}
