//! Why an attempt or a job ended, and what follows from it.
//!
//! The classes follow the telephone network's own: Q.850 cause values and SIP status codes map to
//! a handful of reasons a person can act on. Codes are part of the public interface.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Whether an attempt that ended for a reason is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The job ends here.
    Never,
    /// One more attempt after the delay; a second end for the same reason ends the job.
    Once(Duration),
    /// Another attempt after the delay, as long as the job's counts and deadline allow.
    After(Duration),
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $sentence:literal, $retry:expr;)*) => {
        /// Why an attempt or a job ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, in the order of the reference table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code: part of the public interface.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What happened, for a person.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// Whether another attempt follows by default, and after how long.
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => $retry,)* }
            }
        }
    };
}

const fn after(seconds: u64) -> Retry {
    Retry::After(Duration::from_secs(seconds))
}

const fn once(seconds: u64) -> Retry {
    Retry::Once(Duration::from_secs(seconds))
}

reasons! {
    /// SIP 486 or 600, Q.850 17.
    Busy, "busy", "the line was busy", after(180);
    /// SIP 480 or 503, Q.850 34, 38, 41, 42.
    Congestion, "congestion", "the telephone network was congested", after(300);
    /// SIP 408, Q.850 18, 19, or our own answer time-out.
    NoAnswer, "no_answer", "nobody answered", after(300);
    /// SIP 404, 410, 484, 604, Q.850 1, 22, 28.
    NumberInvalid, "number_invalid", "the number does not exist", Retry::Never;
    /// SIP 403, 603, Q.850 21.
    Declined, "declined", "the call was declined", Retry::Never;
    /// SIP 401, 402, 407, 488 to the first INVITE: our own credentials or set-up.
    TrunkRejected, "trunk_rejected", "the trunk refused our credentials or offer", Retry::Never;
    /// No answer at all to the INVITE.
    TrunkSilent, "trunk_silent", "the trunk did not answer or could not be reached", after(60);
    /// Answered, but no fax machine spoke (T.30 T0 or T1).
    VoiceAnswered, "voice_answered", "the call was answered but no fax machine responded", once(300);
    /// The far end refused T.38.
    T38Refused, "t38_refused", "the far end refused to switch the call to T.38 fax", after(60);
    /// T.38 was agreed, then no packet came.
    T38NoMedia, "t38_no_media", "the far end agreed to T.38 and then sent nothing", after(60);
    /// Training failed at every rate.
    TrainFailed, "train_failed", "the two machines could not agree on a signalling rate", once(60);
    /// A wrong answer to DCS or TCF.
    TrainingBadResponse, "training_bad_response", "the far end answered the training wrongly", after(60);
    /// No answer after a page.
    PageNoResponse, "page_no_response", "the far end did not confirm a page", after(60);
    /// DCN from the far end in mid-fax.
    RemoteDisconnected, "remote_disconnected", "the far end disconnected before the fax was complete", after(60);
    /// Error correction failed to complete a page.
    EcmError, "ecm_error", "error correction could not complete a page", once(60);
    /// RNR until T5 expired.
    ReceiverNotReady, "receiver_not_ready", "the far end stayed not ready to receive", after(300);
    /// The far end broke the protocol.
    ProtocolError, "protocol_error", "the far end broke the fax protocol", after(60);
    /// A fax could not be received to its end; finished pages are kept.
    ReceiveFailed, "receive_failed", "the fax could not be received to its end", Retry::Never;
    /// The far end cannot receive a fax.
    Incompatible, "incompatible", "the far end cannot receive this fax", Retry::Never;
    /// The far end cannot take this resolution or size.
    ImageUnsupported, "image_unsupported", "the far end cannot take this page size or resolution", after(0);
    /// Our stored image could not be read by the fax engine.
    DocumentError, "document_error", "the stored fax image could not be read", Retry::Never;
    /// The call ended under us.
    CallDropped, "call_dropped", "the call ended before the fax was complete", after(60);
    /// The far end asked for a password, sub-address or identity that we do not have.
    AccessDenied, "access_denied", "the far end denied access", Retry::Never;
    /// Not a readable PDF or TIFF.
    DocumentInvalid, "document_invalid", "the document is not a readable PDF or TIFF", Retry::Never;
    /// Needs a password.
    DocumentEncrypted, "document_encrypted", "the document is protected by a password", Retry::Never;
    /// Over a limit on bytes, page size or pixels.
    DocumentTooLarge, "document_too_large", "the document is too large", Retry::Never;
    /// Over the limit on pages.
    TooManyPages, "too_many_pages", "the document has too many pages", Retry::Never;
    /// Rendering did not end in time.
    ConversionTimeout, "conversion_timeout", "the document took too long to render", once(10);
    /// The rendering process died.
    ConversionCrashed, "conversion_crashed", "the document crashed the renderer", once(10);
    /// The PDF renderer is not installed or could not be started.
    RendererUnavailable, "renderer_unavailable", "the PDF renderer is not installed or did not start", after(60);
    /// Not a recording or document kind that we read.
    MediaUnsupported, "media_unsupported", "the file is of a kind that is not supported", Retry::Never;
    /// A recording that is empty, damaged beyond use or without audio.
    RecordingInvalid, "recording_invalid", "the recording is empty or damaged", Retry::Never;
    /// Over a limit on bytes or duration.
    RecordingTooLarge, "recording_too_large", "the recording is too large or too long", Retry::Never;
    /// The MP3 could not be made, or did not stand up to being read back.
    TranscodeFailed, "transcode_failed", "the recording could not be turned into an MP3", once(10);
    /// Artifacts or job records could not be read or written.
    StorageFailed, "storage_failed", "the storage could not be read or written", after(30);
    /// A worker was lost too often while working on the job.
    WorkerLost, "worker_lost", "the workers on this job were lost too often", after(0);
    /// The job's deadline passed.
    DeadlineExceeded, "deadline_exceeded", "the deadline passed before the job was done", Retry::Never;
    /// Cancelled.
    CanceledByUser, "canceled_by_user", "the job was canceled", Retry::Never;
}

impl Reason {
    /// Whether it is for the operator to mend and says nothing about the job: such a job is tried
    /// until its deadline.
    pub const fn is_our_fault(self) -> bool {
        matches!(self, Self::StorageFailed | Self::RendererUnavailable)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
