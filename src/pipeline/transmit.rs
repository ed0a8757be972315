//! The stage that sends a fax: one call, committed step by step.

use std::net::SocketAddr;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::scratch::Scratch;
use super::task::{Abandoned, Task};
use super::worker::StageHandler;
use crate::config::{Config, Line};
use crate::job::{
    AttemptOutcome, AttemptSettings, FaxRequest, JobEvent, JobRequest, Negotiated, Reason, Stage,
    Transport,
};
use crate::sip::{
    Agent, AgentConfig, CallObserver, CallOutcome, Credentials, ObserverRefused, OutgoingFax,
    SipError, SipUri,
};
use crate::t30;

/// Sends faxes over one SIP agent.
pub(super) struct Transmit {
    agent: Agent,
    line: Line,
}

impl Transmit {
    pub(super) async fn start(config: &Config) -> Result<Self, SipError> {
        let agent = Agent::start(AgentConfig::new(config.line.bind)).await?;
        Ok(Self {
            agent,
            line: config.line.clone(),
        })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.agent.local_addr()
    }

    pub(super) async fn shutdown(self) {
        self.agent.shutdown().await;
    }
}

/// Why a fax was not even dialed.
struct Preflight {
    reason: Reason,
    detail: String,
}

#[async_trait]
impl StageHandler for Transmit {
    fn stage(&self) -> Stage {
        Stage::Transmit
    }

    async fn run(&self, task: &Task, drain: &CancellationToken) -> Result<(), Abandoned> {
        let JobRequest::Fax(request) = &task.lease.job.request else {
            return Ok(());
        };
        if drain.is_cancelled() {
            return task.report(JobEvent::HandedBack).await.map(drop);
        }
        // The scratch folder holds the image for as long as the call lasts.
        let (fax, _scratch) = match self.prepare(task, request).await {
            Ok(ready) => ready,
            Err(Preflight { reason, detail }) => {
                let event = JobEvent::PreflightFailed { reason, detail };
                return task.report(event).await.map(drop);
            }
        };
        let state = &task.lease.job.state;
        let settings = AttemptSettings {
            step: state.step,
            because: state.step_because,
            target: Some(fax.target.to_string()),
            call_id: None,
        };
        task.report(JobEvent::AttemptStarted { settings }).await?;
        self.call(task, fax).await
    }
}

impl Transmit {
    async fn prepare(
        &self,
        task: &Task,
        request: &FaxRequest,
    ) -> Result<(OutgoingFax, Scratch), Preflight> {
        let state = &task.lease.job.state;
        let storage = |error: &dyn std::fmt::Display| Preflight {
            reason: Reason::StorageFailed,
            detail: error.to_string(),
        };
        let key = state.artifacts.get("fax").ok_or_else(|| Preflight {
            reason: Reason::DocumentError,
            detail: "the job has no fax image".to_owned(),
        })?;
        let key = key.parse().map_err(|e| storage(&e))?;
        let scratch = task.context.scratch.task().map_err(|e| storage(&e))?;
        let tiff = scratch.file("fax.tiff");
        task.context
            .artifacts
            .fetch(&key, &tiff)
            .await
            .map_err(|e| storage(&e))?;
        let (target, credentials) = route(&task.context.config, request)?;
        let mut fax = OutgoingFax::new(target, tiff);
        fax.credentials = credentials;
        fax.first_page = state.pages_confirmed;
        fax.ident = request
            .ident
            .clone()
            .unwrap_or_else(|| self.line.ident.clone());
        fax.ecm = if state.step.ecm() {
            t30::Ecm::On
        } else {
            t30::Ecm::Off
        };
        fax.modems = if state.step.v17() {
            t30::Modems::UpToV17
        } else {
            t30::Modems::UpToV29
        };
        fax.limits = task.context.config.limits.clone();
        Ok((fax, scratch))
    }

    async fn call(&self, task: &Task, fax: OutgoingFax) -> Result<(), Abandoned> {
        let earlier_pages = task.lease.job.state.pages_confirmed;
        let cancel = CancellationToken::new();
        let mut observer = Commits {
            task,
            cancel: cancel.clone(),
            far_ident: None,
        };
        let stop = async {
            tokio::select! {
                () = task.stop.cancelled() => {}
                () = task.lost.cancelled() => {}
            }
            cancel.cancel();
            std::future::pending::<()>().await;
        };
        let outcome = tokio::select! {
            outcome = self.agent.send_fax(fax, &mut observer, cancel.clone()) => outcome,
            () = stop => unreachable!("it waits for ever"),
        };
        tracing::info!(
            job.id = %task.id(),
            reason = outcome.reason.map(Reason::code),
            pages = outcome.pages_confirmed,
            detail = outcome.detail,
            "call ended"
        );
        let pages_confirmed = earlier_pages + outcome.pages_confirmed;
        task.report(ending(task, &outcome, pages_confirmed))
            .await
            .map(drop)
    }
}

/// What the end of a call means for its job.
fn ending(task: &Task, outcome: &CallOutcome, pages_confirmed: u32) -> JobEvent {
    let Some(reason) = outcome.reason else {
        return JobEvent::AttemptEnded {
            outcome: AttemptOutcome::Delivered { pages_confirmed },
        };
    };
    if task.stop.is_cancelled() {
        let possibly_delivered = outcome.possibly_delivered;
        return JobEvent::CancelDone {
            pages_confirmed,
            possibly_delivered,
        };
    }
    JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Failed {
            reason,
            detail: outcome.detail.clone(),
            answered: outcome.answered,
            pages_confirmed,
            possibly_delivered: outcome.possibly_delivered,
            page_limit: None,
        },
    }
}

/// Commits what a call does before the call goes on.
struct Commits<'a> {
    task: &'a Task,
    cancel: CancellationToken,
    far_ident: Option<String>,
}

impl Commits<'_> {
    /// For what is good to know but not needed to go on.
    async fn note(&self, event: JobEvent) {
        if let Err(error) = self.task.report(event).await {
            tracing::warn!(job.id = %self.task.id(), %error, "the call is ended");
            self.cancel.cancel();
        }
    }
}

#[async_trait]
impl CallObserver for Commits<'_> {
    async fn ringing(&mut self) {
        self.note(JobEvent::Ringing).await;
    }

    async fn answered(&mut self) -> Result<(), ObserverRefused> {
        self.task
            .report(JobEvent::Answered)
            .await
            .map(drop)
            .map_err(|error| ObserverRefused {
                message: error.to_string(),
            })
    }

    async fn negotiated(&mut self, negotiated: &t30::Negotiated) {
        let negotiated = Negotiated {
            transport: Transport::T38,
            bit_rate: negotiated.bit_rate,
            ecm: negotiated.ecm,
            coding: negotiated.coding.name().to_owned(),
            remote_ident: self.far_ident.clone(),
        };
        self.note(JobEvent::Negotiated { negotiated }).await;
    }

    async fn page_confirmed(&mut self, page: &t30::PageResult) {
        self.note(JobEvent::PageConfirmed {
            page: page.index + 1,
        })
        .await;
    }

    async fn event(&mut self, event: &t30::Event) {
        if let t30::Event::FarIdent(ident) = event {
            self.far_ident = Some(ident.clone());
        }
    }
}

/// Where the call goes.
fn route(
    config: &Config,
    request: &FaxRequest,
) -> Result<(SipUri, Option<Credentials>), Preflight> {
    let refuse = |detail: String| Preflight {
        reason: Reason::TrunkRejected,
        detail,
    };
    let (text, credentials) = match (&request.target, &config.trunk) {
        (Some(target), _) => (target.clone(), None),
        (None, Some(trunk)) => (trunk.uri(&request.number), trunk.credentials.as_ref()),
        (None, None) => {
            let what = "no trunk is configured and the job names no SIP URI";
            return Err(refuse(what.to_owned()));
        }
    };
    let target = text.parse().map_err(|error| refuse(format!("{error}")))?;
    let credentials = credentials.map(|credentials| Credentials {
        username: credentials.username.clone(),
        password: credentials.password.clone(),
    });
    Ok((target, credentials))
}
