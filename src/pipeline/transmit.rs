//! The stage that sends a fax: one call, committed step by step.

use std::net::SocketAddr;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::meters;
use super::outgoing::{Outgoing, make_outgoing};
use super::scratch::Scratch;
use super::task::{Abandoned, Task, out_of_time};
use super::worker::StageHandler;
use crate::config::{Config, Line};
use crate::job::{
    AttemptOutcome, AttemptSettings, FaxRequest, JobEvent, JobRequest, JobState, Negotiated,
    PageLimit, Reason, Stage, Transport,
};
use crate::sip::{
    Agent, AgentConfig, CallObserver, CallOutcome, Credentials, ObserverRefused, OutgoingFax,
    SipError, SipUri,
};
use crate::t30;
use crate::units::{PageWidth, Resolution};

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
        let (fax, outgoing, _scratch) = match self.prepare(task, request).await {
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
            document: state.artifacts.get("fax").cloned(),
            header: outgoing.header.map(Box::new),
        };
        task.report(JobEvent::AttemptStarted { settings }).await?;
        self.call(task, fax, outgoing.digests, drain).await
    }
}

impl Transmit {
    async fn prepare(
        &self,
        task: &Task,
        request: &FaxRequest,
    ) -> Result<(OutgoingFax, Outgoing, Scratch), Preflight> {
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
        let (stored, sent) = (scratch.file("fax.tiff"), scratch.file("sent.tiff"));
        task.context
            .artifacts
            .fetch(&key, &stored)
            .await
            .map_err(|e| storage(&e))?;
        let config = &task.context.config;
        let (target, credentials) = route(config, request)?;
        let pages = state.pages.unwrap_or(0);
        let outgoing = make_outgoing(config, request, stored, pages, &sent)
            .await
            .map_err(|error| Preflight {
                reason: error.reason(),
                detail: error.to_string(),
            })?;
        let mut fax = OutgoingFax::new(target, sent);
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
        fax.limits = config.limits.clone();
        Ok((fax, outgoing, scratch))
    }

    async fn call(
        &self,
        task: &Task,
        fax: OutgoingFax,
        digests: Vec<String>,
        drain: &CancellationToken,
    ) -> Result<(), Abandoned> {
        let state = &task.lease.job.state;
        let cancel = CancellationToken::new();
        let mut observer = Commits {
            task,
            cancel: cancel.clone(),
            digests,
            far_ident: None,
        };
        let stop = async {
            tokio::select! {
                () = task.stop.cancelled() => {}
                () = task.lost.cancelled() => {}
                () = out_of_time(drain, task.context.config.timing.drain) => {}
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
        meters::media(&outcome.media);
        let stopped = task.stop.is_cancelled();
        task.report(ending(state, &outcome, stopped))
            .await
            .map(drop)
    }
}

/// What the end of a call means for its job, `state` as it was before the call; `stopped` when
/// somebody asked for the job to stop.
fn ending(state: &JobState, outcome: &CallOutcome, stopped: bool) -> JobEvent {
    let pages_confirmed = state.pages_confirmed + outcome.pages_confirmed;
    let possibly_delivered = outcome.possibly_delivered;
    let Some(reason) = outcome.reason else {
        return JobEvent::AttemptEnded {
            outcome: AttemptOutcome::Delivered { pages_confirmed },
        };
    };
    if stopped {
        return JobEvent::CancelDone {
            pages_confirmed,
            possibly_delivered,
        };
    }
    let (reason, detail) = match reason {
        // Nobody canceled the job: this worker gave up the call, because it has to end or because
        // it could not keep its lease.
        Reason::CanceledByUser => (
            Reason::CallDropped,
            format!("the worker had to end the call: {}", outcome.detail),
        ),
        reason => (reason, outcome.detail.clone()),
    };
    JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Failed {
            reason,
            detail,
            answered: outcome.answered,
            pages_confirmed,
            possibly_delivered,
            page_limit: (reason == Reason::ImageUnsupported).then(|| page_limit(state, outcome)),
        },
    }
}

/// What pages the far end takes after it refused ours: what its DIS says where that explains the
/// refusal, else what every fax machine has.
fn page_limit(state: &JobState, outcome: &CallOutcome) -> PageLimit {
    let so_far = state.page_limit.unwrap_or(PageLimit::NONE);
    outcome
        .far_limit
        .filter(|limit| limit.is_below(so_far))
        .unwrap_or(PageLimit {
            resolution: Resolution::Standard,
            width: PageWidth::A4,
        })
}

/// Commits what a call does before the call goes on.
struct Commits<'a> {
    task: &'a Task,
    cancel: CancellationToken,
    /// Of the pages that are sent, the job's first page first.
    digests: Vec<String>,
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
            digest: self.digests.get(page.index as usize).cloned(),
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
    let text = match (&request.target, &config.trunk) {
        (Some(target), _) => target.clone(),
        (None, Some(trunk)) => trunk.uri(&request.number),
        (None, None) => {
            let what = "no trunk is configured and the job names no SIP URI";
            return Err(refuse(what.to_owned()));
        }
    };
    let target: SipUri = text.parse().map_err(|error| refuse(format!("{error}")))?;
    let credentials = credentials_for(config, &target);
    Ok((target, credentials))
}

/// The trunk's credentials, where a call goes to the trunk's own host: nobody else gets to see
/// what they answer to a challenge.
pub fn credentials_for(config: &Config, target: &SipUri) -> Option<Credentials> {
    let trunk = config.trunk.as_ref()?;
    let credentials = trunk.credentials.as_ref()?;
    let own: SipUri = trunk.example_uri().parse().ok()?;
    (own.host() == target.host()).then(|| Credentials {
        username: credentials.username.clone(),
        password: credentials.password.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::RetryPolicy;
    use crate::sip::{CallTimes, MediaStats};
    use crate::units::UnixMillis;

    /// A job of three pages, the first of which an earlier call delivered.
    fn state() -> JobState {
        let number = "100".parse().unwrap();
        let request = FaxRequest::new(number, "key".to_owned(), "a.pdf".to_owned());
        let request = JobRequest::Fax(request);
        let mut state = JobState::new(&request, RetryPolicy::default(), UnixMillis(0));
        state.pages = Some(3);
        state.pages_confirmed = 1;
        state
    }

    fn ended(reason: Reason) -> CallOutcome {
        CallOutcome {
            answered: true,
            reason: Some(reason),
            detail: "in words".to_owned(),
            sip_status: Some(200),
            pages_confirmed: 1,
            pages_total: Some(2),
            possibly_delivered: false,
            t30_code: None,
            far_ident: None,
            negotiated: None,
            far_limit: None,
            media: MediaStats::default(),
            times: CallTimes::default(),
            call_id: String::new(),
        }
    }

    fn failure(event: &JobEvent) -> (Reason, u32, Option<PageLimit>) {
        match event {
            JobEvent::AttemptEnded {
                outcome:
                    AttemptOutcome::Failed {
                        reason,
                        pages_confirmed,
                        page_limit,
                        ..
                    },
            } => (*reason, *pages_confirmed, *page_limit),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_that_its_worker_gave_up_is_not_a_job_that_a_person_canceled() {
        let event = ending(&state(), &ended(Reason::CanceledByUser), false);
        assert_eq!(failure(&event), (Reason::CallDropped, 2, None));
        let event = ending(&state(), &ended(Reason::CanceledByUser), true);
        let done = JobEvent::CancelDone {
            pages_confirmed: 2,
            possibly_delivered: false,
        };
        assert_eq!(event, done);
    }

    #[test]
    fn a_refused_image_comes_with_what_the_far_end_takes() {
        let limit = |resolution, width| PageLimit { resolution, width };
        let least = limit(Resolution::Standard, PageWidth::A4);
        let b4 = limit(Resolution::Fine, PageWidth::B4);
        let mut outcome = ended(Reason::ImageUnsupported);
        let asked = |state: &JobState, outcome: &CallOutcome| {
            failure(&ending(state, outcome, false)).2.unwrap()
        };
        assert_eq!(asked(&state(), &outcome), least, "it did not say");
        outcome.far_limit = Some(b4);
        assert_eq!(asked(&state(), &outcome), b4);
        let mut again = state();
        again.page_limit = Some(b4);
        assert_eq!(asked(&again, &outcome), least, "its word did not help");
        outcome.reason = Some(Reason::Busy);
        assert_eq!(failure(&ending(&state(), &outcome, false)).2, None);
    }

    #[test]
    fn credentials_go_to_the_trunk_and_to_nobody_else() {
        let mut config = Config::load(None, None).unwrap();
        let target = |text: &str| text.parse::<SipUri>().unwrap();
        let own = target("sip:*31#100@gateway.example:5070");
        assert_eq!(credentials_for(&config, &own), None);
        let credentials = crate::config::Credentials {
            username: "alice".to_owned(),
            password: "secret".to_owned(),
        };
        let template = "sip:{number}@gateway.example";
        config.trunk = Some(crate::config::Trunk::new(template, Some(credentials)).unwrap());
        assert_eq!(credentials_for(&config, &own).unwrap().username, "alice");
        let other = target("sip:100@elsewhere.example");
        assert_eq!(credentials_for(&config, &other), None);
    }
}
