//! `faxmill check-config`: what the configuration means, or what is wrong with it.

use std::process::ExitCode;

use crate::exit::Failure;
use crate::output::Output;
use crate::settings::Settings;

pub(crate) fn run(settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    let config = settings.load()?;
    let text = config.to_toml();
    output.result(
        &serde_json::json!({ "valid": true, "configuration": text }),
        text.trim_end(),
    );
    Ok(ExitCode::SUCCESS)
}
