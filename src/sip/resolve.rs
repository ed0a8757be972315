//! Where a SIP address points: names to socket addresses, and whether anybody is there.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::transport::SipAddr;
use rsipstack::transport::transport_layer::DomainResolver;
use tokio::net::UdpSocket;

use super::uri::{Host, SipUri};

/// RFC 3261 §19.1.2.
const SIP_PORT: u16 = 5060;

/// How long a name server may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Most addresses of one name that a call tries.
const ADDRESSES_MAX: usize = 4;

/// The addresses to try for a target, in order; or why there is none, in words.
pub(super) async fn addresses_of(target: &SipUri) -> Result<Vec<SocketAddr>, String> {
    let port = target.port().unwrap_or(SIP_PORT);
    let name = match target.host() {
        Host::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, port)]),
        Host::Name(name) => name,
    };
    let lookup = tokio::net::lookup_host((name.as_str(), port));
    match tokio::time::timeout(LOOKUP_TIMEOUT, lookup).await {
        Ok(Ok(found)) => {
            let mut addresses = Vec::new();
            for address in found {
                if !addresses.contains(&address) && addresses.len() < ADDRESSES_MAX {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() {
                return Err(format!("the name {name} has no address"));
            }
            Ok(addresses)
        }
        Ok(Err(error)) => Err(format!("the name {name} could not be resolved: {error}")),
        Err(_) => Err(format!(
            "the name {name} could not be resolved within {} s",
            LOOKUP_TIMEOUT.as_secs()
        )),
    }
}

/// Waits until the network reports that nobody listens at `remote`, and says so in words; waits for
/// ever when it reports nothing.
///
/// The stack's own socket is not connected, so refusals (ICMP port or host unreachable) do not
/// reach it. A connected socket that sends one empty line, which RFC 3261 §7.5 tells every SIP
/// element to ignore, gets them.
pub(super) async fn refused_by_network(remote: SocketAddr) -> String {
    match probe(remote).await {
        Ok(never) => match never {},
        Err(error) => format!("{remote} cannot be reached: {error}"),
    }
}

async fn probe(remote: SocketAddr) -> std::io::Result<std::convert::Infallible> {
    let any = match remote {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(remote).await?;
    socket.send(b"\r\n").await?;
    let mut ignored = [0u8; 64];
    loop {
        socket.recv(&mut ignored).await?;
    }
}

/// Which address each host name of a running call was found at.
///
/// Every request of a call must reach the same server (RFC 3263 §4), but the stack resolves the
/// name of each anew.
#[derive(Clone, Default)]
pub(super) struct Pins(Arc<Mutex<HashMap<String, (SocketAddr, usize)>>>);

impl Pins {
    /// Holds a name at an address until the pin is dropped.
    pub(super) fn hold(&self, host: &Host, address: SocketAddr) -> Option<Pin> {
        let Host::Name(name) = host else {
            return None;
        };
        let mut pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pin = pins.entry(name.clone()).or_insert((address, 0));
        pin.0 = address;
        pin.1 += 1;
        Some(Pin {
            pins: self.clone(),
            name: name.clone(),
        })
    }

    fn find(&self, name: &str) -> Option<SocketAddr> {
        let pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.get(name).map(|pin| pin.0)
    }
}

/// One call's hold on a name.
pub(super) struct Pin {
    pins: Pins,
    name: String,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pin) = pins.get_mut(&self.name) {
            pin.1 -= 1;
            if pin.1 == 0 {
                pins.remove(&self.name);
            }
        }
    }
}

/// Resolves names for the stack: pinned ones first, others through the system.
pub(super) struct PinnedResolver {
    pins: Pins,
}

impl PinnedResolver {
    pub(super) fn new(pins: Pins) -> Self {
        Self { pins }
    }
}

#[async_trait]
impl DomainResolver for PinnedResolver {
    async fn resolve(&self, target: &SipAddr) -> rsipstack::Result<SipAddr> {
        let failed = rsipstack::Error::DnsResolutionError;
        let name = target.addr.host.to_string().to_ascii_lowercase();
        let address = if let Some(address) = self.pins.find(&name) {
            address
        } else {
            let host = Host::Name(name);
            let port = target.addr.port.as_ref().map(rsipstack::sip::Port::value);
            let uri = SipUri::new(None, host, port).map_err(|e| failed(e.to_string()))?;
            let addresses = addresses_of(&uri).await.map_err(failed)?;
            *addresses.first().ok_or_else(|| failed(uri.to_string()))?
        };
        Ok(SipAddr {
            r#type: target.r#type,
            addr: address.into(),
        })
    }
}
