//! The name of a job: a UUID, version 7 where we make it, so that ids sort by time of creation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of a job, written as a hyphenated lower-case UUID.
///
/// ```
/// use faxmill::job::JobId;
/// let id: JobId = "01890a5d-ac96-774b-bcce-b302099a8057".parse()?;
/// assert_eq!(id.to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
/// # Ok::<(), faxmill::job::JobIdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// Names a job by a UUID that the caller made: this room has no clock and no chance.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID itself.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for JobId {
    type Err = JobIdError;

    fn from_str(text: &str) -> Result<Self, JobIdError> {
        Uuid::parse_str(text).map(Self).map_err(|_| JobIdError {
            text: text.chars().take(40).collect(),
        })
    }
}

/// Not the name of a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a job id: a job id is a UUID, as `faxmill submit` prints it")]
pub struct JobIdError {
    /// The beginning of what was given.
    pub text: String,
}

impl JobIdError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        "job-id-invalid"
    }
}
