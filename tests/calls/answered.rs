//! Calls that are answered and then go wrong, and what crosses on the way to T.38.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use faxmill::job::Reason;
use faxmill::sip::{CallObserver, CallOutcome, NoObserver, ObserverRefused, OutgoingFax, SipUri};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::far_end::{FarEnd, Message, audio, image};
use crate::support::{Desk, agent};

/// Sends a fax that asks for T.38 after 200 ms, once.
async fn send(target: SipUri, change: impl FnOnce(&mut OutgoingFax)) -> CallOutcome {
    send_watched(target, &mut NoObserver, change).await
}

async fn send_watched(
    target: SipUri,
    observer: &mut dyn CallObserver,
    change: impl FnOnce(&mut OutgoingFax),
) -> CallOutcome {
    let agent = agent().await;
    let desk = Desk::with_pages(1);
    let mut fax = OutgoingFax::new(target, desk.fax());
    fax.policy.ask_after = Some(Duration::from_millis(200));
    fax.policy.asks_max = 1;
    fax.policy.wait_after_refusal = Duration::from_secs(1);
    fax.policy.agree_within = Duration::from_secs(2);
    change(&mut fax);
    let outcome = agent
        .send_fax(fax, observer, CancellationToken::new())
        .await;
    assert!(outcome.answered);
    assert_eq!(outcome.sip_status, Some(200));
    outcome
}

/// Answers the INVITE with audio and takes the ACK.
async fn pick_up(far: &mut FarEnd) -> Message {
    let invite = far.expect("INVITE").await;
    far.answer(&invite, "200 OK", Some("far"), &[], &audio(4_000, 1))
        .await;
    far.expect("ACK").await;
    invite
}

/// Takes our BYE.
async fn part(far: &mut FarEnd) {
    let bye = far.expect("BYE").await;
    far.answer(&bye, "200 OK", None, &[], "").await;
}

#[tokio::test]
async fn a_far_end_that_refuses_t38_is_hung_up_on() {
    for status in [
        "488 Not Acceptable Here",
        "415 Unsupported",
        "606 Not Acceptable",
    ] {
        let mut far = FarEnd::new().await;
        let target = far.number("1");
        let script = async {
            pick_up(&mut far).await;
            let ask = far.expect("INVITE").await;
            assert!(ask.body().contains("udptl t38"), "{}", ask.text);
            far.answer(&ask, status, None, &[], "").await;
            far.expect("ACK").await;
            part(&mut far).await;
        };
        let (outcome, ()) = tokio::join!(send(target, |_| ()), script);
        assert_eq!(
            outcome.reason,
            Some(Reason::T38Refused),
            "{}",
            outcome.detail
        );
        assert!(outcome.detail.contains(&status[..3]), "{}", outcome.detail);
    }
}

#[tokio::test]
async fn the_tone_of_a_fax_machine_makes_us_ask_at_once() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        let media = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let port = media.local_addr().expect("an address").port();
        let invite = far.expect("INVITE").await;
        let line = invite
            .body()
            .lines()
            .find(|line| line.starts_with("m=audio"));
        let ours: u16 = line
            .and_then(|line| line.split_whitespace().nth(1))
            .and_then(|port| port.parse().ok())
            .expect("a port");
        far.answer(&invite, "200 OK", Some("far"), &[], &audio(port, 1))
            .await;
        far.expect("ACK").await;
        for number in 0..30 {
            let packet = ced_packet(number);
            media
                .send_to(&packet, ("127.0.0.1", ours))
                .await
                .expect("sent");
        }
        far.expect("INVITE").await;
        far.request(&invite, "BYE", 7, "").await;
        far.expect("200").await;
    };
    let began = Instant::now();
    let sending = send(target, |fax| {
        fax.policy.ask_after = Some(Duration::from_secs(9));
        fax.policy.agree_within = Duration::from_secs(10);
    });
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// 20 ms of 2100 Hz in A-law: the period of 2100 Hz at 8 kHz repeats after 80 samples.
fn ced_packet(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let mut packet = vec![0x80, 8, high, low, 0, 0, 0, 0, 0, 0, 0, 7];
    for n in 0..160 {
        let phase = std::f64::consts::TAU * 2_100.0 * f64::from(n) / 8_000.0;
        let sample = (phase.sin() * 8_000.0) as i16;
        let nearest = (0..=255u8).min_by_key(|&code| {
            let value = i32::from(faxmill::audio::g711::ALAW[usize::from(code)]);
            value.abs_diff(i32::from(sample))
        });
        packet.push(nearest.expect("a code"));
    }
    packet
}

#[tokio::test]
async fn after_a_refusal_the_far_end_may_still_ask_itself() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        let invite = pick_up(&mut far).await;
        let ask = far.expect("INVITE").await;
        far.answer(&ask, "488 Not Acceptable Here", None, &[], "")
            .await;
        far.expect("ACK").await;
        far.request(&invite, "INVITE", 7, &image(4_002, 2)).await;
        let agreed = far.expect("200").await;
        assert!(agreed.body().contains("udptl t38"), "{}", agreed.text);
        far.request(&invite, "ACK", 7, "").await;
        far.request(&invite, "BYE", 8, "").await;
        far.expect("200").await;
    };
    let (outcome, ()) = tokio::join!(send(target, |_| ()), script);
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
    assert!(outcome.times.fax_started.is_some());
}

#[tokio::test]
async fn a_far_end_that_answers_with_audio_again_has_refused() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        pick_up(&mut far).await;
        let ask = far.expect("INVITE").await;
        far.answer(&ask, "200 OK", None, &[], &audio(4_000, 2))
            .await;
        far.expect("ACK").await;
        part(&mut far).await;
    };
    let (outcome, ()) = tokio::join!(send(target, |_| ()), script);
    assert_eq!(
        outcome.reason,
        Some(Reason::T38Refused),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn a_far_end_that_agrees_and_sends_nothing_is_given_up() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        pick_up(&mut far).await;
        let ask = far.expect("INVITE").await;
        far.answer(&ask, "200 OK", None, &[], &image(4_002, 2))
            .await;
        far.expect("ACK").await;
        part(&mut far).await;
    };
    let sending = send(target, |fax| fax.limits.silence_seconds_max = 1);
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::T38NoMedia),
        "{}",
        outcome.detail
    );
    assert_eq!(outcome.media.received, 0);
}

#[tokio::test]
async fn a_far_end_that_does_not_answer_the_request_for_t38_is_hung_up_on() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        pick_up(&mut far).await;
        far.expect("INVITE").await;
        part(&mut far).await;
    };
    let sending = send(target, |fax| {
        fax.policy.answer_within = Duration::from_millis(900);
    });
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::T38Refused),
        "{}",
        outcome.detail
    );
    assert!(
        outcome.detail.contains("did not answer"),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn crossing_requests_are_both_refused_and_ours_comes_again() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        let invite = pick_up(&mut far).await;
        let ask = far.expect("INVITE").await;
        far.request(&invite, "INVITE", 7, &image(4_002, 2)).await;
        let refused = far.expect("491").await;
        assert_eq!(refused.cseq(), 7);
        far.request(&invite, "ACK", 7, "").await;
        far.answer(&ask, "491 Request Pending", None, &[], "").await;
        far.expect("ACK").await;
        let crossed = Instant::now();
        let again = far.expect("INVITE").await;
        // RFC 3261 §14.1: the caller waits 2.1 to 4 s.
        let pause = crossed.elapsed();
        assert!(pause > Duration::from_secs(2), "{pause:?}");
        assert!(pause < Duration::from_millis(5_500), "{pause:?}");
        far.answer(&again, "200 OK", None, &[], &image(4_002, 3))
            .await;
        far.expect("ACK").await;
        far.request(&invite, "BYE", 8, "").await;
        far.expect("200").await;
    };
    let sending = send(target, |fax| {
        fax.policy.agree_within = Duration::from_secs(8);
    });
    let (outcome, ()) = tokio::join!(sending, script);
    assert!(outcome.times.fax_started.is_some(), "{}", outcome.detail);
    assert_eq!(outcome.reason, Some(Reason::CallDropped));
}

#[tokio::test]
async fn a_session_refresh_gets_the_description_in_force_and_the_fax_goes_on() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        let invite = pick_up(&mut far).await;
        far.request(&invite, "INVITE", 7, &image(4_002, 2)).await;
        let agreed = far.expect("200").await;
        far.request(&invite, "ACK", 7, "").await;
        far.request(&invite, "INVITE", 8, &image(4_002, 2)).await;
        let refreshed = far.expect("200").await;
        assert_eq!(refreshed.cseq(), 8);
        assert_eq!(refreshed.body(), agreed.body());
        far.request(&invite, "ACK", 8, "").await;
        far.request(&invite, "INVITE", 9, "").await;
        let offered = far.expect("200").await;
        assert_eq!(offered.body(), agreed.body());
        far.request(&invite, "ACK", 9, &image(4_002, 2)).await;
        far.request(&invite, "UPDATE", 10, "").await;
        far.expect("200").await;
        far.request(&invite, "BYE", 11, "").await;
        far.expect("200").await;
    };
    let sending = send(target, |fax| fax.policy.ask_after = None);
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn a_far_end_that_goes_back_to_audio_in_mid_fax_ends_it() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        let invite = pick_up(&mut far).await;
        far.request(&invite, "INVITE", 7, &image(4_002, 2)).await;
        far.expect("200").await;
        far.request(&invite, "ACK", 7, "").await;
        far.request(&invite, "INVITE", 8, &audio(4_000, 3)).await;
        let back = far.expect("200").await;
        assert!(back.body().contains("m=audio"), "{}", back.text);
        far.request(&invite, "ACK", 8, "").await;
        part(&mut far).await;
    };
    let (outcome, ()) = tokio::join!(send(target, |_| ()), script);
    assert_eq!(
        outcome.reason,
        Some(Reason::RemoteDisconnected),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn an_answer_with_a_hostile_description_ends_the_call() {
    for body in ["v=0\r\nm=", "garbage", "v=0\r\no=- 1 1 IN IP4 x\r\ns=-\r\n"] {
        let mut far = FarEnd::new().await;
        let target = far.number("1");
        let script = async {
            let invite = far.expect("INVITE").await;
            far.answer(&invite, "200 OK", Some("far"), &[], body).await;
            far.expect("ACK").await;
            part(&mut far).await;
        };
        let (outcome, ()) = tokio::join!(send(target, |_| ()), script);
        assert_eq!(
            outcome.reason,
            Some(Reason::ProtocolError),
            "{}",
            outcome.detail
        );
    }
}

#[tokio::test]
async fn a_second_answer_from_a_forking_proxy_is_acknowledged_and_ended() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        let invite = pick_up(&mut far).await;
        far.answer(&invite, "200 OK", Some("other"), &[], &audio(4_010, 1))
            .await;
        let ack = far.expect("ACK").await;
        assert!(ack.header("To").is_some_and(|to| to.ends_with("tag=other")));
        let bye = far.expect("BYE").await;
        assert!(bye.header("To").is_some_and(|to| to.ends_with("tag=other")));
        far.answer(&bye, "200 OK", None, &[], "").await;
        far.request(&invite, "BYE", 7, "").await;
        far.expect("200").await;
    };
    let sending = send(target, |fax| fax.policy.ask_after = None);
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
}

/// Cannot store that the call was answered.
struct FullDisk;

#[async_trait]
impl CallObserver for FullDisk {
    async fn answered(&mut self) -> Result<(), ObserverRefused> {
        Err(ObserverRefused {
            message: "no space left on device".to_owned(),
        })
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_stored_ends_the_call_before_anything_is_sent() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        pick_up(&mut far).await;
        part(&mut far).await;
    };
    let mut observer = FullDisk;
    let (outcome, ()) = tokio::join!(send_watched(target, &mut observer, |_| ()), script);
    assert_eq!(outcome.reason, Some(Reason::StorageFailed));
    assert!(
        outcome.detail.contains("no space left"),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn a_call_over_its_limit_is_ended() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        pick_up(&mut far).await;
        part(&mut far).await;
    };
    let sending = send(target, |fax| {
        fax.policy.ask_after = None;
        fax.policy.agree_within = Duration::from_secs(60);
        fax.limits.call_seconds_max = 1;
    });
    let (outcome, ()) = tokio::join!(sending, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
    assert!(
        outcome.detail.contains("limit of 1 s"),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn a_far_end_that_ignores_our_bye_does_not_hold_us_up() {
    let mut far = FarEnd::new().await;
    let target = far.number("1");
    let script = async {
        pick_up(&mut far).await;
        far.expect("BYE").await;
        Instant::now()
    };
    let sending = send(target, |fax| {
        fax.policy.agree_within = Duration::from_millis(100);
    });
    let (outcome, hung_up) = tokio::join!(sending, script);
    assert!(hung_up.elapsed() < Duration::from_secs(3));
    assert_eq!(
        outcome.reason,
        Some(Reason::T38Refused),
        "{}",
        outcome.detail
    );
}
