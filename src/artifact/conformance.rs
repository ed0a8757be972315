//! What every artifact store must do, wherever it keeps them.
//!
//! Each function is one promise and panics where a store breaks it. They use jobs of their own,
//! so they run on a store that others use too.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use futures::TryStreamExt;

use super::{ArtifactError, ArtifactKey, ArtifactStore, Listed};

/// What a store goes by to send an artifact in parts.
const MANY_PARTS: usize = (11 << 20) + 1;

/// Holds the store to every promise; local files are made in `scratch`.
///
/// # Panics
/// Where the store breaks one.
pub async fn all(store: &ArtifactStore, scratch: &Path) {
    ok(store.check().await);
    what_comes_back_is_what_was_stored(store, scratch).await;
    the_same_content_again_is_the_same_artifact(store, scratch).await;
    many_writers_of_one_artifact_all_succeed(store, scratch).await;
    a_hostile_name_stays_in_its_folder(store, scratch).await;
    what_is_not_there_is_not_found(store, scratch).await;
    what_is_removed_is_gone(store, scratch).await;
    what_is_stored_is_listed(store, scratch).await;
    a_jobs_artifacts_go_with_it_and_no_others(store, scratch).await;
}

/// A store and a job of this scenario's own.
struct Desk<'a> {
    store: &'a ArtifactStore,
    scratch: &'a Path,
    job: String,
}

impl<'a> Desk<'a> {
    fn new(store: &'a ArtifactStore, scratch: &'a Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let job = format!("c{}-{next}", std::process::id());
        Self {
            store,
            scratch,
            job,
        }
    }

    fn file(&self, content: &[u8]) -> PathBuf {
        let path = self.scratch.join(format!("{}.upload", self.job));
        ok(fs::write(&path, content));
        path
    }

    async fn put(&self, name: &str, content: &[u8]) -> ArtifactKey {
        let file = self.file(content);
        ok(self.store.put_file(&self.job, name, &file).await)
    }

    async fn fetch(&self, key: &ArtifactKey) -> Result<Vec<u8>, ArtifactError> {
        let target = self.scratch.join(format!("{}.copy", self.job));
        let fetched = self.store.fetch(key, &target).await;
        assert_eq!(
            fetched.is_ok(),
            target.exists(),
            "a copy is whole or absent"
        );
        let fetched = fetched?;
        let content = ok(fs::read(&fetched.path));
        assert_eq!(fetched.bytes, content.len() as u64);
        ok(fs::remove_file(target));
        Ok(content)
    }

    async fn listed(&self) -> Vec<Listed> {
        let listing = ok(self.store.list(Some(&self.job)));
        ok(listing.try_collect().await)
    }
}

async fn what_comes_back_is_what_was_stored(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    // Empty, small, as large as is still sent whole, one byte beyond, and several parts.
    for size in [0, 1, 300_000, 5 << 20, (5 << 20) + 1, MANY_PARTS] {
        let content: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        let key = desk.put("a.bin", &content).await;
        assert!(ok(desk.fetch(&key).await) == content, "{size} bytes");
        ok(store.verify(&key).await);
    }
}

async fn the_same_content_again_is_the_same_artifact(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    for size in [7, MANY_PARTS] {
        let content = vec![b'a'; size];
        let key = desk.put("a.pdf", &content).await;
        let before = desk.listed().await;
        assert_eq!(desk.put("a.pdf", &content).await, key);
        assert_eq!(desk.listed().await, before, "nothing was written");
    }
    let other = desk.put("a.pdf", b"other content").await;
    assert_eq!(desk.listed().await.len(), 3);
    assert_eq!(ok(desk.fetch(&other).await), b"other content");
}

async fn many_writers_of_one_artifact_all_succeed(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    for (size, writers) in [(1000, 8), (MANY_PARTS, 3)] {
        let content = vec![b'b'; size];
        let file = desk.file(&content);
        let writers = (0..writers).map(|_| store.put_file(&desk.job, "a.tiff", &file));
        let keys = ok(futures::future::try_join_all(writers).await);
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert!(ok(desk.fetch(&keys[0]).await) == content, "{size} bytes");
    }
    assert_eq!(desk.listed().await.len(), 2);
}

async fn a_hostile_name_stays_in_its_folder(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    let names = ["../../../etc/passwd", "..", "a/../b", "\u{202e}\n;rm", ""];
    for name in names {
        let key = desk.put(name, name.as_bytes()).await;
        assert_eq!(ok(desk.fetch(&key).await), name.as_bytes());
    }
    assert_eq!(desk.listed().await.len(), names.len());
    let file = desk.file(b"x");
    for job in ["", "..", "a/b", "a b", &"x".repeat(65)] {
        let refused = store.put_file(job, "a", &file).await;
        assert_eq!(code(refused), "artifact-key", "{job}");
        assert_eq!(code(store.delete_job(job).await), "artifact-key", "{job}");
        assert!(store.list(Some(job)).is_err(), "{job}");
    }
}

async fn what_is_not_there_is_not_found(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    let key = desk.put("a.pdf", b"content").await;
    let other = format!("jobs/{}/{}/b.pdf", desk.job, key.digest());
    let other = ok(other.parse());
    assert_eq!(code(desk.fetch(&other).await), "artifact-not-found");
    assert_eq!(code(store.verify(&other).await), "artifact-not-found");
    let missing = desk.scratch.join("missing.pdf");
    let refused = store.put_file(&desk.job, "a", &missing).await;
    assert_eq!(code(refused), "artifact-local-file");
}

async fn what_is_removed_is_gone(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    let key = desk.put("a.pdf", b"content").await;
    ok(store.delete(&key).await);
    ok(store.delete(&key).await);
    assert_eq!(code(desk.fetch(&key).await), "artifact-not-found");
    assert_eq!(desk.put("a.pdf", b"content").await, key);
    assert_eq!(ok(desk.fetch(&key).await), b"content");
}

async fn what_is_stored_is_listed(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    assert_eq!(desk.listed().await, []);
    let mut stored = Vec::new();
    for content in ["", "a", "four"] {
        let key = desk.put("a.txt", content.as_bytes()).await;
        stored.push((key.to_string(), content.len() as u64));
    }
    stored.sort();
    let listed = desk.listed().await;
    assert!(listed.iter().all(|artifact| artifact.stored_at.0 > 0));
    let plain = |artifact: &Listed| (artifact.key.to_string(), artifact.bytes);
    let mut found: Vec<_> = listed.iter().map(plain).collect();
    found.sort();
    assert_eq!(found, stored);
    let everything: Vec<Listed> = ok(ok(store.list(None)).try_collect().await);
    assert!(listed.iter().all(|artifact| everything.contains(artifact)));
}

async fn a_jobs_artifacts_go_with_it_and_no_others(store: &ArtifactStore, scratch: &Path) {
    let desk = Desk::new(store, scratch);
    // Its name begins with the other's, and it is another.
    let longer = Desk {
        job: format!("{}0", desk.job),
        ..Desk::new(store, scratch)
    };
    let kept = longer.put("a.pdf", b"kept").await;
    for content in ["1", "2", "3"] {
        desk.put("a.pdf", content.as_bytes()).await;
    }
    assert_eq!(ok(store.delete_job(&desk.job).await), 3);
    assert_eq!(desk.listed().await, []);
    assert_eq!(ok(store.delete_job(&desk.job).await), 0);
    assert_eq!(ok(longer.fetch(&kept).await), b"kept");
}

#[track_caller]
fn ok<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the store refused what it must do: {error}"),
    }
}

#[track_caller]
fn code<T>(result: Result<T, ArtifactError>) -> &'static str {
    match result {
        Ok(_) => panic!("the store did what it must refuse"),
        Err(error) => error.code(),
    }
}
