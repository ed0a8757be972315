//! Calls that come in and are not what they should be.

use std::time::Duration;

use async_trait::async_trait;
use faxmill::job::Reason;
use faxmill::sip::{
    Agent, AgentConfig, CallObserver, CallOutcome, IncomingFax, NoObserver, ObserverRefused,
};
use tokio_util::sync::CancellationToken;

use crate::far_end::{FarEnd, audio, image};
use crate::support::agent;

/// Takes one call as a fax that asks for T.38 after 200 ms, once.
async fn receive(agent: &Agent, observer: &mut dyn CallObserver) -> CallOutcome {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fax = IncomingFax::new(folder.path().join("fax.tiff"));
    fax.policy.ask_after = Some(Duration::from_millis(200));
    fax.policy.asks_max = 1;
    fax.policy.wait_after_refusal = Duration::from_millis(500);
    let call = agent.next_call().await.expect("a call");
    assert_eq!(call.to.as_deref(), Some("200"));
    let caller = call.from.clone().expect("a caller");
    assert_eq!(caller.user(), Some("15550001"));
    call.receive_fax(fax, observer, CancellationToken::new())
        .await
}

fn tag(response: &crate::far_end::Message) -> String {
    let to = response.header("To").expect("To");
    to.split_once(";tag=").expect("a tag").1.to_owned()
}

#[tokio::test]
async fn a_caller_that_refuses_t38_is_hung_up_on() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    let script = async {
        far.call(at, "INVITE", 1, None, &[], &audio(4_000, 1)).await;
        far.expect("100").await;
        far.expect("180").await;
        let answer = far.expect("200").await;
        assert!(answer.body().contains("m=audio"), "{}", answer.text);
        let tag = tag(&answer);
        far.call(at, "ACK", 1, Some(&tag), &[], "").await;
        let ask = far.expect("INVITE").await;
        assert!(ask.body().contains("udptl t38"), "{}", ask.text);
        far.answer(&ask, "488 Not Acceptable Here", None, &[], "")
            .await;
        far.expect("ACK").await;
        let bye = far.expect("BYE").await;
        far.answer(&bye, "200 OK", None, &[], "").await;
    };
    let mut observer = NoObserver;
    let (outcome, ()) = tokio::join!(receive(&agent, &mut observer), script);
    assert_eq!(
        outcome.reason,
        Some(Reason::T38Refused),
        "{}",
        outcome.detail
    );
    assert!(outcome.answered);
}

#[tokio::test]
async fn a_reinvite_that_overtakes_the_ack_is_told_to_wait() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    let script = async {
        far.call(at, "INVITE", 1, None, &[], &audio(4_000, 1)).await;
        far.expect("100").await;
        far.expect("180").await;
        let tag = tag(&far.expect("200").await);
        far.call(at, "INVITE", 2, Some(&tag), &[], &image(4_002, 2))
            .await;
        far.expect("491").await;
        far.call(at, "ACK", 1, Some(&tag), &[], "").await;
        far.call(at, "BYE", 3, Some(&tag), &[], "").await;
        far.expect("200").await;
    };
    let mut observer = NoObserver;
    let (outcome, ()) = tokio::join!(receive(&agent, &mut observer), script);
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn a_call_withdrawn_while_it_rings_is_no_call() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    far.call(at, "INVITE", 1, None, &[], &audio(4_000, 1)).await;
    far.expect("100").await;
    let call = agent.next_call().await.expect("a call");
    far.call(at, "CANCEL", 1, None, &[], "").await;
    far.expect("200").await;
    far.expect("487").await;
    let fax = IncomingFax::new(std::env::temp_dir().join("never-written.tiff"));
    let outcome = call
        .receive_fax(fax, &mut NoObserver, CancellationToken::new())
        .await;
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
}

/// Cannot store that a call came in.
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
async fn a_call_that_cannot_be_stored_is_not_answered() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    let script = async {
        far.call(at, "INVITE", 1, None, &[], &audio(4_000, 1)).await;
        far.expect("100").await;
        far.expect("180").await;
        far.expect("503").await;
    };
    let mut observer = FullDisk;
    let (outcome, ()) = tokio::join!(receive(&agent, &mut observer), script);
    assert_eq!(outcome.reason, Some(Reason::StorageFailed));
    assert!(!outcome.answered);
}

#[tokio::test]
async fn an_offer_we_cannot_take_is_refused_with_488() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    let script = async {
        far.call(at, "INVITE", 1, None, &[], "v=0\r\nm=nonsense\r\n")
            .await;
        far.expect("100").await;
        far.expect("180").await;
        far.expect("488").await;
    };
    let mut observer = NoObserver;
    let (outcome, ()) = tokio::join!(receive(&agent, &mut observer), script);
    assert_eq!(outcome.sip_status, Some(488), "{}", outcome.detail);
}

#[tokio::test]
async fn requests_outside_calls_are_answered_by_what_they_ask() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    far.call(at, "OPTIONS", 1, None, &[], "").await;
    let options = far.expect("200").await;
    assert!(
        options
            .header("Allow")
            .is_some_and(|allow| allow.contains("INVITE"))
    );
    far.call(at, "BYE", 2, Some("unknown"), &[], "").await;
    far.expect("481").await;
    far.call(at, "SUBSCRIBE", 3, None, &[], "").await;
    far.expect("405").await;
    far.call(
        at,
        "INVITE",
        4,
        None,
        &["Require: 100rel"],
        &audio(4_000, 1),
    )
    .await;
    let refused = far.expect("420").await;
    assert_eq!(refused.header("Unsupported"), Some("100rel"));
    far.call(at, "CANCEL", 9, None, &[], "").await;
    far.expect("481").await;
}

#[tokio::test]
async fn a_rejected_and_a_forgotten_call_are_both_refused() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    far.call(at, "INVITE", 1, None, &[], &audio(4_000, 1)).await;
    far.expect("100").await;
    agent.next_call().await.expect("a call").reject(486);
    far.expect("486").await;
    let mut other = FarEnd::new().await;
    other
        .call(at, "INVITE", 1, None, &[], &audio(4_000, 1))
        .await;
    other.expect("100").await;
    drop(agent.next_call().await.expect("a call"));
    other.expect("480").await;
}

#[tokio::test]
async fn more_waiting_calls_than_the_limit_are_told_to_come_later() {
    let mut config = AgentConfig::new("127.0.0.1:0".parse().expect("an address"));
    config.waiting_calls_max = 1;
    let agent = Agent::start(config).await.expect("an agent");
    let at = agent.local_addr();
    let (mut first, mut second) = (FarEnd::new().await, FarEnd::new().await);
    first
        .call(at, "INVITE", 1, None, &[], &audio(4_000, 1))
        .await;
    first.expect("100").await;
    second
        .call(at, "INVITE", 1, None, &[], &audio(4_000, 1))
        .await;
    second.expect("503").await;
}

#[tokio::test]
async fn bytes_that_are_not_sip_leave_the_agent_alone() {
    let agent = agent().await;
    let at = agent.local_addr();
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let mut random = fastrand::Rng::with_seed(7);
    for length in (0..1_500).step_by(7) {
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
            .take(length)
            .collect();
        socket.send_to(&bytes, at).await.expect("sent");
    }
    for text in [
        "INVITE",
        "INVITE sip:x SIP/2.0\r\n\r\n",
        "INVITE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a>\r\n\
         To: <sip:b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 99999\r\n\r\n",
        "SIP/2.0 999 \r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nCSeq: 99999999999 X\r\n\r\n",
    ] {
        socket.send_to(text.as_bytes(), at).await.expect("sent");
    }
    let mut far = FarEnd::new().await;
    far.call(at, "OPTIONS", 1, None, &[], "").await;
    far.expect("200").await;
}

#[tokio::test]
async fn two_agents_cannot_share_an_address_and_a_stopped_one_frees_it() {
    let first = agent().await;
    let at = first.local_addr();
    let error = Agent::start(AgentConfig::new(at))
        .await
        .err()
        .expect("taken");
    assert_eq!(error.code(), "sip-bind-failed");
    first.shutdown().await;
    let mut again = Agent::start(AgentConfig::new(at)).await;
    // The stopped stack lets go of its socket a moment later.
    for _ in 0..50 {
        if again.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        again = Agent::start(AgentConfig::new(at)).await;
    }
    again.expect("the address is free again");
}

#[tokio::test]
async fn a_draining_agent_refuses_new_calls() {
    let agent = agent().await;
    let at = agent.local_addr();
    let (mut waiting, mut late) = (FarEnd::new().await, FarEnd::new().await);
    waiting
        .call(at, "INVITE", 1, None, &[], &audio(4_000, 1))
        .await;
    waiting.expect("100").await;
    agent.drain();
    assert!(agent.next_call().await.is_none());
    waiting.expect("503").await;
    late.call(at, "INVITE", 1, None, &[], &audio(4_000, 1))
        .await;
    late.expect("503").await;
}

#[tokio::test]
async fn a_stopping_agent_hangs_up_its_calls() {
    let agent = agent().await;
    let at = agent.local_addr();
    let mut far = FarEnd::new().await;
    far.call(at, "INVITE", 1, None, &[], &audio(4_000, 1)).await;
    far.expect("100").await;
    let call = agent.next_call().await.expect("a call");
    let folder = tempfile::tempdir().expect("a folder");
    let fax = IncomingFax::new(folder.path().join("fax.tiff"));
    let mut observer = NoObserver;
    let receiving = call.receive_fax(fax, &mut observer, CancellationToken::new());
    let script = async {
        far.expect("180").await;
        let tag = tag(&far.expect("200").await);
        far.call(at, "ACK", 1, Some(&tag), &[], "").await;
        let stopping = tokio::spawn(agent.shutdown());
        let bye = far.expect("BYE").await;
        far.answer(&bye, "200 OK", None, &[], "").await;
        stopping.await.expect("a stopped agent");
    };
    let (outcome, ()) = tokio::join!(receiving, script);
    assert_eq!(
        outcome.reason,
        Some(Reason::CallDropped),
        "{}",
        outcome.detail
    );
    assert!(
        outcome.detail.contains("shutting down"),
        "{}",
        outcome.detail
    );
}
