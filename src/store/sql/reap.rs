//! What the reaper looks for, and how it wakes what was forgotten.

use std::time::Duration;

use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

use crate::job::{JobId, Stage};
use crate::store::StoreError;
use crate::store::sql::database::{Database, Durability};
use crate::store::sql::row::{self, JobRow};
use crate::store::sql::{OUTBOX_BELL, outbox};
use crate::units::UnixMillis;

/// How long an incoming call may go unclaimed by the worker that reported it.
pub(super) const UNCLAIMED_MS_MAX: i64 = 60_000;

pub(super) async fn expired_leases(
    database: &Database,
    now: UnixMillis,
    limit: u32,
) -> Result<Vec<JobId>, StoreError> {
    let leases = "SELECT id FROM jobs WHERE lease_until <= $1 ORDER BY lease_until LIMIT $2";
    let mut lost = ids(
        database,
        sqlx::query(leases).bind(now.0).bind(i64::from(limit)),
    )
    .await?;
    let unclaimed = "SELECT id FROM jobs WHERE kind = 'received_fax' AND status = 'receiving' \
                     AND lease_until IS NULL AND updated_at <= $1 LIMIT $2";
    let before = now.0.saturating_sub(UNCLAIMED_MS_MAX);
    let room = i64::from(limit) - lost.len() as i64;
    lost.extend(ids(database, sqlx::query(unclaimed).bind(before).bind(room)).await?);
    Ok(lost)
}

pub(super) async fn past_deadline(
    database: &Database,
    now: UnixMillis,
    limit: u32,
) -> Result<Vec<JobId>, StoreError> {
    let sql = "SELECT id FROM jobs WHERE reap_at <= $1 ORDER BY reap_at LIMIT $2";
    ids(
        database,
        sqlx::query(sql).bind(now.0).bind(i64::from(limit)),
    )
    .await
}

pub(super) async fn due(
    database: &Database,
    now: UnixMillis,
    limit: u32,
) -> Result<Vec<JobId>, StoreError> {
    let sql = "SELECT id FROM jobs WHERE next_at <= $1 ORDER BY next_at LIMIT $2";
    ids(
        database,
        sqlx::query(sql).bind(now.0).bind(i64::from(limit)),
    )
    .await
}

pub(super) async fn stranded(
    database: &Database,
    stage: Stage,
    now: UnixMillis,
    quiet: Duration,
    limit: u32,
) -> Result<Vec<JobId>, StoreError> {
    let before = now
        .0
        .saturating_sub(i64::try_from(quiet.as_millis()).unwrap_or(i64::MAX));
    let sql = "SELECT id FROM jobs WHERE waits_for = $1 AND woken_at <= $2 \
               AND (lease_until IS NULL OR lease_until <= $3) ORDER BY woken_at LIMIT $4";
    ids(
        database,
        sqlx::query(sql)
            .bind(stage.name())
            .bind(before)
            .bind(now.0)
            .bind(i64::from(limit)),
    )
    .await
}

pub(super) async fn wake(
    database: &Database,
    ids: &[JobId],
    now: UnixMillis,
) -> Result<u32, StoreError> {
    let mut woken = 0;
    let mut transaction = database.write(Durability::Process).await?;
    for id in ids {
        let state = match JobRow::hold(&mut transaction, *id).await {
            Ok(row) => row.job.state,
            Err(StoreError::NotFound { .. }) => continue,
            Err(error) => return Err(error),
        };
        if let Some(stage) = row::waits_for(&state) {
            outbox::add(transaction.connection(), stage, *id, state.dials, now).await?;
            woken += 1;
        }
    }
    transaction.commit().await?;
    database.bell().ring(OUTBOX_BELL);
    Ok(woken)
}

async fn ids(
    database: &Database,
    query: Query<'_, Any, AnyArguments>,
) -> Result<Vec<JobId>, StoreError> {
    let rows = query.fetch_all(&database.readers()).await?;
    rows.iter().map(row::id).collect()
}
