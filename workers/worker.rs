//! `faxmill worker ROLE`: one role in this process.

use std::io::Write;
use std::process::ExitCode;

use faxmill::pipeline::{READY, Role, RoleError, run_role};

use crate::arguments::WorkerArgs;
use crate::exit::{Exit, Failure};
use crate::settings::Settings;
use crate::signals;

pub(crate) fn run(args: &WorkerArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut config = settings.load()?;
    if let Some(concurrency) = args.concurrency.map(usize::from) {
        config.concurrency.convert = concurrency;
        config.concurrency.transmit = concurrency;
        config.concurrency.transcode = concurrency;
    }
    let role = args.role;
    config.telemetry = args.telemetry.or_else(|| {
        // Roles of one machine share a configuration, but no port.
        let mut address = config.telemetry?;
        let place = Role::ALL.iter().position(|other| *other == role)? as u16;
        if address.port() != 0 {
            address.set_port(address.port().saturating_add(place));
        }
        Some(address)
    });
    crate::block_on(async {
        let drain = signals::drain_token(args.supervised)
            .map_err(|error| Failure::new(Exit::Internal, "signals", error.to_string()))?;
        run_role(role, config, drain, announce)
            .await
            .map_err(|error| failure(&error))
    })??;
    Ok(ExitCode::SUCCESS)
}

/// Tells the supervisor, or whoever started the worker, that it works.
fn announce(detail: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{READY} {detail}")
        .and_then(|()| out.flush())
        .is_err()
    {
        tracing::warn!("nobody reads standard output");
    }
}

pub(crate) fn failure(error: &RoleError) -> Failure {
    let exit = match &error {
        RoleError::Open(_) => Exit::Storage,
        RoleError::ReceiveNotConfigured => Exit::Config,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error.code(), error.to_string())
}
