//! `faxmill artifacts`: the place of documents, images and recordings.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use faxmill::artifact::{ArtifactError, ArtifactKey, ArtifactStore};
use faxmill::pipeline::open_artifacts;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactsCommand {
    /// Look whether artifacts can be listed, written, read and removed.
    Check,
    /// Print a link by which anybody can download an artifact for a while.
    Link(LinkArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    /// The artifact's key, as a job names it: jobs/JOB/SHA256/NAME.
    pub(crate) key: String,
    /// How long the link is valid, as in 10m or 2h; at most 7 days.
    #[arg(long = "for", default_value = "10m", value_name = "TIME", value_parser = time)]
    pub(crate) validity: Duration,
}

pub(crate) fn run(
    command: &ArtifactsCommand,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let config = settings.load()?;
    crate::block_on(async {
        let artifacts = open_artifacts(&config).map_err(|error| failure(&error))?;
        let done = match command {
            ArtifactsCommand::Check => check(&artifacts, output).await,
            ArtifactsCommand::Link(args) => link(&artifacts, args, output).await,
        };
        done.map_err(|error| failure(&error))?;
        Ok(ExitCode::SUCCESS)
    })?
}

async fn check(artifacts: &ArtifactStore, output: &Output) -> Result<(), ArtifactError> {
    artifacts.check().await?;
    let place = artifacts.place();
    let words = format!("{place}: artifacts can be listed, written, read and removed");
    output.result(
        &serde_json::json!({ "place": place, "usable": true }),
        &words,
    );
    Ok(())
}

async fn link(
    artifacts: &ArtifactStore,
    args: &LinkArgs,
    output: &Output,
) -> Result<(), ArtifactError> {
    let key: ArtifactKey = args.key.parse()?;
    let link = artifacts.signed_link(&key, args.validity).await?;
    let seconds = args.validity.as_secs();
    let value = serde_json::json!({ "key": args.key, "link": link, "valid_seconds": seconds });
    output.result(&value, &link);
    Ok(())
}

fn failure(error: &ArtifactError) -> Failure {
    let exit = match error {
        ArtifactError::Key { .. } | ArtifactError::Validity { .. } => Exit::Refused,
        ArtifactError::NotFound { .. } | ArtifactError::Unsupported { .. } => Exit::Unavailable,
        ArtifactError::Options { .. } => Exit::Config,
        _ => Exit::Storage,
    };
    Failure::new(exit, error.code(), error.to_string())
}

fn time(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from(time).map_err(|_| "it must not be negative".to_owned())
}
