//! `SQLite` passes what every backend must pass.

use std::sync::Arc;

use crate::support;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sqlite_store_keeps_every_promise() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(support::open(folder.path()).await);
    faxmill::store::conformance::all(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_embedded_queue_keeps_every_promise() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    let (queue, hasty) = (support::queue(&store), support::hasty_queue(&store));
    faxmill::queue::conformance::all(queue, hasty, || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_folder_for_wake_ups_both_still_keep_every_promise() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = support::options(folder.path());
    options.run_dir = None;
    let store = Arc::new(
        faxmill::store::SqlStore::open(&options)
            .await
            .expect("it opens"),
    );
    let (queue, hasty) = (support::queue(&store), support::hasty_queue(&store));
    faxmill::store::conformance::all(store).await;
    faxmill::queue::conformance::all(queue, hasty, || {}).await;
}
