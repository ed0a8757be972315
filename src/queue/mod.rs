//! Wake-ups for workers: a message says "look at this job", never what the job is.
//!
//! A message may come twice, late or not at all; the job row decides, and the reaper wakes what
//! was forgotten. [`conformance`] is what every backend must pass.

pub mod conformance;
mod embedded;
mod error;
mod rabbitmq;

use std::time::Duration;

use async_trait::async_trait;

pub use embedded::{EmbeddedQueue, QueueOptions};
pub use error::QueueError;
pub use rabbitmq::{ParkedMessage, RabbitOptions, RabbitQueue, Selection, WakeUp, wake_up_schema};

use crate::job::{JobId, Stage};

/// Something to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// The job.
    pub job_id: JobId,
    /// Calls dialed when it was written: tells apart the wake-ups of one job.
    pub attempt: u32,
}

/// A message in a worker's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// The queue it came from.
    pub queue: Stage,
    /// How often it was handed out, this time included.
    pub deliveries: u32,
    /// Which message it is, in the backend's own terms.
    pub(crate) tag: i64,
    /// Which handing-out of the message this is: an older one settles nothing.
    pub(crate) receipt: i64,
}

/// Whether settling a delivery had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It had.
    Done,
    /// The message was handed to somebody else meanwhile, and will come or came again.
    Late,
}

/// What becomes of a message that a worker gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// It is handed out again after this long.
    After(Duration),
    /// It is dropped: the job row knows better.
    Drop,
    /// It is kept where people look for it, if the backend has such a place, and dropped if not.
    Park(Cause),
}

/// Why nobody can work on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// It is longer than any wake-up.
    TooLarge,
    /// Its content type is not that of a wake-up.
    ContentType,
    /// It is not JSON.
    NotJson,
    /// It is of a version that this release does not know.
    Version,
    /// A field is missing or holds something else.
    Fields,
    /// There is no such job.
    JobNotFound,
}

impl Cause {
    /// The stable code: part of the public interface.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::ContentType => "content-type",
            Self::NotJson => "not-json",
            Self::Version => "version-unknown",
            Self::Fields => "fields-invalid",
            Self::JobNotFound => "job-not-found",
        }
    }
}

/// Queues of wake-ups, one for each stage.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Makes sure that the queues can be used, to say at once what is wrong.
    async fn ready(&self) -> Result<(), QueueError>;

    /// Puts a message into a stage's queue, to be handed out after `delay`. When this returns, the
    /// queue has it.
    async fn publish(
        &self,
        queue: Stage,
        message: Message,
        delay: Option<Duration>,
    ) -> Result<(), QueueError>;

    /// Puts several messages into their queues. When this returns well, the queues have all of
    /// them; after an error any of them may be there, and all are to be published again.
    async fn publish_batch(&self, messages: &[(Stage, Message)]) -> Result<(), QueueError> {
        for (queue, message) in messages {
            self.publish(*queue, *message, None).await?;
        }
        Ok(())
    }

    /// Takes a message, or waits at most `wait` for one.
    async fn receive(&self, queue: Stage, wait: Duration) -> Result<Option<Delivery>, QueueError>;

    /// The message is dealt with.
    async fn ack(&self, delivery: &Delivery) -> Result<Settled, QueueError>;

    /// The message is given back.
    async fn nack(&self, delivery: &Delivery, requeue: Requeue) -> Result<Settled, QueueError>;

    /// Messages of a stage that wait or are in workers' hands, as far as the backend can tell:
    /// `RabbitMQ` knows of those that wait, and this process of its own.
    async fn depth(&self, queue: Stage) -> Result<u64, QueueError>;

    /// For how long the oldest message of a stage that nobody has taken could have been taken;
    /// nothing where none waits or the backend cannot tell.
    async fn oldest(&self, queue: Stage) -> Result<Option<Duration>, QueueError>;
}
