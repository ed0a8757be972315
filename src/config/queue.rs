//! Where wake-ups are queued, as it is typed and as it is meant.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::raw::field;
use super::secret::Secret;

/// A message broker. Without one, the queues lie in the job store's own database.
#[derive(Clone, Debug)]
pub struct Broker {
    /// `amqp[s]://USER@HOST[:PORT]/VHOST`, without the password.
    pub url: String,
    /// The password.
    pub password: Secret,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQueue {
    url: String,
    password_file: Option<PathBuf>,
}

impl RawQueue {
    pub(super) fn of(broker: &Broker) -> Self {
        Self {
            url: broker.url.clone(),
            password_file: broker.password.file(),
        }
    }

    pub(super) fn check(self) -> Result<Broker, ConfigError> {
        // What is typed may hold a password, so it is not repeated.
        let refuse = |what: &str| Err(field("queue.url", what));
        let scheme = self.url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("amqp" | "amqps")) {
            return refuse(
                "it must be amqp://USER@HOST:PORT/VHOST, or amqps:// for TLS; leave [queue] out to \
                 queue in the job store",
            );
        }
        let (url, password) = Secret::of_url("queue.url", &self.url)?;
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let place = match rest.split_once('@') {
            Some((user, place)) if !user.is_empty() => place,
            _ => return refuse("it names no user: write amqp://USER@HOST:PORT/VHOST"),
        };
        if place
            .split_once('/')
            .is_none_or(|(_, vhost)| vhost.is_empty())
        {
            return refuse("it names no virtual host: write %2f after the host for the usual one");
        }
        let password = match (password, self.password_file) {
            (Some(_), Some(_)) => {
                return Err(field(
                    "queue.password_file",
                    "the URL holds a password too: use one of them",
                ));
            }
            (None, Some(file)) => Secret::read("queue.password_file", &file)?,
            (Some(password), None) => password,
            (None, None) => {
                return Err(field(
                    "queue.password_file",
                    "name the file that holds the broker's password",
                ));
            }
        };
        Ok(Broker { url, password })
    }
}
