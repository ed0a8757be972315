//! What a session tells its caller.

use super::code::T30Code;
use super::frame::FrameName;
use crate::job::PageLimit;
use crate::units::{PageWidth, Resolution};

/// One thing to do or to know, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A packet for the far end.
    Ifp {
        /// The Internet Facsimile Protocol packet, to be wrapped in UDPTL.
        bytes: Vec<u8>,
        /// How often the same datagram (same sequence number) is sent in a row.
        copies: u8,
    },
    /// Something that happened.
    Event(Event),
}

/// Something that happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A T.30 frame passed, for a timeline of the call. Image data frames are left out.
    Frame {
        /// Who sent it.
        direction: Direction,
        /// Its name in T.30.
        name: FrameName,
    },
    /// The far end named itself (TSI or CSI).
    FarIdent(String),
    /// The far end's maker, from its non-standard facilities frame.
    FarEquipment(FarEquipment),
    /// Both ends agreed on how the next pages travel (DCS); comes again when it changes.
    Negotiated(Negotiated),
    /// The far end confirmed a page that we sent.
    PageConfirmed(PageResult),
    /// The far end refused a page that we sent (RTN); it is not counted as delivered.
    PageRefused(PageResult),
    /// A page is whole in the TIFF file and its confirmation has not left yet.
    PageReceived(PageResult),
    /// A page arrived too damaged to keep; the far end is told so (RTN).
    PageRejected(PageResult),
    /// The session is over; nothing follows.
    Finished(SessionOutcome),
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From us to the far end.
    Sent,
    /// From the far end to us.
    Received,
}

/// Who made the far end's machine, as far as its NSF frame tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FarEquipment {
    /// Country of the maker.
    pub country: Option<String>,
    /// Name of the maker.
    pub vendor: Option<String>,
    /// Model.
    pub model: Option<String>,
}

/// How an image crosses the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineCoding {
    /// T.4 one-dimensional.
    Mh,
    /// T.4 two-dimensional.
    Mr,
    /// T.6.
    Mmr,
    /// Something else; never offered by us.
    Other,
}

impl LineCoding {
    /// The name used in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mh => "mh",
            Self::Mr => "mr",
            Self::Mmr => "mmr",
            Self::Other => "other",
        }
    }
}

/// What both ends agreed on for the pages that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Image rate in bit/s.
    pub bit_rate: u32,
    /// Whether error correction is on.
    pub ecm: bool,
    /// Image coding on the line.
    pub coding: LineCoding,
    /// Vertical density.
    pub resolution: Option<Resolution>,
    /// Scan-line length.
    pub width: Option<PageWidth>,
}

/// How one page fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageResult {
    /// The page, counted from 0: within the source file when sending (a resumed session continues
    /// its count), within this call when receiving.
    pub index: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub rows: u32,
    /// Vertical density.
    pub resolution: Option<Resolution>,
    /// Rows that could not be decoded; known to a receiver without error correction only.
    pub bad_rows: u32,
    /// The longest run of such rows.
    pub longest_bad_run: u32,
    /// Image rate in bit/s.
    pub bit_rate: u32,
    /// Whether error correction was on.
    pub ecm: bool,
    /// Image coding on the line.
    pub coding: LineCoding,
    /// Bytes of image data on the line.
    pub bytes: u64,
    /// Frames that were sent again.
    pub ecm_retries: u32,
    /// What the receiver said of it.
    pub verdict: Verdict,
}

/// A receiver's answer to a page (T.30 §5.3.6.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Message confirmation.
    Mcf,
    /// Confirmed, with new training first (retrain positive).
    Rtp,
    /// Not confirmed (retrain negative).
    Rtn,
    /// A procedure interrupt came in place of a plain answer.
    Interrupt,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOutcome {
    /// The engine's or our own end code.
    pub code: T30Code,
    /// Pages that the receiver confirmed in this session, ours when we receive.
    pub pages_confirmed: u32,
    /// Pages that were to be sent in this session; unknown when receiving.
    pub pages_total: Option<u32>,
    /// Whether every page was confirmed and the last one was marked as the last.
    pub complete: bool,
    /// Whether the last page was sent to its end and only its confirmation is missing: it may
    /// lie in the far end's tray, so it must not be sent again without asking.
    pub possibly_delivered: bool,
    /// The far end's identification.
    pub far_ident: Option<String>,
    /// The far end's equipment.
    pub far_equipment: FarEquipment,
    /// The last agreement in force.
    pub negotiated: Option<Negotiated>,
    /// The finest and widest pages that the far end takes, as its DIS says; for a sender only.
    pub far_limit: Option<PageLimit>,
}
