//! What is stored, and the removal of all that a job had.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::store::{ArtifactStore, Home};
use super::{ArtifactError, ArtifactKey};
use crate::units::UnixMillis;

/// A stored artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: ArtifactKey,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was stored, by the clock of where it is.
    pub stored_at: UnixMillis,
}

impl ArtifactStore {
    /// The artifacts of a job, or of all, as they come: a page of a bucket's listing is in memory
    /// at a time. What is not an artifact is passed over.
    pub fn list(
        &self,
        job: Option<&str>,
    ) -> Result<BoxStream<'static, Result<Listed, ArtifactError>>, ArtifactError> {
        let folder = match job {
            Some(job) => ArtifactKey::folder(job)?,
            None => ArtifactKey::FOLDER.to_owned(),
        };
        let (store, place) = (self.clone(), self.below(&folder));
        let strip = self.below("").parts().count();
        let listed = self.objects.list(Some(&place));
        let artifacts = listed.filter_map(move |object| {
            let artifact = match object {
                Ok(object) => {
                    let parts: Vec<_> = object.location.parts().skip(strip).collect();
                    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
                    parts.join("/").parse().ok().map(|key| {
                        Ok(Listed {
                            key,
                            bytes: object.size,
                            stored_at: UnixMillis(object.last_modified.timestamp_millis()),
                        })
                    })
                }
                Err(error) => match store.fault_at(&folder, error) {
                    // Nothing was ever stored there.
                    ArtifactError::NotFound { .. } => None,
                    error => Some(Err(error)),
                },
            };
            std::future::ready(artifact)
        });
        Ok(artifacts.boxed())
    }

    /// Removes everything that is stored for a job and says how much it was; that there is
    /// nothing is no error.
    pub async fn delete_job(&self, job: &str) -> Result<u64, ArtifactError> {
        let folder = ArtifactKey::folder(job)?;
        let removed = AtomicU64::new(0);
        let remove = || self.delete_below(&folder, &removed);
        self.patience.persist(&folder, remove).await?;
        Ok(removed.into_inner())
    }

    /// Removes what is listed while it is listed: neither list is in memory as a whole.
    async fn delete_below(&self, folder: &str, removed: &AtomicU64) -> Result<(), ArtifactError> {
        let listed = self.objects.list(Some(&self.below(folder)));
        let places = listed.map_ok(|object| object.location).boxed();
        let mut deleted = self.objects.delete_stream(places);
        while let Some(outcome) = deleted.next().await {
            match outcome.map_err(|e| self.fault_at(folder, e)) {
                Ok(_) => {
                    removed.fetch_add(1, Ordering::Relaxed);
                }
                Err(ArtifactError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if let Home::Folder(home) = &self.home {
            remove_folders(&home.join(folder)).await?;
        }
        Ok(())
    }
}

/// Removes the folders that held a job's artifacts, of which a bucket has none.
async fn remove_folders(folder: &Path) -> Result<(), ArtifactError> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ArtifactError::local(folder, error))
        }
        _ => Ok(()),
    }
}
