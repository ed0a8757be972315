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
            Self::Backend { .. } => "artifact-store-failed",
        }
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

    pub(super) fn backend(name: &str, error: object_store::Error) -> Self {
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
