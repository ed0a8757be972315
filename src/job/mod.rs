//! What a job is and how it moves: pure rules, without clock, file, socket or chance.
//!
//! [`transition`] is the only way a job changes. Its promise, which `tests/lifecycle.rs` holds it
//! to: a job never leaves a terminal status, is never dialed more often than its caps allow, is
//! never `delivered` with a page unconfirmed, and is never dialed again by itself once a call was
//! answered and its worker lost, unless the job's own policy says so.

mod attempt;
mod call;
mod cover;
mod event;
mod id;
mod ladder;
mod lifecycle;
mod reason;
mod request;
mod retry;
mod state;
mod status;
mod work;

pub use attempt::{Attempt, AttemptResult, AttemptSettings, Negotiated};
pub use cover::{CoverField, CoverFields, CoverFieldsError, CoverPart, CoverRequest};
pub use event::{AttemptOutcome, JobEvent, Resolution as IndeterminateResolution};
pub use id::{JobId, JobIdError};
pub use ladder::{LadderStep, Transport};
pub use lifecycle::{IllegalTransition, LeaseChange, Transition, transition};
pub use reason::{Reason, Retry};
pub use request::{
    FaxRequest, JobRequest, Metadata, OnIndeterminate, ReceivedFaxRequest, RequestError,
    TENANT_BYTES_MAX, VoicemailRequest,
};
pub use retry::RetryPolicy;
pub use state::{JobState, PageLimit, Progress};
pub use status::{JobKind, Stage, Status};
