//! A connection that is made anew when it is lost or silent.
//!
//! The client's own recovery is off: it would carry on with deliveries that the broker has given
//! to somebody else. Here a connection that ended is gone with all that came over it, and the next
//! one has another epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use lapin::options::{BasicQosOptions, ConfirmSelectOptions};
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

use super::fault::{During, meaning};
use super::options::RabbitOptions;
use super::topology;
use crate::queue::QueueError;

const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// What a connection is for. A broker that is short of memory stops reading what a publisher
/// sends, so consumers have a connection of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Publish,
    Consume,
}

/// A connection and its channel, replaced together.
pub(super) struct Session {
    connection: Connection,
    pub(super) channel: Channel,
    /// Which connection of this link it is.
    pub(super) epoch: i64,
    broken: AtomicBool,
}

impl Session {
    pub(super) fn is_alive(&self) -> bool {
        !self.broken.load(Ordering::Relaxed)
            && self.connection.status().connected()
            && self.channel.status().connected()
    }

    /// Whether the broker has stopped reading what we send.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// The connection is not used again.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Does something with the broker. When it fails or takes too long, the session is given up.
    pub(super) async fn ask<T>(
        &self,
        what: &'static str,
        patience: Duration,
        work: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, QueueError> {
        match timeout(patience, work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.give_up();
                Err(meaning(&error, During::Use))
            }
            Err(_elapsed) => {
                self.give_up();
                Err(QueueError::TimedOut { what, patience })
            }
        }
    }

    /// Opens another channel, for work that ends with it.
    pub(super) async fn another_channel(&self, patience: Duration) -> Result<Channel, QueueError> {
        let opening = self.connection.create_channel();
        self.ask("open a channel", patience, opening).await
    }
}

/// Keeps a session.
pub(super) struct Link {
    options: RabbitOptions,
    purpose: Purpose,
    state: Mutex<State>,
    epoch: AtomicI64,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    backoff: Duration,
    not_before: Option<Instant>,
}

impl Link {
    pub(super) fn new(options: RabbitOptions, purpose: Purpose) -> Self {
        Self {
            options,
            purpose,
            state: Mutex::default(),
            epoch: AtomicI64::new(0),
        }
    }

    pub(super) const fn patience(&self) -> Duration {
        self.options.patience
    }

    /// The session, made anew where it ended. After failures this waits longer and longer, with
    /// jitter, so that a broker that comes back is not run over.
    pub(super) async fn session(&self) -> Result<Arc<Session>, QueueError> {
        // One connection attempt may take the whole patience, and so may the wait for another's.
        let patience = self.options.patience * 2 + BACKOFF_MAX;
        let what = "connect";
        match timeout(patience, self.session_unbounded()).await {
            Ok(session) => session,
            Err(_elapsed) => Err(QueueError::TimedOut { what, patience }),
        }
    }

    async fn session_unbounded(&self) -> Result<Arc<Session>, QueueError> {
        let mut state = self.state.lock().await;
        if let Some(session) = &state.session
            && session.is_alive()
        {
            return Ok(Arc::clone(session));
        }
        state.session = None;
        if let Some(moment) = state.not_before {
            sleep_until(moment).await;
        }
        match self.connect().await {
            Ok(session) => {
                let session = Arc::new(session);
                state.session = Some(Arc::clone(&session));
                state.backoff = Duration::ZERO;
                state.not_before = None;
                Ok(session)
            }
            Err(error) => {
                state.backoff = (state.backoff * 2).clamp(BACKOFF_MIN, BACKOFF_MAX);
                let wait = state.backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
                state.not_before = Some(Instant::now() + wait);
                tracing::warn!(
                    queue.place = self.options.place(), purpose = ?self.purpose, %error,
                    next_ms = wait.as_millis() as u64, "the message broker cannot be used"
                );
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<Session, QueueError> {
        // Whoever was first has chosen the same.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let patience = self.options.patience;
        let name = format!("faxmill {:?} {}", self.purpose, std::process::id());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = Connection::connect_uri(self.options.uri(), properties);
        let what = "connect";
        let connection = match timeout(patience, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(meaning(&error, During::Login)),
            Err(_elapsed) => return Err(QueueError::TimedOut { what, patience }),
        };
        let what = "declare queues";
        let channel = match timeout(patience, prepare(&connection, self.purpose)).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => return Err(meaning(&error, During::Use)),
            Err(_elapsed) => return Err(QueueError::TimedOut { what, patience }),
        };
        let epoch = self.epoch.fetch_add(1, Ordering::AcqRel) + 1;
        tracing::info!(
            queue.place = self.options.place(), purpose = ?self.purpose, epoch,
            "connected to the message broker"
        );
        Ok(Session {
            connection,
            channel,
            epoch,
            broken: AtomicBool::new(false),
        })
    }
}

async fn prepare(connection: &Connection, purpose: Purpose) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    topology::declare(&channel).await?;
    match purpose {
        Purpose::Publish => {
            let options = ConfirmSelectOptions::default();
            channel.confirm_select(options).await?;
        }
        // Each receiver is a consumer of its own and takes one message.
        Purpose::Consume => channel.basic_qos(1, BasicQosOptions::default()).await?,
    }
    Ok(channel)
}
