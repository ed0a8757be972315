//! Taking messages: one is taken from the broker only when somebody waits for it, so none waits
//! in a busy worker while another one is idle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions,
    QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Acker, Channel, message};
use tokio::time::{Instant, timeout};

use super::fault::{During, meaning};
use super::link::{Link, Purpose, Session};
use super::options::RabbitOptions;
use super::topology;
use crate::job::Stage;
use crate::queue::{QueueError, Settled};

pub(super) struct Consumer {
    link: Link,
    in_hand: Mutex<InHand>,
}

#[derive(Default)]
struct InHand {
    last_receipt: i64,
    taken: HashMap<i64, Taken>,
}

struct Taken {
    stage: Stage,
    session: Arc<Session>,
    acker: Acker,
}

/// A message that was taken and can be settled by its receipt.
pub(super) struct Received {
    pub(super) receipt: i64,
    pub(super) epoch: i64,
    pub(super) message: message::Delivery,
}

impl Consumer {
    pub(super) fn new(options: RabbitOptions) -> Self {
        Self {
            link: Link::new(options, Purpose::Consume),
            in_hand: Mutex::default(),
        }
    }

    /// Takes the next message of a stage, whatever it is, or waits for one.
    pub(super) async fn take(
        &self,
        stage: Stage,
        wait: Duration,
    ) -> Result<Option<Received>, QueueError> {
        let started = Instant::now();
        let session = self.link.session().await?;
        let mut message = self.get(&session, stage).await?;
        let left = wait.saturating_sub(started.elapsed());
        if message.is_none() && !left.is_zero() {
            message = self.listen(&session, stage, left).await?;
        }
        Ok(message.map(|message| self.hold(session, stage, message)))
    }

    /// What lies in the queue now.
    async fn get(
        &self,
        session: &Session,
        stage: Stage,
    ) -> Result<Option<message::Delivery>, QueueError> {
        let queue = topology::work_queue(stage);
        let getting = session.channel.basic_get(queue, BasicGetOptions::default());
        let got = session
            .ask("take a message", self.link.patience(), getting)
            .await?;
        Ok(got.map(|got| got.delivery))
    }

    /// Subscribes for one message. Whatever comes until the broker has ended the subscription is
    /// looked at, so that nothing is left in nobody's hands.
    async fn listen(
        &self,
        session: &Session,
        stage: Stage,
        wait: Duration,
    ) -> Result<Option<message::Delivery>, QueueError> {
        let patience = self.link.patience();
        let subscribing = session.channel.basic_consume(
            topology::work_queue(stage),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let mut consumer = session.ask("subscribe", patience, subscribing).await?;
        let first = timeout(wait, consumer.next()).await;
        // Told before the message can be settled, so that no other one is sent; whoever has one
        // need not wait for the answer.
        let nowait = first.is_ok();
        let unsubscribing = session
            .channel
            .basic_cancel(consumer.tag(), BasicCancelOptions { nowait });
        let unsubscribed = session.ask("unsubscribe", patience, unsubscribing).await;
        let message = match first {
            Ok(Some(message)) => message,
            Ok(None) => {
                session.give_up();
                let why = "the broker ended the subscription, as when its queue is deleted";
                return Err(QueueError::Unreachable { why: why.into() });
            }
            Err(_elapsed) => {
                unsubscribed?;
                let ended =
                    session.ask("unsubscribe", patience, async { Ok(consumer.next().await) });
                match ended.await? {
                    Some(message) => message,
                    None => return Ok(None),
                }
            }
        };
        match message {
            Ok(message) => Ok(Some(message)),
            Err(error) => {
                session.give_up();
                Err(meaning(&error, During::Use))
            }
        }
    }

    fn hold(&self, session: Arc<Session>, stage: Stage, message: message::Delivery) -> Received {
        let mut in_hand = self.in_hand();
        // What came over an older connection has gone back to the broker with it.
        in_hand.taken.retain(|_, taken| taken.session.is_alive());
        in_hand.last_receipt += 1;
        let receipt = in_hand.last_receipt;
        let epoch = session.epoch;
        let acker = message.acker.clone();
        let taken = Taken {
            stage,
            session,
            acker,
        };
        in_hand.taken.insert(receipt, taken);
        Received {
            receipt,
            epoch,
            message,
        }
    }

    /// Whether a message is still in our hands.
    pub(super) fn holds(&self, receipt: i64) -> bool {
        let in_hand = self.in_hand();
        let taken = in_hand.taken.get(&receipt);
        taken.is_some_and(|taken| taken.session.is_alive())
    }

    /// The message is dealt with: the broker forgets it.
    pub(super) async fn ack(&self, receipt: i64) -> Settled {
        let Some(Taken { session, acker, .. }) = self.let_go(receipt) else {
            return Settled::Late;
        };
        self.settle(&session, acker.ack(BasicAckOptions::default()))
            .await
    }

    /// The message goes back to its place at once.
    pub(super) async fn give_back(&self, receipt: i64) -> Settled {
        let Some(Taken { session, acker, .. }) = self.let_go(receipt) else {
            return Settled::Late;
        };
        let options = BasicNackOptions {
            multiple: false,
            requeue: true,
        };
        self.settle(&session, acker.nack(options)).await
    }

    /// A message whose connection ended comes again, whatever we say.
    async fn settle(
        &self,
        session: &Session,
        saying: impl Future<Output = lapin::Result<bool>>,
    ) -> Settled {
        match session.ask("settle", self.link.patience(), saying).await {
            Ok(true) if session.is_alive() => Settled::Done,
            Ok(_) => Settled::Late,
            Err(error) => {
                tracing::warn!(%error, "a message could not be settled and will come again");
                Settled::Late
            }
        }
    }

    fn let_go(&self, receipt: i64) -> Option<Taken> {
        let taken = self.in_hand().taken.remove(&receipt)?;
        taken.session.is_alive().then_some(taken)
    }

    /// Messages of a stage that lie in the broker, and those in our hands.
    pub(super) async fn depth(&self, stage: Stage) -> Result<u64, QueueError> {
        let waiting = self.waiting(topology::work_queue(stage)).await?;
        let in_hand = self.in_hand();
        let taken = in_hand.taken.values();
        let held = taken.filter(|taken| taken.stage == stage && taken.session.is_alive());
        Ok(waiting + held.count() as u64)
    }

    /// Messages that lie in a queue.
    pub(super) async fn waiting(&self, queue: ShortString) -> Result<u64, QueueError> {
        let session = self.link.session().await?;
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::durable()
        };
        let asking = session
            .channel
            .queue_declare(queue, options, FieldTable::default());
        let queue = session.ask("count", self.link.patience(), asking).await?;
        Ok(queue.message_count().into())
    }

    /// A channel of its own: what is taken over it goes back when it closes.
    pub(super) async fn another_channel(&self) -> Result<Channel, QueueError> {
        let session = self.link.session().await?;
        session.another_channel(self.link.patience()).await
    }

    pub(super) const fn patience(&self) -> Duration {
        self.link.patience()
    }

    fn in_hand(&self) -> MutexGuard<'_, InHand> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
