//! How a session can end, in numbers and in plain words.

use std::fmt;

use crate::job::Reason;

macro_rules! codes {
    ($($name:ident = $number:literal, $code:literal, $sentence:literal, $reason:expr;)*) => {
        /// How a session ended: the engine's completion codes under their numbers, and from 200 up
        /// the ends that this wrapper brings about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum T30Code { $(#[doc = $sentence] $name,)* }

        impl T30Code {
            /// Every code, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number: `T30_ERR_*` of spandsp's `t30.h` below 200.
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }

            /// The code with this number.
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }

            /// The stable code: part of the public interface.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What happened, for a person.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// Why an attempt that ended so failed; nothing when the session ended well.
            pub const fn reason(self) -> Option<Reason> {
                match self { $(Self::$name => $reason,)* }
            }
        }
    };
}

use Reason as R;

codes! {
    Ok = 0, "ok", "the session ended as it should", None;
    CedTone = 1, "ced-tone", "the answering tone of the far end lasted more than 5 s", Some(R::ProtocolError);
    T0Expired = 2, "t0-expired", "nothing was heard from the far end at all", Some(R::VoiceAnswered);
    T1Expired = 3, "t1-expired", "no fax message came from the far end in time", Some(R::VoiceAnswered);
    T3Expired = 4, "t3-expired", "a procedure interrupt was not resolved in time", Some(R::ProtocolError);
    HdlcCarrier = 5, "hdlc-carrier", "the far end's control signal did not stop", Some(R::ProtocolError);
    CannotTrain = 6, "cannot-train", "training failed at every rate", Some(R::TrainFailed);
    OperatorInterrupt = 7, "operator-interrupt", "an operator's intervention failed", Some(R::ProtocolError);
    Incompatible = 8, "incompatible", "the far end is not compatible", Some(R::Incompatible);
    FarCannotReceive = 9, "far-cannot-receive", "the far end cannot receive", Some(R::Incompatible);
    FarCannotTransmit = 10, "far-cannot-transmit", "the far end has nothing to send", Some(R::Incompatible);
    ResolutionUnsupported = 11, "resolution-unsupported", "the far end cannot take the resolution of a page", Some(R::ImageUnsupported);
    SizeUnsupported = 12, "size-unsupported", "the far end cannot take the size of a page", Some(R::ImageUnsupported);
    Unexpected = 13, "unexpected-message", "the far end sent an unexpected message", Some(R::ProtocolError);
    TxBadDcs = 14, "tx-bad-dcs-response", "the far end answered DCS or training wrongly", Some(R::TrainingBadResponse);
    TxDcnAfterPage = 15, "tx-dcn-after-page", "the far end disconnected after a page", Some(R::RemoteDisconnected);
    TxEcmResponse = 16, "tx-ecm-response", "the far end gave an invalid answer in error correction", Some(R::EcmError);
    TxDcnBeforeDis = 17, "tx-dcn-before-dis", "the far end disconnected before it said what it can do", Some(R::RemoteDisconnected);
    TxInvalidResponse = 18, "tx-invalid-response", "the far end gave an invalid answer to a page", Some(R::PageNoResponse);
    TxNoDis = 19, "tx-no-dis", "the far end sent something other than DIS", Some(R::ProtocolError);
    TxNoTrainingResponse = 20, "tx-no-training-response", "the far end did not answer DCS and training", Some(R::TrainingBadResponse);
    TxNoPageResponse = 21, "tx-no-page-response", "the far end did not answer a page", Some(R::PageNoResponse);
    TxT5Expired = 22, "tx-t5-expired", "the far end stayed not ready to receive", Some(R::ReceiverNotReady);
    RxEcmResponse = 23, "rx-ecm-response", "the far end gave an invalid message in error correction", Some(R::ProtocolError);
    RxGotDcs = 24, "rx-got-dcs", "the far end sent DCS where DTC was due", Some(R::ProtocolError);
    RxInvalidCommand = 25, "rx-invalid-command", "the far end sent an unexpected command after a page", Some(R::ProtocolError);
    RxNoCarrier = 26, "rx-no-carrier", "the signal was lost during a page", Some(R::ReceiveFailed);
    RxNoEol = 27, "rx-no-eol", "the end of a line did not come in time", Some(R::ReceiveFailed);
    RxNoFax = 28, "rx-no-fax", "the first line of a page did not come in time", Some(R::ReceiveFailed);
    RxT2Dcn = 29, "rx-t2-dcn", "the far end did not end the call after the last page", Some(R::ReceiveFailed);
    RxT2PhaseD = 30, "rx-t2-phase-d", "no message came after a page", Some(R::ReceiveFailed);
    RxT2Page = 31, "rx-t2-page", "no page came", Some(R::ReceiveFailed);
    RxT2NextPage = 32, "rx-t2-next-page", "the next page did not come", Some(R::ReceiveFailed);
    RxT2Rr = 33, "rx-t2-rr", "the far end did not ask again whether we are ready", Some(R::ReceiveFailed);
    RxT2 = 34, "rx-t2", "the far end fell silent before it sent a page", Some(R::ReceiveFailed);
    RxDcnBeforeDcs = 35, "rx-dcn-before-dcs", "the far end disconnected before it sent anything", Some(R::RemoteDisconnected);
    RxDcnInPage = 36, "rx-dcn-in-page", "the far end disconnected in the middle of a page", Some(R::RemoteDisconnected);
    RxDcnAfterPage = 37, "rx-dcn-after-page", "the far end disconnected before it ended a page", Some(R::RemoteDisconnected);
    RxDcnBetweenPages = 38, "rx-dcn-between-pages", "the far end disconnected between pages", Some(R::RemoteDisconnected);
    RxDcnAfterRr = 39, "rx-dcn-after-rr", "the far end disconnected after it asked whether we are ready", Some(R::RemoteDisconnected);
    RxDcnAfterRtn = 40, "rx-dcn-after-rtn", "the far end disconnected when asked to send a page again", Some(R::RemoteDisconnected);
    FileError = 41, "file-error", "the fax file could not be opened", Some(R::DocumentError);
    PageMissing = 42, "page-missing", "a page is missing in the fax file", Some(R::DocumentError);
    BadTiff = 43, "bad-tiff", "the fax file is no fax TIFF", Some(R::DocumentError);
    BadPage = 44, "bad-page", "a page of the fax file has no page number", Some(R::DocumentError);
    BadTag = 45, "bad-tag", "a page of the fax file has wrong values in its tags", Some(R::DocumentError);
    BadTiffHeader = 46, "bad-tiff-header", "the fax file has a wrong header", Some(R::DocumentError);
    NoMemory = 47, "no-memory", "there was no memory for another page", Some(R::DocumentError);
    RetryDcn = 48, "retry-dcn", "the call was ended after the permitted repetitions", Some(R::RemoteDisconnected);
    CallDropped = 49, "call-dropped", "the call ended before the fax was complete", Some(R::CallDropped);
    PollRefused = 50, "poll-refused", "the far end does not let itself be polled", Some(R::AccessDenied);
    IdentRefused = 51, "ident-refused", "the identification was refused", Some(R::AccessDenied);
    SubRefused = 52, "sub-refused", "the sub-address was refused", Some(R::AccessDenied);
    SepRefused = 53, "sep-refused", "the selective polling address was refused", Some(R::AccessDenied);
    PsaRefused = 54, "psa-refused", "the polled sub-address was refused", Some(R::AccessDenied);
    SidRefused = 55, "sid-refused", "the sender's identification was refused", Some(R::AccessDenied);
    PwdRefused = 56, "pwd-refused", "the password was refused", Some(R::AccessDenied);
    TsaRefused = 57, "tsa-refused", "the transmitting subscriber's internet address was refused", Some(R::AccessDenied);
    IraRefused = 58, "ira-refused", "the internet routing address was refused", Some(R::AccessDenied);
    CiaRefused = 59, "cia-refused", "the calling subscriber's internet address was refused", Some(R::AccessDenied);
    IspRefused = 60, "isp-refused", "the internet selective polling address was refused", Some(R::AccessDenied);
    CsaRefused = 61, "csa-refused", "the called subscriber's internet address was refused", Some(R::AccessDenied);
    Aborted = 200, "aborted", "we ended the session", Some(R::CanceledByUser);
    PageLimit = 201, "page-limit", "the far end sent more pages than the limit allows", Some(R::ReceiveFailed);
    ByteLimit = 202, "byte-limit", "the far end sent more data than the limit allows", Some(R::ReceiveFailed);
    RowLimit = 203, "row-limit", "the far end sent a page with more rows than the limit allows", Some(R::ReceiveFailed);
    PacketLoop = 204, "packet-loop", "the far end drove the fax engine into an endless loop of packets", Some(R::ProtocolError);
    StorageLost = 205, "storage-lost", "a received page could not be written to the fax file", Some(R::StorageFailed);
    PageUnrepeatable = 206, "page-unrepeatable", "the last page arrived damaged and could not be taken again", Some(R::ReceiveFailed);
    FarSilent = 207, "far-silent", "the far end fell silent in the middle of the fax", Some(R::CallDropped);
    DurationLimit = 208, "duration-limit", "the fax took longer than the limit allows", Some(R::CallDropped);
    UnknownCode = 299, "unknown-code", "the fax engine ended with a code that is not in its table", Some(R::ProtocolError);
}

impl fmt::Display for T30Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
