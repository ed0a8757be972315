//! What datagrams carry, with lost packets recovered from redundancy and parities.

use std::collections::{BTreeMap, VecDeque};

use super::datagram::{Datagram, Recovery};
use super::encoder::xor_into;
use super::error::UdptlError;

/// Packets remembered for recovery and for telling what is known already.
const HISTORY_PACKETS: u64 = 256;

/// Datagrams whose parities are remembered: a late packet can make an older parity useful.
const PARITY_DATAGRAMS: usize = 32;

/// Farthest that a number may lie from the last one: 30 s of packets.
const SEQUENCE_JUMP_MAX: u16 = 1_000;

/// How close two datagrams in a row must be to show that the peer started its numbers again.
const RESTART_WINDOW: u16 = 16;

/// The position of the first packet: far from zero, so that earlier ones have a place.
const FIRST_POSITION: u64 = 1 << 32;

/// One packet that a datagram made known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Its place in the stream: sequence numbers without their wrap at 65,536. The low 16 bits are
    /// the sequence number, until a peer starts its numbers again; a gap of one is left then.
    pub position: u64,
    /// The packet.
    pub ifp: Vec<u8>,
    /// Whether it was sent for the first time, as against recovered.
    pub primary: bool,
}

/// Takes datagrams apart and fills gaps.
#[derive(Clone, Debug, Default)]
pub struct UdptlDecoder {
    /// The newest datagram's number and position.
    newest: Option<(u16, u64)>,
    /// A number that was too far off to be believed at once.
    suspect: Option<u16>,
    history: BTreeMap<u64, Vec<u8>>,
    parities: VecDeque<Parities>,
}

#[derive(Clone, Debug)]
struct Parities {
    position: u64,
    span: u64,
    sums: Vec<Vec<u8>>,
}

impl UdptlDecoder {
    /// A decoder that takes any number first.
    pub fn new() -> Self {
        Self::default()
    }

    /// The packets that a datagram makes known and that were not known before, except that its
    /// primary packet is always among them.
    pub fn decode(&mut self, datagram: &[u8]) -> Result<Vec<Recovered>, UdptlError> {
        let datagram = Datagram::parse(datagram)?;
        let position = self.locate(datagram.sequence)?;
        let mut news = Vec::new();
        self.learn(position, datagram.primary.into_owned(), true, &mut news);
        match datagram.recovery {
            Recovery::Redundancy(entries) => {
                for (back, entry) in (1..).zip(entries) {
                    if !entry.is_empty() && !self.history.contains_key(&(position - back)) {
                        self.learn(position - back, entry.into_owned(), false, &mut news);
                    }
                }
            }
            Recovery::Fec { span, parities } => {
                self.remember_parities(Parities {
                    position,
                    span: u64::from(span),
                    sums: parities.into_iter().map(Into::into).collect(),
                });
            }
        }
        self.repair(&mut news);
        self.forget_old();
        Ok(news)
    }

    /// The position of a sequence number near the newest.
    fn locate(&mut self, sequence: u16) -> Result<u64, UdptlError> {
        let Some((newest, position)) = self.newest else {
            self.newest = Some((sequence, FIRST_POSITION | u64::from(sequence)));
            return Ok(FIRST_POSITION | u64::from(sequence));
        };
        let ahead = sequence.wrapping_sub(newest);
        let behind = newest.wrapping_sub(sequence);
        if ahead <= SEQUENCE_JUMP_MAX {
            self.suspect = None;
            let position = position + u64::from(ahead);
            self.newest = Some((sequence, position));
            return Ok(position);
        }
        if behind <= SEQUENCE_JUMP_MAX {
            self.suspect = None;
            return Ok(position - u64::from(behind));
        }
        let near = |other: u16| {
            let distance = sequence.wrapping_sub(other);
            (1..=RESTART_WINDOW).contains(&distance)
        };
        if !self.suspect.is_some_and(near) {
            self.suspect = Some(sequence);
            return Err(UdptlError::SequenceJump {
                sequence,
                expected: newest.wrapping_add(1),
            });
        }
        self.suspect = None;
        self.history.clear();
        self.parities.clear();
        let position = position + 2;
        self.newest = Some((sequence, position));
        Ok(position)
    }

    fn learn(&mut self, position: u64, ifp: Vec<u8>, primary: bool, news: &mut Vec<Recovered>) {
        self.history.insert(position, ifp.clone());
        news.push(Recovered {
            position,
            ifp,
            primary,
        });
    }

    fn remember_parities(&mut self, parities: Parities) {
        let covered = parities.span * parities.sums.len() as u64;
        if covered == 0 || covered > HISTORY_PACKETS / 2 {
            return;
        }
        self.parities.push_front(parities);
        self.parities.truncate(PARITY_DATAGRAMS);
    }

    /// Recovers every packet that is the only one missing under a parity, again as long as that
    /// helps: each round learns a packet, so it ends.
    fn repair(&mut self, news: &mut Vec<Recovered>) {
        while let Some((position, ifp)) = self.repairable() {
            self.learn(position, ifp, false, news);
        }
    }

    fn repairable(&self) -> Option<(u64, Vec<u8>)> {
        self.parities.iter().find_map(|datagram| {
            let entries = datagram.sums.len() as u64;
            (0u64..).zip(&datagram.sums).find_map(|(index, parity)| {
                let covered =
                    || (1..=datagram.span).map(|k| datagram.position + index - k * entries);
                let mut missing = covered().filter(|position| !self.history.contains_key(position));
                let (Some(position), None) = (missing.next(), missing.next()) else {
                    return None;
                };
                let mut ifp = parity.clone();
                for packet in covered().filter_map(|position| self.history.get(&position)) {
                    xor_into(&mut ifp, packet);
                }
                Some((position, ifp))
            })
        })
    }

    fn forget_old(&mut self) {
        let Some((_, newest)) = self.newest else {
            return;
        };
        let oldest = newest - HISTORY_PACKETS;
        self.history = self.history.split_off(&oldest);
        self.parities
            .retain(|datagram| datagram.position >= oldest + HISTORY_PACKETS / 2);
    }
}
