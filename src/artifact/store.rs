//! The artifact store: storing, reading and removing, streaming both ways.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use object_store::signer::Signer;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::client::{Client, folder};
use super::options::{ArtifactOptions, BucketOptions, PutOnce};
use super::patience::Patience;
use super::upload::Source;
use super::{ArtifactError, ArtifactKey};

/// Where artifacts are kept.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) signer: Option<Arc<dyn Signer>>,
    pub(super) home: Home,
    pub(super) prefix: String,
    pub(super) put_once: PutOnce,
    pub(super) patience: Patience,
}

#[derive(Clone, Debug)]
pub(super) enum Home {
    Folder(PathBuf),
    /// A bucket by its URL.
    Bucket(String),
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket(url) => f.write_str(url),
        }
    }
}

/// An artifact copied to a local file after its digest was found right.
#[derive(Debug)]
pub struct Fetched {
    /// The local copy.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

impl ArtifactStore {
    /// Opens the place and makes sure that artifacts can be listed, written, read and removed
    /// there.
    pub async fn open(options: &ArtifactOptions) -> Result<Self, ArtifactError> {
        let store = Self::connect(options)?;
        store.check().await?;
        Ok(store)
    }

    /// Opens the place without looking whether it is there: a folder is created if missing, to a
    /// bucket nothing is sent yet.
    pub fn connect(options: &ArtifactOptions) -> Result<Self, ArtifactError> {
        match options {
            ArtifactOptions::Folder(folder) => Self::in_folder(folder),
            ArtifactOptions::Bucket(bucket) => Self::in_bucket(bucket),
        }
    }

    /// Artifacts in a local folder, created if missing; every write reaches the disk before it
    /// counts.
    pub fn in_folder(path: &Path) -> Result<Self, ArtifactError> {
        Ok(Self {
            objects: folder(path)?,
            signer: None,
            home: Home::Folder(path.to_owned()),
            prefix: String::new(),
            // A file system without hard links has no other way.
            put_once: PutOnce::ByLook,
            patience: Patience::NONE,
        })
    }

    fn in_bucket(options: &BucketOptions) -> Result<Self, ArtifactError> {
        let client = Client::of(options)?;
        Ok(Self {
            objects: client.objects,
            signer: Some(client.signer),
            home: Home::Bucket(options.url()),
            prefix: options.place.prefix().to_owned(),
            put_once: options.put_once,
            patience: Patience::of(options.timing.retry),
        })
    }

    /// Where artifacts are kept: the folder, or the bucket's URL.
    pub fn place(&self) -> String {
        self.home.to_string()
    }

    /// Where a person finds the artifact.
    pub fn location(&self, key: &ArtifactKey) -> String {
        match &self.home {
            Home::Folder(folder) => folder.join(key.to_string()).display().to_string(),
            Home::Bucket(url) => format!("{url}/{key}"),
        }
    }

    /// Stores a local file as an artifact of `job`.
    ///
    /// When this returns the artifact is complete and durable; after an error nothing but the
    /// right bytes can be read under its key. Storing the same content again is not an error and
    /// changes nothing.
    pub async fn put_file(
        &self,
        job: &str,
        name: &str,
        file: &Path,
    ) -> Result<ArtifactKey, ArtifactError> {
        let source = Source::look(file).await?;
        let key = ArtifactKey::new(job, source.digest.clone(), name)?;
        let store = || self.store_once(&key, &source);
        self.patience.persist(&key.to_string(), store).await?;
        Ok(key)
    }

    /// Copies an artifact to `target`, which is complete and checked when this returns and absent
    /// on an error.
    pub async fn fetch(&self, key: &ArtifactKey, target: &Path) -> Result<Fetched, ArtifactError> {
        let copy = || self.copy_out(key, target);
        let outcome = self.patience.persist(&key.to_string(), copy).await;
        if outcome.is_err()
            && let Err(error) = tokio::fs::remove_file(target).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %target.display(), %error, "a partial copy was left");
        }
        outcome
    }

    /// Removes an artifact; that it is not there is no error.
    pub async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        let delete = || async {
            let deleted = self.objects.delete(&self.path(key)).await;
            match deleted.map_err(|e| self.fault(key, e)) {
                Err(ArtifactError::NotFound { .. }) => Ok(()),
                outcome => outcome,
            }
        };
        self.patience.persist(&key.to_string(), delete).await
    }

    /// The digest of what is stored under the key.
    pub(super) async fn digest_of(&self, key: &ArtifactKey) -> Result<String, ArtifactError> {
        let failed = |error| self.fault(key, error);
        let object = self.objects.get(&self.path(key)).await.map_err(failed)?;
        let mut stream = object.into_stream();
        let mut digest = Sha256::new();
        while let Some(chunk) = stream.next().await {
            digest.update(&chunk.map_err(failed)?);
        }
        Ok(hex(&digest.finalize()))
    }

    async fn copy_out(&self, key: &ArtifactKey, target: &Path) -> Result<Fetched, ArtifactError> {
        let failed = |error| self.fault(key, error);
        let object = self.objects.get(&self.path(key)).await.map_err(failed)?;
        let mut stream = object.into_stream();
        let local = |e| ArtifactError::local(target, e);
        let mut file = tokio::fs::File::create(target).await.map_err(local)?;
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(failed)?;
            digest.update(&chunk);
            bytes += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(local)?;
        }
        file.flush().await.map_err(local)?;
        let found = hex(&digest.finalize());
        if found != key.digest() {
            let key = key.to_string();
            return Err(ArtifactError::Damaged { key, found });
        }
        Ok(Fetched {
            path: target.to_owned(),
            bytes,
        })
    }

    /// Where the artifact lies in the store.
    pub(super) fn path(&self, key: &ArtifactKey) -> object_store::path::Path {
        self.below(&key.to_string())
    }

    /// A place below our prefix.
    pub(super) fn below(&self, place: &str) -> object_store::path::Path {
        object_store::path::Path::from(format!("{}/{place}", self.prefix))
    }

    /// What the store's answer to a request about an artifact means.
    pub(super) fn fault(&self, key: &ArtifactKey, error: object_store::Error) -> ArtifactError {
        self.fault_at(&key.to_string(), error)
    }

    pub(super) fn fault_at(&self, name: &str, error: object_store::Error) -> ArtifactError {
        match &self.home {
            Home::Folder(_) => ArtifactError::of_folder(name, error),
            Home::Bucket(url) => ArtifactError::of_bucket(url, name, error),
        }
    }

    pub(super) fn keeps_media_types(&self) -> bool {
        matches!(self.home, Home::Bucket(_))
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
