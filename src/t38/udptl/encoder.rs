//! The sending side.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::datagram::{Datagram, ENTRIES_MAX, Recovery};
use super::length::written_length;

/// What a sender adds against loss (`T38FaxUdpEC`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCorrection {
    /// Nothing.
    None,
    /// The last packets again.
    Redundancy {
        /// How many, at most 16.
        entries: u8,
    },
    /// Parities of the last packets.
    Fec {
        /// Packets that one parity covers.
        span: u8,
        /// How many parities, at most 16.
        entries: u8,
    },
}

impl ErrorCorrection {
    /// Earlier packets needed to write a datagram.
    fn history(self) -> usize {
        match self {
            Self::None => 0,
            Self::Redundancy { entries } => usize::from(entries).min(ENTRIES_MAX),
            Self::Fec { span, entries } => {
                usize::from(span) * usize::from(entries).min(ENTRIES_MAX)
            }
        }
    }
}

/// Numbers packets and wraps them into datagrams.
#[derive(Clone, Debug)]
pub struct UdptlEncoder {
    correction: ErrorCorrection,
    datagram_bytes_max: usize,
    sequence: u16,
    /// Packets sent, the latest first.
    sent: VecDeque<Vec<u8>>,
    last: Vec<u8>,
}

impl UdptlEncoder {
    /// An encoder that starts with sequence number 0 and leaves out what would make a datagram
    /// longer than the far end takes.
    pub fn new(correction: ErrorCorrection, datagram_bytes_max: usize) -> Self {
        Self {
            correction,
            datagram_bytes_max,
            sequence: 0,
            sent: VecDeque::new(),
            last: Vec::new(),
        }
    }

    /// The next packet's datagram.
    pub fn encode(&mut self, ifp: &[u8]) -> Vec<u8> {
        // Number, kind of recovery and count of entries.
        let room = self
            .datagram_bytes_max
            .saturating_sub(2 + written_length(ifp.len()) + 2);
        let datagram = Datagram {
            sequence: self.sequence,
            primary: Cow::Borrowed(ifp),
            recovery: match self.correction {
                ErrorCorrection::None => Recovery::Redundancy(Vec::new()),
                ErrorCorrection::Redundancy { entries } => self.redundancy(entries, room),
                ErrorCorrection::Fec { span, entries } => self.fec(span, entries, room),
            },
        };
        let bytes = datagram.to_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        if self.correction.history() > 0 {
            self.sent.push_front(ifp.to_vec());
            self.sent.truncate(self.correction.history());
        }
        self.last.clone_from(&bytes);
        bytes
    }

    /// The last datagram once more, under the same number.
    pub fn repeat(&self) -> Option<&[u8]> {
        (!self.last.is_empty()).then_some(self.last.as_slice())
    }

    fn redundancy(&self, entries: u8, mut room: usize) -> Recovery<'_> {
        let fitting = self
            .sent
            .iter()
            .take(usize::from(entries).min(ENTRIES_MAX))
            .map_while(|packet| {
                room = room.checked_sub(written_length(packet.len()))?;
                Some(Cow::Borrowed(packet.as_slice()))
            });
        Recovery::Redundancy(fitting.collect())
    }

    /// Parities over all packets that they should cover; while the first packets are sent, fewer
    /// parities, so that each covers its full span.
    fn fec(&self, span: u8, entries: u8, room: usize) -> Recovery<'_> {
        let span = usize::from(span).max(1);
        let entries = usize::from(entries)
            .min(ENTRIES_MAX)
            .min(self.sent.len() / span);
        let parities: Vec<Cow<'_, [u8]>> = (0..entries)
            .map(|index| Cow::Owned(self.parity(index, entries, span)))
            .collect();
        let size: usize = parities
            .iter()
            .map(|parity| written_length(parity.len()))
            .sum();
        // Two octets more than redundancy: the span is an INTEGER of one octet.
        if parities.is_empty() || size + 2 > room {
            return Recovery::Redundancy(Vec::new());
        }
        Recovery::Fec {
            span: span as u8,
            parities,
        }
    }

    fn parity(&self, index: usize, entries: usize, span: usize) -> Vec<u8> {
        let mut parity = Vec::new();
        // The packet before this datagram's is `sent[0]`; parity m ends n − m packets back.
        let first = entries - index - 1;
        for packet in self.sent.iter().skip(first).step_by(entries).take(span) {
            xor_into(&mut parity, packet);
        }
        parity
    }
}

/// Adds a packet to a parity, as if the shorter were filled up with zeros.
pub(super) fn xor_into(parity: &mut Vec<u8>, packet: &[u8]) {
    if parity.len() < packet.len() {
        parity.resize(packet.len(), 0);
    }
    for (sum, octet) in parity.iter_mut().zip(packet) {
        *sum ^= octet;
    }
}
