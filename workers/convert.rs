//! `faxmill convert`: a document becomes a fax TIFF.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use faxmill::config::Config;
use faxmill::convert::{
    ConvertError, ConvertOptions, ConvertProgress, ConvertReport, ConvertStage, Faxability,
    OutgoingPages, OutgoingReport, RenderPool, Renderer, convert_file, write_preview,
};
use faxmill::header::{Header, HeaderError, Sender};
use faxmill::pipeline::now;
use faxmill::units::{FaxNumber, UnixMillis};
use serde::Serialize;

use crate::arguments::ConvertArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// What the command tells in JSON.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    conversion: &'a ConvertReport,
    /// Files of the preview.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    preview: Vec<PathBuf>,
    /// The pages as the preview shows them, with the header line where they have one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    preview_pages: Vec<OutgoingReport>,
    /// What to expect of the fax.
    #[serde(skip_serializing_if = "Option::is_none")]
    faxability: Option<Faxability>,
}

pub(crate) fn run(
    args: &ConvertArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let mut options = ConvertOptions::new(Renderer::find().map_err(|error| failure(&error))?);
    // Before the settings are read and anything starts a thread: the copy sees no more than it
    // needs. Where none can be made, the program is started again.
    if let Ok(pool) = RenderPool::of_this_process() {
        options.pool = Arc::new(pool);
    }
    let config = settings.load()?;
    let header = header(args, &config)?;
    options.processes_max = std::thread::available_parallelism()
        .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    options.resolution = args.resolution;
    options.mode = args.mode;
    options.fit = args.fit.page_fit();
    options.survey = args.report;
    options.cover = args
        .cover
        .cover(&config, args.to.as_ref(), args.ident.as_deref())?;
    options.limits = config.limits;
    let mut progress = output.progress(&name(&args.input));
    let report = convert_file(
        &args.input,
        &args.output,
        &options,
        &mut |step| show(&mut progress, step),
        &AtomicBool::new(false),
    )
    .map_err(|error| failure(&error))?;
    progress.finish(&format!("{} pages", report.pages.len()));
    let outgoing = || {
        let pages = report.pages.len() as u32;
        OutgoingPages::open(&args.output, header.clone(), pages, &options.limits)
    };
    let mut words = sentence(&report, &args.output);
    let mut told = Told {
        conversion: &report,
        preview: Vec::new(),
        preview_pages: Vec::new(),
        faxability: None,
    };
    if let Some(target) = &args.preview {
        let preview = outgoing().and_then(|pages| write_preview(pages, target));
        let preview = preview.map_err(|error| failure(&error))?;
        (told.preview, told.preview_pages) = (preview.files, preview.pages);
        words = format!("{words}\npreview: {target}");
    }
    if args.report {
        let faxability = outgoing().and_then(|pages| Faxability::of(pages, &report, &options));
        let faxability = faxability.map_err(|error| failure(&error))?;
        for sentence in &faxability.sentences {
            words = format!("{words}\n  {sentence}");
        }
        told.faxability = Some(faxability);
    }
    output.result(&told, &words);
    Ok(ExitCode::SUCCESS)
}

/// The header that preview and report are to show, when they are.
fn header(args: &ConvertArgs, config: &Config) -> Result<Option<Header>, Failure> {
    let options = args.line.options(args.header);
    let is_asked_for =
        !options.is_empty() || args.ident.is_some() || args.to.is_some() || args.at.is_some();
    if !is_asked_for {
        return Ok(None);
    }
    let sender = Sender {
        header: &config.header,
        line_ident: &config.line.ident,
        job_ident: args.ident.as_deref(),
    };
    let at = args
        .at
        .map_or_else(now, |time| UnixMillis(time.as_millisecond()));
    let to = args.to.as_ref().map_or("", FaxNumber::as_str);
    options
        .header(sender, to, at)
        .map_err(|error| header_failure(&error))
}

/// The exit code of a header that cannot be as it is asked for.
pub(crate) fn header_failure(error: &HeaderError) -> Failure {
    Failure::new(Exit::Refused, error.code(), error.to_string())
}

/// The name a progress line carries.
pub(crate) fn name(path: &std::path::Path) -> String {
    path.file_name()
        .map_or_else(|| "input".to_owned(), |name| name.to_string_lossy().into())
}

/// The exit code of a document that was not converted.
pub(crate) fn failure(error: &ConvertError) -> Failure {
    let exit = match error {
        ConvertError::Io(_) => Exit::NoInput,
        ConvertError::Write(_) => Exit::NoOutput,
        ConvertError::LibraryMissing { .. } | ConvertError::Start(_) => Exit::Unavailable,
        _ => Exit::Refused,
    };
    let code = match error {
        // A document's faults are named as a job would end by them; these are not a document's.
        ConvertError::Cover(error) => error.code(),
        error => error.reason().code(),
    };
    Failure::new(exit, code, error.to_string())
}

/// Shows how far a conversion is.
pub(crate) fn show(progress: &mut crate::output::Progress, step: ConvertProgress) {
    let what = match step.stage {
        ConvertStage::Inspecting => "inspecting",
        ConvertStage::Rendering => "pages",
        ConvertStage::Finishing => "finishing",
    };
    progress.update(what, step.page.into(), step.pages.map(u64::from));
}

fn sentence(report: &ConvertReport, path: &std::path::Path) -> String {
    let bytes: u64 = report.pages.iter().map(|page| page.bytes).sum();
    let elapsed = report.elapsed;
    let seconds = (elapsed.inspect_ms + elapsed.render_ms + elapsed.encode_ms) / 1000.0;
    let plural = if report.pages.len() == 1 { "" } else { "s" };
    let cover = if report.pages.iter().any(|page| page.is_cover) {
        ", the first of them the cover page"
    } else {
        ""
    };
    format!(
        "{}: {} page{plural}{cover}, {bytes} bytes of MMR, {seconds:.2} s",
        path.display(),
        report.pages.len()
    )
}
