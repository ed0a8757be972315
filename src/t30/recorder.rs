//! What the engine did, turned into outputs in order: plain bookkeeping without any C.

use std::collections::VecDeque;

use super::code::T30Code;
use super::config::{FaxRole, SessionConfig, SessionLimits};
use super::event::{
    Direction, Event, FarEquipment, LineCoding, Negotiated, Output, PageResult, SessionOutcome,
    Verdict,
};
use super::frame::{FrameName, fcf, image_bit_rate, negotiated, page_limit};
use crate::job::PageLimit;
use crate::units::Resolution;

/// The engine's figures of the page in progress or just ended.
#[derive(Clone, Debug)]
pub(super) struct PageStatistics {
    pub(super) bit_rate: u32,
    pub(super) ecm: bool,
    pub(super) pages_sent: u32,
    pub(super) pages_received: u32,
    pub(super) width: u32,
    pub(super) rows: u32,
    pub(super) resolution: Option<Resolution>,
    pub(super) coding: LineCoding,
    pub(super) bytes: u64,
    pub(super) bad_rows: u32,
    pub(super) longest_bad_run: u32,
    pub(super) ecm_retries: u32,
}

/// What matters of a session's role while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Sending this many pages from this one on.
    Transmit {
        first_page: u32,
        pages: u32,
    },
    Receive,
}

/// The record of one session.
pub(super) struct Recorder {
    outputs: VecDeque<Output>,
    task: Task,
    limits: SessionLimits,
    packets_this_tick: u32,
    negotiated: Option<Negotiated>,
    far_ident: Option<String>,
    far_equipment: FarEquipment,
    far_limit: Option<PageLimit>,
    frames_received: u32,
    pages_confirmed: u32,
    /// Pages in the received file, confirmed or not.
    pages_stored: u32,
    /// A received page whose answer has not been made yet.
    unanswered: Option<PageResult>,
    /// Stored pages whose event has not been polled.
    pages_untold: u32,
    /// The end of the last page went out and nothing has contradicted it.
    last_page_out: bool,
    /// The last page was kept and marked as the last.
    procedure_ended: bool,
    /// The engine closed the received file and would overwrite it if another page came.
    file_closed: bool,
    violation: Option<T30Code>,
    /// What to call the engine's own end code instead.
    label: Option<T30Code>,
    end_code: Option<T30Code>,
}

impl Recorder {
    pub(super) fn new(config: &SessionConfig, pages: u32) -> Self {
        Self {
            outputs: VecDeque::new(),
            task: match config.role {
                FaxRole::Transmit { first_page, .. } => Task::Transmit { first_page, pages },
                FaxRole::Receive { .. } => Task::Receive,
            },
            limits: config.limits,
            packets_this_tick: 0,
            negotiated: None,
            far_ident: None,
            far_equipment: FarEquipment::default(),
            far_limit: None,
            frames_received: 0,
            pages_confirmed: 0,
            pages_stored: 0,
            unanswered: None,
            pages_untold: 0,
            last_page_out: false,
            procedure_ended: false,
            file_closed: false,
            violation: None,
            label: None,
            end_code: None,
        }
    }

    /// Grants the packets of another tick.
    pub(super) fn start_tick(&mut self) {
        self.packets_this_tick = 0;
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if matches!(output, Some(Output::Event(Event::PageReceived(_)))) {
            self.pages_untold = self.pages_untold.saturating_sub(1);
        }
        output
    }

    /// Packets since the tick began.
    pub(super) fn packets_this_tick(&self) -> u32 {
        self.packets_this_tick
    }

    /// What a silence of the far end is to be called.
    pub(super) fn silence(&self) -> T30Code {
        if self.frames_received == 0 {
            T30Code::T1Expired
        } else {
            T30Code::FarSilent
        }
    }

    /// Whether a stored page has not been told to the caller.
    pub(super) fn page_waits(&self) -> bool {
        self.pages_untold > 0
    }

    pub(super) fn pages_stored(&self) -> u32 {
        self.pages_stored
    }

    /// The bound that the far end broke, if any.
    pub(super) fn violation(&self) -> Option<T30Code> {
        self.violation
    }

    /// Ends the session for a reason of our own, unless it already ended or has one.
    pub(super) fn violate(&mut self, code: T30Code) {
        if self.end_code.is_none() {
            self.violation.get_or_insert(code);
        }
    }

    /// Lets the engine come to its end, which is then called so.
    pub(super) fn label_end(&mut self, code: T30Code) {
        self.label = Some(code);
    }

    pub(super) fn callback_failed(&mut self) {
        self.violate(T30Code::UnknownCode);
    }

    /// A packet for the far end; false when the tick has had its share.
    pub(super) fn packet(&mut self, bytes: &[u8], copies: u8) -> bool {
        self.packets_this_tick += 1;
        if self.packets_this_tick > self.limits.packets_per_tick_max {
            self.violate(T30Code::PacketLoop);
            return false;
        }
        if self.violation.is_none() {
            self.outputs.push_back(Output::Ifp {
                bytes: bytes.to_vec(),
                copies: copies.max(1),
            });
        }
        true
    }

    /// A frame passed; its octets start with the address field.
    pub(super) fn frame(&mut self, direction: Direction, frame: &[u8]) {
        let Some(name) = FrameName::of(frame) else {
            return;
        };
        let control = frame.get(2).copied().unwrap_or(fcf::NULL);
        match direction {
            Direction::Sent => self.frame_sent(control, frame),
            Direction::Received => self.frame_received(control, frame),
        }
        self.event(Event::Frame { direction, name });
        match control & 0xFE {
            fcf::DCS => self.agree(negotiated(frame)),
            fcf::CTC => {
                let rate = frame.get(4).and_then(|&octet| image_bit_rate(octet));
                let current = self.negotiated;
                self.agree(
                    current
                        .zip(rate)
                        .map(|(agreed, bit_rate)| Negotiated { bit_rate, ..agreed }),
                );
            }
            _ => {}
        }
    }

    /// What is known of the far end's maker.
    pub(super) fn far_equipment(&mut self, equipment: FarEquipment) {
        if equipment != self.far_equipment {
            self.far_equipment = equipment.clone();
            self.event(Event::FarEquipment(equipment));
        }
    }

    /// A page ended: the frame is the far end's answer when sending, its command when receiving.
    pub(super) fn phase_d(&mut self, frame: u8, page: &PageStatistics, stored: bool) {
        match self.task {
            Task::Transmit { first_page, .. } => self.page_answered(frame, first_page, page),
            Task::Receive => {
                let kept = self.page_arrived(page, stored);
                self.procedure_ended = kept && matches!(frame, fcf::EOP | fcf::PRI_EOP);
                self.file_closed = frame == fcf::EOP && !page.ecm;
            }
        }
    }

    /// Whether this frame announces a page although the received file is closed.
    ///
    /// Without error correction the engine closes the file at EOP even when it refuses the last
    /// page. It cannot take that page again, and it must not open the file anew: that would cost
    /// the pages in it.
    pub(super) fn comes_too_late(&self, direction: Direction, frame: &[u8]) -> bool {
        let control = frame.get(2).map(|control| control & 0xFE);
        direction == Direction::Received && control == Some(fcf::DCS) && self.file_closed
    }

    /// Whether the last page was kept and marked as the last.
    pub(super) fn procedure_ended(&self) -> bool {
        self.procedure_ended
    }

    /// The engine ended the session.
    pub(super) fn phase_e(&mut self, code: i32) {
        if self.end_code.is_some() {
            return;
        }
        self.settle_unanswered(None);
        let engine_code = u16::try_from(code)
            .ok()
            .and_then(T30Code::from_number)
            .unwrap_or(T30Code::UnknownCode);
        let code = self.violation.or(self.label).unwrap_or(engine_code);
        self.end_code = Some(code);
        let outcome = self.outcome(code);
        self.event(Event::Finished(outcome));
    }

    pub(super) fn is_finished(&self) -> bool {
        self.end_code.is_some()
    }

    fn outcome(&self, code: T30Code) -> SessionOutcome {
        let (pages_total, complete, possibly_delivered) = match self.task {
            Task::Transmit { pages, .. } => (
                Some(pages),
                self.pages_confirmed >= pages,
                self.last_page_out && self.pages_confirmed + 1 == pages,
            ),
            Task::Receive => (
                None,
                self.procedure_ended && self.pages_confirmed > 0,
                false,
            ),
        };
        SessionOutcome {
            code,
            pages_confirmed: self.pages_confirmed,
            pages_total,
            complete,
            possibly_delivered,
            far_ident: self.far_ident.clone(),
            far_equipment: self.far_equipment.clone(),
            negotiated: self.negotiated,
            far_limit: self.far_limit,
        }
    }

    fn frame_sent(&mut self, control: u8, frame: &[u8]) {
        let is_end = |octet: u8| matches!(octet & 0xFE, fcf::EOP | fcf::PRI_EOP);
        let second = frame.get(3).copied().unwrap_or(fcf::NULL);
        match self.task {
            Task::Transmit { .. } => {
                if is_end(control) || (control & 0xFE == fcf::PPS && is_end(second)) {
                    self.last_page_out = true;
                }
            }
            Task::Receive => match control & 0xFE {
                fcf::MCF => self.settle_unanswered(Some(Verdict::Mcf)),
                fcf::RTP => self.settle_unanswered(Some(Verdict::Rtp)),
                fcf::RTN => self.settle_unanswered(Some(Verdict::Rtn)),
                _ => {}
            },
        }
    }

    fn frame_received(&mut self, control: u8, frame: &[u8]) {
        self.frames_received += 1;
        if control == fcf::CSI || control & 0xFE == fcf::TSI {
            self.identify(frame.get(3..).unwrap_or(&[]));
        }
        if control == fcf::DIS && matches!(self.task, Task::Transmit { .. }) {
            self.far_limit = page_limit(frame).or(self.far_limit);
        }
        if matches!(control & 0xFE, fcf::PPR | fcf::RTN | fcf::PIN) {
            self.last_page_out = false;
        }
    }

    /// T.30 §5.3.6.2.4: the least significant digit comes first, filled up with spaces.
    fn identify(&mut self, field: &[u8]) {
        let text: String = field
            .iter()
            .rev()
            .take(SessionConfig::IDENT_CHARS_MAX)
            .map(|&octet| char::from(octet))
            .filter(|c| *c == ' ' || c.is_ascii_graphic())
            .collect();
        let ident = text.trim().to_owned();
        if !ident.is_empty() && self.far_ident.as_ref() != Some(&ident) {
            self.far_ident = Some(ident.clone());
            self.event(Event::FarIdent(ident));
        }
    }

    fn agree(&mut self, agreed: Option<Negotiated>) {
        if let Some(agreed) = agreed
            && self.negotiated != Some(agreed)
        {
            self.negotiated = Some(agreed);
            self.event(Event::Negotiated(agreed));
        }
    }

    fn page_answered(&mut self, answer: u8, first_page: u32, page: &PageStatistics) {
        let ended = first_page + page.pages_sent.saturating_sub(1);
        let (verdict, index) = match answer {
            fcf::MCF => (Verdict::Mcf, ended),
            fcf::RTP => (Verdict::Rtp, ended),
            fcf::PIP => (Verdict::Interrupt, ended),
            // The engine counts a page on only when it was confirmed.
            fcf::RTN | fcf::PIN => (Verdict::Rtn, first_page + page.pages_sent),
            // ERR: the page was given up after too many repetitions, and counted on.
            _ => (Verdict::Rtn, ended),
        };
        let result = page_result(index, page, verdict);
        if verdict == Verdict::Rtn {
            self.event(Event::PageRefused(result));
        } else {
            self.pages_confirmed += 1;
            self.event(Event::PageConfirmed(result));
        }
        self.last_page_out = false;
    }

    /// Whether the page is kept.
    fn page_arrived(&mut self, page: &PageStatistics, stored: bool) -> bool {
        if page.rows > self.limits.rows_max {
            self.violate(T30Code::RowLimit);
            return false;
        }
        if !stored {
            self.violate(T30Code::StorageLost);
            return false;
        }
        let kept = page.pages_received > self.pages_stored;
        if kept && self.pages_stored >= self.limits.pages_max {
            self.violate(T30Code::PageLimit);
            return false;
        }
        let verdict = if kept { Verdict::Mcf } else { Verdict::Rtn };
        self.unanswered = Some(page_result(self.pages_stored, page, verdict));
        if kept {
            self.pages_stored += 1;
        }
        kept
    }

    /// The answer to a received page was made, or the session ended without one.
    fn settle_unanswered(&mut self, answer: Option<Verdict>) {
        let Some(mut page) = self.unanswered.take() else {
            return;
        };
        let kept = page.verdict != Verdict::Rtn;
        if !kept {
            self.event(Event::PageRejected(page));
            return;
        }
        if let Some(answer) = answer {
            page.verdict = answer;
            self.pages_confirmed += 1;
        }
        self.pages_untold += 1;
        self.event(Event::PageReceived(page));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

fn page_result(index: u32, page: &PageStatistics, verdict: Verdict) -> PageResult {
    PageResult {
        index,
        width: page.width,
        rows: page.rows,
        resolution: page.resolution,
        bad_rows: page.bad_rows,
        longest_bad_run: page.longest_bad_run,
        bit_rate: page.bit_rate,
        ecm: page.ecm,
        coding: page.coding,
        bytes: page.bytes,
        ecm_retries: page.ecm_retries,
        verdict,
    }
}
