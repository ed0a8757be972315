//! The sockets of one call's media, and which datagrams on them are the far end's.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use tokio::net::UdpSocket;

use super::offer_answer::LocalMedia;
use crate::t38::T38Attributes;

/// The sockets of one call.
///
/// RTP and UDPTL have ports of their own: in the moment of the switch packets of both kinds are
/// under way, and RTP read as UDPTL is a wild jump of sequence numbers.
pub(super) struct MediaSockets {
    pub(super) rtp: UdpSocket,
    pub(super) udptl: UdpSocket,
}

impl MediaSockets {
    /// Binds both on `ip`, on ports of the range if one is given, and says what our descriptions
    /// tell of them to a far end that reaches us at `reached_at`.
    pub(super) async fn open(
        ip: IpAddr,
        ports: Option<&RangeInclusive<u16>>,
        reached_at: IpAddr,
    ) -> io::Result<(Self, LocalMedia)> {
        let sockets = Self {
            rtp: bind(ip, ports).await?,
            udptl: bind(ip, ports).await?,
        };
        let local = LocalMedia {
            session_id: u64::from(fastrand::u32(1..)),
            address: reached_at,
            audio_port: sockets.rtp.local_addr()?.port(),
            t38_port: sockets.udptl.local_addr()?.port(),
            t38: T38Attributes::ours(),
            seed: fastrand::u64(..),
        };
        Ok((sockets, local))
    }
}

async fn bind(ip: IpAddr, ports: Option<&RangeInclusive<u16>>) -> io::Result<UdpSocket> {
    let Some(ports) = ports else {
        return UdpSocket::bind((ip, 0)).await;
    };
    // Starting anywhere keeps a port from being used again while late packets of its last call
    // still arrive.
    let count = u32::from(ports.end() - ports.start()) + 1;
    let first = fastrand::u32(..count);
    for step in 0..count {
        // The sum stays within the range, which ends at most at 65535.
        let port = ports.start() + ((first + step) % count) as u16;
        match UdpSocket::bind((ip, port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            other => return other,
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        format!(
            "every media port from {} to {} is taken",
            ports.start(),
            ports.end()
        ),
    ))
}

/// The far end's media address: what its description says until packets come, then where they
/// come from, and from then on only a re-INVITE changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    described: SocketAddr,
    learned: Option<SocketAddr>,
}

impl Peer {
    pub(super) fn new(described: SocketAddr) -> Self {
        Self {
            described,
            learned: None,
        }
    }

    /// Where to send.
    pub(super) fn address(&self) -> SocketAddr {
        self.learned.unwrap_or(self.described)
    }

    /// Whether a datagram from `source` may be the far end's.
    ///
    /// Before anything is learned another port of the same host is accepted, and any source when
    /// the description names a private address: both are how a far end behind NAT looks.
    pub(super) fn may_be(&self, source: SocketAddr) -> bool {
        match self.learned {
            Some(learned) => learned == source,
            None => source.ip() == self.described.ip() || is_private(self.described.ip()),
        }
    }

    /// Holds on to the source of the first datagram that proved to be UDPTL.
    pub(super) fn learn(&mut self, source: SocketAddr) {
        self.learned.get_or_insert(source);
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_is_pinned_once_learned() {
        let at = |text: &str| -> SocketAddr { text.parse().expect("an address") };
        let mut peer = Peer::new(at("198.51.100.1:4000"));
        assert!(peer.may_be(at("198.51.100.1:4000")));
        assert!(peer.may_be(at("198.51.100.1:4002")));
        assert!(!peer.may_be(at("203.0.113.9:4000")));
        peer.learn(at("198.51.100.1:4002"));
        assert_eq!(peer.address(), at("198.51.100.1:4002"));
        assert!(!peer.may_be(at("198.51.100.1:4000")));
        peer.learn(at("203.0.113.9:4000"));
        assert_eq!(peer.address(), at("198.51.100.1:4002"));
    }

    #[tokio::test]
    async fn a_used_up_range_is_an_error_in_words() {
        let ip: IpAddr = "127.0.0.1".parse().expect("an address");
        let taken = UdpSocket::bind((ip, 0)).await.expect("a port");
        let port = taken.local_addr().expect("an address").port();
        let error = bind(ip, Some(&(port..=port))).await.expect_err("taken");
        assert!(error.to_string().contains(&port.to_string()));
    }
}
