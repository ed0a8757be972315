//! Writing an artifact: whole when it is small, else in parts of which a few are under way.

use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use object_store::{
    Attribute, Attributes, Error, MultipartUpload, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, PutPayload,
};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

use super::media_type::media_type;
use super::options::PutOnce;
use super::store::{ArtifactStore, hex};
use super::{ArtifactError, ArtifactKey};

const CHUNK_BYTES: usize = 256 << 10;
/// What is larger goes in parts; every provider takes parts of this size.
const PART_BYTES: usize = 5 << 20;
/// S3 takes 10,000 parts of an object.
const PARTS_MAX: u64 = 10_000;
/// Parts on their way at a time, beside the one that is being read: 25 MiB of a worker.
const PARTS_IN_FLIGHT: usize = 4;

/// How long parts under way may take to arrive once their upload is given up.
const ARRIVAL: Duration = Duration::from_secs(5);

/// A local file that is to be stored.
pub(super) struct Source<'a> {
    file: &'a Path,
    pub(super) digest: String,
    bytes: u64,
    /// All of it, where that is little.
    whole: Option<Bytes>,
}

impl<'a> Source<'a> {
    pub(super) async fn look(file: &'a Path) -> Result<Self, ArtifactError> {
        let local = |e| ArtifactError::local(file, e);
        let mut source = tokio::fs::File::open(file).await.map_err(local)?;
        let mut whole = Some(BytesMut::new());
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let taken = source.read(&mut chunk).await.map_err(local)?;
            if taken == 0 {
                break;
            }
            digest.update(&chunk[..taken]);
            bytes += taken as u64;
            match &mut whole {
                Some(kept) if bytes <= PART_BYTES as u64 => kept.extend_from_slice(&chunk[..taken]),
                _ => whole = None,
            }
        }
        Ok(Self {
            file,
            digest: hex(&digest.finalize()),
            bytes,
            whole: whole.map(BytesMut::freeze),
        })
    }
}

impl ArtifactStore {
    /// Stores what is not there yet, or is there damaged.
    pub(super) async fn store_once(
        &self,
        key: &ArtifactKey,
        source: &Source<'_>,
    ) -> Result<(), ArtifactError> {
        let Some(whole) = source.whole.clone() else {
            if self.is_stored(key, source.bytes).await? {
                return Ok(());
            }
            return self.store_in_parts(key, source).await;
        };
        if self.put_once == PutOnce::ByCondition {
            match self.put_whole(key, whole.clone(), PutMode::Create).await {
                Err(Error::AlreadyExists { .. }) => {}
                outcome => return outcome.map_err(|e| self.fault(key, e)),
            }
        }
        if self.is_stored(key, source.bytes).await? {
            return Ok(());
        }
        // The key says what its bytes are: to write over it can only repair it.
        self.put_whole(key, whole, PutMode::Overwrite)
            .await
            .map_err(|e| self.fault(key, e))
    }

    async fn put_whole(
        &self,
        key: &ArtifactKey,
        content: Bytes,
        mode: PutMode,
    ) -> Result<(), Error> {
        let options = PutOptions {
            mode,
            attributes: self.attributes(key),
            ..PutOptions::default()
        };
        let path = self.path(key);
        let stored = self.objects.put_opts(&path, content.into(), options).await;
        stored.map(drop)
    }

    /// Whether all of the artifact is there, and undamaged.
    async fn is_stored(&self, key: &ArtifactKey, bytes: u64) -> Result<bool, ArtifactError> {
        match self.objects.head(&self.path(key)).await {
            Ok(present) if present.size != bytes => Ok(false),
            Ok(_) => match self.digest_of(key).await {
                Ok(found) => Ok(found == key.digest()),
                Err(ArtifactError::NotFound { .. }) => Ok(false),
                Err(error) => Err(error),
            },
            Err(error) => match self.fault(key, error) {
                ArtifactError::NotFound { .. } => Ok(false),
                error => Err(error),
            },
        }
    }

    async fn store_in_parts(
        &self,
        key: &ArtifactKey,
        source: &Source<'_>,
    ) -> Result<(), ArtifactError> {
        let options = PutMultipartOptions {
            attributes: self.attributes(key),
            ..PutMultipartOptions::default()
        };
        let upload = self
            .objects
            .put_multipart_opts(&self.path(key), options)
            .await
            .map_err(|e| self.fault(key, e))?;
        let mut upload = Parts {
            upload: Some(upload),
            under_way: JoinSet::new(),
            key: key.to_string(),
        };
        let outcome = self.copy_in(key, source, &mut upload).await;
        if outcome.is_ok() {
            upload.upload = None;
        } else {
            upload.abort().await;
        }
        outcome
    }

    async fn copy_in(
        &self,
        key: &ArtifactKey,
        source: &Source<'_>,
        upload: &mut Parts,
    ) -> Result<(), ArtifactError> {
        let failed = |e| self.fault(key, e);
        let local = |e| ArtifactError::local(source.file, e);
        let part_bytes = PART_BYTES.max(source.bytes.div_ceil(PARTS_MAX) as usize);
        let mut file = tokio::fs::File::open(source.file).await.map_err(local)?;
        let mut digest = Sha256::new();
        loop {
            let mut part = BytesMut::with_capacity(part_bytes);
            while part.len() < part_bytes
                && (&mut file)
                    .take((part_bytes - part.len()) as u64)
                    .read_buf(&mut part)
                    .await
                    .map_err(local)?
                    > 0
            {}
            if part.is_empty() {
                break;
            }
            digest.update(&part);
            upload.send(part.freeze()).await.map_err(failed)?;
        }
        let found = hex(&digest.finalize());
        if found != key.digest() {
            // The file changed between the two passes over it.
            let key = key.to_string();
            return Err(ArtifactError::Damaged { key, found });
        }
        upload.complete().await.map_err(failed)
    }

    fn attributes(&self, key: &ArtifactKey) -> Attributes {
        let mut attributes = Attributes::new();
        if self.keeps_media_types() {
            attributes.insert(Attribute::ContentType, media_type(key.name()).into());
        }
        attributes
    }
}

/// An upload in parts; one that is not completed leaves nothing, also when it is dropped.
struct Parts {
    upload: Option<Box<dyn MultipartUpload>>,
    under_way: JoinSet<Result<(), Error>>,
    key: String,
}

impl Parts {
    /// Sends a part, once fewer than the allowed are under way.
    async fn send(&mut self, part: Bytes) -> Result<(), Error> {
        while self.under_way.len() >= PARTS_IN_FLIGHT {
            self.wait_for_one().await?;
        }
        if let Some(upload) = &mut self.upload {
            self.under_way
                .spawn(upload.put_part(PutPayload::from_bytes(part)));
        }
        Ok(())
    }

    async fn wait_for_one(&mut self) -> Result<(), Error> {
        match self.under_way.join_next().await {
            Some(Ok(sent)) => sent,
            Some(Err(source)) => Err(Error::JoinError { source }),
            None => Ok(()),
        }
    }

    async fn complete(&mut self) -> Result<(), Error> {
        while !self.under_way.is_empty() {
            self.wait_for_one().await?;
        }
        match &mut self.upload {
            Some(upload) => upload.complete().await.map(drop),
            None => Ok(()),
        }
    }

    async fn abort(&mut self) {
        come_to_rest(&mut self.under_way).await;
        if let Some(upload) = self.upload.take() {
            abort(upload, &self.key).await;
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) =
            (self.upload.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let (key, mut under_way) = (self.key.clone(), std::mem::take(&mut self.under_way));
        runtime.spawn(async move {
            come_to_rest(&mut under_way).await;
            abort(upload, &key).await;
        });
    }
}

/// Lets the parts that are under way arrive before their upload is aborted: the server would keep
/// for ever what comes after it.
async fn come_to_rest(under_way: &mut JoinSet<Result<(), Error>>) {
    let arrived = async { while under_way.join_next().await.is_some() {} };
    if tokio::time::timeout(ARRIVAL, arrived).await.is_err() {
        under_way.shutdown().await;
    }
}

async fn abort(mut upload: Box<dyn MultipartUpload>, key: &str) {
    match upload.abort().await {
        // It was completed, and the answer was lost.
        Ok(()) | Err(Error::NotFound { .. }) => {}
        Err(error) => {
            tracing::warn!(artifact.key = key, %error, "half an upload was left");
        }
    }
}
