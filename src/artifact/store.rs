//! Storing and reading artifacts, streaming both ways.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ArtifactError, ArtifactKey};

const CHUNK_BYTES: usize = 256 << 10;
const PART_BYTES: usize = 5 << 20;

/// Where artifacts are kept.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    objects: Arc<dyn ObjectStore>,
    folder: Option<PathBuf>,
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
    /// Artifacts in a local folder, created if missing; every write reaches the disk before it
    /// counts.
    pub fn in_folder(folder: &Path) -> Result<Self, ArtifactError> {
        std::fs::create_dir_all(folder).map_err(|e| ArtifactError::local(folder, e))?;
        let objects = LocalFileSystem::new_with_prefix(folder)
            .map_err(|e| ArtifactError::backend(&folder.display().to_string(), e))?
            .with_fsync(true);
        Ok(Self {
            objects: Arc::new(objects),
            folder: Some(folder.to_owned()),
        })
    }

    /// Where a person finds the artifact.
    pub fn location(&self, key: &ArtifactKey) -> String {
        match &self.folder {
            Some(folder) => folder.join(key.to_string()).display().to_string(),
            None => key.to_string(),
        }
    }

    /// Stores a local file as an artifact of `job`.
    ///
    /// When this returns the artifact is complete and durable; on an error nothing can be read
    /// under its key. Storing the same content again is not an error and writes nothing.
    pub async fn put_file(
        &self,
        job: &str,
        name: &str,
        file: &Path,
    ) -> Result<ArtifactKey, ArtifactError> {
        let (digest, bytes) = digest_file(file).await?;
        let key = ArtifactKey::new(job, digest, name)?;
        let location = object_path(&key);
        if let Ok(present) = self.objects.head(&location).await
            && present.size == bytes
            && matches!(self.is_sound(&key).await, Ok(true))
        {
            return Ok(key);
        }
        let upload = self
            .objects
            .put_multipart(&location)
            .await
            .map_err(|e| ArtifactError::backend(&key.to_string(), e))?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        match copy_into(file, &mut writer, &key).await {
            Ok(()) => {
                writer
                    .finish()
                    .await
                    .map_err(|e| ArtifactError::backend(&key.to_string(), e))?;
                Ok(key)
            }
            Err(error) => {
                if let Err(abort) = writer.abort().await {
                    tracing::warn!(artifact.key = %key, error = %abort, "half an upload was left");
                }
                Err(error)
            }
        }
    }

    /// Copies an artifact to `target`, which is complete and checked when this returns and absent
    /// on an error.
    pub async fn fetch(&self, key: &ArtifactKey, target: &Path) -> Result<Fetched, ArtifactError> {
        let outcome = self.copy_out(key, target).await;
        if outcome.is_err()
            && let Err(error) = tokio::fs::remove_file(target).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %target.display(), %error, "a partial copy was left");
        }
        outcome
    }

    /// Whether what is stored under the key is what the key says; damage is repaired by storing
    /// it again.
    async fn is_sound(&self, key: &ArtifactKey) -> Result<bool, ArtifactError> {
        let text = key.to_string();
        let failed = |error| ArtifactError::backend(&text, error);
        let object = self.objects.get(&object_path(key)).await.map_err(failed)?;
        let mut stream = object.into_stream();
        let mut digest = Sha256::new();
        while let Some(chunk) = stream.next().await {
            digest.update(&chunk.map_err(failed)?);
        }
        Ok(hex(&digest.finalize()) == key.digest())
    }

    /// Removes an artifact; that it is not there is no error.
    pub async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        match self.objects.delete(&object_path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ArtifactError::backend(&key.to_string(), error)),
        }
    }

    async fn copy_out(&self, key: &ArtifactKey, target: &Path) -> Result<Fetched, ArtifactError> {
        let text = key.to_string();
        let object = self
            .objects
            .get(&object_path(key))
            .await
            .map_err(|e| ArtifactError::backend(&text, e))?;
        let mut stream = object.into_stream();
        let local = |e| ArtifactError::local(target, e);
        let mut file = tokio::fs::File::create(target).await.map_err(local)?;
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|e| ArtifactError::backend(&text, e))?;
            digest.update(&chunk);
            bytes += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(local)?;
        }
        file.flush().await.map_err(local)?;
        let found = hex(&digest.finalize());
        if found != key.digest() {
            return Err(ArtifactError::Damaged { key: text, found });
        }
        Ok(Fetched {
            path: target.to_owned(),
            bytes,
        })
    }
}

fn object_path(key: &ArtifactKey) -> object_store::path::Path {
    object_store::path::Path::from(key.to_string())
}

async fn copy_into(
    file: &Path,
    writer: &mut WriteMultipart,
    key: &ArtifactKey,
) -> Result<(), ArtifactError> {
    let local = |e| ArtifactError::local(file, e);
    let mut source = tokio::fs::File::open(file).await.map_err(local)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let taken = source.read(&mut chunk).await.map_err(local)?;
        if taken == 0 {
            break;
        }
        digest.update(&chunk[..taken]);
        writer
            .wait_for_capacity(1)
            .await
            .map_err(|e| ArtifactError::backend(&key.to_string(), e))?;
        writer.write(&chunk[..taken]);
    }
    let found = hex(&digest.finalize());
    if found == key.digest() {
        Ok(())
    } else {
        // The file changed between the two passes over it.
        Err(ArtifactError::Damaged {
            key: key.to_string(),
            found,
        })
    }
}

async fn digest_file(file: &Path) -> Result<(String, u64), ArtifactError> {
    let local = |e| ArtifactError::local(file, e);
    let mut source = tokio::fs::File::open(file).await.map_err(local)?;
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let taken = source.read(&mut chunk).await.map_err(local)?;
        if taken == 0 {
            return Ok((hex(&digest.finalize()), bytes));
        }
        digest.update(&chunk[..taken]);
        bytes += taken as u64;
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
