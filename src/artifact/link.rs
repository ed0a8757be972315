//! Links by which whoever has one downloads an artifact for a while.

use std::time::Duration;

use object_store::ObjectStoreExt;
use reqwest::Method;

use super::store::ArtifactStore;
use super::{ArtifactError, ArtifactKey};

/// The longest that S3 and Google allow.
const VALIDITY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

impl ArtifactStore {
    /// A link to an artifact that anybody can download it by, without credentials, for so long:
    /// 1 second to 7 days. Where our own credentials are of a session, it ends with them.
    ///
    /// A folder has nobody who would serve its files: [`ArtifactError::Unsupported`].
    pub async fn signed_link(
        &self,
        key: &ArtifactKey,
        validity: Duration,
    ) -> Result<String, ArtifactError> {
        let Some(signer) = &self.signer else {
            return Err(ArtifactError::Unsupported {
                place: self.place(),
                what: "links are signed by a bucket, and artifacts are in a folder here: copy the \
                       file, or keep artifacts in a bucket ([artifacts] url)"
                    .to_owned(),
            });
        };
        if validity.as_secs() == 0 || validity > VALIDITY_MAX {
            let seconds = validity.as_secs();
            return Err(ArtifactError::Validity { seconds });
        }
        let path = self.path(key);
        let sign = || async {
            let failed = |error| self.fault(key, error);
            // A link to nothing is better refused here than found out by whoever gets it.
            self.objects.head(&path).await.map_err(failed)?;
            signer
                .signed_url(Method::GET, &path, validity)
                .await
                .map_err(failed)
        };
        let link = self.patience.persist(&key.to_string(), sign).await?;
        Ok(link.into())
    }
}
