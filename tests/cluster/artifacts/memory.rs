//! What a large artifact takes of a process, which does not grow with it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use faxmill::artifact::ArtifactStore;

use super::{EIGHT_PARTS, Shelf, changed, some_bytes};
use crate::servers::s3::{Fault, Meeting, S3Server};

const URL: &str = "FAXMILL_TEST_S3_URL";
const SECRET_FILE: &str = "FAXMILL_TEST_S3_SECRET";
const FOLDER: &str = "FAXMILL_TEST_S3_FOLDER";
const LARGE: u64 = 200_000_000;
const GROWN_KIB_MAX: u64 = 60 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_parts_are_under_way_at_a_time() {
    let shelf = Shelf::new();
    let content = some_bytes(EIGHT_PARTS);
    // Nobody is answered before four are there.
    let meeting = Meeting::of(4);
    let all = Arc::clone(&meeting);
    shelf.server.plan(move |request| {
        let is_part = request.contains("partNumber");
        is_part.then(|| Fault::Meet(Arc::clone(&all)))
    });
    let key = shelf.put(&content).await.expect("stored");
    assert!(shelf.fetch(&key).await.expect("fetched") == content);
    assert_eq!(meeting.present_max.load(Ordering::SeqCst), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_artifact_takes_little_memory_both_ways() {
    let shelf = Shelf::new();
    let moved = Command::new("/proc/self/exe")
        .args([
            "--exact",
            "artifacts::memory::another_process_moves_a_large_artifact",
            "--ignored",
            "--nocapture",
        ])
        .env(URL, shelf.server.url())
        .env(SECRET_FILE, S3Server::secret_file(shelf.server.folder()))
        .env(FOLDER, shelf.folder.path())
        .output()
        .expect("this binary starts again");
    let said = String::from_utf8_lossy(&moved.stdout);
    let grown = said.lines().find_map(|line| line.strip_prefix("grown "));
    let grown: u64 = grown
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_else(|| panic!("it failed: {moved:?}"));
    println!("{LARGE} bytes stored and fetched again: {grown} KiB");
    assert!(grown < GROWN_KIB_MAX, "{grown} KiB");
}

#[tokio::test]
#[ignore = "the other process of the test above"]
async fn another_process_moves_a_large_artifact() {
    let told = |name: &str| PathBuf::from(std::env::var_os(name).expect("it is told"));
    let s3 = S3Server::s3_at(told(URL).display().to_string(), &told(SECRET_FILE));
    let options = changed(S3Server::options_with("s3://faxes", s3), |bucket| {
        bucket.timing.idle = Duration::from_secs(60);
    });
    let store = ArtifactStore::connect(&options).expect("a client");
    let (file, copy) = (told(FOLDER).join("large"), told(FOLDER).join("copy"));
    let sparse = fs::File::create(&file).expect("a file");
    sparse.set_len(LARGE).expect("it grows");
    let before = resident_max_kib();
    let key = store.put_file("job-1", "large.bin", &file).await;
    let key = key.expect("stored");
    let fetched = store.fetch(&key, &copy).await.expect("fetched");
    assert_eq!(fetched.bytes, LARGE);
    println!("\ngrown {}", resident_max_kib() - before);
}

/// The most that this process ever had resident.
fn resident_max_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next());
    kib.and_then(|kib| kib.parse().ok()).expect("a number")
}
