//! What a process tells over HTTP: that it lives, whether it takes work, and its metrics.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::{Role, meters};

/// Longest time that the store may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(5);
const UPKEEP: Duration = Duration::from_secs(5);

/// The address for probes could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbesError {
    /// The address is taken, or not ours.
    #[error("{address} cannot be served ({source}): choose another address for telemetry")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Metrics cannot be gathered.
    #[error("metrics cannot be gathered: {0}")]
    Recorder(#[from] BuildError),
}

impl ProbesError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Bind { .. } => "telemetry-address",
            Self::Recorder(_) => "telemetry-recorder",
        }
    }
}

struct Probed {
    context: Arc<Context>,
    role: Role,
    drain: CancellationToken,
    metrics: PrometheusHandle,
}

/// Serves probes and metrics for as long as this process lives, its drain included.
///
/// `/livez` answers while the process can answer at all; `/readyz` while it takes work, which a
/// draining process does not; `/metrics` in Prometheus' text format.
pub(super) async fn serve(
    address: SocketAddr,
    role: Role,
    context: Arc<Context>,
    drain: CancellationToken,
) -> Result<SocketAddr, ProbesError> {
    let bound = |source| ProbesError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bound)?;
    let local = listener.local_addr().map_err(bound)?;
    let metrics = meters::install()?;
    meters::ready(true);
    let probed = Arc::new(Probed {
        context,
        role,
        drain,
        metrics: metrics.clone(),
    });
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            metrics.run_upkeep();
        }
    });
    let router = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(probed);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "probes and metrics are not served any more");
        }
    });
    Ok(local)
}

async fn readyz(State(probed): State<Arc<Probed>>) -> (StatusCode, String) {
    let outcome = readiness(&probed).await;
    meters::ready(outcome.is_ok());
    match outcome {
        Ok(()) => (StatusCode::OK, format!("{}: ready\n", probed.role)),
        Err(why) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{}: {why}\n", probed.role),
        ),
    }
}

/// Whether this process takes work, or what keeps it from doing so.
async fn readiness(probed: &Probed) -> Result<(), String> {
    if probed.drain.is_cancelled() {
        return Err("draining".to_owned());
    }
    let look = async {
        let store = &probed.context.store;
        let seen = store.outbox_batch(1).await;
        seen.map_err(|error| error.to_string())?;
        if let Some(stage) = probed.role.stage() {
            let depth = probed.context.queue.depth(stage).await;
            depth.map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .unwrap_or_else(|_| Err("the job store or the queue does not answer".to_owned()))
}

async fn render(State(probed): State<Arc<Probed>>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], probed.metrics.render())
}
