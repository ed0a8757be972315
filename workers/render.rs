//! `render-child`: the hidden command that renders one document, confined, for the process that
//! started it; `render-host`: the one that waits for documents and has copies of itself do so.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use faxmill::convert::{RenderSettings, render_child, render_host};

/// What the rendering process is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RenderArgs {
    /// Library, resolution and limits, as JSON.
    settings: String,
}

/// What a host of rendering processes is told.
#[derive(Debug, clap::Args)]
pub(crate) struct HostArgs {
    /// The PDFium library.
    pdfium: PathBuf,
}

/// Hosts rendering processes for whoever holds the other end of standard input, a socket.
pub(crate) fn host(args: &HostArgs) -> ExitCode {
    let requests = std::io::stdin().as_fd().try_clone_to_owned();
    end(requests
        .and_then(|requests| render_host(requests, &args.pdfium))
        .context("no document can be rendered any more"))
}

/// Renders the document on standard input; pages go to standard output as frames.
pub(crate) fn run(args: &RenderArgs) -> ExitCode {
    end(render(args))
}

fn end(result: anyhow::Result<()>) -> ExitCode {
    match result {
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
