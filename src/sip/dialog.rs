//! One call's SIP dialog as the rest of the call sees it: signals in, requests and answers out.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::dialog::{Dialog, DialogState, DialogStateReceiver, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, HeadersExt, Method, Request, StatusCode};
use rsipstack::transaction::key::TransactionRole;
use tokio::sync::mpsc;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::stack::{ALLOW, Core};

/// How long a call waits for the answer to its BYE; the BYE itself is repeated for longer.
const BYE_WAIT: Duration = Duration::from_secs(1);

/// Something the far end did.
#[derive(Debug)]
pub(super) enum Signal {
    /// A re-INVITE or UPDATE, to be answered with [`CallDialog::respond`].
    Offer(Option<Vec<u8>>),
    /// The ACK of a 2xx of ours.
    Acknowledged(Option<Vec<u8>>),
    /// The final answer to our re-INVITE.
    ReinviteAnswered(u16, Vec<u8>),
    /// The far end ended the call, or the stack did for want of an ACK.
    HungUp,
}

/// The dialog of a call; hangs up when dropped before its end.
pub(super) struct CallDialog {
    core: Arc<Core>,
    dialog: InviteDialog,
    states: DialogStateReceiver,
    /// Waits for our answer to the last offer.
    offer: Option<TransactionHandle>,
    answers: (mpsc::Sender<Signal>, mpsc::Receiver<Signal>),
    over: bool,
    /// Makes a shutdown wait for this call.
    _running: TaskTrackerToken,
}

impl CallDialog {
    pub(super) fn new(core: Arc<Core>, dialog: InviteDialog, states: DialogStateReceiver) -> Self {
        Self {
            _running: core.tasks.token(),
            core,
            dialog,
            states,
            offer: None,
            answers: mpsc::channel(4),
            over: false,
        }
    }

    pub(super) fn call_id(&self) -> String {
        self.dialog.id().call_id
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The INVITE that began the call.
    pub(super) fn initial_request(&self) -> Request {
        self.dialog.initial_request()
    }

    /// The next thing the far end did. May be dropped at any time without losing one.
    pub(super) async fn next(&mut self) -> Signal {
        loop {
            let state = tokio::select! {
                state = self.states.recv() => state,
                Some(answer) = self.answers.1.recv() => return answer,
            };
            // The stack keeps a sender as long as the dialog lives, so an end means it is gone.
            let Some(state) = state else {
                self.over = true;
                return Signal::HungUp;
            };
            if let Some(signal) = self.translate(state) {
                return signal;
            }
        }
    }

    fn translate(&mut self, state: DialogState) -> Option<Signal> {
        match state {
            DialogState::Updated(_, request, handle) => {
                self.refresh_target(&request);
                let body = (!request.body.is_empty()).then_some(request.body);
                // RFC 3311 §5.2: an UPDATE without an offer only refreshes the session.
                if request.method == Method::Update && body.is_none() {
                    reply(handle, StatusCode::OK);
                    return None;
                }
                self.offer = Some(handle);
                Some(Signal::Offer(body))
            }
            DialogState::Confirmed(..) => {
                let ack = self.dialog.last_remote_ack();
                let body = ack.map(|ack| ack.body).filter(|body| !body.is_empty());
                Some(Signal::Acknowledged(body))
            }
            DialogState::Terminated(..) => {
                self.over = true;
                Some(Signal::HungUp)
            }
            DialogState::Options(_, _, handle) | DialogState::Info(_, _, handle) => {
                reply(handle, StatusCode::OK);
                None
            }
            DialogState::Notify(_, _, handle)
            | DialogState::Refer(_, _, handle)
            | DialogState::Message(_, _, handle)
            | DialogState::Publish(_, _, handle) => {
                reply(handle, StatusCode::MethodNotAllowed);
                None
            }
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..) => None,
        }
    }

    /// Answers the last [`Signal::Offer`].
    pub(super) fn respond(&mut self, status: u16, body: Option<Vec<u8>>) {
        if let Some(handle) = self.offer.take() {
            tokio::spawn(async move {
                let headers = session_headers(body.is_some());
                // It fails only when the transaction has ended meanwhile.
                let _ = handle
                    .respond(StatusCode::from(status), Some(headers), body)
                    .await;
            });
        }
    }

    /// Sends a re-INVITE; its answer comes as [`Signal::ReinviteAnswered`].
    pub(super) fn reinvite(&self, body: Vec<u8>) {
        let dialog = self.dialog.clone();
        let answers = self.answers.0.clone();
        // The stack's requests must not be dropped half-way, so it runs in a task of its own.
        self.core.tasks.spawn(async move {
            let headers = session_headers(true);
            let (status, body) = match dialog.reinvite(Some(headers), Some(body)).await {
                Ok(Some(response)) => {
                    if response.status_code.code() / 100 == 2
                        && let Ok(contact) = response.contact_header()
                    {
                        set_target(&dialog, contact);
                    }
                    (response.status_code.code(), response.body)
                }
                // No response at all, or no dialog to send it in: RFC 3261 §12.2.1.2.
                Ok(None) | Err(_) => (408, Vec::new()),
            };
            let _ = answers.send(Signal::ReinviteAnswered(status, body)).await;
        });
    }

    /// Rings (called side).
    pub(super) fn ring(&self) {
        if let Err(error) = self.dialog.ringing(None, None) {
            tracing::debug!(%error, "ringing could not be sent");
        }
    }

    /// Answers the INVITE (called side); says whether it could be sent.
    pub(super) fn accept(&self, body: Vec<u8>) -> bool {
        let headers = session_headers(true);
        self.dialog.accept(Some(headers), Some(body)).is_ok()
    }

    /// Refuses the INVITE (called side).
    pub(super) fn reject(&mut self, status: u16) {
        self.over = true;
        if let Err(error) = self.dialog.reject(Some(StatusCode::from(status)), None) {
            tracing::debug!(%error, "a refusal could not be sent");
        }
    }

    /// Ends the call, if the far end has not, and waits a moment for its word on it.
    pub(super) async fn hang_up(&mut self) {
        if let Some(bye) = self.end() {
            let _ = tokio::time::timeout(BYE_WAIT, bye).await;
        }
    }

    /// Refuses a call that still rings at our side, sends BYE in one that was answered.
    fn end(&mut self) -> Option<tokio::task::JoinHandle<()>> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        if self.dialog.role() == TransactionRole::Server && self.dialog.state().can_cancel() {
            self.reject(480);
            return None;
        }
        Some(self.spawn_bye())
    }

    fn spawn_bye(&self) -> tokio::task::JoinHandle<()> {
        let dialog = self.dialog.clone();
        let core = self.core.clone();
        self.core.tasks.spawn(async move {
            if let Err(error) = dialog.bye().await {
                tracing::debug!(%error, "BYE was not answered");
            }
            core.dialogs.remove_dialog(&dialog.id());
        })
    }

    /// RFC 3261 §12.2.1.2: the Contact of a re-INVITE is where further requests go.
    fn refresh_target(&self, request: &Request) {
        if let Ok(contact) = request.contact_header() {
            set_target(&self.dialog, contact);
        }
    }
}

impl Drop for CallDialog {
    fn drop(&mut self) {
        // Outside the runtime nothing can be sent any more.
        let bye = match tokio::runtime::Handle::try_current() {
            Ok(_) => self.end(),
            Err(_) => None,
        };
        if bye.is_none() {
            self.core.dialogs.remove_dialog(&self.dialog.id());
        }
    }
}

/// Headers of every message with which we describe a session.
pub(super) fn session_headers(with_body: bool) -> Vec<Header> {
    let mut headers = vec![Header::Allow(ALLOW.into())];
    if with_body {
        headers.push(Header::ContentType("application/sdp".into()));
    }
    headers
}

fn set_target(dialog: &InviteDialog, contact: &rsipstack::sip::Contact) {
    use rsipstack::sip::ToTypedHeader;
    if let Ok(typed) = contact.typed() {
        Dialog::Invite(dialog.clone()).set_remote_target(typed.uri, Some(contact.clone()));
    }
}

fn reply(handle: TransactionHandle, status: StatusCode) {
    tokio::spawn(async move {
        let _ = handle.reply(status).await;
    });
}
