//! `faxmill demo`: real documents over real sockets, from upload to proof, on this machine.
//!
//! A service with its own queue sends two sample documents to a far end that is a second process,
//! and turns two sample recordings into MP3. Tools that nobody here wrote then judge the result:
//! libtiff compares the pixels that arrived with those of the job's preview, ffprobe measures the MP3s.

mod peers;
mod proof;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use faxmill::config::Config;
use faxmill::job::{FaxRequest, JobId, VoicemailRequest};
use faxmill::pipeline::Context;
use faxmill::units::FaxNumber;

use crate::arguments::DemoArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{jobs, watch};
use peers::{FarEnd, Service};

/// Marks a folder as one that a demo made and may empty.
const MARK: &str = ".faxmill-demo";

const SAMPLES: &[(&str, &[u8])] = &[
    ("letter.pdf", include_bytes!("../../samples/letter.pdf")),
    ("fax-mh.tif", include_bytes!("../../samples/fax-mh.tif")),
    (
        "voicemail-ulaw.wav",
        include_bytes!("../../samples/voicemail-ulaw.wav"),
    ),
    (
        "voicemail-wav49.wav",
        include_bytes!("../../samples/voicemail-wav49.wav"),
    ),
];

/// Documents with the numbers they are sent to: the far end tells its faxes apart by them.
const FAXES: &[(&str, &str)] = &[("letter.pdf", "+15550100"), ("fax-mh.tif", "+15550101")];
const RECORDINGS: &[&str] = &["voicemail-ulaw.wav", "voicemail-wav49.wav"];

pub(crate) fn run(args: &DemoArgs, output: &Output) -> Result<ExitCode, Failure> {
    let out = std::path::absolute(&args.out).map_err(|error| not_written(&args.out, &error))?;
    prepare(&out)?;
    crate::block_on(play(&out, output))?
}

async fn play(out: &Path, output: &Output) -> Result<ExitCode, Failure> {
    output.say("starting a far end and a service of their own, both on loopback");
    let mut far_end = FarEnd::start(&out.join("far-end")).await?;
    let config_file = out.join("faxmill.toml");
    write_config(&config_file, out, far_end.address())?;
    let service = Service::start(&config_file).await?;

    let config = Config::load(Some(&config_file), None)
        .map_err(|error| Failure::new(Exit::Config, error.code(), error.to_string()))?;
    let context = Context::open(config, "demo")
        .await
        .map_err(|error| Failure::new(Exit::Storage, error.code(), error.to_string()))?;
    let faxes = submit_faxes(&context, out).await?;
    let recordings = submit_recordings(&context, out).await?;
    let ids = faxes
        .iter()
        .map(|(id, _)| *id)
        .chain(recordings.iter().copied())
        .collect();
    let code = watch::follow(&context, ids, output).await?;

    let received = far_end.finish(faxes.len()).await?;
    service.stop().await?;
    if code != ExitCode::SUCCESS {
        return Ok(code);
    }
    for (id, number) in &faxes {
        let file = received.get(number.as_str()).ok_or_else(|| {
            let message = format!("the far end has no fax for {number}");
            Failure::new(Exit::NotDone, "fax-missing", message)
        })?;
        proof::of_fax(&context, *id, file, output).await?;
    }
    for id in &recordings {
        proof::of_recording(&context, *id, output).await?;
    }
    output.say(&format!("everything lies in {}", out.display()));
    Ok(ExitCode::SUCCESS)
}

async fn submit_faxes(context: &Context, out: &Path) -> Result<Vec<(JobId, FaxNumber)>, Failure> {
    let mut faxes = Vec::new();
    for (name, number) in FAXES {
        let number: FaxNumber = number
            .parse()
            .map_err(|error| Failure::new(Exit::Internal, "demo-number", format!("{error}")))?;
        let to = number.clone();
        let submitted = context
            .submit_fax(&sample(out, name), None, None, |document| {
                FaxRequest::new(to, document, (*name).to_owned())
            })
            .await
            .map_err(|error| Failure::new(Exit::Internal, error.code(), error.to_string()))?;
        faxes.push((submitted.into_job().id, number));
    }
    Ok(faxes)
}

async fn submit_recordings(context: &Context, out: &Path) -> Result<Vec<JobId>, Failure> {
    let mut ids = Vec::new();
    for name in RECORDINGS {
        let submitted = context
            .submit_voicemail(&sample(out, name), None, |recording| VoicemailRequest {
                caller: Some("+15550142".to_owned()),
                mailbox: Some("100".to_owned()),
                ..VoicemailRequest::new(recording, (*name).to_owned())
            })
            .await
            .map_err(|error| Failure::new(Exit::Internal, error.code(), error.to_string()))?;
        ids.push(submitted.into_job().id);
    }
    Ok(ids)
}

/// Makes the demo's folder with the samples in it; a folder of somebody else's is left alone.
fn prepare(out: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| not_written(out, &error);
    if out.join(MARK).exists() {
        fs::remove_dir_all(out).map_err(failed)?;
    }
    fs::create_dir_all(out.join("samples")).map_err(failed)?;
    let strangers = fs::read_dir(out).map_err(failed)?.count() > 1;
    if strangers {
        let message = format!(
            "{}: the folder is not empty and no demo made it: choose another with --out",
            out.display()
        );
        return Err(Failure::new(Exit::NoOutput, "demo-folder", message));
    }
    fs::write(out.join(MARK), "").map_err(failed)?;
    for (name, bytes) in SAMPLES {
        fs::write(sample(out, name), bytes).map_err(failed)?;
    }
    Ok(())
}

fn write_config(file: &Path, out: &Path, far_end: &str) -> Result<(), Failure> {
    let text = format!(
        "# Written by `faxmill demo`.\n\
         data_folder = \"{}\"\n\n\
         [trunk]\n\
         uri = \"sip:{{number}}@{far_end}\"\n\n\
         [line]\n\
         bind = \"127.0.0.1:0\"\n\
         ident = \"+1 555 0199\"\n\n\
         [header]\n\
         name = \"Faxmill demo\"\n",
        out.join("data").display()
    );
    fs::write(file, text).map_err(|error| not_written(file, &error))
}

fn sample(out: &Path, name: &str) -> PathBuf {
    out.join("samples").join(name)
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::NoOutput,
        "write-failed",
        format!("{}: {error}", path.display()),
    )
}

pub(crate) async fn job(context: &Context, id: JobId) -> Result<faxmill::store::Job, Failure> {
    context
        .store
        .job(id)
        .await
        .map_err(|error| jobs::failure(&error))
}
