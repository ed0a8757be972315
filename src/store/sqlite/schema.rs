//! The tables, and how an older file is brought up to date.
//!
//! Ids and JSON are TEXT and moments BIGINT milliseconds, so that the same statements run on other
//! databases; only the types of self-numbering keys differ. Columns beside `state` repeat what
//! queries look for; `state` is the truth they are written from.

use sqlx::{AnyPool, Executor, Row};

use crate::store::StoreError;

/// One step for each schema that was ever released; a released step is never changed.
const MIGRATIONS: &[&str] = &[FIRST];

const FIRST: &str = "
CREATE TABLE jobs (
    id            TEXT   NOT NULL PRIMARY KEY,
    kind          TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    number        TEXT,
    request       TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    dials         BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    last_seq      BIGINT NOT NULL,
    fence         BIGINT NOT NULL,
    lease_worker  TEXT,
    lease_stage   TEXT,
    lease_until   BIGINT,
    next_at       BIGINT,
    reap_at       BIGINT,
    waits_for     TEXT,
    woken_at      BIGINT NOT NULL
);
CREATE INDEX jobs_by_status ON jobs (kind, status);
CREATE INDEX jobs_by_number ON jobs (number, status) WHERE number IS NOT NULL;
CREATE INDEX jobs_by_lease ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_by_next ON jobs (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX jobs_by_reap ON jobs (reap_at) WHERE reap_at IS NOT NULL;
CREATE INDEX jobs_by_wait ON jobs (woken_at) WHERE waits_for IS NOT NULL;

CREATE TABLE attempts (
    job_id    TEXT   NOT NULL REFERENCES jobs (id),
    number    BIGINT NOT NULL,
    ended_at  BIGINT,
    record    TEXT   NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE events (
    cursor  INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id  TEXT    NOT NULL REFERENCES jobs (id),
    seq     BIGINT  NOT NULL,
    at      BIGINT  NOT NULL,
    status  TEXT    NOT NULL,
    event   TEXT    NOT NULL,
    UNIQUE (job_id, seq)
);

CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    stage    TEXT    NOT NULL,
    job_id   TEXT    NOT NULL,
    attempt  BIGINT  NOT NULL
);

CREATE TABLE idempotency_keys (
    name        TEXT   NOT NULL PRIMARY KEY,
    body_hash   TEXT   NOT NULL,
    job_id      TEXT   NOT NULL REFERENCES jobs (id),
    created_at  BIGINT NOT NULL
);

CREATE TABLE destinations (
    number   TEXT   NOT NULL PRIMARY KEY,
    invalid  BIGINT NOT NULL,
    reached  BIGINT NOT NULL
);

CREATE TABLE queue_messages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    queue       TEXT    NOT NULL,
    job_id      TEXT    NOT NULL,
    attempt     BIGINT  NOT NULL,
    visible_at  BIGINT  NOT NULL,
    held        BIGINT  NOT NULL,
    receipt     BIGINT  NOT NULL,
    deliveries  BIGINT  NOT NULL
);
CREATE INDEX queue_messages_by_turn ON queue_messages (queue, visible_at, id);
CREATE INDEX queue_messages_by_job ON queue_messages (job_id, queue);
";

/// Brings the schema up to date; several processes may do so at once.
pub(super) async fn migrate(pool: &AnyPool) -> Result<(), StoreError> {
    if version(pool).await? == MIGRATIONS.len() as i64 {
        return Ok(());
    }
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    transaction
        .execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        .await?;
    let row = transaction
        .fetch_one("SELECT COALESCE(MAX(version), 0) FROM schema_version")
        .await?;
    let found: i64 = row.try_get(0)?;
    let known = MIGRATIONS.len() as i64;
    let done = usize::try_from(found).map_err(|_| StoreError::Newer { found, known })?;
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        transaction.execute(*sql).await?;
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
            .bind(step as i64 + 1)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The schema of the file, 0 for a new one.
async fn version(pool: &AnyPool) -> Result<i64, StoreError> {
    let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'";
    let tables: i64 = pool.fetch_one(tables).await?.try_get(0)?;
    if tables == 0 {
        return Ok(0);
    }
    let row = pool
        .fetch_one("SELECT COALESCE(MAX(version), 0) FROM schema_version")
        .await?;
    let (found, known) = (row.try_get(0)?, MIGRATIONS.len() as i64);
    if found > known {
        Err(StoreError::Newer { found, known })
    } else {
        Ok(found)
    }
}
