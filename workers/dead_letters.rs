//! `faxmill dead-letters`: messages that nobody could work on, and what becomes of them.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use faxmill::pipeline::broker_queue;
use faxmill::queue::{ParkedMessage, QueueError, RabbitQueue, Selection};
use faxmill::units::UnixMillis;

use crate::exit::{Exit, Failure};
use crate::jobs;
use crate::output::Output;
use crate::queues::failure;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List parked messages, oldest first.
    List {
        /// Most messages to list.
        #[arg(long, default_value_t = 50, value_name = "N",
              value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
    },
    /// Show one parked message.
    Show {
        /// Its name, as `list` tells it.
        name: String,
    },
    /// Give parked messages back to the queues that they came from.
    Retry(WhichArgs),
    /// Forget parked messages.
    Drop(WhichArgs),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhichArgs {
    /// A message's name, as `list` tells it.
    name: Option<String>,
    /// Every parked message.
    #[arg(long)]
    all: bool,
}

impl WhichArgs {
    /// The group lets nothing through without one of the two.
    fn selection(&self) -> Selection {
        match &self.name {
            Some(name) => Selection::Name(name.clone()),
            None => Selection::All,
        }
    }
}

pub(crate) fn run(
    command: &DeadLettersCommand,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let config = settings.load()?;
    let Some(broker) = config.queue else {
        let message = "there are no dead letters without a message broker ([queue] in the \
                       configuration): the embedded queue holds nothing but wake-ups of jobs, and \
                       a job that failed says so itself (faxmill jobs --status failed)";
        return Err(Failure::new(Exit::Unavailable, "no-broker", message));
    };
    crate::block_on(async {
        let queue = broker_queue(&broker).map_err(|e| failure(&e))?;
        act(command, &queue, output)
            .await
            .map_err(|e| failure(&e))?;
        Ok(ExitCode::SUCCESS)
    })?
}

async fn act(
    command: &DeadLettersCommand,
    queue: &RabbitQueue,
    output: &Output,
) -> Result<(), QueueError> {
    match command {
        DeadLettersCommand::List { limit } => {
            let parked = queue.parked(usize::from(*limit)).await?;
            for message in &parked {
                output.result(message, &line(message));
            }
            if parked.is_empty() {
                output.say("no dead letters");
            }
        }
        DeadLettersCommand::Show { name } => {
            let message = queue.parked_message(name).await?;
            let words = format!("{}\n{}", line(&message), readable(&message.body));
            output.result(&message, &words);
        }
        DeadLettersCommand::Retry(which) => {
            let messages = queue.retry_parked(&which.selection()).await?;
            let value = serde_json::json!({ "retried": messages });
            output.result(&value, &format!("{messages} given back"));
        }
        DeadLettersCommand::Drop(which) => {
            let messages = queue.drop_parked(&which.selection()).await?;
            let value = serde_json::json!({ "dropped": messages });
            output.result(&value, &format!("{messages} dropped"));
        }
    }
    Ok(())
}

fn line(message: &ParkedMessage) -> String {
    let stage = message.stage.map_or("unknown", |stage| stage.name());
    let published = message.published_at.map_or_else(String::new, |seconds| {
        let ms = i64::try_from(seconds).unwrap_or(i64::MAX);
        format!("  {}", jobs::time(UnixMillis(ms.saturating_mul(1000))))
    });
    format!(
        "{}  {:16}  {stage}  {} bytes{published}",
        readable(&message.name),
        readable(&message.cause),
        message.bytes
    )
}

/// Foreign text must not steer the terminal.
fn readable(text: &str) -> String {
    let visible = |c: char| {
        if c.is_control() && c != '\n' {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(visible).collect()
}
