//! Artifacts on an S3 server.

mod faults;
mod memory;
mod program;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use faxmill::artifact::options::{ArtifactOptions, PutOnce, S3Encryption, SecretFile};
use faxmill::artifact::{ArtifactError, ArtifactKey, ArtifactStore, conformance};

use crate::servers::free_port;
use crate::servers::s3::{BUCKET, Fault, S3Server};

/// What is sent in parts: eight of them.
const EIGHT_PARTS: usize = 8 * (5 << 20);

/// A store on a server of its own.
struct Shelf {
    server: S3Server,
    store: ArtifactStore,
    folder: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Self {
        let server = S3Server::start();
        Self {
            store: ArtifactStore::connect(&server.options()).expect("a client"),
            folder: tempfile::tempdir().expect("a folder"),
            server,
        }
    }

    fn file(&self, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join("upload");
        fs::write(&path, content).expect("a file");
        path
    }

    async fn put(&self, content: &[u8]) -> Result<ArtifactKey, ArtifactError> {
        let file = self.file(content);
        self.store.put_file("job-1", "a.tiff", &file).await
    }

    async fn fetch(&self, key: &ArtifactKey) -> Result<Vec<u8>, ArtifactError> {
        let target = self.folder.path().join("copy");
        let fetched = self.store.fetch(key, &target).await;
        assert_eq!(fetched.is_ok(), target.exists(), "whole or absent");
        fetched.map(|fetched| fs::read(fetched.path).expect("the copy"))
    }

    fn nothing_is_left_of(&self, key: &ArtifactKey) {
        assert!(!self.server.file(&key.to_string()).exists());
        assert_eq!(self.server.open_uploads(), [] as [PathBuf; 0]);
    }

    fn nothing_is_left(&self) {
        assert_eq!(self.server.open_uploads(), [] as [PathBuf; 0]);
        assert!(!self.server.file("jobs/job-1").exists(), "nothing is there");
    }
}

fn some_bytes(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8).collect()
}

/// The options of an S3 bucket, changed.
fn changed(
    options: ArtifactOptions,
    change: impl FnOnce(&mut faxmill::artifact::options::BucketOptions),
) -> ArtifactOptions {
    match options {
        ArtifactOptions::Bucket(mut bucket) => {
            change(&mut bucket);
            ArtifactOptions::Bucket(bucket)
        }
        folder @ ArtifactOptions::Folder(_) => folder,
    }
}

async fn refusal(options: &ArtifactOptions) -> ArtifactError {
    let opened = ArtifactStore::open(options).await;
    opened.expect_err("it must not open")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_s3_store_keeps_every_promise() {
    let shelf = Shelf::new();
    conformance::all(&shelf.store, shelf.folder.path()).await;
    // In a folder of the bucket, and on a server without conditional writes.
    let url = format!("s3://{BUCKET}/s1");
    let options = S3Server::options_with(&url, shelf.server.s3());
    let options = changed(options, |bucket| bucket.put_once = PutOnce::ByLook);
    shelf.server.plan(|request| {
        assert!(request.contains("/faxes/s1") || request.contains("prefix=s1"));
        None
    });
    let store = ArtifactStore::open(&options).await.expect("it opens");
    conformance::all(&store, shelf.folder.path()).await;
    assert_eq!(shelf.server.open_uploads(), [] as [PathBuf; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_bucket_is_said_when_it_is_opened() {
    let server = S3Server::start();
    ArtifactStore::open(&server.options())
        .await
        .expect("nothing is wrong");

    let missing = S3Server::options_with("s3://other", server.s3());
    let error = refusal(&missing).await;
    assert_eq!(error.code(), "artifact-bucket-missing", "{error}");
    assert!(error.to_string().contains("s3://other"), "{error}");

    let mut wrong = server.s3();
    let secret = server.folder().join(".wrong");
    fs::write(&secret, "wrong").expect("a file");
    let credentials = wrong.credentials.as_mut().expect("they are given");
    credentials.secret_access_key = SecretFile::read(&secret).expect("a secret");
    let error = refusal(&S3Server::options_with("s3://faxes", wrong)).await;
    assert_eq!(error.code(), "artifact-store-credentials", "{error}");

    let mut unknown = server.s3();
    let credentials = unknown.credentials.as_mut().expect("they are given");
    credentials.access_key_id = "somebody".to_owned();
    let error = refusal(&S3Server::options_with("s3://faxes", unknown)).await;
    assert!(
        matches!(
            error.code(),
            "artifact-store-credentials" | "artifact-store-forbidden"
        ),
        "{error}"
    );
    assert!(!error.is_transient());

    let mut nowhere = server.s3();
    nowhere.endpoint = Some(format!("http://127.0.0.1:{}", free_port()));
    let error = refusal(&S3Server::options_with("s3://faxes", nowhere)).await;
    assert_eq!(error.code(), "artifact-store-unreachable", "{error}");
    assert!(error.is_transient());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_answer_of_a_server_has_its_meaning() {
    for (method, status, code, meaning) in [
        ("PUT", 403, "AccessDenied", "artifact-store-forbidden"),
        ("DELETE", 403, "AccessDenied", "artifact-store-forbidden"),
        ("GET", 400, "ExpiredToken", "artifact-store-credentials"),
        (
            "GET",
            403,
            "RequestTimeTooSkewed",
            "artifact-store-credentials",
        ),
        ("GET", 301, "PermanentRedirect", "artifact-store-region"),
        (
            "GET",
            400,
            "AuthorizationHeaderMalformed",
            "artifact-store-region",
        ),
        ("PUT", 501, "NotImplemented", "artifact-unsupported"),
        ("PUT", 507, "XMinioStorageFull", "artifact-store-full"),
        ("PUT", 503, "SlowDown", "artifact-store-busy"),
        ("GET", 500, "InternalError", "artifact-store-busy"),
        ("PUT", 400, "EntityTooLarge", "artifact-store-failed"),
    ] {
        let server = S3Server::start();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        server.plan(move |request| {
            request.starts_with(method).then(|| {
                counted.fetch_add(1, Ordering::Relaxed);
                Fault::Answer(status, code)
            })
        });
        let error = refusal(&server.options()).await;
        assert_eq!(error.code(), meaning, "{status} {code}: {error}");
        let is_transient = meaning == "artifact-store-busy";
        assert_eq!(error.is_transient(), is_transient, "{error}");
        let asked = asked.load(Ordering::Relaxed);
        assert_eq!(asked > 1, is_transient || status > 500, "{code}: {asked}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_altered_behind_our_back_is_never_handed_on() {
    let shelf = Shelf::new();
    let key = shelf.put(b"content").await.expect("stored");
    let file = shelf.server.file(&key.to_string());
    for damage in [&b"c0ntent"[..], b"", b"cont", b"content and more"] {
        fs::write(&file, damage).expect("altered");
        let error = shelf.fetch(&key).await.expect_err("damaged");
        assert_eq!(error.code(), "artifact-damaged", "{error}");
        let error = shelf.store.verify(&key).await.expect_err("damaged");
        assert!(matches!(error, ArtifactError::Damaged { .. }), "{error}");
        // Storing it again repairs it.
        assert_eq!(shelf.put(b"content").await.expect("stored"), key);
        assert_eq!(shelf.fetch(&key).await.expect("whole"), b"content");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_artifact_is_one_request_and_is_never_written_twice() {
    let shelf = Shelf::new();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&requests);
    shelf.server.plan(move |request| {
        let method = request.split(' ').next().unwrap_or_default();
        noted.lock().expect("no panic").push(method.to_owned());
        None
    });
    let key = shelf.put(b"content").await.expect("stored");
    let taken = || std::mem::take(&mut *requests.lock().expect("no panic"));
    assert_eq!(taken(), ["PUT"]);
    let written = fs::metadata(shelf.server.file(&key.to_string())).expect("a file");
    shelf.put(b"content").await.expect("it is there");
    assert_eq!(taken(), ["PUT", "HEAD", "GET"], "refused, then looked at");
    let again = fs::metadata(shelf.server.file(&key.to_string())).expect("a file");
    assert_eq!(
        written.modified().expect("a time"),
        again.modified().expect("a time")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_asked_to_encrypt_and_told_what_it_keeps() {
    let shelf = Shelf::new();
    let large = some_bytes((5 << 20) + 1);
    for (encryption, asked) in [
        (None, ""),
        (Some(S3Encryption::Aes256), " encryption:AES256"),
        (Some(S3Encryption::Kms(None)), " encryption:aws:kms"),
        (
            Some(S3Encryption::Kms(Some("a-key".to_owned()))),
            " encryption:aws:kms encryption:a-key",
        ),
    ] {
        let mut s3 = shelf.server.s3();
        s3.encryption = encryption;
        let options = S3Server::options_with("s3://faxes", s3);
        let store = ArtifactStore::connect(&options).expect("a client");
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&begun);
        shelf.server.plan(move |request| {
            let begins_to_write = request.starts_with("PUT") && !request.contains('?')
                || request.starts_with("POST") && request.contains("?uploads");
            if begins_to_write {
                let (_, found) = request.split_once(" /").unwrap_or_default();
                let found = found.find(' ').map_or("", |space| &found[space..]);
                counted.fetch_add(usize::from(found == asked), Ordering::Relaxed);
            }
            None
        });
        for content in [&large[..], b"content"] {
            let file = shelf.file(content);
            let key = store.put_file("job-1", "a", &file).await.expect("stored");
            store.delete(&key).await.expect("deleted");
        }
        assert_eq!(begun.load(Ordering::Relaxed), 2, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_link_needs_no_credentials() {
    let shelf = Shelf::new();
    let content = some_bytes(100_000);
    let key = shelf.put(&content).await.expect("stored");
    let validity = Duration::from_secs(60);
    let link = shelf.store.signed_link(&key, validity).await;
    let link = link.expect("a link");
    let client = reqwest::Client::new();
    let answer = client.get(&link).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/tiff");
    assert!(answer.bytes().await.expect("content") == content);
    // Without its signature, or with another's, it opens nothing.
    let (bare, _) = link.split_once('?').expect("a query");
    let answer = client.get(bare).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
    let other = link.replace("a.tiff", "b.tiff");
    let answer = client.get(other).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);

    for seconds in [0, 7 * 24 * 3600 + 1] {
        let link = shelf.store.signed_link(&key, Duration::from_secs(seconds));
        let error = link.await.expect_err("refused");
        assert_eq!(error.code(), "artifact-link-validity", "{error}");
    }
    shelf.store.delete(&key).await.expect("deleted");
    let error = shelf.store.signed_link(&key, validity).await;
    assert_eq!(error.expect_err("gone").code(), "artifact-not-found");
}
