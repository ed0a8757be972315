//! `faxmill watch`: jobs as they move.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use faxmill::job::{JobId, JobKind, JobRequest, Status};
use faxmill::pipeline::Context;
use faxmill::store::{Job, JobFilter};

use crate::arguments::WatchArgs;
use crate::exit::{Exit, Failure};
use crate::jobs;
use crate::output::{Output, Progress};
use crate::settings::Settings;

/// How often the store is asked; a person sees no difference below it.
const INTERVAL: Duration = Duration::from_millis(100);
const EVENTS_MAX: u32 = 500;
const JOBS_MAX: u32 = 1000;

pub(crate) fn run(
    args: &WatchArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let mut ids = args
        .jobs
        .iter()
        .map(|text| jobs::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    crate::block_on(async {
        let context = jobs::open(settings).await?;
        if ids.is_empty() {
            ids = under_way(&context).await?;
            if ids.is_empty() {
                output.say("no job is under way");
            }
        }
        follow(&context, ids, output).await
    })?
}

/// Every job that has not come to rest, oldest first.
async fn under_way(context: &Context) -> Result<Vec<JobId>, Failure> {
    let mut ids = Vec::new();
    for status in Status::ALL {
        let filter = JobFilter {
            status: Some(*status),
            ..JobFilter::default()
        };
        let kinds = [JobKind::Fax, JobKind::Voicemail, JobKind::ReceivedFax];
        if *status == Status::Held || kinds.into_iter().all(|kind| status.is_resting(kind)) {
            continue;
        }
        let mut after = None;
        loop {
            let page = context.store.list(&filter, after, JOBS_MAX).await;
            let page = page.map_err(|error| jobs::failure(&error))?;
            let moving = page.jobs.iter().filter(|job| !at_rest(job));
            ids.extend(moving.map(|job| job.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Shows jobs until every one of them has come to rest; the exit code says whether all ended
/// well.
pub(crate) async fn follow(
    context: &Context,
    ids: Vec<JobId>,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let mut watched: BTreeMap<JobId, (Progress, u64)> = BTreeMap::new();
    for id in ids {
        let job = context
            .store
            .job(id)
            .await
            .map_err(|error| jobs::failure(&error))?;
        watched.insert(id, (output.progress(&label(&job)), 0));
    }
    let mut all_well = true;
    while !watched.is_empty() {
        let ids: Vec<JobId> = watched.keys().copied().collect();
        for id in ids {
            let Some((progress, seq)) = watched.get_mut(&id) else {
                continue;
            };
            let job = context
                .store
                .job(id)
                .await
                .map_err(|error| jobs::failure(&error))?;
            if output.is_json() {
                *seq = tell_events(context, id, *seq, output).await?;
            }
            show(progress, &job);
            if at_rest(&job) {
                all_well &= ended_well(&job);
                if let Some((progress, _)) = watched.remove(&id) {
                    progress.finish(&end(&job));
                }
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Exit::NotDone as u8)
    })
}

async fn tell_events(
    context: &Context,
    id: JobId,
    mut after: u64,
    output: &Output,
) -> Result<u64, Failure> {
    loop {
        let events = context
            .store
            .events(id, after, EVENTS_MAX)
            .await
            .map_err(|error| jobs::failure(&error))?;
        for event in &events {
            output.result(event, "");
        }
        after = events.last().map_or(after, |event| event.seq);
        if events.len() < EVENTS_MAX as usize {
            return Ok(after);
        }
    }
}

fn label(job: &Job) -> String {
    match &job.request {
        JobRequest::Fax(fax) => fax.document_name.clone(),
        JobRequest::Voicemail(voicemail) => voicemail.recording_name.clone(),
        JobRequest::ReceivedFax(received) => format!("from {}", received.from),
    }
}

fn show(progress: &mut Progress, job: &Job) {
    let state = &job.state;
    let status = job.status();
    let (done, total) = match (status, state.progress, state.pages) {
        (Status::Sending | Status::Negotiating, _, Some(pages)) => {
            (u64::from(state.pages_confirmed), Some(u64::from(pages)))
        }
        (Status::Converting, Some(at), _) if at.pages > 0 => {
            (u64::from(at.page), Some(u64::from(at.pages)))
        }
        _ => (0, None),
    };
    progress.update(status.name(), done, total);
}

fn end(job: &Job) -> String {
    let state = &job.state;
    let pages = match (job.state.kind, state.pages) {
        (JobKind::Fax, Some(pages)) => format!(", {}/{pages} pages", state.pages_confirmed),
        _ => String::new(),
    };
    let reason = match state.reason {
        Some(reason) if !ended_well(job) => {
            let detail = state.detail.as_deref().unwrap_or_default();
            format!(", {}: {} {detail}", reason.code(), reason.sentence())
        }
        _ => String::new(),
    };
    format!("{}{pages}{reason}", job.status())
}

fn at_rest(job: &Job) -> bool {
    job.status().is_resting(job.state.kind) || job.status() == Status::Held
}

fn ended_well(job: &Job) -> bool {
    matches!(job.status(), Status::Delivered | Status::Received)
        || (job.status() == Status::Ready && job.state.kind == JobKind::Voicemail)
}
