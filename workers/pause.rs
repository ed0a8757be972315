//! `faxmill pause`, `resume` and `pauses`: work that an operator holds back.

use std::process::ExitCode;

use faxmill::pipeline::now;

use crate::arguments::{PauseArgs, ResumeArgs};
use crate::exit::{Exit, Failure};
use crate::jobs::{failure, open_or_make, time};
use crate::output::Output;
use crate::settings::Settings;

pub(crate) fn pause(
    args: &PauseArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let context = open_or_make(settings.load()?).await?;
        let paused = context.store.pause(&args.scope, &args.why, now()).await;
        paused.map_err(|error| failure(&error))?;
        let value = serde_json::json!({ "paused": args.scope });
        let words = format!(
            "{}: paused; work that workers have goes on, nothing new is begun",
            args.scope
        );
        output.result(&value, &words);
        Ok(ExitCode::SUCCESS)
    })?
}

pub(crate) fn resume(
    args: &ResumeArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let context = open_or_make(settings.load()?).await?;
        let resumed = context.store.resume(&args.scope).await;
        if !resumed.map_err(|error| failure(&error))? {
            let message = format!(
                "{} is not paused: `faxmill pauses` lists what is",
                args.scope
            );
            return Err(Failure::new(Exit::Refused, "not-paused", message));
        }
        let value = serde_json::json!({ "resumed": args.scope });
        output.result(&value, &format!("{}: goes on", args.scope));
        Ok(ExitCode::SUCCESS)
    })?
}

pub(crate) fn list(settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let context = open_or_make(settings.load()?).await?;
        let pauses = context.store.pauses().await;
        let pauses = pauses.map_err(|error| failure(&error))?;
        for pause in &pauses {
            let words = format!(
                "{}  since {}  {}",
                pause.scope,
                time(pause.since),
                pause.why
            );
            output.result(pause, words.trim_end());
        }
        if pauses.is_empty() {
            output.say("nothing is paused");
        }
        Ok(ExitCode::SUCCESS)
    })?
}
