//! `faxmill submit`: a job into the queue.

use std::process::ExitCode;

use faxmill::job::{FaxRequest, OnIndeterminate, VoicemailRequest};
use faxmill::pipeline::IntakeError;
use faxmill::store::Submitted;
use faxmill::units::UnixMillis;

use crate::arguments::{
    OnIndeterminateArg, SubmitCommand, SubmitCommon, SubmitFaxArgs, SubmitVoicemailArgs,
};
use crate::convert::name;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;
use crate::{cover, jobs, transcode, watch};

pub(crate) fn run(
    what: SubmitCommand,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let context = jobs::open_or_make(settings.load()?).await?;
        let (submitted, common) = match what {
            SubmitCommand::Fax(args) => (fax(&context, &args).await?, args.common),
            SubmitCommand::Voicemail(args) => (voicemail(&context, &args).await?, args.common),
        };
        let new = matches!(submitted, Submitted::Created(_));
        let job = submitted.into_job();
        let words = if new {
            job.id.to_string()
        } else {
            format!("{} (the same job was submitted before)", job.id)
        };
        let value = serde_json::json!({
            "job": job.id.to_string(), "status": job.status().name(), "created": new
        });
        output.result(&value, &words);
        if common.wait {
            return watch::follow(&context, vec![job.id], output).await;
        }
        Ok(ExitCode::SUCCESS)
    })?
}

async fn fax(
    context: &faxmill::pipeline::Context,
    args: &SubmitFaxArgs,
) -> Result<Submitted, Failure> {
    if let Some(uri) = &args.uri {
        uri.parse::<faxmill::sip::SipUri>()
            .map_err(|error| Failure::new(Exit::Refused, "sip-uri", format!("--uri: {error}")))?;
    }
    let complete = |document| {
        let mut request = FaxRequest::new(args.number.clone(), document, name(&args.file));
        request.target.clone_from(&args.uri);
        request.tenant.clone_from(&args.common.tenant);
        request.resolution = args.resolution;
        request.mode = args.mode;
        request.page_fit = args.fit.page_fit();
        request.ident.clone_from(&args.ident);
        request.header = args.line.options(args.header);
        request.not_before = args.at.map(|time| UnixMillis(time.as_millisecond()));
        request.hold = args.hold;
        request.deadline_seconds = args.deadline.unwrap_or(request.deadline_seconds);
        request.dials_max = args.dials_max.unwrap_or(request.dials_max);
        request.on_indeterminate = match args.on_indeterminate {
            OnIndeterminateArg::Hold => OnIndeterminate::Hold,
            OnIndeterminateArg::Retry => OnIndeterminate::Retry,
        };
        request
    };
    let key = key(&args.common);
    let cover = args.cover.upload(&context.config)?;
    context
        .submit_fax(&args.file, cover.as_ref(), key, complete)
        .await
        .map_err(|error| failure(&error))
}

async fn voicemail(
    context: &faxmill::pipeline::Context,
    args: &SubmitVoicemailArgs,
) -> Result<Submitted, Failure> {
    let declared = transcode::declared_type(&args.about, &args.file)?;
    let complete = |recording| {
        let mut request = VoicemailRequest::new(recording, name(&args.file));
        request.tenant.clone_from(&args.common.tenant);
        request.declared_type = declared.map(|declared| declared.name().to_owned());
        request.caller.clone_from(&args.about.caller);
        request.mailbox.clone_from(&args.about.mailbox);
        request.recorded_at = args
            .about
            .recorded_at
            .map(|time| UnixMillis(time.as_millisecond()));
        request.message_id.clone_from(&args.about.message_id);
        request.deadline_seconds = args.deadline.unwrap_or(request.deadline_seconds);
        request
    };
    let key = key(&args.common);
    context
        .submit_voicemail(&args.file, key, complete)
        .await
        .map_err(|error| failure(&error))
}

fn key(common: &SubmitCommon) -> Option<String> {
    common.idempotency_key.clone()
}

fn failure(error: &IntakeError) -> Failure {
    let exit = match error {
        IntakeError::Unreadable { .. } => Exit::NoInput,
        IntakeError::Cover(error) => return cover::failure(error),
        IntakeError::Artifact(_) => Exit::Storage,
        IntakeError::Store(error) => jobs::exit_of(error),
        _ => Exit::Refused,
    };
    Failure::new(exit, error.code(), error.to_string())
}
