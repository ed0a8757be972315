//! `faxmill check-config`: what the configuration means, or what is wrong with it.

use std::process::ExitCode;

use faxmill::config::Config;
use faxmill::job::CoverFields;
use faxmill::pipeline::{CoverSource, CoverUpload, load_cover};

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

pub(crate) fn run(settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let config = settings.load()?;
    check_covers(&config)?;
    let text = config.to_toml();
    output.result(
        &serde_json::json!({ "valid": true, "configuration": text }),
        text.trim_end(),
    );
    Ok(ExitCode::SUCCESS)
}

/// Looks at every template and logo that jobs may name.
fn check_covers(config: &Config) -> Result<(), Failure> {
    let name = |name: &String| Some(CoverSource::Name(name.clone()));
    let templates = config.cover.templates.keys().map(|key| CoverUpload {
        template: name(key),
        ..CoverUpload::default()
    });
    let logos = config.cover.logos.keys().map(|key| CoverUpload {
        logo: name(key),
        ..CoverUpload::default()
    });
    for upload in templates.chain(logos) {
        load_cover(config, upload, CoverFields::default())
            .map_err(|error| Failure::new(Exit::Config, error.code(), error.to_string()))?;
    }
    Ok(())
}
