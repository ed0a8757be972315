//! The two processes of the demo: the far end that receives, and the service that sends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::exit::{Exit, Failure};

const START_WITHIN: Duration = Duration::from_secs(30);
const END_WITHIN: Duration = Duration::from_secs(60);

/// A child that speaks in JSON lines.
struct Peer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    what: &'static str,
}

impl Peer {
    fn start(what: &'static str, arguments: &[&str]) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Internal, "demo-process", format!("{what}: {error}"))
        };
        let mut child = Command::new(std::env::current_exe().map_err(failed)?)
            .arg("--json")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let Some(stdout) = child.stdout.take() else {
            unreachable!("standard output was asked for as a pipe");
        };
        Ok(Self {
            child,
            lines: BufReader::new(stdout).lines(),
            what,
        })
    }

    /// The next line for which `pick` finds something.
    async fn hear<T>(
        &mut self,
        within: Duration,
        pick: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let what = self.what;
        let search = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                if let Ok(value) = serde_json::from_str(&line)
                    && let Some(found) = pick(&value)
                {
                    return Some(found);
                }
            }
            None
        };
        match tokio::time::timeout(within, search).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(failure(what, "it ended too soon")),
            Err(_) => Err(failure(what, "it did not say what was expected in time")),
        }
    }

    /// Asks the child to end as SIGTERM does, and waits for it.
    async fn stop(mut self) -> Result<(), Failure> {
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id as i32)) {
            kill_process(pid, Signal::TERM).map_err(|e| failure(self.what, &e.to_string()))?;
        }
        match tokio::time::timeout(END_WITHIN, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failure(self.what, &format!("it ended with {status}"))),
            Ok(Err(error)) => Err(failure(self.what, &error.to_string())),
            Err(_) => Err(failure(self.what, "it did not end in time")),
        }
    }
}

/// `faxmill receive` as a process of its own.
pub(super) struct FarEnd {
    peer: Peer,
    address: String,
}

impl FarEnd {
    pub(super) async fn start(folder: &Path) -> Result<Self, Failure> {
        let folder = folder.display().to_string();
        let arguments = [
            "receive",
            "--bind",
            "127.0.0.1:0",
            "--out",
            &folder,
            "--ident",
            "far end",
        ];
        let mut peer = Peer::start("the far end", &arguments)?;
        let address = peer
            .hear(START_WITHIN, |line| text(line, "listening"))
            .await?;
        Ok(Self { peer, address })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The files received, by the number that was dialed, once so many faxes are complete.
    pub(super) async fn finish(
        &mut self,
        faxes: usize,
    ) -> Result<BTreeMap<String, PathBuf>, Failure> {
        let mut received = BTreeMap::new();
        while received.len() < faxes {
            let (to, file) = self
                .peer
                .hear(END_WITHIN, |line| {
                    Some((text(line, "to")?, text(line, "file")?))
                })
                .await?;
            received.insert(to, PathBuf::from(file));
        }
        Ok(received)
    }
}

/// `faxmill serve` as a process of its own.
pub(super) struct Service {
    peer: Peer,
}

impl Service {
    pub(super) async fn start(config: &Path) -> Result<Self, Failure> {
        let config = config.display().to_string();
        let mut peer = Peer::start("the service", &["--config", &config, "serve"])?;
        let serving = |line: &Value| (text(line, "event")? == "serving").then_some(());
        peer.hear(START_WITHIN, serving).await?;
        Ok(Self { peer })
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.peer.stop().await
    }
}

fn text(line: &Value, field: &str) -> Option<String> {
    line.get(field)?.as_str().map(str::to_owned)
}

fn failure(what: &str, how: &str) -> Failure {
    Failure::new(Exit::Internal, "demo-process", format!("{what}: {how}"))
}
