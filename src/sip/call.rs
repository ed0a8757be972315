//! What a caller of this room asks for, watches and gets back: the shapes of a fax call.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use super::offer_answer::Policy;
use super::uri::SipUri;
use crate::job::{PageLimit, Reason};
use crate::limits::Limits;
use crate::t30::{Ecm, Event, Modems, Negotiated, PageResult, T30Code};
use crate::units::{PageWidth, Resolution};

/// User name and password for a trunk's digest challenge (RFC 7616, MD5 and SHA-256).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A fax to be sent.
#[derive(Clone, Debug)]
pub struct OutgoingFax {
    /// Whom to call.
    pub target: SipUri,
    /// Who calls (From and Contact); `None` means our identification at our own address.
    pub from: Option<SipUri>,
    /// For a trunk that challenges us; `None` means the agent's own.
    pub credentials: Option<Credentials>,
    /// The TIFF-F file.
    pub tiff: PathBuf,
    /// First page to send, counted from 0.
    pub first_page: u32,
    /// Our number as the far end shows it (TSI), at most 20 characters.
    pub ident: String,
    /// Error correction.
    pub ecm: Ecm,
    /// Modulations offered.
    pub modems: Modems,
    /// How T.38 is asked for.
    pub policy: Policy,
    /// Times and sizes.
    pub limits: Limits,
}

impl OutgoingFax {
    /// A fax with every usual ability on.
    pub fn new(target: SipUri, tiff: impl Into<PathBuf>) -> Self {
        Self {
            target,
            from: None,
            credentials: None,
            tiff: tiff.into(),
            first_page: 0,
            ident: String::new(),
            ecm: Ecm::On,
            modems: Modems::UpToV17,
            policy: Policy::calling(),
            limits: Limits::default(),
        }
    }
}

/// How a fax is to be received.
#[derive(Clone, Debug)]
pub struct IncomingFax {
    /// The file to write.
    pub tiff: PathBuf,
    /// Our number as the far end shows it (CSI), at most 20 characters.
    pub ident: String,
    /// Error correction.
    pub ecm: Ecm,
    /// Modulations accepted.
    pub modems: Modems,
    /// The widest page accepted.
    pub width_max: PageWidth,
    /// The finest resolution accepted.
    pub resolution_max: Resolution,
    /// How T.38 is asked for.
    pub policy: Policy,
    /// Times and sizes.
    pub limits: Limits,
}

impl IncomingFax {
    /// A fax with every usual ability on.
    pub fn new(tiff: impl Into<PathBuf>) -> Self {
        Self {
            tiff: tiff.into(),
            ident: String::new(),
            ecm: Ecm::On,
            modems: Modems::UpToV17,
            width_max: PageWidth::A3,
            resolution_max: Resolution::Superfine,
            policy: Policy::called(),
            limits: Limits::default(),
        }
    }
}

/// Watches a call, and stores what must not be lost before the call goes on.
///
/// The call waits for each method: it neither sends nor reads a packet meanwhile.
#[async_trait]
pub trait CallObserver: Send {
    /// The far end rings (outgoing calls only).
    async fn ringing(&mut self) {}

    /// The call is answered; for an incoming call, it is about to be.
    ///
    /// Runs before any media or re-INVITE goes out. A refusal ends the call at once.
    async fn answered(&mut self) -> Result<(), ObserverRefused> {
        Ok(())
    }

    /// Both fax machines agreed on rate, coding and page; comes again when it changes.
    async fn negotiated(&mut self, _negotiated: &Negotiated) {}

    /// The far end confirmed a page that we sent.
    async fn page_confirmed(&mut self, _page: &PageResult) {}

    /// A page lies in the TIFF file; its confirmation leaves after this returns `Ok`.
    ///
    /// A refusal ends the call without the confirmation, so the far end knows that the page is
    /// not delivered.
    async fn page_received(&mut self, _page: &PageResult) -> Result<(), ObserverRefused> {
        Ok(())
    }

    /// Every event of the fax session, the ones above included, for a timeline.
    async fn event(&mut self, _event: &Event) {}
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

#[async_trait]
impl CallObserver for NoObserver {}

/// An observer could not make something durable: the call must not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ObserverRefused {
    /// What could not be done, for a person.
    pub message: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// Whether the call was answered: from then on it counts, and may have cost money.
    pub answered: bool,
    /// Why the fax is not complete; `None` when every page was confirmed.
    pub reason: Option<Reason>,
    /// The end of the call in plain words, with the figures that explain it.
    pub detail: String,
    /// The final SIP status that ended or answered the call, when one came.
    pub sip_status: Option<u16>,
    /// Pages that the receiver confirmed in this call.
    pub pages_confirmed: u32,
    /// Pages that this call was to send; unknown when receiving.
    pub pages_total: Option<u32>,
    /// Whether the last page was sent to its end and only its confirmation is missing.
    pub possibly_delivered: bool,
    /// How the fax engine ended, when a fax session was started.
    pub t30_code: Option<T30Code>,
    /// The far end's identification (CSI or TSI).
    pub far_ident: Option<String>,
    /// The last agreement of the fax machines.
    pub negotiated: Option<Negotiated>,
    /// The finest and widest pages that the far end takes, when it said so.
    pub far_limit: Option<PageLimit>,
    /// What happened to datagrams.
    pub media: MediaStats,
    /// How long each part took.
    pub times: CallTimes,
    /// The SIP Call-ID, to find the call in the far end's log.
    pub call_id: String,
}

impl CallOutcome {
    /// Whether every page was confirmed.
    pub fn is_complete(&self) -> bool {
        self.reason.is_none()
    }
}

/// Counts of the datagrams of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStats {
    /// Datagrams sent, repetitions included.
    pub sent: u64,
    /// Datagrams received from the far end.
    pub received: u64,
    /// Packets that never came and could not be recovered.
    pub lost: u64,
    /// Packets recovered from redundancy or error correction.
    pub recovered: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came out of order.
    pub reordered: u64,
    /// Datagrams that were not UDPTL.
    pub malformed: u64,
    /// Datagrams from another address than the far end's.
    pub foreign: u64,
    /// Ticks of 20 ms that ran later than their time by more than a tick.
    pub ticks_late: u64,
    /// The latest a tick ran, in milliseconds.
    pub tick_lateness_max_ms: u64,
}

/// How long each part of a call took, from dialing or from the INVITE's arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTimes {
    /// Until the answer.
    pub answered: Option<Duration>,
    /// Until T.38 was agreed.
    pub fax_started: Option<Duration>,
    /// Until the end.
    pub ended: Duration,
}
