//! What the errors of the broker and its client mean.

use lapin::ErrorKind;

use crate::queue::QueueError;

/// What was being done when the error came: the broker's codes mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum During {
    /// Logging in and opening the virtual host.
    Login,
    /// Anything later.
    Use,
}

/// The error in our own words. Codes: AMQP 0-9-1, *Constants*.
pub(super) fn meaning(error: &lapin::Error, during: During) -> QueueError {
    let why = error.to_string();
    let ErrorKind::ProtocolError(protocol) = error.kind() else {
        return match error.kind() {
            ErrorKind::IOError(_)
            | ErrorKind::MissingHeartbeatError
            | ErrorKind::InvalidConnectionState(_)
            | ErrorKind::InvalidChannelState(..)
            | ErrorKind::InvalidChannel(_) => QueueError::Unreachable { why },
            _ => QueueError::Other { why },
        };
    };
    let why = protocol.get_message().to_string();
    match (protocol.get_id(), during) {
        // access-refused
        (403, During::Login) => QueueError::Credentials { why },
        (403, During::Use) => QueueError::Forbidden { why },
        // not-allowed, which RabbitMQ answers for a virtual host
        (530, During::Login) => QueueError::VirtualHost { why },
        // precondition-failed also says that a delivery was held for too long
        (406, _) if why.contains("inequivalent arg") => QueueError::Topology { why },
        // connection-forced (a shutdown), not-found (a queue that was deleted), internal-error and
        // what else is over with a new connection
        _ => QueueError::Unreachable { why },
    }
}
