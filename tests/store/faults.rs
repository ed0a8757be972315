//! A disk that is full, a file that is read-only, damaged, newer or locked: typed errors, no loss.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use faxmill::store::sql::Durability;
use faxmill::store::{JobStore as _, SqlStore, StoreError};
use sqlx::Executor as _;

use crate::child::Process;
use crate::support;

async fn refusal(folder: &Path) -> StoreError {
    match SqlStore::open(&support::options(folder)).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error,
    }
}

/// Bounds the database's size for both connections that write, as a full disk would.
async fn limit_pages(store: &SqlStore, pages: u32) {
    for durability in [Durability::Power, Durability::Process] {
        let database = store.database();
        let mut transaction = database.write(durability).await.expect("the lock");
        let sql = format!("PRAGMA max_page_count = {pages}");
        transaction
            .connection()
            .execute(sqlx::AssertSqlSafe(sql))
            .await
            .expect("set");
        transaction.commit().await.expect("set");
    }
}

#[tokio::test]
async fn a_full_disk_refuses_new_jobs_and_keeps_the_old_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    limit_pages(&store, 60).await;
    let mut accepted = Vec::new();
    let error = loop {
        assert!(accepted.len() < 10_000, "the limit has an effect");
        match store.submit(support::new_fax(accepted.len() as u64)).await {
            Ok(submitted) => accepted.push(submitted.into_job().id),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full), "{error}");
    assert_eq!(error.code(), "store-full");
    assert!(!accepted.is_empty());
    assert_eq!(
        store.outbox_batch(100_000).await.expect("read").len(),
        accepted.len()
    );

    // Once there is room, everything goes on.
    limit_pages(&store, 100_000).await;
    for id in &accepted {
        store.job(*id).await.expect("an accepted job is there");
    }
    store
        .submit(support::new_fax(99_999))
        .await
        .expect("accepted");
}

#[tokio::test]
async fn a_store_that_may_not_be_written_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("made");
    let store = support::open(&data).await;
    store.submit(support::new_fax(1)).await.expect("accepted");
    store.database().close().await;
    drop(store);

    for entry in fs::read_dir(&data).expect("listed") {
        let path = entry.expect("listed").path();
        if path.is_file() {
            fs::set_permissions(path, Permissions::from_mode(0o444)).expect("set");
        }
    }
    fs::set_permissions(&data, Permissions::from_mode(0o555)).expect("set");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("set");
    // Permissions don't bind root: then somebody else opens it.
    let root = fs::metadata("/proc/self").expect("this process").uid() == 0;
    let mut process = Process::start_as("open", &data, root.then_some(65_534));
    assert_eq!(process.next("code").as_deref(), Some("store-read-only"));
    process.ends_well();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("set");
}

#[tokio::test]
async fn a_damaged_file_is_not_taken_for_an_empty_one() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("jobs.db"),
        b"not a database ".repeat(500),
    )
    .expect("written");
    let error = refusal(folder.path()).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");

    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    let id = store
        .submit(support::new_fax(1))
        .await
        .expect("accepted")
        .into_job()
        .id;
    let database = store.database();
    let mut transaction = database.write(Durability::Power).await.expect("the lock");
    let sql = "UPDATE jobs SET state = '{\"kind\":'";
    transaction
        .connection()
        .execute(sql)
        .await
        .expect("written");
    transaction.commit().await.expect("written");
    assert!(matches!(
        store.job(id).await,
        Err(StoreError::Corrupt { .. })
    ));
}

#[tokio::test]
async fn a_file_of_a_newer_release_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    let database = store.database();
    let mut transaction = database.write(Durability::Power).await.expect("the lock");
    let sql = "INSERT INTO schema_version (version) VALUES (1000)";
    transaction
        .connection()
        .execute(sql)
        .await
        .expect("written");
    transaction.commit().await.expect("written");
    let error = refusal(folder.path()).await;
    assert!(
        matches!(error, StoreError::Newer { found: 1000, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_path_that_is_no_file_is_unavailable() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("jobs.db")).expect("made");
    let error = refusal(folder.path()).await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    let error = refusal(&folder.path().join("missing")).await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_path_may_hold_any_character() {
    let folder = tempfile::tempdir().expect("a folder");
    let odd = folder.path().join("100% of #1? ünïcode & more");
    fs::create_dir(&odd).expect("made");
    let store = support::open(&odd).await;
    store.submit(support::new_fax(1)).await.expect("accepted");
    assert!(odd.join("jobs.db").is_file());
}

#[tokio::test]
async fn a_lock_held_for_too_long_is_busy_and_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let holder = support::open(folder.path()).await;
    let mut options = support::options(folder.path());
    options.busy_timeout = Duration::from_millis(50);
    let store = SqlStore::open(&options).await.expect("it opens");

    let database = holder.database();
    let held = database.write(Durability::Power).await.expect("the lock");
    let error = store
        .submit(support::new_fax(1))
        .await
        .expect_err("the lock is held");
    assert!(matches!(error, StoreError::Busy), "{error}");
    assert!(error.is_transient());
    held.rollback().await.expect("let go");
    store.submit(support::new_fax(1)).await.expect("accepted");
}

#[tokio::test]
async fn several_may_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let opens: Vec<_> = (0..6)
        .map(|_| {
            let options = support::options(folder.path());
            tokio::spawn(async move { SqlStore::open(&options).await.map(drop) })
        })
        .collect();
    for open in opens {
        open.await.expect("no panic").expect("each opens");
    }
}
