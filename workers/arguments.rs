//! What is typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use faxmill::convert::PreviewTarget;
use faxmill::header::{
    HeaderFormat, HeaderName, HeaderNumber, HeaderOptions, HeaderPages, ZoneName,
};
use faxmill::pipeline::Role;
use faxmill::store::PauseScope;
use faxmill::units::{FaxNumber, PageFit, Resolution, ToneMode};

use crate::artifacts::ArtifactsCommand;
use crate::cover::CoverArgs;

/// Turns documents into delivered faxes and voicemail recordings into MP3.
#[derive(Debug, Parser)]
#[command(
    name = "faxmill",
    version,
    max_term_width = 100,
    propagate_version = true
)]
#[command(
    after_help = "Exit codes: 0 done · 1 not delivered or not ready · 2 wrong command line · \
    65 input refused · 66 input unreadable · 69 unavailable · 70 internal fault · \
    73 output not writable · 74 storage failed · 75 in use by another process · \
    78 configuration not valid · 130 interrupted"
)]
pub(crate) struct Arguments {
    /// Configuration file (TOML); without one every setting has its default.
    #[arg(long, global = true, env = "FAXMILL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of jobs and artifacts; goes before the configuration's.
    #[arg(long, global = true, env = "FAXMILL_DATA", value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Print results as JSON lines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to log, as in `info` or `faxmill=debug,warn`.
    #[arg(
        long,
        global = true,
        env = "FAXMILL_LOG",
        default_value = "warn",
        value_name = "FILTER"
    )]
    pub(crate) log: String,
    /// Log as JSON lines.
    #[arg(long, global = true)]
    pub(crate) log_json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Convert a PDF or TIFF to a fax TIFF.
    Convert(ConvertArgs),
    /// Turn a recording into MP3.
    Transcode(TranscodeArgs),
    /// Send a document in one call, without a queue.
    Send(SendArgs),
    /// Answer calls and keep the faxes they bring.
    Receive(ReceiveArgs),
    /// Enqueue a job.
    #[command(subcommand)]
    Submit(SubmitCommand),
    /// Show one job with its attempts.
    Status(JobArgs),
    /// Show the pages of a fax job as they went out, or as they would now.
    Preview(PreviewArgs),
    /// Follow jobs to their end.
    Watch(WatchArgs),
    /// List jobs, newest first.
    Jobs(JobsArgs),
    /// Show what waits in each queue.
    Queues,
    /// Look after messages that nobody could work on.
    #[command(subcommand)]
    DeadLetters(crate::dead_letters::DeadLettersCommand),
    /// Cancel a job.
    Cancel(JobArgs),
    /// Let a held fax go out.
    Release(JobArgs),
    /// Decide an indeterminate fax: the call was answered and then its worker was lost.
    Resolve(ResolveArgs),
    /// Hold work back: nothing new is begun of a stage or a tenant.
    Pause(PauseArgs),
    /// Let work go on that was held back.
    Resume(ResumeArgs),
    /// Show what is held back.
    Pauses,
    /// Links to artifacts, and whether their place can be used.
    #[command(subcommand)]
    Artifacts(ArtifactsCommand),
    /// Run every role on this machine.
    Serve(ServeArgs),
    /// Run one role.
    Worker(WorkerArgs),
    /// Send sample documents over loopback and transcode sample recordings, showing every step.
    Demo(DemoArgs),
    /// Check the configuration and print what it means.
    CheckConfig,
    /// Print a completion script.
    Completions {
        /// The shell to complete for.
        shell: clap_complete::Shell,
    },
    #[command(hide = true)]
    RenderChild(crate::render::RenderArgs),
    #[command(hide = true)]
    RenderHost(crate::render::HostArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// PDF or TIFF to convert.
    pub(crate) input: PathBuf,
    /// Fax TIFF to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Vertical density: standard, fine or superfine.
    #[arg(short, long, default_value_t)]
    pub(crate) resolution: Resolution,
    /// How shades become black and white: auto, text, photo or scan.
    #[arg(short, long, default_value_t)]
    pub(crate) mode: ToneMode,
    #[command(flatten)]
    pub(crate) fit: PageFitArgs,
    #[command(flatten)]
    pub(crate) cover: CoverArgs,
    /// Show the pages as they will be printed: a .pdf or .tiff file, a folder for one PNG a page,
    /// or numbered files such as page-%d.png.
    #[arg(short, long, value_name = "FILE|FOLDER")]
    pub(crate) preview: Option<PreviewTarget>,
    /// Tell how long the pages will be on the line and what of them a fax loses.
    #[arg(long)]
    pub(crate) report: bool,
    /// Preview and report with the header line of a call: on all pages, on the first, or none.
    ///
    /// The fax TIFF itself has none: the header is stamped when a call is made. Any of the options
    /// below asks for it too, on the pages that the configuration says.
    #[arg(long, value_name = "PAGES", num_args = 0..=1, require_equals = true,
          default_missing_value = "all")]
    pub(crate) header: Option<HeaderPages>,
    #[command(flatten)]
    pub(crate) line: HeaderLineArgs,
    /// Identity that the header tells.
    #[arg(long)]
    pub(crate) ident: Option<String>,
    /// Number called, as the header tells it.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to: Option<FaxNumber>,
    /// Moment that the header tells, as in 2026-03-01T14:00:00Z; now, if not given.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<jiff::Timestamp>,
}

/// What the header line is to be, where it differs from the configuration's.
#[derive(Debug, Args)]
pub(crate) struct HeaderLineArgs {
    /// What stands in the header line, such as "{date} {time}  {ident}  {page}/{pages}".
    #[arg(id = "header-format", long = "header-format", value_name = "FORMAT")]
    pub(crate) format: Option<HeaderFormat>,
    /// Time zone of the header, such as Europe/Berlin.
    #[arg(
        id = "header-time-zone",
        long = "header-time-zone",
        value_name = "ZONE"
    )]
    pub(crate) time_zone: Option<ZoneName>,
    /// Sender's name in the header.
    #[arg(id = "header-name", long = "header-name", value_name = "NAME")]
    pub(crate) name: Option<HeaderName>,
    /// Sender's number in the header.
    #[arg(id = "header-number", long = "header-number", value_name = "NUMBER")]
    pub(crate) number: Option<HeaderNumber>,
}

impl HeaderLineArgs {
    pub(crate) fn options(&self, pages: Option<HeaderPages>) -> HeaderOptions {
        HeaderOptions {
            pages,
            format: self.format.clone(),
            time_zone: self.time_zone.clone(),
            name: self.name.clone(),
            number: self.number.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    /// The job's id.
    pub(crate) job: String,
    /// What to write: a .pdf or .tiff file, a folder for one PNG a page, or files such as
    /// page-%d.png.
    #[arg(short, long, value_name = "FILE|FOLDER")]
    pub(crate) output: PreviewTarget,
    /// Show every page as this call was to send it, 1 being the first call.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempt: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct PageFitArgs {
    /// Keep pages in true size and cut off what lies over the scan line, instead of shrinking.
    #[arg(long, conflicts_with = "long_page")]
    crop: bool,
    /// Let pages longer than a sheet (banners, receipts) run along the paper, instead of shrinking.
    #[arg(long)]
    long_page: bool,
}

impl PageFitArgs {
    pub(crate) fn page_fit(&self) -> PageFit {
        match (self.crop, self.long_page) {
            (true, _) => PageFit::Crop,
            (false, true) => PageFit::LongPage,
            (false, false) => PageFit::Fit,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct TranscodeArgs {
    /// Recording to transcode.
    pub(crate) input: PathBuf,
    /// MP3 to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) about: RecordingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RecordingArgs {
    /// Type of headerless data, such as gsm, ulaw or alaw.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) declared_type: Option<String>,
    /// Who spoke.
    #[arg(long)]
    pub(crate) caller: Option<String>,
    /// Whose mailbox it is.
    #[arg(long)]
    pub(crate) mailbox: Option<String>,
    /// When it was recorded, as in 2026-03-01T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) recorded_at: Option<jiff::Timestamp>,
    /// The recording system's name for the message.
    #[arg(long)]
    pub(crate) message_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// PDF or TIFF to send.
    pub(crate) input: PathBuf,
    /// SIP URI to call, such as sip:100@127.0.0.1:5070.
    #[arg(long, value_name = "URI")]
    pub(crate) to: String,
    /// Our identity, told to the far end.
    #[arg(long)]
    pub(crate) ident: Option<String>,
    /// Pages that have the header line: all, first or none.
    #[arg(long, value_name = "PAGES")]
    pub(crate) header: Option<HeaderPages>,
    #[command(flatten)]
    pub(crate) line: HeaderLineArgs,
    /// Vertical density: standard, fine or superfine.
    #[arg(short, long, default_value_t)]
    pub(crate) resolution: Resolution,
    /// How shades become black and white: auto, text, photo or scan.
    #[arg(short, long, default_value_t)]
    pub(crate) mode: ToneMode,
    #[command(flatten)]
    pub(crate) fit: PageFitArgs,
    #[command(flatten)]
    pub(crate) cover: CoverArgs,
    /// Local SIP address.
    #[arg(long, default_value = "0.0.0.0:0", value_name = "ADDRESS")]
    pub(crate) bind: SocketAddr,
    /// First page to send.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) first_page: u32,
    /// Send without error correction.
    #[arg(long)]
    pub(crate) no_ecm: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiveArgs {
    /// Local SIP address.
    #[arg(long, default_value = "0.0.0.0:5060", value_name = "ADDRESS")]
    pub(crate) bind: SocketAddr,
    /// Folder for received faxes; created if missing.
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Our identity, told to the far end.
    #[arg(long)]
    pub(crate) ident: Option<String>,
    /// End after the first call.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SubmitCommand {
    /// Enqueue a document to be sent by fax.
    Fax(Box<SubmitFaxArgs>),
    /// Enqueue a recording to be turned into MP3.
    Voicemail(Box<SubmitVoicemailArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct SubmitFaxArgs {
    /// PDF or TIFF to send.
    pub(crate) file: PathBuf,
    /// Fax number to dial.
    #[arg(long)]
    pub(crate) number: FaxNumber,
    /// SIP URI to call instead of the trunk's.
    #[arg(long, value_name = "URI")]
    pub(crate) uri: Option<String>,
    /// Vertical density: standard, fine or superfine.
    #[arg(short, long, default_value_t)]
    pub(crate) resolution: Resolution,
    /// How shades become black and white: auto, text, photo or scan.
    #[arg(short, long, default_value_t)]
    pub(crate) mode: ToneMode,
    #[command(flatten)]
    pub(crate) fit: PageFitArgs,
    #[command(flatten)]
    pub(crate) cover: CoverArgs,
    /// Our identity, told to the far end.
    #[arg(long)]
    pub(crate) ident: Option<String>,
    /// Pages that have the header line: all, first or none.
    #[arg(long, value_name = "PAGES")]
    pub(crate) header: Option<HeaderPages>,
    #[command(flatten)]
    pub(crate) line: HeaderLineArgs,
    /// Not to be dialed before this moment, as in 2026-03-01T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<jiff::Timestamp>,
    /// Seconds until the job expires.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) deadline: Option<u64>,
    /// Keep the converted fax until `faxmill release`.
    #[arg(long)]
    pub(crate) hold: bool,
    /// Most dials in all.
    #[arg(long, value_name = "N")]
    pub(crate) dials_max: Option<u32>,
    /// What follows when a worker is lost after the call was answered.
    #[arg(long, value_enum, default_value = "hold")]
    pub(crate) on_indeterminate: OnIndeterminateArg,
    #[command(flatten)]
    pub(crate) common: SubmitCommon,
}

#[derive(Debug, Args)]
pub(crate) struct SubmitVoicemailArgs {
    /// Recording to transcode.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) about: RecordingArgs,
    /// Seconds until the job expires.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) deadline: Option<u64>,
    #[command(flatten)]
    pub(crate) common: SubmitCommon,
}

#[derive(Debug, Args)]
pub(crate) struct SubmitCommon {
    /// A key of your own: the same key and job again returns the first job instead of a second.
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Whose job it is: what is listed, paused and counted together.
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,
    /// Follow the job to its end.
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnIndeterminateArg {
    /// Wait for a person.
    Hold,
    /// Send again from the first unconfirmed page, at the risk of sending it twice.
    Retry,
}

#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// The job's id.
    pub(crate) job: String,
}

#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    /// The job's id.
    pub(crate) job: String,
    /// What became of the fax.
    #[arg(long = "as", value_enum)]
    pub(crate) verdict: VerdictArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerdictArg {
    /// Send again from the first unconfirmed page.
    Retry,
    /// It arrived, as somebody made sure.
    Delivered,
    /// It did not arrive and is not sent again.
    Failed,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The jobs' ids; without any, every job that is under way.
    pub(crate) jobs: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct JobsArgs {
    /// Only jobs in this status.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// Most jobs to list.
    #[arg(long, default_value_t = 50, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Only jobs older than this one: where the list before ended.
    #[arg(long, value_name = "JOB")]
    pub(crate) after: Option<String>,
    /// Only jobs of this tenant.
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<String>,
    /// Only jobs that wait for a worker, or are in one's hands, and have not changed for so many
    /// minutes.
    #[arg(long, value_name = "MINUTES", num_args = 0..=1, require_equals = true,
          default_missing_value = "15")]
    pub(crate) stuck: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// convert, transmit, transcode, or tenant:NAME.
    pub(crate) scope: PauseScope,
    /// Why, for whoever wonders later.
    #[arg(long, default_value = "", value_name = "WORDS")]
    pub(crate) why: String,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// convert, transmit, transcode, or tenant:NAME.
    pub(crate) scope: PauseScope,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Roles to run instead of all.
    #[arg(long, value_delimiter = ',', value_name = "ROLES")]
    pub(crate) roles: Vec<Role>,
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// convert, transmit, receive, transcode or relay.
    pub(crate) role: Role,
    /// Jobs worked on at a time; goes before the configuration's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: Option<u16>,
    /// Serve /livez, /readyz and /metrics at this address; goes before the configuration's.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) telemetry: Option<SocketAddr>,
    #[arg(long, hide = true)]
    pub(crate) supervised: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder for everything the demo makes; emptied first if an earlier demo made it.
    #[arg(short, long, default_value = "faxmill-demo", value_name = "FOLDER")]
    pub(crate) out: PathBuf,
}

pub(crate) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(
        shell,
        &mut Arguments::command(),
        "faxmill",
        &mut std::io::stdout().lock(),
    );
}
