//! What can go wrong with a queue.

use crate::job::Reason;
use crate::store::StoreError;

/// What can go wrong with a queue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The database that holds the embedded queue.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QueueError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
        }
    }

    /// The reason of a job that ends by it.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Store(error) => error.reason(),
        }
    }
}
