//! What the telephone network answers, and what the job makes of it.

use std::thread;

use serde_json::Value;

use super::running::*;
use crate::far_end::FarEnd as Scripted;

/// Sends a page to a far end that plays `script`, and gives the job once its first attempt ended.
fn after_one_attempt<S, F>(script: S) -> (Service, String, Value)
where
    S: FnOnce(Scripted) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let (told, address) = std::sync::mpsc::channel();
    let far_end = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let far_end = Scripted::new().await;
            told.send(far_end.number("x").to_string()).unwrap();
            script(far_end).await;
        });
    });
    let uri = address.recv().unwrap();
    let address = uri.rsplit('@').next().unwrap();
    let setup = Setup {
        extra: "[limits]\nanswer_seconds_max = 2\n".to_owned(),
        ..Setup::calling(address)
    };
    let service = Service::start(&setup);
    let job = service.submit(&["fax", &sample("form.pdf"), "--number", "100"]);
    service.follow(&job).until("attempt_ended");
    far_end.join().unwrap();
    let status = service.status(&job);
    (service, job, status)
}

async fn refuse(mut far_end: Scripted, answer: &'static str) {
    let invite = far_end.expect("INVITE").await;
    far_end.answer(&invite, answer, Some("far"), &[], "").await;
    far_end.expect("ACK").await;
}

#[test]
fn a_busy_line_is_dialed_again_after_minutes() {
    let (service, job, status) = after_one_attempt(|far| refuse(far, "486 Busy Here"));
    let state = &status["job"]["state"];
    assert_eq!(state["status"], "retry_wait", "{status:#}");
    assert_eq!(state["reason"], "busy");
    let ended = status["attempts"][0]["ended_at"].as_i64().unwrap();
    let wait = state["next_at"].as_i64().unwrap() - ended;
    assert!(
        (90_000..=270_000).contains(&wait),
        "180 s ± 50 %, not {wait} ms"
    );
    assert!(service.faxmill(&["cancel", &job]).status.success());
    assert_eq!(service.status(&job)["job"]["state"]["status"], "canceled");
}

#[test]
fn a_number_that_does_not_exist_ends_the_job() {
    let (_service, _, status) = after_one_attempt(|far| refuse(far, "404 Not Found"));
    assert_eq!(status["job"]["state"]["status"], "failed", "{status:#}");
    assert_eq!(status["job"]["state"]["reason"], "number_invalid");
}

#[test]
fn a_declined_call_ends_the_job() {
    let (_service, _, status) = after_one_attempt(|far| refuse(far, "603 Decline"));
    assert_eq!(status["job"]["state"]["status"], "failed", "{status:#}");
    assert_eq!(status["job"]["state"]["reason"], "declined");
}

#[test]
fn a_line_that_rings_for_ever_is_given_up_and_tried_later() {
    let (_service, _, status) = after_one_attempt(|mut far| async move {
        let invite = far.expect("INVITE").await;
        far.answer(&invite, "180 Ringing", Some("far"), &[], "")
            .await;
        let cancel = far.expect("CANCEL").await;
        far.answer(&cancel, "200 OK", Some("far"), &[], "").await;
        far.answer(&invite, "487 Request Terminated", Some("far"), &[], "")
            .await;
        far.expect("ACK").await;
    });
    assert_eq!(status["job"]["state"]["status"], "retry_wait", "{status:#}");
    assert_eq!(status["job"]["state"]["reason"], "no_answer");
    assert_eq!(status["attempts"][0]["answered_at"], Value::Null);
}

#[test]
fn an_unreachable_trunk_is_tried_again() {
    // Bound and dropped: nobody listens there.
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let service = Service::start(&Setup::calling(&address));
    let job = service.submit(&["fax", &sample("form.pdf"), "--number", "100"]);
    service.follow(&job).until("attempt_ended");
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "retry_wait", "{status:#}");
    assert_eq!(status["job"]["state"]["reason"], "trunk_silent");
}

#[test]
fn without_a_trunk_the_job_says_what_is_missing() {
    let service = Service::start(&Setup::default());
    let job = service.submit(&["fax", &sample("form.pdf"), "--number", "100"]);
    service.follow(&job).into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "failed", "{status:#}");
    assert_eq!(status["job"]["state"]["reason"], "trunk_rejected");
    assert_eq!(status["job"]["state"]["dials"], 0);
    let detail = status["job"]["state"]["detail"].as_str().unwrap();
    assert!(detail.contains("no trunk is configured"), "{detail}");
}

#[test]
fn a_cancel_while_it_rings_withdraws_the_call() {
    let (told, address) = std::sync::mpsc::channel();
    let far_end = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut far = Scripted::new().await;
            told.send(far.number("x").to_string()).unwrap();
            let invite = far.expect("INVITE").await;
            far.answer(&invite, "180 Ringing", Some("far"), &[], "")
                .await;
            let cancel = far.expect("CANCEL").await;
            far.answer(&cancel, "200 OK", Some("far"), &[], "").await;
            far.answer(&invite, "487 Request Terminated", Some("far"), &[], "")
                .await;
            far.expect("ACK").await;
        });
    });
    let uri = address.recv().unwrap();
    let service = Service::start(&Setup::calling(uri.rsplit('@').next().unwrap()));
    let job = service.submit(&["fax", &sample("form.pdf"), "--number", "100"]);
    let mut events = service.follow(&job);
    events.until("ringing");
    assert!(service.faxmill(&["cancel", &job]).status.success());
    events.into_all();
    far_end.join().unwrap();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "canceled", "{status:#}");
}
