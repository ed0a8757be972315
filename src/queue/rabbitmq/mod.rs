//! Queues in `RabbitMQ`, for more than one machine.
//!
//! Publishing and taking have a connection each, made anew when it is lost or silent; every
//! exchange with the broker is bounded in time. `docs/queue.md` shows exchanges, queues and
//! messages.

mod consumer;
mod fault;
mod link;
mod options;
mod parked;
mod publisher;
mod topology;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use options::RabbitOptions;
pub use parked::{ParkedMessage, Selection};
pub use wire::{WakeUp, wake_up_schema};

use crate::job::Stage;
use crate::queue::{Delivery, Message, Queue, QueueError, Requeue, Settled};
use consumer::{Consumer, Received};
use publisher::{Outgoing, Publisher};

/// Longest time that counting messages may take.
const COUNT_PATIENCE: Duration = Duration::from_secs(2);

/// A [`Queue`] in a `RabbitMQ` broker.
#[derive(Clone)]
pub struct RabbitQueue {
    inner: Arc<Inner>,
}

struct Inner {
    publisher: Publisher,
    consumer: Consumer,
}

impl RabbitQueue {
    /// Queues that connect when they are first used, and again whenever that is needed.
    pub fn new(options: &RabbitOptions) -> Self {
        let inner = Inner {
            publisher: Publisher::new(options.clone()),
            consumer: Consumer::new(options.clone()),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Messages that wait in each delay queue, shortest delay first.
    pub async fn delayed(&self) -> Result<Vec<(&'static str, u64)>, QueueError> {
        let mut counts = Vec::new();
        for (step, queue) in topology::delay_queues() {
            counts.push((step, self.inner.consumer.waiting(queue.into()).await?));
        }
        Ok(counts)
    }
}

impl Inner {
    /// Takes the next wake-up; what is none is parked on the way, and a connection that is lost
    /// before the wait is over is made anew.
    async fn receive(&self, stage: Stage, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        let started = Instant::now();
        loop {
            let left = wait.saturating_sub(started.elapsed());
            let received = match self.consumer.take(stage, left).await {
                Ok(Some(received)) => received,
                Ok(None) => return Ok(None),
                Err(error) if error.is_transient() && started.elapsed() < wait => continue,
                Err(error) => return Err(error),
            };
            let Received {
                receipt,
                epoch,
                message,
            } = received;
            match wire::parse(&message.properties, &message.data) {
                Ok(wake_up) => {
                    return Ok(Some(Delivery {
                        message: wake_up,
                        queue: stage,
                        deliveries: wire::deliveries(&message.properties),
                        tag: epoch,
                        receipt,
                    }));
                }
                Err(cause) => {
                    let poison = parked::poison(stage, cause, message);
                    self.replace(receipt, poison).await?;
                }
            }
        }
    }

    /// Settles a message in our hands by another one, which the broker has first.
    async fn replace(&self, receipt: i64, other: Outgoing) -> Result<Settled, QueueError> {
        if !self.consumer.holds(receipt) {
            return Ok(Settled::Late);
        }
        if let Err(error) = self.publisher.publish(&[other]).await {
            // Rather at once than when this connection ends.
            self.consumer.give_back(receipt).await;
            return Err(error);
        }
        Ok(self.consumer.ack(receipt).await)
    }
}

fn outgoing(
    stage: Stage,
    message: Message,
    delay: Duration,
    deliveries: u32,
) -> Result<Outgoing, QueueError> {
    let (exchange, routing_key) = topology::route(stage, delay).ok_or(QueueError::Delay {
        asked: delay,
        longest: topology::DELAYS[topology::DELAYS.len() - 1].1,
    })?;
    Ok(Outgoing {
        exchange,
        routing_key,
        properties: wire::properties(deliveries),
        body: wire::body(message),
    })
}

#[async_trait]
impl Queue for RabbitQueue {
    /// Connects and declares what is missing.
    async fn ready(&self) -> Result<(), QueueError> {
        self.inner.publisher.ready().await
    }

    async fn publish(
        &self,
        queue: Stage,
        message: Message,
        delay: Option<Duration>,
    ) -> Result<(), QueueError> {
        let message = outgoing(queue, message, delay.unwrap_or(Duration::ZERO), 0)?;
        self.inner.publisher.publish(&[message]).await
    }

    async fn publish_batch(&self, messages: &[(Stage, Message)]) -> Result<(), QueueError> {
        let messages: Vec<Outgoing> = messages
            .iter()
            .map(|(queue, message)| outgoing(*queue, *message, Duration::ZERO, 0))
            .collect::<Result<_, _>>()?;
        self.inner.publisher.publish(&messages).await
    }

    /// Runs beside its caller, so that a message is not lost to one that stops waiting.
    async fn receive(&self, queue: Stage, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        let inner = Arc::clone(&self.inner);
        let (taken, take) = oneshot::channel();
        tokio::spawn(async move {
            let received = inner.receive(queue, wait).await;
            if let Err(Ok(Some(unwanted))) = taken.send(received) {
                inner.consumer.give_back(unwanted.receipt).await;
            }
        });
        take.await.unwrap_or_else(|_| {
            let why = "receiving ended unexpectedly".to_owned();
            Err(QueueError::Other { why })
        })
    }

    async fn ack(&self, delivery: &Delivery) -> Result<Settled, QueueError> {
        Ok(self.inner.consumer.ack(delivery.receipt).await)
    }

    async fn nack(&self, delivery: &Delivery, requeue: Requeue) -> Result<Settled, QueueError> {
        let inner = &self.inner;
        match requeue {
            Requeue::Drop => self.ack(delivery).await,
            Requeue::After(Duration::ZERO) => Ok(inner.consumer.give_back(delivery.receipt).await),
            Requeue::After(delay) => {
                let Delivery {
                    queue,
                    message,
                    deliveries,
                    receipt,
                    ..
                } = *delivery;
                let later = outgoing(queue, message, delay, deliveries)?;
                inner.replace(receipt, later).await
            }
            Requeue::Park(cause) => {
                let parked = parked::wake_up(delivery.queue, cause, delivery.message);
                inner.replace(delivery.receipt, parked).await
            }
        }
    }

    /// Nobody waits long for a figure.
    async fn depth(&self, queue: Stage) -> Result<u64, QueueError> {
        let counting = self.inner.consumer.depth(queue);
        let (what, patience) = ("count", COUNT_PATIENCE);
        let elapsed = |_| QueueError::TimedOut { what, patience };
        timeout(COUNT_PATIENCE, counting).await.map_err(elapsed)?
    }

    /// A look at the oldest message would count as a delivery.
    async fn oldest(&self, _queue: Stage) -> Result<Option<Duration>, QueueError> {
        Ok(None)
    }
}
