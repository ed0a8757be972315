//! What somebody asked for. A request never changes after the job was accepted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::header::HeaderOptions;
use crate::job::{CoverRequest, JobKind};
use crate::units::{FaxNumber, PageFit, Resolution, ToneMode, UnixMillis};

/// What a job was asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(
    clippy::large_enum_variant,
    reason = "a worker holds a few requests at a time, and nearly all are faxes"
)]
pub enum JobRequest {
    /// Send a document by fax.
    Fax(FaxRequest),
    /// Turn a recording into MP3.
    Voicemail(VoicemailRequest),
    /// Keep a fax that is coming in.
    ReceivedFax(ReceivedFaxRequest),
}

impl JobRequest {
    /// The kind of job that this asks for.
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Fax(_) => JobKind::Fax,
            Self::Voicemail(_) => JobKind::Voicemail,
            Self::ReceivedFax(_) => JobKind::ReceivedFax,
        }
    }

    /// Whose job it is, where the submitter said so.
    pub fn tenant(&self) -> Option<&str> {
        match self {
            Self::Fax(fax) => fax.tenant.as_deref(),
            Self::Voicemail(voicemail) => voicemail.tenant.as_deref(),
            Self::ReceivedFax(_) => None,
        }
    }

    /// The number that would be dialed, if any.
    pub const fn number(&self) -> Option<&FaxNumber> {
        match self {
            Self::Fax(fax) => Some(&fax.number),
            Self::Voicemail(_) | Self::ReceivedFax(_) => None,
        }
    }

    /// Refuses what no job may ask for.
    pub fn check(&self) -> Result<(), RequestError> {
        match self {
            Self::Fax(fax) => fax.check(),
            Self::Voicemail(voicemail) => {
                required("recording", &voicemail.recording)?;
                tenant(voicemail.tenant.as_deref())?;
                deadline(voicemail.deadline_seconds)
            }
            Self::ReceivedFax(received) => required("call_id", &received.call_id),
        }
    }
}

/// Longest name of a tenant, in bytes.
pub const TENANT_BYTES_MAX: usize = 128;

/// A document to be sent by fax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaxRequest {
    /// The number to dial.
    pub number: FaxNumber,
    /// An explicit SIP URI to call instead of the trunk's routing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Artifact key of the uploaded document.
    pub document: String,
    /// The name under which it was uploaded, for people only.
    pub document_name: String,
    /// Whose job it is: what is listed, paused and counted together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The vertical density asked for.
    #[serde(default)]
    pub resolution: Resolution,
    /// How shades become black and white.
    #[serde(default)]
    pub mode: ToneMode,
    /// How pages that are no fax pages yet are brought onto them.
    #[serde(default, skip_serializing_if = "PageFit::is_default")]
    pub page_fit: PageFit,
    /// A cover page to go before the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<CoverRequest>,
    /// The sender's identity (TSI and header line), if not the trunk's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ident: Option<String>,
    /// What the header line is to be, where it differs from the configuration's.
    #[serde(default, skip_serializing_if = "HeaderOptions::is_empty")]
    pub header: HeaderOptions,
    /// Not to be dialed before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<UnixMillis>,
    /// Seconds after acceptance (or `not_before`) past which nothing is dialed any more.
    #[serde(default = "FaxRequest::deadline_default")]
    pub deadline_seconds: u64,
    /// What follows when a worker is lost after the call was answered.
    #[serde(default)]
    pub on_indeterminate: OnIndeterminate,
    /// Most dials in all.
    #[serde(default = "FaxRequest::dials_default")]
    pub dials_max: u32,
    /// Most answered calls.
    #[serde(default = "FaxRequest::answered_default")]
    pub answered_max: u32,
    /// Whether a person must release the job before it is dialed.
    #[serde(default)]
    pub hold: bool,
    /// The submitter's own words, kept and given back.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

impl FaxRequest {
    /// Three hours.
    pub const DEADLINE_SECONDS: u64 = 3 * 3600;
    /// Most dials in all, unless the request says otherwise.
    pub const DIALS_MAX: u32 = 12;
    /// The longest identity that a far end can be told (TSI, T.30 §5.3.6.2.4).
    pub const IDENT_CHARS_MAX: usize = 20;
    /// Most answered calls, unless the request says otherwise.
    pub const ANSWERED_MAX: u32 = 3;

    /// A request with every default.
    pub fn new(number: FaxNumber, document: String, document_name: String) -> Self {
        Self {
            number,
            target: None,
            document,
            document_name,
            tenant: None,
            resolution: Resolution::default(),
            mode: ToneMode::default(),
            page_fit: PageFit::default(),
            cover: None,
            ident: None,
            header: HeaderOptions::default(),
            not_before: None,
            deadline_seconds: Self::DEADLINE_SECONDS,
            on_indeterminate: OnIndeterminate::default(),
            dials_max: Self::DIALS_MAX,
            answered_max: Self::ANSWERED_MAX,
            hold: false,
            metadata: Metadata::default(),
        }
    }

    fn check(&self) -> Result<(), RequestError> {
        required("document", &self.document)?;
        tenant(self.tenant.as_deref())?;
        if let Some(ident) = &self.ident {
            told_to_far_end(ident)?;
        }
        deadline(self.deadline_seconds)?;
        in_range("dials_max", self.dials_max, 100)?;
        in_range("answered_max", self.answered_max, 100)
    }

    const fn deadline_default() -> u64 {
        Self::DEADLINE_SECONDS
    }

    const fn dials_default() -> u32 {
        Self::DIALS_MAX
    }

    const fn answered_default() -> u32 {
        Self::ANSWERED_MAX
    }
}

/// What follows when a worker is lost after the far end answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnIndeterminate {
    /// Nothing: the job rests as `indeterminate` until a person decides.
    #[default]
    Hold,
    /// Another attempt from the first page that was not confirmed, at the risk of sending it twice.
    Retry,
}

/// A recording to be turned into MP3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoicemailRequest {
    /// Artifact key of the uploaded recording.
    pub recording: String,
    /// The name under which it was uploaded, for people only.
    pub recording_name: String,
    /// Whose job it is: what is listed, paused and counted together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The type that the submitter declared, for data that cannot be recognised (raw GSM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_type: Option<String>,
    /// Who spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Whose mailbox it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
    /// When it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<UnixMillis>,
    /// The recording system's own name for the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Seconds after acceptance past which the job expires.
    #[serde(default = "VoicemailRequest::deadline_default")]
    pub deadline_seconds: u64,
}

impl VoicemailRequest {
    /// Three hours, as for a fax.
    pub const DEADLINE_SECONDS: u64 = 3 * 3600;

    /// A request with every default.
    pub fn new(recording: String, recording_name: String) -> Self {
        Self {
            recording,
            recording_name,
            tenant: None,
            declared_type: None,
            caller: None,
            mailbox: None,
            recorded_at: None,
            message_id: None,
            deadline_seconds: Self::DEADLINE_SECONDS,
        }
    }

    const fn deadline_default() -> u64 {
        Self::DEADLINE_SECONDS
    }
}

/// A fax that is coming in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedFaxRequest {
    /// The SIP Call-ID.
    pub call_id: String,
    /// The caller, as the INVITE named it.
    pub from: String,
    /// The called party, as the INVITE named it.
    pub to: String,
    /// The identity (CSI) that we answered with.
    #[serde(default)]
    pub local_ident: String,
}

/// The submitter's own words about a job: bounded, kept as given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, String>",
    into = "BTreeMap<String, String>"
)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Most entries.
    pub const ENTRIES_MAX: usize = 32;
    /// Longest key, in bytes.
    pub const KEY_BYTES_MAX: usize = 64;
    /// Longest value, in bytes.
    pub const VALUE_BYTES_MAX: usize = 1024;

    /// The entries, by key.
    pub const fn entries(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Metadata {
    type Error = RequestError;

    fn try_from(entries: BTreeMap<String, String>) -> Result<Self, RequestError> {
        if entries.len() > Self::ENTRIES_MAX {
            return Err(RequestError::MetadataTooLarge);
        }
        let fits = |(key, value): (&String, &String)| {
            (1..=Self::KEY_BYTES_MAX).contains(&key.len()) && value.len() <= Self::VALUE_BYTES_MAX
        };
        if entries.iter().all(fits) {
            Ok(Self(entries))
        } else {
            Err(RequestError::MetadataTooLarge)
        }
    }
}

impl From<Metadata> for BTreeMap<String, String> {
    fn from(metadata: Metadata) -> Self {
        metadata.0
    }
}

/// A request that no job can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A field that must have a value is empty.
    #[error("the field {field} is empty")]
    Empty {
        /// Its name.
        field: &'static str,
    },
    /// A number outside of its range.
    #[error("{field} is {value}, but must be between 1 and {max}")]
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// What was asked for.
        value: u64,
        /// The largest value allowed.
        max: u64,
    },
    /// An identity that the far end cannot be told.
    #[error("the ident must have at most 20 characters, all of printable ASCII")]
    Ident,
    /// Too many entries, or one too long.
    #[error("metadata may hold 32 entries with keys of 1 to 64 and values of up to 1024 bytes")]
    MetadataTooLarge,
}

impl RequestError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "field-empty",
            Self::OutOfRange { .. } => "field-out-of-range",
            Self::Ident => "ident-invalid",
            Self::MetadataTooLarge => "metadata-too-large",
        }
    }
}

/// Longest time a job may take: thirty days.
const DEADLINE_SECONDS_MAX: u64 = 30 * 24 * 3600;

fn required(field: &'static str, value: &str) -> Result<(), RequestError> {
    if value.is_empty() {
        Err(RequestError::Empty { field })
    } else {
        Ok(())
    }
}

fn told_to_far_end(ident: &str) -> Result<(), RequestError> {
    let printable = ident.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if printable && ident.len() <= FaxRequest::IDENT_CHARS_MAX {
        Ok(())
    } else {
        Err(RequestError::Ident)
    }
}

fn deadline(seconds: u64) -> Result<(), RequestError> {
    if (1..=DEADLINE_SECONDS_MAX).contains(&seconds) {
        return Ok(());
    }
    let field = "deadline_seconds";
    Err(RequestError::OutOfRange {
        field,
        value: seconds,
        max: DEADLINE_SECONDS_MAX,
    })
}

fn tenant(name: Option<&str>) -> Result<(), RequestError> {
    let Some(name) = name else { return Ok(()) };
    required("tenant", name)?;
    if name.len() <= TENANT_BYTES_MAX {
        return Ok(());
    }
    Err(RequestError::OutOfRange {
        field: "the length of the tenant's name",
        value: name.len() as u64,
        max: TENANT_BYTES_MAX as u64,
    })
}

fn in_range(field: &'static str, value: u32, max: u32) -> Result<(), RequestError> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(RequestError::OutOfRange {
        field,
        value: value.into(),
        max: max.into(),
    })
}
