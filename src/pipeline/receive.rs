//! The role that answers calls: a page is confirmed to the far end only once it is stored.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::context::{Context, new_job_id, now};
use super::meters;
use super::task::{Abandoned, Task, out_of_time};
use super::worker::note_end;
use crate::artifact::{ArtifactError, ArtifactKey};
use crate::config::Receive;
use crate::job::{JobEvent, JobRequest, Reason, ReceivedFaxRequest, Stage};
use crate::sip::{
    Agent, AgentConfig, CallObserver, CallOutcome, IncomingCall, IncomingFax, ObserverRefused,
    SipError,
};
use crate::store::{NewJob, StoreError};
use crate::t30::PageResult;

/// SIP 486: every line is taken.
const BUSY_HERE: u16 = 486;
/// SIP 503: the fax could not be kept, so it is not taken.
const SERVICE_UNAVAILABLE: u16 = 503;
/// Longest name, number or Call-ID kept of what a caller sent.
const CALLER_TEXT_CHARS_MAX: usize = 255;

/// Starts the agent that takes calls.
pub(super) async fn start(receive: &Receive) -> Result<Agent, SipError> {
    Agent::start(AgentConfig::new(receive.bind)).await
}

/// Answers calls until `drain` is cancelled, then refuses them; returns when the last call has
/// ended.
pub(super) async fn run(
    context: Arc<Context>,
    agent: Agent,
    calls_max: usize,
    drain: CancellationToken,
) {
    let lines = Arc::new(Semaphore::new(calls_max));
    let mut calls = JoinSet::new();
    while !(drain.is_cancelled() && calls.is_empty()) {
        let call = tokio::select! {
            call = agent.next_call() => call,
            Some(ended) = calls.join_next() => {
                note_end(ended);
                continue;
            }
            () = drain.cancelled(), if !drain.is_cancelled() => continue,
        };
        let Some(call) = call else { break };
        if drain.is_cancelled() {
            // A refusal at once lets the trunk try the next of its peers.
            call.reject(SERVICE_UNAVAILABLE);
            continue;
        }
        match Arc::clone(&lines).try_acquire_owned() {
            Ok(line) => {
                let (context, drain) = (Arc::clone(&context), drain.clone());
                calls.spawn(async move {
                    take(&context, call, &drain).await;
                    drop(line);
                });
            }
            Err(_) => call.reject(BUSY_HERE),
        }
    }
    while let Some(ended) = calls.join_next().await {
        note_end(ended);
    }
    agent.shutdown().await;
}

async fn take(context: &Arc<Context>, call: IncomingCall, drain: &CancellationToken) {
    let task = match open_job(context, &call).await {
        Ok(task) => task,
        Err(error) => {
            tracing::error!(%error, "a call is refused: its fax could not be kept");
            call.reject(SERVICE_UNAVAILABLE);
            return;
        }
    };
    let done = CancellationToken::new();
    let work = async {
        let outcome = receive(&task, call, drain).await;
        done.cancel();
        outcome
    };
    let (outcome, ()) = tokio::join!(work, task.keep_alive(done.clone()));
    if let Err(error) = outcome {
        tracing::warn!(job.id = %task.id(), %error, "a received fax could not be closed");
    }
}

async fn open_job(context: &Arc<Context>, call: &IncomingCall) -> Result<Task, StoreError> {
    let id = new_job_id();
    let request = JobRequest::ReceivedFax(ReceivedFaxRequest {
        call_id: plain(&call.call_id),
        from: call
            .from
            .as_ref()
            .map(|from| plain(&from.to_string()))
            .unwrap_or_default(),
        to: call.to.as_deref().map(plain).unwrap_or_default(),
        local_ident: context.config.line.ident.clone(),
    });
    context
        .store
        .submit(NewJob::new(id, request, now()))
        .await?;
    let term = context.config.timing.lease;
    let lease = context
        .store
        .claim(id, Stage::Receive, &context.worker, term, now())
        .await?;
    // Nobody else knows of the job yet; only a clock that jumped over its deadline refuses it.
    lease
        .map(|lease| Task::new(Arc::clone(context), lease))
        .ok_or(StoreError::LeaseLost { id })
}

/// What the far end wrote, fit to be kept and shown: as long as people's names and numbers are,
/// and without characters that a terminal obeys.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(CALLER_TEXT_CHARS_MAX)
        .collect()
}

async fn receive(
    task: &Task,
    call: IncomingCall,
    drain: &CancellationToken,
) -> Result<(), Abandoned> {
    let context = &task.context;
    let scratch = match context.scratch.task() {
        Ok(scratch) => scratch,
        Err(error) => {
            call.reject(SERVICE_UNAVAILABLE);
            return end(
                task,
                0,
                None,
                Some(Reason::StorageFailed),
                error.to_string(),
            )
            .await;
        }
    };
    let tiff = scratch.file("received.tiff");
    let mut fax = IncomingFax::new(tiff.clone());
    fax.ident.clone_from(&context.config.line.ident);
    fax.limits = context.config.limits.clone();
    let cancel = CancellationToken::new();
    let mut pages = Pages {
        task,
        tiff,
        stored: None,
        count: 0,
    };
    let stop = async {
        tokio::select! {
            () = task.stop.cancelled() => {}
            () = task.lost.cancelled() => {}
            () = out_of_time(drain, context.config.timing.drain) => {}
        }
        cancel.cancel();
        std::future::pending::<()>().await;
    };
    let outcome: CallOutcome = tokio::select! {
        outcome = call.receive_fax(fax, &mut pages, cancel.clone()) => outcome,
        () = stop => unreachable!("it waits for ever"),
    };
    let (count, stored) = (pages.count, pages.stored.take());
    meters::media(&outcome.media);
    let reason = match outcome.reason {
        // This worker gave up the call: nobody canceled the job.
        Some(Reason::CanceledByUser) if !task.stop.is_cancelled() => Some(Reason::CallDropped),
        reason => reason,
    };
    end(task, count, stored, reason, outcome.detail).await
}

async fn end(
    task: &Task,
    pages: u32,
    stored: Option<ArtifactKey>,
    reason: Option<Reason>,
    detail: String,
) -> Result<(), Abandoned> {
    let artifacts = artifacts(stored.as_ref());
    task.report(JobEvent::ReceiveEnded {
        pages,
        artifacts,
        reason,
        detail,
    })
    .await
    .map(drop)
}

fn artifacts(stored: Option<&ArtifactKey>) -> BTreeMap<String, String> {
    stored
        .map(|key| ("received".to_owned(), key.to_string()))
        .into_iter()
        .collect()
}

/// Stores each page before the far end hears that it arrived.
struct Pages<'a> {
    task: &'a Task,
    tiff: PathBuf,
    stored: Option<ArtifactKey>,
    count: u32,
}

impl Pages<'_> {
    /// Stores the fax as far as it has come, then forgets the shorter one.
    async fn store(&mut self, page: u32) -> Result<(), StoreFailure> {
        let artifacts_store = &self.task.context.artifacts;
        let job = self.task.id().to_string();
        let key = artifacts_store
            .put_file(&job, "received.tiff", &self.tiff)
            .await?;
        let event = JobEvent::ReceivePage {
            page,
            artifacts: artifacts(Some(&key)),
        };
        self.task.report(event).await?;
        self.count = page;
        if let Some(shorter) = self.stored.replace(key.clone())
            && shorter != key
            && let Err(error) = artifacts_store.delete(&shorter).await
        {
            tracing::warn!(artifact.key = %shorter, %error, "a superseded artifact was left");
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum StoreFailure {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error(transparent)]
    Abandoned(#[from] Abandoned),
}

#[async_trait]
impl CallObserver for Pages<'_> {
    async fn page_received(&mut self, page: &PageResult) -> Result<(), ObserverRefused> {
        self.store(page.index + 1)
            .await
            .map_err(|error| ObserverRefused {
                message: error.to_string(),
            })
    }
}
