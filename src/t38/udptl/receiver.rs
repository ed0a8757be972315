//! The receiving side: datagrams in, packets in order out.

use std::time::Duration;

use super::decoder::UdptlDecoder;
use super::error::UdptlError;
use super::reorder::{Placed, ReorderBuffer};

/// Counters of one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverStats {
    /// Datagrams taken.
    pub datagrams: u64,
    /// Datagrams refused.
    pub refused: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets whose own datagram was lost or late, recovered from another.
    pub recovered: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came behind a later one and still found their turn.
    pub reordered: u64,
    /// Packets that came after they had been given up.
    pub late: u64,
}

/// Recovers, orders and counts.
#[derive(Clone, Debug)]
pub struct UdptlReceiver {
    decoder: UdptlDecoder,
    buffer: ReorderBuffer,
    newest: Option<u64>,
    stats: ReceiverStats,
}

impl UdptlReceiver {
    /// How long a gap is held open by default.
    pub const HOLD: Duration = Duration::from_millis(80);

    /// A receiver that holds a gap open this long.
    pub fn new(hold: Duration) -> Self {
        Self {
            decoder: UdptlDecoder::new(),
            buffer: ReorderBuffer::new(hold),
            newest: None,
            stats: ReceiverStats::default(),
        }
    }

    /// Takes one datagram; a refused one changes nothing but the counters.
    pub fn handle_datagram(&mut self, now: Duration, datagram: &[u8]) -> Result<(), UdptlError> {
        let packets = self.decoder.decode(datagram).inspect_err(|_| {
            self.stats.refused += 1;
        })?;
        self.stats.datagrams += 1;
        for packet in packets {
            let behind = self.newest.is_some_and(|newest| packet.position < newest);
            match (
                self.buffer.insert(now, packet.position, packet.ifp),
                packet.primary,
            ) {
                (Placed::New, true) => self.stats.reordered += u64::from(behind),
                (Placed::New, false) => self.stats.recovered += 1,
                (Placed::Duplicate, true) => self.stats.duplicates += 1,
                (Placed::Late, true) => self.stats.late += 1,
                (Placed::Duplicate | Placed::Late, false) => {}
            }
            if packet.primary {
                self.newest = self.newest.max(Some(packet.position));
            }
        }
        Ok(())
    }

    /// The next packet in order with its sequence number; a jump of the number means loss.
    ///
    /// Packets may be empty: peers send such to keep a path open.
    pub fn poll(&mut self, now: Duration) -> Option<(u16, Vec<u8>)> {
        let (position, ifp) = self.buffer.poll(now)?;
        self.stats.lost = self.buffer.lost();
        Some((position as u16, ifp))
    }

    /// When [`Self::poll`] should be called again although nothing arrived.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.buffer.next_deadline()
    }

    /// The counters so far.
    pub fn stats(&self) -> ReceiverStats {
        self.stats
    }
}

impl Default for UdptlReceiver {
    fn default() -> Self {
        Self::new(Self::HOLD)
    }
}
