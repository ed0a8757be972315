//! Whole faxes between two of our own agents, at real pace.

use async_trait::async_trait;
use faxmill::job::Reason;
use faxmill::sip::{
    Agent, CallObserver, CallOutcome, IncomingFax, NoObserver, ObserverRefused, OutgoingFax,
};
use faxmill::t30::{Negotiated, PageResult};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::support::{Desk, agent, number_at, read_pages};

/// A fax from one agent to another; each side may be changed, watched and cancelled.
struct Pair {
    caller: Agent,
    called: Agent,
    desk: Desk,
    cancel_caller: CancellationToken,
    cancel_called: CancellationToken,
}

impl Pair {
    async fn with_pages(pages: u32) -> Self {
        Self {
            caller: agent().await,
            called: agent().await,
            desk: Desk::with_pages(pages),
            cancel_caller: CancellationToken::new(),
            cancel_called: CancellationToken::new(),
        }
    }

    async fn run(
        &self,
        sender: &mut dyn CallObserver,
        receiver: &mut dyn CallObserver,
        change: impl FnOnce(&mut OutgoingFax, &mut IncomingFax),
    ) -> (CallOutcome, CallOutcome) {
        let mut outgoing = OutgoingFax::new(number_at(&self.called, "100"), self.desk.fax());
        "+15550001".clone_into(&mut outgoing.ident);
        let mut incoming = IncomingFax::new(self.desk.received());
        "+15550002".clone_into(&mut incoming.ident);
        change(&mut outgoing, &mut incoming);
        let receive = async {
            let call = self.called.next_call().await.expect("a call");
            assert_eq!(call.to.as_deref(), Some("100"));
            call.receive_fax(incoming, receiver, self.cancel_called.clone())
                .await
        };
        let send = self
            .caller
            .send_fax(outgoing, sender, self.cancel_caller.clone());
        tokio::join!(send, receive)
    }
}

/// Counts what it is told, in order.
#[derive(Default)]
struct Diary(Vec<&'static str>);

#[async_trait]
impl CallObserver for Diary {
    async fn ringing(&mut self) {
        self.0.push("ringing");
    }
    async fn answered(&mut self) -> Result<(), ObserverRefused> {
        self.0.push("answered");
        Ok(())
    }
    async fn negotiated(&mut self, _: &Negotiated) {
        self.0.push("negotiated");
    }
    async fn page_confirmed(&mut self, _: &PageResult) {
        self.0.push("page confirmed");
    }
    async fn page_received(&mut self, _: &PageResult) -> Result<(), ObserverRefused> {
        self.0.push("page received");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_arrives_exact_when_the_called_side_asks_for_t38() {
    let pair = Pair::with_pages(1).await;
    let (mut caller, mut fax_machine) = (Diary::default(), Diary::default());
    let (sent, received) = pair.run(&mut caller, &mut fax_machine, |_, _| ()).await;
    assert_eq!(sent.reason, None, "{}", sent.detail);
    assert_eq!(received.reason, None, "{}", received.detail);
    assert_eq!((sent.pages_confirmed, received.pages_confirmed), (1, 1));
    assert_eq!(sent.pages_total, Some(1));
    assert_eq!(sent.far_ident.as_deref(), Some("+15550002"));
    assert_eq!(received.far_ident.as_deref(), Some("+15550001"));
    assert_eq!(read_pages(&pair.desk.received()), pair.desk.pages);
    assert_eq!(
        caller.0,
        ["ringing", "answered", "negotiated", "page confirmed"]
    );
    assert_eq!(fax_machine.0, ["answered", "negotiated", "page received"]);
    assert_eq!((sent.media.malformed, received.media.malformed), (0, 0));
    assert_eq!(sent.call_id, received.call_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pages_arrive_exact_when_the_caller_asks_for_t38() {
    let pair = Pair::with_pages(2).await;
    let (mut caller, mut fax_machine) = (NoObserver, NoObserver);
    let run = pair.run(&mut caller, &mut fax_machine, |outgoing, incoming| {
        outgoing.policy.ask_after = Some(std::time::Duration::from_millis(100));
        incoming.policy.ask_after = None;
    });
    let (sent, received) = run.await;
    assert_eq!(sent.reason, None, "{}", sent.detail);
    assert_eq!(received.reason, None, "{}", received.detail);
    assert_eq!((sent.pages_confirmed, received.pages_confirmed), (2, 2));
    assert_eq!(read_pages(&pair.desk.received()), pair.desk.pages);
}

/// Cancels the call it watches once the fax machines have agreed.
struct CancelsInMidPage(CancellationToken);

#[async_trait]
impl CallObserver for CancelsInMidPage {
    async fn negotiated(&mut self, _: &Negotiated) {
        self.0.cancel();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_far_end_that_hangs_up_in_mid_page_leaves_nothing_delivered() {
    let pair = Pair::with_pages(1).await;
    let mut called = CancelsInMidPage(pair.cancel_called.clone());
    let (sent, received) = pair.run(&mut NoObserver, &mut called, |_, _| ()).await;
    assert!(
        matches!(
            sent.reason,
            Some(Reason::RemoteDisconnected | Reason::CallDropped)
        ),
        "{sent:?}"
    );
    assert!(sent.answered);
    assert_eq!(sent.pages_confirmed, 0);
    assert!(!sent.possibly_delivered);
    assert_eq!(received.reason, Some(Reason::CanceledByUser));
    assert_eq!(received.pages_confirmed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_cancels_in_mid_fax_ends_both_sides() {
    let pair = Pair::with_pages(1).await;
    let mut caller = CancelsInMidPage(pair.cancel_caller.clone());
    let (sent, received) = pair.run(&mut caller, &mut NoObserver, |_, _| ()).await;
    assert_eq!(sent.reason, Some(Reason::CanceledByUser));
    assert!(received.reason.is_some());
    assert_eq!(received.pages_confirmed, 0);
}

/// Cannot store the page.
struct FullDisk;

#[async_trait]
impl CallObserver for FullDisk {
    async fn page_received(&mut self, _: &PageResult) -> Result<(), ObserverRefused> {
        Err(ObserverRefused {
            message: "no space left on device".to_owned(),
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_cannot_be_stored_is_never_confirmed() {
    let pair = Pair::with_pages(1).await;
    let (sent, received) = pair.run(&mut NoObserver, &mut FullDisk, |_, _| ()).await;
    assert_eq!(received.reason, Some(Reason::StorageFailed));
    assert!(
        received.detail.contains("no space left"),
        "{}",
        received.detail
    );
    assert_eq!(received.pages_confirmed, 0);
    assert_eq!(sent.pages_confirmed, 0, "{}", sent.detail);
    assert!(sent.reason.is_some());
}

/// Throws datagrams at every media port near the ones in use while the fax runs.
async fn disturb(ports: std::ops::RangeInclusive<u16>, stop: CancellationToken) -> u64 {
    let socket = UdpSocket::bind("127.0.0.2:0").await.expect("a port");
    let mut random = fastrand::Rng::with_seed(11);
    let mut thrown = 0;
    while !stop.is_cancelled() {
        for port in ports.clone() {
            let length = random.usize(0..300);
            let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
                .take(length)
                .collect();
            // A port that nobody holds answers with an ICMP error: no matter.
            let _ = socket.send_to(&bytes, ("127.0.0.1", port)).await;
            thrown += 1;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    thrown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_datagrams_do_not_reach_the_fax() {
    let free = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let first = free.local_addr().expect("an address").port().min(65_000);
    let ports = first..=first + 40;
    let mut pair = Pair::with_pages(1).await;
    let mut config = faxmill::sip::AgentConfig::new("127.0.0.1:0".parse().expect("an address"));
    config.media_ports = Some(ports.clone());
    pair.called = Agent::start(config).await.expect("an agent");
    let stop = CancellationToken::new();
    let stranger = tokio::spawn(disturb(ports, stop.clone()));
    let (sent, received) = pair.run(&mut NoObserver, &mut NoObserver, |_, _| ()).await;
    stop.cancel();
    assert!(stranger.await.expect("the stranger") > 100);
    assert_eq!(sent.reason, None, "{}", sent.detail);
    assert_eq!(received.reason, None, "{}", received.detail);
    assert!(received.media.foreign > 100, "{:?}", received.media);
    assert_eq!(received.media.malformed, 0);
    assert_eq!(read_pages(&pair.desk.received()), pair.desk.pages);
}
