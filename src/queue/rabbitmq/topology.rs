//! Exchanges and queues of the broker, declared by whoever connects. `docs/queue.md` shows them.
//!
//! The version is part of every name: a release that needs other properties declares new names
//! beside the old ones, which run empty.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use crate::job::Stage;

/// Topic exchange of the work queues: routing keys end in the stage's name.
pub(super) const WORK: &str = "faxmill.v1.work";

/// Topic exchange of the delay queues: routing keys are `STEP.STAGE`.
pub(super) const DELAY: &str = "faxmill.v1.delay";

/// Fan-out exchange of the queue in which messages are parked that nobody can work on, and the
/// queue's own name.
pub(super) const DEAD: &str = "faxmill.v1.dead";

/// How often a message is handed out without being settled before it is parked, less one: a stop
/// for messages that bring down whoever looks at them. Retries live in the job row.
const DELIVERY_LIMIT: i64 = 20;

/// Bounds on each queue: past them the broker refuses messages, and the outbox keeps them.
const MESSAGES_MAX: i64 = 5_000_000;
const BYTES_MAX: i64 = 4 << 30;

/// One delay queue for each, all of its messages waiting equally long. A delay in between is
/// lengthened to the next step: no message comes early.
pub(super) const DELAYS: [(&str, Duration); 7] = [
    ("1s", Duration::from_secs(1)),
    ("5s", Duration::from_secs(5)),
    ("30s", Duration::from_secs(30)),
    ("2m", Duration::from_secs(120)),
    ("10m", Duration::from_secs(600)),
    ("1h", Duration::from_secs(3600)),
    ("1d", Duration::from_secs(86_400)),
];

/// The stage that a routing key ends in.
pub(super) fn stage(routing_key: &str) -> Option<Stage> {
    let end = routing_key.rsplit('.').next()?;
    Stage::ALL.iter().copied().find(|stage| stage.word() == end)
}

/// A stage's work queue.
pub(super) fn work_queue(stage: Stage) -> ShortString {
    format!("faxmill.v1.{}", stage.word()).into()
}

/// Where a message goes that is to be handed out after `delay`: exchange and routing key.
pub(super) fn route(stage: Stage, delay: Duration) -> Option<(&'static str, String)> {
    if delay.is_zero() {
        return Some((WORK, stage.word().to_owned()));
    }
    let (step, _) = DELAYS.iter().find(|(_, length)| *length >= delay)?;
    Some((DELAY, format!("{step}.{}", stage.word())))
}

/// Every queue and what it is for, in the order in which people read of them.
pub(super) fn delay_queues() -> impl Iterator<Item = (&'static str, String)> {
    DELAYS.iter().map(|(step, _)| (*step, delay_queue(step)))
}

/// Declares everything; what is there already is left as it is, or refused if it differs.
pub(super) async fn declare(channel: &Channel) -> lapin::Result<()> {
    exchange(channel, WORK, ExchangeKind::Topic).await?;
    exchange(channel, DELAY, ExchangeKind::Topic).await?;
    exchange(channel, DEAD, ExchangeKind::Fanout).await?;

    // Nothing is dropped from here by itself: not by age, and not for having been looked at often.
    let mut dead = bounded();
    set(&mut dead, "x-delivery-limit", i64::from(i32::MAX));
    queue(channel, DEAD, dead, DEAD, "").await?;

    for stage in Stage::ALL {
        let mut arguments = bounded();
        set(&mut arguments, "x-delivery-limit", DELIVERY_LIMIT);
        dead_letters_to(&mut arguments, DEAD);
        let name = work_queue(*stage);
        let binding = format!("#.{}", stage.word());
        queue(channel, name.as_str(), arguments, WORK, &binding).await?;
    }
    for (step, length) in DELAYS {
        let mut arguments = bounded();
        set(&mut arguments, "x-message-ttl", length.as_millis() as i64);
        dead_letters_to(&mut arguments, WORK);
        let binding = format!("{step}.*");
        queue(channel, &delay_queue(step), arguments, DELAY, &binding).await?;
    }
    Ok(())
}

fn delay_queue(step: &str) -> String {
    format!("faxmill.v1.delay.{step}")
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(name.into(), kind, options, FieldTable::default())
        .await
}

async fn queue(
    channel: &Channel,
    name: &str,
    arguments: FieldTable,
    exchange: &str,
    binding: &str,
) -> lapin::Result<()> {
    channel
        .queue_declare(name.into(), QueueDeclareOptions::durable(), arguments)
        .await?;
    channel
        .queue_bind(
            name.into(),
            exchange.into(),
            binding.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
}

/// A replicated queue that refuses messages past its bounds instead of dropping old ones.
fn bounded() -> FieldTable {
    let mut arguments = FieldTable::default();
    say(&mut arguments, "x-queue-type", "quorum");
    say(&mut arguments, "x-overflow", "reject-publish");
    set(&mut arguments, "x-max-length", MESSAGES_MAX);
    set(&mut arguments, "x-max-length-bytes", BYTES_MAX);
    arguments
}

/// A message leaves the queue only when the other one has confirmed it.
fn dead_letters_to(arguments: &mut FieldTable, exchange: &str) {
    say(arguments, "x-dead-letter-exchange", exchange);
    say(arguments, "x-dead-letter-strategy", "at-least-once");
}

fn say(arguments: &mut FieldTable, key: &str, value: &str) {
    arguments.insert(key.into(), AMQPValue::LongString(value.into()));
}

fn set(arguments: &mut FieldTable, key: &str, value: i64) {
    arguments.insert(key.into(), AMQPValue::LongLongInt(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_never_shortened() {
        for ms in [1, 999, 1000, 1001, 4_000, 29_999, 3_600_001, 86_400_000] {
            let delay = Duration::from_millis(ms);
            let (_, key) = route(Stage::Convert, delay).unwrap();
            let step = key.split('.').next().unwrap();
            let (_, length) = DELAYS.iter().find(|(name, _)| *name == step).unwrap();
            assert!(*length >= delay, "{ms} ms in {key}");
        }
        assert!(route(Stage::Convert, Duration::from_secs(86_401)).is_none());
    }

    #[test]
    fn a_routing_key_tells_its_stage_whatever_way_it_went() {
        for stage in Stage::ALL {
            assert_eq!(super::stage(stage.word()), Some(*stage));
            let (_, delayed) = route(*stage, Duration::from_secs(3)).unwrap();
            assert_eq!(super::stage(&delayed), Some(*stage));
        }
        assert_eq!(super::stage("faxmill.v1.transmit"), Some(Stage::Transmit));
        assert_eq!(super::stage("elsewhere"), None);
    }
}
