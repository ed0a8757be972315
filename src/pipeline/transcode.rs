//! The stage that turns a recording into MP3.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::task::{Abandoned, Task, out_of_time};
use super::worker::StageHandler;
use crate::artifact::{ArtifactError, ArtifactKey};
use crate::audio::{AudioError, DeclaredType, Tags, TranscodeOptions, TranscodeReport, transcode};
use crate::job::{JobEvent, JobRequest, Reason, Stage, VoicemailRequest};

/// Turns recordings into MP3.
pub(super) struct Transcode;

/// Why a recording was not transcoded.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Audio(#[from] AudioError),
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("the declared type \"{declared}\" is not known")]
    DeclaredType { declared: String },
    #[error("scratch space: {0}")]
    Scratch(#[from] std::io::Error),
    #[error("the transcoder ended unexpectedly")]
    Panicked,
}

impl Failure {
    fn reason(&self) -> Reason {
        match self {
            Self::Audio(error) => error.reason(),
            Self::Artifact(error) => error.reason(),
            Self::DeclaredType { .. } => Reason::MediaUnsupported,
            Self::Scratch(_) => Reason::StorageFailed,
            Self::Panicked => Reason::TranscodeFailed,
        }
    }
}

#[async_trait]
impl StageHandler for Transcode {
    fn stage(&self) -> Stage {
        Stage::Transcode
    }

    async fn run(&self, task: &Task, drain: &CancellationToken) -> Result<(), Abandoned> {
        let JobRequest::Voicemail(request) = &task.lease.job.request else {
            return Ok(());
        };
        let event = match make(task, request, drain).await {
            Ok((report, key)) => JobEvent::TranscodeDone {
                duration_ms: report.duration.as_millis() as u64,
                artifacts: BTreeMap::from([("mp3".to_owned(), key.to_string())]),
            },
            Err(Failure::Audio(AudioError::Canceled)) => match ended_early(task) {
                Some(event) => event,
                None => return Ok(()),
            },
            Err(error) => JobEvent::TranscodeFailed {
                reason: error.reason(),
                detail: error.to_string(),
            },
        };
        task.report(event).await.map(drop)
    }
}

async fn make(
    task: &Task,
    request: &VoicemailRequest,
    drain: &CancellationToken,
) -> Result<(TranscodeReport, ArtifactKey), Failure> {
    let context = &task.context;
    let declared = request
        .declared_type
        .as_ref()
        .map(|text| {
            text.parse::<DeclaredType>()
                .map_err(|_| Failure::DeclaredType {
                    declared: text.clone(),
                })
        })
        .transpose()?;
    let scratch = context.scratch.task()?;
    let (source, target) = (scratch.file("recording"), scratch.file("voicemail.mp3"));
    context
        .artifacts
        .fetch(&request.recording.parse()?, &source)
        .await?;
    let options = TranscodeOptions {
        tags: tags(request),
        limits: context.config.limits.clone(),
        ..TranscodeOptions::default()
    };
    let cancel = Arc::new(AtomicBool::new(false));
    let work = tokio::task::spawn_blocking({
        let (cancel, target) = (Arc::clone(&cancel), target.clone());
        move || transcode_file(&source, declared, &target, &options, &cancel)
    });
    let report = until_stopped(task, drain, &cancel, work)
        .await
        .ok_or(Failure::Panicked)??;
    let name = PathBuf::from(&request.recording_name).with_extension("mp3");
    let name = name
        .file_name()
        .map_or("voicemail.mp3".into(), |name| name.to_string_lossy());
    let key = context
        .artifacts
        .put_file(&task.id().to_string(), &name, &target)
        .await?;
    Ok((report, key))
}

fn transcode_file(
    source: &Path,
    declared: Option<DeclaredType>,
    target: &Path,
    options: &TranscodeOptions,
    cancel: &AtomicBool,
) -> Result<TranscodeReport, Failure> {
    let mut input = File::open(source)?;
    let mut output = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(target)?;
    Ok(transcode(
        &mut input,
        declared,
        &mut output,
        options,
        &mut |_| {},
        cancel,
    )?)
}

/// Waits for blocking work, and asks it to end when its job is to stop or is lost, or when a
/// draining worker has no more time for it.
pub(super) async fn until_stopped<T>(
    task: &Task,
    drain: &CancellationToken,
    cancel: &AtomicBool,
    mut work: tokio::task::JoinHandle<T>,
) -> Option<T> {
    tokio::select! {
        outcome = &mut work => return outcome.ok(),
        () = task.stop.cancelled() => {}
        () = task.lost.cancelled() => {}
        () = out_of_time(drain, task.context.config.timing.drain) => {}
    }
    cancel.store(true, Ordering::Relaxed);
    work.await.ok()
}

/// What blocking work that was asked to end means for its job: nothing where it is lost.
pub(super) fn ended_early(task: &Task) -> Option<JobEvent> {
    if task.lost.is_cancelled() {
        return None;
    }
    Some(if task.stop.is_cancelled() {
        JobEvent::CancelDone {
            pages_confirmed: 0,
            possibly_delivered: false,
        }
    } else {
        JobEvent::HandedBack
    })
}

fn tags(request: &VoicemailRequest) -> Tags {
    Tags {
        caller: request.caller.clone(),
        title: Some(match &request.caller {
            Some(caller) => format!("Voicemail from {caller}"),
            None => "Voicemail".to_owned(),
        }),
        date: request.recorded_at,
        mailbox: request.mailbox.clone(),
        message_id: request.message_id.clone(),
    }
}
