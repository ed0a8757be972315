//! Whether the place of artifacts is there and ours to use.

use futures::TryStreamExt;
use object_store::{ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::options::PutOnce;
use super::store::ArtifactStore;
use super::{ArtifactError, ArtifactKey};

/// What is written to see whether writing works; the key of no job.
const PROBE: &str = "faxmill looks whether it may write here";

impl ArtifactStore {
    /// Lists, writes, reads and removes, as artifacts are; the first of it that fails is the
    /// error.
    pub async fn check(&self) -> Result<(), ArtifactError> {
        // Two processes that start at once must not meet.
        let name = format!("probe-{:016x}-{}", fastrand::u64(..), std::process::id());
        let probe = || self.probe(&name);
        self.patience.persist(&name, probe).await
    }

    async fn probe(&self, name: &str) -> Result<(), ArtifactError> {
        let failed = |error| self.fault_at(name, error);
        let path = self.below(name);
        // Listing comes first: of a bucket that is missing it leaves no doubt.
        let mut listed = self.objects.list(Some(&self.below(ArtifactKey::FOLDER)));
        listed.try_next().await.map_err(failed)?;
        drop(listed);
        let content = PutPayload::from_static(PROBE.as_bytes());
        let once = PutOptions::from(match self.put_once {
            PutOnce::ByCondition => PutMode::Create,
            PutOnce::ByLook => PutMode::Overwrite,
        });
        match self.objects.put_opts(&path, content, once).await {
            // The first try was heard after all.
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
        let found = self.objects.get(&path).await.map_err(failed)?;
        let found = found.bytes().await.map_err(failed)?;
        self.objects.delete(&path).await.map_err(failed)?;
        if found != PROBE.as_bytes() {
            return Err(ArtifactError::Unsupported {
                place: self.place(),
                what: "what is read is not what was written".to_owned(),
            });
        }
        Ok(())
    }

    /// Whether all of an artifact is there and undamaged, without a copy of it.
    pub async fn verify(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        let read = || self.digest_of(key);
        let found = self.patience.persist(&key.to_string(), read).await?;
        if found == key.digest() {
            return Ok(());
        }
        let key = key.to_string();
        Err(ArtifactError::Damaged { key, found })
    }
}
