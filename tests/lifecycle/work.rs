//! Converting, transcoding, receiving: work that is begun again without harm.

use std::collections::BTreeMap;

use faxmill::job::{JobEvent, JobKind, Reason, RetryPolicy, Stage, Status};

use crate::support::{Life, claimed, started};

fn convert_failed(reason: Reason) -> JobEvent {
    JobEvent::ConvertFailed {
        reason,
        detail: "page 3".to_owned(),
    }
}

#[test]
fn a_document_is_validated_then_converted() {
    let life = Life::fax();
    assert_eq!(life.status(), Status::Accepted);
    life.refuses(&claimed(Stage::Transmit));
    let life = life.then(claimed(Stage::Convert));
    assert_eq!(life.status(), Status::Validating);
    let life = life.then(JobEvent::ValidationDone { pages: 2 });
    assert_eq!(life.status(), Status::Converting);
    let life = life.then(JobEvent::Progress { page: 1, pages: 2 });
    life.refuses(&JobEvent::Converted {
        pages: 0,
        artifacts: BTreeMap::new(),
    });
    let artifacts = BTreeMap::from([("fax".to_owned(), "jobs/1/fax.tiff".to_owned())]);
    let life = life.then(JobEvent::Converted {
        pages: 2,
        artifacts: artifacts.clone(),
    });
    assert_eq!(
        (life.status(), life.state.artifacts),
        (Status::Ready, artifacts)
    );
}

#[test]
fn a_bad_document_ends_the_job_with_its_reason() {
    for reason in [
        Reason::DocumentInvalid,
        Reason::DocumentEncrypted,
        Reason::TooManyPages,
    ] {
        let life = Life::fax()
            .then(claimed(Stage::Convert))
            .then(convert_failed(reason));
        assert_eq!(life.ends(), (Status::Failed, Some(reason)));
        assert_eq!(life.state.detail.as_deref(), Some("page 3"));
    }
}

#[test]
fn a_crash_of_the_renderer_is_tried_once_more() {
    let crash = convert_failed(Reason::ConversionCrashed);
    let life = Life::fax()
        .then(claimed(Stage::Convert))
        .then(crash.clone());
    assert_eq!(life.status(), Status::RetryWait);
    let life = life.until_due();
    assert_eq!(
        (life.status(), life.last().wake),
        (Status::Accepted, Some(Stage::Convert))
    );
    let life = life.then(claimed(Stage::Convert)).then(crash);
    assert_eq!(
        life.ends(),
        (Status::Failed, Some(Reason::ConversionCrashed))
    );
}

/// How often a job is converted that fails for the same reason each time.
fn tries_until_the_end(reason: Reason) -> (u32, Life) {
    let mut life = Life::fax();
    let mut tries = 0;
    while !life.state.is_terminal() {
        life = life
            .then(claimed(Stage::Convert))
            .then(convert_failed(reason));
        tries += 1;
        if life.status() == Status::RetryWait {
            life = life.until_due();
        }
    }
    assert_eq!(life.ends(), (Status::Failed, Some(reason)));
    (tries, life)
}

#[test]
fn a_fault_of_ours_is_waited_out_until_the_deadline() {
    for reason in [Reason::StorageFailed, Reason::RendererUnavailable] {
        let (tries, life) = tries_until_the_end(reason);
        // Three hours at five minutes, a little more at the start, ±50 %.
        assert!((25..=90).contains(&tries), "{reason}: {tries} tries");
        let lived = life.state.ended_at.unwrap().0 - life.state.created_at.0;
        assert!(lived > 2 * 3600 * 1000, "{reason}: {lived} ms");
    }
}

#[test]
fn a_document_that_keeps_crashing_is_given_up_soon() {
    assert_eq!(tries_until_the_end(Reason::ConversionCrashed).0, 2);
}

#[test]
fn work_is_begun_again_after_a_lost_worker_a_few_times() {
    for validated in [false, true] {
        let mut life = Life::fax();
        for _ in 0..RetryPolicy::default().losses_max {
            life = life.then(claimed(Stage::Convert));
            if validated {
                life = life.then(JobEvent::ValidationDone { pages: 1 });
            }
            life = life.then(JobEvent::LeaseLost);
            assert_eq!(
                (life.status(), life.last().wake),
                (Status::Accepted, Some(Stage::Convert))
            );
        }
        life = life.then(claimed(Stage::Convert)).then(JobEvent::LeaseLost);
        assert_eq!(life.ends(), (Status::Failed, Some(Reason::WorkerLost)));
    }
}

#[test]
fn a_drain_costs_the_job_nothing() {
    let mut life = Life::fax();
    for _ in 0..20 {
        life = life
            .then(claimed(Stage::Convert))
            .then(JobEvent::HandedBack);
        assert_eq!((life.status(), life.state.losses), (Status::Accepted, 0));
    }
}

#[test]
fn a_held_job_waits_for_a_person_and_expires() {
    let life = Life::fax_with(|fax| fax.hold = true).convert(1);
    assert_eq!((life.status(), life.last().wake), (Status::Held, None));
    life.refuses(&started());
    life.refuses(&JobEvent::DueReached);
    let released = life.then(JobEvent::HoldReleased);
    assert_eq!(
        (released.status(), released.last().wake),
        (Status::Ready, Some(Stage::Transmit))
    );
    released.refuses(&JobEvent::HoldReleased);

    let late = Life::fax_with(|fax| fax.hold = true)
        .convert(1)
        .after(3 * 3600);
    let late = late.then(JobEvent::DeadlinePassed);
    assert_eq!(
        late.ends(),
        (Status::Expired, Some(Reason::DeadlineExceeded))
    );
}

#[test]
fn a_hold_released_early_holds_nothing() {
    let life = Life::fax_with(|fax| fax.hold = true)
        .then(JobEvent::HoldReleased)
        .convert(1);
    assert_eq!(life.status(), Status::Ready);
}

#[test]
fn a_scheduled_job_is_converted_early_and_dialed_at_its_time() {
    let mut life = Life::fax_with(|fax| fax.not_before = Some(crate::support::START)).convert(1);
    assert_eq!(life.status(), Status::Ready, "its time has come already");
    let at = crate::support::START.plus(std::time::Duration::from_secs(24 * 3600));
    life = Life::fax_with(|fax| fax.not_before = Some(at)).convert(1);
    assert_eq!(
        (life.status(), life.state.next_at),
        (Status::Scheduled, Some(at))
    );
    life.refuses(&JobEvent::DueReached);
    life.refuses(&JobEvent::DeadlinePassed);
    life = life.until_due();
    assert_eq!(
        (life.status(), life.last().wake),
        (Status::Ready, Some(Stage::Transmit))
    );
}

#[test]
fn a_call_that_cannot_be_tried_costs_no_dial() {
    let failed = |reason| JobEvent::PreflightFailed {
        reason,
        detail: String::new(),
    };
    let life = Life::ready(1)
        .then(claimed(Stage::Transmit))
        .then(failed(Reason::StorageFailed));
    assert_eq!((life.status(), life.state.dials), (Status::RetryWait, 0));
    assert_eq!(life.until_due().status(), Status::Ready);
    let life = Life::ready(1)
        .then(claimed(Stage::Transmit))
        .then(failed(Reason::DocumentError));
    assert_eq!(life.ends(), (Status::Failed, Some(Reason::DocumentError)));
    Life::ready(1)
        .dial()
        .refuses(&failed(Reason::StorageFailed));
}

#[test]
fn a_claim_lost_before_dialing_leaves_the_job_ready() {
    let life = Life::ready(1)
        .then(claimed(Stage::Transmit))
        .then(JobEvent::LeaseLost);
    assert_eq!(
        (life.status(), life.last().wake),
        (Status::Ready, Some(Stage::Transmit))
    );
}

#[test]
fn a_recording_becomes_ready_and_stays_so() {
    let life = Life::voicemail();
    life.refuses(&claimed(Stage::Convert));
    let life = life.then(claimed(Stage::Transcode));
    assert_eq!(life.status(), Status::Transcoding);
    let done = JobEvent::TranscodeDone {
        duration_ms: 61_125,
        artifacts: BTreeMap::new(),
    };
    let life = life.then(done);
    assert_eq!(
        (life.status(), life.state.duration_ms),
        (Status::Ready, Some(61_125))
    );
    assert!(life.state.is_terminal() && life.last().wake.is_none());
    life.refuses(&JobEvent::CancelRequested);
    life.refuses(&claimed(Stage::Transmit));
}

#[test]
fn an_unreadable_recording_fails_with_its_reason() {
    let reason = Reason::MediaUnsupported;
    let failed = JobEvent::TranscodeFailed {
        reason,
        detail: String::new(),
    };
    let life = Life::voicemail()
        .then(claimed(Stage::Transcode))
        .then(failed);
    assert_eq!(life.ends(), (Status::Failed, Some(reason)));
    let lost = Life::voicemail()
        .then(claimed(Stage::Transcode))
        .then(JobEvent::LeaseLost);
    assert_eq!(
        (lost.status(), lost.last().wake),
        (Status::Accepted, Some(Stage::Transcode))
    );
}

#[test]
fn a_fax_coming_in_is_received_partial_or_failed() {
    let ended = |pages, reason| JobEvent::ReceiveEnded {
        pages,
        artifacts: BTreeMap::new(),
        reason,
        detail: String::new(),
    };
    let page = |page| JobEvent::ReceivePage {
        page,
        artifacts: BTreeMap::new(),
    };
    let life = || Life::received().then(claimed(Stage::Receive)).then(page(1));
    assert_eq!(life().status(), Status::Receiving);
    assert_eq!(
        life().then(page(2)).then(ended(2, None)).ends(),
        (Status::Received, None)
    );
    let dropped = Some(Reason::CallDropped);
    assert_eq!(
        life().then(ended(1, dropped)).ends(),
        (Status::Partial, dropped)
    );
    assert_eq!(
        life().then(ended(0, dropped)).ends(),
        (Status::Failed, dropped)
    );
    assert_eq!(
        life().then(ended(0, None)).status(),
        Status::Failed,
        "no page is no fax"
    );
    let lost = (Status::Partial, Some(Reason::WorkerLost));
    assert_eq!(life().then(JobEvent::LeaseLost).ends(), lost);
    let none = Life::received()
        .then(claimed(Stage::Receive))
        .then(JobEvent::LeaseLost);
    assert_eq!(none.ends(), (Status::Failed, Some(Reason::WorkerLost)));
    life().refuses(&JobEvent::HandedBack);
}

#[test]
fn a_status_ends_only_the_kinds_that_end_there() {
    assert!(Status::Ready.is_terminal(JobKind::Voicemail));
    assert!(!Status::Ready.is_terminal(JobKind::Fax));
    assert!(!Status::Indeterminate.is_terminal(JobKind::Fax));
    assert!(Status::Indeterminate.is_resting(JobKind::Fax));
}
