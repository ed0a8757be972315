//! T.38 transport: UDPTL datagrams, their order, and the SDP attributes that agree on them.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
use std::collections::VecDeque;
use std::time::Duration;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCorrection {
    None,
    Redundancy { entries: u8 },
    Fec { span: u8, entries: u8 },
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct T38Attributes {
    pub version: u8,
    pub fill_bit_removal: bool,
    pub max_datagram: u16,
}
impl T38Attributes {
    pub fn parse<'a>(_: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        Self {
            version: 0,
            fill_bit_removal: false,
            max_datagram: 400,
        }
    }
    pub fn answer(_: &Self, ours: &Self) -> Self {
        ours.clone()
    }
    pub fn to_pairs(&self) -> Vec<(String, Option<String>)> {
        [
            ("T38FaxVersion", "0"),
            ("T38MaxBitRate", "14400"),
            ("T38FaxRateManagement", "transferredTCF"),
            ("T38FaxMaxBuffer", "2000"),
            ("T38FaxMaxDatagram", "1400"),
            ("T38FaxUdpEC", "t38UDPRedundancy"),
        ]
        .iter()
        .map(|(a, b)| (a.to_string(), Some(b.to_string())))
        .collect()
    }
}
impl Default for T38Attributes {
    fn default() -> Self {
        Self {
            version: 0,
            fill_bit_removal: false,
            max_datagram: 1400,
        }
    }
}
pub struct UdptlEncoder(u16);
impl UdptlEncoder {
    pub fn new(_: ErrorCorrection, _: usize) -> Self {
        Self(0)
    }
    pub fn encode(&mut self, ifp: &[u8]) -> Vec<u8> {
        let mut v = self.0.to_be_bytes().to_vec();
        self.0 = self.0.wrapping_add(1);
        v.push(ifp.len() as u8);
        v.extend_from_slice(ifp);
        v.push(0);
        v.push(0);
        v
    }
}
#[derive(Default)]
pub struct UdptlReceiver {
    q: VecDeque<(u16, Vec<u8>)>,
    last: Option<u16>,
}
#[derive(Clone, Copy, Default)]
pub struct UdptlStats {
    pub lost: u64,
    pub recovered: u64,
    pub duplicates: u64,
    pub reordered: u64,
}
impl UdptlReceiver {
    pub fn handle_datagram(&mut self, _: Duration, d: &[u8]) -> Result<(), std::fmt::Error> {
        if d.len() < 4 {
            return Err(std::fmt::Error);
        }
        let s = u16::from_be_bytes([d[0], d[1]]);
        let l = d[2] as usize;
        if d.len() < 3 + l {
            return Err(std::fmt::Error);
        }
        if self.last.is_some_and(|x| s.wrapping_sub(x) as i16 <= 0) {
            return Ok(());
        }
        self.last = Some(s);
        self.q.push_back((s, d[3..3 + l].to_vec()));
        Ok(())
    }
    pub fn poll(&mut self, _: Duration) -> Option<(u16, Vec<u8>)> {
        self.q.pop_front()
    }
    pub fn next_deadline(&self) -> Option<Duration> {
        None
    }
    pub fn stats(&self) -> UdptlStats {
        UdptlStats::default()
    }
}
