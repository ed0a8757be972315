//! Messages that nobody can work on: parked with their cause, for a person to look at.

use lapin::BasicProperties;
use lapin::message;
use lapin::options::{BasicAckOptions, BasicGetOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::publisher::Outgoing;
use super::{RabbitQueue, topology, wire};
use crate::job::Stage;
use crate::queue::{Cause, Message, QueueError};

/// Why a message was parked: the code of a [`Cause`], or the broker's own word.
const CAUSE: &str = "x-faxmill-cause";
/// The routing key that it came by.
const KEY: &str = "x-faxmill-routing-key";
/// How many bytes it had, if it was cut.
const CUT_FROM: &str = "x-faxmill-bytes";
/// What the broker writes when it moves a message itself: a table for each queue and reason, the
/// latest first. A message that went through a delay queue has one of that too.
const DEATHS: &str = "x-death";

/// Most bytes kept of a parked message.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Most foreign headers kept, and the longest of them in bytes.
const HEADERS_MAX: usize = 32;
const HEADER_BYTES_MAX: usize = 256;

/// Most messages that one command looks at.
const LOOK_MAX: usize = 100_000;

/// A parked message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParkedMessage {
    /// Its message id, or the beginning of its body's SHA-256 where it has none.
    pub name: String,
    /// Why it was parked: `not-json`, `job-not-found`, …, or `delivery_limit` where the broker
    /// handed it out again and again and nobody settled it.
    pub cause: String,
    /// The stage whose queue it was in, where that is known.
    pub stage: Option<Stage>,
    /// When it was published, in seconds since 1970.
    pub published_at: Option<u64>,
    /// How many bytes it had.
    pub bytes: u64,
    /// Its beginning, at most 64 KiB, made readable.
    pub body: String,
}

/// Which parked messages to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The one of this name.
    Name(String),
    /// Every one.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Retried,
    Dropped,
}

impl RabbitQueue {
    /// How many messages are parked.
    pub async fn parked_count(&self) -> Result<u64, QueueError> {
        self.inner.consumer.waiting(topology::DEAD.into()).await
    }

    /// Parked messages, oldest first. Those that another command looks at are left out.
    pub async fn parked(&self, limit: usize) -> Result<Vec<ParkedMessage>, QueueError> {
        let mut messages = Vec::new();
        let mut look = self.look().await?;
        while messages.len() < limit.min(LOOK_MAX) {
            let Some(message) = look.next().await? else {
                break;
            };
            messages.push(describe(&message));
        }
        look.close().await;
        Ok(messages)
    }

    /// One parked message.
    pub async fn parked_message(&self, name: &str) -> Result<ParkedMessage, QueueError> {
        let mut look = self.look().await?;
        let found = look.find(name).await;
        look.close().await;
        found.map(|message| describe(&message))
    }

    /// Gives parked messages back to the queues that they came from, and says how many.
    ///
    /// With [`Selection::All`], what cannot be given back stays parked.
    pub async fn retry_parked(&self, which: &Selection) -> Result<u64, QueueError> {
        self.settle_parked(which, Fate::Retried).await
    }

    /// Forgets parked messages, and says how many.
    pub async fn drop_parked(&self, which: &Selection) -> Result<u64, QueueError> {
        self.settle_parked(which, Fate::Dropped).await
    }

    async fn settle_parked(&self, which: &Selection, fate: Fate) -> Result<u64, QueueError> {
        let mut look = self.look().await?;
        let settled = match which {
            Selection::Name(name) => self.settle_named(&mut look, name, fate).await,
            Selection::All => self.settle_all(&mut look, fate).await,
        };
        look.close().await;
        settled
    }

    async fn settle_named(
        &self,
        look: &mut Look,
        name: &str,
        fate: Fate,
    ) -> Result<u64, QueueError> {
        let message = look.find(name).await?;
        self.settle_one(look, &message, fate).await?;
        Ok(1)
    }

    async fn settle_all(&self, look: &mut Look, fate: Fate) -> Result<u64, QueueError> {
        let mut settled = 0;
        // Not what is parked meanwhile: a retried message may come back at once.
        let mut left = self.parked_count().await?.min(LOOK_MAX as u64);
        while left > 0
            && let Some(message) = look.next().await?
        {
            left -= 1;
            match self.settle_one(look, &message, fate).await {
                Ok(()) => settled += 1,
                Err(QueueError::NotRetryable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(settled)
    }

    async fn settle_one(
        &self,
        look: &Look,
        message: &message::Delivery,
        fate: Fate,
    ) -> Result<(), QueueError> {
        if fate == Fate::Retried {
            let again = again(message)?;
            self.inner.publisher.publish(&[again]).await?;
        }
        look.forget(message).await
    }

    async fn look(&self) -> Result<Look, QueueError> {
        let channel = self.inner.consumer.another_channel().await?;
        let patience = self.inner.consumer.patience();
        Ok(Look { channel, patience })
    }
}

/// A walk through the parked messages: what was only looked at goes back when it ends.
struct Look {
    channel: lapin::Channel,
    patience: std::time::Duration,
}

impl Look {
    async fn next(&mut self) -> Result<Option<message::Delivery>, QueueError> {
        let options = BasicGetOptions::default();
        let getting = self.channel.basic_get(topology::DEAD.into(), options);
        let got = self.bounded("look at a parked message", getting).await?;
        Ok(got.map(|got| got.delivery))
    }

    async fn find(&mut self, name: &str) -> Result<message::Delivery, QueueError> {
        for _ in 0..LOOK_MAX {
            match self.next().await? {
                Some(message) if name_of(&message) == name => return Ok(message),
                Some(_other) => {}
                None => break,
            }
        }
        let name = name.to_owned();
        Err(QueueError::NotParked { name })
    }

    async fn forget(&self, message: &message::Delivery) -> Result<(), QueueError> {
        let acking = message.acker.ack(BasicAckOptions::default());
        if self.bounded("forget a parked message", acking).await? {
            return Ok(());
        }
        let why = "the connection ended meanwhile".to_owned();
        Err(QueueError::Unreachable { why })
    }

    async fn close(self) {
        let closing = self.channel.close(200, "looked".into());
        // A channel that cannot be closed ends with its connection.
        if let Err(error) = self.bounded("close a channel", closing).await {
            tracing::debug!(%error, "a look at parked messages did not end well");
        }
    }

    async fn bounded<T>(
        &self,
        what: &'static str,
        work: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, QueueError> {
        let patience = self.patience;
        match timeout(patience, work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(super::fault::meaning(&error, super::fault::During::Use)),
            Err(_elapsed) => Err(QueueError::TimedOut { what, patience }),
        }
    }
}

/// Something that is no wake-up, on its way to the parked messages.
pub(super) fn poison(stage: Stage, cause: Cause, message: message::Delivery) -> Outgoing {
    let mut headers = kept_headers(message.properties.headers().as_ref());
    mark(&mut headers, stage, cause);
    let mut body = message.data;
    if body.len() > KEPT_BYTES_MAX {
        let bytes = AMQPValue::LongLongInt(body.len() as i64);
        headers.insert(CUT_FROM.into(), bytes);
        body.truncate(KEPT_BYTES_MAX);
    }
    // An expiry would let it vanish, and the broker refuses a user id that is not ours.
    let kept = &message.properties;
    let mut properties = wire::persistent().with_headers(headers);
    if let Some(kind) = kept.content_type() {
        properties = properties.with_content_type(kind.clone());
    }
    if let Some(id) = kept.message_id() {
        properties = properties.with_message_id(id.clone());
    }
    if let Some(kind) = kept.kind() {
        properties = properties.with_type(kind.clone());
    }
    if let Some(at) = kept.timestamp() {
        properties = properties.with_timestamp(*at);
    }
    parked(properties, body)
}

/// A wake-up that nobody can follow, on its way to the parked messages.
pub(super) fn wake_up(stage: Stage, cause: Cause, message: Message) -> Outgoing {
    let mut headers = FieldTable::default();
    mark(&mut headers, stage, cause);
    let properties = wire::properties(0).with_headers(headers);
    parked(properties, wire::body(message))
}

fn parked(properties: BasicProperties, body: Vec<u8>) -> Outgoing {
    Outgoing {
        exchange: topology::DEAD,
        routing_key: String::new(),
        properties,
        body,
    }
}

/// What a person may want to see of foreign headers, bounded: without those that would have the
/// broker route the message elsewhere too.
fn kept_headers(foreign: Option<&FieldTable>) -> FieldTable {
    let mut kept = FieldTable::default();
    let all = foreign.iter().flat_map(|headers| headers.inner());
    let plain = all.filter(|(name, value)| {
        let name = name.as_str();
        let short = match value {
            AMQPValue::LongString(text) => text.as_bytes().len() <= HEADER_BYTES_MAX,
            AMQPValue::Boolean(_) | AMQPValue::Timestamp(_) | AMQPValue::ShortString(_) => true,
            _ => wire::whole(value).is_some(),
        };
        short && name != "CC" && name != "BCC"
    });
    for (name, value) in plain.take(HEADERS_MAX) {
        kept.insert(name.clone(), value.clone());
    }
    kept
}

fn mark(headers: &mut FieldTable, stage: Stage, cause: Cause) {
    for (header, value) in [(CAUSE, cause.code()), (KEY, stage.word())] {
        headers.insert(header.into(), AMQPValue::LongString(value.into()));
    }
}

/// A parked message on its way back, as if it were new.
fn again(message: &message::Delivery) -> Result<Outgoing, QueueError> {
    let refuse = |why| {
        let name = name_of(message);
        Err(QueueError::NotRetryable { name, why })
    };
    let headers = message.properties.headers().clone().unwrap_or_default();
    if headers.contains_key(CUT_FROM) {
        return refuse("only its beginning was kept");
    }
    let Some(stage) = stage_of(message) else {
        return refuse("the queue that it came from is not known");
    };
    let properties = message
        .properties
        .clone()
        .with_headers(FieldTable::default());
    Ok(Outgoing {
        exchange: topology::WORK,
        routing_key: stage.word().to_owned(),
        properties,
        body: message.data.clone(),
    })
}

fn describe(message: &message::Delivery) -> ParkedMessage {
    let headers = message.properties.headers().clone().unwrap_or_default();
    let cause = wire::text(&headers, CAUSE).or_else(|| last_death(&headers, "reason"));
    let bytes = wire::number(&headers, CUT_FROM);
    ParkedMessage {
        name: name_of(message),
        cause: cause.unwrap_or_else(|| "unknown".to_owned()),
        stage: stage_of(message),
        published_at: *message.properties.timestamp(),
        bytes: bytes.map_or(message.data.len() as u64, i64::unsigned_abs),
        body: String::from_utf8_lossy(&message.data).into_owned(),
    }
}

fn name_of(message: &message::Delivery) -> String {
    let id = message.properties.message_id().as_ref();
    match id.map(ShortString::as_str) {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => {
            let digest = Sha256::digest(&message.data);
            let head = digest.iter().take(8);
            format!(
                "{:016x}",
                head.fold(0, |head, byte| head << 8 | u64::from(*byte))
            )
        }
    }
}

fn stage_of(message: &message::Delivery) -> Option<Stage> {
    let headers = message.properties.headers().as_ref()?;
    let key = wire::text(headers, KEY).or_else(|| last_death(headers, "queue"))?;
    topology::stage(&key)
}

fn last_death(headers: &FieldTable, field: &str) -> Option<String> {
    let AMQPValue::FieldArray(deaths) = headers.inner().get(DEATHS)? else {
        return None;
    };
    match deaths.as_slice().first()? {
        AMQPValue::FieldTable(death) => wire::text(death, field),
        _ => None,
    }
}
