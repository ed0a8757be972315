//! Who offers what, when: the path from a G.711 call to T.38 and back (RFC 3261 §14, RFC 3264,
//! ITU-T T.38 Annex D).
//!
//! A pure state machine: events and the time since the call began go in, [`Action`]s come out; it
//! knows no clock, socket or chance. The edge sends what it says and tells it what came back.
//!
//! A call starts as G.711. Whichever side comes first re-INVITEs to T.38: fax gateways do it when
//! they hear the called machine, so we wait a little before we ask ourselves. Two requests that
//! cross are both refused with 491 and ours is repeated after a random pause. A refusal is not
//! yet the end: the far end may still ask itself, and we ask once more, until
//! [`Policy::agree_within`] has passed.

mod machine;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::sdp::SdpError;
use crate::job::Reason;
use crate::t38::T38Attributes;
use crate::t38::udptl::UdptlEncoder;

pub use machine::OfferAnswer;

/// How T.38 is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long after the answer we ask for T.38; `None` leaves it to the far end.
    pub ask_after: Option<Duration>,
    /// How often we ask in one call.
    pub asks_max: u8,
    /// The pause between a refusal and asking again.
    pub ask_again_after: Duration,
    /// The longest wait for the answer to our request.
    pub answer_within: Duration,
    /// How long after our last refused request the far end may still ask itself.
    pub wait_after_refusal: Duration,
    /// How long after the answer T.38 must be agreed.
    pub agree_within: Duration,
}

impl Policy {
    /// For calls we make: the called side's gateway is given the first word.
    pub fn calling() -> Self {
        Self {
            ask_after: Some(Duration::from_secs(2)),
            asks_max: 2,
            ask_again_after: Duration::from_secs(3),
            answer_within: Duration::from_secs(20),
            wait_after_refusal: Duration::from_secs(8),
            agree_within: Duration::from_secs(25),
        }
    }

    /// For calls we answer: the called side is the one to ask, so soon.
    pub fn called() -> Self {
        Self {
            ask_after: Some(Duration::from_secs(1)),
            ..Self::calling()
        }
    }
}

/// From this size on a datagram holds five packets of the fastest modem.
const ROOMY_DATAGRAM_BYTES: u16 = 1_000;

/// What our side of the call's media is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Identifies the session in `o=`; any number.
    pub session_id: u64,
    /// Where the far end sends to.
    pub address: IpAddr,
    /// Our RTP port.
    pub audio_port: u16,
    /// Our UDPTL port.
    pub t38_port: u16,
    /// What we can do in T.38.
    pub t38: T38Attributes,
    /// Feeds the random pauses after crossing requests; any number.
    pub seed: u64,
}

/// Something that happened to the call.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// We are about to dial: answered by [`Action::Offer`].
    Dial,
    /// The far end answered our INVITE with this body.
    Answered(&'a [u8]),
    /// The far end's INVITE or re-INVITE, with its body if it has one: always answered by exactly
    /// one [`Action::Respond`].
    Offer(Option<&'a [u8]>),
    /// The ACK of a 2xx of ours, with its body if it has one.
    Acknowledged(Option<&'a [u8]>),
    /// The final answer to our re-INVITE.
    ReinviteAnswered {
        /// SIP status.
        status: u16,
        /// Its body.
        body: &'a [u8],
    },
    /// The called machine's tone was heard.
    FaxToneHeard,
    /// The fax session is over: nothing is asked for any more.
    FaxFinished,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Dial with this body.
    Offer(Vec<u8>),
    /// Answer the far end's INVITE or re-INVITE.
    Respond {
        /// SIP status.
        status: u16,
        /// The body of a 2xx.
        body: Option<Vec<u8>>,
    },
    /// Send a re-INVITE with this body.
    Reinvite(Vec<u8>),
    /// T.38 is agreed: start the fax.
    StartT38(T38Path),
    /// The far end moved its T.38 media.
    MoveT38(SocketAddr),
    /// The far end took the call back to audio.
    LeaveT38,
    /// No T.38 will come of this call: hang up.
    GiveUp(Failure),
}

/// Where and how T.38 packets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct T38Path {
    /// The far end's address.
    pub remote: SocketAddr,
    /// What both sides keep to.
    pub agreed: T38Attributes,
    /// What the far end said of itself.
    pub theirs: T38Attributes,
}

impl T38Path {
    /// Wraps our packets as the far end wants them: with as much redundancy as its datagrams have
    /// room for.
    pub fn encoder(&self) -> UdptlEncoder {
        let bytes_max = self.theirs.datagram_bytes();
        let redundancy = if bytes_max >= ROOMY_DATAGRAM_BYTES {
            5
        } else {
            3
        };
        let correction = self.agreed.error_correction(redundancy);
        UdptlEncoder::new(correction, usize::from(bytes_max))
    }
}

/// Why no T.38 came of a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Our request was refused, and the far end did not ask itself.
    #[error("the far end refused T.38 with {status}")]
    Refused {
        /// The status of the last refusal; 200 when it answered without a T.38 line.
        status: u16,
    },
    /// Our request was not answered.
    #[error("the far end did not answer our request for T.38")]
    Unanswered,
    /// Neither side asked in time.
    #[error("the far end did not ask for T.38 in time")]
    NotAsked,
    /// The far end's description of its media cannot be used.
    #[error("{0}")]
    Description(#[from] SdpError),
    /// The far end answered our offer without audio that we can use.
    #[error("the far end answered without G.711 audio")]
    NoAudio,
    /// The far end no longer knows the call.
    #[error("the far end answered {status}: the call is gone")]
    Gone {
        /// The status.
        status: u16,
    },
}

impl Failure {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "t38-refused",
            Self::Unanswered => "t38-unanswered",
            Self::NotAsked => "t38-not-asked",
            Self::Description(_) => "sdp-unusable",
            Self::NoAudio => "no-audio",
            Self::Gone { .. } => "dialog-gone",
        }
    }

    /// Why an attempt that ends so failed.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Refused { .. } | Self::Unanswered | Self::NotAsked => Reason::T38Refused,
            Self::Description(_) | Self::NoAudio => Reason::ProtocolError,
            Self::Gone { .. } => Reason::CallDropped,
        }
    }
}
