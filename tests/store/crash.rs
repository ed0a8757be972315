//! SIGKILL at any moment: nothing accepted is lost, nothing half done is kept, no call is repeated.

use std::path::Path;
use std::time::Duration;

use faxmill::job::{JobEvent, JobId, Reason, Stage, Status};
use faxmill::store::{JobFilter, JobStore as _, SqlStore};
use sqlx::{Executor as _, Row as _};

use crate::child::Process;
use crate::support;

async fn is_sound(store: &SqlStore) {
    let database = store.database();
    let row = database
        .readers()
        .fetch_one("PRAGMA integrity_check")
        .await
        .expect("checked");
    assert_eq!(row.try_get::<String, _>(0).expect("text"), "ok");
}

#[tokio::test]
async fn what_was_accepted_survives_a_kill_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut accepted: Vec<JobId> = Vec::new();
    for jobs in [1, 7, 40, 100] {
        let mut process = Process::start("submit", folder.path());
        for _ in 0..jobs {
            let id = process.next("accepted").expect("it goes on for ever");
            accepted.push(id.parse().expect("a job id"));
        }
        process.kill();
    }

    let store = support::open(folder.path()).await;
    is_sound(&store).await;
    let woken = store.outbox_batch(100_000).await.expect("read");
    for id in accepted {
        let job = store.job(id).await.expect("an accepted job is there");
        assert_eq!((job.status(), job.last_seq), (Status::Accepted, 1));
    }
    // Also those accepted after the last line that was read: whole or not there at all.
    let all = store
        .list(&JobFilter::default(), None, 10_000)
        .await
        .expect("listed")
        .jobs;
    assert_eq!(woken.len(), all.len());
    for job in &all {
        assert_eq!(store.events(job.id, 0, 10).await.expect("read").len(), 1);
        assert!(woken.iter().any(|entry| entry.job_id == job.id));
    }
}

#[tokio::test]
async fn half_a_transaction_of_a_killed_process_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    let id = store
        .submit(support::new_fax(1))
        .await
        .expect("accepted")
        .into_job()
        .id;
    let before = store.job(id).await.expect("there");

    let mut process = Process::start("half", folder.path());
    process.next("half").expect("it holds the lock");
    process.kill();

    // The lock died with its holder: the open store and a new one both go on.
    assert_eq!(store.job(id).await.expect("there"), before);
    assert_eq!(store.outbox_batch(10).await.expect("read").len(), 1);
    store.submit(support::new_fax(2)).await.expect("accepted");
    drop(store);
    let store = support::open(folder.path()).await;
    is_sound(&store).await;
    assert_eq!(store.job(id).await.expect("there"), before);
}

async fn kill_worker_in(stage: &str, folder: &Path) -> (SqlStore, JobId, Status) {
    let store = support::open(folder).await;
    let id = if ["validating", "converting"].contains(&stage) {
        store
            .submit(support::new_fax(1))
            .await
            .expect("accepted")
            .into_job()
            .id
    } else {
        support::ready(&store, 1, 2).await
    };
    let mut process = Process::start(stage, folder);
    process.next("reached").expect("it gets there");
    process.kill();

    let until = store
        .job(id)
        .await
        .expect("there")
        .lease
        .expect("the dead worker's")
        .until;
    assert_eq!(store.expired_leases(until, 10).await.expect("read"), [id]);
    let job = store
        .apply_unleased(id, JobEvent::LeaseLost, until, 0.5)
        .await
        .expect("legal");
    assert_eq!(job.lease, None);
    (store, id, job.status())
}

#[tokio::test]
async fn a_worker_killed_before_any_answer_is_replaced() {
    for (stage, then, next) in [
        ("validating", Status::Accepted, Stage::Convert),
        ("converting", Status::Accepted, Stage::Convert),
        ("ready", Status::Ready, Stage::Transmit),
        ("dialing", Status::RetryWait, Stage::Transmit),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, id, status) = kill_worker_in(stage, folder.path()).await;
        assert_eq!(status, then, "killed while {stage}");
        if status == Status::RetryWait {
            let at = store
                .job(id)
                .await
                .expect("there")
                .state
                .next_at
                .expect("a moment");
            assert_eq!(store.due(at, 10).await.expect("read"), [id]);
            store
                .apply_unleased(id, JobEvent::DueReached, at, 0.5)
                .await
                .expect("legal");
        }
        assert!(
            support::claim(&store, id, next).await.is_some(),
            "killed while {stage}"
        );
    }
}

#[tokio::test]
async fn a_worker_killed_after_the_answer_is_never_followed_by_a_dial() {
    for (stage, confirmed) in [("negotiating", 0), ("sending", 1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, id, status) = kill_worker_in(stage, folder.path()).await;
        assert_eq!(status, Status::Indeterminate, "killed while {stage}");
        let job = store.job(id).await.expect("there");
        assert_eq!(job.state.pages_confirmed, confirmed);
        assert_eq!(job.state.reason, Some(Reason::WorkerLost));
        let far = support::now().plus(Duration::from_secs(10 * 365 * 24 * 3600));
        assert!(store.due(far, 10).await.expect("read").is_empty());
        assert!(
            store
                .expired_leases(far, 10)
                .await
                .expect("read")
                .is_empty()
        );
        assert!(store.past_deadline(far, 10).await.expect("read").is_empty());
        assert!(
            store
                .stranded(Stage::Transmit, far, Duration::ZERO, 10)
                .await
                .expect("read")
                .is_empty()
        );
        assert!(support::claim(&store, id, Stage::Transmit).await.is_none());
    }
}
