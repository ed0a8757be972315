//! Every role as a child process, so that a crash inside a C library takes one role down and not
//! the service.
//!
//! A child's standard input is a pipe that the supervisor holds: when it closes, be it because the
//! service drains or because the supervisor was killed, the child drains and ends. Nothing has to
//! find the children of a dead supervisor.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Role;

/// How the children are started.
#[derive(Clone, Debug)]
pub struct Supervisor {
    /// The program: this very binary, unless a test says otherwise.
    pub program: PathBuf,
    /// Arguments in front of `worker ROLE`.
    pub arguments: Vec<String>,
    /// The roles to run.
    pub roles: Vec<Role>,
    /// How long children may take to drain before they are killed.
    pub drain: Duration,
}

/// What the supervisor tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildEvent {
    /// A role works; the receive role says where it listens.
    Ready {
        /// The role.
        role: Role,
        /// Process id of the child.
        pid: u32,
        /// What the child added to its line.
        detail: String,
    },
    /// A role ended and will be started again.
    Died {
        /// The role.
        role: Role,
        /// How it ended.
        how: String,
        /// Time until the next start.
        next: Duration,
    },
}

/// The line with which a worker tells its supervisor that it works.
pub const READY: &str = "ready";

const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// A child that lived this long earned a fresh start.
const STABLE: Duration = Duration::from_secs(30);

impl Supervisor {
    /// Keeps every role running until `drain` is cancelled, then lets them finish.
    ///
    /// Returns when every child has ended. `events` may be dropped by its reader.
    pub async fn run(self, drain: CancellationToken, events: mpsc::UnboundedSender<ChildEvent>) {
        let mut roles = tokio::task::JoinSet::new();
        for role in &self.roles {
            roles.spawn(
                self.clone()
                    .keep_running(*role, drain.clone(), events.clone()),
            );
        }
        drop(events);
        while let Some(ended) = roles.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the supervision of a role ended unexpectedly");
            }
        }
    }

    async fn keep_running(
        self,
        role: Role,
        drain: CancellationToken,
        events: mpsc::UnboundedSender<ChildEvent>,
    ) {
        let mut backoff = BACKOFF_MIN;
        while !drain.is_cancelled() {
            let started = Instant::now();
            let how = match self.start(role) {
                Ok(child) => self.watch(role, child, &drain, &events).await,
                Err(error) => format!("it could not be started: {error}"),
            };
            if drain.is_cancelled() {
                tracing::info!(%role, how, "drained");
                return;
            }
            backoff = if started.elapsed() > STABLE {
                BACKOFF_MIN
            } else {
                backoff
            };
            tracing::warn!(%role, how, next_ms = backoff.as_millis() as u64, "a role ended");
            send(
                &events,
                ChildEvent::Died {
                    role,
                    how,
                    next: backoff,
                },
            );
            tokio::select! {
                () = tokio::time::sleep(backoff) => {}
                () = drain.cancelled() => {}
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    fn start(&self, role: Role) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .args(["worker", role.name(), "--supervised"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    /// Follows a child to its end and says how it ended.
    async fn watch(
        &self,
        role: Role,
        mut child: Child,
        drain: &CancellationToken,
        events: &mpsc::UnboundedSender<ChildEvent>,
    ) -> String {
        let pid = child.id().unwrap_or_default();
        let mut lifeline = child.stdin.take();
        let mut lines = child.stdout.take().map(|out| BufReader::new(out).lines());
        let mut killed_at = None;
        loop {
            tokio::select! {
                status = child.wait() => {
                    return match status {
                        Ok(status) => status.to_string(),
                        Err(error) => format!("its end could not be read: {error}"),
                    };
                }
                line = next_line(&mut lines) => {
                    if let Some(detail) = line.strip_prefix(READY) {
                        let detail = detail.trim().to_owned();
                        send(events, ChildEvent::Ready { role, pid, detail });
                    }
                }
                () = drain.cancelled(), if lifeline.is_some() => {
                    lifeline = None;
                    killed_at = Some(Instant::now() + self.drain);
                }
                () = at(killed_at) => {
                    tracing::warn!(%role, "did not drain in time and is killed");
                    killed_at = None;
                    if let Err(error) = child.start_kill() {
                        tracing::error!(%role, %error, "could not be killed");
                    }
                }
            }
        }
    }
}

type Lines = tokio::io::Lines<BufReader<tokio::process::ChildStdout>>;

async fn next_line(lines: &mut Option<Lines>) -> String {
    if let Some(open) = lines
        && let Ok(Some(line)) = open.next_line().await
    {
        return line;
    }
    *lines = None;
    std::future::pending().await
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn send(events: &mpsc::UnboundedSender<ChildEvent>, event: ChildEvent) {
    if events.send(event).is_err() {
        tracing::debug!("nobody follows the supervisor's events");
    }
}
