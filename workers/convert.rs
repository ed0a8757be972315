//! `faxmill convert`: a document becomes a fax TIFF.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use faxmill::convert::{
    ConvertError, ConvertOptions, ConvertProgress, ConvertReport, ConvertStage, Faxability,
    Renderer, convert_file, write_preview,
};
use faxmill::limits::Limits;
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
    options.resolution = args.resolution;
    options.mode = args.mode;
    options.fit = args.fit.page_fit();
    options.survey = args.report;
    options.limits = settings.load()?.limits;
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
    let preview = preview(args, &options.limits).map_err(|error| failure(&error))?;
    let mut words = sentence(&report, &args.output);
    if let Some(target) = &args.preview {
        words = format!("{words}\npreview: {target}");
    }
    let faxability = args
        .report
        .then(|| Faxability::of(open(&args.output)?, &report, &options))
        .transpose()
        .map_err(|error| failure(&error))?;
    for sentence in faxability
        .iter()
        .flat_map(|faxability| &faxability.sentences)
    {
        words = format!("{words}\n  {sentence}");
    }
    let told = Told {
        conversion: &report,
        preview,
        faxability,
    };
    output.result(&told, &words);
    Ok(ExitCode::SUCCESS)
}

/// Writes the preview that is asked for, from the finished fax.
fn preview(args: &ConvertArgs, limits: &Limits) -> Result<Vec<PathBuf>, ConvertError> {
    let Some(target) = &args.preview else {
        return Ok(Vec::new());
    };
    write_preview(open(&args.output)?, target, limits)
}

fn open(fax: &Path) -> Result<BufReader<File>, ConvertError> {
    Ok(BufReader::new(File::open(fax)?))
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
    Failure::new(exit, error.reason().code(), error.to_string())
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
    format!(
        "{}: {} page{plural}, {bytes} bytes of MMR, {seconds:.2} s",
        path.display(),
        report.pages.len()
    )
}
