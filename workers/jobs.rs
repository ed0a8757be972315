//! `faxmill status`, `jobs`, `cancel`, `release` and `resolve`: looking at jobs and deciding.

use std::process::ExitCode;

use faxmill::config::{Config, StoreBackend};
use faxmill::job::{Attempt, IndeterminateResolution, JobEvent, JobId, JobRequest, Status};
use faxmill::pipeline::{Context, now};
use faxmill::store::{Job, JobFilter, StoreError};
use faxmill::units::UnixMillis;

use crate::arguments::{JobArgs, JobsArgs, ResolveArgs, VerdictArg};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

pub(crate) fn status(
    args: &JobArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let context = open(settings).await?;
        let id = parse(&args.job)?;
        let job = context
            .store
            .job(id)
            .await
            .map_err(|error| failure(&error))?;
        let attempts = context
            .store
            .attempts(id)
            .await
            .map_err(|error| failure(&error))?;
        let value = serde_json::json!({ "job": job, "attempts": attempts });
        output.result(&value, &describe(&context, &job, &attempts));
        Ok(ExitCode::SUCCESS)
    })?
}

pub(crate) fn list(
    args: &JobsArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let status = args
        .status
        .as_ref()
        .map(|text| {
            text.parse::<Status>().map_err(|error| {
                Failure::new(Exit::Refused, "status", format!("--status: {error}"))
            })
        })
        .transpose()?;
    let after = args.after.as_deref().map(parse).transpose()?;
    crate::block_on(async {
        let context = open(settings).await?;
        let filter = JobFilter {
            status,
            tenant: args.tenant.clone(),
            stuck_since: args.stuck.map(minutes_ago),
            ..JobFilter::default()
        };
        let page = context
            .store
            .list(&filter, after, args.limit)
            .await
            .map_err(|error| failure(&error))?;
        for job in &page.jobs {
            output.result(job, &line(job));
        }
        if page.jobs.is_empty() {
            output.say("no jobs");
        }
        if let Some(last) = page.next {
            output.say(&format!("more jobs: --after {last}"));
        }
        Ok(ExitCode::SUCCESS)
    })?
}

pub(crate) fn cancel(
    args: &JobArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    decide(&args.job, JobEvent::CancelRequested, settings, output)
}

pub(crate) fn release(
    args: &JobArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    decide(&args.job, JobEvent::HoldReleased, settings, output)
}

pub(crate) fn resolve(
    args: &ResolveArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let resolution = match args.verdict {
        VerdictArg::Retry => IndeterminateResolution::Retry,
        VerdictArg::Delivered => IndeterminateResolution::Delivered,
        VerdictArg::Failed => IndeterminateResolution::Failed,
    };
    decide(
        &args.job,
        JobEvent::IndeterminateResolved { resolution },
        settings,
        output,
    )
}

fn decide(
    job: &str,
    event: JobEvent,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let context = open(settings).await?;
        let job = context
            .store
            .apply_unleased(parse(job)?, event, now(), 0.5)
            .await
            .map_err(|error| failure(&error))?;
        let stopping = job.state.stop_requested() && !job.state.is_terminal();
        let words = if stopping {
            format!("{}: {}, asked to stop", job.id, job.status())
        } else {
            format!("{}: {}", job.id, job.status())
        };
        output.result(&job, &words);
        Ok(ExitCode::SUCCESS)
    })?
}

/// Opens a data folder that is there already, for a command that looks at its jobs.
pub(crate) async fn open(settings: &Settings) -> Result<Context, Failure> {
    let config = settings.load()?;
    let is_file = matches!(config.store, StoreBackend::Sqlite);
    if is_file && !config.database().exists() {
        let message = format!(
            "there are no jobs in {}: name the service's folder with --data or --config",
            config.data_folder.display()
        );
        return Err(Failure::new(
            Exit::Unavailable,
            "data-folder-empty",
            message,
        ));
    }
    open_or_make(config).await
}

/// Opens the data folder for a command, making it where it is missing.
pub(crate) async fn open_or_make(config: Config) -> Result<Context, Failure> {
    Context::open(config, "command")
        .await
        .map_err(|error| Failure::new(Exit::Storage, error.code(), error.to_string()))
}

pub(crate) fn parse(text: &str) -> Result<JobId, Failure> {
    text.parse::<JobId>()
        .map_err(|error| Failure::new(Exit::Refused, error.code(), error.to_string()))
}

pub(crate) fn failure(error: &StoreError) -> Failure {
    Failure::new(exit_of(error), error.code(), error.to_string())
}

pub(crate) fn exit_of(error: &StoreError) -> Exit {
    match error {
        StoreError::NotFound { .. } => Exit::Unavailable,
        StoreError::IllegalTransition(_)
        | StoreError::Conflict
        | StoreError::Request(_)
        | StoreError::NumberRefused { .. } => Exit::Refused,
        _ => Exit::Storage,
    }
}

/// A job in one line.
pub(crate) fn line(job: &Job) -> String {
    let what = match &job.request {
        JobRequest::Fax(fax) => format!("{} to {}", fax.document_name, fax.number),
        JobRequest::Voicemail(voicemail) => voicemail.recording_name.clone(),
        JobRequest::ReceivedFax(received) => format!("from {}", received.from),
    };
    let state = &job.state;
    let pages = state
        .pages
        .map(|pages| format!("  {}/{pages} pages", state.pages_confirmed))
        .unwrap_or_default();
    let reason = state
        .reason
        .map(|reason| format!("  {}", reason.code()))
        .unwrap_or_default();
    format!("{}  {:12}  {what}{pages}{reason}", job.id, job.status())
}

fn describe(context: &Context, job: &Job, attempts: &[Attempt]) -> String {
    let state = &job.state;
    let mut lines = vec![line(job)];
    lines.push(format!("  accepted {}", time(state.created_at)));
    if let Some(at) = state.next_at {
        lines.push(format!("  due {}", time(at)));
    }
    if let Some(at) = state.ended_at {
        lines.push(format!("  ended {}", time(at)));
    }
    if let Some(reason) = state.reason {
        let detail = state.detail.as_deref().unwrap_or_default();
        lines.push(format!(
            "  {}: {} {detail}",
            reason.code(),
            reason.sentence()
        ));
    }
    for (role, key) in &state.artifacts {
        let place = key
            .parse()
            .map_or_else(|_| key.clone(), |key| context.artifacts.location(&key));
        lines.push(format!("  {role}: {place}"));
    }
    for attempt in attempts {
        lines.push(attempt_line(attempt));
        if let Some(header) = &attempt.settings.header {
            let pages = state.pages.unwrap_or(0);
            let text = header.line(attempt.first_page, pages, usize::MAX);
            lines.push(format!("    header: {text}"));
        }
    }
    lines.join("\n")
}

fn attempt_line(attempt: &Attempt) -> String {
    let outcome = match (&attempt.result, attempt.reason) {
        (None, _) => "under way".to_owned(),
        (Some(result), None) => format!("{result:?}").to_lowercase(),
        (Some(result), Some(reason)) => format!("{result:?}: {}", reason.code()).to_lowercase(),
    };
    format!(
        "  attempt {} at {} from page {}: {outcome}, {} pages confirmed{}",
        attempt.number,
        time(attempt.started_at),
        attempt.first_page,
        attempt.pages_confirmed,
        attempt
            .detail
            .as_ref()
            .map(|detail| format!(" ({detail})"))
            .unwrap_or_default()
    )
}

fn minutes_ago(minutes: u32) -> UnixMillis {
    UnixMillis(now().0 - i64::from(minutes) * 60_000)
}

/// A moment as people write it, in UTC.
pub(crate) fn time(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_| at.0.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
