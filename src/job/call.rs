//! The rules of a call: what was committed before dialing and before media decides what may follow.
//!
//! As long as `answered` was not committed no page can have been sent, so a lost worker may be
//! followed by another dial. After it, only pages that the far end confirmed are known to have
//! arrived; the page after them may have.

use crate::job::lifecycle::{Refusal, Step};
use crate::job::{
    Attempt, AttemptOutcome, AttemptResult, AttemptSettings, Negotiated, PageLimit, Progress,
    Reason, Status,
};

pub(super) fn started(step: &mut Step, settings: &AttemptSettings) -> Result<(), Refusal> {
    let state = &mut step.state;
    if state.status != Status::Ready {
        return Err("only a ready job is dialed");
    }
    if !state.may_dial() {
        return Err("its number of calls is used up");
    }
    if step.now >= state.deadline_at {
        return Err("its deadline has passed");
    }
    if state.is_all_confirmed() {
        return Err("every page is confirmed already");
    }
    state.dials += 1;
    state.status = Status::Dialing;
    state.attempt = Some(Attempt {
        number: state.dials,
        started_at: step.now,
        answered_at: None,
        ended_at: None,
        first_page: state.first_page(),
        pages_confirmed: state.pages_confirmed,
        settings: settings.clone(),
        negotiated: None,
        result: None,
        reason: None,
        detail: None,
    });
    step.attempt.clone_from(&state.attempt);
    Ok(())
}

pub(super) fn ringing(step: &mut Step) -> Result<(), Refusal> {
    if step.state.status == Status::Dialing {
        return Ok(());
    }
    Err("no call is being placed")
}

pub(super) fn answered(step: &mut Step) -> Result<(), Refusal> {
    if step.state.status != Status::Dialing {
        return Err("no call is being placed");
    }
    note_answer(step);
    step.state.status = Status::Negotiating;
    Ok(())
}

pub(super) fn negotiated(step: &mut Step, negotiated: &Negotiated) -> Result<(), Refusal> {
    if !matches!(step.state.status, Status::Negotiating | Status::Sending) {
        return Err("no answered call is up");
    }
    step.state.status = Status::Sending;
    update(step, |attempt| {
        attempt.negotiated = Some(negotiated.clone());
    });
    Ok(())
}

pub(super) fn page_confirmed(step: &mut Step, page: u32) -> Result<(), Refusal> {
    if !matches!(step.state.status, Status::Negotiating | Status::Sending) {
        return Err("no answered call is up");
    }
    if page == 0 || page > step.state.first_page() {
        return Err("a page before it is not confirmed");
    }
    confirm(step, page)?;
    step.state.status = Status::Sending;
    let pages = step.state.pages.unwrap_or(0);
    step.state.progress = Some(Progress {
        page: step.state.first_page().min(pages),
        pages,
    });
    Ok(())
}

pub(super) fn ended(step: &mut Step, outcome: &AttemptOutcome) -> Result<(), Refusal> {
    if step.state.attempt.is_none() {
        return Err("no call is up");
    }
    match outcome {
        AttemptOutcome::Delivered { pages_confirmed } => {
            confirm(step, *pages_confirmed)?;
            if !step.state.is_all_confirmed() {
                return Err("a page is not confirmed");
            }
            note_answer(step);
            step.close_attempt(AttemptResult::Delivered, None);
            step.delivered(None, "");
            Ok(())
        }
        AttemptOutcome::Failed {
            reason,
            detail,
            answered,
            pages_confirmed,
            possibly_delivered,
            page_limit,
        } => {
            let before = step.state.pages_confirmed;
            confirm(step, *pages_confirmed)?;
            if *answered || *possibly_delivered || step.state.pages_confirmed > before {
                note_answer(step);
            }
            failed(step, *reason, detail, *possibly_delivered, *page_limit);
            Ok(())
        }
    }
}

fn failed(
    step: &mut Step,
    reason: Reason,
    detail: &str,
    possibly_delivered: bool,
    page_limit: Option<PageLimit>,
) {
    let why = Some((reason, detail));
    if step.state.is_all_confirmed() {
        // T.30 ends in errors (DCN lost, late hang-up) after the last confirmation too.
        step.close_attempt(AttemptResult::Delivered, why);
        return step.delivered(Some(reason), detail);
    }
    if possibly_delivered {
        // Whatever the policy: the far end may hold the whole fax already.
        step.close_attempt(AttemptResult::Indeterminate, why);
        return step.rest(reason, detail);
    }
    step.close_attempt(AttemptResult::Failed, why);
    if reason == Reason::ImageUnsupported && !step.state.stop_requested() {
        return render_again(step, detail, page_limit);
    }
    let next = step.state.step.after(reason, &step.state.policy.steps);
    if next != step.state.step {
        step.state.step = next;
        step.state.step_because = Some(reason);
    }
    let may_dial = step.state.may_dial();
    step.retry_or_fail(reason, detail, may_dial);
}

/// Sends the document back to be rendered to what the far end takes, if that is new to us.
fn render_again(step: &mut Step, detail: &str, page_limit: Option<PageLimit>) {
    let before = step.state.page_limit.unwrap_or(PageLimit::NONE);
    let in_time = step.now < step.state.deadline_at;
    match page_limit.filter(|limit| limit.is_below(before)) {
        Some(limit) if step.state.may_dial() && in_time => {
            step.state.page_limit = Some(limit);
            step.state.converted = false;
            step.explain(Reason::ImageUnsupported, detail);
            step.begin_again();
        }
        _ => step.fail(Reason::ImageUnsupported, detail),
    }
}

pub(super) fn lost(step: &mut Step) {
    let reason = Reason::WorkerLost;
    if step.state.is_all_confirmed() {
        let detail = "the worker was lost after the last page was confirmed";
        step.close_attempt(AttemptResult::Delivered, Some((reason, detail)));
        step.delivered(None, detail);
        return;
    }
    if step.state.status == Status::Dialing {
        let detail = "the worker was lost before the far end answered";
        step.close_attempt(AttemptResult::Failed, Some((reason, detail)));
        let may_dial = step.state.may_dial();
        step.retry_or_fail(reason, detail, may_dial);
        return;
    }
    let detail = "the worker was lost after the far end answered";
    step.close_attempt(AttemptResult::Indeterminate, Some((reason, detail)));
    if step.may_risk_twice() {
        step.wait_for_line(reason, detail);
    } else {
        step.rest(reason, detail);
    }
}

pub(super) fn handed_back(step: &mut Step) {
    step.close_attempt(AttemptResult::HandedBack, None);
    if step.state.stop_requested() {
        step.stopped();
    } else if step.state.may_dial() {
        step.begin_again();
    } else {
        step.fail(
            Reason::WorkerLost,
            "its last call was given up before the far end answered",
        );
    }
}

pub(super) fn stopped(
    step: &mut Step,
    pages_confirmed: u32,
    possibly_delivered: bool,
) -> Result<(), Refusal> {
    confirm(step, pages_confirmed)?;
    let reason = step.state.stop.unwrap_or(Reason::CanceledByUser);
    let why = Some((reason, ""));
    if step.state.is_all_confirmed() {
        step.close_attempt(AttemptResult::Delivered, why);
        step.delivered(None, "it was delivered before it could be stopped");
    } else if possibly_delivered {
        step.close_attempt(AttemptResult::Indeterminate, why);
        step.rest(
            reason,
            "it was stopped after the last page, which was not confirmed",
        );
    } else {
        step.close_attempt(AttemptResult::Stopped, why);
        step.stopped();
    }
    Ok(())
}

/// Takes `pages` as confirmed; what was confirmed once stays confirmed.
fn confirm(step: &mut Step, pages: u32) -> Result<(), Refusal> {
    if pages > step.state.pages.unwrap_or(0) {
        return Err("the job has not that many pages");
    }
    if pages > step.state.pages_confirmed {
        step.state.pages_confirmed = pages;
        update(step, |attempt| attempt.pages_confirmed = pages);
    }
    Ok(())
}

fn note_answer(step: &mut Step) {
    let now = step.now;
    if step
        .state
        .attempt
        .as_ref()
        .is_some_and(|attempt| attempt.answered_at.is_none())
    {
        step.state.answered += 1;
        update(step, |attempt| attempt.answered_at = Some(now));
    }
}

fn update(step: &mut Step, change: impl FnOnce(&mut Attempt)) {
    if let Some(attempt) = &mut step.state.attempt {
        change(attempt);
        step.attempt = Some(attempt.clone());
    }
}
