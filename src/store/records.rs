//! What the store takes and gives.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{JobEvent, JobId, JobKind, JobRequest, JobState, RetryPolicy, Stage, Status};
use crate::units::{FaxNumber, UnixMillis};

/// A job to be accepted.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its name, new and unique: a version 7 UUID, so that jobs list by time.
    pub id: JobId,
    /// What it is to do.
    pub request: JobRequest,
    /// Bounds on repetition, kept with the job.
    pub policy: RetryPolicy,
    /// What makes a repeated request recognisable.
    pub idempotency: Option<Idempotency>,
    /// The present moment.
    pub now: UnixMillis,
}

impl NewJob {
    /// A job with the default policy and without an idempotency key.
    pub fn new(id: JobId, request: JobRequest, now: UnixMillis) -> Self {
        Self {
            id,
            request,
            policy: RetryPolicy::default(),
            idempotency: None,
            now,
        }
    }
}

/// What makes a repeated request recognisable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The submitter's key, of 1 to [`Idempotency::KEY_BYTES_MAX`] bytes.
    pub key: String,
    /// A digest of the whole request: the same key with another digest is a conflict.
    pub body_hash: String,
}

impl Idempotency {
    /// Longest key, in bytes.
    pub const KEY_BYTES_MAX: usize = 255;
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// A new job.
    Created(Job),
    /// The job that the same request made before.
    Existing(Job),
}

impl Submitted {
    /// The job, new or not.
    pub fn into_job(self) -> Job {
        match self {
            Self::Created(job) | Self::Existing(job) => job,
        }
    }
}

/// A job as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it was asked to do.
    pub request: JobRequest,
    /// Where it is.
    pub state: JobState,
    /// When it last changed.
    pub updated_at: UnixMillis,
    /// The sequence number of its last event.
    pub last_seq: u64,
    /// Who works on it.
    pub lease: Option<LeaseHolder>,
}

impl Job {
    /// Where it is.
    pub const fn status(&self) -> Status {
        self.state.status
    }
}

/// Who works on a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// The worker's name.
    pub worker: String,
    /// At which stage.
    pub stage: Stage,
    /// Until when, unless renewed.
    pub until: UnixMillis,
}

/// The right to work on a job.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The job as it was when claimed.
    pub job: Job,
    /// The stage it was claimed for.
    pub stage: Stage,
    /// The worker's name.
    pub worker: String,
    /// The fencing token: it grows with every claim, so an old lease can change nothing.
    pub token: i64,
    /// Until when the lease holds, unless renewed.
    pub until: UnixMillis,
}

/// What a worker learns when it renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Until when the lease holds now.
    pub until: UnixMillis,
    /// Whether the worker is to end its work and report [`JobEvent::CancelDone`].
    pub cancel_requested: bool,
}

/// One event of a job, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its place among the events of all jobs: grows, may have gaps.
    pub cursor: i64,
    /// Whose event it is.
    pub job_id: JobId,
    /// Its place among the job's events: from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: UnixMillis,
    /// Where the job was after it.
    pub status: Status,
    /// What happened.
    #[serde(flatten)]
    pub event: JobEvent,
}

/// Which jobs to list; a field left out matches every job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this kind.
    pub kind: Option<JobKind>,
    /// In this status.
    pub status: Option<Status>,
    /// To this number.
    pub number: Option<FaxNumber>,
    /// Of this tenant.
    pub tenant: Option<String>,
    /// That wait for a worker, or are in one's hands, and have not changed since this moment.
    pub stuck_since: Option<UnixMillis>,
}

/// Some of the jobs that match.
#[derive(Clone, Debug)]
pub struct JobPage {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// Where the next page begins, if there is one.
    pub next: Option<JobId>,
}

/// A wake-up to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its name, for [`JobStore::outbox_published`](super::JobStore::outbox_published).
    pub id: i64,
    /// Whose workers to wake.
    pub stage: Stage,
    /// For which job.
    pub job_id: JobId,
    /// Calls dialed so far: tells apart the wake-ups of one job.
    pub attempt: u32,
}

/// How many jobs of a kind are in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCount {
    /// The kind.
    pub kind: JobKind,
    /// The status.
    pub status: Status,
    /// How many.
    pub jobs: u64,
}

/// What waits for the workers of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The stage.
    pub stage: Stage,
    /// Jobs that no worker has taken.
    pub jobs: u64,
    /// Since when the one waits that has waited longest.
    pub since: UnixMillis,
}

/// What is known of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Calls that the network refused because there is no such number, since the last one that
    /// was answered.
    pub invalid: u32,
    /// Whether a call to it was ever answered.
    pub reached: bool,
}

impl Destination {
    /// So many refusals of a number never reached, and it is not dialed any more.
    pub const INVALID_MAX: u32 = 2;

    /// Whether new jobs to it are refused until a person clears it.
    pub const fn is_refused(&self) -> bool {
        !self.reached && self.invalid >= Self::INVALID_MAX
    }
}

/// The bound on one lease: whoever needs longer renews.
pub(super) const LEASE_MAX: Duration = Duration::from_secs(3600);

/// How long past its overrun a call may still be ending.
pub(super) const OVERRUN_GRACE: Duration = Duration::from_secs(600);
