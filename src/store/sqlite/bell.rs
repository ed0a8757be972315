//! Wake-ups between processes on one machine: a byte to a socket instead of a look every moment.
//!
//! Every listener binds a datagram socket in a shared folder, named for what it listens to; ringing
//! sends one byte to each. A bell is never a promise: listeners also look by themselves once a
//! second, and whatever fails here only makes them later.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use uuid::Uuid;

/// Longest time that a listener goes without looking by itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How the names of listeners' sockets end.
const SOCKET: &str = ".sock";

/// Rings for listeners in every process that shares its folder.
#[derive(Clone)]
pub struct Bell {
    rope: Option<Arc<Rope>>,
}

struct Rope {
    /// Kept open: sockets are addressed through it, so that the folder's path may be longer than
    /// the 107 bytes that a socket's address holds.
    folder: File,
    path: PathBuf,
    sender: UnixDatagram,
}

impl Bell {
    /// A bell that rings in no other place: its listeners look once a second.
    pub const fn silent() -> Self {
        Self { rope: None }
    }

    /// A bell in a folder, which is made where it does not exist.
    pub fn open(folder: &Path) -> Self {
        match Rope::new(folder) {
            Ok(rope) => Self {
                rope: Some(Arc::new(rope)),
            },
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "no wake-ups between processes");
                Self::silent()
            }
        }
    }

    /// Wakes everybody who listens to `topic`.
    pub fn ring(&self, topic: &str) {
        let Some(rope) = &self.rope else { return };
        if let Err(error) = rope.ring(topic) {
            tracing::debug!(topic, %error, "listeners could not be woken");
        }
    }

    /// Listens to `topic` from now on. Must be called in a Tokio runtime.
    pub fn listen(&self, topic: &str) -> Ear {
        let (rings, heard) = watch::channel(());
        let bound = self.rope.as_ref().and_then(|rope| match rope.bind(topic) {
            Ok((socket, file)) => Some((socket, file)),
            Err(error) => {
                tracing::warn!(topic, %error, "no wake-ups between processes");
                None
            }
        });
        let Some((socket, file)) = bound else {
            return Ear {
                heard,
                rings: Some(rings),
                file: None,
                task: None,
            };
        };
        let task = tokio::spawn(async move {
            let mut byte = [0; 1];
            while socket.recv(&mut byte).await.is_ok() {
                rings.send_replace(());
            }
        });
        Ear {
            heard,
            rings: None,
            file: Some(file),
            task: Some(task.abort_handle()),
        }
    }
}

impl Rope {
    fn new(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let sender = UnixDatagram::unbound()?;
        sender.set_nonblocking(true)?;
        Ok(Self {
            folder: File::open(path)?,
            path: path.to_owned(),
            sender,
        })
    }

    fn address(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.folder.as_raw_fd()))
    }

    fn bind(&self, topic: &str) -> io::Result<(tokio::net::UnixDatagram, PathBuf)> {
        let name = format!("{topic}.{}{SOCKET}", Uuid::now_v7().simple());
        let socket = UnixDatagram::bind(self.address(&name))?;
        socket.set_nonblocking(true)?;
        Ok((
            tokio::net::UnixDatagram::from_std(socket)?,
            self.path.join(name),
        ))
    }

    fn ring(&self, topic: &str) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            let listens = name
                .strip_prefix(topic)
                .is_some_and(|rest| rest.starts_with('.'));
            if !listens || !name.ends_with(SOCKET) {
                continue;
            }
            match self.sender.send_to(&[1], self.address(name)) {
                // Its process is gone. Names are never used twice, so nobody else is hurt.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    let _gone_already = fs::remove_file(self.path.join(name));
                }
                // A full socket has wake-ups enough; a missing one was just closed.
                Err(_) | Ok(_) => {}
            }
        }
        Ok(())
    }
}

/// Hears a bell.
pub struct Ear {
    heard: watch::Receiver<()>,
    /// Kept where nobody rings, so that waiting ends by time and not by a closed channel.
    rings: Option<watch::Sender<()>>,
    file: Option<PathBuf>,
    task: Option<AbortHandle>,
}

impl Ear {
    /// Remembers the present: [`EarMark::wait`] ends at once for a ring after it.
    pub fn mark(&self) -> EarMark {
        let mut heard = self.heard.clone();
        heard.mark_unchanged();
        EarMark { heard }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.rings = None;
        if let Some(task) = &self.task {
            task.abort();
        }
        if let Some(file) = &self.file {
            let _gone_already = fs::remove_file(file);
        }
    }
}

/// A moment from which rings count.
pub struct EarMark {
    heard: watch::Receiver<()>,
}

impl EarMark {
    /// Waits for a ring, at most `longest` and never longer than a second.
    pub async fn wait(&mut self, longest: Duration) -> Waited {
        let longest = longest.min(LOOK_EVERY);
        match timeout(longest, self.heard.changed()).await {
            Ok(Ok(())) => return Waited::Rung,
            Ok(Err(_closed)) => tokio::time::sleep(longest).await,
            Err(_elapsed) => {}
        }
        Waited::InVain
    }
}

/// How a wait for a bell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It rang.
    Rung,
    /// Time is up: look all the same.
    InVain,
}
