//! `faxmill preview`: the pages of a fax job, pixel by pixel.

use std::process::ExitCode;

use faxmill::pipeline::PreviewError;

use crate::arguments::PreviewArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;
use crate::{convert, jobs};

pub(crate) fn run(
    args: &PreviewArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let context = jobs::open(settings).await?;
        let id = jobs::parse(&args.job)?;
        let preview = context
            .preview(id, args.attempt, &args.output)
            .await
            .map_err(|error| failure(&error))?;
        let plural = if preview.pages.len() == 1 { "" } else { "s" };
        let mut words = format!("{}: {} page{plural}", args.output, preview.pages.len());
        for page in &preview.pages {
            if let Some(header) = &page.header {
                words = format!("{words}\n  {}", header.text);
            }
        }
        output.result(&preview, &words);
        Ok(ExitCode::SUCCESS)
    })?
}

fn failure(error: &PreviewError) -> Failure {
    match error {
        PreviewError::Store(error) => jobs::failure(error),
        PreviewError::Pages(error) => convert::failure(error),
        PreviewError::NoFax { .. } => refused(Exit::Refused, error),
        PreviewError::NotConverted { .. } | PreviewError::NoAttempt { .. } => {
            refused(Exit::Unavailable, error)
        }
        PreviewError::Header(_) => refused(Exit::Config, error),
        _ => refused(Exit::Storage, error),
    }
}

fn refused(exit: Exit, error: &PreviewError) -> Failure {
    Failure::new(exit, error.code(), error.to_string())
}
