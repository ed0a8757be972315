//! `faxmill queues`: what waits where.

use std::process::ExitCode;
use std::time::Duration;

use faxmill::job::Stage;
use faxmill::pipeline::broker_queue;
use faxmill::queue::{Queue, QueueError, RabbitQueue};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::jobs;
use crate::output::Output;
use crate::settings::Settings;

/// A queue in one line.
#[derive(Serialize)]
struct Line {
    queue: String,
    /// Messages that wait; in the embedded queue also those in workers' hands.
    messages: u64,
    /// For how long the oldest one could have been taken, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_seconds: Option<u64>,
}

pub(crate) fn run(settings: &Settings, output: &Output) -> Result<ExitCode, Failure> {
    crate::block_on(async {
        let config = settings.load()?;
        let lines = if let Some(broker) = &config.queue {
            let queue = broker_queue(broker).map_err(|e| failure(&e))?;
            let mut lines = stages(&queue).await.map_err(|e| failure(&e))?;
            lines.extend(of_broker(&queue).await.map_err(|e| failure(&e))?);
            lines
        } else {
            let context = jobs::open(settings).await?;
            stages(&*context.queue).await.map_err(|e| failure(&e))?
        };
        for line in lines {
            output.result(&line, &words(&line));
        }
        Ok(ExitCode::SUCCESS)
    })?
}

async fn stages(queue: &dyn Queue) -> Result<Vec<Line>, QueueError> {
    let mut lines = Vec::new();
    // Incoming calls are not queued: who answers one has it.
    for stage in [Stage::Convert, Stage::Transmit, Stage::Transcode] {
        lines.push(Line {
            queue: stage.name().to_owned(),
            messages: queue.depth(stage).await?,
            oldest_seconds: queue.oldest(stage).await?.as_ref().map(Duration::as_secs),
        });
    }
    Ok(lines)
}

async fn of_broker(queue: &RabbitQueue) -> Result<Vec<Line>, QueueError> {
    let delayed = queue.delayed().await?;
    let mut lines = vec![Line {
        queue: "delayed".to_owned(),
        messages: delayed.iter().map(|(_, messages)| messages).sum(),
        oldest_seconds: None,
    }];
    lines.push(Line {
        queue: "dead letters".to_owned(),
        messages: queue.parked_count().await?,
        oldest_seconds: None,
    });
    Ok(lines)
}

fn words(line: &Line) -> String {
    let oldest = line
        .oldest_seconds
        .map(|seconds| format!("  oldest {seconds} s"))
        .unwrap_or_default();
    format!("{:20} {:>8}{oldest}", line.queue, line.messages)
}

pub(crate) fn failure(error: &QueueError) -> Failure {
    let exit = match error {
        QueueError::Store(error) => jobs::exit_of(error),
        QueueError::Url { .. } => Exit::Config,
        QueueError::NotRetryable { .. } => Exit::Refused,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error.code(), error.to_string())
}
