//! What operators see from outside, and what they hold back.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::documents::recording;
use super::running::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// A service whose roles tell of themselves, and the first of their ports.
fn watched() -> (Service, u16) {
    let first = five_free_ports();
    let setup = Setup {
        extra: format!("[telemetry]\nbind = \"127.0.0.1:{first}\"\n"),
        ..Setup::default()
    };
    (Service::start(&setup), first)
}

/// The first of five ports in a row that nobody listens on.
fn five_free_ports() -> u16 {
    for _ in 0..100 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let first = listener.local_addr().unwrap().port();
        drop(listener);
        let ports = first..first.saturating_add(5);
        let bound: Vec<_> = ports
            .map(|port| TcpListener::bind(("127.0.0.1", port)))
            .collect();
        if bound.iter().all(Result::is_ok) {
            return first;
        }
    }
    panic!("no five ports in a row are free");
}

/// The status line and the body of an answer.
fn get(port: u16, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// Asks for metrics until a line is among them.
fn until_metric(port: u16, line: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (_, metrics) = get(port, "/metrics");
        if metrics.lines().any(|found| found == line) {
            return;
        }
        assert!(Instant::now() < deadline, "{line} is not in\n{metrics}");
    }
}

// Ports are given out in the order convert, transmit, receive, transcode, relay.
const TRANSCODE: u16 = 3;
const RELAY: u16 = 4;

#[test]
fn every_role_tells_that_it_lives_takes_work_and_what_it_did() {
    let (service, first) = watched();
    for role in [0, 1, TRANSCODE, RELAY] {
        assert_eq!(get(first + role, "/livez").0, "HTTP/1.0 200 OK");
        assert_eq!(get(first + role, "/readyz").0, "HTTP/1.0 200 OK");
    }
    let job = service.submit(&["voicemail", &sample("voicemail-ulaw.wav")]);
    service.follow(&job).into_all();
    let transcode = first + TRANSCODE;
    until_metric(
        transcode,
        "faxmill_stage_seconds_count{stage=\"transcode\"} 1",
    );
    until_metric(transcode, "faxmill_jobs_in_hand{stage=\"transcode\"} 0");
    let events = "faxmill_events_total{kind=\"voicemail\",event=\"transcode_done\"} 1";
    until_metric(transcode, events);
    until_metric(first + RELAY, "faxmill_wake_ups_published_total 1");
    let (_, metrics) = get(transcode, "/metrics");
    assert!(!metrics.contains(&job), "no job is named\n{metrics}");
}

#[test]
fn a_draining_role_lives_and_takes_no_work() {
    let (service, first) = watched();
    let long = recording(service.folder.path(), 4 * 3600);
    let job = service.submit(&["voicemail", long.to_str().unwrap()]);
    service.follow(&job).until("claimed");
    service.begin_to_drain();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, why) = get(first + TRANSCODE, "/readyz");
        if status == "HTTP/1.0 503 Service Unavailable" {
            assert_eq!(why, "transcode: draining\n");
            break;
        }
        assert!(Instant::now() < deadline, "{status}: {why}");
    }
    assert_eq!(get(first + TRANSCODE, "/livez").0, "HTTP/1.0 200 OK");
}

#[test]
fn paused_work_waits_and_goes_on_when_it_is_resumed() {
    let (service, first) = watched();
    let paused = service.faxmill(&["pause", "transcode", "--why", "a test"]);
    assert!(paused.status.success(), "{paused:?}");
    let listed = json(&service.faxmill(&["pauses"]));
    assert_eq!(
        (&listed["scope"], &listed["why"]),
        (&"transcode".into(), &"a test".into())
    );

    let job = service.submit(&["voicemail", &sample("voicemail-ulaw.wav")]);
    let refused = "faxmill_claims_total{stage=\"transcode\",outcome=\"refused\"} 1";
    until_metric(first + TRANSCODE, refused);
    let stuck = json(&service.faxmill(&["jobs", "--stuck=0"]));
    assert_eq!(stuck["id"], job.as_str(), "it waits for a worker");
    assert_eq!(stuck["state"]["status"], "accepted");

    assert!(service.faxmill(&["resume", "transcode"]).status.success());
    service.follow(&job).into_all();
    assert_eq!(service.status(&job)["job"]["state"]["status"], "ready");
    let again = service.faxmill(&["resume", "transcode"]);
    assert_eq!(again.status.code(), Some(65));
    assert!(service.faxmill(&["jobs", "--stuck=0"]).stdout.is_empty());
}

#[test]
fn what_cannot_be_paused_is_refused_and_a_taken_address_is_named() {
    let folder = tempfile::tempdir().unwrap();
    Setup::default().write(folder.path());
    let refused = faxmill(folder.path(), &["pause", "receive"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = faxmill(folder.path(), &["worker", "relay", "--telemetry", &address]);
    assert_eq!(refused.status.code(), Some(69), "{refused:?}");
    assert_eq!(json(&refused)["error"]["code"], "telemetry-address");
}

/// Dashboards, alerts and the manual speak of metrics that there are.
#[test]
fn every_metric_that_is_spoken_of_is_measured() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |file: &str| -> BTreeSet<String> {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let words = text.split(|c: char| !is_name(c));
        let names = words.filter(|word| word.starts_with("faxmill_"));
        names
            .map(|name| name.trim_end_matches("_bucket").to_owned())
            .collect()
    };
    let measured = names("src/pipeline/meters.rs");
    for file in [
        "deploy/grafana/faxmill.json",
        "deploy/prometheus/alerts.yaml",
        "docs/operations.md",
    ] {
        let spoken_of = names(file);
        assert!(!spoken_of.is_empty(), "{file}");
        let unknown: Vec<_> = spoken_of.difference(&measured).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    let unexplained: Vec<_> = measured
        .difference(&names("docs/operations.md"))
        .cloned()
        .collect();
    assert!(
        unexplained.is_empty(),
        "docs/operations.md says nothing of {unexplained:?}"
    );
}
