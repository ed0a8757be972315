//! A bell between processes on one machine: a byte to a socket.
//!
//! Every listener binds a datagram socket in a shared folder, named for what it listens to; ringing
//! sends one byte to each.

use std::any::Any;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::store::sql::bell::Rope;

/// How the names of listeners' sockets end.
const SOCKET: &str = ".sock";

/// A folder of sockets.
pub(super) struct FolderRope {
    /// Kept open: sockets are addressed through it, so that the folder's path may be longer than
    /// the 107 bytes that a socket's address holds.
    folder: File,
    path: PathBuf,
    sender: UnixDatagram,
}

impl FolderRope {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
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
}

impl Rope for FolderRope {
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

    fn listen(
        &self,
        topic: &str,
        rings: watch::Sender<()>,
    ) -> io::Result<Box<dyn Any + Send + Sync>> {
        let name = format!("{topic}.{}{SOCKET}", Uuid::now_v7().simple());
        let socket = UnixDatagram::bind(self.address(&name))?;
        socket.set_nonblocking(true)?;
        let socket = tokio::net::UnixDatagram::from_std(socket)?;
        let task = tokio::spawn(async move {
            let mut byte = [0; 1];
            while socket.recv(&mut byte).await.is_ok() {
                rings.send_replace(());
            }
        });
        Ok(Box::new(Strand {
            file: self.path.join(name),
            task: task.abort_handle(),
        }))
    }
}

/// A listener's socket and what reads it.
struct Strand {
    file: PathBuf,
    task: AbortHandle,
}

impl Drop for Strand {
    fn drop(&mut self) {
        self.task.abort();
        let _gone_already = fs::remove_file(&self.file);
    }
}
