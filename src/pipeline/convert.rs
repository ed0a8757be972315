//! The stage that turns a document into a fax image.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cover::CoverPartError;
use super::task::{Abandoned, Task};
use super::transcode::{ended_early, until_stopped};
use super::worker::StageHandler;
use crate::artifact::{ArtifactError, ArtifactKey};
use crate::convert::{
    ConvertError, ConvertOptions, ConvertReport, RenderPool, Renderer, convert_file,
};
use crate::job::{FaxRequest, JobEvent, JobRequest, Reason, Stage};

/// Turns documents into fax images.
pub(super) struct Convert {
    /// Where rendering processes come from.
    pool: Arc<RenderPool>,
    /// Most processes that share a long document.
    processes_max: u32,
}

impl Convert {
    /// For a worker that converts so many documents at a time: the cores are shared by them.
    pub(super) fn new(concurrency: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let processes = cores / concurrency.max(1);
        Self {
            pool: Arc::new(RenderPool::of_a_host()),
            processes_max: u32::try_from(processes).unwrap_or(u32::MAX).max(1),
        }
    }

    /// Has the library loaded before the first document comes.
    pub(super) fn warm(&self) {
        let warmed = Renderer::find().map(|renderer| self.pool.warm(&renderer));
        if !matches!(warmed, Ok(Ok(()))) {
            // Each document that needs it will say so again, and why.
            tracing::warn!("the renderer cannot be started ahead of documents");
        }
    }
}

/// Progress is committed no more often than this: every commit is an event that is kept.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// Why a document was not converted.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Convert(#[from] ConvertError),
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error(transparent)]
    Cover(#[from] CoverPartError),
    #[error("scratch space: {0}")]
    Scratch(#[from] std::io::Error),
    #[error("the converter ended unexpectedly")]
    Panicked,
    #[error(transparent)]
    Abandoned(#[from] Abandoned),
}

impl Failure {
    fn reason(&self) -> Reason {
        match self {
            Self::Convert(error) => error.reason(),
            Self::Artifact(error) => error.reason(),
            Self::Cover(error) => error.reason(),
            Self::Scratch(_) => Reason::StorageFailed,
            Self::Panicked => Reason::ConversionCrashed,
            Self::Abandoned(_) => Reason::WorkerLost,
        }
    }
}

#[async_trait]
impl StageHandler for Convert {
    fn stage(&self) -> Stage {
        Stage::Convert
    }

    async fn run(&self, task: &Task, drain: &CancellationToken) -> Result<(), Abandoned> {
        let JobRequest::Fax(request) = &task.lease.job.request else {
            return Ok(());
        };
        let event = match make(self, task, request, drain).await {
            Ok((report, key)) => JobEvent::Converted {
                pages: report.pages.len() as u32,
                artifacts: BTreeMap::from([("fax".to_owned(), key.to_string())]),
            },
            Err(Failure::Abandoned(abandoned)) => return Err(abandoned),
            Err(Failure::Convert(ConvertError::Canceled)) => match ended_early(task) {
                Some(event) => event,
                None => return Ok(()),
            },
            Err(error) => JobEvent::ConvertFailed {
                reason: error.reason(),
                detail: error.to_string(),
            },
        };
        task.report(event).await.map(drop)
    }
}

async fn make(
    worker: &Convert,
    task: &Task,
    request: &FaxRequest,
    drain: &CancellationToken,
) -> Result<(ConvertReport, ArtifactKey), Failure> {
    let context = &task.context;
    let scratch = context.scratch.task()?;
    let (document, fax) = (scratch.file("document"), scratch.file("fax.tiff"));
    context
        .artifacts
        .fetch(&request.document.parse()?, &document)
        .await?;

    let limit = task.lease.job.state.page_limit;
    let mut options = ConvertOptions::new(Renderer::find()?);
    options.pool = Arc::clone(&worker.pool);
    options.processes_max = worker.processes_max;
    options.limits = context.config.limits.clone();
    options.resolution = request.resolution;
    options.mode = request.mode;
    options.fit = request.page_fit;
    let accepted = task.lease.job.state.created_at;
    options.cover = context.cover(request, accepted, &scratch).await?;
    if let Some(limit) = limit {
        options.resolution = request.resolution.min(limit.resolution);
        options.width_max = limit.width;
    }
    let cancel = Arc::new(AtomicBool::new(false));
    let (told, mut heard) = watch::channel((0, None));
    let work = tokio::task::spawn_blocking({
        let (cancel, fax) = (Arc::clone(&cancel), fax.clone());
        move || {
            let mut progress = |step: crate::convert::ConvertProgress| {
                told.send_replace((step.page, step.pages));
            };
            convert_file(&document, &fax, &options, &mut progress, &cancel)
        }
    });
    let (report, heard) = tokio::join!(
        until_stopped(task, drain, &cancel, work),
        report_progress(task, &mut heard)
    );
    heard?;
    let report = report.ok_or(Failure::Panicked)??;
    let job = task.id().to_string();
    let key = context.artifacts.put_file(&job, "fax.tiff", &fax).await?;
    Ok((report, key))
}

/// Commits that the document is sound once its pages are known, then how far the pages are.
async fn report_progress(
    task: &Task,
    heard: &mut watch::Receiver<(u32, Option<u32>)>,
) -> Result<(), Abandoned> {
    let mut valid = false;
    let mut told_at = Instant::now();
    while heard.changed().await.is_ok() {
        let (page, pages) = *heard.borrow_and_update();
        let Some(pages) = pages else { continue };
        if !valid {
            task.report(JobEvent::ValidationDone { pages }).await?;
            valid = true;
        }
        if page > 0 && told_at.elapsed() >= PROGRESS_INTERVAL {
            task.report(JobEvent::Progress { page, pages }).await?;
            told_at = Instant::now();
        }
    }
    Ok(())
}
