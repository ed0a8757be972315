//! The configuration file: what is typed (`raw`), and what it means (`Config`).
//!
//! A configuration is checked as a whole before anything is bound, opened or dialed; an error
//! names the field and what to write instead.

mod artifacts;
mod error;
mod header;
mod queue;
mod raw;
mod secret;
mod store;
mod trunk;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::ConfigError;
pub use queue::Broker;
pub use secret::Secret;
pub use store::{PostgresAddress, StoreBackend};
pub use trunk::{Credentials, Trunk};

use crate::artifact::options::BucketOptions;
use crate::header::HeaderOptions;
use crate::limits::Limits;

/// Everything a worker needs to know, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where jobs, artifacts and scratch files live.
    pub data_folder: PathBuf,
    /// Where jobs are kept.
    pub store: StoreBackend,
    /// The bucket of artifacts; without one they are in the data folder.
    pub bucket: Option<Box<BucketOptions>>,
    /// Where calls go out.
    pub trunk: Option<Trunk>,
    /// How calls are made and taken.
    pub line: Line,
    /// The header line of faxes that do not say otherwise.
    pub header: HeaderOptions,
    /// Templates and logos of cover pages, by name.
    pub cover: CoverFiles,
    /// Taking faxes, when it is switched on.
    pub receive: Option<Receive>,
    /// The message broker, if wake-ups are not queued in the job store's database.
    pub queue: Option<Broker>,
    /// How many jobs each role works on at a time.
    pub concurrency: Concurrency,
    /// How jobs are leased and watched.
    pub timing: Timing,
    /// Where the convert role serves probes and metrics; each further role at the next port.
    pub telemetry: Option<SocketAddr>,
    /// Bounds on documents, recordings and calls.
    pub limits: Limits,
}

/// How calls are made.
#[derive(Clone, Debug)]
pub struct Line {
    /// Local SIP address of the transmit role.
    pub bind: SocketAddr,
    /// The identity (TSI/CSI) told to the far end: up to 20 characters.
    pub ident: String,
}

/// Files for cover pages that jobs may name.
#[derive(Clone, Debug, Default)]
pub struct CoverFiles {
    /// Templates.
    pub templates: BTreeMap<String, PathBuf>,
    /// Logos, PNG or JPEG.
    pub logos: BTreeMap<String, PathBuf>,
}

/// How calls are taken.
#[derive(Clone, Debug)]
pub struct Receive {
    /// Local SIP address of the receive role.
    pub bind: SocketAddr,
    /// Most calls taken at a time; further ones are answered 486.
    pub calls_max: usize,
}

/// Jobs worked on at a time, in one worker process of each role.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// Documents converted at a time.
    pub convert: usize,
    /// Calls made at a time.
    pub transmit: usize,
    /// Recordings transcoded at a time.
    pub transcode: usize,
}

/// How jobs are leased and watched.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// A worker that does not renew its lease for this long has lost its job.
    pub lease: Duration,
    /// How often expired leases, due retries and passed deadlines are looked for.
    pub sweep: Duration,
    /// How long a draining worker may take to finish what it has.
    pub drain: Duration,
}

impl Config {
    /// Reads and checks a configuration file; without one, the defaults in `data_folder`.
    pub fn load(file: Option<&Path>, data_folder: Option<&Path>) -> Result<Self, ConfigError> {
        let raw = match file {
            Some(file) => {
                let text =
                    std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
                        file: file.to_owned(),
                        source,
                    })?;
                raw::RawConfig::parse(&text).map_err(|source| ConfigError::Syntax {
                    file: file.to_owned(),
                    source,
                })?
            }
            None => raw::RawConfig::default(),
        };
        raw.check(data_folder)
    }

    /// The configuration as a file would state it, secrets left out.
    pub fn to_toml(&self) -> String {
        raw::RawConfig::of(self).to_text()
    }

    /// The job store's database file.
    pub fn database(&self) -> PathBuf {
        self.data_folder.join("jobs.sqlite")
    }

    /// The artifact folder, where there is no bucket.
    pub fn artifacts(&self) -> PathBuf {
        self.data_folder.join("artifacts")
    }

    /// The folder for files that live as long as one stage of one job.
    pub fn scratch(&self) -> PathBuf {
        self.data_folder.join("scratch")
    }

    /// The folder for sockets and locks.
    pub fn run(&self) -> PathBuf {
        self.data_folder.join("run")
    }
}
