//! A job in one's hands, moved event by event in simulated time.

use std::collections::BTreeMap;
use std::time::Duration;

use faxmill::job::{
    AttemptOutcome, AttemptSettings, FaxRequest, IllegalTransition, JobEvent, JobRequest, JobState,
    Reason, ReceivedFaxRequest, RetryPolicy, Stage, Status, Transition, VoicemailRequest,
    transition,
};
use faxmill::units::UnixMillis;

pub(crate) const START: UnixMillis = UnixMillis(1_800_000_000_000);

pub(crate) struct Life {
    pub(crate) state: JobState,
    pub(crate) now: UnixMillis,
    pub(crate) last: Option<Transition>,
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "scenarios write their events in place"
)]
impl Life {
    pub(crate) fn fax() -> Self {
        Self::fax_with(|_| {})
    }

    pub(crate) fn fax_with(change: impl FnOnce(&mut FaxRequest)) -> Self {
        let number = "+15550100100".parse().expect("a number");
        let mut request = FaxRequest::new(number, "documents/1".to_owned(), "1.pdf".to_owned());
        change(&mut request);
        Self::of(&JobRequest::Fax(request))
    }

    pub(crate) fn voicemail() -> Self {
        let request = VoicemailRequest::new("recordings/1".to_owned(), "1.wav".to_owned());
        Self::of(&JobRequest::Voicemail(request))
    }

    pub(crate) fn received() -> Self {
        Self::of(&JobRequest::ReceivedFax(ReceivedFaxRequest {
            call_id: "1".to_owned(),
            from: "sip:a@example.com".to_owned(),
            to: "sip:b@example.com".to_owned(),
            local_ident: String::new(),
        }))
    }

    pub(crate) fn of(request: &JobRequest) -> Self {
        let state = JobState::new(request, RetryPolicy::default(), START);
        Self {
            state,
            now: START,
            last: None,
        }
    }

    /// A fax of `pages` pages that can be dialed.
    pub(crate) fn ready(pages: u32) -> Self {
        Self::fax().convert(pages)
    }

    pub(crate) fn convert(mut self, pages: u32) -> Self {
        self.take(claimed(Stage::Convert));
        self.take(JobEvent::ValidationDone { pages });
        self.take(JobEvent::Converted {
            pages,
            artifacts: BTreeMap::new(),
        });
        self
    }

    pub(crate) fn dial(mut self) -> Self {
        self.take(claimed(Stage::Transmit));
        self.take(started());
        self
    }

    pub(crate) fn answer(mut self) -> Self {
        self.take(JobEvent::Answered);
        self
    }

    pub(crate) fn confirm(mut self, pages: std::ops::RangeInclusive<u32>) -> Self {
        for page in pages {
            self.take(JobEvent::PageConfirmed { page, digest: None });
        }
        self
    }

    pub(crate) fn then(mut self, event: JobEvent) -> Self {
        self.take(event);
        self
    }

    /// Lets time pass until the job is due again, and wakes it.
    pub(crate) fn until_due(mut self) -> Self {
        self.now = self.state.next_at.expect("the job waits for a moment");
        self.then(JobEvent::DueReached)
    }

    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self
    }

    #[track_caller]
    pub(crate) fn take(&mut self, event: JobEvent) {
        let change = transition(&self.state, &event, self.now, 0.5);
        let change = change.expect("the event is legal here");
        self.state = change.state.clone();
        self.last = Some(change);
    }

    #[track_caller]
    pub(crate) fn refuses(&self, event: &JobEvent) -> IllegalTransition {
        match transition(&self.state, event, self.now, 0.5) {
            Ok(_) => panic!(
                "a job that is {} took the event {}",
                self.status(),
                event.name()
            ),
            Err(refusal) => refusal,
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.state.status
    }

    pub(crate) fn ends(&self) -> (Status, Option<Reason>) {
        (self.state.status, self.state.reason)
    }

    pub(crate) fn last(&self) -> &Transition {
        self.last.as_ref().expect("an event was taken")
    }
}

pub(crate) fn claimed(stage: Stage) -> JobEvent {
    JobEvent::Claimed {
        stage,
        worker: "worker".to_owned(),
    }
}

pub(crate) fn started() -> JobEvent {
    JobEvent::AttemptStarted {
        settings: AttemptSettings::default(),
    }
}

pub(crate) fn failed(reason: Reason, pages_confirmed: u32) -> JobEvent {
    JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Failed {
            reason,
            detail: String::new(),
            answered: false,
            pages_confirmed,
            possibly_delivered: false,
            page_limit: None,
        },
    }
}

pub(crate) fn possibly_delivered(pages_confirmed: u32) -> JobEvent {
    JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Failed {
            reason: Reason::PageNoResponse,
            detail: String::new(),
            answered: true,
            pages_confirmed,
            possibly_delivered: true,
            page_limit: None,
        },
    }
}

pub(crate) fn delivered(pages_confirmed: u32) -> JobEvent {
    JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Delivered { pages_confirmed },
    }
}
