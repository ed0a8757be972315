//! The service with its queue on `RabbitMQ`, and the commands that look after the broker.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use faxmill::job::{JobId, Stage};
use faxmill::queue::{Message, Queue as _, RabbitQueue};
use serde_json::Value;
use uuid::Uuid;

use crate::queue::RABBITMQ;
use crate::servers::rabbitmq::PASSWORD;

const PROGRAM: &str = env!("CARGO_BIN_EXE_faxmill");

fn configure(folder: &Path, vhost: &str) {
    fs::write(folder.join("password"), PASSWORD).expect("written");
    let place = folder.display();
    let port = RABBITMQ.port;
    let text = format!(
        "data_folder = \"{place}/data\"\n[timing]\nsweep_milliseconds = 50\n\
         [queue]\nurl = \"amqp://faxmill@127.0.0.1:{port}/{vhost}\"\n\
         password_file = \"{place}/password\"\n"
    );
    fs::write(folder.join("faxmill.toml"), text).expect("written");
}

fn faxmill(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg("--json")
        .arg("--config")
        .arg(folder.join("faxmill.toml"));
    command
}

/// Runs a command and gives its lines, and whether it ended well.
fn run(folder: &Path, arguments: &[&str]) -> (bool, Vec<Value>) {
    let output = faxmill(folder).args(arguments).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect(line));
    (output.status.success(), lines.collect())
}

struct Worker(Child);

impl Worker {
    fn start(folder: &Path, role: &str) -> Self {
        let mut child = faxmill(folder)
            .args(["worker", role, "--supervised"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = child.stdout.take().expect("a pipe");
        let first = BufReader::new(stdout).lines().next().expect("a line");
        assert!(first.expect("text").starts_with("ready"));
        Self(child)
    }

    /// Closes its life line and waits for the end of its drain.
    fn drain(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("it ends").success());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended.
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

#[test]
fn a_recording_goes_through_workers_that_share_a_broker() {
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &RABBITMQ.vhost());
    let workers = ["relay", "transcode", "transcode"];
    let workers = workers.map(|role| Worker::start(folder.path(), role));
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/voicemail-pcm.wav");
    let (done, lines) = run(folder.path(), &["submit", "voicemail", recording, "--wait"]);
    assert!(done, "{lines:?}");
    for worker in workers {
        worker.drain();
    }
    let (_, queues) = run(folder.path(), &["queues"]);
    let waiting: Vec<_> = queues
        .iter()
        .map(|line| (line["queue"].as_str(), line["messages"].as_u64()))
        .collect();
    let empty = [
        "fax.convert",
        "fax.send",
        "voicemail.transcode",
        "delayed",
        "dead letters",
    ];
    assert_eq!(waiting, empty.map(|queue| (Some(queue), Some(0))));
}

#[test]
fn a_wake_up_for_a_missing_job_is_parked_shown_given_back_and_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let vhost = RABBITMQ.vhost();
    configure(folder, &vhost);
    let job = JobId::from_uuid(Uuid::now_v7());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let queue = RabbitQueue::new(&RABBITMQ.options(&vhost));
        let message = Message {
            job_id: job,
            attempt: 0,
        };
        queue
            .publish(Stage::Transcode, message, None)
            .await
            .expect("published");
    });
    let worker = Worker::start(folder, "transcode");
    let parked = parked(folder);
    assert_eq!(parked["cause"], "job-not-found");
    assert_eq!(parked["stage"], "voicemail.transcode");
    assert!(
        parked["body"]
            .as_str()
            .expect("text")
            .contains(&job.to_string())
    );
    worker.drain();

    let name = parked["name"].as_str().expect("a name");
    let (_, shown) = run(folder, &["dead-letters", "show", name]);
    assert_eq!(shown, std::slice::from_ref(&parked));
    let (_, retried) = run(folder, &["dead-letters", "retry", name]);
    assert_eq!(retried[0]["retried"], 1);
    let (_, queues) = run(folder, &["queues"]);
    assert_eq!(queues[2]["messages"], 1);
    let (found, error) = run(folder, &["dead-letters", "drop", name]);
    assert!(!found);
    assert_eq!(error[0]["error"]["code"], "message-not-parked");

    let worker = Worker::start(folder, "transcode");
    self::parked(folder);
    worker.drain();
    let (_, dropped) = run(folder, &["dead-letters", "drop", "--all"]);
    assert_eq!(dropped[0]["dropped"], 1);
    let (done, left) = run(folder, &["dead-letters", "list"]);
    assert!(done && left.is_empty(), "{left:?}");
}

/// The first parked message, as soon as there is one.
fn parked(folder: &Path) -> Value {
    for _ in 0..100 {
        let (_, mut lines) = run(folder, &["dead-letters", "list"]);
        if let Some(line) = lines.pop() {
            return line;
        }
    }
    panic!("nothing was parked");
}

#[test]
fn a_job_is_accepted_while_the_broker_is_away() {
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &RABBITMQ.vhost());
    let file = folder.path().join("faxmill.toml");
    let text = fs::read_to_string(&file).expect("text");
    let away = crate::servers::free_port().to_string();
    fs::write(&file, text.replace(&RABBITMQ.port.to_string(), &away)).expect("written");
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/voicemail-pcm.wav");
    let (done, lines) = run(folder.path(), &["submit", "voicemail", recording]);
    assert!(done, "{lines:?}");
    let (done, lines) = run(folder.path(), &["queues"]);
    assert!(!done);
    assert_eq!(lines[0]["error"]["code"], "queue-unreachable");
}

#[test]
fn a_broker_behind_tls_is_trusted_by_its_certificate_only() {
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), &RABBITMQ.vhost());
    let file = folder.path().join("faxmill.toml");
    let text = fs::read_to_string(&file).expect("text");
    let plain = format!("amqp://faxmill@127.0.0.1:{}", RABBITMQ.port);
    let tls = format!("amqps://faxmill@127.0.0.1:{}", RABBITMQ.tls_port);
    fs::write(&file, text.replace(&plain, &tls)).expect("written");
    let trusted = faxmill(folder.path())
        .arg("queues")
        .env("SSL_CERT_FILE", RABBITMQ.certificate())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&trusted.stdout);
    assert!(trusted.status.success(), "{said}");
    let (done, lines) = run(folder.path(), &["queues"]);
    assert!(!done, "a stranger's certificate");
    assert_eq!(lines[0]["error"]["code"], "queue-unreachable");
}
