//! The user agent: one SIP address, any number of calls in both directions.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::call::{CallObserver, CallOutcome, Credentials, OutgoingFax};
use super::error::SipError;
use super::incoming::{self, IncomingCall};
use super::stack::Core;
use super::{dial, fax_call};
use crate::t30::load_image_libraries;

/// Where and as whom an agent makes and takes calls.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// Address for SIP over UDP and TCP; port 0 lets the system choose one.
    pub bind: SocketAddr,
    /// The address told to far ends, when it is another than the one bound (NAT).
    pub advertised_ip: Option<IpAddr>,
    /// Ports for media; `None` lets the system choose them.
    pub media_ports: Option<RangeInclusive<u16>>,
    /// `User-Agent`.
    pub user_agent: String,
    /// For trunks that challenge us.
    pub credentials: Option<Credentials>,
    /// How long an INVITE may stay without any sign of life before the trunk counts as silent.
    pub first_response_within: Duration,
    /// Most calls that wait for [`Agent::next_call`]; a further one is answered 503.
    pub waiting_calls_max: usize,
}

impl AgentConfig {
    /// An agent on an address, with everything else usual.
    pub fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            advertised_ip: None,
            media_ports: None,
            user_agent: concat!("faxmill/", env!("CARGO_PKG_VERSION")).to_owned(),
            credentials: None,
            first_response_within: Duration::from_secs(8),
            waiting_calls_max: 64,
        }
    }
}

/// A SIP user agent for fax calls.
pub struct Agent {
    core: Arc<Core>,
    calls: Mutex<mpsc::Receiver<IncomingCall>>,
}

impl Agent {
    /// Binds the address and starts to listen, once the fax engine has all that it needs.
    pub async fn start(config: AgentConfig) -> Result<Self, SipError> {
        load_image_libraries()?;
        let (core, transactions) = Core::start(config).await?;
        let (sender, calls) = mpsc::channel(core.config.waiting_calls_max.max(1));
        core.tasks
            .spawn(incoming::listen(core.clone(), transactions, sender));
        Ok(Self {
            core,
            calls: Mutex::new(calls),
        })
    }

    /// The address for SIP, with the port that the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.core.local
    }

    /// Calls a far end and sends it a fax; ends when the call is over, whatever happens.
    ///
    /// Cancelling the token hangs up, or withdraws the call while it rings.
    pub async fn send_fax(
        &self,
        fax: OutgoingFax,
        observer: &mut dyn CallObserver,
        cancel: CancellationToken,
    ) -> CallOutcome {
        let call = match dial::dial(&self.core, &fax, observer, &cancel).await {
            Ok(call) => call,
            Err(outcome) => return *outcome,
        };
        fax_call::run(call, observer, &cancel).await
    }

    /// The next call for us; `None` once the agent drains or shuts down.
    pub async fn next_call(&self) -> Option<IncomingCall> {
        let mut calls = self.calls.lock().await;
        tokio::select! {
            biased;
            () = self.core.draining.cancelled() => {}
            call = calls.recv() => return call,
        }
        refuse_waiting(&mut calls);
        None
    }

    /// Takes no more calls (they are answered 503) and lets the running ones end.
    pub fn drain(&self) {
        self.core.draining.cancel();
    }

    /// Hangs up every call, waits a little for the last words, and frees the address.
    pub async fn shutdown(self) {
        self.core.draining.cancel();
        refuse_waiting(&mut *self.calls.lock().await);
        self.core.shutdown().await;
    }
}

fn refuse_waiting(calls: &mut mpsc::Receiver<IncomingCall>) {
    while let Ok(waiting) = calls.try_recv() {
        waiting.reject(503);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.core.draining.cancel();
        self.core.closing.cancel();
    }
}
