//! Everything about a job that changes, and the little of its request that the rules need.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::event::Resolution as IndeterminateResolution;
use crate::job::{
    Attempt, JobKind, JobRequest, LadderStep, OnIndeterminate, Reason, RetryPolicy, Stage, Status,
};
use crate::units::{PageWidth, Resolution, UnixMillis};

/// Everything about a job that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobState {
    /// What kind of job it is.
    pub kind: JobKind,
    /// Where it is.
    pub status: Status,
    /// When it was accepted.
    pub created_at: UnixMillis,
    /// When it ended or came to rest.
    pub ended_at: Option<UnixMillis>,
    /// Past this, nothing new is begun for it.
    pub deadline_at: UnixMillis,
    /// The time it was given, for a new deadline after a person's decision.
    pub deadline_seconds: u64,
    /// When it is due again, while it is scheduled or waits for a retry.
    pub next_at: Option<UnixMillis>,
    /// Not to be dialed before this.
    pub not_before: Option<UnixMillis>,
    /// Whether a person must still release it.
    pub hold: bool,
    /// What follows when a worker is lost after an answer.
    pub on_indeterminate: OnIndeterminate,
    /// Most dials in all.
    pub dials_max: u32,
    /// Most answered calls.
    pub answered_max: u32,
    /// Bounds on repetition.
    pub policy: RetryPolicy,

    /// Pages in the document, or received so far.
    pub pages: Option<u32>,
    /// How far the current stage is.
    pub progress: Option<Progress>,
    /// Pages that the far end confirmed, over all attempts: always the first ones.
    pub pages_confirmed: u32,
    /// Whether fax pages as the line needs them are stored.
    pub converted: bool,
    /// The finest and widest pages that the far end takes, once it told us.
    pub page_limit: Option<PageLimit>,
    /// Artifact keys by role (`fax`, `preview`, `mp3` …).
    pub artifacts: BTreeMap<String, String>,
    /// Exact duration of a recording's MP3.
    pub duration_ms: Option<u64>,

    /// Calls dialed.
    pub dials: u32,
    /// Calls answered.
    pub answered: u32,
    /// The call that is up.
    pub attempt: Option<Attempt>,
    /// The step of the ladder for the next call.
    pub step: LadderStep,
    /// The reason that led to this step, if it is not the first.
    pub step_because: Option<Reason>,
    /// How often attempts and stages ended, by reason.
    pub failures: BTreeMap<Reason, u32>,
    /// How often a worker was lost in work that is not a call.
    pub losses: u32,

    /// Why the last attempt or the job ended.
    pub reason: Option<Reason>,
    /// The particulars, for a person.
    pub detail: Option<String>,
    /// Why its worker is asked to stop, if it is.
    pub stop: Option<Reason>,
    /// What a person decided after it was indeterminate.
    pub resolved: Option<IndeterminateResolution>,
}

/// How far the current stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The page worked on, from 1.
    pub page: u32,
    /// Pages in all, 0 while unknown.
    pub pages: u32,
}

/// The finest and widest pages that a far end takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLimit {
    /// The finest density.
    pub resolution: Resolution,
    /// The widest page.
    pub width: PageWidth,
}

impl PageLimit {
    /// Every far end takes at least this, or cannot receive at all.
    pub const NONE: Self = Self {
        resolution: Resolution::Superfine,
        width: PageWidth::A3,
    };

    /// Whether pages made to this limit differ from pages made to `other`.
    pub fn is_below(self, other: Self) -> bool {
        self.resolution < other.resolution || self.width < other.width
    }
}

/// How long an incoming call may be, with all its pages: longer than any watchdog of the call.
const RECEIVE_SECONDS: u64 = 2 * 3600;

impl JobState {
    /// The state of a job that was just accepted.
    pub fn new(request: &JobRequest, policy: RetryPolicy, now: UnixMillis) -> Self {
        let kind = request.kind();
        let mut state = Self {
            kind,
            status: if kind == JobKind::ReceivedFax {
                Status::Receiving
            } else {
                Status::Accepted
            },
            created_at: now,
            ended_at: None,
            deadline_at: now,
            deadline_seconds: RECEIVE_SECONDS,
            next_at: None,
            not_before: None,
            hold: false,
            on_indeterminate: OnIndeterminate::Hold,
            dials_max: 0,
            answered_max: 0,
            step: policy.steps.first().copied().unwrap_or_default(),
            policy,
            pages: None,
            progress: None,
            pages_confirmed: 0,
            converted: false,
            page_limit: None,
            artifacts: BTreeMap::new(),
            duration_ms: None,
            dials: 0,
            answered: 0,
            attempt: None,
            step_because: None,
            failures: BTreeMap::new(),
            losses: 0,
            reason: None,
            detail: None,
            stop: None,
            resolved: None,
        };
        let mut start = now;
        match request {
            JobRequest::Fax(fax) => {
                start = fax.not_before.map_or(now, |at| at.max(now));
                state.deadline_seconds = fax.deadline_seconds;
                state.not_before = fax.not_before;
                state.hold = fax.hold;
                state.on_indeterminate = fax.on_indeterminate;
                state.dials_max = fax.dials_max;
                state.answered_max = fax.answered_max;
            }
            JobRequest::Voicemail(voicemail) => state.deadline_seconds = voicemail.deadline_seconds,
            JobRequest::ReceivedFax(_) => {}
        }
        state.deadline_at = start.plus(Duration::from_secs(state.deadline_seconds));
        state
    }

    /// Whether the job has ended.
    pub fn is_terminal(&self) -> bool {
        self.status.is_terminal(self.kind)
    }

    /// Whether its worker is to stop.
    pub fn stop_requested(&self) -> bool {
        self.stop.is_some()
    }

    /// The stage that a worker may claim now, if any.
    pub fn claimable(&self) -> Option<Stage> {
        match (self.status, self.kind) {
            (Status::Accepted, JobKind::Fax) => Some(Stage::Convert),
            (Status::Accepted, JobKind::Voicemail) => Some(Stage::Transcode),
            (Status::Ready, JobKind::Fax) => Some(Stage::Transmit),
            (Status::Receiving, _) => Some(Stage::Receive),
            _ => None,
        }
    }

    /// The first page of the next attempt, from 1: the first that was not confirmed.
    pub const fn first_page(&self) -> u32 {
        self.pages_confirmed + 1
    }

    /// Whether the far end confirmed every page.
    pub fn is_all_confirmed(&self) -> bool {
        self.pages
            .is_some_and(|pages| pages > 0 && pages == self.pages_confirmed)
    }

    /// Whether the caps allow another call.
    pub const fn may_dial(&self) -> bool {
        self.dials < self.dials_max && self.answered < self.answered_max
    }

    /// When [`DeadlinePassed`](crate::job::JobEvent::DeadlinePassed) is due, if ever.
    ///
    /// A call that is up is not cut at the deadline: it gets the policy's overrun first. An
    /// indeterminate job has no deadline, since only a person may end it.
    pub fn reap_at(&self) -> Option<UnixMillis> {
        if self.status.is_resting(self.kind) {
            None
        } else if self.status.is_on_line() {
            self.stop
                .is_none()
                .then(|| self.policy.overrun_at(self.deadline_at))
        } else {
            Some(self.deadline_at)
        }
    }
}
