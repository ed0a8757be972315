//! Messages as they lie in the broker: a small JSON text of a version, with properties.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::job::JobId;
use crate::queue::{Cause, Message};

/// A wake-up as its JSON text says it: look at this job.
///
/// Readers refuse other versions and ignore fields that they do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "faxmill.wake-up")]
pub struct WakeUp {
    /// The version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The job to look at.
    #[schemars(with = "Uuid")]
    pub job: JobId,
    /// Calls dialed when it was written: tells apart the wake-ups of one job.
    pub attempt: u32,
}

const VERSION: u32 = 1;

/// Longest text that is looked at, in bytes: a wake-up has about a hundred.
const BYTES_MAX: usize = 4096;

const CONTENT_TYPE: &str = "application/json";

/// How often a message was handed out before it went through a delay queue.
const DELIVERIES: &str = "x-faxmill-deliveries";

/// The broker's own count of deliveries that were not settled.
const DELIVERY_COUNT: &str = "x-delivery-count";

/// The JSON schema of a wake-up, as `docs/schemas/wake-up.json` shows it.
pub fn wake_up_schema() -> serde_json::Value {
    schemars::schema_for!(WakeUp).into()
}

/// A wake-up's text.
pub(super) fn body(message: Message) -> Vec<u8> {
    let wake_up = WakeUp {
        version: VERSION,
        job: message.job_id,
        attempt: message.attempt,
    };
    // Two numbers and a UUID always have a JSON form.
    serde_json::to_vec(&wake_up).expect("a wake-up can be written as JSON")
}

/// A wake-up's properties; `deliveries` is how often it was handed out before.
pub(super) fn properties(deliveries: u32) -> BasicProperties {
    let mut headers = FieldTable::default();
    if deliveries > 0 {
        headers.insert(DELIVERIES.into(), AMQPValue::LongLongInt(deliveries.into()));
    }
    persistent()
        .with_type("faxmill.wake-up".into())
        .with_message_id(Uuid::now_v7().to_string().into())
        .with_headers(headers)
}

/// Properties of anything we publish: it outlives the broker and tells its age.
pub(super) fn persistent() -> BasicProperties {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    BasicProperties::default()
        .with_content_type(CONTENT_TYPE.into())
        .with_delivery_mode(2)
        .with_app_id("faxmill".into())
        .with_timestamp(now.unwrap_or(Duration::ZERO).as_secs())
}

/// Reads a message; what is not a wake-up is told by its cause.
pub(super) fn parse(properties: &BasicProperties, data: &[u8]) -> Result<Message, Cause> {
    if data.len() > BYTES_MAX {
        return Err(Cause::TooLarge);
    }
    let content_type = properties.content_type().as_ref();
    if content_type.map(ShortString::as_str) != Some(CONTENT_TYPE) {
        return Err(Cause::ContentType);
    }
    let value: serde_json::Value = serde_json::from_slice(data).map_err(|_| Cause::NotJson)?;
    if value.get("version").and_then(serde_json::Value::as_u64) != Some(VERSION.into()) {
        return Err(Cause::Version);
    }
    let wake_up: WakeUp = serde_json::from_value(value).map_err(|_| Cause::Fields)?;
    Ok(Message {
        job_id: wake_up.job,
        attempt: wake_up.attempt,
    })
}

/// How often a message was handed out, this time included.
pub(super) fn deliveries(properties: &BasicProperties) -> u32 {
    let headers = properties.headers().as_ref();
    let count = |name| {
        headers
            .and_then(|headers| number(headers, name))
            .unwrap_or(0)
    };
    let times = count(DELIVERIES)
        .saturating_add(count(DELIVERY_COUNT))
        .saturating_add(1);
    u32::try_from(times).unwrap_or(u32::MAX)
}

/// A header that is a whole number of any width.
pub(super) fn number(headers: &FieldTable, name: &str) -> Option<i64> {
    whole(headers.inner().get(name)?)
}

/// A whole number of any width.
pub(super) fn whole(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::ShortShortInt(value) => Some((*value).into()),
        AMQPValue::ShortShortUInt(value) => Some((*value).into()),
        AMQPValue::ShortInt(value) => Some((*value).into()),
        AMQPValue::ShortUInt(value) => Some((*value).into()),
        AMQPValue::LongInt(value) => Some((*value).into()),
        AMQPValue::LongUInt(value) => Some((*value).into()),
        AMQPValue::LongLongInt(value) => Some(*value),
        _ => None,
    }
}

/// A header that is text.
pub(super) fn text(headers: &FieldTable, name: &str) -> Option<String> {
    match headers.inner().get(name)? {
        AMQPValue::LongString(value) => Some(value.to_string()),
        AMQPValue::ShortString(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message {
            job_id: JobId::from_uuid(Uuid::now_v7()),
            attempt: 3,
        }
    }

    #[test]
    fn a_wake_up_is_read_as_it_was_written() {
        let written = message();
        let read = parse(&properties(0), &body(written));
        assert_eq!(read, Ok(written));
        assert_eq!(deliveries(&properties(0)), 1);
        assert_eq!(deliveries(&properties(4)), 5);
    }

    #[test]
    fn the_published_schema_is_that_of_what_is_written() {
        let published = include_str!("../../../docs/schemas/wake-up.json");
        let schema = wake_up_schema();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        assert_eq!(
            text, published,
            "write this to docs/schemas/wake-up.json:\n{text}"
        );
        let written: serde_json::Value = serde_json::from_slice(&body(message())).unwrap();
        let names = |value: &serde_json::Value| -> Vec<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        let described = sorted(names(&schema["properties"]));
        assert_eq!(described, sorted(names(&written)));
    }

    #[test]
    fn what_is_not_a_wake_up_is_told_by_its_cause() {
        let good = properties(0);
        let job = message().job_id;
        for (text, cause) in [
            ("{".to_owned(), Cause::NotJson),
            ("[]".to_owned(), Cause::Version),
            (
                format!(r#"{{"version":2,"job":"{job}","attempt":0}}"#),
                Cause::Version,
            ),
            (
                r#"{"version":1,"job":"letter","attempt":0}"#.to_owned(),
                Cause::Fields,
            ),
            (
                format!(r#"{{"version":1,"job":"{job}","attempt":-1}}"#),
                Cause::Fields,
            ),
            ("[".repeat(4096), Cause::NotJson),
            (" ".repeat(4097), Cause::TooLarge),
        ] {
            assert_eq!(parse(&good, text.as_bytes()), Err(cause), "{text:.60}");
        }
        let other = BasicProperties::default().with_content_type("text/plain".into());
        assert_eq!(parse(&other, &body(message())), Err(Cause::ContentType));
        let none = BasicProperties::default();
        assert_eq!(parse(&none, &body(message())), Err(Cause::ContentType));
    }
}
