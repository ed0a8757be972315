//! `faxmill transcode`: a recording becomes an MP3.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use faxmill::audio::{
    AudioError, DeclaredType, Tags, TranscodeOptions, TranscodeReport, transcode,
};
use faxmill::units::UnixMillis;

use crate::arguments::{RecordingArgs, TranscodeArgs};
use crate::convert::name;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

pub(crate) fn run(
    args: &TranscodeArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let declared = declared_type(&args.about, &args.input)?;
    let options = TranscodeOptions {
        tags: tags(&args.about),
        limits: settings.load()?.limits,
        ..TranscodeOptions::default()
    };
    let mut input = File::open(&args.input).map_err(|error| {
        Failure::new(
            Exit::NoInput,
            "read-failed",
            format!("{}: {error}", args.input.display()),
        )
    })?;
    if fs::metadata(&args.output).is_ok_and(|found| !found.is_file()) {
        // A rename would put a file in the place of a device or a folder.
        let error = std::io::Error::other("the output is not a regular file");
        return Err(not_written(&args.output, &error));
    }
    let unfinished = args
        .output
        .with_extension(format!("partial-{}", std::process::id()));
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&unfinished)
        .map_err(|error| not_written(&args.output, &error))?;
    let mut progress = output.progress(&name(&args.input));
    let outcome = transcode(
        &mut input,
        declared,
        &mut file,
        &options,
        &mut |step| {
            let total = step.seconds_total.map(|seconds| seconds as u64);
            progress.update("seconds", step.seconds_done as u64, total);
        },
        &AtomicBool::new(false),
    );
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            remove(&unfinished);
            return Err(failure(&error));
        }
    };
    file.sync_all()
        .and_then(|()| fs::rename(&unfinished, &args.output))
        .map_err(|error| {
            remove(&unfinished);
            not_written(&args.output, &error)
        })?;
    progress.finish("done");
    output.result(&json(&report), &sentence(&report, &args.output));
    Ok(ExitCode::SUCCESS)
}

/// What the person says the recording is: by option, else by the ending of its name. Either
/// counts only where the content does not tell.
pub(crate) fn declared_type(
    about: &RecordingArgs,
    input: &Path,
) -> Result<Option<DeclaredType>, Failure> {
    let Some(text) = &about.declared_type else {
        return Ok(DeclaredType::from_file_name(&name(input)));
    };
    text.parse().map(Some).map_err(|error| {
        Failure::new(
            Exit::Refused,
            "media_unsupported",
            format!("--type {text}: {error}"),
        )
    })
}

fn tags(about: &RecordingArgs) -> Tags {
    Tags {
        caller: about.caller.clone(),
        title: about
            .caller
            .as_ref()
            .map(|caller| format!("Voicemail from {caller}")),
        date: about
            .recorded_at
            .map(|time| UnixMillis(time.as_millisecond())),
        mailbox: about.mailbox.clone(),
        message_id: about.message_id.clone(),
    }
}

fn failure(error: &AudioError) -> Failure {
    let exit = match error {
        AudioError::Io { .. } => Exit::NoOutput,
        AudioError::Encoder { .. } => Exit::Internal,
        _ => Exit::Refused,
    };
    Failure::new(exit, error.reason().code(), error.to_string())
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::NoOutput,
        "write-failed",
        format!("{}: {error}", path.display()),
    )
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "a partial file was left");
    }
}

fn json(report: &TranscodeReport) -> serde_json::Value {
    serde_json::json!({
        "source": {
            "container": report.source.container,
            "codec": report.source.codec,
            "rate_hz": report.source.rate,
            "channels": report.source.channels,
        },
        "salvage": report.salvage.map(|salvage| salvage.to_string()),
        "rate_hz": report.rate,
        "samples": report.samples,
        "duration_seconds": report.duration.as_secs_f64(),
        "mp3_bytes": report.mp3_bytes,
        "mp3_sha256": report.mp3_sha256,
        "elapsed_seconds": report.elapsed.as_secs_f64(),
    })
}

fn sentence(report: &TranscodeReport, path: &Path) -> String {
    format!(
        "{}: {:.3} s at {} Hz, {} bytes, made in {:.2} s",
        path.display(),
        report.duration.as_secs_f64(),
        report.rate,
        report.mp3_bytes,
        report.elapsed.as_secs_f64()
    )
}
