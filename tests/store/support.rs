//! A store and a queue in a folder of their own, and jobs to put into them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use faxmill::job::{FaxRequest, JobEvent, JobId, JobRequest, Stage};
use faxmill::queue::{EmbeddedQueue, QueueOptions};
use faxmill::store::sql::SqliteOptions;
use faxmill::store::{JobStore, Lease, NewJob, SqlStore, StoreError};
use faxmill::units::UnixMillis;
use uuid::Uuid;

pub(crate) const LEASE: Duration = Duration::from_secs(60);

pub(crate) fn options(folder: &Path) -> SqliteOptions {
    SqliteOptions::new(folder.join("jobs.db")).with_run_dir(folder.join("run"))
}

pub(crate) async fn open(folder: &Path) -> SqlStore {
    SqlStore::open(&options(folder))
        .await
        .expect("the store opens")
}

pub(crate) fn queue(store: &SqlStore) -> Arc<EmbeddedQueue> {
    Arc::new(EmbeddedQueue::new(
        store.database(),
        QueueOptions::default(),
    ))
}

/// A queue that hands a message out again almost at once.
pub(crate) fn hasty_queue(store: &SqlStore) -> Arc<EmbeddedQueue> {
    let options = QueueOptions {
        visibility: Duration::from_millis(50),
    };
    Arc::new(EmbeddedQueue::new(store.database(), options))
}

pub(crate) fn now() -> UnixMillis {
    UnixMillis(0).plus(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("the clock is set"),
    )
}

pub(crate) fn new_id() -> JobId {
    JobId::from_uuid(Uuid::now_v7())
}

pub(crate) fn new_fax(number: u64) -> NewJob {
    let number = format!("{number:010}")
        .parse()
        .expect("ten digits are a number");
    let request = FaxRequest::new(number, "documents/a".to_owned(), "a.pdf".to_owned());
    NewJob::new(new_id(), JobRequest::Fax(request), now())
}

pub(crate) async fn ready(store: &SqlStore, number: u64, pages: u32) -> JobId {
    let id = store
        .submit(new_fax(number))
        .await
        .expect("accepted")
        .into_job()
        .id;
    let lease = claim(store, id, Stage::Convert).await.expect("claimed");
    apply(store, &lease, JobEvent::ValidationDone { pages })
        .await
        .expect("validated");
    let artifacts = [("fax".to_owned(), format!("jobs/{id}/fax"))].into();
    apply(store, &lease, JobEvent::Converted { pages, artifacts })
        .await
        .expect("converted");
    id
}

pub(crate) async fn claim(store: &SqlStore, id: JobId, stage: Stage) -> Option<Lease> {
    store
        .claim(id, stage, "test", LEASE, now())
        .await
        .expect("the store answers")
}

pub(crate) async fn apply(
    store: &SqlStore,
    lease: &Lease,
    event: JobEvent,
) -> Result<faxmill::store::Job, StoreError> {
    store.apply(lease, event, now(), 0.5).await
}
