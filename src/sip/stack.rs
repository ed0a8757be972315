//! The SIP stack, set up for us: transports, timers, identity, tasks.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::Method;
use rsipstack::transaction::endpoint::{EndpointBuilder, EndpointOption};
use rsipstack::transaction::{CallIdFormat, Endpoint, TransactionReceiver};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TcpListenerConnection, TransportLayer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::agent::AgentConfig;
use super::challenge::ChallengeFilter;
use super::error::SipError;
use super::resolve::{PinnedResolver, Pins};

/// How long a shutdown waits for calls to say goodbye.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// How many ports of the system's choice are tried for UDP and TCP at once.
const PORT_TRIES: u32 = 16;

/// What every call of an agent shares.
pub(super) struct Core {
    pub(super) config: AgentConfig,
    pub(super) local: SocketAddr,
    pub(super) dialogs: Arc<DialogLayer>,
    /// Where the host names of running calls point.
    pub(super) pins: Pins,
    pub(super) tasks: TaskTracker,
    /// The calls whose far end has a re-INVITE on its way, not acknowledged yet.
    pub(super) reinvited: Mutex<HashSet<String>>,
    /// Lets no new call in.
    pub(super) draining: CancellationToken,
    /// Ends the calls.
    pub(super) closing: CancellationToken,
    endpoint: Endpoint,
}

impl Core {
    /// Binds the transports and starts the stack.
    pub(super) async fn start(
        config: AgentConfig,
    ) -> Result<(Arc<Self>, TransactionReceiver), SipError> {
        check(&config)?;
        let failed = |error: rsipstack::Error| SipError::Bind {
            address: config.bind,
            message: error.to_string(),
        };
        let stop = CancellationToken::new();
        let pins = Pins::default();
        let transports = TransportLayer::new_with_domain_resolver(
            stop.clone(),
            Box::new(PinnedResolver::new(pins.clone())),
        );
        let local = listen(&transports, config.bind, &stop).await?;

        let endpoint = EndpointBuilder::new()
            .with_user_agent(&config.user_agent)
            .with_transport_layer(transports)
            .with_cancel_token(stop)
            .with_allows(ALLOWED.to_vec())
            .with_inspector(Box::new(ChallengeFilter))
            .with_option(EndpointOption {
                callid_format: CallIdFormat::Uuid,
                ..EndpointOption::default()
            })
            .build();
        let transactions = endpoint.incoming_transactions().map_err(failed)?;
        let tasks = TaskTracker::new();
        let inner = endpoint.inner.clone();
        tokio::spawn(async move {
            if let Err(error) = inner.serve().await {
                tracing::error!(%error, "the SIP stack stopped");
            }
        });
        let core = Self {
            dialogs: Arc::new(DialogLayer::new(endpoint.inner.clone())),
            config,
            local,
            pins,
            tasks,
            reinvited: Mutex::default(),
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
            endpoint,
        };
        Ok((Arc::new(core), transactions))
    }

    /// The address of ours that a far end at `remote` can reach.
    pub(super) fn address_towards(&self, remote: SocketAddr) -> IpAddr {
        if let Some(ip) = self.config.advertised_ip {
            return ip;
        }
        if !self.local.ip().is_unspecified() {
            return self.local.ip();
        }
        route_source(remote).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Ends every call, then the stack.
    pub(super) async fn shutdown(&self) {
        self.closing.cancel();
        self.tasks.close();
        if tokio::time::timeout(SHUTDOWN_GRACE, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::debug!("calls were still ending when the agent stopped");
        }
        self.endpoint.shutdown();
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.endpoint.shutdown();
    }
}

/// The methods we take.
pub(super) const ALLOWED: [Method; 5] = [
    Method::Invite,
    Method::Ack,
    Method::Cancel,
    Method::Bye,
    Method::Options,
];

/// [`ALLOWED`] as a header value.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";

fn check(config: &AgentConfig) -> Result<(), SipError> {
    let refuse = |what: &str| {
        Err(SipError::Config {
            what: what.to_owned(),
        })
    };
    let words = &config.user_agent;
    if words.is_empty() || words.len() > 100 || words.chars().any(char::is_control) {
        return refuse("the user agent's name must have 1 to 100 printable characters");
    }
    if let Some(ports) = &config.media_ports
        && (ports.is_empty() || *ports.start() == 0)
    {
        return refuse("the range of media ports is empty or begins with 0");
    }
    Ok(())
}

/// Binds UDP and TCP on one port; when the system chooses it, another one is tried if TCP already
/// has a connection there.
async fn listen(
    transports: &TransportLayer,
    bind: SocketAddr,
    stop: &CancellationToken,
) -> Result<SocketAddr, SipError> {
    let refuse = |message: String| SipError::Bind {
        address: bind,
        message,
    };
    let mut tries = if bind.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        tries -= 1;
        let udp = UdpConnection::create_connection(bind, None, Some(stop.child_token()))
            .await
            .map_err(|error| refuse(error.to_string()))?;
        let bound = udp.get_addr().get_socketaddr();
        let bound = bound.map_err(|error| refuse(error.to_string()))?;
        // The stack reports an unspecified address as the first interface's; only the port counts.
        let local = SocketAddr::new(bind.ip(), bound.port());
        // The stack binds TCP later and only logs a failure; a trial now makes it an error.
        match std::net::TcpListener::bind(local) {
            Ok(trial) => drop(trial),
            Err(_) if tries > 0 => continue,
            Err(error) => return Err(refuse(error.to_string())),
        }
        let tcp = TcpListenerConnection::new(local, None).await;
        let tcp = tcp.map_err(|error| refuse(error.to_string()))?;
        transports.add_transport(udp.into());
        transports.add_transport(SipConnection::TcpListener(tcp));
        return Ok(local);
    }
}

fn route_source(remote: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match remote {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((any, 0)).ok()?;
    socket.connect(remote).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
