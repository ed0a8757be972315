//! T.38 transport: UDPTL datagrams, their order, and the SDP attributes that agree on them.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
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
        vec![]
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
pub struct UdptlEncoder;
impl UdptlEncoder {
    pub fn new(_: ErrorCorrection, _: usize) -> Self {
        Self
    }
    pub fn encode(&mut self, ifp: &[u8]) -> Vec<u8> {
        ifp.to_vec()
    }
}
#[derive(Default)]
pub struct UdptlReceiver;
#[derive(Clone, Copy, Default)]
pub struct UdptlStats {
    pub lost: u64,
    pub recovered: u64,
    pub duplicates: u64,
    pub reordered: u64,
}
impl UdptlReceiver {
    pub fn handle_datagram(&mut self, _: Duration, _: &[u8]) -> Result<(), std::fmt::Error> {
        Ok(())
    }
    pub fn poll(&mut self, _: Duration) -> Option<(u16, Vec<u8>)> {
        None
    }
    pub fn next_deadline(&self) -> Option<Duration> {
        None
    }
    pub fn stats(&self) -> UdptlStats {
        UdptlStats::default()
    }
}
