//! Two ends of a fax call and the line between them, in simulated time.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use faxmill::t30::{
    CallSide, Event, FaxRole, Output, PageResult, SessionConfig, SessionOutcome, T38Session,
};
use faxmill::t38::udptl::{ErrorCorrection, ReceiverStats, UdptlEncoder, UdptlReceiver};

/// What the line does to datagrams, by a seed.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) seed: u64,
    /// Share of datagrams lost.
    pub(crate) loss: f64,
    /// Mean number of datagrams lost in a row.
    pub(crate) burst: f64,
    pub(crate) delay: Duration,
    /// Added to the delay by chance, so that datagrams overtake each other.
    pub(crate) jitter: Duration,
    /// Share of datagrams in which one octet is changed.
    pub(crate) damage: f64,
    /// Share of datagrams that arrive twice.
    pub(crate) repeats: f64,
    pub(crate) correction: ErrorCorrection,
    pub(crate) hold: Duration,
}

impl Line {
    pub(crate) fn perfect() -> Self {
        Self {
            seed: 1,
            loss: 0.0,
            burst: 1.0,
            delay: Duration::from_millis(20),
            jitter: Duration::ZERO,
            damage: 0.0,
            repeats: 0.0,
            correction: ErrorCorrection::Redundancy { entries: 3 },
            hold: UdptlReceiver::HOLD,
        }
    }

    pub(crate) fn lossy(seed: u64, loss: f64) -> Self {
        Self {
            seed,
            loss,
            ..Self::perfect()
        }
    }
}

/// One end: session, transport and what happened.
pub(crate) struct End {
    pub(crate) session: T38Session,
    encoder: UdptlEncoder,
    receiver: UdptlReceiver,
    in_burst: bool,
    pub(crate) events: Vec<(Duration, Event)>,
    /// Every datagram sent.
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) hung_up: bool,
}

impl End {
    fn new(config: &SessionConfig, line: &Line) -> Self {
        Self {
            session: T38Session::new(config).expect("the session can start"),
            encoder: UdptlEncoder::new(line.correction, 1_400),
            receiver: UdptlReceiver::new(line.hold),
            in_burst: false,
            events: Vec::new(),
            sent: Vec::new(),
            hung_up: false,
        }
    }

    pub(crate) fn outcome(&self) -> &SessionOutcome {
        match self.events.last() {
            Some((_, Event::Finished(outcome))) => outcome,
            other => panic!("the session is not finished but at {other:?}"),
        }
    }

    pub(crate) fn confirmed(&self) -> Vec<&PageResult> {
        self.pages(|event| match event {
            Event::PageConfirmed(page) => Some(page),
            _ => None,
        })
    }

    pub(crate) fn received(&self) -> Vec<&PageResult> {
        self.pages(|event| match event {
            Event::PageReceived(page) => Some(page),
            _ => None,
        })
    }

    pub(crate) fn stats(&self) -> ReceiverStats {
        self.receiver.stats()
    }

    pub(crate) fn frames(&self) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Frame { direction, name } => Some(format!("{direction:?} {name}")),
                _ => None,
            })
            .collect()
    }

    fn pages(&self, pick: fn(&Event) -> Option<&PageResult>) -> Vec<&PageResult> {
        self.events
            .iter()
            .filter_map(|(_, event)| pick(event))
            .collect()
    }
}

/// Two ends and the datagrams between them.
pub(crate) struct Pair {
    pub(crate) now: Duration,
    /// The sender of the fax, then its receiver.
    pub(crate) ends: [End; 2],
    line: Line,
    random: fastrand::Rng,
    in_flight: BTreeMap<(Duration, u64), (usize, Vec<u8>)>,
    launched: u64,
}

pub(crate) const SENDER: usize = 0;
pub(crate) const RECEIVER: usize = 1;

/// A usual sender of a file.
pub(crate) fn sending(tiff: &Path) -> SessionConfig {
    SessionConfig {
        ident: "+1 555 010 0100".to_owned(),
        ..SessionConfig::new(
            CallSide::Calling,
            FaxRole::Transmit {
                tiff: tiff.to_owned(),
                first_page: 0,
            },
        )
    }
}

/// A usual receiver into a file.
pub(crate) fn receiving(tiff: &Path) -> SessionConfig {
    SessionConfig {
        ident: "+1 555 010 0199".to_owned(),
        ..SessionConfig::new(
            CallSide::Called,
            FaxRole::Receive {
                tiff: tiff.to_owned(),
            },
        )
    }
}

impl Pair {
    pub(crate) fn new(sender: &SessionConfig, receiver: &SessionConfig, line: Line) -> Self {
        Self {
            now: Duration::ZERO,
            ends: [End::new(sender, &line), End::new(receiver, &line)],
            random: fastrand::Rng::with_seed(line.seed),
            line,
            in_flight: BTreeMap::new(),
            launched: 0,
        }
    }

    /// Runs until both ends are done; a call of more than an hour is a hang.
    pub(crate) fn run(&mut self) {
        self.run_until(|_| false);
        for end in &self.ends {
            assert!(
                end.session.is_finished(),
                "a session hangs after {:?}: {:?}",
                self.now,
                end.events.last()
            );
        }
    }

    /// Runs until the condition holds, checked after every step, or both ends are done.
    pub(crate) fn run_until(&mut self, stop: impl Fn(&Self) -> bool) {
        while self.now < Duration::from_secs(3_600)
            && !self.ends.iter().all(|end| end.session.is_finished())
            && !stop(self)
        {
            self.step();
        }
    }

    /// The line goes dead: nothing in flight arrives, nothing more is carried.
    pub(crate) fn cut(&mut self) {
        self.in_flight.clear();
        self.line.loss = 1.0;
        self.line.burst = 1.0;
    }

    /// From now on this share of datagrams is lost.
    pub(crate) fn lose(&mut self, loss: f64) {
        self.line.loss = loss;
    }

    /// One end is gone; the other hears of it.
    pub(crate) fn hang_up(&mut self, end: usize) {
        self.ends[end].hung_up = true;
        self.ends[end].session.abort();
        self.ends[1 - end].session.far_end_hung_up();
        self.collect();
    }

    /// Lets five seconds pass in which one end is driven but never polled, then polls it: what it
    /// told until then, with proof that no packet left behind a received page.
    pub(crate) fn stall_until_page(&mut self, index: usize) -> Vec<Event> {
        let until = self.now + Duration::from_secs(5);
        while self.now < until {
            self.now += Duration::from_millis(10);
            self.deliver();
            for end in &mut self.ends {
                end.session.advance(self.now);
            }
            self.collect_from(1 - index);
        }
        let mut events = Vec::new();
        while let Some(output) = self.ends[index].session.poll() {
            match output {
                Output::Event(event) => events.push(event),
                Output::Ifp { .. } => assert!(
                    !events
                        .iter()
                        .any(|event| matches!(event, Event::PageReceived(_))),
                    "a packet left behind the page"
                ),
            }
        }
        let now = self.now;
        let told = events.iter().cloned().map(|event| (now, event));
        self.ends[index].events.extend(told);
        events
    }

    /// Jumps to whatever is due next and does it.
    fn step(&mut self) {
        let arrival = self.in_flight.keys().next().map(|(at, _)| *at);
        let due = self.ends.iter().flat_map(|end| {
            let tick = (!end.session.is_finished()).then(|| end.session.next_tick());
            [tick, end.receiver.next_deadline()]
        });
        let next = due.chain([arrival]).flatten().min().unwrap_or(self.now);
        self.now = self.now.max(next);
        self.deliver();
        self.collect();
        for end in &mut self.ends {
            end.session.advance(self.now);
        }
        self.collect();
    }

    /// Hands over what has arrived by now.
    fn deliver(&mut self) {
        while let Some(entry) = self.in_flight.first_entry()
            && entry.key().0 <= self.now
        {
            let (to, datagram) = entry.remove();
            let taken = self.ends[to].receiver.handle_datagram(self.now, &datagram);
            assert!(
                taken.is_ok() || self.line.damage > 0.0,
                "our own datagrams are well formed: {taken:?}"
            );
        }
        for end in &mut self.ends {
            while let Some((sequence, ifp)) = end.receiver.poll(self.now) {
                end.session.handle_ifp(sequence, &ifp);
            }
        }
    }

    fn collect(&mut self) {
        self.collect_from(SENDER);
        self.collect_from(RECEIVER);
    }

    fn collect_from(&mut self, index: usize) {
        while let Some(output) = self.ends[index].session.poll() {
            match output {
                Output::Event(event) => self.ends[index].events.push((self.now, event)),
                Output::Ifp { bytes, copies } => {
                    let datagram = self.ends[index].encoder.encode(&bytes);
                    for _ in 0..copies {
                        self.launch(index, &datagram);
                    }
                    self.ends[index].sent.push(datagram);
                }
            }
        }
    }

    fn launch(&mut self, from: usize, datagram: &[u8]) {
        if self.loses(from) || self.ends[from].hung_up {
            return;
        }
        let copies = if self.random.f64() < self.line.repeats {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let jitter = self.line.jitter.mul_f64(self.random.f64());
            let at = self.now + self.line.delay + jitter;
            self.launched += 1;
            let datagram = self.damaged(datagram);
            self.in_flight
                .insert((at, self.launched), (1 - from, datagram));
        }
    }

    fn damaged(&mut self, datagram: &[u8]) -> Vec<u8> {
        let mut datagram = datagram.to_vec();
        if self.random.f64() < self.line.damage {
            let index = self.random.usize(..datagram.len());
            datagram[index] ^= self.random.u8(1..);
        }
        datagram
    }

    /// Gilbert's model: a burst begins by chance and goes on by chance, so that the share and the
    /// mean length come out as set.
    fn loses(&mut self, from: usize) -> bool {
        let Line { loss, burst, .. } = self.line;
        let goes_on = 1.0 - 1.0 / burst;
        let begins = if loss < 1.0 {
            loss / (burst * (1.0 - loss)).max(loss)
        } else {
            1.0
        };
        let chance = match (burst > 1.0, self.ends[from].in_burst) {
            (false, _) => loss,
            (true, true) => goes_on,
            (true, false) => begins,
        };
        let lost = self.random.f64() < chance;
        self.ends[from].in_burst = lost;
        lost
    }
}
