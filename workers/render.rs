//! `render-child`: the hidden command that renders one PDF, confined, for the process that
//! started it.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::ExitCode;

use anyhow::Context;
use faxmill::convert::{RenderSettings, render_child};

/// What the rendering process is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RenderArgs {
    /// Library, resolution and limits, as JSON.
    settings: String,
}

/// Renders the document on standard input; pages go to standard output as frames.
pub(crate) fn run(args: &RenderArgs) -> ExitCode {
    match render(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn render(args: &RenderArgs) -> anyhow::Result<()> {
    let settings: RenderSettings =
        serde_json::from_str(&args.settings).context("the settings are no render settings")?;
    // Files, not the buffered handles: pages are written whole, and a line buffer would look for
    // line ends in them.
    let document = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let pages = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    render_child(&settings, document, pages).context("the document was not rendered")
}
