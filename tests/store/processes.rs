//! Several processes on one file: each job in one pair of hands, each wake-up across.

use std::collections::HashSet;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use faxmill::job::{JobRequest, Stage, Status, VoicemailRequest};
use faxmill::queue::{Message, Queue as _};
use faxmill::store::sql::{Bell, Ear, Waited};
use faxmill::store::{JobFilter, JobStore as _, NewJob};

use crate::child::Process;
use crate::support;

const JOBS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_of_eight_workers_take_each_of_a_thousand_jobs_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    let queue = support::queue(&store);
    for _ in 0..JOBS {
        let request = VoicemailRequest::new("recordings/1".to_owned(), "1.wav".to_owned());
        let request = JobRequest::Voicemail(request);
        let new = NewJob::new(support::new_id(), request, support::now());
        store.submit(new).await.expect("accepted");
    }
    let mut published = 0;
    loop {
        let entries = store.outbox_batch(100).await.expect("read");
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            let message = Message {
                job_id: entry.job_id,
                attempt: entry.attempt,
            };
            queue
                .publish(entry.stage, message, None)
                .await
                .expect("published");
            // A relay that dies here publishes once more.
            if published % 10 == 0 {
                queue
                    .publish(entry.stage, message, Some(Duration::ZERO))
                    .await
                    .expect("published");
            }
            published += 1;
        }
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        store.outbox_published(&ids).await.expect("forgotten");
    }
    assert_eq!(published, JOBS);

    let mut claimed = HashSet::new();
    let mut processes: Vec<_> = (0..2)
        .map(|_| Process::start("transcode", folder.path()))
        .collect();
    for process in &mut processes {
        while let Some(id) = process.next("claimed") {
            assert!(claimed.insert(id.clone()), "{id} was claimed twice");
        }
    }
    processes.into_iter().for_each(Process::ends_well);
    assert_eq!(claimed.len(), JOBS);
    let jobs = store
        .list(&JobFilter::default(), None, 10_000)
        .await
        .expect("listed")
        .jobs;
    assert_eq!(jobs.len(), JOBS);
    for job in jobs {
        assert_eq!((job.status(), job.last_seq), (Status::Ready, 3));
        let events = store.events(job.id, 0, 10).await.expect("read");
        let events: Vec<_> = events
            .iter()
            .map(|event| (event.seq, event.event.name()))
            .collect();
        assert_eq!(
            events,
            [(1, "submitted"), (2, "claimed"), (3, "transcode_done")]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_a_receiver_that_waits_in_another_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    let mut process = Process::start("receive", folder.path());
    process.next("waiting").expect("it waits");
    let message = Message {
        job_id: support::new_id(),
        attempt: 0,
    };
    support::queue(&store)
        .publish(Stage::Convert, message, None)
        .await
        .expect("published");
    assert_eq!(process.next("received"), Some(message.job_id.to_string()));
    process.ends_well();
}

#[tokio::test]
async fn accepting_and_publishing_ring_for_other_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = support::open(folder.path()).await;
    let listen = |topic: &str| {
        let path = folder
            .path()
            .join("run")
            .join(format!("{topic}.another.sock"));
        let socket = UnixDatagram::bind(path).expect("bound");
        socket
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("set");
        socket
    };
    let (relay, worker) = (listen("outbox"), listen(Stage::Convert.name()));
    let id = store
        .submit(support::new_fax(1))
        .await
        .expect("accepted")
        .into_job()
        .id;
    relay
        .recv(&mut [0; 1])
        .expect("a submission rings for the relay");
    let message = Message {
        job_id: id,
        attempt: 0,
    };
    support::queue(&store)
        .publish(Stage::Convert, message, None)
        .await
        .expect("published");
    worker
        .recv(&mut [0; 1])
        .expect("a message rings for its workers");
}

#[tokio::test]
async fn a_bell_wakes_every_listener_and_clears_away_dead_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    // Longer than a socket's address may be.
    let run = folder.path().join("a".repeat(120));
    let bell = Bell::open(&run);
    let ears = [bell.listen("outbox"), bell.listen("outbox")];
    let other = bell.listen("outboxes");
    let (mut marks, mut other_mark) = (ears.each_ref().map(Ear::mark), other.mark());

    let dead = run.join("outbox.dead.sock");
    let address = folder.path().join("s");
    drop(UnixDatagram::bind(&address).expect("bound"));
    std::fs::rename(&address, &dead).expect("a socket whose process is gone");

    Bell::open(&run).ring("outbox");
    for mark in &mut marks {
        let mut tries = 0;
        while mark.wait(Duration::from_secs(1)).await == Waited::InVain {
            tries += 1;
            assert!(tries < 60, "the bell was not heard");
        }
    }
    assert_eq!(other_mark.wait(Duration::ZERO).await, Waited::InVain);
    assert!(!dead.exists(), "a dead listener is cleared away");
    drop(ears);
    drop(other);
    assert_eq!(
        std::fs::read_dir(&run).expect("listed").count(),
        0,
        "listeners clean up"
    );
}
