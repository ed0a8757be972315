//! Accepting jobs: what is wrong with a document's kind or size is said before anything is kept.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::context::{Context, new_job_id, now};
use super::cover::{CoverPartError, CoverUpload, cover_defaults, load_cover};
use crate::artifact::{ArtifactError, ArtifactKey};
use crate::convert::{ConvertError, HEAD_BYTES, sniff};
use crate::header::HeaderError;
use crate::job::{
    CoverPart, FaxRequest, JobId, JobRequest, Reason, RequestError, VoicemailRequest,
};
use crate::store::{Idempotency, NewJob, StoreError, Submitted};

/// A job that was not accepted; nothing of it is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The file cannot be read.
    #[error("{name}: {source}")]
    Unreadable {
        /// The file's name.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The document cannot be a fax.
    #[error("{name}: {source}")]
    Document {
        /// The document's name.
        name: String,
        /// What is wrong with it.
        source: ConvertError,
    },
    /// The recording is over the limit on bytes, or empty.
    #[error("{name}: {what}")]
    Recording {
        /// The recording's name.
        name: String,
        /// What is wrong with it.
        what: String,
        /// What a job would have ended by.
        reason: Reason,
    },
    /// The request cannot be a job.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The header line cannot be as it is asked for.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// There is no cover page as it was asked for.
    #[error(transparent)]
    Cover(#[from] CoverPartError),
    /// The document could not be stored.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The job could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IntakeError {
    /// The stable code: part of the public interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "input-unreadable",
            Self::Document { source, .. } => source.reason().code(),
            Self::Recording { reason, .. } => reason.code(),
            Self::Request(error) => error.code(),
            Self::Header(error) => error.code(),
            Self::Cover(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl Context {
    /// Accepts a document to be sent by fax, with a cover page before it if one is asked for.
    ///
    /// When this returns, document, cover page and job are durable. `complete` is given the
    /// artifact key of the stored document and makes the request of it, to which the cover page is
    /// added.
    pub async fn submit_fax(
        &self,
        document: &Path,
        cover: Option<&CoverUpload>,
        idempotency_key: Option<String>,
        complete: impl FnOnce(String) -> FaxRequest,
    ) -> Result<Submitted, IntakeError> {
        self.look_at_document(document)?;
        if let Some(cover) = cover {
            let defaults = cover_defaults(&self.config, None, None, None, now());
            load_cover(&self.config, cover.clone(), defaults)?;
        }
        let id = new_job_id();
        let job = id.to_string();
        let key = self
            .artifacts
            .put_file(&job, &name_of(document), document)
            .await?;
        let mut uploads = vec![key.clone()];
        let mut request = complete(key.to_string());
        if let Some(cover) = cover {
            let (cover, stored) = self.store_cover(&job, cover).await?;
            uploads.extend(stored);
            request.cover = Some(cover);
        }
        if let Err(error) = self.look_at_request(&request).await {
            self.take_back(&uploads).await;
            return Err(error);
        }
        self.submit(id, JobRequest::Fax(request), &uploads, idempotency_key)
            .await
    }

    /// Looks at what else becomes part of the pages. The cover page is looked at again, now with the
    /// number and the identity that are printed on it.
    async fn look_at_request(&self, request: &FaxRequest) -> Result<(), IntakeError> {
        request.header.check()?;
        if request.cover.is_none() {
            return Ok(());
        }
        let scratch = self
            .scratch
            .task()
            .map_err(|source| IntakeError::Unreadable {
                name: "scratch space".to_owned(),
                source,
            })?;
        self.cover(request, now(), &scratch).await?;
        Ok(())
    }

    /// Accepts a recording to be turned into MP3.
    ///
    /// When this returns, recording and job are durable. `complete` is given the artifact key of
    /// the stored recording and makes the request of it.
    pub async fn submit_voicemail(
        &self,
        recording: &Path,
        idempotency_key: Option<String>,
        complete: impl FnOnce(String) -> VoicemailRequest,
    ) -> Result<Submitted, IntakeError> {
        self.look_at_recording(recording)?;
        let id = new_job_id();
        let key = self
            .artifacts
            .put_file(&id.to_string(), &name_of(recording), recording)
            .await?;
        let request = JobRequest::Voicemail(complete(key.to_string()));
        self.submit(id, request, &[key], idempotency_key).await
    }

    async fn submit(
        &self,
        id: JobId,
        request: JobRequest,
        uploads: &[ArtifactKey],
        idempotency_key: Option<String>,
    ) -> Result<Submitted, IntakeError> {
        let idempotency = idempotency_key.map(|key| Idempotency {
            key,
            body_hash: body_hash(&request, uploads),
        });
        let job = NewJob {
            idempotency,
            ..NewJob::new(id, request, now())
        };
        let outcome = self.store.submit(job).await;
        if is_known_not_to_exist(&outcome) {
            self.take_back(uploads).await;
        }
        Ok(outcome?)
    }

    /// Removes uploads that no job needs.
    async fn take_back(&self, uploads: &[ArtifactKey]) {
        for stored in uploads {
            if let Err(error) = self.artifacts.delete(stored).await {
                tracing::warn!(artifact.key = %stored, %error, "an upload without a job was left");
            }
        }
    }

    fn look_at_document(&self, document: &Path) -> Result<(), IntakeError> {
        let name = name_of(document);
        let unreadable = |source| IntakeError::Unreadable {
            name: name.clone(),
            source,
        };
        let refused = |source| IntakeError::Document {
            name: name.clone(),
            source,
        };
        let file = open_regular(document).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let limit = self.config.limits.document_bytes_max;
        if bytes > limit {
            let what = "its size in bytes";
            return Err(refused(ConvertError::TooLarge {
                what,
                value: bytes,
                limit,
            }));
        }
        let mut head = Vec::with_capacity(HEAD_BYTES);
        file.take(HEAD_BYTES as u64)
            .read_to_end(&mut head)
            .map_err(unreadable)?;
        sniff(&head).map_err(refused)?;
        Ok(())
    }

    fn look_at_recording(&self, recording: &Path) -> Result<(), IntakeError> {
        let name = name_of(recording);
        let bytes = open_regular(recording)
            .and_then(|file| file.metadata())
            .map_err(|source| IntakeError::Unreadable {
                name: name.clone(),
                source,
            })?
            .len();
        let limit = self.config.limits.recording_bytes_max;
        if bytes == 0 {
            let what = "the file is empty".to_owned();
            let reason = Reason::RecordingInvalid;
            return Err(IntakeError::Recording { name, what, reason });
        }
        if bytes > limit {
            let what = format!("it has {bytes} bytes, the limit is {limit}");
            let reason = Reason::RecordingTooLarge;
            return Err(IntakeError::Recording { name, what, reason });
        }
        Ok(())
    }
}

/// Opens a file that can be read more than once: what comes from a pipe would be gone after the
/// first look.
fn open_regular(path: &Path) -> std::io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        let what = "it is not a regular file: save it as one first";
        return Err(std::io::Error::other(what));
    }
    File::open(path)
}

/// Whether it is certain that no job needs the upload. After a failure of unknown kind the job may
/// have been made all the same.
fn is_known_not_to_exist(outcome: &Result<Submitted, StoreError>) -> bool {
    match outcome {
        Ok(Submitted::Created(_)) => false,
        Ok(Submitted::Existing(_)) => true,
        Err(error) => matches!(
            error,
            StoreError::Request(_)
                | StoreError::Conflict
                | StoreError::NumberRefused { .. }
                | StoreError::Busy
                | StoreError::Full
                | StoreError::ReadOnly
        ),
    }
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(
        || "unnamed".to_owned(),
        |name| name.to_string_lossy().into(),
    )
}

/// What makes two requests the same: their content and every field but the keys of uploads, which
/// name the job that they were stored for.
fn body_hash(request: &JobRequest, uploads: &[ArtifactKey]) -> String {
    let mut request = request.clone();
    let nameless = |key: &mut String| {
        if let Some(upload) = uploads.iter().find(|upload| upload.to_string() == *key) {
            upload.digest().clone_into(key);
        }
    };
    match &mut request {
        JobRequest::Fax(fax) => {
            nameless(&mut fax.document);
            let cover = fax.cover.iter_mut();
            let parts = cover.flat_map(|cover| [&mut cover.template, &mut cover.logo]);
            for part in parts.flatten() {
                if let CoverPart::Artifact(key) = part {
                    nameless(key);
                }
            }
        }
        JobRequest::Voicemail(voicemail) => nameless(&mut voicemail.recording),
        JobRequest::ReceivedFax(_) => {}
    }
    // A request always has a JSON form: its maps have text keys.
    let text = serde_json::to_vec(&request).expect("a request can be written as JSON");
    crate::artifact::hex(&Sha256::digest(text))
}
