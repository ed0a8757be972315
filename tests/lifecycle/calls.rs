//! Calls: what may be dialed again, from which page, and what must not.

use faxmill::job::{
    AttemptOutcome, AttemptResult, IndeterminateResolution, JobEvent, LadderStep, LeaseChange,
    Negotiated, OnIndeterminate, PageLimit, Reason, Retry, Stage, Status, Transport,
};
use faxmill::units::{PageWidth, Resolution};

use crate::support::{Life, claimed, delivered, failed, possibly_delivered, started};

#[test]
fn a_fax_of_two_pages_is_delivered() {
    let mut life = Life::ready(2);
    assert_eq!(life.status(), Status::Ready);
    assert_eq!(life.last().wake, Some(Stage::Transmit));
    life = life.dial();
    assert_eq!(
        (life.status(), life.last().lease),
        (Status::Dialing, LeaseChange::Keep)
    );
    assert_eq!(
        life.last().attempt.as_ref().map(|attempt| attempt.number),
        Some(1)
    );
    life = life.then(JobEvent::Ringing).answer();
    assert_eq!(life.status(), Status::Negotiating);
    let negotiated = Negotiated {
        transport: Transport::T38,
        bit_rate: 14_400,
        ecm: true,
        coding: "mmr".to_owned(),
        remote_ident: Some("+15550100100".to_owned()),
    };
    life = life.then(JobEvent::Negotiated {
        negotiated: negotiated.clone(),
    });
    assert_eq!(life.status(), Status::Sending);
    life = life.confirm(1..=2).then(delivered(2));
    assert_eq!(life.ends(), (Status::Delivered, None));
    assert_eq!(
        (life.last().lease, life.last().wake),
        (LeaseChange::End, None)
    );
    let attempt = life.last().attempt.clone().expect("the call's record");
    assert_eq!(attempt.result, Some(AttemptResult::Delivered));
    assert_eq!(attempt.negotiated, Some(negotiated));
    assert_eq!((attempt.first_page, attempt.pages_confirmed), (1, 2));
}

#[test]
fn a_call_with_an_unconfirmed_page_is_never_called_delivered() {
    let life = Life::ready(3).dial().answer().confirm(1..=2);
    life.refuses(&delivered(2));
    life.refuses(&delivered(4));
    assert_eq!(life.then(delivered(3)).status(), Status::Delivered);
}

#[test]
fn an_error_after_the_last_confirmation_is_still_a_delivery() {
    for reason in [Reason::RemoteDisconnected, Reason::CallDropped] {
        let life = Life::ready(2)
            .dial()
            .answer()
            .confirm(1..=2)
            .then(failed(reason, 2));
        assert_eq!(life.ends(), (Status::Delivered, Some(reason)));
    }
    let lost = Life::ready(2)
        .dial()
        .answer()
        .confirm(1..=2)
        .then(JobEvent::LeaseLost);
    assert_eq!(lost.status(), Status::Delivered);
}

#[test]
fn every_reason_is_followed_by_what_the_reference_table_says() {
    for &reason in Reason::ALL {
        if reason == Reason::ImageUnsupported {
            continue; // Depends on what the far end takes; see below.
        }
        let life = Life::ready(2).dial().then(failed(reason, 0));
        match reason.retry() {
            Retry::Never => assert_eq!(life.ends(), (Status::Failed, Some(reason))),
            Retry::Once(delay) | Retry::After(delay) => {
                assert_eq!(life.ends(), (Status::RetryWait, Some(reason)));
                assert_eq!(life.state.next_at, Some(life.now.plus(delay)), "{reason}");
            }
        }
        let Retry::Once(_) = reason.retry() else {
            continue;
        };
        let again = life.until_due().dial().then(failed(reason, 0));
        assert_eq!(
            again.ends(),
            (Status::Failed, Some(reason)),
            "{reason} is tried once"
        );
    }
}

#[test]
fn a_busy_line_is_dialed_as_often_as_the_request_allows() {
    let mut life = Life::fax_with(|fax| fax.dials_max = 4).convert(1);
    for dial in 1..=4 {
        life = life.dial().then(failed(Reason::Busy, 0));
        assert_eq!(life.state.dials, dial);
        if dial < 4 {
            assert_eq!(life.status(), Status::RetryWait);
            life = life.until_due();
        }
    }
    assert_eq!(life.ends(), (Status::Failed, Some(Reason::Busy)));
}

#[test]
fn answered_calls_have_a_cap_of_their_own() {
    let mut life = Life::ready(2);
    for call in 1..=3 {
        life = life.dial().answer().then(failed(Reason::CallDropped, 0));
        assert_eq!(life.state.answered, call);
        if call < 3 {
            life = life.until_due();
        }
    }
    assert_eq!(life.ends(), (Status::Failed, Some(Reason::CallDropped)));
}

#[test]
fn a_retry_resumes_at_the_first_unconfirmed_page() {
    let life = Life::ready(5).dial().answer().confirm(1..=2);
    let life = life.then(failed(Reason::RemoteDisconnected, 3));
    assert_eq!(
        (life.status(), life.state.first_page()),
        (Status::RetryWait, 4)
    );
    let life = life.until_due().dial();
    let attempt = life.last().attempt.clone().expect("the call's record");
    assert_eq!(
        (attempt.number, attempt.first_page, attempt.pages_confirmed),
        (2, 4, 3)
    );
    let life = life.answer();
    life.refuses(&JobEvent::PageConfirmed {
        page: 5,
        digest: None,
    });
    let life = life.confirm(4..=5).then(delivered(5));
    assert_eq!(life.status(), Status::Delivered);
}

#[test]
fn what_was_confirmed_stays_confirmed() {
    let life = Life::ready(5).dial().answer().confirm(1..=3).confirm(1..=2);
    let life = life.then(failed(Reason::CallDropped, 1));
    assert_eq!(life.state.pages_confirmed, 3);
}

#[test]
fn a_fax_that_ends_with_some_pages_confirmed_is_partial() {
    let life = Life::ready(3).dial().answer().confirm(1..=1);
    let life = life.then(failed(Reason::AccessDenied, 1));
    assert_eq!(life.ends(), (Status::Partial, Some(Reason::AccessDenied)));
}

#[test]
fn a_worker_lost_before_the_answer_is_followed_by_another_dial() {
    let life = Life::ready(1)
        .dial()
        .then(JobEvent::Ringing)
        .then(JobEvent::LeaseLost);
    assert_eq!(life.ends(), (Status::RetryWait, Some(Reason::WorkerLost)));
    assert_eq!(life.until_due().dial().state.dials, 2);
}

#[test]
fn a_worker_lost_after_the_answer_leaves_the_job_to_a_person() {
    for confirmed in 0..=2 {
        let life = Life::ready(3)
            .dial()
            .answer()
            .confirm(1..=confirmed)
            .then(JobEvent::LeaseLost);
        assert_eq!(
            life.ends(),
            (Status::Indeterminate, Some(Reason::WorkerLost))
        );
        assert_eq!(life.last().wake, None);
        assert_eq!(life.state.reap_at(), None, "no time-out touches it");
        let life = life.after(365 * 24 * 3600);
        for event in [
            JobEvent::DueReached,
            JobEvent::DeadlinePassed,
            JobEvent::LeaseLost,
            JobEvent::HoldReleased,
            claimed(Stage::Transmit),
            started(),
        ] {
            life.refuses(&event);
        }
    }
}

#[test]
fn by_its_own_policy_a_job_resumes_after_a_worker_was_lost() {
    let life = Life::fax_with(|fax| fax.on_indeterminate = OnIndeterminate::Retry).convert(3);
    let life = life
        .dial()
        .answer()
        .confirm(1..=1)
        .then(JobEvent::LeaseLost);
    assert_eq!(life.ends(), (Status::RetryWait, Some(Reason::WorkerLost)));
    assert_eq!(life.state.first_page(), 2);
    let life = life.until_due().dial().answer().then(JobEvent::LeaseLost);
    let life = life.until_due().dial().answer().then(JobEvent::LeaseLost);
    assert_eq!(
        life.status(),
        Status::Indeterminate,
        "its answered calls are used up"
    );
}

#[test]
fn a_last_page_that_may_have_arrived_is_not_sent_again_under_any_policy() {
    for policy in [OnIndeterminate::Hold, OnIndeterminate::Retry] {
        let life = Life::fax_with(|fax| fax.on_indeterminate = policy).convert(2);
        let life = life
            .dial()
            .answer()
            .confirm(1..=1)
            .then(possibly_delivered(1));
        assert_eq!(
            life.ends(),
            (Status::Indeterminate, Some(Reason::PageNoResponse))
        );
        let attempt = life.last().attempt.clone().expect("the call's record");
        assert_eq!(attempt.result, Some(AttemptResult::Indeterminate));
    }
}

#[test]
fn a_person_decides_about_an_indeterminate_job() {
    let lost = || {
        Life::ready(3)
            .dial()
            .answer()
            .confirm(1..=1)
            .then(JobEvent::LeaseLost)
    };
    let resolve = |resolution| JobEvent::IndeterminateResolved { resolution };

    // Long after its deadline, a retry gets the time that the job had at first.
    let retried = lost()
        .after(48 * 3600)
        .then(resolve(IndeterminateResolution::Retry));
    assert_eq!(
        (retried.status(), retried.last().wake),
        (Status::Ready, Some(Stage::Transmit))
    );
    let retried = retried.dial();
    assert_eq!(
        retried
            .last()
            .attempt
            .as_ref()
            .map(|attempt| attempt.first_page),
        Some(2)
    );

    let arrived = lost().then(resolve(IndeterminateResolution::Delivered));
    assert_eq!(
        (arrived.status(), arrived.state.pages_confirmed),
        (Status::Delivered, 1)
    );
    assert_eq!(
        arrived.state.resolved,
        Some(IndeterminateResolution::Delivered)
    );

    let not = lost().then(resolve(IndeterminateResolution::Failed));
    assert_eq!(not.ends(), (Status::Partial, Some(Reason::WorkerLost)));
    Life::ready(1).refuses(&resolve(IndeterminateResolution::Delivered));
}

#[test]
fn no_dial_is_begun_beyond_a_cap_however_the_job_came_to_be_ready() {
    let mut life = Life::ready(1);
    life.state.dials = life.state.dials_max;
    life.refuses(&started());
    life.state.dials = 0;
    life.state.answered = life.state.answered_max;
    life.refuses(&started());
}

#[test]
fn a_person_cannot_exceed_the_caps_either() {
    let life = Life::fax_with(|fax| fax.answered_max = 1).convert(2);
    let life = life.dial().answer().then(JobEvent::LeaseLost);
    life.refuses(&JobEvent::IndeterminateResolved {
        resolution: IndeterminateResolution::Retry,
    });
}

#[test]
fn pages_that_the_far_end_cannot_take_are_rendered_again() {
    let refused = |limit| JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Failed {
            reason: Reason::ImageUnsupported,
            detail: String::new(),
            answered: true,
            pages_confirmed: 0,
            possibly_delivered: false,
            page_limit: limit,
        },
    };
    let limit = PageLimit {
        resolution: Resolution::Standard,
        width: PageWidth::A4,
    };
    let life = Life::ready(2).dial().answer().then(refused(Some(limit)));
    assert_eq!(
        (life.status(), life.last().wake),
        (Status::Accepted, Some(Stage::Convert))
    );
    assert_eq!(life.state.page_limit, Some(limit));
    let life = life.convert(2);
    assert_eq!(life.status(), Status::Ready);
    // The same answer again would go round for ever.
    let life = life.dial().answer().then(refused(Some(limit)));
    assert_eq!(
        life.ends(),
        (Status::Failed, Some(Reason::ImageUnsupported))
    );
    let life = Life::ready(2).dial().answer().then(refused(None));
    assert_eq!(
        life.ends(),
        (Status::Failed, Some(Reason::ImageUnsupported))
    );
}

#[test]
fn the_ladder_is_gone_down_by_what_failed() {
    let step = |reasons: &[Reason]| {
        let mut life = Life::ready(2);
        for reason in reasons {
            life = life.dial().answer().then(failed(*reason, 0)).until_due();
        }
        (life.state.step, life.state.step_because)
    };
    assert_eq!(step(&[Reason::CallDropped]), (LadderStep::T38Ecm, None));
    assert_eq!(
        step(&[Reason::EcmError]),
        (LadderStep::T38NoEcm, Some(Reason::EcmError))
    );
    assert_eq!(
        step(&[Reason::TrainFailed]),
        (LadderStep::T38NoV17, Some(Reason::TrainFailed))
    );
    assert_eq!(
        step(&[Reason::EcmError, Reason::TrainFailed]),
        (LadderStep::T38NoV17, Some(Reason::TrainFailed))
    );
    let all = LadderStep::ALL;
    assert_eq!(
        LadderStep::T38Ecm.after(Reason::T38Refused, &all),
        LadderStep::AudioEcm
    );
    assert_eq!(
        LadderStep::AudioEcm.after(Reason::TrainFailed, &all),
        LadderStep::AudioNoV17
    );
    assert_eq!(
        LadderStep::T38Ecm.after(Reason::T38Refused, &[]),
        LadderStep::T38Ecm
    );
}

#[test]
fn a_call_that_was_answered_cannot_be_handed_back() {
    let life = Life::ready(2).dial();
    let back = life.then(JobEvent::HandedBack);
    assert_eq!(
        (back.status(), back.last().wake),
        (Status::Ready, Some(Stage::Transmit))
    );
    let attempt = back.last().attempt.clone().expect("the call's record");
    assert_eq!(attempt.result, Some(AttemptResult::HandedBack));
    Life::ready(2)
        .dial()
        .answer()
        .refuses(&JobEvent::HandedBack);
    Life::ready(2)
        .dial()
        .answer()
        .confirm(1..=1)
        .refuses(&JobEvent::HandedBack);
}

#[test]
fn a_cancel_is_done_by_the_worker_while_a_call_is_up() {
    let done = |pages_confirmed, possibly_delivered| JobEvent::CancelDone {
        pages_confirmed,
        possibly_delivered,
    };
    let asked = || {
        Life::ready(3)
            .dial()
            .answer()
            .confirm(1..=1)
            .then(JobEvent::CancelRequested)
    };
    assert_eq!(
        (asked().status(), asked().state.stop_requested()),
        (Status::Sending, true)
    );
    assert_eq!(asked().last().lease, LeaseChange::Keep);
    asked().refuses(&JobEvent::CancelRequested);

    let canceled = (Status::Canceled, Some(Reason::CanceledByUser));
    assert_eq!(asked().then(done(1, false)).ends(), canceled);
    assert_eq!(asked().then(done(3, false)).status(), Status::Delivered);
    assert_eq!(asked().then(done(2, true)).status(), Status::Indeterminate);
    assert_eq!(
        asked().then(failed(Reason::CallDropped, 1)).ends(),
        canceled
    );
    assert_eq!(
        asked().then(JobEvent::LeaseLost).status(),
        Status::Indeterminate
    );
    Life::ready(3).dial().refuses(&done(0, false));
}

#[test]
fn a_cancel_takes_effect_at_once_where_no_worker_is_at_it() {
    let canceled = (Status::Canceled, Some(Reason::CanceledByUser));
    let waiting = Life::ready(1).dial().then(failed(Reason::Busy, 0));
    for life in [
        Life::fax(),
        Life::ready(1),
        waiting,
        Life::fax_with(|fax| fax.hold = true),
    ] {
        assert_eq!(life.then(JobEvent::CancelRequested).ends(), canceled);
    }
    // Claimed, not yet dialed: the worker finds its lease gone before it dials.
    let claimed = Life::ready(1)
        .then(claimed(Stage::Transmit))
        .then(JobEvent::CancelRequested);
    assert_eq!(
        (claimed.ends(), claimed.last().lease),
        (canceled, LeaseChange::End)
    );
    claimed.refuses(&started());
}

#[test]
fn a_call_may_overrun_the_deadline_but_nothing_is_dialed_after_it() {
    let life = Life::ready(2).dial().answer().after(3 * 3600);
    life.refuses(&JobEvent::DeadlinePassed);
    let dropped = life.then(failed(Reason::CallDropped, 1));
    assert_eq!(dropped.ends(), (Status::Partial, Some(Reason::CallDropped)));

    let endless = Life::ready(2)
        .dial()
        .answer()
        .after(4 * 3600)
        .then(JobEvent::DeadlinePassed);
    assert_eq!(
        (endless.status(), endless.state.stop_requested()),
        (Status::Negotiating, true)
    );
    let stopped = endless.then(JobEvent::CancelDone {
        pages_confirmed: 0,
        possibly_delivered: false,
    });
    assert_eq!(
        stopped.ends(),
        (Status::Expired, Some(Reason::DeadlineExceeded))
    );

    Life::ready(2).after(3 * 3600).refuses(&started());
    let waiting = Life::ready(2)
        .dial()
        .then(failed(Reason::Busy, 0))
        .after(3 * 3600);
    let expired = waiting.then(JobEvent::DeadlinePassed);
    assert_eq!(
        expired.ends(),
        (Status::Expired, Some(Reason::DeadlineExceeded))
    );
}
