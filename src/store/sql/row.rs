//! Rows as records, and records as rows.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::job::{Attempt, JobEvent, JobId, JobState, Stage};
use crate::store::sql::database::WriteTransaction;
use crate::store::{EventRecord, Job, LeaseHolder, StoreError};
use crate::units::UnixMillis;

/// A job with the token of its last claim.
pub(super) struct JobRow {
    pub(super) job: Job,
    pub(super) fence: i64,
}

/// The columns that [`JobRow::read`] reads.
macro_rules! job_columns {
    () => {
        "SELECT id, request, state, updated_at, last_seq, fence, lease_worker, lease_stage, \
         lease_until FROM jobs "
    };
}
pub(super) use job_columns;

impl JobRow {
    pub(super) async fn load(
        connection: &mut AnyConnection,
        id: JobId,
    ) -> Result<Self, StoreError> {
        sqlx::query(concat!(job_columns!(), "WHERE id = $1"))
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?
            .map_or(Err(StoreError::NotFound { id }), |row| Self::read(&row))
    }

    /// The job, which nobody else can change before the end of the transaction.
    pub(super) async fn hold(
        transaction: &mut WriteTransaction,
        id: JobId,
    ) -> Result<Self, StoreError> {
        let for_change = transaction.engine().for_change();
        let sql = format!("{}WHERE id = $1{for_change}", job_columns!());
        sqlx::query(AssertSqlSafe(sql))
            .bind(id.to_string())
            .fetch_optional(transaction.connection())
            .await?
            .map_or(Err(StoreError::NotFound { id }), |row| Self::read(&row))
    }

    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let worker: Option<String> = row.try_get(6)?;
        let stage: Option<String> = row.try_get(7)?;
        let until: Option<i64> = row.try_get(8)?;
        let lease = match (worker, stage, until) {
            (Some(worker), Some(stage), Some(until)) => Some(LeaseHolder {
                worker,
                stage: parsed(&stage)?,
                until: UnixMillis(until),
            }),
            _ => None,
        };
        let job = Job {
            id: parsed(row.try_get(0)?)?,
            request: from_json(row.try_get(1)?)?,
            state: from_json(row.try_get(2)?)?,
            updated_at: UnixMillis(row.try_get(3)?),
            last_seq: row.try_get::<i64, _>(4)?.unsigned_abs(),
            lease,
        };
        Ok(Self {
            job,
            fence: row.try_get(5)?,
        })
    }

    /// Writes everything that changes about a job.
    pub(super) async fn save(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let Job {
            id,
            state,
            updated_at,
            last_seq,
            lease,
            ..
        } = &self.job;
        sqlx::query(
            "UPDATE jobs SET status = $1, state = $2, dials = $3, updated_at = $4, last_seq = $5, \
             fence = $6, lease_worker = $7, lease_stage = $8, lease_until = $9, next_at = $10, \
             reap_at = $11, waits_for = $12 WHERE id = $13",
        )
        .bind(state.status.name())
        .bind(to_json(state)?)
        .bind(i64::from(state.dials))
        .bind(updated_at.0)
        .bind(*last_seq as i64)
        .bind(self.fence)
        .bind(lease.as_ref().map(|lease| lease.worker.clone()))
        .bind(lease.as_ref().map(|lease| lease.stage.name()))
        .bind(lease.as_ref().map(|lease| lease.until.0))
        .bind(state.next_at.map(|at| at.0))
        .bind(state.reap_at().map(|at| at.0))
        .bind(waits_for(state).map(Stage::name))
        .bind(id.to_string())
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// The stage whose queue wakes a worker for the job. Incoming calls are claimed by the worker that
/// answers them, and have no queue.
pub(super) fn waits_for(state: &JobState) -> Option<Stage> {
    state.claimable().filter(|stage| *stage != Stage::Receive)
}

/// Writes a job's next event, and counts it.
pub(super) async fn append_event(
    connection: &mut AnyConnection,
    job: &mut Job,
    event: &JobEvent,
    now: UnixMillis,
) -> Result<(), StoreError> {
    job.last_seq += 1;
    job.updated_at = now;
    sqlx::query("INSERT INTO events (job_id, seq, at, status, event) VALUES ($1, $2, $3, $4, $5)")
        .bind(job.id.to_string())
        .bind(job.last_seq as i64)
        .bind(now.0)
        .bind(job.state.status.name())
        .bind(to_json(event)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes the record of a call, unless it has ended already.
pub(super) async fn save_attempt(
    connection: &mut AnyConnection,
    id: JobId,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO attempts (job_id, number, ended_at, record) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (job_id, number) DO UPDATE \
         SET ended_at = excluded.ended_at, record = excluded.record \
         WHERE attempts.ended_at IS NULL",
    )
    .bind(id.to_string())
    .bind(i64::from(attempt.number))
    .bind(attempt.ended_at.map(|at| at.0))
    .bind(to_json(attempt)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// The columns that [`event`] reads.
macro_rules! event_columns {
    () => {
        "SELECT cursor, job_id, seq, at, status, event FROM events "
    };
}
pub(super) use event_columns;

pub(super) fn event(row: &AnyRow) -> Result<EventRecord, StoreError> {
    Ok(EventRecord {
        cursor: row.try_get(0)?,
        job_id: parsed(row.try_get(1)?)?,
        seq: row.try_get::<i64, _>(2)?.unsigned_abs(),
        at: UnixMillis(row.try_get(3)?),
        status: parsed(row.try_get(4)?)?,
        event: from_json(row.try_get(5)?)?,
    })
}

pub(super) fn id(row: &AnyRow) -> Result<JobId, StoreError> {
    parsed(row.try_get(0)?)
}

pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error: T::Err| StoreError::Corrupt {
        why: error.to_string(),
    })
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt {
        why: error.to_string(),
    })
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Other {
        why: error.to_string(),
    })
}
