//! The life of a rendering process, seen from where its pages are wanted: whether it lives, how it
//! ended, and ending it.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// The longest pause between two looks at a process that is about to end.
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// How long a host is waited for that was told to end a process.
const HOST_PATIENCE: Duration = Duration::from_secs(5);

/// A process that renders; dropping it kills and reaps it.
#[derive(Debug)]
pub(super) struct Life {
    process: Process,
    /// How it ended, once that is known.
    status: Option<ExitStatus>,
}

#[derive(Debug)]
enum Process {
    /// A program that this process started.
    Started(Child),
    /// A copy of this process.
    Forked(Pid),
    /// A copy of a host, which tells its end on this line and ends it when the line is closed.
    Hosted(UnixStream),
}

impl Life {
    pub(super) fn started(child: Child) -> Self {
        Self::new(Process::Started(child))
    }

    pub(super) fn forked(pid: Pid) -> Self {
        Self::new(Process::Forked(pid))
    }

    pub(super) fn hosted(line: UnixStream) -> Self {
        Self::new(Process::Hosted(line))
    }

    fn new(process: Process) -> Self {
        Self {
            process,
            status: None,
        }
    }

    /// How the process ended, when it does so within `patience`.
    pub(super) fn wait_for(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = match &mut self.process {
                Process::Started(child) => child.try_wait()?,
                Process::Forked(pid) => waitpid(Some(*pid), WaitOptions::NOHANG)?
                    .map(|(_, status)| ExitStatus::from_raw(status.as_raw())),
                Process::Hosted(line) => {
                    line.set_nonblocking(true)?;
                    match read_status(line) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                        status => Some(status?),
                    }
                }
            };
        }
        Ok(self.status)
    }

    /// Kills and reaps the process, if it still lives.
    pub(super) fn end(&mut self) {
        if self.status.is_some() {
            return;
        }
        // Errors of killing and reaping would say only that it is gone already.
        match &mut self.process {
            Process::Started(child) => {
                drop(child.kill());
                self.status = child.wait().ok();
            }
            Process::Forked(pid) => {
                kill_process(*pid, Signal::KILL).unwrap_or_default();
                self.status = reap(*pid).ok();
            }
            Process::Hosted(line) => {
                drop(line.shutdown(Shutdown::Write));
                drop(line.set_nonblocking(false));
                drop(line.set_read_timeout(Some(HOST_PATIENCE)));
                self.status = read_status(line).ok();
            }
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits for the end of a child.
pub(super) fn reap(pid: Pid) -> io::Result<ExitStatus> {
    loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(ExitStatus::from_raw(status.as_raw())),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a host says of the end of one of its copies.
fn read_status(line: &mut UnixStream) -> io::Result<ExitStatus> {
    let mut status = [0; 4];
    // The host writes all four bytes at once.
    line.read_exact(&mut status)?;
    Ok(ExitStatus::from_raw(i32::from_le_bytes(status)))
}
