//! The state machine itself.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::super::sdp::{self, Description, Flow, G711, LineShape, LocalLine, MediaKind, SdpError};
use super::{Action, Event, Failure, LocalMedia, Policy, T38Path};
use crate::t30::CallSide;
use crate::t38::T38Attributes;

/// The state machine of one call.
#[derive(Debug)]
pub struct OfferAnswer {
    side: CallSide,
    local: LocalMedia,
    policy: Policy,
    mode: Mode,
    ask: Ask,
    asks: u8,
    agree_by: Option<Duration>,
    refusal: Option<u16>,
    /// We sent an offer in a 2xx; the answer comes in the ACK.
    answer_due_in_ack: bool,
    /// The first description is agreed and acknowledged: T.38 may be asked for.
    established: bool,
    finished: bool,
    /// The lines we last said, and the version of `o=` under which we said them.
    said: Vec<LocalLine>,
    version: u64,
    /// The law and direction answered, repeated by a refresh.
    audio: (Vec<G711>, Flow),
    remote_audio: Option<SocketAddr>,
    remote_t38: Option<SocketAddr>,
    /// Random state for pauses after crossing requests.
    random: u64,
    actions: VecDeque<Action>,
}

impl OfferAnswer {
    /// A call that has not begun.
    pub fn new(side: CallSide, local: LocalMedia, policy: Policy) -> Self {
        Self {
            random: local.seed | 1,
            side,
            local,
            policy,
            mode: Mode::Idle,
            ask: Ask::Never,
            asks: 0,
            agree_by: None,
            refusal: None,
            answer_due_in_ack: false,
            established: false,
            finished: false,
            said: Vec::new(),
            version: 0,
            audio: (vec![G711::MuLaw, G711::ALaw], Flow::SendRecv),
            remote_audio: None,
            remote_t38: None,
            actions: VecDeque::new(),
        }
    }

    /// Takes one event at a time since the call began.
    pub fn handle(&mut self, now: Duration, event: Event<'_>) {
        match event {
            Event::Dial => {
                let body = self.say(Line::Audio);
                self.actions.push_back(Action::Offer(body));
            }
            Event::Answered(body) => self.take_audio_answer(now, body),
            Event::Offer(body) => self.take_offer(body),
            Event::Acknowledged(body) => self.take_ack(now, body),
            Event::ReinviteAnswered { status, body } => self.take_answer(now, status, body),
            Event::FaxToneHeard => {
                if self.mode == Mode::Audio && matches!(self.ask, Ask::At(_)) && self.asks == 0 {
                    self.ask = Ask::At(now);
                }
            }
            Event::FaxFinished => {
                self.finished = true;
                self.ask = Ask::Never;
                self.agree_by = None;
            }
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        match self.ask {
            Ask::At(at) if at <= now && self.mode == Mode::Audio => {
                self.asks += 1;
                self.ask = Ask::Pending {
                    until: now + self.policy.answer_within,
                };
                let body = self.say(Line::T38);
                self.actions.push_back(Action::Reinvite(body));
            }
            Ask::Pending { until } if until <= now => self.give_up(Failure::Unanswered),
            // While our request waits for its answer, that wait is what counts.
            Ask::Never | Ask::At(_) if self.agree_by.is_some_and(|by| by <= now) => {
                self.give_up(
                    self.refusal
                        .map_or(Failure::NotAsked, |status| Failure::Refused { status }),
                );
            }
            _ => {}
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Duration> {
        match self.ask {
            Ask::Pending { until } => Some(until),
            Ask::At(at) => Some(self.agree_by.map_or(at, |by| by.min(at))),
            Ask::Never => self.agree_by,
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Where the far end wants audio, and in which law, once known.
    pub fn remote_audio(&self) -> Option<(SocketAddr, G711)> {
        Some((self.remote_audio?, *self.audio.0.first()?))
    }

    fn take_audio_answer(&mut self, now: Duration, body: &[u8]) {
        match Description::parse(body) {
            Ok(answer) if self.accept_audio(&answer).is_some() => self.establish(now),
            Ok(_) => self.give_up(Failure::NoAudio),
            Err(error) => self.give_up(error.into()),
        }
    }

    /// G.711 is in force: from now on T.38 may be asked for.
    fn establish(&mut self, now: Duration) {
        self.mode = Mode::Audio;
        self.established = true;
        self.agree_by = Some(now + self.policy.agree_within);
        if let Some(after) = self.policy.ask_after {
            self.ask = Ask::At(now + after);
        }
    }

    fn take_offer(&mut self, body: Option<&[u8]>) {
        // RFC 3261 §14.2: an offer that meets one of ours, or one of theirs that waits for its
        // answer, is refused.
        if matches!(self.ask, Ask::Pending { .. }) || self.answer_due_in_ack {
            return self.respond(491, None);
        }
        let Some(body) = body else {
            return self.offer_in_response();
        };
        let offer = match Description::parse(body) {
            Ok(offer) => offer,
            Err(SdpError::Missing) => return self.offer_in_response(),
            Err(error) => {
                self.respond(488, None);
                if self.mode == Mode::Idle {
                    self.give_up(error.into());
                }
                return;
            }
        };
        // A first INVITE is taken as audio when it has any: the switch to T.38 follows like in
        // any other call.
        let audio_first = self.mode == Mode::Idle && offer.audio().is_some();
        if audio_first || !self.take_t38_offer(&offer) {
            self.take_audio_offer(&offer);
        }
    }

    /// Answers an offer that has a T.38 line in use; says whether it had one.
    fn take_t38_offer(&mut self, offer: &Description) -> bool {
        let Some((index, remote, theirs)) = offer.t38() else {
            return false;
        };
        let agreed = T38Attributes::answer(theirs, &self.local.t38);
        let path = T38Path {
            remote,
            agreed: agreed.clone(),
            theirs: theirs.clone(),
        };
        let lines = self.lines_for(offer, index, Line::T38Answer(agreed));
        let body = self.say_lines(lines);
        self.respond(200, Some(body));
        self.enter_t38(path);
        true
    }

    fn take_audio_offer(&mut self, offer: &Description) {
        let Some(index) = self.accept_audio(offer) else {
            self.respond(488, None);
            if self.mode == Mode::Idle {
                self.give_up(Failure::NoAudio);
            }
            return;
        };
        let lines = self.lines_for(offer, index, Line::Audio);
        let body = self.say_lines(lines);
        self.respond(200, Some(body));
        match self.mode {
            // T.38 may be asked for once the far end acknowledged; see `take_ack`.
            Mode::Idle => self.mode = Mode::Audio,
            Mode::Audio => {}
            Mode::T38 => {
                self.mode = Mode::Audio;
                self.remote_t38 = None;
                self.ask = Ask::Never;
                self.agree_by = None;
                self.actions.push_back(Action::LeaveT38);
            }
        }
    }

    /// An offerless (re-)INVITE: we offer what is in force, and the answer comes in the ACK.
    fn offer_in_response(&mut self) {
        self.answer_due_in_ack = true;
        let body = match self.mode {
            Mode::T38 => self.say_lines(self.said.clone()),
            Mode::Idle | Mode::Audio => self.say(Line::Audio),
        };
        self.respond(200, Some(body));
    }

    fn take_ack(&mut self, now: Duration, body: Option<&[u8]>) {
        if std::mem::take(&mut self.answer_due_in_ack) {
            match Description::parse(body.unwrap_or_default()) {
                Ok(answer) => self.take_late_answer(&answer),
                Err(error) => return self.give_up(error.into()),
            }
        }
        if self.mode == Mode::Audio && !self.established && !self.finished {
            self.establish(now);
        }
    }

    fn take_late_answer(&mut self, answer: &Description) {
        match (self.mode, answer.t38()) {
            (Mode::T38, Some((_, remote, _))) => self.move_t38(remote),
            (Mode::T38, None) => {
                self.mode = Mode::Audio;
                self.ask = Ask::Never;
                self.actions.push_back(Action::LeaveT38);
            }
            (Mode::Idle | Mode::Audio, _) => {
                if self.accept_audio(answer).is_some() {
                    self.mode = Mode::Audio;
                } else {
                    self.give_up(Failure::NoAudio);
                }
            }
        }
    }

    fn take_answer(&mut self, now: Duration, status: u16, body: &[u8]) {
        if !matches!(self.ask, Ask::Pending { .. }) {
            return;
        }
        self.ask = Ask::Never;
        match status {
            200..=299 => match Description::parse(body) {
                Ok(answer) => match answer.t38() {
                    Some((_, remote, theirs)) => self.enter_t38(T38Path {
                        remote,
                        agreed: T38Attributes::answer(theirs, &self.local.t38),
                        theirs: theirs.clone(),
                    }),
                    None => self.take_refusal(now, status),
                },
                Err(error) => self.give_up(error.into()),
            },
            491 => {
                self.asks -= 1;
                self.ask = Ask::At(now + self.glare_pause());
            }
            408 | 481 => self.give_up(Failure::Gone { status }),
            _ => self.take_refusal(now, status),
        }
    }

    fn take_refusal(&mut self, now: Duration, status: u16) {
        self.refusal = Some(status);
        if self.asks < self.policy.asks_max {
            self.ask = Ask::At(now + self.policy.ask_again_after);
        } else {
            let last = now + self.policy.wait_after_refusal;
            self.agree_by = self.agree_by.map(|by| by.min(last));
        }
    }

    fn enter_t38(&mut self, path: T38Path) {
        self.established = true;
        self.ask = Ask::Never;
        self.agree_by = None;
        if self.mode == Mode::T38 {
            return self.move_t38(path.remote);
        }
        self.mode = Mode::T38;
        self.remote_t38 = Some(path.remote);
        self.actions.push_back(Action::StartT38(path));
    }

    fn move_t38(&mut self, remote: SocketAddr) {
        if self.remote_t38 != Some(remote) {
            self.remote_t38 = Some(remote);
            self.actions.push_back(Action::MoveT38(remote));
        }
    }

    /// Takes the far end's audio line, if it has one that we can use, and says which it is.
    fn accept_audio(&mut self, description: &Description) -> Option<usize> {
        let (index, line) = description.audio()?;
        let MediaKind::Audio { formats, direction } = &line.kind else {
            return None;
        };
        self.audio = (formats[..1].to_vec(), direction.mirrored());
        self.remote_audio = line.address;
        Some(index)
    }

    /// RFC 3261 §14.1: the caller, who owns the Call-ID, waits 2.1 to 4 s, the called side up to
    /// 2 s, in steps of 10 ms.
    fn glare_pause(&mut self) -> Duration {
        // xorshift64: enough to part two machines that collided.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let steps = match self.side {
            CallSide::Calling => 210 + self.random % 191,
            CallSide::Called => self.random % 201,
        };
        Duration::from_millis(steps * 10)
    }

    fn respond(&mut self, status: u16, body: Option<Vec<u8>>) {
        self.actions.push_back(Action::Respond { status, body });
    }

    fn give_up(&mut self, failure: Failure) {
        self.ask = Ask::Never;
        self.agree_by = None;
        if !self.finished {
            self.finished = true;
            self.actions.push_back(Action::GiveUp(failure));
        }
    }

    /// Our offer: the line in use keeps its place, the others stay refused.
    fn say(&mut self, line: Line) -> Vec<u8> {
        let shapes: Vec<LineShape> = self.said.iter().map(LocalLine::shape).collect();
        let active = self
            .said
            .iter()
            .position(|line| !matches!(line, LocalLine::Refused(_)))
            .unwrap_or(0);
        let ours = self.local_line(line);
        let mut lines: Vec<LocalLine> = shapes.into_iter().map(LocalLine::Refused).collect();
        if lines.is_empty() {
            lines.push(ours);
        } else {
            lines[active] = ours;
        }
        self.say_lines(lines)
    }

    /// Our answer: one line for each of the offer's.
    fn lines_for(&self, offer: &Description, index: usize, line: Line) -> Vec<LocalLine> {
        let mut lines: Vec<LocalLine> = offer
            .lines
            .iter()
            .map(|line| LocalLine::Refused(line.shape.clone()))
            .collect();
        lines[index] = self.local_line(line);
        lines
    }

    fn local_line(&self, line: Line) -> LocalLine {
        let port = self.local.t38_port;
        match line {
            Line::Audio => LocalLine::Audio {
                port: self.local.audio_port,
                formats: self.audio.0.clone(),
                direction: self.audio.1,
            },
            Line::T38 => LocalLine::T38 {
                port,
                attributes: self.local.t38.clone(),
            },
            Line::T38Answer(attributes) => LocalLine::T38 { port, attributes },
        }
    }

    /// Writes a description; the version of `o=` moves only when it says something new.
    fn say_lines(&mut self, lines: Vec<LocalLine>) -> Vec<u8> {
        if lines != self.said {
            self.version += 1;
            self.said = lines;
        }
        let LocalMedia {
            address,
            session_id,
            ..
        } = self.local;
        sdp::write(address, session_id, self.version, &self.said)
    }
}

/// What the line in use says.
enum Line {
    Audio,
    T38,
    T38Answer(T38Attributes),
}

/// What is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing yet.
    Idle,
    /// G.711.
    Audio,
    /// T.38.
    T38,
}

/// Where our own request for T.38 stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// Not to be sent, now or any more.
    Never,
    /// To be sent at this time.
    At(Duration),
    /// Sent; its answer is due by this time.
    Pending { until: Duration },
}
