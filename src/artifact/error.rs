//! What can go wrong with an artifact.

use std::io;
use std::path::PathBuf;

use crate::job::Reason;

/// An artifact could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The text is not an artifact key.
    #[error("\"{text}\" is not an artifact key")]
    Key {
        /// The beginning of what was given.
        text: String,
    },
    /// Nothing is stored under the key.
    #[error("no artifact is stored under {key}")]
    NotFound {
        /// The key asked for.
        key: String,
    },
    /// The stored bytes are not those that were stored.
    #[error("the artifact {key} is damaged: its content has the digest {found}")]
    Damaged {
        /// The key asked for.
        key: String,
        /// The digest of what was read.
        found: String,
    },
    /// No space left where artifacts are kept.
    #[error("no space left for the artifact {name}: free some space, the job is tried again")]
    Full {
        /// What was being stored.
        name: String,
    },
    /// The place where artifacts are kept cannot be written.
    #[error("the artifact store is read-only or not ours to write ({name}): check its permissions")]
    ReadOnly {
        /// What was being stored.
        name: String,
    },
    /// A local file could not be read or written.
    #[error("{path}: {source}")]
    Local {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The settings of the bucket cannot be used together.
    #[error("{place}: {what}")]
    Options {
        /// The bucket.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// There is no such bucket.
    #[error("the bucket {place} does not exist: create it, or correct artifacts.url ({said})")]
    BucketMissing {
        /// The bucket.
        place: String,
        /// What the server said.
        said: String,
    },
    /// The server does not know us, or we have no credentials.
    #[error("{place} does not accept our credentials: check the access key ({said})")]
    Credentials {
        /// The bucket.
        place: String,
        /// What the server said.
        said: String,
    },
    /// The server knows us and does not let us do it.
    #[error("{place} refuses access: check what the access key may do there ({said})")]
    Forbidden {
        /// The bucket.
        place: String,
        /// What the server said.
        said: String,
    },
    /// The bucket is in another region.
    #[error("{place} is in another region: correct artifacts.region ({said})")]
    Region {
        /// The bucket.
        place: String,
        /// What the server said.
        said: String,
    },
    /// The server cannot be reached, or the connection broke.
    #[error("{place} cannot be reached: check the endpoint and the network ({said})")]
    Unreachable {
        /// The bucket.
        place: String,
        /// What went wrong.
        said: String,
    },
    /// The server asks us to slow down, or has a fault of its own.
    #[error("{place} cannot serve us at present ({said})")]
    Busy {
        /// The bucket.
        place: String,
        /// What the server said.
        said: String,
    },
    /// The place where artifacts are kept cannot do this.
    #[error("{place}: {what}")]
    Unsupported {
        /// Where artifacts are kept.
        place: String,
        /// What it cannot do, and what to do instead.
        what: String,
    },
    /// A link cannot be valid for so long.
    #[error("a link is valid for 1 second to 7 days, not for {seconds} seconds")]
    Validity {
        /// What was asked for.
        seconds: u64,
    },
    /// The object store answered with another error.
    #[error("the artifact store failed on {name}: {source}")]
    Backend {
        /// What was being stored or read.
        name: String,
        /// What the store said.
        source: object_store::Error,
    },
}

impl ArtifactError {
    /// The stable code: part of the public interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key { .. } => "artifact-key",
            Self::NotFound { .. } => "artifact-not-found",
            Self::Damaged { .. } => "artifact-damaged",
            Self::Full { .. } => "artifact-store-full",
            Self::ReadOnly { .. } => "artifact-store-read-only",
            Self::Local { .. } => "artifact-local-file",
            Self::Options { .. } => "artifact-store-options",
            Self::BucketMissing { .. } => "artifact-bucket-missing",
            Self::Credentials { .. } => "artifact-store-credentials",
            Self::Forbidden { .. } => "artifact-store-forbidden",
            Self::Region { .. } => "artifact-store-region",
            Self::Unreachable { .. } => "artifact-store-unreachable",
            Self::Busy { .. } => "artifact-store-busy",
            Self::Unsupported { .. } => "artifact-unsupported",
            Self::Validity { .. } => "artifact-link-validity",
            Self::Backend { .. } => "artifact-store-failed",
        }
    }

    /// Whether the same may go well a moment later. The store itself has tried again for as long
    /// as it was told to when such an error comes out of it.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }

    /// What a job that needed the artifact ends or waits with.
    pub fn reason(&self) -> Reason {
        Reason::StorageFailed
    }

    pub(super) fn local(path: &std::path::Path, source: io::Error) -> Self {
        let name = || path.display().to_string();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { name: name() }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { name: name() },
            _ => Self::Local {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// What the local folder answered.
    pub(super) fn of_folder(name: &str, error: object_store::Error) -> Self {
        if let object_store::Error::NotFound { .. } = error {
            return Self::NotFound {
                key: name.to_owned(),
            };
        }
        match io_kind(&error) {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => Self::Full {
                name: name.to_owned(),
            },
            Some(io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) => {
                Self::ReadOnly {
                    name: name.to_owned(),
                }
            }
            _ => Self::Backend {
                name: name.to_owned(),
                source: error,
            },
        }
    }
}

fn io_kind(error: &object_store::Error) -> Option<io::ErrorKind> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = inner.source();
    }
    None
}
