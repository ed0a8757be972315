//! Packets in order again: a gap is held open for a while, then declared lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most packets held behind a gap.
const HELD_PACKETS_MAX: usize = 128;

/// What became of a packet that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It will come out in its turn.
    New,
    /// It is there already, or was.
    Duplicate,
    /// Its turn is over: it had been declared lost.
    Late,
}

/// Orders packets by their positions.
#[derive(Clone, Debug)]
pub struct ReorderBuffer {
    hold: Duration,
    /// The position that comes out next; unknown before the first packet.
    next: Option<u64>,
    held: BTreeMap<u64, (Duration, Vec<u8>)>,
    /// Positions declared lost, to tell late packets from repeated ones.
    given_up: BTreeSet<u64>,
    lost: u64,
}

impl ReorderBuffer {
    /// A buffer that waits this long for a missing packet, 60 to 100 ms being usual.
    pub fn new(hold: Duration) -> Self {
        Self {
            hold,
            next: None,
            held: BTreeMap::new(),
            given_up: BTreeSet::new(),
            lost: 0,
        }
    }

    /// Puts a packet in. Before the first packet comes out, earlier ones still find their place.
    pub fn insert(&mut self, now: Duration, position: u64, ifp: Vec<u8>) -> Placed {
        if let Some(next) = self.next
            && position < next
        {
            return if self.given_up.remove(&position) {
                Placed::Late
            } else {
                Placed::Duplicate
            };
        }
        if self.held.contains_key(&position) {
            return Placed::Duplicate;
        }
        self.held.insert(position, (now, ifp));
        Placed::New
    }

    /// The next packet in order, as long as none is missing or what is missing was waited for long
    /// enough.
    pub fn poll(&mut self, now: Duration) -> Option<(u64, Vec<u8>)> {
        let (&position, _) = self.held.first_key_value()?;
        if let Some(next) = self.next
            && position > next
        {
            let waited_enough = self.next_deadline().is_some_and(|deadline| deadline <= now);
            if !waited_enough && self.held.len() <= HELD_PACKETS_MAX {
                return None;
            }
            self.give_up(next, position);
        }
        let (_, ifp) = self.held.remove(&position)?;
        self.next = Some(position + 1);
        Some((position, ifp))
    }

    /// When a gap will be given up; zero when a packet can come out at once.
    pub fn next_deadline(&self) -> Option<Duration> {
        let (&position, _) = self.held.first_key_value()?;
        if self.next.is_none_or(|next| next == position) {
            return Some(Duration::ZERO);
        }
        let first_behind_gap = self.held.values().map(|(arrival, _)| *arrival).min()?;
        Some(first_behind_gap + self.hold)
    }

    /// Packets declared lost.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn give_up(&mut self, from: u64, to: u64) {
        self.lost += to - from;
        let oldest = to.saturating_sub(HELD_PACKETS_MAX as u64);
        self.given_up = self.given_up.split_off(&oldest);
        self.given_up.extend(from.max(oldest)..to);
    }
}
