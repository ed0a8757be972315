//! Who may work on a job, and what becomes of it when that worker is gone.

use std::sync::Arc;

use super::{
    LEASE, START, apply, claim, claimed, convert, later, new_fax, new_id, ok, publish, submit,
    wake_ups,
};
use crate::job::{JobEvent, JobRequest, Reason, ReceivedFaxRequest, Stage, Status};
use crate::store::{JobStore, NewJob, StoreError};

pub(super) async fn only_one_of_many_claims_wins(store: Arc<dyn JobStore>) {
    let id = submit(&*store, new_fax()).await.id;
    let mut claims = Vec::new();
    for worker in 0..16 {
        let store = Arc::clone(&store);
        claims.push(tokio::spawn(async move {
            ok(store
                .claim(
                    id,
                    Stage::Convert,
                    &format!("worker {worker}"),
                    LEASE,
                    START,
                )
                .await)
        }));
    }
    let mut winners = Vec::new();
    for claim in claims {
        winners.extend(ok(claim.await));
    }
    assert_eq!(winners.len(), 1, "a job is in one worker's hands");
    let job = ok(store.job(id).await);
    let holder = job.lease.expect("a claimed job names its holder");
    assert_eq!(
        (holder.worker, holder.until),
        (winners[0].worker.clone(), later(30))
    );
}

pub(super) async fn a_claim_for_another_stage_gets_nothing(store: &dyn JobStore) {
    let id = submit(store, new_fax()).await.id;
    for stage in [Stage::Transmit, Stage::Transcode, Stage::Receive] {
        assert!(claim(store, id, stage).await.is_none());
    }
    assert!(matches!(
        store
            .claim(new_id(), Stage::Convert, "worker", LEASE, START)
            .await,
        Err(StoreError::NotFound { .. })
    ));
}

pub(super) async fn an_old_lease_changes_nothing(store: &dyn JobStore) {
    let id = submit(store, new_fax()).await.id;
    let old = claimed(store, id, Stage::Convert).await;
    ok(store
        .apply_unleased(id, JobEvent::LeaseLost, later(30), 0.5)
        .await);
    let before = ok(store.job(id).await);

    let late = || JobEvent::ValidationDone { pages: 2 };
    let refused = store.apply(&old, late(), later(31), 0.5).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost { .. })));
    assert_eq!(ok(store.job(id).await), before);

    let new = claimed(store, id, Stage::Convert).await;
    assert!(new.token > old.token, "a token grows with every claim");
    assert!(matches!(
        store.apply(&old, late(), later(31), 0.5).await,
        Err(StoreError::LeaseLost { .. })
    ));
    assert!(matches!(
        store.renew(&old, later(90)).await,
        Err(StoreError::LeaseLost { .. })
    ));
    apply(store, &new, late()).await;
}

pub(super) async fn a_live_lease_cannot_be_declared_lost(store: &dyn JobStore) {
    let id = submit(store, new_fax()).await.id;
    let lease = claimed(store, id, Stage::Convert).await;
    let lost = |at| store.apply_unleased(id, JobEvent::LeaseLost, at, 0.5);
    assert!(matches!(
        lost(later(29)).await,
        Err(StoreError::IllegalTransition(_))
    ));
    ok(store.renew(&lease, later(60)).await);
    assert!(matches!(
        lost(later(59)).await,
        Err(StoreError::IllegalTransition(_))
    ));
    let reaped = ok(store.expired_leases(later(59), 100_000).await);
    assert!(!reaped.contains(&id));
    assert_eq!(ok(lost(later(60)).await).status(), Status::Accepted);
}

pub(super) async fn a_renewal_tells_of_a_cancel(store: &dyn JobStore) {
    let id = submit(store, new_fax()).await.id;
    let lease = claimed(store, id, Stage::Convert).await;
    assert!(!ok(store.renew(&lease, later(60)).await).cancel_requested);
    let asked = ok(store
        .apply_unleased(id, JobEvent::CancelRequested, START, 0.5)
        .await);
    assert_eq!(asked.status(), Status::Validating, "the worker ends it");
    assert!(ok(store.renew(&lease, later(60)).await).cancel_requested);
    let done = JobEvent::CancelDone {
        pages_confirmed: 0,
        possibly_delivered: false,
    };
    let job = apply(store, &lease, done).await;
    assert_eq!((job.status(), job.lease), (Status::Canceled, None));
    assert!(matches!(
        store
            .apply_unleased(id, JobEvent::CancelRequested, START, 0.5)
            .await,
        Err(StoreError::IllegalTransition(_))
    ));
}

pub(super) async fn a_released_job_is_woken_again(store: &dyn JobStore) {
    let id = submit(store, new_fax()).await.id;
    convert(store, id, 2).await;
    publish(store, id).await;
    let lease = claimed(store, id, Stage::Transmit).await;
    assert!(claim(store, id, Stage::Transmit).await.is_none());
    let job = ok(store.release(&lease, START).await);
    assert_eq!((job.status(), job.lease), (Status::Ready, None));
    assert_eq!(wake_ups(store, id, Stage::Transmit).await, 1);
    claimed(store, id, Stage::Transmit).await;
}

pub(super) async fn a_lost_claim_is_found_and_begun_again(store: &dyn JobStore) {
    let id = submit(store, new_fax()).await.id;
    publish(store, id).await;
    for _ in 0..3 {
        claimed(store, id, Stage::Convert).await;
        assert!(ok(store.expired_leases(later(30), 100_000).await).contains(&id));
        let job = ok(store
            .apply_unleased(id, JobEvent::LeaseLost, later(30), 0.5)
            .await);
        assert_eq!((job.status(), job.lease), (Status::Accepted, None));
        assert_eq!(wake_ups(store, id, Stage::Convert).await, 1);
        publish(store, id).await;
    }
    claimed(store, id, Stage::Convert).await;
    let job = ok(store
        .apply_unleased(id, JobEvent::LeaseLost, later(30), 0.5)
        .await);
    assert_eq!(
        (job.status(), job.state.reason),
        (Status::Failed, Some(Reason::WorkerLost))
    );
}

pub(super) async fn an_unclaimed_call_does_not_stay_for_ever(store: &dyn JobStore) {
    let request = ReceivedFaxRequest {
        call_id: "a84b4c76e66710".to_owned(),
        from: "sip:100@example.com".to_owned(),
        to: "sip:200@example.com".to_owned(),
        local_ident: String::new(),
    };
    let new = NewJob::new(new_id(), JobRequest::ReceivedFax(request), START);
    let id = submit(store, new).await.id;
    assert!(!ok(store.expired_leases(later(59), 100_000).await).contains(&id));
    assert!(ok(store.expired_leases(later(60), 100_000).await).contains(&id));
    let job = ok(store
        .apply_unleased(id, JobEvent::LeaseLost, later(60), 0.5)
        .await);
    assert_eq!(job.status(), Status::Failed);
    assert!(!ok(store.expired_leases(later(120), 100_000).await).contains(&id));
}
