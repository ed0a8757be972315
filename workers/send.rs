//! `faxmill send`: one document, one call, no queue.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use faxmill::config::Config;
use faxmill::convert::{ConvertOptions, OutgoingPages, Renderer, convert_file, write_outgoing};
use faxmill::header::{Header, Sender};
use faxmill::pipeline::{credentials_for, now};
use faxmill::sip::{
    Agent, AgentConfig, CallObserver, CallOutcome, ObserverRefused, OutgoingFax, SipUri,
};
use faxmill::t30;
use faxmill::units::FaxNumber;

use crate::arguments::SendArgs;
use crate::convert::{failure, header_failure, name, show};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Progress};
use crate::settings::Settings;
use crate::{call, signals};

pub(crate) fn run(
    args: &SendArgs,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let config = settings.load()?;
    let target: SipUri = args
        .to
        .parse()
        .map_err(|error| Failure::new(Exit::Refused, "sip-uri", format!("--to: {error}")))?;
    let header = header(args, &config, &target)?;
    let files = Files::temporary()?;
    let to = target
        .user()
        .and_then(|user| user.parse::<FaxNumber>().ok());
    let pages = convert(args, &config, to.as_ref(), &files.fax, output)?;
    if args.first_page > pages {
        let message = format!(
            "--first-page {}: the document has {pages} pages",
            args.first_page
        );
        return Err(Failure::new(Exit::Refused, "first-page", message));
    }
    let text = header
        .as_ref()
        .map(|header| header.line(args.first_page, pages, usize::MAX));
    OutgoingPages::open(&files.fax, header, pages, &config.limits)
        .and_then(|pages| write_outgoing(pages, &files.sent))
        .map_err(|error| failure(&error))?;
    let credentials = credentials_for(&config, &target);
    let mut fax = OutgoingFax::new(target, &files.sent);
    fax.credentials = credentials;
    fax.first_page = args.first_page - 1;
    fax.ident = args.ident.clone().unwrap_or(config.line.ident);
    fax.ecm = if args.no_ecm {
        t30::Ecm::Off
    } else {
        t30::Ecm::On
    };
    fax.limits = config.limits;
    let outcome = crate::block_on(send(args, fax, pages, output))??;
    let words = call::sentence(&outcome);
    let mut value = call::json(&outcome);
    value["header"] = text.into();
    output.result(&value, &words);
    Ok(if outcome.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Exit::NotDone as u8)
    })
}

/// The header line of this call; what follows the `sip:` is taken as the number called.
fn header(args: &SendArgs, config: &Config, target: &SipUri) -> Result<Option<Header>, Failure> {
    let sender = Sender {
        header: &config.header,
        line_ident: &config.line.ident,
        job_ident: args.ident.as_deref(),
    };
    let options = args.line.options(args.header);
    options
        .header(sender, target.user().unwrap_or_default(), now())
        .map_err(|error| header_failure(&error))
}

fn convert(
    args: &SendArgs,
    config: &Config,
    to: Option<&FaxNumber>,
    target: &Path,
    output: &Output,
) -> Result<u32, Failure> {
    let mut options = ConvertOptions::new(Renderer::find().map_err(|error| failure(&error))?);
    options.resolution = args.resolution;
    options.mode = args.mode;
    options.fit = args.fit.page_fit();
    options.cover = args.cover.cover(config, to, args.ident.as_deref())?;
    options.limits = config.limits.clone();
    let mut progress = output.progress(&name(&args.input));
    let report = convert_file(
        &args.input,
        target,
        &options,
        &mut |step| show(&mut progress, step),
        &AtomicBool::new(false),
    )
    .map_err(|error| failure(&error))?;
    progress.finish(&format!("{} pages ready", report.pages.len()));
    Ok(report.pages.len() as u32)
}

async fn send(
    args: &SendArgs,
    fax: OutgoingFax,
    pages: u32,
    output: &Output,
) -> Result<CallOutcome, Failure> {
    let agent = Agent::start(AgentConfig::new(args.bind))
        .await
        .map_err(|error| Failure::new(Exit::Unavailable, error.code(), error.to_string()))?;
    let drain = signals::drain_token(false)
        .map_err(|error| Failure::new(Exit::Internal, "signals", error.to_string()))?;
    let first = fax.first_page;
    let mut shown = Shown {
        progress: output.progress(&args.to),
        first,
        pages,
    };
    shown.progress.update("dialing", 0, None);
    let outcome = agent.send_fax(fax, &mut shown, drain).await;
    shown.progress.finish(
        outcome
            .reason
            .map_or("delivered", faxmill::job::Reason::code),
    );
    agent.shutdown().await;
    Ok(outcome)
}

/// Shows a call's progress.
struct Shown {
    progress: Progress,
    first: u32,
    pages: u32,
}

#[async_trait]
impl CallObserver for Shown {
    async fn ringing(&mut self) {
        self.progress.update("ringing", 0, None);
    }

    async fn answered(&mut self) -> Result<(), ObserverRefused> {
        self.progress.update("answered, negotiating", 0, None);
        Ok(())
    }

    async fn negotiated(&mut self, negotiated: &t30::Negotiated) {
        let what = format!("pages at {} bit/s", negotiated.bit_rate);
        self.progress
            .update(&what, self.first.into(), Some(self.pages.into()));
    }

    async fn page_confirmed(&mut self, page: &t30::PageResult) {
        self.progress.update(
            "pages confirmed",
            u64::from(page.index) + 1,
            Some(self.pages.into()),
        );
    }
}

/// The fax, converted and as it is sent, for as long as the call lasts, in a folder for this user
/// alone.
struct Files {
    folder: PathBuf,
    fax: PathBuf,
    sent: PathBuf,
}

impl Files {
    fn temporary() -> Result<Self, Failure> {
        let name = format!("faxmill-send-{}", uuid::Uuid::now_v7().simple());
        let folder = std::env::temp_dir().join(name);
        let made = DirBuilder::new().mode(0o700).create(&folder);
        made.map_err(|error| {
            let message = format!("{}: {error}", folder.display());
            Failure::new(Exit::NoOutput, "write-failed", message)
        })?;
        let (fax, sent) = (folder.join("fax.tiff"), folder.join("sent.tiff"));
        Ok(Self { folder, fax, sent })
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(path = %self.folder.display(), %error, "temporary files were left");
        }
    }
}
