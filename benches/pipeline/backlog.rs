//! A million jobs that wait.

use faxmill::job::Stage;
use faxmill::store::sql::{Durability, Engine};
use faxmill::store::{JobStore as _, SqlStore};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::load;
use crate::system::System;

/// Fills the store with copies of one job, and its queue with a message for each.
pub(crate) async fn fill(system: &System, jobs: u64) {
    let store = system.store().await;
    let template = store.submit(load::voicemail()).await.expect("accepted");
    let template = template.into_job().id;
    let (numbers, id) = match store.database().engine() {
        Engine::Sqlite => (
            format!(
                "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers \
                 WHERE n < {jobs}) "
            ),
            "'00000000-0000-7000-8000-' || printf('%012x', n)",
        ),
        Engine::Postgres => (
            format!("WITH numbers AS (SELECT generate_series(1, {jobs}) AS n) "),
            "'00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')",
        ),
    };
    let columns = "kind, status, number, request, state, dials, created_at, updated_at, last_seq, \
                   fence, lease_worker, lease_stage, lease_until, next_at, reap_at, waits_for, \
                   woken_at";
    let statements = [
        format!(
            "INSERT INTO jobs (id, {columns}) {numbers} \
             SELECT {id}, {columns} FROM numbers, jobs WHERE jobs.id = '{template}'"
        ),
        format!(
            "INSERT INTO events (job_id, seq, at, status, event) {numbers} \
             SELECT {id}, seq, at, status, event FROM numbers, events \
             WHERE events.job_id = '{template}'"
        ),
    ];
    run(&store, statements).await;
    system.queue_backlog(&store, jobs, &numbers, id).await;
    if store.database().engine() == Engine::Sqlite {
        // What a million commits would have done by and by: a log of a gigabyte is brought home.
        let home = "PRAGMA wal_checkpoint(TRUNCATE)";
        let mut statement = store.database().statement(Durability::Process).await;
        let connection = statement.as_mut().expect("a turn").connection();
        connection.execute(home).await.expect("brought home");
    }
}

/// Messages for the jobs of a backlog in the queue of the store's database.
pub(crate) async fn fill_queue(store: &SqlStore, numbers: &str, id: &str) {
    let statement = format!(
        "INSERT INTO queue_messages (queue, job_id, attempt, visible_at, held, receipt, \
         deliveries) {numbers} SELECT '{stage}', {id}, 0, 0, 0, 0, 0 FROM numbers",
        stage = Stage::Transcode.name()
    );
    run(store, [statement]).await;
}

/// Runs statements in a transaction of their own.
async fn run(store: &SqlStore, statements: impl IntoIterator<Item = String>) {
    let transaction = store.database().write(Durability::Process).await;
    let mut transaction = transaction.expect("a turn");
    for statement in statements {
        let connection = transaction.connection();
        let filled = connection.execute(AssertSqlSafe(statement)).await;
        filled.expect("filled");
    }
    transaction.commit().await.expect("committed");
}
