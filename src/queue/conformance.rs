//! What every queue must do, whatever it stands on.
//!
//! Each function is one promise and panics where a queue breaks it.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::job::{JobId, Stage};
use crate::queue::{Delivery, Message, Queue, Requeue, Settled};

/// Long enough for anything that is going to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Holds empty queues to every promise.
///
/// `hasty` is where the scenarios take place in which a message in hand is lost and comes back:
/// either it hides what it handed out for a moment only, or `lose` makes it lose what it has, as
/// when its connection is cut. `queue` loses nothing for longer than any machine is slow.
///
/// # Panics
/// Where a queue breaks a promise.
pub async fn all(queue: Arc<dyn Queue>, hasty: Arc<dyn Queue>, lose: impl Fn()) {
    a_message_comes_to_the_queue_it_was_sent_to(&*queue).await;
    messages_come_in_order(&*queue).await;
    a_batch_comes_whole_and_in_order(&*queue).await;
    a_message_is_handed_to_one_receiver(Arc::clone(&queue)).await;
    a_message_given_back_comes_again(&*queue).await;
    a_message_that_is_not_settled_comes_again(&*hasty, &lose).await;
    a_late_settlement_has_no_effect(&*hasty, &lose).await;
    a_delayed_message_comes_after_its_delay(&*queue).await;
    a_wake_up_during_work_is_not_swallowed(&*queue).await;
    a_delayed_wake_up_during_work_is_not_swallowed(&*hasty).await;
    a_waiting_receiver_is_woken(queue).await;
}

#[track_caller]
fn ok<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the queue refused what it must do: {error}"),
    }
}

fn message() -> Message {
    Message {
        job_id: JobId::from_uuid(Uuid::now_v7()),
        attempt: 0,
    }
}

async fn publish(queue: &dyn Queue, stage: Stage) -> Message {
    let message = message();
    ok(queue.publish(stage, message, None).await);
    message
}

async fn receive(queue: &dyn Queue, stage: Stage) -> Delivery {
    ok(queue.receive(stage, PATIENCE).await).expect("a published message comes")
}

async fn is_empty(queue: &dyn Queue, stage: Stage) -> bool {
    ok(queue.receive(stage, Duration::ZERO).await).is_none()
}

async fn a_message_comes_to_the_queue_it_was_sent_to(queue: &dyn Queue) {
    let sent = publish(queue, Stage::Convert).await;
    assert!(is_empty(queue, Stage::Transmit).await);
    assert_eq!(ok(queue.depth(Stage::Convert).await), 1);
    let delivery = receive(queue, Stage::Convert).await;
    assert_eq!((delivery.message, delivery.deliveries), (sent, 1));
    assert_eq!(ok(queue.ack(&delivery).await), Settled::Done);
    assert!(is_empty(queue, Stage::Convert).await);
    assert_eq!(ok(queue.depth(Stage::Convert).await), 0);
}

async fn messages_come_in_order(queue: &dyn Queue) {
    let mut sent = Vec::new();
    for _ in 0..5 {
        sent.push(publish(queue, Stage::Convert).await);
    }
    for message in sent {
        let delivery = receive(queue, Stage::Convert).await;
        assert_eq!(delivery.message, message);
        ok(queue.ack(&delivery).await);
    }
}

async fn a_batch_comes_whole_and_in_order(queue: &dyn Queue) {
    let sent: Vec<_> = (0..300).map(|_| (Stage::Convert, message())).collect();
    ok(queue.publish_batch(&sent).await);
    ok(queue.publish_batch(&[]).await);
    for (_, message) in sent {
        let delivery = receive(queue, Stage::Convert).await;
        assert_eq!(delivery.message, message);
        ok(queue.ack(&delivery).await);
    }
    assert!(is_empty(queue, Stage::Convert).await);
}

async fn a_message_is_handed_to_one_receiver(queue: Arc<dyn Queue>) {
    const MESSAGES: usize = 100;
    for _ in 0..MESSAGES {
        publish(&*queue, Stage::Transmit).await;
    }
    let receivers: Vec<_> = (0..8)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while let Some(next) = ok(queue.receive(Stage::Transmit, Duration::ZERO).await) {
                    assert_eq!(ok(queue.ack(&next).await), Settled::Done);
                    taken.push(next.message.job_id);
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for receiver in receivers {
        taken.extend(ok(receiver.await));
    }
    assert_eq!(taken.len(), MESSAGES);
    assert_eq!(taken.into_iter().collect::<HashSet<_>>().len(), MESSAGES);
}

async fn a_message_given_back_comes_again(queue: &dyn Queue) {
    let sent = publish(queue, Stage::Convert).await;
    let first = receive(queue, Stage::Convert).await;
    assert!(
        is_empty(queue, Stage::Convert).await,
        "it is in a worker's hands"
    );
    ok(queue.nack(&first, Requeue::After(Duration::ZERO)).await);
    let second = receive(queue, Stage::Convert).await;
    assert_eq!((second.message, second.deliveries), (sent, 2));
    assert_eq!(ok(queue.nack(&second, Requeue::Drop).await), Settled::Done);
    assert!(is_empty(queue, Stage::Convert).await);
}

async fn a_message_that_is_not_settled_comes_again(queue: &dyn Queue, lose: impl Fn()) {
    let sent = publish(queue, Stage::Convert).await;
    let first = receive(queue, Stage::Convert).await;
    lose();
    let again = receive(queue, Stage::Convert).await;
    assert_eq!(
        (again.message, again.deliveries),
        (sent, first.deliveries + 1)
    );
    assert_eq!(ok(queue.ack(&again).await), Settled::Done);
}

async fn a_late_settlement_has_no_effect(queue: &dyn Queue, lose: impl Fn()) {
    publish(queue, Stage::Convert).await;
    let late = receive(queue, Stage::Convert).await;
    lose();
    let again = receive(queue, Stage::Convert).await;
    assert_eq!(ok(queue.ack(&late).await), Settled::Late);
    assert_eq!(
        ok(queue.nack(&late, Requeue::After(Duration::ZERO)).await),
        Settled::Late
    );
    assert_eq!(ok(queue.ack(&again).await), Settled::Done);
    assert_eq!(ok(queue.ack(&again).await), Settled::Late);
}

async fn a_delayed_message_comes_after_its_delay(queue: &dyn Queue) {
    let delayed = message();
    let delay = Duration::from_millis(200);
    let sent = std::time::Instant::now();
    ok(queue.publish(Stage::Convert, delayed, Some(delay)).await);
    let delivery = receive(queue, Stage::Convert).await;
    // The queue counts whole milliseconds of a clock of its own.
    assert!(sent.elapsed() + Duration::from_millis(2) >= delay);
    assert_eq!(delivery.message, delayed);
    ok(queue.ack(&delivery).await);
}

/// The message in hand may have been looked at too early: one that is published meanwhile for the
/// same job must come by itself, even if both are the same to a reader.
async fn a_wake_up_during_work_is_not_swallowed(queue: &dyn Queue) {
    let sent = publish(queue, Stage::Convert).await;
    let in_hand = receive(queue, Stage::Convert).await;
    ok(queue.publish(Stage::Convert, sent, None).await);
    assert_eq!(ok(queue.ack(&in_hand).await), Settled::Done);
    let second = receive(queue, Stage::Convert).await;
    assert_eq!(second.message, sent);
    ok(queue.ack(&second).await);
    assert!(is_empty(queue, Stage::Convert).await);
}

/// Also one that comes after the message in hand would have come again.
async fn a_delayed_wake_up_during_work_is_not_swallowed(queue: &dyn Queue) {
    let sent = publish(queue, Stage::Convert).await;
    let in_hand = receive(queue, Stage::Convert).await;
    ok(queue
        .publish(Stage::Convert, sent, Some(Duration::from_millis(200)))
        .await);
    assert_eq!(ok(queue.ack(&in_hand).await), Settled::Done);
    let second = receive(queue, Stage::Convert).await;
    assert_eq!((second.message, second.deliveries), (sent, 1));
    ok(queue.ack(&second).await);
}

async fn a_waiting_receiver_is_woken(queue: Arc<dyn Queue>) {
    let waiting = {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move { receive(&*queue, Stage::Transcode).await })
    };
    tokio::task::yield_now().await;
    let sent = publish(&*queue, Stage::Transcode).await;
    let delivery = ok(waiting.await);
    assert_eq!(delivery.message, sent);
    ok(queue.ack(&delivery).await);
}
