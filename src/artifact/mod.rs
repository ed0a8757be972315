//! Artifacts: documents, fax images and recordings, stored once under the key of their job.
//!
//! An artifact's key ends in the digest of its content and its name, so a key can never come to
//! mean other bytes: storing the same content again does nothing, and every read is checked
//! against the digest before anybody uses it.

mod error;
mod key;
mod store;

pub use error::ArtifactError;
pub use key::ArtifactKey;
pub(crate) use store::hex;
pub use store::{ArtifactStore, Fetched};
