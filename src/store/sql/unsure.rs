//! Changes of which nobody knows whether they were committed: the connection broke before the
//! database's answer came.
//!
//! Told again, such a change must be recognised and not made twice. It is, by what it left behind:
//! the job it made, or the event it wrote at its moment.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sqlx::Row;

use crate::job::{JobEvent, JobId};
use crate::store::sql::database::WriteTransaction;
use crate::store::sql::row;
use crate::store::{Job, StoreError};
use crate::units::UnixMillis;

/// Events of a job that may have come between a change and its repetition.
const EVENTS_BETWEEN: i64 = 16;

/// The jobs of which a change is in doubt.
#[derive(Default)]
pub(super) struct Unsure {
    jobs: Mutex<HashSet<JobId>>,
}

impl Unsure {
    /// Takes note of how a change of a job went.
    pub(super) fn note<T>(&self, id: JobId, outcome: &Result<T, StoreError>) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Err(StoreError::Unreachable { .. }) => jobs.insert(id),
            _ => jobs.remove(&id),
        };
    }

    pub(super) fn about(&self, id: JobId) -> bool {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.contains(&id)
    }

    /// Whether the change that is told again was made the first time. The transaction must hold
    /// the job: the first change may be about to be committed.
    pub(super) async fn was_made(
        &self,
        transaction: &mut WriteTransaction,
        job: &Job,
        event: &JobEvent,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        if !self.about(job.id) {
            return Ok(false);
        }
        let sql = "SELECT COUNT(*) FROM events \
                   WHERE job_id = $1 AND seq > $2 AND at = $3 AND event = $4";
        let found = sqlx::query(sql)
            .bind(job.id.to_string())
            .bind(job.last_seq as i64 - EVENTS_BETWEEN)
            .bind(at.0)
            .bind(row::to_json(event)?)
            .fetch_one(transaction.connection())
            .await?;
        Ok(found.try_get::<i64, _>(0)? > 0)
    }
}
