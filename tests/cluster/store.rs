//! The job store on `PostgreSQL`.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use faxmill::job::{FaxRequest, JobEvent, JobId, JobRequest, Stage, Status};
use faxmill::queue::{EmbeddedQueue, QueueOptions};
use faxmill::store::sql::PostgresOptions;
use faxmill::store::{Idempotency, JobFilter, JobStore as _, NewJob, SqlStore, StoreError};
use faxmill::units::UnixMillis;
use uuid::Uuid;

use crate::servers::postgres::Postgres;
use crate::servers::proxy::Proxy;

static POSTGRES: LazyLock<Postgres> = LazyLock::new(Postgres::start);

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const LEASE: Duration = Duration::from_secs(30);

async fn open(options: &PostgresOptions) -> Arc<SqlStore> {
    Arc::new(SqlStore::open_postgres(options).await.expect("it opens"))
}

fn new_fax(number: &str) -> NewJob {
    let number = number.parse().expect("a number");
    let request = FaxRequest::new(number, "documents/a".to_owned(), "a.pdf".to_owned());
    let id = JobId::from_uuid(Uuid::now_v7());
    NewJob::new(id, JobRequest::Fax(request), START)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_postgres_store_keeps_every_promise() {
    let store = open(&POSTGRES.database()).await;
    faxmill::store::conformance::all(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_queue_in_postgres_keeps_every_promise() {
    let store = open(&POSTGRES.database()).await;
    let queue = |visibility| {
        Arc::new(EmbeddedQueue::new(
            store.database(),
            QueueOptions { visibility },
        ))
    };
    let hasty = queue(Duration::from_millis(50));
    faxmill::queue::conformance::all(queue(LEASE), hasty, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_open_a_new_database_at_once_all_get_it() {
    let options = POSTGRES.database();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let options = options.clone();
            tokio::spawn(async move { SqlStore::open_postgres(&options).await.map(drop) })
        })
        .collect();
    for opened in opening {
        opened.await.expect("no panic").expect("it opens");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_repeated_at_the_same_moment_becomes_one_job() {
    let store = open(&POSTGRES.database()).await;
    let submitting: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            let mut job = new_fax("5551000");
            job.idempotency = Some(Idempotency {
                key: "once".to_owned(),
                body_hash: "same".to_owned(),
            });
            tokio::spawn(async move { store.submit(job).await.map(|job| job.into_job().id) })
        })
        .collect();
    let mut ids = Vec::new();
    for submitted in submitting {
        ids.push(submitted.await.expect("no panic").expect("accepted"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_jobs_to_one_number_one_is_claimed_for_a_call() {
    let store = open(&POSTGRES.database()).await;
    let mut claims = Vec::new();
    for _ in 0..12 {
        let id = store
            .submit(new_fax("5552000"))
            .await
            .expect("accepted")
            .into_job()
            .id;
        let lease = store.claim(id, Stage::Convert, "c", LEASE, START).await;
        let lease = lease.expect("answered").expect("claimed");
        let artifacts = [("fax".to_owned(), "jobs/a".to_owned())].into();
        for event in [
            JobEvent::ValidationDone { pages: 1 },
            JobEvent::Converted {
                pages: 1,
                artifacts,
            },
        ] {
            store
                .apply(&lease, event, START, 0.5)
                .await
                .expect("applied");
        }
        let store = Arc::clone(&store);
        claims.push(async move {
            store
                .claim(id, Stage::Transmit, "t", LEASE, START)
                .await
                .expect("answered")
        });
    }
    let claims = claims.into_iter().map(tokio::spawn).collect::<Vec<_>>();
    let mut claimed = 0;
    for claim in claims {
        claimed += usize::from(claim.await.expect("no panic").is_some());
    }
    assert_eq!(claimed, 1, "one call at a time to a number");
}

/// Cursors are handed out before transactions commit: a reader that follows them must not pass by
/// one that comes late.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_of_all_events_misses_none_of_many_writers() {
    const WRITERS: usize = 8;
    const JOBS: usize = 40;
    let store = open(&POSTGRES.database()).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for job in 0..JOBS {
                    let number = format!("555{writer:03}{job:03}");
                    store.submit(new_fax(&number)).await.expect("accepted");
                }
            })
        })
        .collect();
    let (mut cursor, mut seen) = (0, 0);
    while seen < WRITERS * JOBS {
        let events = store.events_since(cursor, 7).await.expect("read");
        if let Some(last) = events.last() {
            cursor = last.cursor;
        }
        let done = writers.iter().all(tokio::task::JoinHandle::is_finished);
        assert!(!done || !events.is_empty(), "{seen} of {}", WRITERS * JOBS);
        seen += events.len();
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, WRITERS * JOBS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wrong_password_and_a_newer_schema_are_told_apart() {
    let name = POSTGRES.new_database();
    let wrong = POSTGRES.url(&name).replace("%20", "");
    let refused = SqlStore::open_postgres(&PostgresOptions::new(wrong).expect("a URL")).await;
    let error = refused.err().expect("it is refused");
    assert_eq!(error.code(), "store-unavailable", "{error}");
    assert!(error.to_string().contains("password"), "{error}");

    let options = PostgresOptions::new(POSTGRES.url(&name)).expect("a URL");
    drop(open(&options).await);
    POSTGRES.sql(&name, "INSERT INTO schema_version VALUES (99)");
    let refused = SqlStore::open_postgres(&options).await;
    let error = refused.err().expect("it is refused");
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_works_on_after_its_server_crashed() {
    let postgres = Postgres::start();
    let store = open(&postgres.database()).await;
    let id = store
        .submit(new_fax("5553000"))
        .await
        .expect("accepted")
        .into_job()
        .id;
    postgres.restart();
    // What was accepted is there; connections that died are replaced.
    let job = loop {
        match store.job(id).await {
            Ok(job) => break job,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    };
    assert_eq!(job.status(), Status::Accepted);
    store.submit(new_fax("5553001")).await.expect("accepted");
}

/// The server commits, and the connection breaks before it can say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_whose_answer_was_lost_is_made_once() {
    let name = POSTGRES.new_database();
    let proxy = Proxy::to(POSTGRES.port);
    let url = POSTGRES.url(&name).replace(
        &format!(":{}/", POSTGRES.port),
        &format!(":{}/", proxy.port),
    );
    let store = open(&PostgresOptions::new(url).expect("a URL")).await;
    let job = new_fax("5554000");
    proxy.lose_answer_to(b"COMMIT");
    let accepted = store
        .submit(job.clone())
        .await
        .expect("accepted")
        .into_job();
    assert_eq!(accepted.id, job.id);
    let listed = store
        .list(&JobFilter::default(), None, 10)
        .await
        .expect("listed");
    assert_eq!(listed.jobs.len(), 1);

    let lease = store.claim(job.id, Stage::Convert, "c", LEASE, START).await;
    let lease = lease.expect("answered").expect("claimed");
    let done = || JobEvent::ValidationDone { pages: 3 };
    proxy.lose_answer_to(b"COMMIT");
    let lost = store.apply(&lease, done(), START, 0.5).await;
    let error = lost.expect_err("nobody knows whether it was written");
    assert_eq!(error.code(), "store-unreachable", "{error}");
    let told_again = store
        .apply(&lease, done(), START, 0.5)
        .await
        .expect("known again");
    assert_eq!(told_again.status(), Status::Converting);
    let events = store.events(job.id, 0, 100).await.expect("read");
    let names: Vec<_> = events.iter().map(|record| record.event.name()).collect();
    assert_eq!(names, ["submitted", "claimed", "validation_done"]);
    assert!(
        store.apply(&lease, done(), START, 0.5).await.is_err(),
        "it is not in doubt any more"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_the_network_swallowed_are_replaced() {
    let name = POSTGRES.new_database();
    let proxy = Proxy::to(POSTGRES.port);
    let url = POSTGRES.url(&name).replace(
        &format!(":{}/", POSTGRES.port),
        &format!(":{}/", proxy.port),
    );
    let mut options = PostgresOptions::new(url).expect("a URL");
    options.patience = Duration::from_millis(500);
    let store = open(&options).await;
    store.submit(new_fax("5554100")).await.expect("accepted");
    proxy.swallow();
    for _ in 0..3 {
        let error = store.counts().await.expect_err("nothing answers");
        assert!(error.is_transient(), "{error}");
    }
    proxy.heal();
    let mut tries = 0;
    while let Err(error) = store.counts().await {
        assert!(error.is_transient(), "{error}");
        tries += 1;
        assert!(tries < 5, "silent connections are not kept");
    }
}
