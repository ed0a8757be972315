//! `kill -9` of every role in every stage of a job, and of the service itself.
//!
//! What must hold: no job is lost, and a fax whose call was answered is never dialed again by
//! itself.

use super::documents::{pdf, recording};
use super::header::{digests, digests_in, preview};
use super::running::*;

/// Long enough to be met while it is rendered.
const PAGES: usize = 400;

fn number_of_attempts(status: &serde_json::Value) -> usize {
    status["attempts"].as_array().unwrap().len()
}

#[test]
fn a_converter_killed_while_it_validates_or_renders_begins_again() {
    for stage in ["claimed", "validation_done"] {
        let mut service = Service::start(&Setup::default());
        let document = pdf(service.folder.path(), PAGES);
        let job = service.submit(&[
            "fax",
            document.to_str().unwrap(),
            "--number",
            "100",
            "--hold",
        ]);
        let mut events = service.follow(&job);
        events.until(stage);
        service.kill("convert");
        events.until("lease_lost");
        let events = events.into_all();
        assert_eq!(count(&events, "converted"), 1, "{stage}");
        let status = service.status(&job);
        assert_eq!(status["job"]["state"]["status"], "held", "{stage}");
        assert_eq!(status["job"]["state"]["pages"], PAGES, "{stage}");
    }
}

#[test]
fn a_transcoder_killed_at_work_begins_again() {
    let mut service = Service::start(&Setup::default());
    let file = recording(service.folder.path(), 2 * 3600);
    let job = service.submit(&["voicemail", file.to_str().unwrap()]);
    let mut events = service.follow(&job);
    events.until("claimed");
    service.kill("transcode");
    events.until("lease_lost");
    events.into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "ready", "{status:#}");
    assert_eq!(status["job"]["state"]["duration_ms"], 7_200_000);
}

#[test]
fn a_relay_killed_between_submission_and_delivery_loses_nothing() {
    let mut service = Service::start(&Setup::default());
    service.kill("relay");
    let form = sample("form.pdf");
    let job = service.submit(&["fax", &form, "--number", "100", "--hold"]);
    service.kill_when_back("relay");
    service.follow(&job).into_all();
    assert_eq!(service.status(&job)["job"]["state"]["status"], "held");
}

#[test]
fn a_transmitter_killed_before_the_answer_dials_again() {
    // A far end that is there and says nothing, until a fax machine takes its place.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let mut service = Service::start(&Setup::calling(&address));
    let job = service.submit(&["fax", &sample("form.pdf"), "--number", "100"]);
    let mut events = service.follow(&job);
    events.until("attempt_started");
    service.kill("transmit");
    drop(silent);
    let far_end = FarEnd::start_on(&address);
    events.until("lease_lost");
    let events = events.into_all();
    assert_eq!(service.status(&job)["job"]["state"]["status"], "delivered");
    assert_eq!(count(&events, "attempt_started"), 2);
    assert_eq!(far_end.call()["complete"], true);
    assert!(far_end.another_call().is_none());
}

#[test]
fn a_transmitter_killed_after_the_answer_leaves_the_fax_indeterminate() {
    for stage in ["answered", "page_confirmed"] {
        let far_end = FarEnd::start();
        let mut service = Service::start(&Setup::calling(&far_end.address));
        let letter = sample("letter.pdf");
        let job = service.submit(&["fax", &letter, "--number", "100"]);
        let mut events = service.follow(&job);
        events.until(stage);
        service.kill("transmit");
        events.until("lease_lost");
        let events = events.into_all();
        assert_eq!(count(&events, "attempt_started"), 1, "{stage}");

        // The line works again for another job, and this one is still not dialed.
        let other = service.submit(&["fax", &sample("form.pdf"), "--number", "101"]);
        service.follow(&other).into_all();
        assert_eq!(
            service.status(&other)["job"]["state"]["status"],
            "delivered",
            "{stage}"
        );
        let status = service.status(&job);
        assert_eq!(status["job"]["state"]["status"], "indeterminate", "{stage}");
        assert_eq!(number_of_attempts(&status), 1, "{stage}");

        let resolved = service.faxmill(&["resolve", &job, "--as", "delivered"]);
        assert!(resolved.status.success(), "{resolved:?}");
        assert_eq!(json(&resolved)["state"]["status"], "delivered", "{stage}");
    }
}

#[test]
fn by_its_own_policy_a_fax_resumes_behind_the_last_confirmed_page() {
    let far_end = FarEnd::start();
    let mut service = Service::start(&Setup::calling(&far_end.address));
    let letter = sample("letter.pdf");
    let job = service.submit(&[
        "fax",
        &letter,
        "--number",
        "100",
        "--on-indeterminate",
        "retry",
    ]);
    let mut events = service.follow(&job);
    events.until("page_confirmed");
    service.kill("transmit");
    events.until("lease_lost");
    let events = events.into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "delivered", "{status:#}");
    assert_eq!(count(&events, "attempt_started"), 2);
    assert_eq!(status["attempts"][1]["first_page"], 2, "{status:#}");
    // The far end has both calls: the one that broke off with one page, the one that resumed.
    let calls = [far_end.call(), far_end.call()];
    assert!(calls.iter().all(|call| call["pages_confirmed"] == 1));
    // Each page as the call that delivered it sent it, counted through the job.
    let shown = preview(service.folder.path(), &job, &[]);
    let line = shown[1]["header"]["text"].as_str().unwrap();
    assert!(line.ends_with("Page 2 of 2"), "{line}");
    let mut received: Vec<String> = calls
        .iter()
        .flat_map(|call| digests_in(call["file"].as_str().unwrap()))
        .collect();
    let mut sent = digests(&shown);
    received.sort_unstable();
    sent.sort_unstable();
    assert_eq!(received, sent);
}

#[test]
fn a_receiver_killed_in_mid_fax_keeps_every_page_that_it_confirmed() {
    let mut service = Service::start(&Setup {
        receive: true,
        ..Setup::default()
    });
    let to = format!("sip:4711@{}", service.receive_address());
    let letter = sample("letter.pdf");
    let mut sender = start_faxmill(
        service.folder.path(),
        &["send", &letter, "--to", &to, "--bind", "127.0.0.1:0"],
    );
    let job = service.job_once_there();
    let mut events = service.follow(&job);
    events.until("receive_page");
    service.kill("receive");
    events.until("lease_lost");
    events.into_all();
    sender.kill().unwrap();
    sender.wait().unwrap();

    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "partial", "{status:#}");
    let kept = artifact(service.folder.path(), &status, "received");
    let info = std::process::Command::new("tiffinfo")
        .arg(&kept)
        .output()
        .expect("tiffinfo runs");
    let pages = String::from_utf8_lossy(&info.stdout)
        .matches("Image Width")
        .count();
    assert_eq!(pages, 1, "{info:?}");
}

#[test]
fn when_the_service_itself_is_killed_its_calls_go_on_and_the_rest_is_taken_up() {
    let far_end = FarEnd::start();
    let setup = Setup {
        extra: "[workers]\ntransmit = 1\n".into(),
        ..Setup::calling(&far_end.address)
    };
    let service = Service::start(&setup);
    let form = sample("form.pdf");
    let calling = service.submit(&["fax", &form, "--number", "101"]);
    service.follow(&calling).until("answered");
    let waiting = service.submit(&["fax", &form, "--number", "102"]);
    let folder = service.kill_supervisor();

    let service = Service::start_in(folder);
    service.follow(&calling).into_all();
    service.follow(&waiting).into_all();
    for job in [&calling, &waiting] {
        let status = service.status(job);
        assert_eq!(status["job"]["state"]["status"], "delivered", "{status:#}");
        assert_eq!(number_of_attempts(&status), 1);
    }
    assert_eq!(far_end.call()["to"], "101");
    assert_eq!(far_end.call()["to"], "102");
    assert!(far_end.another_call().is_none());
}
