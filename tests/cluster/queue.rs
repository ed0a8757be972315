//! The queue on `RabbitMQ`.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use faxmill::job::{JobId, Stage};
use faxmill::queue::{
    Cause, Message, Queue, QueueError, RabbitOptions, RabbitQueue, Requeue, Selection, Settled,
};
use lapin::options::{BasicPublishOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use uuid::Uuid;

use crate::servers::proxy::Proxy;
use crate::servers::rabbitmq::{self, RabbitMq};

pub(crate) static RABBITMQ: LazyLock<RabbitMq> = LazyLock::new(RabbitMq::start);

const PATIENCE: Duration = Duration::from_secs(60);

async fn open(options: &RabbitOptions) -> Arc<RabbitQueue> {
    let queue = RabbitQueue::new(options);
    queue.ready().await.expect("it connects");
    Arc::new(queue)
}

fn message() -> Message {
    Message {
        job_id: JobId::from_uuid(Uuid::now_v7()),
        attempt: 0,
    }
}

/// A program that knows nothing of us.
async fn stranger(port: u16, vhost: &str) -> (Connection, Channel) {
    let password = rabbitmq::PASSWORD.replace(' ', "%20");
    let url = format!("amqp://faxmill:{password}@127.0.0.1:{port}/{vhost}");
    let connection = Connection::connect(&url, ConnectionProperties::default());
    let connection = connection.await.expect("it connects");
    let channel = connection.create_channel().await.expect("a channel");
    (connection, channel)
}

/// Publishes until the broker has confirmed it; every error on the way passes by itself.
async fn insist(queue: &RabbitQueue, message: Message) {
    let started = Instant::now();
    while let Err(error) = queue.publish(Stage::Convert, message, None).await {
        assert!(error.is_transient(), "{error}");
        assert!(started.elapsed() < PATIENCE, "{error}");
    }
}

/// Takes until every one of these was there.
async fn take_all(queue: &RabbitQueue, expected: &[Message]) {
    let started = Instant::now();
    let mut missing: std::collections::HashSet<_> = expected.iter().copied().collect();
    while !missing.is_empty() {
        assert!(started.elapsed() < PATIENCE, "{} are lost", missing.len());
        match queue.receive(Stage::Convert, Duration::from_secs(5)).await {
            Ok(Some(delivery)) => {
                queue.ack(&delivery).await.expect("settled");
                missing.remove(&delivery.message);
            }
            Ok(None) => {}
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rabbitmq_queue_keeps_every_promise() {
    let vhost = RABBITMQ.vhost();
    let queue = open(&RABBITMQ.options(&vhost)).await;
    let proxy = Proxy::to(RABBITMQ.port);
    let hasty = open(&rabbitmq::options(proxy.port, &RABBITMQ.vhost())).await;
    faxmill::queue::conformance::all(queue, hasty, || proxy.cut()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_for_which_there_is_no_queue_is_an_error_until_the_queue_is_declared_again() {
    let vhost = RABBITMQ.vhost();
    let queue = open(&RABBITMQ.options(&vhost)).await;
    let (_connection, channel) = stranger(RABBITMQ.port, &vhost).await;
    let options = QueueDeleteOptions::default();
    let deleted = channel.queue_delete("faxmill.v1.convert".into(), options);
    deleted.await.expect("deleted");

    let lost = queue.publish(Stage::Convert, message(), None).await;
    let error = lost.expect_err("nobody has it");
    assert_eq!(error.code(), "queue-unroutable", "{error}");
    let sent = message();
    queue
        .publish(Stage::Convert, sent, None)
        .await
        .expect("declared again");
    take_all(&queue, &[sent]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_nobody_can_work_on_are_parked_with_their_cause() {
    let vhost = RABBITMQ.vhost();
    let queue = open(&RABBITMQ.options(&vhost)).await;
    let (_connection, channel) = stranger(RABBITMQ.port, &vhost).await;
    let json = || BasicProperties::default().with_content_type("application/json".into());
    let text = || BasicProperties::default().with_content_type("text/plain".into());
    let future = format!(r#"{{"version":7,"job":"{}","attempt":0}}"#, Uuid::now_v7());
    let poison: Vec<(Vec<u8>, BasicProperties, &str)> = vec![
        (b"not JSON".to_vec(), json(), "not-json"),
        (future.into_bytes(), json(), "version-unknown"),
        (b"{\"version\":1}".to_vec(), json(), "fields-invalid"),
        (vec![b'x'; 10 << 20], json(), "too-large"),
        (b"{}".to_vec(), text(), "content-type"),
    ];
    for (body, properties, _) in &poison {
        let options = BasicPublishOptions::default();
        let key = "faxmill.v1.convert".into();
        let published = channel.basic_publish("".into(), key, options, body, properties.clone());
        published.await.expect("sent").await.expect("published");
    }
    let sent = message();
    insist(&queue, sent).await;
    // The wake-up behind them comes, so each of them was looked at.
    take_all(&queue, &[sent]).await;

    let mut parked = queue.parked(100).await.expect("listed");
    parked.sort_by(|a, b| a.cause.cmp(&b.cause));
    let causes: Vec<_> = parked
        .iter()
        .map(|message| message.cause.as_str())
        .collect();
    let mut expected: Vec<_> = poison.iter().map(|(_, _, cause)| *cause).collect();
    expected.sort_unstable();
    assert_eq!(causes, expected);
    let large = parked
        .iter()
        .find(|m| m.cause == "too-large")
        .expect("parked");
    assert_eq!((large.bytes, large.body.len()), (10 << 20, 64 << 10));
    assert_eq!(large.stage, Some(Stage::Convert));
    assert_eq!(queue.depth(Stage::Convert).await.expect("counted"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_message_is_shown_given_back_and_dropped() {
    let queue = open(&RABBITMQ.options(&RABBITMQ.vhost())).await;
    let lost = message();
    insist(&queue, lost).await;
    let delivery = queue
        .receive(Stage::Convert, PATIENCE)
        .await
        .expect("read")
        .expect("it comes");
    let park = Requeue::Park(Cause::JobNotFound);
    assert_eq!(
        queue.nack(&delivery, park).await.expect("parked"),
        Settled::Done
    );

    let parked = queue.parked(10).await.expect("listed");
    let [only] = &parked[..] else {
        panic!("{parked:?}")
    };
    assert_eq!(
        (only.cause.as_str(), only.stage),
        ("job-not-found", Some(Stage::Convert))
    );
    // Looking changes nothing, however often.
    for _ in 0..25 {
        assert_eq!(
            &queue.parked_message(&only.name).await.expect("shown"),
            only
        );
    }
    let name = Selection::Name(only.name.clone());
    assert_eq!(queue.retry_parked(&name).await.expect("given back"), 1);
    let error = queue.drop_parked(&name).await.expect_err("it is gone");
    assert_eq!(error.code(), "message-not-parked", "{error}");

    let delivery = queue
        .receive(Stage::Convert, PATIENCE)
        .await
        .expect("read")
        .expect("it comes");
    assert_eq!((delivery.message, delivery.deliveries), (lost, 1));
    queue.nack(&delivery, park).await.expect("parked");
    assert_eq!(
        queue.drop_parked(&Selection::All).await.expect("dropped"),
        1
    );
    assert_eq!(queue.parked_count().await.expect("counted"), 0);
}

/// A message that brings down whoever takes it is a crash each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_never_settled_is_parked_in_the_end() {
    let vhost = RABBITMQ.vhost();
    let queue = open(&RABBITMQ.options(&vhost)).await;
    // Also one that the broker has moved before, for another reason.
    let moment = Some(Duration::from_millis(1));
    let delayed = queue.publish(Stage::Convert, message(), moment).await;
    delayed.expect("published");
    for deliveries in 1..=21 {
        let delivery = queue.receive(Stage::Convert, PATIENCE).await;
        let delivery = delivery.expect("read").expect("it comes");
        assert_eq!(delivery.deliveries, deliveries);
        let at_once = Requeue::After(Duration::ZERO);
        queue.nack(&delivery, at_once).await.expect("given back");
    }
    let started = Instant::now();
    let parked = loop {
        let parked = queue.parked(10).await.expect("listed");
        if !parked.is_empty() {
            break parked;
        }
        assert!(started.elapsed() < PATIENCE, "it is nowhere");
    };
    assert_eq!(parked[0].cause, "delivery_limit");
    assert_eq!(parked[0].stage, Some(Stage::Convert));
    assert_eq!(queue.depth(Stage::Convert).await.expect("counted"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_message_keeps_count_of_its_deliveries() {
    let queue = open(&RABBITMQ.options(&RABBITMQ.vhost())).await;
    let sent = message();
    insist(&queue, sent).await;
    let delivery = queue
        .receive(Stage::Convert, PATIENCE)
        .await
        .expect("read")
        .expect("it comes");
    let given_back = Instant::now();
    let later = Requeue::After(Duration::from_millis(700));
    assert_eq!(
        queue.nack(&delivery, later).await.expect("given back"),
        Settled::Done
    );
    let again = queue
        .receive(Stage::Convert, PATIENCE)
        .await
        .expect("read")
        .expect("it comes");
    assert!(given_back.elapsed() >= Duration::from_millis(700));
    assert_eq!((again.message, again.deliveries), (sent, 2));
    queue.ack(&again).await.expect("settled");
    let forever = Duration::from_secs(1_000_000);
    let refused = queue.publish(Stage::Convert, sent, Some(forever)).await;
    assert_eq!(refused.expect_err("too long").code(), "queue-delay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_stops_waiting_leaves_the_message_to_another() {
    let options = RABBITMQ.options(&RABBITMQ.vhost());
    let (leaving, staying) = (open(&options).await, open(&options).await);
    let gone = tokio::time::timeout(
        Duration::from_millis(300),
        leaving.receive(Stage::Convert, PATIENCE),
    );
    assert!(gone.await.is_err(), "nothing was there");
    let sent = message();
    insist(&staying, sent).await;
    take_all(&staying, &[sent]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_refuses_is_told_apart_and_says_what_to_do() {
    // v0 is the one that the user `reader` may look into.
    let reader = format!("amqp://reader@127.0.0.1:{}/v0", RABBITMQ.port);
    let refused = |url: String, password: &'static str| async move {
        let options = RabbitOptions::new(&url, password).expect("a URL");
        RabbitQueue::new(&options)
            .ready()
            .await
            .expect_err("it is refused")
    };
    let error = refused(reader.clone(), "wrong").await;
    assert_eq!(error.code(), "queue-credentials", "{error}");
    assert!(!error.is_transient());
    let error = refused(reader.clone(), rabbitmq::PASSWORD).await;
    assert_eq!(error.code(), "queue-forbidden", "{error}");
    for vhost in ["missing", "v1"] {
        let error = refused(
            reader.replace("/v0", &format!("/{vhost}")),
            rabbitmq::PASSWORD,
        )
        .await;
        assert_eq!(error.code(), "queue-virtual-host", "{vhost}: {error}");
    }

    let vhost = RABBITMQ.vhost();
    let (_connection, channel) = stranger(RABBITMQ.port, &vhost).await;
    let classic = channel.queue_declare(
        "faxmill.v1.convert".into(),
        QueueDeclareOptions::durable(),
        FieldTable::default(),
    );
    classic.await.expect("declared");
    let refused = RabbitQueue::new(&RABBITMQ.options(&vhost)).ready().await;
    let error = refused.expect_err("it is refused");
    assert_eq!(error.code(), "queue-topology", "{error}");
    assert!(error.to_string().contains("faxmill.v1.convert"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_declare_everything_at_once_all_get_it() {
    let options = RABBITMQ.options(&RABBITMQ.vhost());
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let options = options.clone();
            tokio::spawn(async move { RabbitQueue::new(&options).ready().await })
        })
        .collect();
    for opened in opening {
        opened.await.expect("no panic").expect("it opens");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_swallows_everything_is_noticed_and_left() {
    let proxy = Proxy::to(RABBITMQ.port);
    let mut options = rabbitmq::options(proxy.port, &RABBITMQ.vhost());
    options.patience = Duration::from_secs(2);
    let queue = open(&options).await;
    let first = message();
    insist(&queue, first).await;
    let in_hand = queue
        .receive(Stage::Convert, PATIENCE)
        .await
        .expect("read")
        .expect("it comes");

    proxy.swallow();
    let silent = queue.publish(Stage::Convert, message(), None).await;
    let error = silent.expect_err("nobody answers");
    assert!(error.is_transient(), "{error}");
    let silent = queue
        .receive(Stage::Convert, Duration::from_millis(100))
        .await;
    let error = silent.expect_err("nobody answers");
    assert!(error.is_transient(), "{error}");

    proxy.heal();
    let second = message();
    insist(&queue, second).await;
    assert_eq!(queue.ack(&in_hand).await.expect("answered"), Settled::Late);
    // The broker notices by its heartbeats, or here by the cut, that the old connection is gone.
    proxy.cut();
    take_all(&queue, &[first, second]).await;
}

/// The broker of this test is killed, and stops reading.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_or_short_of_memory_loses_nothing_confirmed() {
    let broker = RabbitMq::start();
    let mut options = broker.options(&broker.vhost());
    options.patience = Duration::from_secs(5);
    let queue = open(&options).await;
    let mut confirmed = Vec::new();
    for n in 0..60 {
        if n == 20 {
            broker.kill();
        }
        let sent = message();
        insist(&queue, sent).await;
        confirmed.push(sent);
    }
    take_all(&queue, &confirmed[..30]).await;
    broker.kill();
    take_all(&queue, &confirmed[30..]).await;

    options.patience = Duration::from_secs(1);
    let hurried = open(&options).await;
    let waiting = message();
    insist(&hurried, waiting).await;
    broker.ctl(&["set_vm_memory_high_watermark", "0"]);
    let started = Instant::now();
    let mut refused = hurried.publish(Stage::Convert, message(), None).await;
    // The alarm may reach the connection a moment after the command returns.
    while refused.is_ok() && started.elapsed() < PATIENCE {
        refused = hurried.publish(Stage::Convert, message(), None).await;
    }
    for _ in 0..2 {
        let started = Instant::now();
        let refused = hurried.publish(Stage::Convert, message(), None).await;
        assert!(matches!(refused, Err(QueueError::Blocked)), "{refused:?}");
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    // What is there can be taken all the while.
    take_all(&hurried, &[waiting]).await;
    broker.ctl(&["set_vm_memory_high_watermark", "0.4"]);
    let sent = message();
    insist(&hurried, sent).await;
    take_all(&hurried, &[sent]).await;
}
