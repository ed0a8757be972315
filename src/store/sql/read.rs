//! Looking, without a lock.

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::job::{Attempt, JobId};
use crate::store::sql::database::Database;
use crate::store::sql::row::{self, JobRow, event_columns, job_columns};
use crate::store::{
    Destination, EventRecord, Job, JobFilter, JobPage, StatusCount, StoreError, Waiting,
};
use crate::units::{FaxNumber, UnixMillis};

/// Most records in one answer.
const LIMIT_MAX: u32 = 10_000;

pub(super) async fn job(database: &Database, id: JobId) -> Result<Job, StoreError> {
    let mut connection = database.readers().acquire().await?;
    Ok(JobRow::load(&mut connection, id).await?.job)
}

pub(super) async fn events(
    database: &Database,
    id: JobId,
    after: u64,
    limit: u32,
) -> Result<Vec<EventRecord>, StoreError> {
    let sql = concat!(
        event_columns!(),
        "WHERE job_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    );
    let rows = sqlx::query(sql)
        .bind(id.to_string())
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::from(limit.min(LIMIT_MAX)))
        .fetch_all(&database.readers())
        .await?;
    rows.iter().map(row::event).collect()
}

pub(super) async fn events_since(
    database: &Database,
    cursor: i64,
    limit: u32,
) -> Result<Vec<EventRecord>, StoreError> {
    let query = || {
        let sql = concat!(
            event_columns!(),
            "WHERE cursor > $1 ORDER BY cursor LIMIT $2"
        );
        let limit = i64::from(limit.min(LIMIT_MAX));
        sqlx::query(sql).bind(cursor).bind(limit)
    };
    // A look that holds nobody up first: most find nothing new.
    let mut rows = query().fetch_all(&database.readers()).await?;
    if !rows.is_empty()
        && let Some(mut transaction) = database.after_writers().await?
    {
        rows = query().fetch_all(transaction.connection()).await?;
        transaction.rollback().await?;
    }
    rows.iter().map(row::event).collect()
}

pub(super) async fn attempts(database: &Database, id: JobId) -> Result<Vec<Attempt>, StoreError> {
    let rows = sqlx::query("SELECT record FROM attempts WHERE job_id = $1 ORDER BY number")
        .bind(id.to_string())
        .fetch_all(&database.readers())
        .await?;
    rows.iter()
        .map(|row| row::from_json(row.try_get(0)?))
        .collect()
}

pub(super) async fn list(
    database: &Database,
    filter: &JobFilter,
    after: Option<JobId>,
    limit: u32,
) -> Result<JobPage, StoreError> {
    let conditions = [
        ("kind =", filter.kind.map(|kind| kind.name().to_owned())),
        (
            "status =",
            filter.status.map(|status| status.name().to_owned()),
        ),
        (
            "number =",
            filter
                .number
                .as_ref()
                .map(|number| number.as_str().to_owned()),
        ),
        ("tenant =", filter.tenant.clone()),
        ("id <", after.map(|id| id.to_string())),
    ];
    let mut sql = job_columns!().to_owned();
    let mut values = Vec::new();
    for (condition, value) in conditions {
        let Some(value) = value else { continue };
        values.push(value);
        let joint = if values.len() == 1 { "WHERE" } else { "AND" };
        sql = format!("{sql} {joint} {condition} ${}", values.len());
    }
    let stuck = filter.stuck_since.map(|since| since.0);
    if stuck.is_some() {
        let joint = if values.is_empty() { "WHERE" } else { "AND" };
        let waits = "(waits_for IS NOT NULL OR lease_until IS NOT NULL) AND updated_at <=";
        sql = format!("{sql} {joint} {waits} ${}", values.len() + 1);
    }
    let places = values.len() + usize::from(stuck.is_some());
    let sql = format!("{sql} ORDER BY id DESC LIMIT ${}", places + 1);

    let limit = limit.clamp(1, LIMIT_MAX);
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in values {
        query = query.bind(value);
    }
    if let Some(stuck) = stuck {
        query = query.bind(stuck);
    }
    let rows = query
        .bind(i64::from(limit) + 1)
        .fetch_all(&database.readers())
        .await?;
    let page = rows.iter().take(limit as usize);
    let jobs: Vec<Job> = page
        .map(|row| Ok(JobRow::read(row)?.job))
        .collect::<Result<_, StoreError>>()?;
    let more = rows.len() > limit as usize;
    let next = jobs.last().map(|job| job.id).filter(|_| more);
    Ok(JobPage { jobs, next })
}

pub(super) async fn waiting(database: &Database) -> Result<Vec<Waiting>, StoreError> {
    let sql = "SELECT waits_for, COUNT(*), MIN(updated_at) FROM jobs \
               WHERE waits_for IS NOT NULL AND lease_until IS NULL \
               GROUP BY waits_for ORDER BY waits_for";
    let rows = sqlx::query(sql).fetch_all(&database.readers()).await?;
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                stage: row::parsed(row.try_get(0)?)?,
                jobs: row.try_get::<i64, _>(1)?.unsigned_abs(),
                since: UnixMillis(row.try_get(2)?),
            })
        })
        .collect()
}

pub(super) async fn counts(database: &Database) -> Result<Vec<StatusCount>, StoreError> {
    let sql = "SELECT kind, status, COUNT(*) FROM jobs GROUP BY kind, status ORDER BY kind, status";
    let rows = sqlx::query(sql).fetch_all(&database.readers()).await?;
    rows.iter()
        .map(|row| {
            Ok(StatusCount {
                kind: row::parsed(row.try_get(0)?)?,
                status: row::parsed(row.try_get(1)?)?,
                jobs: row.try_get::<i64, _>(2)?.unsigned_abs(),
            })
        })
        .collect()
}

pub(super) async fn destination(
    database: &Database,
    number: &FaxNumber,
) -> Result<Destination, StoreError> {
    let mut connection = database.readers().acquire().await?;
    destination_in(&mut connection, number).await
}

pub(super) async fn destination_in(
    connection: &mut AnyConnection,
    number: &FaxNumber,
) -> Result<Destination, StoreError> {
    let row = sqlx::query("SELECT invalid, reached FROM destinations WHERE number = $1")
        .bind(number.as_str())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok(Destination::default());
    };
    Ok(Destination {
        invalid: row.try_get::<i64, _>(0)? as u32,
        reached: row.try_get::<i64, _>(1)? != 0,
    })
}
