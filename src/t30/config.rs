//! What a fax session is asked to do and what it may use.

use std::path::PathBuf;
use std::time::Duration;

use crate::header::ROWS_ADDED_MAX;
use crate::limits::Limits;
use crate::units::{PageWidth, Resolution};

/// Which party of the telephone call we are; the called party speaks first in T.30.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSide {
    /// We dialed.
    Calling,
    /// We answered.
    Called,
}

/// What the session does with its TIFF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaxRole {
    /// Send the pages of a TIFF-F file.
    Transmit {
        /// The file to send: one page width of [`PageWidth`] and one density of [`Resolution`] a
        /// page.
        tiff: PathBuf,
        /// First page to send, counted from 0: a resumed fax starts behind its confirmed pages.
        first_page: u32,
    },
    /// Receive pages into a new TIFF-F file.
    Receive {
        /// The file to write; an existing file is overwritten.
        tiff: PathBuf,
    },
}

/// Whether error correction mode (T.30 Annex A) is offered or accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ecm {
    /// Use it when the far end can: every page then arrives exact or not at all.
    #[default]
    On,
    /// Never use it, as a last resort on lines where it fails.
    Off,
}

/// Modulations offered for the image; V.27ter is the one that every Group 3 machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modems {
    /// V.17, V.29 and V.27ter: up to 14,400 bit/s.
    UpToV17,
    /// V.29 and V.27ter: up to 9,600 bit/s.
    UpToV29,
    /// V.27ter alone: up to 4,800 bit/s.
    V27terOnly,
}

impl Modems {
    /// The fastest choice that stays within a bit rate, as `T38MaxBitRate` of an SDP states it.
    pub const fn within(bit_rate: u32) -> Self {
        match bit_rate {
            14_400.. => Self::UpToV17,
            9_600.. => Self::UpToV29,
            _ => Self::V27terOnly,
        }
    }

    /// The highest rate of these modulations in bit/s.
    pub const fn bit_rate_max(self) -> u32 {
        match self {
            Self::UpToV17 => 14_400,
            Self::UpToV29 => 9_600,
            Self::V27terOnly => 4_800,
        }
    }
}

/// The T.38 side of a session, as agreed on in SDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct T38Options {
    /// `T38FaxVersion`: 0 selects the data field coding of T.38 (06/1998), 1 and above the later one.
    pub version: u8,
    /// `T38FaxFillBitRemoval`.
    pub fill_bit_removal: bool,
    /// `T38FaxMaxDatagram` of the far end in bytes: the largest datagram it takes.
    pub datagram_bytes_max: u16,
}

impl Default for T38Options {
    fn default() -> Self {
        Self {
            version: 0,
            fill_bit_removal: false,
            datagram_bytes_max: 400,
        }
    }
}

/// Bounds on what a far end can make a session do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Most pages received.
    pub pages_max: u32,
    /// Most bytes of received image data and most bytes of the TIFF file, each.
    pub bytes_max: u64,
    /// Most rows of one received page.
    pub rows_max: u32,
    /// Most packets sent within one tick of 20 ms.
    pub packets_per_tick_max: u32,
    /// Longest time in which neither end sends a packet; the engine has states that no timer of
    /// its own ends.
    pub silence_max: Duration,
    /// Longest session.
    pub duration_max: Duration,
    /// Most ticks that one [`super::T38Session::advance`] catches up.
    pub ticks_per_advance_max: u32,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

impl From<&Limits> for SessionLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            pages_max: limits.received_pages_max,
            bytes_max: limits.received_bytes_max,
            // A sender that has our limit may put its header above a page of so many rows.
            rows_max: limits.page_rows_max.saturating_add(ROWS_ADDED_MAX),
            packets_per_tick_max: 50,
            silence_max: limits.silence_timeout(),
            duration_max: limits.call_timeout(),
            ticks_per_advance_max: 50,
        }
    }
}

/// Everything a session needs to know before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Which party we are.
    pub side: CallSide,
    /// What we do.
    pub role: FaxRole,
    /// Our number as the far end shows it (TSI or CSI): at most 20 printable ASCII characters.
    pub ident: String,
    /// Error correction.
    pub ecm: Ecm,
    /// Modulations.
    pub modems: Modems,
    /// T.38 parameters.
    pub t38: T38Options,
    /// The widest page accepted when receiving.
    pub width_max: PageWidth,
    /// The finest resolution accepted when receiving.
    pub resolution_max: Resolution,
    /// Bounds.
    pub limits: SessionLimits,
}

impl SessionConfig {
    /// A session with every usual ability on.
    pub fn new(side: CallSide, role: FaxRole) -> Self {
        Self {
            side,
            role,
            ident: String::new(),
            ecm: Ecm::On,
            modems: Modems::UpToV17,
            t38: T38Options::default(),
            width_max: PageWidth::A3,
            resolution_max: Resolution::Superfine,
            limits: SessionLimits::default(),
        }
    }

    /// The longest identification that TSI and CSI carry (T.30 §5.3.6.2.4).
    pub const IDENT_CHARS_MAX: usize = 20;
}
