//! What is stored is what is read, or an error that says why not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use faxmill::artifact::{ArtifactError, ArtifactKey, ArtifactStore, conformance};

struct Shelf {
    folder: tempfile::TempDir,
    store: ArtifactStore,
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::in_folder(&folder.path().join("artifacts")).unwrap();
        Self { folder, store }
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    async fn put(&self, name: &str, content: &[u8]) -> ArtifactKey {
        let file = self.file("upload", content);
        self.store.put_file("job-1", name, &file).await.unwrap()
    }

    fn location(&self, key: &ArtifactKey) -> PathBuf {
        PathBuf::from(self.store.location(key))
    }

    async fn fetch(&self, key: &ArtifactKey) -> Result<Vec<u8>, ArtifactError> {
        let target = self.folder.path().join("copy");
        let fetched = self.store.fetch(key, &target).await;
        assert_eq!(
            fetched.is_ok(),
            target.exists(),
            "a copy is whole or absent"
        );
        let fetched = fetched?;
        let content = fs::read(&fetched.path).unwrap();
        assert_eq!(fetched.bytes, content.len() as u64);
        fs::remove_file(target).unwrap();
        Ok(content)
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_keeps_every_promise() {
    let shelf = Shelf::new();
    conformance::all(&shelf.store, shelf.folder.path()).await;
    // Nothing half-written, no probe, and no folder of a job that is gone.
    let home = shelf.folder.path().join("artifacts");
    let names: Vec<_> = fs::read_dir(&home).unwrap().flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    for file in files(&home) {
        let key = file.strip_prefix(&home).unwrap().display().to_string();
        key.parse::<ArtifactKey>().unwrap();
    }
}

#[tokio::test]
async fn a_folder_gives_no_links_and_says_so() {
    let shelf = Shelf::new();
    let key = shelf.put("a.pdf", b"content").await;
    let link = shelf.store.signed_link(&key, Duration::from_secs(60));
    let error = link.await.unwrap_err();
    assert_eq!(error.code(), "artifact-unsupported");
    assert!(error.to_string().contains("bucket"), "{error}");
}

#[tokio::test]
async fn the_same_content_again_is_the_same_artifact() {
    let shelf = Shelf::new();
    let key = shelf.put("a.pdf", b"content").await;
    let written = fs::metadata(shelf.location(&key))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(shelf.put("a.pdf", b"content").await, key);
    let again = fs::metadata(shelf.location(&key))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(again, written, "nothing was written");
    let other = shelf.put("a.pdf", b"other content").await;
    assert_ne!(other, key);
    assert_eq!(shelf.fetch(&key).await.unwrap(), b"content");
}

#[tokio::test]
async fn damage_on_the_disk_is_found_and_never_handed_on() {
    let shelf = Shelf::new();
    let key = shelf.put("a.pdf", b"content").await;
    for damage in [&b"c0ntent"[..], b"", b"cont", b"content and more"] {
        fs::write(shelf.location(&key), damage).unwrap();
        let error = shelf.fetch(&key).await.unwrap_err();
        assert_eq!(error.code(), "artifact-damaged", "{error}");
    }
    let gone = shelf.location(&key);
    fs::remove_file(&gone).unwrap();
    let error = shelf.fetch(&key).await.unwrap_err();
    assert_eq!(error.code(), "artifact-not-found", "{error}");
}

#[tokio::test]
async fn damage_of_the_same_length_is_repaired_by_storing_again() {
    let shelf = Shelf::new();
    let key = shelf.put("a.pdf", b"content").await;
    fs::write(shelf.location(&key), b"c0ntent").unwrap();
    assert_eq!(shelf.put("a.pdf", b"content").await, key);
    assert_eq!(shelf.fetch(&key).await.unwrap(), b"content");
}

#[tokio::test]
async fn a_hostile_name_stays_in_its_folder() {
    let shelf = Shelf::new();
    for name in [
        "../../../../etc/passwd",
        "..",
        "a/../../b",
        "\u{202e}\n;rm -rf",
        "",
    ] {
        let key = shelf.put(name, name.as_bytes()).await;
        let kept = shelf.location(&key).canonicalize().unwrap();
        let home = shelf.folder.path().join("artifacts/jobs/job-1");
        assert!(kept.starts_with(home.canonicalize().unwrap()), "{kept:?}");
        assert_eq!(shelf.fetch(&key).await.unwrap(), name.as_bytes());
    }
    let file = shelf.file("upload", b"x");
    for job in ["", "..", "a/b", "a b", &"x".repeat(65)] {
        let error = shelf.store.put_file(job, "a", &file).await.unwrap_err();
        assert_eq!(error.code(), "artifact-key", "{job}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let shelf = Shelf::new();
    let missing = shelf.folder.path().join("missing.pdf");
    let error = shelf
        .store
        .put_file("job-1", "a", &missing)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "artifact-local-file");
    assert!(error.to_string().contains("missing.pdf"), "{error}");
    // Nor can a copy be made where there is no folder.
    let key = shelf.put("a.pdf", b"content").await;
    let nowhere = shelf.folder.path().join("nowhere/copy");
    let error = shelf.store.fetch(&key, &nowhere).await.unwrap_err();
    assert_eq!(error.code(), "artifact-local-file");
}

/// A small file system of its own; gone when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        mount(&["-t", "tmpfs", "-o", "size=1M", "tmpfs"], folder.path());
        Self(folder)
    }

    fn remount(&self, options: &str) {
        mount(&["-o", &format!("remount,{options}")], self.0.path());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(
            Command::new("umount")
                .arg("--lazy")
                .arg(self.0.path())
                .status(),
        );
    }
}

fn mount(arguments: &[&str], folder: &Path) {
    let mounted = Command::new("mount").args(arguments).arg(folder).status();
    assert!(
        mounted.expect("mount runs").success(),
        "these tests mount a small tmpfs and so run as root"
    );
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_of_the_artifact_stays() {
    let disk = SmallDisk::new();
    let shelf = Shelf {
        store: ArtifactStore::in_folder(disk.0.path()).unwrap(),
        folder: tempfile::tempdir().unwrap(),
    };
    let small = shelf.put("small", &[1; 1000]).await;
    let large = shelf.file("large", &vec![7; 2 << 20]);
    let error = shelf
        .store
        .put_file("job-1", "large", &large)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "artifact-store-full", "{error}");
    assert_eq!(files(disk.0.path()), [shelf.location(&small)]);
    // The room that was taken is free again.
    let next = shelf.put("next", &vec![2; 500_000]).await;
    assert_eq!(shelf.fetch(&next).await.unwrap().len(), 500_000);
}

#[tokio::test]
async fn a_full_disk_under_a_copy_leaves_no_part_of_it() {
    let shelf = Shelf::new();
    let key = shelf.put("large", &vec![7; 2 << 20]).await;
    let disk = SmallDisk::new();
    let target = disk.0.path().join("copy");
    let error = shelf.store.fetch(&key, &target).await.unwrap_err();
    assert_eq!(error.code(), "artifact-store-full", "{error}");
    assert!(!target.exists());
}

#[tokio::test]
async fn a_store_that_cannot_be_written_can_still_be_read() {
    let disk = SmallDisk::new();
    let shelf = Shelf {
        store: ArtifactStore::in_folder(disk.0.path()).unwrap(),
        folder: tempfile::tempdir().unwrap(),
    };
    let key = shelf.put("a.pdf", b"content").await;
    disk.remount("ro");
    let file = shelf.file("upload", b"other");
    let error = shelf
        .store
        .put_file("job-1", "b.pdf", &file)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "artifact-store-read-only", "{error}");
    assert_eq!(shelf.fetch(&key).await.unwrap(), b"content");
    disk.remount("rw");
}
