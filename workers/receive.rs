//! `faxmill receive`: answers calls and keeps the faxes they bring in a folder, without a queue.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use async_trait::async_trait;
use faxmill::config::Config;
use faxmill::sip::{Agent, AgentConfig, CallObserver, IncomingCall, IncomingFax, ObserverRefused};
use faxmill::t30::PageResult;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::arguments::ReceiveArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Progress};
use crate::settings::Settings;
use crate::{call, signals};

pub(crate) fn run(
    args: &ReceiveArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let config = settings.load()?;
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Failure::new(
            Exit::NoOutput,
            "write-failed",
            format!("{}: {error}", args.out.display()),
        )
    })?;
    let complete = crate::block_on(listen(args, &config, output))??;
    Ok(if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Exit::NotDone as u8)
    })
}

/// Takes calls; says whether the last one was complete.
async fn listen(args: &ReceiveArgs, config: &Config, output: &Output) -> Result<bool, Failure> {
    let agent = Agent::start(AgentConfig::new(args.bind))
        .await
        .map_err(|error| Failure::new(Exit::Unavailable, error.code(), error.to_string()))?;
    let drain = signals::drain_token(false)
        .map_err(|error| Failure::new(Exit::Internal, "signals", error.to_string()))?;
    let address = agent.local_addr();
    output.result(
        &serde_json::json!({ "listening": address.to_string() }),
        &format!("listening on {address}"),
    );
    let mut calls = JoinSet::new();
    let mut complete = true;
    loop {
        tokio::select! {
            call = agent.next_call() => {
                let Some(call) = call else { break };
                let fax = Fax {
                    folder: args.out.clone(),
                    ident: args.ident.clone().unwrap_or_else(|| config.line.ident.clone()),
                    limits: config.limits.clone(),
                };
                calls.spawn(take(call, fax, output.clone(), drain.clone()));
                if args.once {
                    break;
                }
            }
            Some(ended) = calls.join_next() => complete = ended.unwrap_or(false),
            () = drain.cancelled() => break,
        }
    }
    while let Some(ended) = calls.join_next().await {
        complete = ended.unwrap_or(false);
    }
    agent.shutdown().await;
    Ok(complete)
}

/// How one call's fax is kept.
struct Fax {
    folder: PathBuf,
    ident: String,
    limits: faxmill::limits::Limits,
}

async fn take(call: IncomingCall, fax: Fax, output: Output, drain: CancellationToken) -> bool {
    let from = call
        .from
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let tiff = fax.folder.join(file_name(&call.call_id));
    let mut incoming = IncomingFax::new(&tiff);
    incoming.ident = fax.ident;
    incoming.limits = fax.limits;
    let mut pages = Pages {
        tiff: tiff.clone(),
        progress: output.progress(&from),
    };
    pages.progress.update("answering", 0, None);
    let to = call.to.clone();
    let outcome = call.receive_fax(incoming, &mut pages, drain).await;
    pages.progress.finish(
        outcome
            .reason
            .map_or("received", faxmill::job::Reason::code),
    );
    let kept = outcome.pages_confirmed > 0 && tiff.exists();
    if !kept {
        remove_empty(&tiff);
    }
    let mut report = call::json(&outcome);
    report["from"] = from.into();
    report["to"] = to.into();
    report["file"] = if kept {
        tiff.display().to_string().into()
    } else {
        serde_json::Value::Null
    };
    let words = if kept {
        format!("{}: {}", tiff.display(), call::sentence(&outcome))
    } else {
        call::sentence(&outcome)
    };
    output.result(&report, &words);
    outcome.is_complete()
}

/// A name of our own making: a Call-ID is whatever the far end chose.
fn file_name(call_id: &str) -> String {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S");
    let tail: String = call_id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(8)
        .collect();
    format!("fax-{time}-{tail}-{:04x}.tiff", rand_suffix())
}

fn rand_suffix() -> u16 {
    // Two calls in one second may share the beginning of their Call-ID.
    uuid::Uuid::now_v7().as_u128() as u16
}

fn remove_empty(tiff: &Path) {
    if let Err(error) = std::fs::remove_file(tiff)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %tiff.display(), %error, "an empty fax was left");
    }
}

/// Makes each page durable before the far end hears that it arrived.
struct Pages {
    tiff: PathBuf,
    progress: Progress,
}

#[async_trait]
impl CallObserver for Pages {
    async fn page_received(&mut self, page: &PageResult) -> Result<(), ObserverRefused> {
        self.progress
            .update("pages received", u64::from(page.index) + 1, None);
        let tiff = self.tiff.clone();
        let synced = tokio::task::spawn_blocking(move || {
            std::fs::File::open(&tiff).and_then(|file| file.sync_all())
        });
        match synced.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ObserverRefused {
                message: error.to_string(),
            }),
            Err(error) => Err(ObserverRefused {
                message: error.to_string(),
            }),
        }
    }
}
