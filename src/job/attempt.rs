//! One call of a fax job: committed before it is dialed, never changed after it ended.

use serde::{Deserialize, Serialize};

use crate::header::Header;
use crate::job::{LadderStep, Reason, Transport};
use crate::units::UnixMillis;

/// The record of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for a job's first call.
    pub number: u32,
    /// When it was committed, just before dialing.
    pub started_at: UnixMillis,
    /// When the far end answered.
    pub answered_at: Option<UnixMillis>,
    /// When it ended.
    pub ended_at: Option<UnixMillis>,
    /// The first page to send, counted from 1: the first that was not confirmed before.
    pub first_page: u32,
    /// Pages of the job confirmed so far, earlier attempts included.
    pub pages_confirmed: u32,
    /// What the call was made with.
    pub settings: AttemptSettings,
    /// What the two machines agreed on.
    pub negotiated: Option<Negotiated>,
    /// How it ended.
    pub result: Option<AttemptResult>,
    /// Why it ended, unless every page was confirmed.
    pub reason: Option<Reason>,
    /// The particulars, for a person.
    pub detail: Option<String>,
}

/// What a call is made with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptSettings {
    /// The step of the ladder.
    pub step: LadderStep,
    /// The reason of an earlier attempt that led to this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Reason>,
    /// The SIP URI called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The SIP Call-ID, for finding the call in other systems' records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// Artifact key of the fax pages sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The header line stamped into them: with the pages it gives the very pixels that went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Box<Header>>,
}

/// What the two machines agreed on (DIS and DCS).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Negotiated {
    /// How pages travel.
    pub transport: Transport,
    /// Signalling rate in bit/s.
    pub bit_rate: u32,
    /// Whether error correction is on.
    pub ecm: bool,
    /// The coding on the line: `mh`, `mr` or `mmr`.
    pub coding: String,
    /// The identity that the far end gave (CSI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ident: Option<String>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// Every page of the job is confirmed.
    Delivered,
    /// It failed, and it is known which pages arrived.
    Failed,
    /// It ended because the job was to stop.
    Stopped,
    /// Its worker gave it back before the far end answered.
    HandedBack,
    /// It is not known whether the pages that were not confirmed arrived.
    Indeterminate,
}
