//! The `faxmill` command: one binary, every role.

mod arguments;
mod artifacts;
mod call;
mod check_config;
mod convert;
mod cover;
mod dead_letters;
mod demo;
mod exit;
mod jobs;
mod output;
mod pause;
mod preview;
mod queues;
mod receive;
mod render;
mod send;
mod serve;
mod settings;
mod signals;
mod submit;
mod transcode;
mod watch;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use exit::Failure;
use output::Output;
use settings::Settings;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What renders speaks its protocol on its standard streams and starts no runtime.
    match &arguments.command {
        Command::RenderChild(child) => return render::run(child),
        Command::RenderHost(host) => return render::host(host),
        _ => {}
    }
    start_log(&arguments);
    let output = Output::new(arguments.json);
    match run(arguments, &output) {
        Ok(code) => code,
        Err(failure) => {
            if output.is_json() {
                let error = serde_json::json!({
                    "error": { "code": failure.code, "message": failure.message }
                });
                output.result(&error, "");
            } else {
                eprintln!("faxmill: {failure}");
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let settings = Settings {
        config: arguments.config,
        data: arguments.data,
        log: arguments.log,
        log_json: arguments.log_json,
    };
    match arguments.command {
        Command::Convert(args) => convert::run(&args, &settings, output),
        Command::Transcode(args) => transcode::run(&args, &settings, output),
        Command::Send(args) => send::run(&args, &settings, output),
        Command::Receive(args) => receive::run(&args, &settings, output),
        Command::Submit(what) => submit::run(what, &settings, output),
        Command::Status(args) => jobs::status(&args, &settings, output),
        Command::Preview(args) => preview::run(&args, &settings, output),
        Command::Watch(args) => watch::run(&args, &settings, output),
        Command::Jobs(args) => jobs::list(&args, &settings, output),
        Command::Queues => queues::run(&settings, output),
        Command::DeadLetters(what) => dead_letters::run(&what, &settings, output),
        Command::Cancel(args) => jobs::cancel(&args, &settings, output),
        Command::Release(args) => jobs::release(&args, &settings, output),
        Command::Resolve(args) => jobs::resolve(&args, &settings, output),
        Command::Pause(args) => pause::pause(&args, &settings, output),
        Command::Resume(args) => pause::resume(&args, &settings, output),
        Command::Pauses => pause::list(&settings, output),
        Command::Artifacts(command) => artifacts::run(&command, &settings, output),
        Command::Serve(args) => serve::run(&args, &settings, output),
        Command::Worker(args) => worker::run(&args, &settings),
        Command::Demo(args) => demo::run(&args, output),
        Command::CheckConfig => check_config::run(&settings, output),
        Command::Completions { shell } => {
            arguments::completions(shell);
            Ok(ExitCode::SUCCESS)
        }
        Command::RenderChild(child) => Ok(render::run(&child)),
        Command::RenderHost(host) => Ok(render::host(&host)),
    }
}

/// Runs a command's asynchronous part.
pub(crate) fn block_on<F: Future>(work: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::Exit::Internal, "runtime", error.to_string()))?;
    Ok(runtime.block_on(work))
}

fn start_log(arguments: &Arguments) {
    use tracing_subscriber::EnvFilter;
    // The SIP stack logs whole messages at `info`, with numbers and the answers to challenges in
    // them: it speaks up only where the filter names it.
    let filter = format!("rsipstack=warn,{}", arguments.log);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        eprintln!("faxmill: the log filter is not valid ({error}); using warn");
        EnvFilter::new("warn")
    });
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if arguments.log_json {
        builder.json().init();
    } else {
        builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .init();
    }
}
