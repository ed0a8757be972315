//! The rules of all work that is not an outgoing call: convert, transcode, receive.
//!
//! Such work can be begun again without harm, so a lost worker costs nothing but a count.

use std::collections::BTreeMap;

use crate::job::lifecycle::{Refusal, Step};
use crate::job::{Progress, Reason, Stage, Status};

type Artifacts = BTreeMap<String, String>;

pub(super) fn claimed(step: &mut Step, stage: Stage) -> Result<(), Refusal> {
    if step.state.claimable() != Some(stage) {
        return Err("it does not wait for this stage");
    }
    match stage {
        Stage::Convert => step.state.status = Status::Validating,
        Stage::Transcode => step.state.status = Status::Transcoding,
        Stage::Transmit | Stage::Receive => {}
    }
    Ok(())
}

pub(super) fn progress(step: &mut Step, page: u32, pages: u32) -> Result<(), Refusal> {
    if !step.state.status.is_active() {
        return Err("no worker is at it");
    }
    step.state.progress = Some(Progress { page, pages });
    Ok(())
}

pub(super) fn validation_done(step: &mut Step, pages: u32) -> Result<(), Refusal> {
    expect(step, Status::Validating, "it is not being validated")?;
    if step.state.pages_confirmed == 0 {
        step.state.pages = Some(pages);
    }
    step.state.status = Status::Converting;
    Ok(())
}

pub(super) fn converted(step: &mut Step, pages: u32, artifacts: &Artifacts) -> Result<(), Refusal> {
    expect(step, Status::Converting, "it is not being converted")?;
    if pages == 0 {
        return Err("a fax has at least one page");
    }
    if step.state.stop_requested() {
        step.stopped();
        return Ok(());
    }
    // Pages already confirmed are pages of this count; another count is another document.
    if step.state.pages_confirmed > 0 && step.state.pages != Some(pages) {
        step.fail(
            Reason::DocumentError,
            "the document has another number of pages than before",
        );
        return Ok(());
    }
    keep(step, artifacts);
    step.state.pages = Some(pages);
    step.state.converted = true;
    step.ready();
    Ok(())
}

pub(super) fn convert_failed(step: &mut Step, reason: Reason, detail: &str) -> Result<(), Refusal> {
    if !matches!(step.state.status, Status::Validating | Status::Converting) {
        return Err("it is not being converted");
    }
    failed(step, reason, detail);
    Ok(())
}

pub(super) fn transcode_done(
    step: &mut Step,
    duration_ms: u64,
    artifacts: &Artifacts,
) -> Result<(), Refusal> {
    expect(step, Status::Transcoding, "it is not being transcoded")?;
    keep(step, artifacts);
    step.state.duration_ms = Some(duration_ms);
    step.state.reason = None;
    step.state.detail = None;
    step.end(Status::Ready);
    Ok(())
}

pub(super) fn transcode_failed(
    step: &mut Step,
    reason: Reason,
    detail: &str,
) -> Result<(), Refusal> {
    expect(step, Status::Transcoding, "it is not being transcoded")?;
    failed(step, reason, detail);
    Ok(())
}

pub(super) fn preflight_failed(
    step: &mut Step,
    reason: Reason,
    detail: &str,
) -> Result<(), Refusal> {
    expect(step, Status::Ready, "its call has begun or is not due")?;
    failed(step, reason, detail);
    Ok(())
}

pub(super) fn receive_page(
    step: &mut Step,
    page: u32,
    artifacts: &Artifacts,
) -> Result<(), Refusal> {
    expect(step, Status::Receiving, "no fax is coming in")?;
    if page == 0 {
        return Err("pages are counted from 1");
    }
    keep(step, artifacts);
    let pages = step.state.pages.unwrap_or(0).max(page);
    step.state.pages = Some(pages);
    step.state.progress = Some(Progress { page, pages: 0 });
    Ok(())
}

pub(super) fn receive_ended(
    step: &mut Step,
    pages: u32,
    artifacts: &Artifacts,
    reason: Option<Reason>,
    detail: &str,
) -> Result<(), Refusal> {
    expect(step, Status::Receiving, "no fax is coming in")?;
    keep(step, artifacts);
    step.state.pages = Some(pages);
    match reason {
        None if pages > 0 => {
            step.state.reason = None;
            step.end(Status::Received);
        }
        None => ended_incomplete(step, Reason::ReceiveFailed, detail),
        Some(reason) => ended_incomplete(step, reason, detail),
    }
    Ok(())
}

pub(super) fn lost(step: &mut Step) {
    let detail = "the worker was lost";
    if step.state.status == Status::Receiving {
        ended_incomplete(step, Reason::WorkerLost, detail);
        return;
    }
    step.state.losses = step.state.losses.saturating_add(1);
    if step.state.stop_requested() {
        step.stopped();
    } else if step.state.losses > step.state.policy.losses_max {
        step.fail(Reason::WorkerLost, "the worker was lost too often");
    } else {
        step.begin_again();
    }
}

pub(super) fn receive_stopped(step: &mut Step) -> Result<(), Refusal> {
    expect(step, Status::Receiving, "no fax is coming in")?;
    ended_incomplete(step, step.state.stop.unwrap_or(Reason::CanceledByUser), "");
    Ok(())
}

fn ended_incomplete(step: &mut Step, reason: Reason, detail: &str) {
    step.explain(reason, detail);
    let some = step.state.pages.is_some_and(|pages| pages > 0);
    step.end(if some {
        Status::Partial
    } else {
        Status::Failed
    });
}

/// Work is bound by its failures for each reason, as a call is by its dials; by faults of our own
/// it is not bound, or a full disk would end every job that comes by within minutes.
fn failed(step: &mut Step, reason: Reason, detail: &str) {
    let failures = step.state.failures.get(&reason).copied().unwrap_or(0);
    let may = reason.is_our_fault() || failures < step.state.policy.failures_max;
    step.retry_or_fail(reason, detail, may);
}

fn keep(step: &mut Step, artifacts: &Artifacts) {
    step.state.artifacts.extend(artifacts.clone());
}

fn expect(step: &Step, status: Status, refusal: Refusal) -> Result<(), Refusal> {
    if step.state.status == status {
        Ok(())
    } else {
        Err(refusal)
    }
}
