//! What can go wrong with the store, in words that tell a person what to do.

use crate::job::{IllegalTransition, JobId, Reason, RequestError};

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Other writers kept the database for too long.
    #[error("the job store is busy: other processes kept it locked; try again")]
    Busy,
    /// No room on the disk.
    #[error("the job store has no room left: free space on its disk, nothing was lost")]
    Full,
    /// Not writable.
    #[error(
        "the job store cannot be written: check owner and permissions of its folder and files, \
         and that its disk is mounted for writing"
    )]
    ReadOnly,
    /// Cannot be opened.
    #[error("the job store {path} cannot be opened: {why}")]
    Unavailable {
        /// The database.
        path: String,
        /// What the database engine said.
        why: String,
    },
    /// The connection to the database was lost, or nothing answers there.
    #[error(
        "the job store cannot be reached ({why}): check that its database runs and the network \
         to it; what was being changed may or may not have been written, so tell it again"
    )]
    Unreachable {
        /// What the connection said.
        why: String,
    },
    /// Damaged.
    #[error("the job store is damaged ({why}): stop the service and restore it from a backup")]
    Corrupt {
        /// What is wrong.
        why: String,
    },
    /// Written by a newer release.
    #[error(
        "the job store has schema {found}, but this release knows only {known}: \
         run the newer release, or restore a backup made before it"
    )]
    Newer {
        /// The schema of the database.
        found: i64,
        /// The newest schema that this release knows.
        known: i64,
    },
    /// The lease ended, or another worker took the job.
    #[error("the lease on job {id} is lost: stop working on it, another worker may have it")]
    LeaseLost {
        /// The job.
        id: JobId,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used before for another request: use a new key")]
    Conflict,
    /// A job of this name exists.
    #[error("a job {id} exists already")]
    Duplicate {
        /// The job.
        id: JobId,
    },
    /// The event cannot happen to the job as it is.
    #[error(transparent)]
    IllegalTransition(#[from] IllegalTransition),
    /// The request cannot become a job.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The number was found invalid too often.
    #[error(
        "the number ending in {last_four} does not exist, as the network said repeatedly: \
         correct it, or clear it to try again"
    )]
    NumberRefused {
        /// Its last four digits.
        last_four: String,
    },
    /// No such job.
    #[error("there is no job {id}")]
    NotFound {
        /// The name asked for.
        id: JobId,
    },
    /// Anything else that the database engine reports.
    #[error("the job store failed: {why}")]
    Other {
        /// What it said.
        why: String,
    },
}

impl StoreError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Busy => "store-busy",
            Self::Full => "store-full",
            Self::ReadOnly => "store-read-only",
            Self::Unavailable { .. } => "store-unavailable",
            Self::Unreachable { .. } => "store-unreachable",
            Self::Corrupt { .. } => "store-corrupt",
            Self::Newer { .. } => "store-newer",
            Self::LeaseLost { .. } => "lease-lost",
            Self::Conflict => "idempotency-conflict",
            Self::Duplicate { .. } => "job-duplicate",
            Self::IllegalTransition(_) => "illegal-transition",
            Self::Request(error) => error.code(),
            Self::NumberRefused { .. } => "number-refused",
            Self::NotFound { .. } => "job-not-found",
            Self::Other { .. } => "store-failed",
        }
    }

    /// The reason of a job that ends by it.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::LeaseLost { .. } => Reason::WorkerLost,
            Self::NumberRefused { .. } => Reason::NumberInvalid,
            _ => Reason::StorageFailed,
        }
    }

    /// Whether the same call may succeed a little later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Full | Self::Unreachable { .. })
    }
}
