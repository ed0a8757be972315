//! A T.38 fax session in the caller's time.

use std::time::Duration;

use super::code::T30Code;
use super::config::{FaxRole, SessionConfig};
use super::engine::Engine;
use super::error::T30Error;
use super::event::Output;
use super::guard::Guard;
use super::preflight::{check_destination, examine_document};
use super::recorder::Recorder;

/// The step in which the engine is driven.
pub const TICK: Duration = Duration::from_millis(20);

/// One tick in the engine's own unit, samples at 8 kHz.
pub const SAMPLES_PER_TICK: u32 = 160;

/// One end of a fax call over T.38.
///
/// Can be moved between threads, not shared.
pub struct T38Session {
    config: SessionConfig,
    engine: Engine,
    guard: Guard,
    sequence_next: Option<u16>,
    /// Ticks run.
    ticks: u64,
    /// Ticks that a late caller was not given.
    ticks_dropped: u64,
    /// The tick of the last packet in either direction.
    last_packet: u64,
    /// Received pages after which the file's size was last looked at.
    pages_checked: u32,
}

impl T38Session {
    /// Checks the configuration and the file, then sets up the engine; nothing is sent yet.
    pub fn new(config: &SessionConfig) -> Result<Self, T30Error> {
        check_ident(&config.ident)?;
        let pages = match &config.role {
            FaxRole::Transmit { tiff, first_page } => {
                let document = examine_document(tiff)?;
                document.pages_from(*first_page)?
            }
            FaxRole::Receive { tiff } => {
                check_destination(tiff)?;
                0
            }
        };
        Ok(Self {
            engine: Engine::new(config, Recorder::new(config, pages))?,
            guard: Guard::new(config.t38.version),
            config: config.clone(),
            sequence_next: None,
            ticks: 0,
            ticks_dropped: 0,
            last_packet: 0,
            pages_checked: 0,
        })
    }

    /// Takes one packet of the far end.
    ///
    /// Packets come in the order of their sequence numbers, as [`crate::t38`]'s receiver gives
    /// them: a gap means loss, a number from the past is dropped.
    pub fn handle_ifp(&mut self, sequence: u16, ifp: &[u8]) {
        if self.is_finished() {
            return;
        }
        if let Some(expected) = self.sequence_next {
            let ahead = sequence.wrapping_sub(expected);
            if ahead >= 0x8000 {
                return;
            }
            if ahead > 0 {
                self.guard.gap();
            }
        }
        self.sequence_next = Some(sequence.wrapping_add(1));
        if ifp.is_empty() {
            return;
        }
        self.last_packet = self.ticks;
        self.engine.recorder().start_tick();
        let Self { engine, guard, .. } = self;
        guard.accept(ifp, &mut |packet| {
            if engine.record().violation().is_none() {
                engine.receive(packet);
            }
        });
        self.enforce_limits();
    }

    /// Runs whole ticks up to `now`, counted from the start of the session.
    ///
    /// Catches up at most the configured number of ticks a call and drops the rest, so that a
    /// process that was suspended does not flood the line. Does nothing while a received page
    /// waits to be polled: its confirmation must not leave before the caller knows of it.
    pub fn advance(&mut self, now: Duration) {
        let due = u64::try_from(now.as_nanos() / TICK.as_nanos()).unwrap_or(u64::MAX);
        let mut left = self.config.limits.ticks_per_advance_max;
        while self.ticks + self.ticks_dropped < due {
            if self.is_finished() || self.engine.record().page_waits() {
                return;
            }
            if left == 0 {
                self.ticks_dropped = due - self.ticks;
                return;
            }
            left -= 1;
            self.engine.recorder().start_tick();
            self.engine.tick();
            self.ticks += 1;
            if self.engine.record().packets_this_tick() > 0 {
                self.last_packet = self.ticks;
            }
            self.watch_time();
            self.enforce_limits();
        }
    }

    /// When the next tick is due, counted from the start of the session.
    pub fn next_tick(&self) -> Duration {
        time_of(self.ticks + self.ticks_dropped + 1)
    }

    /// The next thing to send or to know.
    pub fn poll(&mut self) -> Option<Output> {
        self.engine.recorder().poll()
    }

    /// Tells that the call was ended by the far end or by the network.
    pub fn far_end_hung_up(&mut self) {
        self.engine.terminate();
    }

    /// Ends the session from our side; [`T30Code::Aborted`] becomes its code.
    pub fn abort(&mut self) {
        self.engine.recorder().violate(T30Code::Aborted);
        self.engine.terminate();
    }

    /// Whether the session is over; its outputs may still wait to be polled.
    pub fn is_finished(&self) -> bool {
        self.engine.record().is_finished()
    }

    /// What the session was set up with.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// Ends the session when the far end asks for more than its share.
    fn enforce_limits(&mut self) {
        self.watch_reception();
        if self.engine.record().violation().is_some() {
            self.engine.terminate();
        }
    }

    fn watch_time(&mut self) {
        let limits = &self.config.limits;
        let exceeded = if time_of(self.ticks - self.last_packet) > limits.silence_max {
            Some(self.engine.record().silence())
        } else if time_of(self.ticks) > limits.duration_max {
            Some(T30Code::DurationLimit)
        } else {
            None
        };
        if let Some(code) = exceeded {
            self.engine.recorder().violate(code);
        }
    }

    fn watch_reception(&mut self) {
        let FaxRole::Receive { tiff } = &self.config.role else {
            return;
        };
        let limits = &self.config.limits;
        let pages_stored = self.engine.record().pages_stored();
        let more_to_come = !self.engine.record().procedure_ended();
        let page = self.engine.statistics();
        let exceeded = if page.rows > limits.rows_max {
            Some(T30Code::RowLimit)
        } else if pages_stored >= limits.pages_max && page.rows > 0 && more_to_come {
            Some(T30Code::PageLimit)
        } else if self.guard.image_bytes() > limits.bytes_max {
            Some(T30Code::ByteLimit)
        } else if pages_stored > self.pages_checked {
            self.pages_checked = pages_stored;
            match std::fs::metadata(tiff) {
                Ok(file) if file.len() > limits.bytes_max => Some(T30Code::ByteLimit),
                Ok(_) => None,
                Err(_) => Some(T30Code::StorageLost),
            }
        } else {
            None
        };
        if let Some(code) = exceeded {
            self.engine.recorder().violate(code);
        }
    }
}

fn time_of(ticks: u64) -> Duration {
    TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
}

fn check_ident(ident: &str) -> Result<(), T30Error> {
    let printable = ident.bytes().all(|byte| (0x20..0x7F).contains(&byte));
    if printable && ident.len() <= SessionConfig::IDENT_CHARS_MAX {
        return Ok(());
    }
    Err(T30Error::Ident {
        ident: ident.chars().take(40).collect(),
    })
}
