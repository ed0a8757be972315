//! A server that fails in every way that we know of.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use faxmill::artifact::ArtifactStore;

use super::{EIGHT_PARTS, Shelf, changed, some_bytes};
use crate::servers::s3::Fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_slow_or_faulty_for_a_moment_is_waited_for() {
    let shelf = Shelf::new();
    let content = some_bytes((5 << 20) + 1);
    // Each kind of request fails four times: more often than a request alone is tried.
    let failed = Mutex::new(BTreeMap::<String, u32>::new());
    shelf.server.plan(move |request| {
        let kind = request.split(['=', '/']).next().unwrap_or_default();
        let kind = format!("{kind}{}", request.contains("partNumber"));
        let mut failed = failed.lock().expect("no panic");
        let times = failed.entry(kind).or_default();
        *times += 1;
        match *times {
            1 | 3 => Some(Fault::Answer(503, "SlowDown")),
            2 | 4 => Some(Fault::Answer(500, "InternalError")),
            _ => None,
        }
    });
    let patient = changed(shelf.server.options(), |bucket| {
        bucket.timing.retry = Duration::from_secs(20);
    });
    let shelf = Shelf {
        store: ArtifactStore::connect(&patient).expect("a client"),
        ..shelf
    };
    let key = shelf.put(&content).await.expect("stored in the end");
    assert!(shelf.fetch(&key).await.expect("fetched in the end") == content);
    shelf.store.delete(&key).await.expect("deleted in the end");
    shelf.nothing_is_left_of(&key);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_fails_in_mid_way_leaves_nothing() {
    let shelf = Shelf::new();
    let content = some_bytes(EIGHT_PARTS);
    for (what, status, code, meaning) in [
        (
            "partNumber=6",
            403,
            "AccessDenied",
            "artifact-store-forbidden",
        ),
        ("partNumber=6", 500, "InternalError", "artifact-store-busy"),
        // Completing it: the parts are all there by then.
        (
            "POST /faxes/jobs",
            403,
            "AccessDenied",
            "artifact-store-forbidden",
        ),
    ] {
        shelf.server.plan(move |request| {
            let begins = request.contains("?uploads");
            (request.contains(what) && !begins).then_some(Fault::Answer(status, code))
        });
        let error = shelf.put(&content).await.expect_err("it fails");
        assert_eq!(error.code(), meaning, "{what}: {error}");
        shelf.nothing_is_left();
    }
    shelf.server.plan(|_| None);
    let key = shelf.put(&content).await.expect("nothing is in the way");
    assert!(shelf.fetch(&key).await.expect("it is whole") == content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let shelf = Shelf::new();
    let file = shelf.file(&some_bytes(EIGHT_PARTS));
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    shelf.server.plan(move |request| {
        if request.starts_with("DELETE") {
            told.send("aborted").expect("somebody listens");
        } else if request.contains("partNumber=3") {
            told.send("under way").expect("somebody listens");
            return Some(Fault::Silence);
        }
        None
    });
    tokio::select! {
        _ = shelf.store.put_file("job-1", "a.tiff", &file) => panic!("it never ends"),
        said = heard.recv() => assert_eq!(said, Some("under way")),
    }
    assert_eq!(heard.recv().await, Some("aborted"));
    // The server says so before it has removed the last of it.
    let gone = async {
        while !shelf.server.open_uploads().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(10), gone).await;
    gone.expect("the upload is aborted");
    shelf.nothing_is_left();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_mid_download_never_makes_a_short_file() {
    let shelf = Shelf::new();
    let content = some_bytes(3 << 20);
    let key = shelf.put(&content).await.expect("stored");
    // Twice cut, it is taken up where it broke.
    let mut cuts = 0;
    shelf.server.plan(move |request| {
        cuts += 1;
        (request.starts_with("GET") && cuts <= 2).then_some(Fault::Cut(1 << 20))
    });
    assert!(shelf.fetch(&key).await.expect("whole") == content);
    // Cut ever again, it is an error that says so.
    shelf
        .server
        .plan(|request| request.starts_with("GET").then_some(Fault::Cut(1000)));
    let error = shelf.fetch(&key).await.expect_err("cut");
    assert_eq!(error.code(), "artifact-store-unreachable", "{error}");
    assert!(error.is_transient());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_is_not_waited_for_for_ever() {
    let shelf = Shelf::new();
    let key = shelf.put(b"content").await.expect("stored");
    let hasty = changed(shelf.server.options(), |bucket| {
        bucket.timing.idle = Duration::from_millis(100);
    });
    let store = ArtifactStore::connect(&hasty).expect("a client");
    shelf.server.plan(|_| Some(Fault::Silence));
    let target = shelf.folder.path().join("copy");
    let error = store.fetch(&key, &target).await.expect_err("silence");
    assert_eq!(error.code(), "artifact-store-unreachable", "{error}");
    let file = shelf.file(b"other");
    let error = store.put_file("job-1", "a", &file).await;
    let error = error.expect_err("silence");
    assert_eq!(error.code(), "artifact-store-unreachable", "{error}");
}
