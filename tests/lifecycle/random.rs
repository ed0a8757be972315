//! Whatever happens in whatever order, the promises hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use faxmill::job::{
    AttemptOutcome, AttemptSettings, FaxRequest, IndeterminateResolution, JobEvent, JobRequest,
    JobState, LeaseChange, Negotiated, OnIndeterminate, PageLimit, Reason, RetryPolicy, Stage,
    Status, Transition, Transport, transition,
};
use faxmill::units::{PageWidth, Resolution};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::START;

const PAGES_MAX: u32 = 4;

fn artifacts() -> BTreeMap<String, String> {
    BTreeMap::from([("fax".to_owned(), "jobs/1/fax".to_owned())])
}

fn reason() -> impl Strategy<Value = Reason> {
    select(Reason::ALL)
}

fn outcome() -> impl Strategy<Value = AttemptOutcome> {
    let limits = [
        None,
        Some(PageLimit {
            resolution: Resolution::Standard,
            width: PageWidth::A4,
        }),
        Some(PageLimit {
            resolution: Resolution::Fine,
            width: PageWidth::B4,
        }),
    ];
    let failed = (
        reason(),
        any::<bool>(),
        0..=PAGES_MAX,
        prop::bool::weighted(0.2),
        select(limits.to_vec()),
    );
    prop_oneof![
        (0..=PAGES_MAX).prop_map(|pages_confirmed| AttemptOutcome::Delivered { pages_confirmed }),
        failed.prop_map(
            |(reason, answered, pages_confirmed, possibly_delivered, page_limit)| {
                AttemptOutcome::Failed {
                    reason,
                    detail: String::new(),
                    answered,
                    pages_confirmed,
                    possibly_delivered,
                    page_limit,
                }
            }
        ),
    ]
}

fn resolution() -> impl Strategy<Value = IndeterminateResolution> {
    select(vec![
        IndeterminateResolution::Retry,
        IndeterminateResolution::Delivered,
        IndeterminateResolution::Failed,
    ])
}

fn by_worker() -> impl Strategy<Value = JobEvent> {
    let detail = String::new;
    let negotiated = Negotiated {
        transport: Transport::T38,
        bit_rate: 9600,
        ecm: true,
        coding: "mmr".to_owned(),
        remote_ident: None,
    };
    prop_oneof![
        6 => select(Stage::ALL)
            .prop_map(|stage| JobEvent::Claimed { stage, worker: "worker".to_owned() }),
        1 => (0..=PAGES_MAX).prop_map(|page| JobEvent::Progress { page, pages: 0 }),
        3 => (0..=PAGES_MAX).prop_map(|pages| JobEvent::ValidationDone { pages }),
        5 => (0..=PAGES_MAX)
            .prop_map(|pages| JobEvent::Converted { pages, artifacts: artifacts() }),
        1 => reason().prop_map(move |reason| JobEvent::ConvertFailed { reason, detail: detail() }),
        1 => reason().prop_map(move |reason| JobEvent::PreflightFailed { reason, detail: detail() }),
        6 => Just(JobEvent::AttemptStarted { settings: AttemptSettings::default() }),
        1 => Just(JobEvent::Ringing),
        5 => Just(JobEvent::Answered),
        2 => Just(JobEvent::Negotiated { negotiated }),
        5 => (0..=PAGES_MAX).prop_map(|page| JobEvent::PageConfirmed { page, digest: None }),
        4 => outcome().prop_map(|outcome| JobEvent::AttemptEnded { outcome }),
        1 => (0..=PAGES_MAX, any::<bool>()).prop_map(|(pages_confirmed, possibly_delivered)| {
            JobEvent::CancelDone { pages_confirmed, possibly_delivered }
        }),
        1 => Just(JobEvent::HandedBack),
    ]
}

fn event() -> impl Strategy<Value = JobEvent> {
    prop_oneof![
        20 => by_worker(),
        3 => Just(JobEvent::LeaseLost),
        1 => Just(JobEvent::DeadlinePassed),
        1 => Just(JobEvent::CancelRequested),
        1 => Just(JobEvent::HoldReleased),
        1 => resolution().prop_map(|resolution| JobEvent::IndeterminateResolved { resolution }),
        5 => Just(JobEvent::DueReached),
        1 => Just(JobEvent::Submitted),
        1 => Just(JobEvent::TranscodeDone { duration_ms: 1, artifacts: artifacts() }),
        1 => (0..=PAGES_MAX).prop_map(|page| JobEvent::ReceivePage { page, artifacts: BTreeMap::new() }),
    ]
}

fn request() -> impl Strategy<Value = JobRequest> {
    let policies = vec![OnIndeterminate::Hold, OnIndeterminate::Retry];
    (
        1_u32..6,
        1_u32..4,
        select(policies),
        prop::bool::weighted(0.2),
        60_u64..20_000,
    )
        .prop_map(
            |(dials_max, answered_max, on_indeterminate, hold, deadline_seconds)| {
                let number = "100".parse().expect("a number");
                let fax = FaxRequest::new(number, "d".to_owned(), "n".to_owned());
                JobRequest::Fax(FaxRequest {
                    dials_max,
                    answered_max,
                    on_indeterminate,
                    hold,
                    deadline_seconds,
                    ..fax
                })
            },
        )
}

/// The event that most often comes next, or any other.
fn next() -> impl Strategy<Value = Option<JobEvent>> {
    prop_oneof![2 => Just(None), 1 => event().prop_map(Some)]
}

/// What most often comes next for a fax of two pages.
fn usual(state: &JobState) -> JobEvent {
    let claimed = |stage| JobEvent::Claimed {
        stage,
        worker: "worker".to_owned(),
    };
    match state.status {
        Status::Accepted => claimed(Stage::Convert),
        Status::Validating => JobEvent::ValidationDone { pages: 2 },
        Status::Converting => JobEvent::Converted {
            pages: 2,
            artifacts: artifacts(),
        },
        Status::Held => JobEvent::HoldReleased,
        Status::Ready => JobEvent::AttemptStarted {
            settings: AttemptSettings::default(),
        },
        Status::Dialing => JobEvent::Answered,
        Status::Negotiating | Status::Sending if !state.is_all_confirmed() => {
            JobEvent::PageConfirmed {
                page: state.first_page(),
                digest: None,
            }
        }
        Status::Sending => {
            let outcome = AttemptOutcome::Delivered {
                pages_confirmed: state.pages_confirmed,
            };
            JobEvent::AttemptEnded { outcome }
        }
        _ => JobEvent::DueReached,
    }
}

/// What must hold for every step, whatever led to it.
fn check(before: &JobState, event: &JobEvent, change: &Transition) {
    let after = &change.state;
    assert!(
        !before.is_terminal(),
        "a job left {} by {}",
        before.status,
        event.name()
    );
    assert!(after.dials <= after.dials_max && after.answered <= after.answered_max);
    assert!(
        after.pages_confirmed >= before.pages_confirmed,
        "a confirmed page was forgotten"
    );
    assert!(
        after.pages_confirmed <= after.pages.unwrap_or(0),
        "more confirmed than there are"
    );

    let by_a_person = matches!(event, JobEvent::IndeterminateResolved { .. });
    if after.status == Status::Delivered {
        assert!(
            after.is_all_confirmed() || by_a_person,
            "delivered without a confirmation"
        );
    }
    if before.status == Status::Indeterminate {
        let canceled = *event == JobEvent::CancelRequested;
        assert!(
            by_a_person || canceled,
            "{} moved an indeterminate job",
            event.name()
        );
    }
    if after.dials > before.dials {
        assert!(matches!(event, JobEvent::AttemptStarted { .. }));
        let attempt = change
            .attempt
            .as_ref()
            .expect("a dial is on record before it is made");
        assert_eq!(attempt.first_page, before.pages_confirmed + 1);
        assert!(attempt.first_page <= after.pages.unwrap_or(0));
    }
    let was_answered = matches!(before.status, Status::Negotiating | Status::Sending);
    if was_answered && *event == JobEvent::LeaseLost && !after.is_all_confirmed() {
        match before.on_indeterminate {
            OnIndeterminate::Hold => assert_eq!(after.status, Status::Indeterminate),
            OnIndeterminate::Retry => {
                assert!(matches!(
                    after.status,
                    Status::Indeterminate | Status::RetryWait
                ));
            }
        }
    }
    if let JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Failed {
            possibly_delivered, ..
        },
    } = event
    {
        let at_rest = after.status.is_resting(after.kind);
        assert!(
            !possibly_delivered || at_rest,
            "what may have arrived is sent again"
        );
    }
    assert_eq!(
        after.attempt.is_some(),
        after.status.is_on_line(),
        "an open call is on the line"
    );
    assert_eq!(
        after.next_at.is_some(),
        matches!(after.status, Status::RetryWait | Status::Scheduled)
    );
    assert_eq!(
        after.ended_at.is_some(),
        after.status.is_resting(after.kind)
    );
    if change.lease == LeaseChange::End {
        assert_eq!(change.wake, after.claimable(), "whoever can go on is woken");
    } else {
        assert_eq!(change.wake, None);
    }
    // Whatever is not at rest is found by somebody: its worker's lease, a message or the clock.
    let found = after.status.is_resting(after.kind)
        || after.status.is_active()
        || after.reap_at().is_some();
    assert!(found, "{} is waited for by nobody", after.status);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_a_promise(
        request in request(),
        steps in prop::collection::vec((next(), 0_u64..400, 0.0..1.0_f64), 1..80),
    ) {
        let mut state = JobState::new(&request, RetryPolicy::default(), START);
        let mut now = START;
        let mut closed = 0;
        for (event, seconds, chance) in steps {
            now = now.plus(Duration::from_secs(seconds));
            let event = event.unwrap_or_else(|| usual(&state));
            let Ok(change) = transition(&state, &event, now, chance) else { continue };
            check(&state, &event, &change);
            if let Some(attempt) = &change.attempt {
                prop_assert!(attempt.number > closed, "an ended call was changed");
                if attempt.ended_at.is_some() {
                    closed = attempt.number;
                }
            }
            state = change.state;
        }
    }

    #[test]
    fn a_refused_event_changes_nothing_and_says_why(
        request in request(),
        events in prop::collection::vec(event(), 1..40),
    ) {
        let mut state = JobState::new(&request, RetryPolicy::default(), START);
        for event in events {
            match transition(&state, &event, START, 0.5) {
                Ok(change) => state = change.state,
                Err(refusal) => {
                    prop_assert_eq!(refusal.status, state.status);
                    prop_assert_eq!(refusal.event, event.name());
                    prop_assert!(!refusal.why.is_empty());
                }
            }
        }
    }
}

/// Random events that never get anywhere would prove nothing.
#[test]
fn random_events_lead_to_every_status_of_a_fax() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let lives = (request(), prop::collection::vec((next(), 0_u64..400), 80));
    let mut reached = BTreeSet::new();
    for _ in 0..3000 {
        let (request, steps) = lives.new_tree(&mut runner).expect("a life").current();
        let mut state = JobState::new(&request, RetryPolicy::default(), START);
        let mut now = START;
        for (event, seconds) in steps {
            now = now.plus(Duration::from_secs(seconds));
            let event = event.unwrap_or_else(|| usual(&state));
            if let Ok(change) = transition(&state, &event, now, 0.5) {
                state = change.state;
                reached.insert(state.status);
            }
        }
    }
    // Nothing schedules these requests, and the others belong to other kinds of jobs.
    let not_a_fax = [
        Status::Scheduled,
        Status::Transcoding,
        Status::Receiving,
        Status::Received,
    ];
    let missed: Vec<_> = Status::ALL
        .iter()
        .filter(|at| !reached.contains(at) && !not_a_fax.contains(at))
        .collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}
