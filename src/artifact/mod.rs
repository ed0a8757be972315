//! Artifacts: documents, fax images and recordings, stored once under the key of their job, in a
//! local folder or in a bucket.
//!
//! An artifact's key ends in the digest of its content and its name, so a key can never come to
//! mean other bytes: storing the same content again does nothing, and every read is checked
//! against the digest before anybody uses it. What may pass (a connection that breaks, a server
//! that asks to slow down) is tried again in here, for as long as the configuration says.

mod check;
mod client;
pub mod conformance;
mod error;
mod fault;
mod key;
mod link;
mod listing;
mod media_type;
pub mod options;
mod patience;
mod store;
mod upload;

pub use error::ArtifactError;
pub use key::ArtifactKey;
pub use listing::Listed;
pub use options::ArtifactOptions;
pub(crate) use store::hex;
pub use store::{ArtifactStore, Fetched};
