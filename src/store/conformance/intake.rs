//! Accepting jobs and finding them.

use super::{START, new_fax, new_id, new_voicemail, ok, submit, wake_ups};
use crate::job::{JobEvent, JobRequest, Stage, Status};
use crate::store::{Idempotency, JobFilter, JobStore, StoreError, Submitted};

pub(super) async fn a_submitted_job_is_stored_with_its_event_and_its_wake_up(store: &dyn JobStore) {
    let new = new_fax();
    let (id, request) = (new.id, new.request.clone());
    let submitted = ok(store.submit(new).await);
    assert!(
        matches!(submitted, Submitted::Created(_)),
        "a new request makes a new job"
    );

    let job = ok(store.job(id).await);
    assert_eq!(job, submitted.into_job());
    assert_eq!((job.status(), job.request), (Status::Accepted, request));
    let events = ok(store.events(id, 0, 10).await);
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].seq, events[0].at, &events[0].event),
        (1, START, &JobEvent::Submitted)
    );
    assert_eq!(wake_ups(store, id, Stage::Convert).await, 1);

    let voicemail = submit(store, new_voicemail()).await;
    assert_eq!(wake_ups(store, voicemail.id, Stage::Transcode).await, 1);
    let missing = store.job(new_id()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

pub(super) async fn a_repeated_request_gives_the_first_job(store: &dyn JobStore) {
    let key = Some(Idempotency {
        key: new_id().to_string(),
        body_hash: "one".to_owned(),
    });
    let mut first = new_fax();
    first.idempotency.clone_from(&key);
    let id = submit(store, first).await.id;

    let mut again = new_fax();
    again.idempotency = key;
    let again_id = again.id;
    match ok(store.submit(again).await) {
        Submitted::Existing(job) => assert_eq!(job.id, id),
        Submitted::Created(_) => panic!("the same request made a second job"),
    }
    assert!(matches!(
        store.job(again_id).await,
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(wake_ups(store, id, Stage::Convert).await, 1);
}

pub(super) async fn a_key_used_for_another_request_is_a_conflict(store: &dyn JobStore) {
    let key = new_id().to_string();
    let mut first = new_fax();
    first.idempotency = Some(Idempotency {
        key: key.clone(),
        body_hash: "one".to_owned(),
    });
    submit(store, first).await;

    let mut other = new_fax();
    let other_id = other.id;
    other.idempotency = Some(Idempotency {
        key,
        body_hash: "two".to_owned(),
    });
    assert!(matches!(
        store.submit(other).await,
        Err(StoreError::Conflict)
    ));
    assert!(matches!(
        store.job(other_id).await,
        Err(StoreError::NotFound { .. })
    ));
}

pub(super) async fn a_name_is_used_once(store: &dyn JobStore) {
    let first = new_fax();
    let id = submit(store, first.clone()).await.id;
    let twice = store.submit(first).await;
    assert!(matches!(twice, Err(StoreError::Duplicate { id: named }) if named == id));
    assert_eq!(ok(store.events(id, 0, 10).await).len(), 1);
}

pub(super) async fn an_impossible_request_is_refused(store: &dyn JobStore) {
    let mut new = new_fax();
    let id = new.id;
    if let JobRequest::Fax(fax) = &mut new.request {
        fax.dials_max = 0;
    }
    assert!(matches!(
        store.submit(new).await,
        Err(StoreError::Request(_))
    ));
    assert!(matches!(
        store.job(id).await,
        Err(StoreError::NotFound { .. })
    ));

    let mut unnamed = new_fax();
    unnamed.idempotency = Some(Idempotency {
        key: String::new(),
        body_hash: String::new(),
    });
    assert!(matches!(
        store.submit(unnamed).await,
        Err(StoreError::Request(_))
    ));
}

pub(super) async fn jobs_are_listed_in_pages_newest_first(store: &dyn JobStore) {
    let new = new_fax();
    let number = new.request.number().cloned();
    let mut ids = vec![submit(store, new.clone()).await.id];
    for _ in 0..4 {
        let mut next = new.clone();
        next.id = new_id();
        ids.push(submit(store, next).await.id);
    }
    ids.sort_unstable();
    ids.reverse();

    let filter = JobFilter {
        number,
        status: Some(Status::Accepted),
        ..JobFilter::default()
    };
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = ok(store.list(&filter, after, 2).await);
        assert!(page.jobs.len() <= 2);
        listed.extend(page.jobs.iter().map(|job| job.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
    let ended = JobFilter {
        status: Some(Status::Delivered),
        ..filter
    };
    assert!(ok(store.list(&ended, None, 2).await).jobs.is_empty());
}
