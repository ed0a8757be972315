//! Taking calls: requests from the network become calls, or reach the call they belong to.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rsipstack::dialog::dialog::Dialog;
use rsipstack::sip::ToTypedHeader;
use rsipstack::sip::{self, HasHeaders, Header, HeadersExt, Method, Request, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::{CallObserver, CallOutcome, CallTimes, IncomingFax, MediaStats};
use super::dialog::{CallDialog, Signal};
use super::fax_call::{self, Call};
use super::media::MediaSockets;
use super::offer_answer::{Action, Event, OfferAnswer};
use super::stack::{ALLOW, Core};
use super::uri::{Host, SipUri};
use crate::job::Reason;
use crate::t30::{CallSide, FaxRole, SessionConfig, T38Session};

/// Most requests of the network that are worked on at the same time.
const REQUESTS_MAX: usize = 4_096;

/// How long an answered call waits for the ACK: the stack's own 64*T1 and a little more.
const ACK_WAIT: Duration = Duration::from_secs(34);

/// Hands every request to where it belongs, until the agent closes.
pub(super) async fn listen(
    core: Arc<Core>,
    mut transactions: TransactionReceiver,
    calls: mpsc::Sender<IncomingCall>,
) {
    let room = Arc::new(Semaphore::new(REQUESTS_MAX));
    loop {
        let transaction = tokio::select! {
            transaction = transactions.recv() => transaction,
            () = core.closing.cancelled() => break,
        };
        let Some(mut transaction) = transaction else {
            break;
        };
        let Ok(permit) = room.clone().try_acquire_owned() else {
            reply(&mut transaction, StatusCode::ServiceUnavailable).await;
            continue;
        };
        let to = transaction.original.to_header();
        let in_dialog = to.is_ok_and(|to| matches!(to.tag(), Ok(Some(_))));
        if in_dialog {
            let core = core.clone();
            tokio::spawn(async move {
                take_in_dialog(&core, transaction).await;
                drop(permit);
            });
        } else {
            take_new(&core, transaction, &calls, permit).await;
        }
    }
}

async fn take_in_dialog(core: &Core, mut transaction: Transaction) {
    let Some(mut dialog) = core.dialogs.match_dialog(&transaction) else {
        return reply(&mut transaction, StatusCode::CallTransactionDoesNotExist).await;
    };
    // The stack would take a re-INVITE that overtakes the ACK for a repetition of the first
    // INVITE and end the call.
    if let Dialog::Invite(invite) = &dialog
        && transaction.original.method == Method::Invite
        && invite.state().waiting_ack()
    {
        return reply(&mut transaction, StatusCode::RequestPending).await;
    }
    // One at a time: each occupies its place until it is acknowledged, up to half a minute.
    let slot = match transaction.original.method {
        Method::Invite => match ReinviteSlot::take(core, dialog.id().to_string()) {
            Some(slot) => Some(slot),
            None => return reply(&mut transaction, StatusCode::RequestPending).await,
        },
        _ => None,
    };
    if let Err(error) = dialog.handle(&mut transaction).await {
        tracing::debug!(%error, "a request inside a call could not be handled");
    }
    drop(slot);
}

/// Marks a call as having a re-INVITE of the far end on its way.
struct ReinviteSlot<'a> {
    core: &'a Core,
    dialog: String,
}

impl<'a> ReinviteSlot<'a> {
    fn take(core: &'a Core, dialog: String) -> Option<Self> {
        let mut reinvited = core
            .reinvited
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let free = reinvited.insert(dialog.clone());
        free.then_some(Self { core, dialog })
    }
}

impl Drop for ReinviteSlot<'_> {
    fn drop(&mut self) {
        let reinvited = self.core.reinvited.lock();
        reinvited
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.dialog);
    }
}

async fn take_new(
    core: &Arc<Core>,
    mut transaction: Transaction,
    calls: &mpsc::Sender<IncomingCall>,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    match transaction.original.method {
        Method::Invite => {}
        Method::Options => {
            let headers = vec![
                Header::Allow(ALLOW.into()),
                Header::Accept("application/sdp".into()),
            ];
            let answer = transaction.reply_with(StatusCode::OK, headers, None).await;
            if let Err(error) = answer {
                tracing::debug!(%error, "OPTIONS could not be answered");
            }
            return;
        }
        Method::Ack => return,
        _ => return reply(&mut transaction, StatusCode::MethodNotAllowed).await,
    }
    if core.draining.is_cancelled() {
        return reply(&mut transaction, StatusCode::ServiceUnavailable).await;
    }
    if let Some(unsupported) = unsupported_extensions(&transaction.original) {
        let headers = vec![Header::Unsupported(unsupported.into())];
        let answer = transaction.reply_with(StatusCode::BadExtension, headers, None);
        if let Err(error) = answer.await {
            tracing::debug!(%error, "an INVITE could not be refused");
        }
        return;
    }
    let Ok(slot) = calls.try_reserve() else {
        return reply(&mut transaction, StatusCode::ServiceUnavailable).await;
    };
    let (sender, states) = core.dialogs.new_dialog_state_channel();
    let contact = contact(core, &transaction);
    let dialog = core
        .dialogs
        .get_or_create_server_invite(&transaction, sender, None, contact);
    let mut dialog = match dialog {
        Ok(dialog) => dialog,
        Err(error) => {
            tracing::debug!(%error, "an INVITE could not be read");
            return reply(&mut transaction, StatusCode::BadRequest).await;
        }
    };
    let call = IncomingCall {
        from: caller(&transaction.original),
        to: transaction
            .original
            .uri
            .auth
            .as_ref()
            .map(|auth| auth.user.clone()),
        call_id: dialog.id().call_id,
        began: Instant::now(),
        dialog: CallDialog::new(core.clone(), dialog.clone(), states),
    };
    tokio::spawn(async move {
        if let Err(error) = dialog.handle(&mut transaction).await {
            tracing::debug!(%error, "an INVITE could not be handled");
        }
        drop(permit);
    });
    slot.send(call);
}

/// RFC 3261 §8.2.2.3: what the INVITE requires and we do not have.
fn unsupported_extensions(request: &Request) -> Option<String> {
    let required: Vec<String> = request
        .headers()
        .iter()
        .filter_map(|header| match header {
            Header::Require(value) => Some(value.value().to_owned()),
            _ => None,
        })
        .collect();
    (!required.is_empty()).then(|| required.join(", ").chars().take(200).collect())
}

/// Our address as this caller reaches it.
fn contact(core: &Core, transaction: &Transaction) -> Option<sip::Uri> {
    let connection = transaction.connection.as_ref()?;
    let host = Host::Ip(ip_for(core, &transaction.original));
    let uri = SipUri::new(Some("faxmill"), host, Some(core.local.port())).ok()?;
    let mut uri = uri.to_stack();
    if connection.is_reliable() {
        uri.params.push(sip::Param::Transport(sip::Transport::Tcp));
    }
    Some(uri)
}

fn caller(request: &Request) -> Option<SipUri> {
    let from = request.from_header().ok()?.typed().ok()?;
    SipUri::from_stack(&from.uri).ok()
}

async fn reply(transaction: &mut Transaction, status: StatusCode) {
    if let Err(error) = transaction.reply(status).await {
        tracing::debug!(%error, "a request could not be answered");
    }
}

/// A call that rings at our side; dropped, it is refused.
pub struct IncomingCall {
    /// Who calls, as the caller says.
    pub from: Option<SipUri>,
    /// The number that was dialed (user part of the Request-URI).
    pub to: Option<String>,
    /// The SIP Call-ID.
    pub call_id: String,
    began: Instant,
    dialog: CallDialog,
}

impl IncomingCall {
    /// Answers and receives a fax; ends when the call is over, whatever happens.
    pub async fn receive_fax(
        self,
        fax: IncomingFax,
        observer: &mut dyn CallObserver,
        cancel: CancellationToken,
    ) -> CallOutcome {
        self.dialog.ring();
        let began = self.began;
        let call_id = self.call_id.clone();
        match self.answer(fax, observer, &cancel).await {
            Ok(call) => fax_call::run(call, observer, &cancel).await,
            Err((reason, detail, status)) => CallOutcome {
                answered: false,
                reason: Some(reason),
                detail,
                sip_status: status,
                pages_confirmed: 0,
                pages_total: None,
                possibly_delivered: false,
                t30_code: None,
                far_ident: None,
                negotiated: None,
                far_limit: None,
                media: MediaStats::default(),
                times: CallTimes {
                    ended: began.elapsed(),
                    ..CallTimes::default()
                },
                call_id,
            },
        }
    }

    /// Refuses the call with a final SIP status from 300 to 699; another number means 603.
    pub fn reject(mut self, status: u16) {
        let status = if (300..700).contains(&status) {
            status
        } else {
            603
        };
        self.dialog.reject(status);
    }

    async fn answer(
        mut self,
        fax: IncomingFax,
        observer: &mut dyn CallObserver,
        cancel: &CancellationToken,
    ) -> Result<Call, (Reason, String, Option<u16>)> {
        let core = self.dialog.core().clone();
        let request = self.dialog.initial_request();
        let session = session(&fax);
        // Set up and given away again: what would fail later must fail before the answer.
        if let Err(error) = T38Session::new(&session) {
            self.dialog.reject(503);
            return Err((error.reason(), error.to_string(), Some(503)));
        }
        let ports = core.config.media_ports.as_ref();
        let ip = ip_for(&core, &request);
        let (media, local) = match MediaSockets::open(core.local.ip(), ports, ip).await {
            Ok(opened) => opened,
            Err(error) => {
                self.dialog.reject(503);
                let why = format!("no media port: {error}");
                return Err((Reason::ReceiveFailed, why, Some(503)));
            }
        };
        let mut machine = OfferAnswer::new(CallSide::Called, local, fax.policy.clone());
        let body = (!request.body.is_empty()).then_some(request.body.as_slice());
        machine.handle(Duration::ZERO, Event::Offer(body));
        let answer = match machine.poll() {
            Some(Action::Respond {
                status: 200,
                body: Some(body),
            }) => body,
            other => {
                let status = match other {
                    Some(Action::Respond { status, .. }) => status,
                    _ => 488,
                };
                self.dialog.reject(status);
                let why = "the caller offered neither G.711 nor T.38".to_owned();
                return Err((Reason::ReceiveFailed, why, Some(status)));
            }
        };
        if let Err(refused) = observer.answered().await {
            self.dialog.reject(503);
            return Err((Reason::StorageFailed, refused.message, Some(503)));
        }
        if !self.dialog.accept(answer) {
            return Err((Reason::CallDropped, withdrawn(), None));
        }
        let ack = self.wait_for_ack(cancel).await?;
        machine.handle(Duration::ZERO, Event::Acknowledged(ack.as_deref()));
        Ok(Call {
            dialog: self.dialog,
            machine,
            media,
            session,
            limits: fax.limits,
            began: self.began,
            answer: None,
            status: 200,
            _pin: None,
        })
    }

    async fn wait_for_ack(
        &mut self,
        cancel: &CancellationToken,
    ) -> Result<Option<Vec<u8>>, (Reason, String, Option<u16>)> {
        let deadline = Instant::now() + ACK_WAIT;
        let closing = self.dialog.core().closing.clone();
        loop {
            let signal = tokio::select! {
                signal = self.dialog.next() => signal,
                () = tokio::time::sleep_until(deadline) => Signal::HungUp,
                () = closing.cancelled() => {
                    self.dialog.hang_up().await;
                    let why = "the service is shutting down".to_owned();
                    return Err((Reason::CallDropped, why, None));
                }
                () = cancel.cancelled() => {
                    self.dialog.hang_up().await;
                    let why = "the call was canceled".to_owned();
                    return Err((Reason::CanceledByUser, why, None));
                }
            };
            match signal {
                Signal::Acknowledged(body) => return Ok(body),
                Signal::HungUp => return Err((Reason::CallDropped, withdrawn(), None)),
                Signal::Offer(_) => self.dialog.respond(491, None),
                Signal::ReinviteAnswered(..) => {}
            }
        }
    }
}

fn withdrawn() -> String {
    "the caller hung up before the call was set up".to_owned()
}

/// The address of ours that the sender of a request reaches.
fn ip_for(core: &Core, request: &Request) -> IpAddr {
    let received = request
        .via_header()
        .ok()
        .and_then(|via| via.typed().ok())
        .and_then(|via| match via.received() {
            Some(Ok(ip)) => Some(ip),
            _ => via.uri.host_with_port.host.try_into().ok(),
        });
    let remote = received.unwrap_or(Ipv4Addr::LOCALHOST.into());
    core.address_towards((remote, 5060).into())
}

fn session(fax: &IncomingFax) -> SessionConfig {
    let role = FaxRole::Receive {
        tiff: fax.tiff.clone(),
    };
    SessionConfig {
        ident: fax.ident.clone(),
        ecm: fax.ecm,
        modems: fax.modems,
        width_max: fax.width_max,
        resolution_max: fax.resolution_max,
        limits: (&fax.limits).into(),
        ..SessionConfig::new(CallSide::Called, role)
    }
}
