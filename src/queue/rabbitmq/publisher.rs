//! Publishing with confirms: a message counts when the broker has said that a queue has it.

use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Confirmation};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::fault::{During, meaning};
use super::link::{Link, Purpose, Session};
use super::options::RabbitOptions;
use crate::queue::QueueError;

/// Most messages that wait for their confirms at a time.
pub(super) const WINDOW: usize = 256;

/// How often a blocked connection is looked at.
const BLOCKED_LOOK: Duration = Duration::from_millis(20);

/// A message on its way.
pub(super) struct Outgoing {
    pub(super) exchange: &'static str,
    pub(super) routing_key: String,
    pub(super) properties: BasicProperties,
    pub(super) body: Vec<u8>,
}

impl Outgoing {
    fn place(&self) -> String {
        format!("{} {}", self.exchange, self.routing_key)
    }
}

pub(super) struct Publisher {
    link: Link,
    window: Semaphore,
}

impl Publisher {
    pub(super) fn new(options: RabbitOptions) -> Self {
        Self {
            link: Link::new(options, Purpose::Publish),
            window: Semaphore::new(WINDOW),
        }
    }

    /// Connects, unless it has.
    pub(super) async fn ready(&self) -> Result<(), QueueError> {
        self.link.session().await.map(drop)
    }

    /// Publishes all messages; when this returns well, queues have every one of them. After an
    /// error any of them may have arrived.
    pub(super) async fn publish(&self, messages: &[Outgoing]) -> Result<(), QueueError> {
        for window in messages.chunks(WINDOW) {
            let published = self.publish_window(window).await;
            // A connection may have died while it lay idle; messages may come twice.
            if let Err(QueueError::Unreachable { .. }) = published {
                self.publish_window(window).await?;
            } else {
                published?;
            }
        }
        Ok(())
    }

    async fn publish_window(&self, window: &[Outgoing]) -> Result<(), QueueError> {
        let patience = self.link.patience();
        let what = "publish";
        // At most WINDOW, by the chunks above.
        let slots = self.window.acquire_many(window.len() as u32);
        let _slots = match timeout(patience, slots).await {
            Ok(Ok(slots)) => slots,
            Ok(Err(_closed)) => unreachable!("the semaphore is never closed"),
            Err(_elapsed) => return Err(QueueError::TimedOut { what, patience }),
        };
        let session = self.link.session().await?;
        unblocked(&session, patience).await?;
        match timeout(patience, confirmed(&session, window)).await {
            Ok(published) => published,
            // The connection is sound; what was sent lies in it until the broker reads on.
            Err(_elapsed) if session.is_blocked() => Err(QueueError::Blocked),
            Err(_elapsed) => {
                session.give_up();
                Err(QueueError::TimedOut { what, patience })
            }
        }
    }
}

/// Waits until the broker reads what we send.
async fn unblocked(session: &Session, patience: Duration) -> Result<(), QueueError> {
    let started = Instant::now();
    while session.is_blocked() && session.is_alive() {
        if started.elapsed() >= patience {
            return Err(QueueError::Blocked);
        }
        sleep(BLOCKED_LOOK).await;
    }
    Ok(())
}

/// Sends all, then waits for the confirms of all.
async fn confirmed(session: &Session, window: &[Outgoing]) -> Result<(), QueueError> {
    let lost = |error: lapin::Error| {
        session.give_up();
        meaning(&error, During::Use)
    };
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let mut confirms = Vec::with_capacity(window.len());
    for message in window {
        let confirm = session.channel.basic_publish(
            message.exchange.into(),
            message.routing_key.as_str().into(),
            mandatory,
            &message.body,
            message.properties.clone(),
        );
        confirms.push(confirm.await.map_err(lost)?);
    }
    let mut outcome = Ok(());
    for (message, confirm) in window.iter().zip(confirms) {
        let queue = message.place();
        match confirm.await.map_err(lost)? {
            Confirmation::Ack(None) => {}
            // Confirmed, but returned: no queue was bound to take it. The next connection
            // declares and binds all queues again.
            Confirmation::Ack(Some(_)) => {
                session.give_up();
                outcome = Err(QueueError::Unroutable { queue });
            }
            Confirmation::Nack(_) => outcome = Err(QueueError::Full { queue }),
            Confirmation::NotRequested => unreachable!("confirms are on for this channel"),
        }
    }
    outcome
}
