//! The one way a job changes: state and event in, new state out.
//!
//! The rules of a call are in `call.rs`, those of all other work in `work.rs`; here is what both
//! share, and what a person, the clock and the reaper may do.

use crate::job::event::Resolution;
use crate::job::{
    Attempt, AttemptResult, JobEvent, JobState, OnIndeterminate, Reason, Stage, Status, call, work,
};
use crate::units::UnixMillis;

/// What follows from an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The job from now on.
    pub state: JobState,
    /// The record of a call that was begun, changed or ended.
    pub attempt: Option<Attempt>,
    /// What becomes of the worker's lease.
    pub lease: LeaseChange,
    /// The stage whose workers must be woken.
    pub wake: Option<Stage>,
}

/// What becomes of the lease on a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseChange {
    /// The worker goes on.
    Keep,
    /// The worker is done, or no longer entitled.
    End,
}

/// An event that cannot happen to a job in its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {status} cannot take the event {event}: {why}")]
pub struct IllegalTransition {
    /// Where the job is.
    pub status: Status,
    /// The event's name.
    pub event: &'static str,
    /// What forbids it.
    pub why: &'static str,
}

/// Says what `event` at the moment `now` makes of `job`.
///
/// `chance` in 0..1 spreads retries; nothing else depends on it.
pub fn transition(
    job: &JobState,
    event: &JobEvent,
    now: UnixMillis,
    chance: f64,
) -> Result<Transition, IllegalTransition> {
    let mut step = Step {
        state: job.clone(),
        attempt: None,
        now,
        chance,
    };
    let verdict = if job.is_terminal() {
        Err("it has ended")
    } else {
        step.take(event)
    };
    verdict.map_err(|why| IllegalTransition {
        status: job.status,
        event: event.name(),
        why,
    })?;

    let Step { state, attempt, .. } = step;
    // A worker that has claimed a call holds its lease in `ready` until it dials.
    let keeps = state.status.is_active() || matches!(event, JobEvent::Claimed { .. });
    let lease = if keeps {
        LeaseChange::Keep
    } else {
        LeaseChange::End
    };
    let wake = if keeps { None } else { state.claimable() };
    Ok(Transition {
        state,
        attempt,
        lease,
        wake,
    })
}

/// Why an event is refused.
pub(super) type Refusal = &'static str;

/// A job in the middle of a transition.
pub(super) struct Step {
    pub(super) state: JobState,
    pub(super) attempt: Option<Attempt>,
    pub(super) now: UnixMillis,
    chance: f64,
}

impl Step {
    fn take(&mut self, event: &JobEvent) -> Result<(), Refusal> {
        match event {
            JobEvent::Submitted => Err("a job is accepted only once"),
            JobEvent::Claimed { stage, .. } => work::claimed(self, *stage),
            JobEvent::Progress { page, pages } => work::progress(self, *page, *pages),
            JobEvent::ValidationDone { pages } => work::validation_done(self, *pages),
            JobEvent::Converted { pages, artifacts } => work::converted(self, *pages, artifacts),
            JobEvent::ConvertFailed { reason, detail } => {
                work::convert_failed(self, *reason, detail)
            }
            JobEvent::TranscodeDone {
                duration_ms,
                artifacts,
            } => work::transcode_done(self, *duration_ms, artifacts),
            JobEvent::TranscodeFailed { reason, detail } => {
                work::transcode_failed(self, *reason, detail)
            }
            JobEvent::ReceivePage { page, artifacts } => work::receive_page(self, *page, artifacts),
            JobEvent::ReceiveEnded {
                pages,
                artifacts,
                reason,
                detail,
            } => work::receive_ended(self, *pages, artifacts, *reason, detail),
            JobEvent::PreflightFailed { reason, detail } => {
                work::preflight_failed(self, *reason, detail)
            }
            JobEvent::AttemptStarted { settings } => call::started(self, settings),
            JobEvent::Ringing => call::ringing(self),
            JobEvent::Answered => call::answered(self),
            JobEvent::Negotiated { negotiated } => call::negotiated(self, negotiated),
            JobEvent::PageConfirmed { page, .. } => call::page_confirmed(self, *page),
            JobEvent::AttemptEnded { outcome } => call::ended(self, outcome),
            JobEvent::LeaseLost => self.lease_lost(),
            JobEvent::HandedBack => self.handed_back(),
            JobEvent::CancelRequested => self.cancel_requested(),
            JobEvent::CancelDone {
                pages_confirmed,
                possibly_delivered,
            } => self.cancel_done(*pages_confirmed, *possibly_delivered),
            JobEvent::DeadlinePassed => self.deadline_passed(),
            JobEvent::DueReached => self.due_reached(),
            JobEvent::HoldReleased => self.hold_released(),
            JobEvent::IndeterminateResolved { resolution } => self.resolved(*resolution),
        }
    }

    fn lease_lost(&mut self) -> Result<(), Refusal> {
        match self.state.status {
            Status::Ready => {} // Claimed and not yet dialed: nothing happened.
            Status::Validating | Status::Converting | Status::Transcoding | Status::Receiving => {
                work::lost(self);
            }
            Status::Dialing | Status::Negotiating | Status::Sending => call::lost(self),
            _ => return Err("no worker holds it"),
        }
        Ok(())
    }

    fn handed_back(&mut self) -> Result<(), Refusal> {
        match self.state.status {
            Status::Ready => {}
            Status::Validating | Status::Converting | Status::Transcoding => {
                if self.state.stop_requested() {
                    self.stopped();
                } else {
                    self.begin_again();
                }
            }
            Status::Dialing => call::handed_back(self),
            Status::Negotiating | Status::Sending | Status::Receiving => {
                return Err("a call that was answered must be ended, not handed back");
            }
            _ => return Err("no worker holds it"),
        }
        Ok(())
    }

    fn cancel_requested(&mut self) -> Result<(), Refusal> {
        if self.state.stop == Some(Reason::CanceledByUser) {
            return Err("it is being canceled already");
        }
        let resting = self.state.status == Status::Indeterminate;
        self.state.stop = Some(Reason::CanceledByUser);
        if !self.state.status.is_active() {
            self.stopped();
            if resting {
                self.state.detail = Some("canceled while its delivery was not known".to_owned());
            }
        }
        Ok(())
    }

    fn cancel_done(&mut self, confirmed: u32, possibly_delivered: bool) -> Result<(), Refusal> {
        if self.state.stop.is_none() {
            return Err("nobody asked for it to stop");
        }
        match self.state.status {
            Status::Dialing | Status::Negotiating | Status::Sending => {
                call::stopped(self, confirmed, possibly_delivered)
            }
            Status::Validating | Status::Converting | Status::Transcoding => {
                self.stopped();
                Ok(())
            }
            Status::Receiving => work::receive_stopped(self),
            _ => Err("no worker holds it"),
        }
    }

    fn deadline_passed(&mut self) -> Result<(), Refusal> {
        match self.state.reap_at() {
            None => return Err("it has no deadline now"),
            Some(at) if self.now < at => return Err("its deadline is not yet reached"),
            Some(_) => self.state.stop = Some(Reason::DeadlineExceeded),
        }
        // A call that is up is asked to end; anything else ends here, and a worker that is still
        // at it finds its lease gone.
        if !self.state.status.is_on_line() {
            self.stopped();
        }
        Ok(())
    }

    fn due_reached(&mut self) -> Result<(), Refusal> {
        if !matches!(self.state.status, Status::RetryWait | Status::Scheduled) {
            return Err("it waits for no moment");
        }
        if self.state.next_at.is_some_and(|at| self.now < at) {
            return Err("its moment has not come");
        }
        self.begin_again();
        Ok(())
    }

    fn hold_released(&mut self) -> Result<(), Refusal> {
        if self.state.hold {
            self.state.hold = false;
            if self.state.status == Status::Held {
                self.ready();
            }
            return Ok(());
        }
        Err("it is not held")
    }

    fn resolved(&mut self, resolution: Resolution) -> Result<(), Refusal> {
        if self.state.status != Status::Indeterminate {
            return Err("only an indeterminate job is resolved by a person");
        }
        self.state.ended_at = None;
        match resolution {
            Resolution::Retry => {
                if !self.state.may_dial() {
                    return Err("its number of calls is used up: submit it as a new job");
                }
                let span = std::time::Duration::from_secs(self.state.deadline_seconds);
                self.state.deadline_at = self.state.deadline_at.max(self.now.plus(span));
                self.state.stop = None;
                self.begin_again();
            }
            Resolution::Delivered => {
                self.state.detail = Some("a person stated that it was delivered".to_owned());
                self.state.reason = None;
                self.end(Status::Delivered);
            }
            Resolution::Failed => {
                let reason = self.state.reason.unwrap_or(Reason::WorkerLost);
                self.fail(reason, "a person stated that it was not delivered");
            }
        }
        self.state.resolved = Some(resolution);
        Ok(())
    }

    /// Puts the job where the next worker finds it.
    pub(super) fn begin_again(&mut self) {
        self.state.next_at = None;
        self.state.progress = None;
        if self.state.converted {
            self.ready();
        } else {
            self.state.status = Status::Accepted;
        }
    }

    /// Pages are stored: lets the job be dialed, now or when its time comes.
    pub(super) fn ready(&mut self) {
        self.state.progress = None;
        self.state.next_at = self.state.not_before.filter(|at| *at > self.now);
        self.state.status = if self.state.hold {
            Status::Held
        } else if self.state.next_at.is_some() {
            Status::Scheduled
        } else {
            Status::Ready
        };
    }

    /// Counts a failure, then waits for another try if `may` and reason and deadline allow one.
    pub(super) fn retry_or_fail(&mut self, reason: Reason, detail: &str, may: bool) {
        if self.state.stop_requested() {
            self.stopped();
            return;
        }
        let count = self.state.failures.entry(reason).or_default();
        *count = count.saturating_add(1);
        let delay = self
            .state
            .policy
            .delay(reason, *count, self.chance)
            .filter(|_| may);
        match delay.map(|delay| self.now.plus(delay)) {
            Some(at) if at < self.state.deadline_at => self.wait(at, reason, detail),
            Some(_) => {
                let detail = format!("{detail} (no time for another try before the deadline)");
                self.fail(reason, detail.trim_start());
            }
            None => self.fail(reason, detail),
        }
    }

    /// Waits until `at` for another try.
    pub(super) fn wait(&mut self, at: UnixMillis, reason: Reason, detail: &str) {
        self.state.status = Status::RetryWait;
        self.state.next_at = Some(at);
        self.state.progress = None;
        self.explain(reason, detail);
    }

    /// A delay after a lost worker that gives the far end time to notice that the call is gone.
    pub(super) fn wait_for_line(&mut self, reason: Reason, detail: &str) {
        let delay = self.state.policy.delay(Reason::CallDropped, 1, self.chance);
        let at = self.now.plus(delay.unwrap_or_default());
        self.wait(at, reason, detail);
    }

    /// Ends the job without success; pages that arrived make it `partial`.
    pub(super) fn fail(&mut self, reason: Reason, detail: &str) {
        self.explain(reason, detail);
        let partial = self.state.pages_confirmed > 0;
        self.end(if partial {
            Status::Partial
        } else {
            Status::Failed
        });
    }

    /// Ends the job for the reason that its worker was to stop for.
    pub(super) fn stopped(&mut self) {
        let reason = self.state.stop.unwrap_or(Reason::CanceledByUser);
        self.explain(reason, "");
        let partial = self.state.pages_confirmed > 0;
        self.end(match reason {
            Reason::CanceledByUser => Status::Canceled,
            _ if partial => Status::Partial,
            _ => Status::Expired,
        });
    }

    /// Leaves the question to a person: nothing dials again by itself.
    pub(super) fn rest(&mut self, reason: Reason, detail: &str) {
        self.explain(reason, detail);
        self.end(Status::Indeterminate);
    }

    /// Every page is confirmed: whatever else happened, the fax arrived.
    pub(super) fn delivered(&mut self, reason: Option<Reason>, detail: &str) {
        self.state.reason = reason;
        self.state.detail = (!detail.is_empty()).then(|| detail.to_owned());
        self.end(Status::Delivered);
    }

    /// Ends the record of the call that is up.
    pub(super) fn close_attempt(&mut self, result: AttemptResult, why: Option<(Reason, &str)>) {
        if let Some(mut attempt) = self.state.attempt.take() {
            attempt.ended_at = Some(self.now);
            attempt.pages_confirmed = self.state.pages_confirmed;
            attempt.result = Some(result);
            attempt.reason = why.map(|(reason, _)| reason);
            attempt.detail = why
                .map(|(_, detail)| detail.to_owned())
                .filter(|detail| !detail.is_empty());
            self.attempt = Some(attempt);
        }
    }

    /// Whether the job's policy allows to dial again although pages may have arrived.
    pub(super) fn may_risk_twice(&self) -> bool {
        self.state.on_indeterminate == OnIndeterminate::Retry
            && self.state.may_dial()
            && !self.state.stop_requested()
            && self.now < self.state.deadline_at
    }

    pub(super) fn explain(&mut self, reason: Reason, detail: &str) {
        self.state.reason = Some(reason);
        self.state.detail = (!detail.is_empty()).then(|| detail.to_owned());
    }

    pub(super) fn end(&mut self, status: Status) {
        self.state.status = status;
        self.state.ended_at = Some(self.now);
        self.state.next_at = None;
        self.state.progress = None;
    }
}
