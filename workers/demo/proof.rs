//! What became of the demo's jobs, judged by tools of others.

use std::path::Path;
use std::process::{self, Command};

use faxmill::artifact::ArtifactKey;
use faxmill::convert::PreviewTarget;
use faxmill::job::{JobEvent, JobId};
use faxmill::pipeline::Context;
use faxmill::store::EventRecord;

use crate::exit::{Exit, Failure};
use crate::jobs;
use crate::output::Output;

const EVENTS_MAX: u32 = 1000;
const NEGOTIATE: &str = "negotiate";

/// Shows that the far end has the pixels of the preview, header line included, and how long each stage took.
pub(super) async fn of_fax(
    context: &Context,
    id: JobId,
    received: &Path,
    output: &Output,
) -> Result<(), Failure> {
    let job = super::job(context, id).await?;
    let sent = received.with_extension("sent.tiff");
    context
        .preview(id, None, &PreviewTarget::Tiff(sent.clone()))
        .await
        .map_err(|error| Failure::new(Exit::NotDone, error.code(), error.to_string()))?;
    // -t: tags may differ (the far end names itself in them), pixels may not.
    let (sent, received) = (sent.display().to_string(), received.display().to_string());
    let verdict = tool("tiffcmp", &["-t", &sent, &received], "libtiff-tools")?;
    if !verdict.status.success() {
        let words = String::from_utf8_lossy(&verdict.stdout);
        let message = format!("{received} differs from {sent}: {}", words.trim());
        return Err(Failure::new(Exit::NotDone, "fax-differs", message));
    }
    let stages = stages(context, id).await?;
    let pages = job.state.pages_confirmed;
    output.result(
        &serde_json::json!({
            "job": id.to_string(), "status": job.status().name(), "pages": pages,
            "identical": true, "sent": sent, "received": received,
            "stages_ms": stages.iter().cloned().collect::<serde_json::Map<_, _>>(),
        }),
        &format!(
            "\nfax {id}: {}, {pages} pages, tiffcmp finds no differing pixel\n  \
             sent      {sent}\n  received  {received}\n  took      {}",
            job.status(),
            words(&stages)
        ),
    );
    Ok(())
}

/// Shows that the MP3 is as long as the recording, and how long each stage took.
pub(super) async fn of_recording(
    context: &Context,
    id: JobId,
    output: &Output,
) -> Result<(), Failure> {
    let job = super::job(context, id).await?;
    let mp3 = artifact(context, &job, "mp3")?;
    let expected = job.state.duration_ms.unwrap_or_default() as f64 / 1000.0;
    let measured = probed_seconds(&mp3)?;
    if (measured - expected).abs() > 0.001 {
        let message = format!("{mp3}: ffprobe finds {measured} s, not {expected}");
        return Err(Failure::new(Exit::NotDone, "duration-differs", message));
    }
    let stages = stages(context, id).await?;
    output.result(
        &serde_json::json!({
            "job": id.to_string(), "status": job.status().name(),
            "duration_seconds": expected, "mp3": mp3,
            "stages_ms": stages.iter().cloned().collect::<serde_json::Map<_, _>>(),
        }),
        &format!(
            "\nvoicemail {id}: {}, {expected:.3} s, as ffprobe finds too\n  \
             mp3       {mp3}\n  took      {}",
            job.status(),
            words(&stages)
        ),
    );
    Ok(())
}

fn artifact(context: &Context, job: &faxmill::store::Job, role: &str) -> Result<String, Failure> {
    job.state
        .artifacts
        .get(role)
        .and_then(|key| key.parse::<ArtifactKey>().ok())
        .map(|key| context.artifacts.location(&key))
        .ok_or_else(|| {
            let message = format!("job {} has no {role}", job.id);
            Failure::new(Exit::NotDone, "artifact-missing", message)
        })
}

/// What ffprobe says of every frame, added up: its `format=duration` also counts the silence that
/// encoders put around the audio and players leave out.
fn probed_seconds(mp3: &str) -> Result<f64, Failure> {
    let entries = "stream=sample_rate:frame=nb_samples";
    let arguments = ["-v", "error", "-show_entries", entries, "-of", "json", mp3];
    let said = tool("ffprobe", &arguments, "ffmpeg")?;
    let probe: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap_or_default();
    let samples: u64 = probe["frames"]
        .as_array()
        .map(|frames| {
            frames
                .iter()
                .filter_map(|frame| frame["nb_samples"].as_u64())
                .sum()
        })
        .unwrap_or_default();
    let rate = probe["streams"][0]["sample_rate"]
        .as_str()
        .and_then(|rate| rate.parse().ok());
    rate.filter(|rate| *rate > 0.0)
        .map(|rate: f64| samples as f64 / rate)
        .ok_or_else(|| {
            let words = String::from_utf8_lossy(&said.stderr).into_owned();
            Failure::new(
                Exit::NotDone,
                "mp3-unreadable",
                format!("{mp3}: ffprobe: {words}"),
            )
        })
}

fn tool(name: &str, arguments: &[&str], package: &str) -> Result<process::Output, Failure> {
    Command::new(name)
        .args(arguments)
        .output()
        .map_err(|error| {
            let message = format!("{name}: {error}: install the package {package}");
            Failure::new(Exit::Unavailable, "tool-missing", message)
        })
}

/// Time between the events that end each stage.
async fn stages(context: &Context, id: JobId) -> Result<Vec<(String, serde_json::Value)>, Failure> {
    let events = context
        .store
        .events(id, 0, EVENTS_MAX)
        .await
        .map_err(|error| jobs::failure(&error))?;
    let mut stages: Vec<(String, serde_json::Value)> = Vec::new();
    let mut since = events.first().map(|event| event.at).unwrap_or_default();
    for event in &events {
        // Machines negotiate again between pages that differ; that is part of sending.
        let again = stages.iter().any(|(stage, _)| stage == NEGOTIATE);
        let stage = ended_stage(event).filter(|stage| !(again && *stage == NEGOTIATE));
        if let Some(stage) = stage {
            let took = event.at.since(since).as_millis() as u64;
            stages.push((stage.to_owned(), took.into()));
            since = event.at;
        }
    }
    Ok(stages)
}

fn ended_stage(record: &EventRecord) -> Option<&'static str> {
    Some(match &record.event {
        JobEvent::Claimed { .. } => "queued",
        JobEvent::ValidationDone { .. } => "validate",
        JobEvent::Converted { .. } => "convert",
        JobEvent::Answered => "dial",
        JobEvent::Negotiated { .. } => NEGOTIATE,
        JobEvent::AttemptEnded { .. } => "send",
        JobEvent::TranscodeDone { .. } => "transcode",
        _ => return None,
    })
}

fn words(stages: &[(String, serde_json::Value)]) -> String {
    let seconds = |took: &serde_json::Value| took.as_f64().unwrap_or_default() / 1000.0;
    let parts: Vec<String> = stages
        .iter()
        .map(|(stage, took)| format!("{stage} {:.2} s", seconds(took)))
        .collect();
    parts.join(", ")
}
