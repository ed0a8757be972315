//! What can go wrong with a queue, in words that tell a person what to do.

use std::time::Duration;

use crate::job::Reason;
use crate::store::StoreError;

/// What can go wrong with a queue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The database that holds the embedded queue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The URL of a broker cannot be used.
    #[error("{why}: write amqp://USER@HOST:PORT/VHOST, or amqps:// for TLS")]
    Url {
        /// What is wrong with it.
        why: String,
    },
    /// The connection to the broker was lost, or nothing answers there.
    #[error(
        "the message broker cannot be reached ({why}): check that RabbitMQ runs and the network \
         to it; what was being published may or may not have arrived, so publish it again"
    )]
    Unreachable {
        /// What the connection said.
        why: String,
    },
    /// The broker did not answer in time; the connection is made anew.
    #[error(
        "the message broker did not answer within {patience:?} ({what}): it may be overloaded or \
         the network to it dead; the connection is made anew, so try again"
    )]
    TimedOut {
        /// What was asked of it.
        what: &'static str,
        /// How long it was given.
        patience: Duration,
    },
    /// The broker takes no messages, because it is short of memory or disk.
    #[error(
        "the message broker takes no messages: it is short of memory or disk (rabbitmqctl status \
         shows its alarms); nothing was lost, try again"
    )]
    Blocked,
    /// The broker refused a message, because the queue is full.
    #[error(
        "the queue {queue} took no message: it is at its bound, or has lost the majority of its \
         nodes; start more workers or bring its nodes back, nothing was lost"
    )]
    Full {
        /// The exchange and routing key.
        queue: String,
    },
    /// The broker has no queue for a message.
    #[error(
        "the message broker has no queue for {queue}: somebody deleted the queue or its binding; \
         both are declared again with the next connection, so try again"
    )]
    Unroutable {
        /// The exchange and routing key.
        queue: String,
    },
    /// Wrong user or password.
    #[error(
        "the message broker refused user and password ({why}): correct queue.url and \
         queue.password_file"
    )]
    Credentials {
        /// What the broker said.
        why: String,
    },
    /// No such virtual host, or not for this user.
    #[error(
        "the virtual host cannot be used ({why}): make it (rabbitmqctl add_vhost) and let the user \
         in (rabbitmqctl set_permissions), or correct the end of queue.url"
    )]
    VirtualHost {
        /// What the broker said.
        why: String,
    },
    /// The user may not do this.
    #[error(
        "the message broker's user lacks permission ({why}): grant configure, write and read on \
         faxmill.* (rabbitmqctl set_permissions -p VHOST USER '^faxmill\\.' '^faxmill\\.' \
         '^faxmill\\.')"
    )]
    Forbidden {
        /// What the broker said.
        why: String,
    },
    /// A queue or exchange of the name exists with other properties.
    #[error(
        "a queue or exchange of the message broker is there already, but declared differently \
         ({why}): let its messages run out and delete it; it is declared again as docs/queue.md \
         says"
    )]
    Topology {
        /// What the broker said.
        why: String,
    },
    /// A delay longer than any delay queue has.
    #[error("a message cannot be delayed by {asked:?}: the longest delay is {longest:?}")]
    Delay {
        /// What was asked for.
        asked: Duration,
        /// The longest that there is.
        longest: Duration,
    },
    /// No parked message of this name.
    #[error("no parked message is called {name}: `faxmill dead-letters list` names them")]
    NotParked {
        /// The name asked for.
        name: String,
    },
    /// A parked message that cannot be given back.
    #[error("the parked message {name} cannot be given back: {why}; drop it")]
    NotRetryable {
        /// Its name.
        name: String,
        /// What stands against it.
        why: &'static str,
    },
    /// Anything else that the broker or the client reports.
    #[error("the message broker failed: {why}")]
    Other {
        /// What it said.
        why: String,
    },
}

impl QueueError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Url { .. } => "queue-url",
            Self::Unreachable { .. } => "queue-unreachable",
            Self::TimedOut { .. } => "queue-timed-out",
            Self::Blocked => "queue-blocked",
            Self::Full { .. } => "queue-full",
            Self::Unroutable { .. } => "queue-unroutable",
            Self::Credentials { .. } => "queue-credentials",
            Self::VirtualHost { .. } => "queue-virtual-host",
            Self::Forbidden { .. } => "queue-forbidden",
            Self::Topology { .. } => "queue-topology",
            Self::Delay { .. } => "queue-delay",
            Self::NotParked { .. } => "message-not-parked",
            Self::NotRetryable { .. } => "message-not-retryable",
            Self::Other { .. } => "queue-failed",
        }
    }

    /// The reason of a job that ends by it.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Store(error) => error.reason(),
            _ => Reason::StorageFailed,
        }
    }

    /// Whether the same call may succeed a little later.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Blocked
            | Self::Full { .. }
            | Self::Unroutable { .. } => true,
            _ => false,
        }
    }
}
