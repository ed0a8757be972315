//! Events, and what the reaper and the relay live on.

use std::sync::Arc;
use std::time::Duration;

use super::{
    START, apply, claimed, convert, dial, failed, later, new_fax, new_voicemail, ok, publish,
    ready, submit, wake_ups,
};
use crate::job::{JobEvent, JobKind, JobRequest, Reason, Stage, Status};
use crate::store::{JobFilter, JobStore, PauseScope};
use crate::units::UnixMillis;

pub(super) async fn events_of_a_job_have_no_gaps(store: &dyn JobStore) {
    let id = ready(store, super::new_number()).await;
    let lease = dial(store, id).await;
    apply(store, &lease, JobEvent::Ringing).await;
    // Refused events leave no trace.
    let wrong = store
        .apply(
            &lease,
            JobEvent::PageConfirmed {
                page: 1,
                digest: None,
            },
            START,
            0.5,
        )
        .await;
    assert!(wrong.is_err());
    let job = apply(store, &lease, failed(Reason::NoAnswer)).await;

    let events = ok(store.events(id, 0, 1000).await);
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!(job.last_seq, events.len() as u64);
    assert_eq!(
        events.last().map(|event| event.status),
        Some(Status::RetryWait)
    );
    let names: Vec<&str> = events.iter().map(|event| event.event.name()).collect();
    assert_eq!(
        names,
        [
            "submitted",
            "claimed",
            "validation_done",
            "converted",
            "claimed",
            "attempt_started",
            "ringing",
            "attempt_ended",
        ]
    );
    assert_eq!(ok(store.events(id, 3, 2).await), events[3..5]);
}

pub(super) async fn events_of_all_jobs_come_in_order(store: &dyn JobStore) {
    let mut cursor = 0;
    while let Some(last) = ok(store.events_since(cursor, 1000).await).last() {
        cursor = last.cursor;
    }
    let first = submit(store, new_fax()).await.id;
    let second = submit(store, new_voicemail()).await.id;
    claimed(store, first, Stage::Convert).await;
    let events = ok(store.events_since(cursor, 1000).await);
    assert!(events.is_sorted_by(|one, next| one.cursor < next.cursor));
    let ours = events
        .iter()
        .filter(|event| [first, second].contains(&event.job_id));
    let ours: Vec<_> = ours.map(|event| (event.job_id, event.seq)).collect();
    assert_eq!(ours, [(first, 1), (second, 1), (first, 2)]);
}

pub(super) async fn due_jobs_are_found_and_woken(store: &dyn JobStore) {
    let mut new = new_fax();
    if let JobRequest::Fax(fax) = &mut new.request {
        fax.not_before = Some(later(600));
    }
    let id = submit(store, new).await.id;
    assert_eq!(convert(store, id, 1).await.status(), Status::Scheduled);
    publish(store, id).await;
    assert!(!ok(store.due(later(599), 100_000).await).contains(&id));
    assert!(ok(store.due(later(600), 100_000).await).contains(&id));
    assert!(
        store
            .apply_unleased(id, JobEvent::DueReached, later(599), 0.5)
            .await
            .is_err()
    );
    let job = ok(store
        .apply_unleased(id, JobEvent::DueReached, later(600), 0.5)
        .await);
    assert_eq!(job.status(), Status::Ready);
    assert_eq!(wake_ups(store, id, Stage::Transmit).await, 1);
    assert!(!ok(store.due(later(601), 100_000).await).contains(&id));
}

pub(super) async fn jobs_past_their_deadline_are_found(store: &dyn JobStore) {
    let new = new_fax();
    let deadline = 3 * 3600;
    let id = submit(store, new).await.id;
    assert!(!ok(store.past_deadline(later(deadline - 1), 100_000).await).contains(&id));
    assert!(ok(store.past_deadline(later(deadline), 100_000).await).contains(&id));
    let late = store
        .claim(id, Stage::Convert, "worker", super::LEASE, later(deadline))
        .await;
    assert!(ok(late).is_none(), "nothing is begun past the deadline");
    let job = ok(store
        .apply_unleased(id, JobEvent::DeadlinePassed, later(deadline), 0.5)
        .await);
    assert_eq!(
        (job.status(), job.state.reason),
        (Status::Expired, Some(Reason::DeadlineExceeded))
    );
    assert!(!ok(store.past_deadline(later(deadline), 100_000).await).contains(&id));
}

pub(super) async fn forgotten_jobs_are_found_and_woken(store: &dyn JobStore) {
    let id = submit(store, new_fax()).await.id;
    publish(store, id).await;
    let quiet = Duration::from_secs(300);
    let stranded =
        async |at: UnixMillis| ok(store.stranded(Stage::Convert, at, quiet, 100_000).await);
    assert!(!stranded(later(299)).await.contains(&id));
    assert!(stranded(later(300)).await.contains(&id));
    assert_eq!(ok(store.wake(&[id], later(300)).await), 1);
    assert_eq!(wake_ups(store, id, Stage::Convert).await, 1);
    assert!(!stranded(later(301)).await.contains(&id));

    claimed(store, id, Stage::Convert).await;
    assert!(
        !stranded(later(9000)).await.contains(&id),
        "a worker has it"
    );
    assert_eq!(ok(store.wake(&[id], later(9000)).await), 0);
}

pub(super) async fn paused_work_is_not_begun_until_it_is_resumed(store: &dyn JobStore) {
    let tenant = format!("tenant {}", super::new_id());
    let scope = PauseScope::Tenant(tenant.clone());
    let mut new = new_voicemail();
    if let JobRequest::Voicemail(voicemail) = &mut new.request {
        voicemail.tenant = Some(tenant.clone());
    }
    let id = submit(store, new).await.id;
    publish(store, id).await;
    ok(store.pause(&scope, "a test", START).await);
    ok(store.pause(&scope, "the same again", later(1)).await);
    let pauses = ok(store.pauses().await);
    let pause = pauses.iter().find(|pause| pause.scope == scope);
    let (since, why) = pause.map_or((START, ""), |pause| (pause.since, pause.why.as_str()));
    assert_eq!((since, why), (START, "the same again"));

    assert!(super::claim(store, id, Stage::Transcode).await.is_none());
    let other = submit(store, new_voicemail()).await.id;
    claimed(store, other, Stage::Transcode).await;

    assert!(ok(store.resume(&scope).await));
    assert!(
        !ok(store.resume(&scope).await),
        "nothing is paused any more"
    );
    assert_eq!(wake_ups(store, id, Stage::Transcode).await, 1);
    claimed(store, id, Stage::Transcode).await;
    let filter = JobFilter {
        tenant: Some(tenant),
        ..JobFilter::default()
    };
    let listed = ok(store.list(&filter, None, 10).await).jobs;
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
}

pub(super) async fn jobs_that_do_not_move_are_listed(store: &dyn JobStore) {
    let stuck = async |since| {
        let filter = JobFilter {
            stuck_since: Some(since),
            kind: Some(JobKind::Voicemail),
            ..JobFilter::default()
        };
        let page = ok(store.list(&filter, None, 10_000).await);
        page.jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    let id = submit(store, new_voicemail()).await.id;
    assert!(stuck(START).await.contains(&id));
    assert!(!stuck(UnixMillis(START.0 - 1)).await.contains(&id));
    let lease = claimed(store, id, Stage::Transcode).await;
    assert!(stuck(START).await.contains(&id), "its worker may be stuck");
    let failed = JobEvent::TranscodeFailed {
        reason: Reason::MediaUnsupported,
        detail: String::new(),
    };
    apply(store, &lease, failed).await;
    assert!(!stuck(later(10)).await.contains(&id), "it rests");
}

pub(super) async fn what_waits_is_counted_by_stage(store: &dyn JobStore) {
    let waiting = async |stage| {
        let all = ok(store.waiting().await);
        let of_stage = all.into_iter().find(|waiting| waiting.stage == stage);
        of_stage.map_or((0, None), |waiting| (waiting.jobs, Some(waiting.since)))
    };
    let (before, _) = waiting(Stage::Transcode).await;
    let id = submit(store, new_voicemail()).await.id;
    let (jobs, since) = waiting(Stage::Transcode).await;
    assert_eq!(jobs, before + 1);
    assert!(since.is_some_and(|since| since <= START));
    claimed(store, id, Stage::Transcode).await;
    assert_eq!(waiting(Stage::Transcode).await.0, before, "a worker has it");
}

pub(super) async fn counts_follow_the_jobs(store: &dyn JobStore) {
    let held = async || {
        let counts = ok(store.counts().await);
        let of = |kind| {
            let count = counts
                .iter()
                .find(|count| (count.kind, count.status) == kind);
            count.map_or(0, |count| count.jobs)
        };
        (
            of((JobKind::Fax, Status::Held)),
            of((JobKind::Voicemail, Status::Ready)),
        )
    };
    let before = held().await;
    let mut new = new_fax();
    if let JobRequest::Fax(fax) = &mut new.request {
        fax.hold = true;
    }
    let id = submit(store, new).await.id;
    convert(store, id, 1).await;
    let voicemail = submit(store, new_voicemail()).await.id;
    let lease = claimed(store, voicemail, Stage::Transcode).await;
    let done = JobEvent::TranscodeDone {
        duration_ms: 60_000,
        artifacts: [].into(),
    };
    assert!(apply(store, &lease, done).await.state.is_terminal());
    assert_eq!(held().await, (before.0 + 1, before.1 + 1));
    ok(store
        .apply_unleased(id, JobEvent::HoldReleased, START, 0.5)
        .await);
    assert_eq!(held().await, (before.0, before.1 + 1));
}

pub(super) async fn the_outbox_wakes_who_waits_for_it(store: Arc<dyn JobStore>) {
    loop {
        let ids: Vec<i64> = ok(store.outbox_batch(1000).await)
            .iter()
            .map(|entry| entry.id)
            .collect();
        if ids.is_empty() {
            break;
        }
        ok(store.outbox_published(&ids).await);
    }
    let waiting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            while ok(store.outbox_batch(1).await).is_empty() {
                store.outbox_wait(Duration::from_secs(5)).await;
            }
            ok(store.outbox_batch(1).await)[0].job_id
        })
    };
    let id = submit(&*store, new_fax()).await.id;
    assert_eq!(ok(waiting.await), id);
}
