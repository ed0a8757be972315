//! Calls that nobody answers: refused, ringing for ever, withdrawn, or with nobody there at all.

use std::time::{Duration, Instant};

use faxmill::job::Reason;
use faxmill::sip::{CallOutcome, Credentials, NoObserver, OutgoingFax, SipUri};
use tokio_util::sync::CancellationToken;

use crate::far_end::{FarEnd, audio};
use crate::support::{Desk, agent};

/// Sends a fax to a target and gives back how it ended.
async fn send(target: SipUri, change: impl FnOnce(&mut OutgoingFax)) -> CallOutcome {
    send_until(target, CancellationToken::new(), change).await
}

async fn send_until(
    target: SipUri,
    cancel: CancellationToken,
    change: impl FnOnce(&mut OutgoingFax),
) -> CallOutcome {
    let agent = agent().await;
    let desk = Desk::with_pages(1);
    let mut fax = OutgoingFax::new(target, desk.fax());
    change(&mut fax);
    let outcome = agent.send_fax(fax, &mut NoObserver, cancel).await;
    assert!(!outcome.answered);
    assert_eq!(outcome.pages_confirmed, 0);
    assert_eq!(outcome.pages_total, Some(1));
    outcome
}

#[tokio::test]
async fn refusals_end_with_their_reason_and_are_acknowledged() {
    let refusals = [
        ("486 Busy Here", "", Reason::Busy, 486),
        ("600 Busy Everywhere", "", Reason::Busy, 600),
        ("603 Decline", "", Reason::Declined, 603),
        ("404 Not Found", "", Reason::NumberInvalid, 404),
        ("503 Service Unavailable", "", Reason::Congestion, 503),
        ("480 Gone", "Reason: Q.850;cause=19", Reason::NoAnswer, 480),
        ("488 Not Acceptable Here", "", Reason::TrunkRejected, 488),
    ];
    for (status, header, reason, code) in refusals {
        let mut far = FarEnd::new().await;
        let target = far.number("1");
        let script = async {
            let invite = far.expect("INVITE").await;
            assert!(invite.body().contains("m=audio"), "{}", invite.text);
            let headers: &[&str] = if header.is_empty() { &[] } else { &[header] };
            far.answer(&invite, status, Some("far"), headers, "").await;
            far.expect("ACK").await;
        };
        let (outcome, ()) = tokio::join!(send(target, |_| ()), script);
        assert_eq!(outcome.reason, Some(reason), "{status}: {}", outcome.detail);
        assert_eq!(outcome.sip_status, Some(code));
        assert!(outcome.detail.contains(&code.to_string()));
    }
}

#[tokio::test]
async fn ringing_for_ever_ends_with_a_cancel_after_the_answer_limit() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        let invite = far.expect("INVITE").await;
        far.answer(&invite, "180 Ringing", Some("far"), &[], "")
            .await;
        let cancel = far.expect("CANCEL").await;
        assert_eq!(cancel.cseq(), invite.cseq());
        far.answer(&cancel, "200 OK", Some("far"), &[], "").await;
        far.answer(&invite, "487 Request Terminated", Some("far"), &[], "")
            .await;
        far.expect("ACK").await;
    };
    let sending = send(target, |fax| fax.limits.answer_seconds_max = 1);
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(outcome.reason, Some(Reason::NoAnswer), "{}", outcome.detail);
}

#[tokio::test]
async fn a_call_canceled_while_it_rings_is_withdrawn() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let cancel = CancellationToken::new();
    let script = async {
        let invite = far.expect("INVITE").await;
        far.answer(&invite, "180 Ringing", Some("far"), &[], "")
            .await;
        cancel.cancel();
        let withdrawn = far.expect("CANCEL").await;
        far.answer(&withdrawn, "200 OK", Some("far"), &[], "").await;
        far.answer(&invite, "487 Request Terminated", Some("far"), &[], "")
            .await;
        far.expect("ACK").await;
    };
    let (outcome, ()) = tokio::join!(send_until(target, cancel.clone(), |_| ()), script);
    assert_eq!(outcome.reason, Some(Reason::CanceledByUser));
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let cancel = CancellationToken::new();
    let script = async {
        let invite = far.expect("INVITE").await;
        far.answer(&invite, "180 Ringing", Some("far"), &[], "")
            .await;
        cancel.cancel();
        let withdrawn = far.expect("CANCEL").await;
        far.answer(&invite, "200 OK", Some("far"), &[], &audio(4_000, 1))
            .await;
        far.answer(&withdrawn, "200 OK", Some("far"), &[], "").await;
        far.expect("ACK").await;
        let bye = far.expect("BYE").await;
        far.answer(&bye, "200 OK", None, &[], "").await;
    };
    let (outcome, ()) = tokio::join!(send_until(target, cancel.clone(), |_| ()), script);
    assert_eq!(outcome.reason, Some(Reason::CanceledByUser));
}

#[tokio::test]
async fn a_closed_port_is_a_silent_trunk_at_once() {
    let far = FarEnd::new().await;
    let target = far.number("1");
    drop(far);
    let began = Instant::now();
    let outcome = send(target, |_| ()).await;
    assert_eq!(
        outcome.reason,
        Some(Reason::TrunkSilent),
        "{}",
        outcome.detail
    );
    assert!(outcome.detail.contains("refused"), "{}", outcome.detail);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_black_hole_is_a_silent_trunk_after_the_first_response_limit() {
    let far = FarEnd::new().await;
    let began = Instant::now();
    let outcome = send(far.number("1"), |_| ()).await;
    assert_eq!(
        outcome.reason,
        Some(Reason::TrunkSilent),
        "{}",
        outcome.detail
    );
    assert!(
        outcome.detail.contains("no sign of life"),
        "{}",
        outcome.detail
    );
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_name_without_address_is_a_silent_trunk() {
    let target: SipUri = "sip:1@no-such-host.invalid".parse().expect("a SIP address");
    let outcome = send(target, |_| ()).await;
    assert_eq!(
        outcome.reason,
        Some(Reason::TrunkSilent),
        "{}",
        outcome.detail
    );
    assert!(
        outcome.detail.contains("no-such-host.invalid"),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn a_missing_file_is_found_before_anything_is_dialed() {
    let mut far = FarEnd::new().await;
    let agent = agent().await;
    let fax = OutgoingFax::new(far.number("1"), "/nonexistent/fax.tiff");
    let outcome = agent
        .send_fax(fax, &mut NoObserver, CancellationToken::new())
        .await;
    assert_eq!(
        outcome.reason,
        Some(Reason::StorageFailed),
        "{}",
        outcome.detail
    );
    far.expect_silence(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn a_sha_256_challenge_is_answered_and_a_second_one_is_final() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let challenges = [
        "Proxy-Authenticate: Digest realm=\"lab\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"",
        "Proxy-Authenticate: Digest realm=\"lab\", nonce=\"n1\", algorithm=SHA-256, \
         qop=\"auth,auth-int\"",
    ];
    let script = async {
        let invite = far.expect("INVITE").await;
        far.answer(&invite, "407 Challenge", Some("a"), &challenges, "")
            .await;
        far.expect("ACK").await;
        let again = far.expect("INVITE").await;
        let answer = again.header("Proxy-Authorization").expect("credentials");
        check_digest(answer, &again);
        far.answer(&again, "407 Challenge", Some("b"), &challenges, "")
            .await;
        far.expect("ACK").await;
    };
    let credentials = Credentials {
        username: "faxuser".to_owned(),
        password: "faxpass".to_owned(),
    };
    let sending = send(target, |fax| fax.credentials = Some(credentials));
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::TrunkRejected),
        "{}",
        outcome.detail
    );
    assert_eq!(outcome.sip_status, Some(407));
}

/// RFC 7616 §3.4.1, computed anew.
fn check_digest(answer: &str, request: &crate::far_end::Message) {
    let value = |name: &str| {
        let parameters = answer.strip_prefix("Digest ").expect("Digest").split(',');
        let found = parameters
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name);
        found
            .unwrap_or_else(|| panic!("{name} in {answer}"))
            .1
            .trim_matches('"')
    };
    assert_eq!(value("algorithm"), "SHA-256");
    let uri = request
        .text
        .split_whitespace()
        .nth(1)
        .expect("a Request-URI");
    assert_eq!(value("uri"), uri);
    let secret = sha256("faxuser:lab:faxpass");
    let asked = sha256(&format!("INVITE:{uri}"));
    let (count, once) = (value("nc"), value("cnonce"));
    let expected = sha256(&format!("{secret}:n1:{count}:{once}:auth:{asked}"));
    assert_eq!(value("response"), expected);
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
