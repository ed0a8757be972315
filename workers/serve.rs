//! `faxmill serve`: every role on this machine, each in a process of its own.

use std::fs::{File, TryLockError};
use std::process::ExitCode;

use faxmill::config::Config;
use faxmill::pipeline::{ChildEvent, Context, Role, Supervisor};
use tokio::sync::mpsc;

use crate::arguments::ServeArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;
use crate::signals;

pub(crate) fn run(
    args: &ServeArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let config = settings.load()?;
    let roles = roles(args, &config)?;
    crate::block_on(async {
        // Opened once before any child is started: what is wrong with the data folder is said
        // once, and its schema is made by one process.
        let context = Context::open(config.clone(), "serve")
            .await
            .map_err(|error| Failure::new(Exit::Storage, error.code(), error.to_string()))?;
        let _lock = lock(&config)?;
        drop(context);
        let supervisor = Supervisor {
            program: std::env::current_exe()
                .map_err(|error| Failure::new(Exit::Internal, "program", error.to_string()))?,
            arguments: arguments(settings, &config),
            roles: roles.clone(),
            drain: config.timing.drain,
        };
        let drain = signals::drain_token(false)
            .map_err(|error| Failure::new(Exit::Internal, "signals", error.to_string()))?;
        let (events, heard) = mpsc::unbounded_channel();
        tokio::join!(supervisor.run(drain, events), tell(heard, &roles, output));
        Ok(ExitCode::SUCCESS)
    })?
}

fn roles(args: &ServeArgs, config: &Config) -> Result<Vec<Role>, Failure> {
    if args.roles.is_empty() {
        let listens = config.receive.is_some();
        return Ok(Role::ALL
            .into_iter()
            .filter(|r| *r != Role::Receive || listens)
            .collect());
    }
    if args.roles.contains(&Role::Receive) && config.receive.is_none() {
        let message = "the receive role needs [receive] in the configuration";
        return Err(Failure::new(
            Exit::Config,
            "receive-not-configured",
            message,
        ));
    }
    let mut roles = args.roles.clone();
    roles.dedup();
    Ok(roles)
}

/// The options that the children share with this process, as it understood them.
fn arguments(settings: &Settings, config: &Config) -> Vec<String> {
    let mut arguments = Settings {
        // The folder as this process understood it, wherever its children run.
        data: Some(config.data_folder.clone()),
        ..settings.clone()
    }
    .as_arguments();
    arguments.extend(["--log".to_owned(), settings.log.clone()]);
    if settings.log_json {
        arguments.push("--log-json".to_owned());
    }
    arguments
}

/// One service for one data folder.
fn lock(config: &Config) -> Result<File, Failure> {
    let path = config.run().join("serve.lock");
    let storage = |error: std::io::Error| {
        Failure::new(
            Exit::Storage,
            "data-folder",
            format!("{}: {error}", path.display()),
        )
    };
    let file = File::create(&path).map_err(storage)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let message = format!(
                "another `faxmill serve` runs on {}: stop it first, or choose another folder with \
                 --data; single workers may join it with `faxmill worker ROLE`",
                config.data_folder.display()
            );
            Err(Failure::new(Exit::InUse, "data-folder-in-use", message))
        }
        Err(TryLockError::Error(error)) => Err(storage(error)),
    }
}

async fn tell(mut heard: mpsc::UnboundedReceiver<ChildEvent>, roles: &[Role], output: &Output) {
    let mut waiting = roles.to_vec();
    while let Some(event) = heard.recv().await {
        match event {
            ChildEvent::Ready { role, pid, detail } => {
                let words = format!("{role}: ready {detail} (pid {pid})");
                let value = serde_json::json!({
                    "event": "ready", "role": role.name(), "pid": pid, "address": detail
                });
                output.result(&value, words.as_str());
                waiting.retain(|other| *other != role);
                if waiting.is_empty() {
                    output.result(&serde_json::json!({ "event": "serving" }), "serving");
                    waiting = Vec::from([]);
                }
            }
            ChildEvent::Died { role, how, next } => {
                let value = serde_json::json!({
                    "event": "died", "role": role.name(), "how": how,
                    "restart_in_ms": next.as_millis() as u64
                });
                let words = format!("{role}: ended ({how}); starting again in {next:?}");
                output.result(&value, &words);
            }
        }
    }
}
