//! Making a call: from the target's name to the answer, or to why there is none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver};
use rsipstack::dialog::invitation::{InviteAsyncResult, InviteOption};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{self, HasHeaders, HeadersExt, Response};
use rsipstack::transport::SipAddr;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::call::{CallObserver, CallOutcome, CallTimes, MediaStats, OutgoingFax};
use super::causes::{q850_cause, refusal_reason};
use super::dialog::{CallDialog, session_headers};
use super::fax_call::Call;
use super::media::MediaSockets;
use super::offer_answer::{Action, Event, OfferAnswer};
use super::resolve::{addresses_of, refused_by_network};
use super::stack::Core;
use super::uri::{Host, SipUri, Transport};
use crate::job::Reason;
use crate::t30::{CallSide, FaxRole, SessionConfig, T38Session, examine_document};

/// How long a withdrawn call is watched for the far end's word on it; the stack goes on alone.
const WITHDRAW_WAIT: Duration = Duration::from_secs(3);

/// How long an INVITE may still be answered after the network reported that nobody is there.
const REFUSAL_GRACE: Duration = Duration::from_millis(500);

/// Calls the target; gives back the answered call, or the outcome of one that was not answered.
pub(super) async fn dial(
    core: &Arc<Core>,
    fax: &OutgoingFax,
    observer: &mut dyn CallObserver,
    cancel: &CancellationToken,
) -> Result<Call, Box<CallOutcome>> {
    let mut attempt = Attempt {
        core,
        fax,
        began: Instant::now(),
        cancel,
        rang: false,
        call_id: String::new(),
    };
    let ended = match attempt.run(observer).await {
        Ok(call) => return Ok(call),
        Err(ended) => ended,
    };
    Err(Box::new(CallOutcome {
        answered: false,
        reason: Some(ended.reason),
        detail: ended.detail,
        sip_status: ended.status,
        pages_confirmed: 0,
        pages_total: ended.pages_total,
        possibly_delivered: false,
        t30_code: None,
        far_ident: None,
        negotiated: None,
        far_limit: None,
        media: MediaStats::default(),
        times: CallTimes {
            ended: attempt.began.elapsed(),
            ..CallTimes::default()
        },
        call_id: attempt.call_id,
    }))
}

/// One call that is being made.
struct Attempt<'a> {
    core: &'a Arc<Core>,
    fax: &'a OutgoingFax,
    began: Instant,
    cancel: &'a CancellationToken,
    rang: bool,
    call_id: String,
}

/// Why a call was not answered.
struct Ended {
    reason: Reason,
    detail: String,
    status: Option<u16>,
    pages_total: Option<u32>,
}

impl Ended {
    fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            status: None,
            pages_total: None,
        }
    }

    /// Whether the next address of the same name may do better (RFC 3263 §4.3).
    fn tries_next(&self) -> bool {
        self.reason == Reason::TrunkSilent || self.status == Some(503)
    }
}

impl Attempt<'_> {
    async fn run(&mut self, observer: &mut dyn CallObserver) -> Result<Call, Ended> {
        let document = examine_document(&self.fax.tiff)
            .map_err(|error| Ended::new(error.reason(), error.to_string()))?;
        // Set up and given away again: what would fail later must fail before the call.
        T38Session::new(&self.session())
            .map_err(|error| Ended::new(error.reason(), error.to_string()))?;
        let pages = document.pages.len() as u32;
        let pages_total = Some(pages.saturating_sub(self.fax.first_page));
        let with_pages = |ended: Ended| Ended {
            pages_total,
            ..ended
        };
        let addresses = tokio::select! {
            addresses = addresses_of(&self.fax.target) => {
                addresses.map_err(|why| with_pages(Ended::new(Reason::TrunkSilent, why)))?
            }
            () = self.cancel.cancelled() => return Err(with_pages(canceled())),
        };
        let mut last = Ended::new(Reason::TrunkSilent, "the target has no address");
        for address in addresses {
            match self.call(address, observer).await {
                Ok(call) => return Ok(call),
                Err(ended) => last = ended,
            }
            if !last.tries_next() || self.rang {
                break;
            }
        }
        Err(with_pages(last))
    }

    async fn call(
        &mut self,
        address: SocketAddr,
        observer: &mut dyn CallObserver,
    ) -> Result<Call, Ended> {
        let core = self.core;
        let ip = core.address_towards(address);
        let ports = core.config.media_ports.as_ref();
        let (media, local) = MediaSockets::open(core.local.ip(), ports, ip)
            .await
            .map_err(|error| Ended::new(Reason::TrunkSilent, format!("no media port: {error}")))?;
        let mut machine = OfferAnswer::new(CallSide::Calling, local, self.fax.policy.clone());
        machine.handle(Duration::ZERO, Event::Dial);
        let Some(Action::Offer(offer)) = machine.poll() else {
            return Err(Ended::new(Reason::TrunkSilent, "no offer could be made"));
        };
        let pin = core.pins.hold(self.fax.target.host(), address);
        let (sender, states) = core.dialogs.new_dialog_state_channel();
        let option = self.invite(address, ip, offer)?;
        let (dialog, answer) = core
            .dialogs
            .do_invite_async(option, sender)
            .map_err(|error| Ended::new(Reason::TrunkSilent, error.to_string()))?;
        self.call_id = dialog.id().call_id;
        let mut ringing = Ringing {
            attempt: self,
            dialog,
            states,
            answer,
            address,
        };
        let response = ringing.until_answered(observer).await?;
        let Ringing { dialog, states, .. } = ringing;
        Ok(Call {
            dialog: CallDialog::new(core.clone(), dialog, states),
            machine,
            media,
            session: self.session(),
            limits: self.fax.limits.clone(),
            began: self.began,
            answer: Some(response.body),
            status: response.status_code.code(),
            _pin: pin,
        })
    }

    fn invite(
        &self,
        address: SocketAddr,
        ip: std::net::IpAddr,
        offer: Vec<u8>,
    ) -> Result<InviteOption, Ended> {
        let own = |user: &str| {
            SipUri::new(Some(user), Host::Ip(ip), Some(self.core.local.port()))
                .map_err(|error| Ended::new(Reason::TrunkRejected, error.to_string()))
        };
        let number: String = self
            .fax
            .ident
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect();
        let user = if number.is_empty() {
            "faxmill"
        } else {
            &number
        };
        let caller = match &self.fax.from {
            Some(from) => from.clone(),
            None => own(user)?,
        };
        let contact = own(caller.user().unwrap_or(user))?;
        let credentials = self.fax.credentials.as_ref();
        let credential = credentials.or(self.core.config.credentials.as_ref());
        let transport = match self.fax.target.transport() {
            Transport::Udp => sip::Transport::Udp,
            Transport::Tcp => sip::Transport::Tcp,
        };
        Ok(InviteOption {
            caller: caller.to_stack(),
            callee: self.fax.target.to_stack(),
            contact: contact.to_stack(),
            destination: Some(SipAddr::new(transport, address.into())),
            content_type: Some("application/sdp".to_owned()),
            offer: Some(offer),
            headers: Some(session_headers(false)),
            credential: credential.map(|credentials| Credential {
                username: credentials.username.clone(),
                password: credentials.password.clone(),
                ..Credential::default()
            }),
            ..InviteOption::default()
        })
    }

    fn session(&self) -> SessionConfig {
        let fax = self.fax;
        let role = FaxRole::Transmit {
            tiff: fax.tiff.clone(),
            first_page: fax.first_page,
        };
        SessionConfig {
            ident: fax.ident.clone(),
            ecm: fax.ecm,
            modems: fax.modems,
            limits: (&fax.limits).into(),
            ..SessionConfig::new(CallSide::Calling, role)
        }
    }
}

/// An INVITE on its way.
struct Ringing<'a, 'b> {
    attempt: &'a mut Attempt<'b>,
    dialog: InviteDialog,
    states: DialogStateReceiver,
    answer: JoinHandle<InviteAsyncResult>,
    address: SocketAddr,
}

impl Ringing<'_, '_> {
    /// Waits for the 2xx.
    async fn until_answered(&mut self, observer: &mut dyn CallObserver) -> Result<Response, Ended> {
        let config = &self.attempt.core.config;
        let patience = config.first_response_within;
        let mut silent_at = Instant::now() + patience;
        let mut silence = format!(
            "{} gave no sign of life within {} s",
            self.address,
            patience.as_secs_f32()
        );
        let limit = self.attempt.fax.limits.answer_timeout();
        let unanswered_at = self.attempt.began + limit;
        let udp = self.attempt.fax.target.transport() == Transport::Udp;
        let (mut heard, mut probed, mut confirmed) = (false, false, false);
        let refused = refused_by_network(self.address);
        tokio::pin!(refused);
        let ended = loop {
            tokio::select! {
                // In the order in which things happen, so that ringing comes before the answer.
                biased;
                // What follows the confirmation belongs to the call.
                Some(state) = self.states.recv(), if !confirmed => {
                    confirmed = state.is_confirmed();
                    heard |= matches!(state, DialogState::Trying(_) | DialogState::Early(..));
                    if matches!(state, DialogState::Early(..)) && !self.attempt.rang {
                        self.attempt.rang = true;
                        observer.ringing().await;
                    }
                }
                answer = &mut self.answer => return self.take_answer(answer, heard),
                why = &mut refused, if udp && !heard && !probed => {
                    // The INVITE itself may still get through where the probe did not.
                    probed = true;
                    silence = why;
                    silent_at = silent_at.min(Instant::now() + REFUSAL_GRACE);
                }
                () = sleep_until(silent_at), if !heard => {
                    self.answer.abort();
                    return Err(Ended::new(Reason::TrunkSilent, silence));
                }
                () = sleep_until(unanswered_at) => {
                    let why = format!("nobody answered within {} s", limit.as_secs());
                    break Ended::new(Reason::NoAnswer, why);
                }
                () = self.attempt.cancel.cancelled() => break canceled(),
                () = self.attempt.core.closing.cancelled() => {
                    break Ended::new(Reason::CallDropped, "the service is shutting down");
                }
            }
        };
        self.withdraw().await;
        Err(ended)
    }

    fn take_answer(
        &mut self,
        answer: Result<InviteAsyncResult, tokio::task::JoinError>,
        heard: bool,
    ) -> Result<Response, Ended> {
        let address = self.address;
        let silent = |why: String| Ended::new(Reason::TrunkSilent, why);
        match answer {
            Ok(Ok((_, Some(response)))) => {
                let status = response.status_code.code();
                if status / 100 == 2 {
                    return Ok(response);
                }
                // The stack's own time-out looks like a 408 without the To tag that every real
                // final response has (RFC 3261 §8.2.6.2).
                let tagged = response
                    .to_header()
                    .is_ok_and(|to| matches!(to.tag(), Ok(Some(_))));
                if status == 408 && !heard && !tagged {
                    return Err(silent(format!("{address} gave no sign of life")));
                }
                Err(refused(&response))
            }
            Ok(Ok((_, None))) => Err(silent(format!("{address} gave no final response"))),
            Ok(Err(rsipstack::Error::SipMessageError(error))) => Err(Ended::new(
                Reason::ProtocolError,
                format!("{address} sent a response that cannot be used: {error}"),
            )),
            Ok(Err(error)) => Err(silent(format!("{address} could not be called: {error}"))),
            Err(error) => Err(silent(format!("the call to {address} broke off: {error}"))),
        }
    }

    /// Withdraws the INVITE. An answer that crosses the CANCEL is acknowledged and ended with a
    /// BYE by the stack, also after we stop watching.
    async fn withdraw(&mut self) {
        let dialog = self.dialog.clone();
        self.attempt.core.tasks.spawn(async move {
            if let Err(error) = dialog.cancel().await {
                tracing::debug!(%error, "CANCEL was not accepted");
            }
        });
        if tokio::time::timeout(WITHDRAW_WAIT, &mut self.answer)
            .await
            .is_err()
        {
            self.answer.abort();
        }
    }
}

fn canceled() -> Ended {
    Ended::new(
        Reason::CanceledByUser,
        "the call was canceled before an answer",
    )
}

fn refused(response: &Response) -> Ended {
    let status = response.status_code.code();
    let cause = response.headers().iter().find_map(|header| match header {
        sip::Header::Reason(reason) => q850_cause(reason.value()),
        _ => None,
    });
    // A peer's own phrase may be long or odd: only its beginning, without controls, is repeated.
    let phrase: String = response
        .status_code
        .text()
        .chars()
        .filter(|c| !c.is_control())
        .take(60)
        .collect();
    let detail = match cause {
        Some(cause) => format!("the call was refused with {status} {phrase}, cause {cause}"),
        None => format!("the call was refused with {status} {phrase}"),
    };
    Ended {
        status: Some(status),
        ..Ended::new(refusal_reason(status, cause), detail)
    }
}
