//! Wake-ups that are as durable as the change that caused them, until a queue has them.

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::job::{JobId, Stage};
use crate::store::sql::database::{Database, Durability};
use crate::store::sql::row;
use crate::store::{OutboxEntry, StoreError};
use crate::units::UnixMillis;

/// Most names in one statement.
const CHUNK: usize = 500;

/// Writes a wake-up for a job that the transaction holds, and when it was woken.
pub(super) async fn add(
    connection: &mut AnyConnection,
    stage: Stage,
    id: JobId,
    attempt: u32,
    now: UnixMillis,
) -> Result<(), StoreError> {
    add_only(connection, stage, id, attempt).await?;
    sqlx::query("UPDATE jobs SET woken_at = $1 WHERE id = $2")
        .bind(now.0)
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes a wake-up for a job that somebody else may hold: waiting for its row could wait for
/// somebody who waits for ours.
pub(super) async fn add_only(
    connection: &mut AnyConnection,
    stage: Stage,
    id: JobId,
    attempt: u32,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO outbox (stage, job_id, attempt) VALUES ($1, $2, $3)")
        .bind(stage.name())
        .bind(id.to_string())
        .bind(i64::from(attempt))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn batch(database: &Database, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
    let rows = sqlx::query("SELECT id, stage, job_id, attempt FROM outbox ORDER BY id LIMIT $1")
        .bind(i64::from(limit))
        .fetch_all(&database.readers())
        .await?;
    rows.iter()
        .map(|row| {
            Ok(OutboxEntry {
                id: row.try_get(0)?,
                stage: row::parsed(row.try_get(1)?)?,
                job_id: row::parsed(row.try_get(2)?)?,
                attempt: row.try_get::<i64, _>(3)? as u32,
            })
        })
        .collect()
}

pub(super) async fn published(database: &Database, ids: &[i64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    // Forgetting this loses nothing: the entries are published once more.
    let mut transaction = database.write(Durability::Process).await?;
    for chunk in ids.chunks(CHUNK) {
        let places: Vec<String> = (1..=chunk.len()).map(|place| format!("${place}")).collect();
        let sql = format!("DELETE FROM outbox WHERE id IN ({})", places.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in chunk {
            query = query.bind(*id);
        }
        query.execute(transaction.connection()).await?;
    }
    transaction.commit().await
}

/// Whether there is nothing to publish, as far as can be seen.
pub(super) async fn is_empty(database: &Database) -> bool {
    let any = sqlx::query("SELECT id FROM outbox LIMIT 1")
        .fetch_optional(&database.readers())
        .await;
    matches!(any, Ok(None))
}
