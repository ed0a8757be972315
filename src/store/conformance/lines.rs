//! Calls: on record before they are dialed, one at a time to a number.

use super::{
    START, apply, claim, claimed, dial, failed, fax, later, new_id, new_number, ok, publish, ready,
    wake_ups,
};
use crate::job::{
    AttemptOutcome, AttemptResult, AttemptSettings, JobEvent, JobRequest, Reason, Stage, Status,
};
use crate::store::{JobStore, NewJob, StoreError};

pub(super) async fn a_call_is_on_record_before_it_is_dialed(store: &dyn JobStore) {
    let id = ready(store, new_number()).await;
    let lease = claimed(store, id, Stage::Transmit).await;
    assert!(ok(store.attempts(id).await).is_empty());
    let settings = AttemptSettings::default();
    let job = apply(store, &lease, JobEvent::AttemptStarted { settings }).await;
    assert_eq!((job.status(), job.state.dials), (Status::Dialing, 1));
    let attempts = ok(store.attempts(id).await);
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].number, attempts[0].started_at), (1, START));
    assert_eq!(Some(&attempts[0]), job.state.attempt.as_ref());
}

pub(super) async fn an_ended_call_is_never_rewritten(store: &dyn JobStore) {
    let id = ready(store, new_number()).await;
    let lease = dial(store, id).await;
    let job = apply(store, &lease, failed(Reason::Busy)).await;
    assert_eq!((job.status(), &job.lease), (Status::RetryWait, &None));
    let first = ok(store.attempts(id).await);
    assert_eq!(first[0].result, Some(AttemptResult::Failed));

    let due = job
        .state
        .next_at
        .expect("a job that waits knows until when");
    ok(store
        .apply_unleased(id, JobEvent::DueReached, due, 0.5)
        .await);
    let lease = dial(store, id).await;
    apply(store, &lease, JobEvent::Answered).await;
    for page in 1..=2 {
        apply(
            store,
            &lease,
            JobEvent::PageConfirmed { page, digest: None },
        )
        .await;
    }
    let outcome = AttemptOutcome::Delivered { pages_confirmed: 2 };
    let job = apply(store, &lease, JobEvent::AttemptEnded { outcome }).await;
    assert_eq!((job.status(), job.state.answered), (Status::Delivered, 1));
    let attempts = ok(store.attempts(id).await);
    assert_eq!((attempts.len(), &attempts[0]), (2, &first[0]));
    assert_eq!(attempts[1].result, Some(AttemptResult::Delivered));
}

pub(super) async fn one_call_at_a_time_to_a_number(store: &dyn JobStore) {
    let number = new_number();
    let first = ready(store, number.clone()).await;
    let second = ready(store, number.clone()).await;
    let other = ready(store, new_number()).await;
    publish(store, second).await;

    let lease = claimed(store, first, Stage::Transmit).await;
    assert!(
        claim(store, second, Stage::Transmit).await.is_none(),
        "the line is about to be used"
    );
    assert!(claim(store, other, Stage::Transmit).await.is_some());
    let settings = AttemptSettings::default();
    apply(store, &lease, JobEvent::AttemptStarted { settings }).await;
    // The lease has run out, but the call may still be up: only the reaper's verdict frees it.
    let late = store
        .claim(second, Stage::Transmit, "worker", super::LEASE, later(3600))
        .await;
    assert!(ok(late).is_none());
    assert_eq!(ok(store.job(second).await).status(), Status::Ready);
    assert_eq!(wake_ups(store, second, Stage::Transmit).await, 0);

    let third = ready(store, number).await;
    publish(store, third).await;
    apply(store, &lease, failed(Reason::Busy)).await;
    let turn = wake_ups(store, second, Stage::Transmit).await;
    assert_eq!(turn, 1, "the next in line is woken");
    assert_eq!(wake_ups(store, third, Stage::Transmit).await, 0);
    ok(store
        .apply_unleased(second, JobEvent::CancelRequested, START, 0.5)
        .await);
    let turn = wake_ups(store, third, Stage::Transmit).await;
    assert_eq!(turn, 1, "a turn that is not taken passes on");
    claimed(store, third, Stage::Transmit).await;
}

pub(super) async fn an_invalid_number_is_refused_until_cleared(store: &dyn JobStore) {
    let number = new_number();
    for _ in 0..2 {
        let id = ready(store, number.clone()).await;
        let lease = dial(store, id).await;
        let job = apply(store, &lease, failed(Reason::NumberInvalid)).await;
        assert_eq!(job.status(), Status::Failed);
    }
    assert!(ok(store.destination(&number).await).is_refused());
    let new = || NewJob::new(new_id(), JobRequest::Fax(fax(number.clone())), START);
    let refused = store.submit(new()).await;
    assert!(matches!(refused, Err(StoreError::NumberRefused { .. })));
    ok(store.clear_destination(&number).await);
    ok(store.submit(new()).await);
}

pub(super) async fn an_answered_call_whose_worker_is_lost_rests(store: &dyn JobStore) {
    let id = ready(store, new_number()).await;
    let lease = dial(store, id).await;
    apply(store, &lease, JobEvent::Answered).await;
    publish(store, id).await;
    let job = ok(store
        .apply_unleased(id, JobEvent::LeaseLost, later(30), 0.5)
        .await);
    assert_eq!((job.status(), &job.lease), (Status::Indeterminate, &None));
    assert!(matches!(
        store
            .apply(
                &lease,
                JobEvent::PageConfirmed {
                    page: 1,
                    digest: None
                },
                later(31),
                0.5
            )
            .await,
        Err(StoreError::LeaseLost { .. })
    ));

    // However long it rests, nothing finds a reason to dial it.
    let far = later(10 * 365 * 24 * 3600);
    assert!(!ok(store.due(far, 100_000).await).contains(&id));
    assert!(!ok(store.past_deadline(far, 100_000).await).contains(&id));
    assert!(!ok(store.expired_leases(far, 100_000).await).contains(&id));
    assert!(
        !ok(store
            .stranded(Stage::Transmit, far, super::LEASE, 100_000)
            .await)
        .contains(&id)
    );
    assert!(claim(store, id, Stage::Transmit).await.is_none());
    assert_eq!(wake_ups(store, id, Stage::Transmit).await, 0);
    let attempts = ok(store.attempts(id).await);
    assert_eq!(attempts[0].result, Some(AttemptResult::Indeterminate));
}
