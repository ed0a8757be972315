//! A far end that does what a scenario says, message by message, over a real UDP socket.

use std::net::SocketAddr;
use std::time::Duration;

use faxmill::sip::SipUri;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Longer than any wait that a scenario foresees.
const PATIENCE: Duration = Duration::from_secs(12);

/// A scripted SIP peer.
pub(crate) struct FarEnd {
    socket: UdpSocket,
    address: SocketAddr,
    /// What was received, to know a repetition.
    seen: Vec<String>,
    peer: Option<SocketAddr>,
}

/// A message from the agent under test.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) text: String,
}

impl Message {
    /// The method of a request, or the status of a response.
    pub(crate) fn kind(&self) -> &str {
        let mut words = self.text.split_whitespace();
        match words.next() {
            Some("SIP/2.0") => words.next().expect("a status"),
            other => other.expect("a method"),
        }
    }

    /// The first header of a name, in its long form.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().expect("a head");
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").expect("a whole message").1
    }

    pub(crate) fn cseq(&self) -> u32 {
        let cseq = self.header("CSeq").expect("CSeq");
        let number = cseq.split_whitespace().next().expect("a number");
        number.parse().expect("a number")
    }
}

impl FarEnd {
    pub(crate) async fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        Self {
            socket,
            address,
            seen: Vec::new(),
            peer: None,
        }
    }

    pub(crate) fn number(&self, number: &str) -> SipUri {
        format!("sip:{number}@{}", self.address)
            .parse()
            .expect("a SIP address")
    }

    /// The next new message of a kind; repetitions and the probe's empty line are skipped, any
    /// other message fails the scenario.
    pub(crate) async fn expect(&mut self, kind: &str) -> Message {
        let message = self.next().await;
        assert_eq!(message.kind(), kind, "{}", message.text);
        message
    }

    /// The next new message.
    pub(crate) async fn next(&mut self) -> Message {
        let mut buffer = vec![0; 65_536];
        loop {
            let received = timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await;
            let (length, source) = received.expect("a message in time").expect("a datagram");
            let text = String::from_utf8(buffer[..length].to_vec()).expect("text");
            if text.trim().is_empty() || self.seen.contains(&text) {
                continue;
            }
            self.seen.push(text.clone());
            self.peer = Some(source);
            return Message { text };
        }
    }

    /// Fails when any new message comes within a time.
    pub(crate) async fn expect_silence(&mut self, length: Duration) {
        if let Ok(message) = timeout(length, self.next()).await {
            panic!("unexpected: {}", message.text);
        }
    }

    /// Answers a request; `tag` makes our To tag, none for 100.
    pub(crate) async fn answer(
        &self,
        request: &Message,
        status: &str,
        tag: Option<&str>,
        headers: &[&str],
        body: &str,
    ) {
        let head = request.text.split("\r\n\r\n").next().expect("a head");
        let mirrored = head.lines().skip(1).filter(|line| {
            let name = line.split(':').next().expect("a name").to_ascii_lowercase();
            ["via", "from", "call-id", "cseq", "record-route"].contains(&name.as_str())
        });
        let to = request.header("To").expect("To");
        let to = match tag {
            Some(tag) if !to.contains(";tag=") => format!("To: {to};tag={tag}"),
            _ => format!("To: {to}"),
        };
        let mut lines = vec![format!("SIP/2.0 {status}")];
        lines.extend(mirrored.map(str::to_owned));
        lines.push(to);
        self.send(lines, headers, body).await;
    }

    /// A request of ours inside the call that `invite` began towards us.
    pub(crate) async fn request(&self, invite: &Message, method: &str, cseq: u32, body: &str) {
        let from = invite.header("To").expect("To");
        let to = invite.header("From").expect("From");
        let contact = invite.header("Contact").expect("Contact");
        let target = contact.split(['<', '>']).nth(1).expect("a Contact address");
        let call_id = invite.header("Call-ID").expect("Call-ID");
        let at = self.address;
        let lines = vec![
            format!("{method} {target} SIP/2.0"),
            format!("Via: SIP/2.0/UDP {at};branch=z9hG4bK{method}{cseq}"),
            format!("From: {from};tag=far"),
            format!("To: {to}"),
            format!("Call-ID: {call_id}"),
            format!("CSeq: {cseq} {method}"),
            "Max-Forwards: 70".to_owned(),
        ];
        self.send(lines, &[], body).await;
    }

    /// A request of ours outside any call, or inside one that we began (`to_tag`).
    pub(crate) async fn call(
        &mut self,
        agent: SocketAddr,
        method: &str,
        cseq: u32,
        to_tag: Option<&str>,
        headers: &[&str],
        body: &str,
    ) {
        self.peer = Some(agent);
        let at = self.address;
        // A CANCEL shares its INVITE's branch, the ACK of a 2xx does not.
        let branch = match method {
            "CANCEL" => format!("z9hG4bKINVITE{cseq}"),
            _ => format!("z9hG4bK{method}{cseq}"),
        };
        let tag = to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let lines = vec![
            format!("{method} sip:200@{agent} SIP/2.0"),
            format!("Via: SIP/2.0/UDP {at};branch={branch}"),
            format!("From: <sip:15550001@{at}>;tag=caller"),
            format!("To: <sip:200@{agent}>{tag}"),
            format!("Call-ID: scenario-{}", at.port()),
            format!("CSeq: {cseq} {method}"),
            "Max-Forwards: 70".to_owned(),
        ];
        self.send(lines, headers, body).await;
    }

    /// Adds what every message has and sends it.
    async fn send(&self, mut lines: Vec<String>, headers: &[&str], body: &str) {
        lines.push(format!("Contact: <sip:far@{}>", self.address));
        lines.extend(headers.iter().map(|&header| header.to_owned()));
        if !body.is_empty() {
            lines.push("Content-Type: application/sdp".to_owned());
        }
        lines.push(format!("Content-Length: {}", body.len()));
        let text = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        let peer = self.peer.expect("a peer");
        let sent = self.socket.send_to(text.as_bytes(), peer).await;
        sent.expect("sent");
    }
}

/// G.711 audio on a port.
pub(crate) fn audio(port: u16, version: u32) -> String {
    format!(
        "v=0\r\no=far 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    )
}

/// T.38 on a port.
pub(crate) fn image(port: u16, version: u32) -> String {
    format!(
        "v=0\r\no=far 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n\
         a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxDatagram:400\r\n\
         a=T38FaxUdpEC:t38UDPRedundancy\r\n"
    )
}
