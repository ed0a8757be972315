//! Claims and changes: compare, transition, and write everything that follows, in one transaction.

use std::time::Duration;

use sqlx::{AnyConnection, Row};

use crate::job::{
    Attempt, IllegalTransition, JobEvent, JobId, LeaseChange, Reason, Stage, Status, transition,
};
use crate::store::records::{LEASE_MAX, OVERRUN_GRACE};
use crate::store::sql::database::{Database, Durability, WriteTransaction};
use crate::store::sql::reap::UNCLAIMED_MS_MAX;
use crate::store::sql::row::{self, JobRow};
use crate::store::sql::unsure::Unsure;
use crate::store::sql::{OUTBOX_BELL, outbox, pause};
use crate::store::{Job, Lease, LeaseHolder, Renewal, StoreError};
use crate::units::{FaxNumber, UnixMillis};

pub(super) async fn claim(
    database: &Database,
    id: JobId,
    stage: Stage,
    worker: &str,
    lease: Duration,
    now: UnixMillis,
) -> Result<Option<Lease>, StoreError> {
    let mut transaction = database.write(Durability::Process).await?;
    let mut row = JobRow::hold(&mut transaction, id).await?;
    if !may_claim(&row.job, stage, now)
        || pause::is_paused(&mut transaction, &row.job, stage).await?
        || is_number_busy(&mut transaction, &row.job, stage, now).await?
    {
        transaction.rollback().await?;
        return Ok(None);
    }
    let connection = transaction.connection();
    let event = JobEvent::Claimed {
        stage,
        worker: worker.to_owned(),
    };
    // The rules of a claim draw no chance.
    row.job.state = transition(&row.job.state, &event, now, 0.0)?.state;
    let until = now.plus(lease.min(LEASE_MAX));
    row.fence += 1;
    row.job.lease = Some(LeaseHolder {
        worker: worker.to_owned(),
        stage,
        until,
    });
    row::append_event(connection, &mut row.job, &event, now).await?;
    row.save(connection).await?;
    transaction.commit().await?;
    let JobRow { job, fence: token } = row;
    Ok(Some(Lease {
        job,
        stage,
        worker: worker.to_owned(),
        token,
        until,
    }))
}

fn may_claim(job: &Job, stage: Stage, now: UnixMillis) -> bool {
    let waits = job.state.claimable() == Some(stage);
    let free = job.lease.as_ref().is_none_or(|lease| {
        // Claimed for a call that never began: the next may have it without a verdict first.
        job.state.status == Status::Ready && lease.until <= now
    });
    waits && free && now < job.state.deadline_at
}

/// Whether another call to the same number is up, or about to be.
async fn is_number_busy(
    transaction: &mut WriteTransaction,
    job: &Job,
    stage: Stage,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let Some(number) = job.request.number().filter(|_| stage == Stage::Transmit) else {
        return Ok(false);
    };
    // Two jobs to one number must not both find it free.
    transaction.only_one(number.as_str()).await?;
    let busy = sqlx::query(
        "SELECT id FROM jobs WHERE number = $1 AND id <> $2 AND (status IN ('dialing', \
         'negotiating', 'sending') OR (status = 'ready' AND lease_until > $3)) LIMIT 1",
    )
    .bind(number.as_str())
    .bind(job.id.to_string())
    .bind(now.0)
    .fetch_optional(transaction.connection())
    .await?;
    Ok(busy.is_some())
}

pub(super) async fn renew(
    database: &Database,
    lease: &Lease,
    until: UnixMillis,
) -> Result<Renewal, StoreError> {
    let mut transaction = database.write(Durability::Process).await?;
    let row = still_held(JobRow::hold(&mut transaction, lease.job.id).await?, lease)?;
    let state = &row.job.state;
    // A worker that ignores being asked to stop must not renew for ever.
    if until
        > state
            .policy
            .overrun_at(state.deadline_at)
            .plus(OVERRUN_GRACE)
    {
        return Err(StoreError::LeaseLost { id: lease.job.id });
    }
    let cancel_requested = state.stop_requested();
    sqlx::query("UPDATE jobs SET lease_until = $1 WHERE id = $2")
        .bind(until.0)
        .bind(lease.job.id.to_string())
        .execute(transaction.connection())
        .await?;
    transaction.commit().await?;
    Ok(Renewal {
        until,
        cancel_requested,
    })
}

pub(super) async fn apply(
    database: &Database,
    unsure: &Unsure,
    lease: &Lease,
    event: JobEvent,
    now: UnixMillis,
    chance: f64,
) -> Result<Job, StoreError> {
    let mut transaction = database.write(durability(&event)).await?;
    let row = JobRow::hold(&mut transaction, lease.job.id).await?;
    if unsure
        .was_made(&mut transaction, &row.job, &event, now)
        .await?
    {
        transaction.rollback().await?;
        return Ok(row.job);
    }
    let row = still_held(row, lease)?;
    if !event.needs_lease() {
        return Err(refused(
            &row.job,
            &event,
            "it is not for the holder of a lease to say",
        ));
    }
    let job = change(transaction.connection(), row, &event, now, chance).await?;
    transaction.commit().await?;
    ring(database, &job);
    Ok(job)
}

pub(super) async fn apply_unleased(
    database: &Database,
    unsure: &Unsure,
    id: JobId,
    event: JobEvent,
    now: UnixMillis,
    chance: f64,
) -> Result<Job, StoreError> {
    let mut transaction = database.write(Durability::Power).await?;
    let row = JobRow::hold(&mut transaction, id).await?;
    if unsure
        .was_made(&mut transaction, &row.job, &event, now)
        .await?
    {
        transaction.rollback().await?;
        return Ok(row.job);
    }
    if event.needs_lease() {
        return Err(refused(
            &row.job,
            &event,
            "only the holder of its lease may report this",
        ));
    }
    if event == JobEvent::LeaseLost && !is_lost(&row.job, now) {
        return Err(refused(&row.job, &event, "its lease has not run out"));
    }
    let job = change(transaction.connection(), row, &event, now, chance).await?;
    transaction.commit().await?;
    ring(database, &job);
    Ok(job)
}

/// The job, if this lease still holds it.
fn still_held(row: JobRow, lease: &Lease) -> Result<JobRow, StoreError> {
    if row.fence == lease.token && row.job.lease.is_some() {
        return Ok(row);
    }
    Err(StoreError::LeaseLost { id: lease.job.id })
}

fn is_lost(job: &Job, now: UnixMillis) -> bool {
    if let Some(lease) = &job.lease {
        return lease.until <= now;
    }
    let unclaimed_ms = now.0.saturating_sub(job.updated_at.0);
    job.state.status == Status::Receiving && unclaimed_ms >= UNCLAIMED_MS_MAX
}

/// Makes the transition and writes everything that follows from it.
async fn change(
    connection: &mut AnyConnection,
    mut row: JobRow,
    event: &JobEvent,
    now: UnixMillis,
    chance: f64,
) -> Result<Job, StoreError> {
    let next = transition(&row.job.state, event, now, chance)?;
    let before = row.job.state.status;
    // A job that was ready may have been the one whose turn it was.
    let had_the_line = before.is_on_line() || before == Status::Ready;
    row.job.state = next.state;
    if next.lease == LeaseChange::End {
        row.job.lease = None;
    }
    row::append_event(connection, &mut row.job, event, now).await?;
    row.save(connection).await?;
    if let Some(stage) = next.wake {
        outbox::add(connection, stage, row.job.id, row.job.state.dials, now).await?;
    }
    let number = row.job.request.number();
    if let Some(attempt) = &next.attempt {
        row::save_attempt(connection, row.job.id, attempt).await?;
        if let Some(number) = number {
            note_destination(connection, number, attempt).await?;
        }
    }
    if let Some(number) = number.filter(|_| had_the_line && next.lease == LeaseChange::End) {
        wake_neighbour(connection, number, row.job.id).await?;
    }
    Ok(row.job)
}

/// The line to a number is free: wakes the job that has waited for it longest.
async fn wake_neighbour(
    connection: &mut AnyConnection,
    number: &FaxNumber,
    but: JobId,
) -> Result<(), StoreError> {
    let waiting = sqlx::query(
        "SELECT id, dials FROM jobs WHERE number = $1 AND status = 'ready' AND id <> $2 \
         AND lease_until IS NULL ORDER BY id LIMIT 1",
    )
    .bind(number.as_str())
    .bind(but.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(waiting) = waiting {
        let dials = waiting.try_get::<i64, _>(1)? as u32;
        outbox::add_only(connection, Stage::Transmit, row::id(&waiting)?, dials).await?;
    }
    Ok(())
}

/// Remembers what a call that ended says about its number.
async fn note_destination(
    connection: &mut AnyConnection,
    number: &FaxNumber,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    if attempt.ended_at.is_none() {
        return Ok(());
    }
    let sql = if attempt.answered_at.is_some() {
        "INSERT INTO destinations (number, invalid, reached) VALUES ($1, 0, 1) \
         ON CONFLICT (number) DO UPDATE SET invalid = 0, reached = 1"
    } else if attempt.reason == Some(Reason::NumberInvalid) {
        "INSERT INTO destinations (number, invalid, reached) VALUES ($1, 1, 0) \
         ON CONFLICT (number) DO UPDATE SET invalid = destinations.invalid + 1"
    } else {
        return Ok(());
    };
    sqlx::query(sql)
        .bind(number.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// What may be lost with the machine's power: only what the next worker does again anyway.
const fn durability(event: &JobEvent) -> Durability {
    match event {
        JobEvent::Progress { .. } | JobEvent::Ringing => Durability::Process,
        _ => Durability::Power,
    }
}

/// A change that ended a lease may have left wake-ups, for this job or for its neighbour.
fn ring(database: &Database, job: &Job) {
    if job.lease.is_none() {
        database.bell().ring(OUTBOX_BELL);
    }
}

fn refused(job: &Job, event: &JobEvent, why: &'static str) -> StoreError {
    IllegalTransition {
        status: job.state.status,
        event: event.name(),
        why,
    }
    .into()
}
