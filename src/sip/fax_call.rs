//! An answered call: negotiation, the fax in real time, the watchdogs, and the hang-up.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::call::{CallObserver, CallOutcome, CallTimes, MediaStats};
use super::ced::CedDetector;
use super::dialog::{CallDialog, Signal};
use super::media::MediaSockets;
use super::offer_answer::{Action, Event, Failure, OfferAnswer, T38Path};
use super::resolve::Pin;
use super::t38_stream::T38Stream;
use crate::job::Reason;
use crate::limits::Limits;
use crate::t30::{self, FaxRole, Negotiated, SessionConfig, SessionOutcome, T30Code};

/// How long the far end may have the last word after the fax, before we hang up.
const FAREWELL: Duration = Duration::from_millis(800);

/// How long packets are still read after the far end hung up: the confirmation of the last page
/// may be behind the BYE.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Most audio packets read in one turn.
const AUDIO_PER_TURN_MAX: usize = 64;

/// A call that has been answered.
pub(super) struct Call {
    pub(super) dialog: CallDialog,
    pub(super) machine: OfferAnswer,
    pub(super) media: MediaSockets,
    pub(super) session: SessionConfig,
    pub(super) limits: Limits,
    /// When it was dialed or came in.
    pub(super) began: Instant,
    /// The body of the far end's 2xx, on calls we made.
    pub(super) answer: Option<Vec<u8>>,
    /// The status that answered it.
    pub(super) status: u16,
    /// Keeps the target's name pointing to where the call went.
    pub(super) _pin: Option<Pin>,
}

/// Runs the call to its end.
pub(super) async fn run(
    call: Call,
    observer: &mut dyn CallObserver,
    cancel: &CancellationToken,
) -> CallOutcome {
    let answered = call.began.elapsed();
    let mut run = Run {
        hard_limit: Instant::now() + call.limits.call_timeout(),
        answered,
        call,
        stream: None,
        ced: CedDetector::default(),
        fax_started: None,
        outcome: None,
        negotiated: None,
        far_ident: None,
        pages_confirmed: 0,
        media: MediaStats::default(),
    };
    let ending = run.until_ended(observer, cancel).await;
    run.close(&ending, observer).await;
    run.into_outcome(ending)
}

/// A call in progress.
struct Run {
    call: Call,
    stream: Option<T38Stream>,
    ced: CedDetector,
    answered: Duration,
    fax_started: Option<Duration>,
    hard_limit: Instant,
    outcome: Option<SessionOutcome>,
    negotiated: Option<Negotiated>,
    far_ident: Option<String>,
    pages_confirmed: u32,
    media: MediaStats,
}

/// Why a call ends.
enum Ending {
    /// The fax session is over, well or not.
    Finished,
    /// The far end ended the call.
    HungUp,
    /// The far end took the call back to audio in the middle of the fax.
    BackToAudio,
    /// No T.38 came of it.
    NoT38(Failure),
    /// The fax could not start on our side.
    Engine(t30::T30Error),
    /// Our caller wants it so.
    Canceled,
    /// What happened could not be stored.
    Refused(String),
    /// A limit was reached, or the agent closes; in words.
    Limit(Reason, String),
}

impl Run {
    async fn until_ended(
        &mut self,
        observer: &mut dyn CallObserver,
        cancel: &CancellationToken,
    ) -> Ending {
        // An incoming call told its observer before it was answered.
        if let Some(answer) = self.call.answer.take() {
            if let Err(refused) = observer.answered().await {
                return Ending::Refused(refused.message);
            }
            let now = self.call.began.elapsed();
            self.call.machine.handle(now, Event::Answered(&answer));
        }
        let closing = self.call.dialog.core().closing.clone();
        loop {
            if let Some(ending) = self.carry_out() {
                return ending;
            }
            if let Some(ending) = self.tell(observer).await {
                return ending;
            }
            let step = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ending::Canceled,
                () = closing.cancelled() => {
                    // Nobody's wish: such a job is tried again.
                    let why = "the service is shutting down".to_owned();
                    return Ending::Limit(Reason::CallDropped, why);
                }
                step = self.next_step() => step,
            };
            if let Some(ending) = self.take(step) {
                return ending;
            }
        }
    }

    /// Waits for whatever comes first; loses nothing when dropped.
    async fn next_step(&mut self) -> Step {
        let call = &mut self.call;
        let negotiation = call.machine.next_timeout().map(|at| call.began + at);
        let tick = self.stream.as_ref().map(T38Stream::deadline);
        let udptl = async {
            match &self.stream {
                Some(_) => call.media.udptl.readable().await,
                // Until T.38 is agreed packets wait in the socket: the engine is not there yet.
                None => pending().await,
            }
        };
        let silence = call.limits.silence_timeout();
        let silent = self.stream.as_ref().map(|s| s.last_active() + silence);
        // What is due comes before what arrives: a flood of datagrams must not put off a limit.
        tokio::select! {
            biased;
            () = sleep_until(self.hard_limit) => Step::TooLong,
            () = at(silent) => Step::Silence,
            () = at(negotiation) => Step::Negotiation,
            () = at(tick) => Step::Tick,
            signal = call.dialog.next() => Step::Signal(signal),
            _ = udptl => Step::Media,
            _ = call.media.rtp.readable() => Step::Audio,
        }
    }

    fn take(&mut self, step: Step) -> Option<Ending> {
        let now = self.call.began.elapsed();
        match step {
            Step::Tick => {
                if let Some(stream) = &mut self.stream {
                    stream.read(&self.call.media.udptl);
                    stream.advance();
                }
            }
            Step::Media => {
                if let Some(stream) = &mut self.stream {
                    stream.read(&self.call.media.udptl);
                }
            }
            Step::Audio => self.listen(now),
            Step::Negotiation => self.call.machine.handle_timeout(now),
            Step::Signal(signal) => return self.take_signal(now, signal),
            Step::Silence => {
                let seconds = self.call.limits.silence_seconds_max;
                let reason = match self.stream.as_ref().map(T38Stream::stats) {
                    Some(stats) if stats.received > 0 => Reason::CallDropped,
                    _ => Reason::T38NoMedia,
                };
                let why = format!("the far end sent no packet for {seconds} s");
                return Some(Ending::Limit(reason, why));
            }
            Step::TooLong => {
                let seconds = self.call.limits.call_seconds_max;
                let why = format!("the call lasted longer than the limit of {seconds} s");
                return Some(Ending::Limit(Reason::CallDropped, why));
            }
        }
        None
    }

    fn take_signal(&mut self, now: Duration, signal: Signal) -> Option<Ending> {
        let machine = &mut self.call.machine;
        match signal {
            Signal::Offer(body) => machine.handle(now, Event::Offer(body.as_deref())),
            Signal::Acknowledged(body) => {
                machine.handle(now, Event::Acknowledged(body.as_deref()));
            }
            Signal::ReinviteAnswered(status, body) => {
                let body = &body;
                machine.handle(now, Event::ReinviteAnswered { status, body });
            }
            Signal::HungUp => return Some(Ending::HungUp),
        }
        None
    }

    /// Reads audio: all that it can tell a T.38 call is that a fax machine has answered.
    fn listen(&mut self, now: Duration) {
        let mut buffer = [0u8; 2_048];
        for _ in 0..AUDIO_PER_TURN_MAX {
            let Ok((length, source)) = self.call.media.rtp.try_recv_from(&mut buffer) else {
                break;
            };
            let far_end = self.call.machine.remote_audio();
            let theirs = far_end.is_some_and(|(address, _)| address.ip() == source.ip());
            if theirs && self.ced.handle_rtp(&buffer[..length]) {
                self.call.machine.handle(now, Event::FaxToneHeard);
            }
        }
    }

    /// Does what the negotiation wants done.
    fn carry_out(&mut self) -> Option<Ending> {
        while let Some(action) = self.call.machine.poll() {
            match action {
                Action::Respond { status, body } => self.call.dialog.respond(status, body),
                Action::Reinvite(body) => self.call.dialog.reinvite(body),
                Action::StartT38(path) => {
                    if let Err(error) = self.start_t38(&path) {
                        return Some(Ending::Engine(error));
                    }
                }
                Action::MoveT38(remote) => {
                    if let Some(stream) = &mut self.stream {
                        stream.move_to(remote);
                    }
                }
                Action::LeaveT38 => return Some(Ending::BackToAudio),
                Action::GiveUp(failure) => return Some(Ending::NoT38(failure)),
                // Only the first event of a call we make is answered by an offer.
                Action::Offer(_) => {}
            }
        }
        None
    }

    fn start_t38(&mut self, path: &T38Path) -> Result<(), t30::T30Error> {
        let stream = T38Stream::start(self.call.session.clone(), path)?;
        self.fax_started = Some(self.call.began.elapsed());
        self.stream = Some(stream);
        Ok(())
    }

    /// Sends the engine's packets and tells the observer what happened, in order.
    async fn tell(&mut self, observer: &mut dyn CallObserver) -> Option<Ending> {
        use t30::Event as Fax;
        while let Some(event) = self.next_event() {
            observer.event(&event).await;
            match event {
                Fax::FarIdent(ident) => self.far_ident = Some(ident),
                Fax::Negotiated(negotiated) => {
                    self.negotiated = Some(negotiated);
                    observer.negotiated(&negotiated).await;
                }
                Fax::PageConfirmed(page) => {
                    self.pages_confirmed += 1;
                    observer.page_confirmed(&page).await;
                }
                Fax::PageReceived(page) => {
                    if let Err(refused) = observer.page_received(&page).await {
                        return Some(Ending::Refused(refused.message));
                    }
                    self.pages_confirmed += 1;
                }
                Fax::Finished(outcome) => {
                    self.outcome = Some(outcome);
                    return Some(Ending::Finished);
                }
                _ => {}
            }
        }
        None
    }

    fn next_event(&mut self) -> Option<t30::Event> {
        let stream = self.stream.as_mut()?;
        stream.next_event(&self.call.media.udptl)
    }

    /// Ends engine and dialog; takes two seconds at most.
    async fn close(&mut self, ending: &Ending, observer: &mut dyn CallObserver) {
        let now = self.call.began.elapsed();
        self.call.machine.handle(now, Event::FaxFinished);
        if matches!(ending, Ending::HungUp | Ending::BackToAudio) {
            self.last_words(observer).await;
        }
        if let Some(stream) = &mut self.stream {
            match ending {
                Ending::Finished => {}
                Ending::HungUp | Ending::BackToAudio => stream.far_end_hung_up(),
                _ => stream.abort(),
            }
        }
        self.drain(observer).await;
        match ending {
            Ending::HungUp => {}
            Ending::Finished | Ending::BackToAudio => self.farewell().await,
            _ => self.call.dialog.hang_up().await,
        }
        if let Some(stream) = self.stream.take() {
            self.media = stream.stats();
        }
    }

    /// What the far end sent before it left counts, whatever came first on the wire.
    async fn last_words(&mut self, observer: &mut dyn CallObserver) {
        let until = Instant::now() + LAST_WORDS;
        while let Some(stream) = &mut self.stream
            && self.outcome.is_none()
            && Instant::now() < until
        {
            tokio::select! {
                () = sleep_until(stream.deadline().min(until)) => {}
                _ = self.call.media.udptl.readable() => {}
            }
            stream.read(&self.call.media.udptl);
            stream.advance();
            if self.tell(observer).await.is_some() {
                break;
            }
        }
    }

    /// The session's last events, after its end was decided.
    async fn drain(&mut self, observer: &mut dyn CallObserver) {
        use t30::Event as Fax;
        while let Some(event) = self.next_event() {
            observer.event(&event).await;
            match event {
                Fax::PageConfirmed(page) => {
                    self.pages_confirmed += 1;
                    observer.page_confirmed(&page).await;
                }
                Fax::Finished(outcome) => self.outcome = Some(outcome),
                _ => {}
            }
        }
    }

    /// After a fax the far end may take the call back to audio or hang up first; then we do.
    async fn farewell(&mut self) {
        let until = Instant::now() + FAREWELL;
        loop {
            let signal = tokio::select! {
                signal = self.call.dialog.next() => signal,
                () = sleep_until(until) => break,
            };
            if matches!(signal, Signal::HungUp) {
                return;
            }
            let now = self.call.began.elapsed();
            self.take_signal(now, signal);
            while let Some(action) = self.call.machine.poll() {
                if let Action::Respond { status, body } = action {
                    self.call.dialog.respond(status, body);
                }
            }
        }
        self.call.dialog.hang_up().await;
    }

    fn into_outcome(self, ending: Ending) -> CallOutcome {
        let (reason, detail) = self.verdict(ending);
        let fax = self.outcome;
        CallOutcome {
            answered: true,
            reason,
            detail,
            sip_status: Some(self.call.status),
            pages_confirmed: self.pages_confirmed,
            pages_total: fax.as_ref().and_then(|fax| fax.pages_total),
            possibly_delivered: fax.as_ref().is_some_and(|fax| fax.possibly_delivered),
            t30_code: fax.as_ref().map(|fax| fax.code),
            far_ident: fax
                .as_ref()
                .and_then(|fax| fax.far_ident.clone())
                .or(self.far_ident),
            far_limit: fax.as_ref().and_then(|fax| fax.far_limit),
            negotiated: fax.and_then(|fax| fax.negotiated).or(self.negotiated),
            media: self.media,
            times: CallTimes {
                answered: Some(self.answered),
                fax_started: self.fax_started,
                ended: self.call.began.elapsed(),
            },
            call_id: self.call.dialog.call_id(),
        }
    }

    /// Why the fax is not complete, if it is not, and the end in words.
    fn verdict(&self, ending: Ending) -> (Option<Reason>, String) {
        let fax = self.outcome.as_ref();
        let pages = self.pages_confirmed;
        // Delivery is what was confirmed, however the call ended; but a page that could not be
        // stored is not received, whatever the engine thinks of it.
        if fax.is_some_and(|fax| fax.complete) && !matches!(ending, Ending::Refused(_)) {
            return (None, format!("{pages} pages confirmed"));
        }
        let receiving = matches!(self.call.session.role, FaxRole::Receive { .. });
        let (reason, words) = match ending {
            Ending::NoT38(failure) => (failure.reason(), failure.to_string()),
            Ending::Engine(error) => (error.reason(), error.to_string()),
            Ending::Canceled => (Reason::CanceledByUser, "the call was canceled".to_owned()),
            Ending::Refused(words) => (Reason::StorageFailed, words),
            Ending::Limit(reason, words) => (reason, words),
            Ending::BackToAudio => (
                Reason::RemoteDisconnected,
                "the far end took the call back to audio before the fax was complete".to_owned(),
            ),
            Ending::HungUp if self.fax_started.is_none() => (
                Reason::CallDropped,
                "the far end hung up before the fax began".to_owned(),
            ),
            Ending::HungUp => (
                fax.and_then(|fax| fax.code.reason())
                    .unwrap_or(Reason::CallDropped),
                "the far end hung up before the fax was complete".to_owned(),
            ),
            Ending::Finished => self.session_verdict(receiving),
        };
        (Some(reason), format!("{words} ({pages} pages confirmed)"))
    }

    fn session_verdict(&self, receiving: bool) -> (Reason, String) {
        let code = self.outcome.as_ref().map(|fax| fax.code);
        let words = code.map_or_else(
            || "the fax ended without a word".to_owned(),
            |code| code.sentence().to_owned(),
        );
        if self.media.received == 0 {
            let words = format!("the far end agreed to T.38 and then sent nothing: {words}");
            return (Reason::T38NoMedia, words);
        }
        let fallback = if receiving {
            Reason::ReceiveFailed
        } else {
            Reason::ProtocolError
        };
        (code.and_then(T30Code::reason).unwrap_or(fallback), words)
    }
}

/// What comes next in a call.
enum Step {
    Tick,
    Media,
    Audio,
    Signal(Signal),
    Negotiation,
    Silence,
    TooLong,
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
