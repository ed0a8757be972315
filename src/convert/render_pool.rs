//! Where rendering processes come from.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::pipe::fcntl_setpipe_size;
use rustix::process::getpid;

use super::child::Renderer;
use super::fork::{Side, fork_alone};
use super::process_life::Life;
use super::render_child::RenderSettings;
use super::render_host::render_when_asked;
use super::request;

/// The sub-command of the program that renders one document.
pub const RENDER_COMMAND: &str = "render-child";

/// The sub-command of the program that waits for documents and has copies of itself render them.
pub const HOST_COMMAND: &str = "render-host";

/// Documents after which a host is replaced: copies of one host lie at the same addresses, which
/// one document could learn and a later one profit from.
const DOCUMENTS_PER_HOST: u32 = 200;

/// Pages that fit into a pipe let a process work ahead of its reader: two at least, most often more.
const PIPE_BYTES: usize = 1 << 20;

/// Where rendering processes come from.
///
/// However it comes to be, a process renders one document and has seen no other.
#[derive(Debug, Default)]
pub struct RenderPool {
    source: Source,
}

#[derive(Debug, Default)]
enum Source {
    /// The program is started for each document.
    #[default]
    Started,
    /// A copy of this process waits for the first document.
    Forked(Mutex<Option<Forked>>),
    /// A host has a copy of itself render each document.
    Hosted(Mutex<Hosts>),
}

/// A copy of this process that waits for a document.
#[derive(Debug)]
struct Forked {
    channel: OwnedFd,
    life: Life,
}

/// The host that is asked, and those that are asked no more.
#[derive(Debug, Default)]
struct Hosts {
    current: Option<Host>,
    retired: Vec<Child>,
}

/// A process that waits for documents.
#[derive(Debug)]
struct Host {
    channel: OwnedFd,
    process: Child,
    renderer: Renderer,
    documents: u32,
}

/// A rendering process that was just given its document.
#[derive(Debug)]
pub(super) struct Rendering {
    pub(super) life: Life,
    pub(super) pages: PipeReader,
    pub(super) complaints: PipeReader,
}

impl RenderPool {
    /// Processes that are started one by one, program and all: what works anywhere.
    pub fn of_started() -> Self {
        Self::default()
    }

    /// A copy of the calling process for the first document, made now; any other is started.
    ///
    /// For commands: it saves starting the program a second time. An error says that this process
    /// has more than one thread, which cannot be copied.
    pub fn of_this_process() -> io::Result<Self> {
        let (ours, theirs) = request::channel()?;
        let parent = getpid();
        match fork_alone()? {
            Side::Child => {
                drop(ours);
                render_when_asked(theirs, parent)
            }
            Side::Parent(pid) => Ok(Self {
                source: Source::Forked(Mutex::new(Some(Forked {
                    channel: ours,
                    life: Life::forked(pid),
                }))),
            }),
        }
    }

    /// Copies of a host, which is started when it is first needed, or [warmed](Self::warm).
    ///
    /// For workers: a document costs a fork, and the program's start and the library's are hidden.
    pub fn of_a_host() -> Self {
        Self {
            source: Source::Hosted(Mutex::default()),
        }
    }

    /// Starts the host of a pool that has one, so that it is ready when a document comes.
    pub fn warm(&self, renderer: &Renderer) -> io::Result<()> {
        if let Source::Hosted(hosts) = &self.source {
            let mut hosts = hosts.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.current(renderer)?;
        }
        Ok(())
    }

    /// Has a document rendered by a process of its own.
    pub(super) fn render(
        &self,
        renderer: &Renderer,
        settings: &RenderSettings,
        document: &File,
    ) -> io::Result<Rendering> {
        let (pages, pages_end) = io::pipe()?;
        let (complaints, complaints_end) = io::pipe()?;
        // Where the system grants no such pipe, processes wait a little more often.
        fcntl_setpipe_size(&pages, PIPE_BYTES).unwrap_or_default();
        let life = self.life(renderer, settings, document, pages_end, complaints_end)?;
        Ok(Rendering {
            life,
            pages,
            complaints,
        })
    }

    fn life(
        &self,
        renderer: &Renderer,
        settings: &RenderSettings,
        document: &File,
        pages: PipeWriter,
        complaints: PipeWriter,
    ) -> io::Result<Life> {
        match &self.source {
            Source::Started => {}
            Source::Forked(forked) => {
                let waiting = forked.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(Forked { channel, life }) = waiting {
                    let files = [document.as_fd(), pages.as_fd(), complaints.as_fd()];
                    request::send(channel.as_fd(), settings, &files)?;
                    return Ok(life);
                }
            }
            Source::Hosted(hosts) => {
                let mut hosts = hosts.lock().unwrap_or_else(PoisonError::into_inner);
                let files = [document.as_fd(), pages.as_fd(), complaints.as_fd()];
                return hosts.fork(renderer, settings, files);
            }
        }
        start(renderer, settings, document, pages, complaints)
    }
}

/// Starts the program for one document.
fn start(
    renderer: &Renderer,
    settings: &RenderSettings,
    document: &File,
    pages: PipeWriter,
    complaints: PipeWriter,
) -> io::Result<Life> {
    command(renderer, RENDER_COMMAND)
        .arg(serde_json::to_string(settings)?)
        .stdin(Stdio::from(document.try_clone()?))
        .stdout(Stdio::from(OwnedFd::from(pages)))
        .stderr(Stdio::from(OwnedFd::from(complaints)))
        .spawn()
        .map(Life::started)
}

fn command(renderer: &Renderer, name: &str) -> Command {
    let mut command = Command::new(&renderer.program);
    command.arg0("faxmill").arg(name).env_clear();
    if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", path);
    }
    command
}

impl Host {
    fn start(renderer: &Renderer) -> io::Result<Self> {
        let (ours, theirs) = request::channel()?;
        let process = command(renderer, HOST_COMMAND)
            .arg(&renderer.pdfium.path)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self {
            channel: ours,
            process,
            renderer: renderer.clone(),
            documents: 0,
        })
    }
}

impl Hosts {
    /// The host for a renderer, and whether it was started just now.
    fn current(&mut self, renderer: &Renderer) -> io::Result<(&mut Host, bool)> {
        // One that cannot be asked about stays listed, and is waited for at the end.
        self.retired
            .retain_mut(|process| !matches!(process.try_wait(), Ok(Some(_))));
        let will_do =
            |host: &Host| host.renderer == *renderer && host.documents < DOCUMENTS_PER_HOST;
        if !self.current.as_ref().is_some_and(will_do) {
            self.retire();
        }
        Ok(match &mut self.current {
            Some(host) => (host, false),
            none => (none.insert(Host::start(renderer)?), true),
        })
    }

    /// Asks no more of the current host, which ends when its last document is rendered.
    fn retire(&mut self) {
        self.retired
            .extend(self.current.take().map(|host| host.process));
    }

    /// Has a host make a process for a document.
    fn fork(
        &mut self,
        renderer: &Renderer,
        settings: &RenderSettings,
        files: [BorrowedFd<'_>; 3],
    ) -> io::Result<Life> {
        let [document, pages, complaints] = files;
        loop {
            let (host, is_fresh) = self.current(renderer)?;
            let (ours, theirs) = UnixStream::pair()?;
            let files = [document, pages, complaints, theirs.as_fd()];
            match request::send(host.channel.as_fd(), settings, &files) {
                Ok(()) => {
                    host.documents += 1;
                    return Ok(Life::hosted(ours));
                }
                Err(error) if is_fresh => return Err(error),
                // It died since it was last asked, and is replaced once.
                Err(_) => self.retire(),
            }
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.retire();
        for process in &mut self.retired {
            // Both fail only when the process is gone and reaped already.
            drop(process.kill());
            drop(process.wait());
        }
    }
}
