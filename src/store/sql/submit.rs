//! Accepting a job: one transaction, or nothing.

use sqlx::{AnyConnection, Row};

use crate::job::{JobEvent, JobId, JobState, RequestError, Stage};
use crate::store::sql::database::{Database, Durability};
use crate::store::sql::row::{self, JobRow};
use crate::store::sql::unsure::Unsure;
use crate::store::sql::{OUTBOX_BELL, outbox, read};
use crate::store::{Idempotency, Job, NewJob, StoreError, Submitted};
use crate::units::FaxNumber;

pub(super) async fn submit(
    database: &Database,
    unsure: &Unsure,
    new: NewJob,
) -> Result<Submitted, StoreError> {
    new.request.check()?;
    if let Some(idempotency) = &new.idempotency {
        check_key(idempotency)?;
    }
    let mut transaction = database.write(Durability::Power).await?;
    if let Some(idempotency) = &new.idempotency {
        // A request that is repeated while the first one is being written waits for it.
        transaction.only_one(&idempotency.key).await?;
    }
    let connection = transaction.connection();
    if let Some(idempotency) = &new.idempotency
        && let Some(id) = known(connection, idempotency).await?
    {
        let existing = JobRow::load(connection, id).await?.job;
        transaction.rollback().await?;
        return Ok(Submitted::Existing(existing));
    }
    if let Some(number) = new.request.number() {
        refuse_invalid(connection, number).await?;
    }
    let id = new.id;
    let job = match insert(connection, new).await {
        Err(StoreError::Duplicate { .. }) if unsure.about(id) => {
            // It was accepted the first time, and only the answer was lost.
            transaction.rollback().await?;
            return read::job(database, id).await.map(Submitted::Created);
        }
        inserted => inserted?,
    };
    transaction.commit().await?;
    database.bell().ring(OUTBOX_BELL);
    Ok(Submitted::Created(job))
}

fn check_key(idempotency: &Idempotency) -> Result<(), RequestError> {
    let bytes = idempotency.key.len();
    if (1..=Idempotency::KEY_BYTES_MAX).contains(&bytes) {
        return Ok(());
    }
    Err(RequestError::OutOfRange {
        field: "the length of the idempotency key",
        value: bytes as u64,
        max: Idempotency::KEY_BYTES_MAX as u64,
    })
}

async fn known(
    connection: &mut AnyConnection,
    idempotency: &Idempotency,
) -> Result<Option<JobId>, StoreError> {
    let row = sqlx::query("SELECT body_hash, job_id FROM idempotency_keys WHERE name = $1")
        .bind(&idempotency.key)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<String, _>(0)? != idempotency.body_hash {
        return Err(StoreError::Conflict);
    }
    row::parsed(row.try_get(1)?).map(Some)
}

async fn refuse_invalid(
    connection: &mut AnyConnection,
    number: &FaxNumber,
) -> Result<(), StoreError> {
    if read::destination_in(connection, number).await?.is_refused() {
        return Err(StoreError::NumberRefused {
            last_four: number.last_four().to_owned(),
        });
    }
    Ok(())
}

async fn insert(connection: &mut AnyConnection, new: NewJob) -> Result<Job, StoreError> {
    let NewJob {
        id,
        request,
        policy,
        idempotency,
        now,
    } = new;
    let state = JobState::new(&request, policy, now);
    let waits_for = row::waits_for(&state);
    let inserted = sqlx::query(
        "INSERT INTO jobs (id, kind, status, number, request, state, dials, created_at, \
         updated_at, last_seq, fence, next_at, reap_at, waits_for, woken_at, tenant) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7, 1, 0, $8, $9, $10, $7, $11)",
    )
    .bind(id.to_string())
    .bind(state.kind.name())
    .bind(state.status.name())
    .bind(request.number().map(|number| number.as_str().to_owned()))
    .bind(row::to_json(&request)?)
    .bind(row::to_json(&state)?)
    .bind(now.0)
    .bind(state.next_at.map(|at| at.0))
    .bind(state.reap_at().map(|at| at.0))
    .bind(waits_for.map(Stage::name))
    .bind(request.tenant().map(str::to_owned))
    .execute(&mut *connection)
    .await;
    match inserted {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(StoreError::Duplicate { id });
        }
        other => other?,
    };
    let mut job = Job {
        id,
        request,
        state,
        updated_at: now,
        last_seq: 0,
        lease: None,
    };
    // The first event: the row above has counted it.
    row::append_event(connection, &mut job, &JobEvent::Submitted, now).await?;
    if let Some(stage) = waits_for {
        outbox::add_only(connection, stage, id, 0).await?;
    }
    if let Some(Idempotency { key, body_hash }) = idempotency {
        sqlx::query(
            "INSERT INTO idempotency_keys (name, body_hash, job_id, created_at) \
             VALUES ($1, $2, $3, $4)",
        )
        .bind(key)
        .bind(body_hash)
        .bind(id.to_string())
        .bind(now.0)
        .execute(connection)
        .await?;
    }
    Ok(job)
}

pub(super) async fn clear_destination(
    database: &Database,
    number: &FaxNumber,
) -> Result<(), StoreError> {
    let mut transaction = database.write(Durability::Power).await?;
    sqlx::query("DELETE FROM destinations WHERE number = $1")
        .bind(number.as_str())
        .execute(transaction.connection())
        .await?;
    transaction.commit().await
}
