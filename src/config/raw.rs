//! The configuration file as it is typed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::artifacts::RawArtifacts;
use super::header::RawHeader;
use super::queue::RawQueue;
use super::store::RawStore;
use super::{
    Concurrency, Config, ConfigError, CoverFiles, Credentials, Line, Receive, Timing, Trunk,
};
use crate::limits::Limits;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConfig {
    data_folder: Option<PathBuf>,
    store: Option<RawStore>,
    artifacts: Option<RawArtifacts>,
    trunk: Option<RawTrunk>,
    line: RawLine,
    header: RawHeader,
    cover: RawCover,
    receive: Option<RawReceive>,
    queue: Option<RawQueue>,
    workers: RawWorkers,
    timing: RawTiming,
    telemetry: Option<RawTelemetry>,
    limits: Limits,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrunk {
    uri: String,
    username: Option<String>,
    #[serde(skip_serializing)]
    password: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawLine {
    bind: String,
    ident: String,
}

impl Default for RawLine {
    fn default() -> Self {
        Self {
            bind: "0.0.0.0:0".to_owned(),
            ident: "Faxmill".to_owned(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTelemetry {
    bind: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawCover {
    templates: BTreeMap<String, PathBuf>,
    logos: BTreeMap<String, PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReceive {
    bind: String,
    #[serde(default = "default_calls_max")]
    calls_max: usize,
}

fn default_calls_max() -> usize {
    50
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawWorkers {
    convert: usize,
    transmit: usize,
    transcode: usize,
}

impl Default for RawWorkers {
    fn default() -> Self {
        Self {
            convert: 2,
            transmit: 10,
            transcode: 2,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTiming {
    lease_seconds: u64,
    sweep_milliseconds: u64,
    drain_seconds: u64,
}

impl Default for RawTiming {
    fn default() -> Self {
        Self {
            lease_seconds: 30,
            sweep_milliseconds: 1000,
            drain_seconds: 600,
        }
    }
}

impl RawConfig {
    pub(super) fn parse(text: &str) -> Result<Self, Box<toml::de::Error>> {
        toml::from_str(text).map_err(Box::new)
    }

    pub(super) fn to_text(&self) -> String {
        // Strings, numbers and tables of them always have a TOML form.
        toml::to_string_pretty(self).expect("a configuration can be written as TOML")
    }

    pub(super) fn of(config: &Config) -> Self {
        Self {
            data_folder: Some(config.data_folder.clone()),
            store: RawStore::of(&config.store),
            artifacts: config.bucket.as_deref().map(RawArtifacts::of),
            trunk: config.trunk.as_ref().map(|trunk| RawTrunk {
                uri: trunk.template().to_owned(),
                username: trunk.credentials.as_ref().map(|c| c.username.clone()),
                password: None,
            }),
            line: RawLine {
                bind: config.line.bind.to_string(),
                ident: config.line.ident.clone(),
            },
            header: RawHeader::of(&config.header),
            cover: RawCover {
                templates: config.cover.templates.clone(),
                logos: config.cover.logos.clone(),
            },
            receive: config.receive.as_ref().map(|receive| RawReceive {
                bind: receive.bind.to_string(),
                calls_max: receive.calls_max,
            }),
            queue: config.queue.as_ref().map(RawQueue::of),
            workers: RawWorkers {
                convert: config.concurrency.convert,
                transmit: config.concurrency.transmit,
                transcode: config.concurrency.transcode,
            },
            timing: RawTiming {
                lease_seconds: config.timing.lease.as_secs(),
                sweep_milliseconds: config.timing.sweep.as_millis() as u64,
                drain_seconds: config.timing.drain.as_secs(),
            },
            telemetry: config.telemetry.map(|bind| RawTelemetry {
                bind: bind.to_string(),
            }),
            limits: config.limits.clone(),
        }
    }

    pub(super) fn check(self, data_folder: Option<&Path>) -> Result<Config, ConfigError> {
        let data_folder = data_folder
            .map(Path::to_owned)
            .or(self.data_folder)
            .unwrap_or_else(|| PathBuf::from("faxmill-data"));
        let data_folder = std::path::absolute(&data_folder)
            .map_err(|e| field("data_folder", format!("{}: {e}", data_folder.display())))?;
        Ok(Config {
            data_folder,
            store: self
                .store
                .map(RawStore::check)
                .transpose()?
                .unwrap_or_default(),
            bucket: self
                .artifacts
                .map(RawArtifacts::check)
                .transpose()?
                .map(Box::new),
            trunk: self.trunk.map(RawTrunk::check).transpose()?,
            line: self.line.check()?,
            header: self.header.check()?,
            cover: self.cover.check()?,
            receive: self.receive.map(RawReceive::check).transpose()?,
            queue: self.queue.map(RawQueue::check).transpose()?,
            concurrency: self.workers.check()?,
            timing: self.timing.check()?,
            telemetry: self
                .telemetry
                .map(|telemetry| address("telemetry.bind", &telemetry.bind))
                .transpose()?,
            limits: check_limits(self.limits)?,
        })
    }
}

impl RawTrunk {
    fn check(self) -> Result<Trunk, ConfigError> {
        let credentials = match (self.username, self.password) {
            (Some(username), Some(password)) => Some(Credentials { username, password }),
            (None, None) => None,
            _ => return Err(field("trunk", "username and password belong together")),
        };
        Trunk::new(&self.uri, credentials)
    }
}

impl RawLine {
    fn check(self) -> Result<Line, ConfigError> {
        let printable = self.ident.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if self.ident.len() > 20 || !printable {
            return Err(field(
                "line.ident",
                "use at most 20 printable ASCII characters",
            ));
        }
        Ok(Line {
            bind: address("line.bind", &self.bind)?,
            ident: self.ident,
        })
    }
}

impl RawCover {
    fn check(self) -> Result<CoverFiles, ConfigError> {
        Ok(CoverFiles {
            templates: files("cover.templates", self.templates)?,
            logos: files("cover.logos", self.logos)?,
        })
    }
}

/// Files by name, which must be there: a job that names one must not find out that it is not.
fn files(
    name: &'static str,
    files: BTreeMap<String, PathBuf>,
) -> Result<BTreeMap<String, PathBuf>, ConfigError> {
    let absolute = |(key, path): (String, PathBuf)| {
        let said = path.display();
        let file = std::path::absolute(&path).map_err(|e| field(name, format!("{said}: {e}")))?;
        match std::fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => Ok((key, file)),
            Ok(_) => Err(field(name, format!("{key}: {said} is not a file"))),
            Err(error) => Err(field(name, format!("{key}: {said}: {error}"))),
        }
    };
    files.into_iter().map(absolute).collect()
}

impl RawReceive {
    fn check(self) -> Result<Receive, ConfigError> {
        let calls_max = positive("receive.calls_max", self.calls_max)?;
        Ok(Receive {
            bind: address("receive.bind", &self.bind)?,
            calls_max,
        })
    }
}

impl RawWorkers {
    fn check(self) -> Result<Concurrency, ConfigError> {
        Ok(Concurrency {
            convert: positive("workers.convert", self.convert)?,
            transmit: positive("workers.transmit", self.transmit)?,
            transcode: positive("workers.transcode", self.transcode)?,
        })
    }
}

impl RawTiming {
    fn check(self) -> Result<Timing, ConfigError> {
        if !(2..=3600).contains(&self.lease_seconds) {
            return Err(field("timing.lease_seconds", "use 2 to 3600"));
        }
        if !(10..=60_000).contains(&self.sweep_milliseconds) {
            return Err(field("timing.sweep_milliseconds", "use 10 to 60000"));
        }
        if self.drain_seconds > SECONDS_MAX {
            return Err(field("timing.drain_seconds", "use at most 604800 (a week)"));
        }
        Ok(Timing {
            lease: Duration::from_secs(self.lease_seconds),
            sweep: Duration::from_millis(self.sweep_milliseconds),
            drain: Duration::from_secs(self.drain_seconds),
        })
    }
}

/// Longest time that anything may be given: a clock takes it without overflow.
const SECONDS_MAX: u64 = 7 * 24 * 3600;

fn check_limits(limits: Limits) -> Result<Limits, ConfigError> {
    let zero = [
        ("limits.document_bytes_max", limits.document_bytes_max),
        (
            "limits.document_pages_max",
            u64::from(limits.document_pages_max),
        ),
        ("limits.page_points_max", u64::from(limits.page_points_max)),
        ("limits.page_rows_max", u64::from(limits.page_rows_max)),
        ("limits.image_pixels_max", limits.image_pixels_max),
        ("limits.logo_bytes_max", limits.logo_bytes_max),
        ("limits.logo_pixels_max", limits.logo_pixels_max),
        ("limits.document_pixels_max", limits.document_pixels_max),
        (
            "limits.render_wall_seconds_max",
            limits.render_wall_seconds_max,
        ),
        ("limits.page_wall_seconds_max", limits.page_wall_seconds_max),
        (
            "limits.render_cpu_seconds_max",
            limits.render_cpu_seconds_max,
        ),
        ("limits.recording_bytes_max", limits.recording_bytes_max),
        ("limits.recording_seconds_max", limits.recording_seconds_max),
        ("limits.answer_seconds_max", limits.answer_seconds_max),
        ("limits.call_seconds_max", limits.call_seconds_max),
        ("limits.silence_seconds_max", limits.silence_seconds_max),
        (
            "limits.received_pages_max",
            u64::from(limits.received_pages_max),
        ),
        ("limits.received_bytes_max", limits.received_bytes_max),
    ]
    .into_iter()
    .find(|(_, value)| *value == 0);
    if let Some((name, _)) = zero {
        return Err(field(name, "0 would refuse everything: use 1 or more"));
    }
    let too_long = [
        (
            "limits.render_wall_seconds_max",
            limits.render_wall_seconds_max,
        ),
        ("limits.page_wall_seconds_max", limits.page_wall_seconds_max),
        (
            "limits.render_cpu_seconds_max",
            limits.render_cpu_seconds_max,
        ),
        ("limits.answer_seconds_max", limits.answer_seconds_max),
        ("limits.call_seconds_max", limits.call_seconds_max),
        ("limits.silence_seconds_max", limits.silence_seconds_max),
    ]
    .into_iter()
    .find(|(_, seconds)| *seconds > SECONDS_MAX);
    if let Some((name, _)) = too_long {
        return Err(field(name, "use at most 604800 (a week)"));
    }
    if limits.render_address_space_max < 64 << 20 {
        return Err(field(
            "limits.render_address_space_max",
            "use at least 67108864 (64 MiB)",
        ));
    }
    Ok(limits)
}

fn address(name: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        field(
            name,
            format!("\"{text}\" is not an address and port such as 0.0.0.0:5060"),
        )
    })
}

fn positive(name: &'static str, value: usize) -> Result<usize, ConfigError> {
    if (1..=10_000).contains(&value) {
        Ok(value)
    } else {
        Err(field(name, "use 1 to 10000"))
    }
}

pub(super) fn field(field: &'static str, what: impl Into<String>) -> ConfigError {
    ConfigError::Field {
        field,
        what: what.into(),
    }
}
