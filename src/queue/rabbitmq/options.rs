//! How a broker is reached.

use std::fmt;
use std::time::Duration;

use lapin::uri::AMQPUri;

use crate::queue::QueueError;

/// How a broker is reached.
#[derive(Clone)]
pub struct RabbitOptions {
    uri: AMQPUri,
    /// Longest time that one exchange with the broker may take, connecting included: after it the
    /// network may have swallowed the connection, and a new one is made.
    pub patience: Duration,
}

impl RabbitOptions {
    /// The usual options for `amqp[s]://USER@HOST[:PORT]/VHOST`.
    pub fn new(url: &str, password: &str) -> Result<Self, QueueError> {
        let refuse = |why: &str| QueueError::Url {
            why: why.to_owned(),
        };
        // The client would take an address in brackets for no host at all, and call localhost.
        if url.contains('[') {
            return Err(refuse("an IPv6 address cannot be used, only a name for it"));
        }
        let mut uri: AMQPUri = url.parse().map_err(|why: String| QueueError::Url { why })?;
        if !url.contains('@') {
            return Err(refuse("it names no user"));
        }
        if uri.vhost.is_empty() {
            return Err(refuse(
                "it names no virtual host: the usual one is written %2f",
            ));
        }
        password.clone_into(&mut uri.authority.userinfo.password);
        // Silence of two heartbeats means that the broker or the network is gone.
        uri.query.heartbeat = Some(10);
        Ok(Self {
            uri,
            patience: Duration::from_secs(10),
        })
    }

    /// The broker as a person may read it: without user and password.
    pub fn place(&self) -> String {
        let authority = &self.uri.authority;
        format!("{}:{}/{}", authority.host, authority.port, self.uri.vhost)
    }

    pub(super) fn uri(&self) -> AMQPUri {
        let mut uri = self.uri.clone();
        uri.query.connection_timeout = Some(self.patience.as_millis() as u64);
        uri
    }
}

/// Without the password.
impl fmt::Debug for RabbitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitOptions")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let options = RabbitOptions::new("amqps://fax@mq.example/%2f", "s3cret").unwrap();
        let shown = format!("{options:?} {}", options.place());
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("mq.example:5671//"), "{shown}");
    }

    #[test]
    fn a_url_that_names_no_user_host_or_virtual_host_is_refused() {
        for url in [
            "",
            "mq.example",
            "http://a@b/c",
            "amqp://mq.example/%2f",
            "amqp://fax@mq.example/",
            "amqp://fax@mq.example:port/%2f",
            "amqp://fax@[::1]/%2f",
        ] {
            let error = RabbitOptions::new(url, "p").expect_err(url);
            assert_eq!(error.code(), "queue-url", "{url}");
        }
    }
}
