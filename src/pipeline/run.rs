//! What a process does in each role, from its start to the end of its drain.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::context::{Context, OpenError};
use super::convert::Convert;
use super::probes::{self, ProbesError};
use super::transcode::Transcode;
use super::transmit::Transmit;
use super::{Role, receive, relay, worker};
use crate::config::Config;
use crate::sip::SipError;

/// A role that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// The data folder.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The SIP address.
    #[error(transparent)]
    Sip(#[from] SipError),
    /// The address for probes and metrics.
    #[error(transparent)]
    Probes(#[from] ProbesError),
    /// The receive role needs an address.
    #[error("the receive role needs [receive] with bind = \"ADDRESS:PORT\" in the configuration")]
    ReceiveNotConfigured,
}

impl RoleError {
    /// The stable code: part of the public interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(error) => error.code(),
            Self::Sip(error) => error.code(),
            Self::Probes(error) => error.code(),
            Self::ReceiveNotConfigured => "receive-not-configured",
        }
    }
}

/// Runs a role until `drain` is cancelled and everything in its hands has ended.
///
/// `ready` is called once the role works, with the address that it listens on where it has one.
pub async fn run_role(
    role: Role,
    config: Config,
    drain: CancellationToken,
    ready: impl FnOnce(&str),
) -> Result<(), RoleError> {
    let context = Arc::new(Context::open(config, role.name()).await?);
    if let Some(address) = context.config.telemetry {
        let context = Arc::clone(&context);
        let address = probes::serve(address, role, context, drain.clone()).await?;
        tracing::info!(%role, %address, "serving probes and metrics");
    }
    if context.config.bucket.is_some() {
        // A worker that is refused its artifacts would fail every job that it claims.
        context.artifacts.check().await.map_err(OpenError::from)?;
    }
    let concurrency = context.config.concurrency;
    match context.queue.ready().await {
        // The role waits for it like for any other message.
        Err(error) if error.is_transient() => {
            tracing::warn!(%role, %error, "begins without its queue");
        }
        ready => ready.map_err(OpenError::from)?,
    }
    match role {
        Role::Convert => {
            let handler = Arc::new(Convert::new(concurrency.convert));
            handler.warm();
            ready("");
            worker::work(context, handler, concurrency.convert, drain).await;
        }
        Role::Transcode => {
            ready("");
            worker::work(context, Arc::new(Transcode), concurrency.transcode, drain).await;
        }
        Role::Transmit => {
            let handler = Arc::new(Transmit::start(&context.config).await?);
            ready(&handler.local_addr().to_string());
            worker::work(context, Arc::clone(&handler), concurrency.transmit, drain).await;
            if let Some(handler) = Arc::into_inner(handler) {
                handler.shutdown().await;
            }
        }
        Role::Receive => {
            let settings = context
                .config
                .receive
                .clone()
                .ok_or(RoleError::ReceiveNotConfigured)?;
            let agent = receive::start(&settings).await?;
            ready(&agent.local_addr().to_string());
            receive::run(context, agent, settings.calls_max, drain).await;
        }
        Role::Relay => {
            ready("");
            relay::run(context, drain).await;
        }
    }
    Ok(())
}
