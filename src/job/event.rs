//! What can happen to a job. Every event that changed a job is kept with a sequence number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::job::{AttemptSettings, Negotiated, PageLimit, Reason, Stage};

/// Artifact keys by role (`fax`, `preview`, `mp3` …).
type Artifacts = BTreeMap<String, String>;

/// What can happen to a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum JobEvent {
    /// The job was accepted: always the first event, and never a later one.
    Submitted,
    /// A worker took the job for a stage.
    Claimed {
        /// The stage.
        stage: Stage,
        /// The worker's name.
        worker: String,
    },
    /// Work went on by a page (`pages` is 0 while unknown).
    Progress {
        /// The page worked on, from 1.
        page: u32,
        /// Pages in all.
        pages: u32,
    },
    /// The document is sound.
    ValidationDone {
        /// Its pages.
        pages: u32,
    },
    /// The document was turned into fax pages.
    Converted {
        /// Pages in the fax.
        pages: u32,
        /// What was stored.
        artifacts: Artifacts,
    },
    /// The document could not be turned into fax pages.
    ConvertFailed {
        /// Why.
        reason: Reason,
        /// The particulars, for a person.
        detail: String,
    },
    /// The call could not even be tried: nothing was dialed.
    PreflightFailed {
        /// Why.
        reason: Reason,
        /// The particulars, for a person.
        detail: String,
    },
    /// A call is about to be dialed. Commit this first, dial then.
    AttemptStarted {
        /// What it is made with.
        settings: AttemptSettings,
    },
    /// The far end rings.
    Ringing,
    /// The far end answered. Commit this first, send media then.
    Answered,
    /// The two machines agreed on how to talk.
    Negotiated {
        /// On what.
        negotiated: Negotiated,
    },
    /// The far end confirmed a page (MCF or equivalent).
    PageConfirmed {
        /// The page of the job, from 1.
        page: u32,
        /// What was sent: the page's digest with its header, as the conversion's
        /// reports have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
    },
    /// The call is over.
    AttemptEnded {
        /// How it ended.
        outcome: AttemptOutcome,
    },
    /// The worker stopped renewing its lease.
    LeaseLost,
    /// The job's deadline passed.
    DeadlinePassed,
    /// Somebody asked for the job to be canceled.
    CancelRequested,
    /// The worker stopped as it was asked to.
    CancelDone {
        /// Pages of the job confirmed in all, earlier attempts included.
        pages_confirmed: u32,
        /// Whether pages beyond these may have been delivered without our knowing.
        possibly_delivered: bool,
    },
    /// A person released a held job.
    HoldReleased,
    /// A person said what is to become of an indeterminate job.
    IndeterminateResolved {
        /// What.
        resolution: Resolution,
    },
    /// The MP3 is stored.
    TranscodeDone {
        /// Its exact duration.
        duration_ms: u64,
        /// What was stored.
        artifacts: Artifacts,
    },
    /// The recording could not be turned into MP3.
    TranscodeFailed {
        /// Why.
        reason: Reason,
        /// The particulars, for a person.
        detail: String,
    },
    /// A page came in and is stored.
    ReceivePage {
        /// The page, from 1.
        page: u32,
        /// What is stored of the fax, this page included.
        artifacts: Artifacts,
    },
    /// The incoming call is over.
    ReceiveEnded {
        /// Pages stored.
        pages: u32,
        /// What was stored.
        artifacts: Artifacts,
        /// Why the fax is not complete, if it is not.
        reason: Option<Reason>,
        /// The particulars, for a person.
        detail: String,
    },
    /// The time that the job waited for has come.
    DueReached,
    /// The worker gives the job back unharmed, because it is to stop (drain).
    HandedBack,
}

/// How a call of a fax job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The far end confirmed every page.
    Delivered {
        /// Pages of the job confirmed in all, earlier attempts included.
        pages_confirmed: u32,
    },
    /// The call ended before every page was confirmed.
    Failed {
        /// Why.
        reason: Reason,
        /// The particulars, for a person.
        detail: String,
        /// Whether the far end had answered.
        answered: bool,
        /// Pages of the job confirmed in all, earlier attempts included.
        pages_confirmed: u32,
        /// Whether pages beyond these may have been delivered without our knowing: the last page
        /// was sent to its end and only its confirmation is missing.
        possibly_delivered: bool,
        /// With [`Reason::ImageUnsupported`]: what the far end can take.
        page_limit: Option<PageLimit>,
    },
}

/// What a person decides about an indeterminate job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Dial again, from the first page that was not confirmed.
    Retry,
    /// It was delivered: the person knows it from the recipient.
    Delivered,
    /// It was not delivered, and is not to be tried again.
    Failed,
}

impl JobEvent {
    /// The stable name of the event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Claimed { .. } => "claimed",
            Self::Progress { .. } => "progress",
            Self::ValidationDone { .. } => "validation_done",
            Self::Converted { .. } => "converted",
            Self::ConvertFailed { .. } => "convert_failed",
            Self::PreflightFailed { .. } => "preflight_failed",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Negotiated { .. } => "negotiated",
            Self::PageConfirmed { .. } => "page_confirmed",
            Self::AttemptEnded { .. } => "attempt_ended",
            Self::LeaseLost => "lease_lost",
            Self::DeadlinePassed => "deadline_passed",
            Self::CancelRequested => "cancel_requested",
            Self::CancelDone { .. } => "cancel_done",
            Self::HoldReleased => "hold_released",
            Self::IndeterminateResolved { .. } => "indeterminate_resolved",
            Self::TranscodeDone { .. } => "transcode_done",
            Self::TranscodeFailed { .. } => "transcode_failed",
            Self::ReceivePage { .. } => "receive_page",
            Self::ReceiveEnded { .. } => "receive_ended",
            Self::DueReached => "due_reached",
            Self::HandedBack => "handed_back",
        }
    }

    /// Whether it says how a call or other work ended: what nobody but its worker can tell.
    pub const fn is_outcome(&self) -> bool {
        matches!(
            self,
            Self::Converted { .. }
                | Self::ConvertFailed { .. }
                | Self::PreflightFailed { .. }
                | Self::AttemptEnded { .. }
                | Self::CancelDone { .. }
                | Self::TranscodeDone { .. }
                | Self::TranscodeFailed { .. }
                | Self::ReceiveEnded { .. }
                | Self::HandedBack
        )
    }

    /// Whether a worker reports it and must hold the lease to do so.
    ///
    /// The others come from the reaper, from a person, or (`submitted`) from acceptance.
    pub const fn needs_lease(&self) -> bool {
        !matches!(
            self,
            Self::Submitted
                | Self::LeaseLost
                | Self::DeadlinePassed
                | Self::CancelRequested
                | Self::HoldReleased
                | Self::IndeterminateResolved { .. }
                | Self::DueReached
        )
    }
}
