//! Holding work back, and letting it go.

use sqlx::{Row, query};

use crate::job::Stage;
use crate::store::sql::OUTBOX_BELL;
use crate::store::sql::database::{Database, Durability, WriteTransaction};
use crate::store::sql::row;
use crate::store::{Job, Pause, PauseScope, StoreError};
use crate::units::UnixMillis;

pub(super) async fn pause(
    database: &Database,
    scope: &PauseScope,
    why: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let mut transaction = database.write(Durability::Power).await?;
    query(
        "INSERT INTO pauses (scope, since, why) VALUES ($1, $2, $3) \
         ON CONFLICT (scope) DO UPDATE SET why = excluded.why",
    )
    .bind(scope.to_string())
    .bind(now.0)
    .bind(why.to_owned())
    .execute(transaction.connection())
    .await?;
    transaction.commit().await
}

/// Lets a scope go on, and wakes what waited; false where it was not paused.
pub(super) async fn resume(database: &Database, scope: &PauseScope) -> Result<bool, StoreError> {
    let mut transaction = database.write(Durability::Power).await?;
    let deleted = query("DELETE FROM pauses WHERE scope = $1")
        .bind(scope.to_string())
        .execute(transaction.connection())
        .await?;
    if deleted.rows_affected() == 0 {
        transaction.rollback().await?;
        return Ok(false);
    }
    let (column, value) = match scope {
        PauseScope::Stage(stage) => ("waits_for", stage.name().to_owned()),
        PauseScope::Tenant(tenant) => ("tenant", tenant.clone()),
    };
    let sql = format!(
        "INSERT INTO outbox (stage, job_id, attempt) SELECT waits_for, id, dials FROM jobs \
         WHERE waits_for IS NOT NULL AND lease_until IS NULL AND {column} = $1"
    );
    query(sqlx::AssertSqlSafe(sql))
        .bind(value)
        .execute(transaction.connection())
        .await?;
    transaction.commit().await?;
    database.bell().ring(OUTBOX_BELL);
    Ok(true)
}

pub(super) async fn pauses(database: &Database) -> Result<Vec<Pause>, StoreError> {
    let rows = query("SELECT scope, since, why FROM pauses ORDER BY scope")
        .fetch_all(&database.readers())
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Pause {
                scope: row::parsed(row.try_get(0)?)?,
                since: UnixMillis(row.try_get(1)?),
                why: row.try_get(2)?,
            })
        })
        .collect()
}

/// Whether a job is held back at a stage.
pub(super) async fn is_paused(
    transaction: &mut WriteTransaction,
    job: &Job,
    stage: Stage,
) -> Result<bool, StoreError> {
    let tenant = job.request.tenant().unwrap_or_default();
    let found = query("SELECT scope FROM pauses WHERE scope = $1 OR scope = $2 LIMIT 1")
        .bind(PauseScope::Stage(stage).to_string())
        .bind(PauseScope::Tenant(tenant.to_owned()).to_string())
        .fetch_optional(transaction.connection())
        .await?;
    Ok(found.is_some())
}
