//! One T.38 session on a real socket: the engine's packets out, the far end's in, in real time.

use std::io;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;

use super::call::MediaStats;
use super::media::Peer;
use super::offer_answer::T38Path;
use crate::t30::{Event, Modems, Output, SessionConfig, T30Error, T38Options, T38Session, TICK};
use crate::t38::udptl::{UdptlEncoder, UdptlReceiver};

/// Larger than any datagram of a T.38 peer: a longer one is cut and fails to parse.
const DATAGRAM_BYTES_MAX: usize = 4_096;

/// Most datagrams read before the engine gets its tick: a flood must not starve it.
const DATAGRAMS_PER_TURN_MAX: usize = 64;

/// The engine, the UDPTL of both directions and the far end's address.
pub(super) struct T38Stream {
    session: T38Session,
    encoder: UdptlEncoder,
    receiver: UdptlReceiver,
    peer: Peer,
    began: Instant,
    /// When a datagram last went either way.
    last_active: Instant,
    stats: MediaStats,
    buffer: Vec<u8>,
}

impl T38Stream {
    /// Sets up the engine for an agreed path.
    pub(super) fn start(mut config: SessionConfig, path: &T38Path) -> Result<Self, T30Error> {
        config.t38 = T38Options {
            version: path.agreed.version,
            fill_bit_removal: path.agreed.fill_bit_removal,
            datagram_bytes_max: path.theirs.datagram_bytes(),
        };
        config.modems = slower(config.modems, Modems::within(path.agreed.max_bit_rate));
        let now = Instant::now();
        Ok(Self {
            session: T38Session::new(&config)?,
            encoder: path.encoder(),
            receiver: UdptlReceiver::default(),
            peer: Peer::new(path.remote),
            began: now,
            last_active: now,
            stats: MediaStats::default(),
            buffer: vec![0; DATAGRAM_BYTES_MAX],
        })
    }

    /// The far end moved, as a re-INVITE said.
    pub(super) fn move_to(&mut self, remote: std::net::SocketAddr) {
        self.peer = Peer::new(remote);
    }

    /// When [`Self::advance`] is due.
    pub(super) fn deadline(&self) -> Instant {
        let tick = self.session.next_tick();
        let due = match self.receiver.next_deadline() {
            Some(hold) => tick.min(hold),
            None => tick,
        };
        self.began + due
    }

    /// When a datagram last went either way.
    pub(super) fn last_active(&self) -> Instant {
        self.last_active
    }

    /// Reads what has arrived; never waits.
    pub(super) fn read(&mut self, socket: &UdpSocket) {
        for _ in 0..DATAGRAMS_PER_TURN_MAX {
            match socket.try_recv_from(&mut self.buffer) {
                Ok((length, source)) => self.take(length, source),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // ICMP errors of datagrams sent earlier show up here; the next read goes on.
                Err(error) => tracing::trace!(%error, "receiving media"),
            }
        }
        self.hand_over();
    }

    fn take(&mut self, length: usize, source: std::net::SocketAddr) {
        if !self.peer.may_be(source) {
            self.stats.foreign += 1;
            return;
        }
        let now = self.began.elapsed();
        match self.receiver.handle_datagram(now, &self.buffer[..length]) {
            Ok(()) => {
                self.peer.learn(source);
                self.stats.received += 1;
                self.last_active = Instant::now();
            }
            Err(error) => {
                self.stats.malformed += 1;
                tracing::trace!(%error, "a datagram is not UDPTL");
            }
        }
    }

    /// Gives the engine every packet whose turn it is.
    fn hand_over(&mut self) {
        let now = self.began.elapsed();
        while let Some((sequence, ifp)) = self.receiver.poll(now) {
            self.session.handle_ifp(sequence, &ifp);
        }
    }

    /// Runs the engine up to now.
    pub(super) fn advance(&mut self) {
        self.hand_over();
        let now = self.began.elapsed();
        let late = now.saturating_sub(self.session.next_tick());
        if now >= self.session.next_tick() {
            self.note_lateness(late);
            self.session.advance(now);
        }
    }

    fn note_lateness(&mut self, late: Duration) {
        if late > TICK {
            self.stats.ticks_late += 1;
        }
        let late_ms = late.as_millis() as u64;
        self.stats.tick_lateness_max_ms = self.stats.tick_lateness_max_ms.max(late_ms);
    }

    /// Sends the engine's packets up to its next event and gives that back.
    ///
    /// The caller deals with the event before the engine runs again: a page is stored before its
    /// confirmation leaves.
    pub(super) fn next_event(&mut self, socket: &UdpSocket) -> Option<Event> {
        while let Some(output) = self.session.poll() {
            match output {
                Output::Ifp { bytes, copies } => self.send(socket, &bytes, copies),
                Output::Event(event) => return Some(event),
            }
        }
        None
    }

    fn send(&mut self, socket: &UdpSocket, ifp: &[u8], copies: u8) {
        let datagram = self.encoder.encode(ifp);
        for _ in 0..copies.max(1) {
            match socket.try_send_to(&datagram, self.peer.address()) {
                Ok(_) => self.stats.sent += 1,
                // A full buffer or an unreachable peer is the network's loss; redundancy covers it.
                Err(error) => tracing::trace!(%error, "sending media"),
            }
        }
        self.last_active = Instant::now();
    }

    /// Tells the engine that the call is over.
    pub(super) fn far_end_hung_up(&mut self) {
        self.session.far_end_hung_up();
    }

    /// Ends the session from our side.
    pub(super) fn abort(&mut self) {
        self.session.abort();
    }

    /// Counts so far.
    pub(super) fn stats(&self) -> MediaStats {
        let udptl = self.receiver.stats();
        MediaStats {
            lost: udptl.lost,
            recovered: udptl.recovered,
            duplicates: udptl.duplicates,
            reordered: udptl.reordered,
            ..self.stats
        }
    }
}

fn slower(ours: Modems, theirs: Modems) -> Modems {
    if theirs.bit_rate_max() < ours.bit_rate_max() {
        theirs
    } else {
        ours
    }
}
