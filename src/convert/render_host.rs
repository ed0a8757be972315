//! A process that waits for documents: the copy of a command that has one to convert, or a host of
//! a worker, which keeps program and library loaded and has a copy of itself render each document.
//!
//! A host never reads a document, so every copy is as fresh as a process just started, at a tenth
//! of the price. It hears of the asker's end by its channel, as the copies hear of the host's end
//! by their death signal: none outlives the other.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use pdfium_render::prelude::Pdfium;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, getppid, kill_process, pidfd_open};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::error::Refusal;
use super::fork::{Side, exit_at_once, fork_alone};
use super::process_life::reap;
use super::rasterize::load_library;
use super::render_child::{die_with_parent, render_with};
use super::request::{Request, receive};

/// Hosts rendering processes until the other end of `requests` is closed and the last of them has
/// ended.
///
/// For a process of one thread that does nothing else. An error means that it cannot go on.
pub fn render_host(requests: OwnedFd, library: &Path) -> io::Result<()> {
    // A library that does not load is told to each that asks for a PDF: TIFFs need none.
    let library = load_library(library);
    let host = rustix::process::getpid();
    let mut requests = Some(requests);
    let mut running: Vec<Running> = Vec::new();
    while requests.is_some() || !running.is_empty() {
        let (is_request, concerned) = wait(requests.as_ref(), &running)?;
        // From the last, so that the places of the others stay what they are.
        for place in concerned.into_iter().rev() {
            if running[place].settle()? {
                running.swap_remove(place);
            }
        }
        let Some(channel) = requests.as_ref().filter(|_| is_request) else {
            continue;
        };
        let Some(request) = receive(channel.as_fd())? else {
            requests = None;
            continue;
        };
        match fork_alone()? {
            Side::Parent(pid) => running.push(Running::new(pid, request)?),
            Side::Child => {
                drop(running);
                drop(requests);
                serve(request, host, Some(&library))
            }
        }
    }
    Ok(())
}

/// Waits for one request and renders its document, in the place of the calling process.
pub(super) fn render_when_asked(requests: OwnedFd, parent: Pid) -> ! {
    match receive(requests.as_fd()) {
        Ok(Some(request)) => {
            drop(requests);
            serve(request, parent, None)
        }
        // The command found no use for it.
        Ok(None) | Err(_) => exit_at_once(1),
    }
}

/// Renders one document and ends the process.
fn serve(request: Request, parent: Pid, library: Option<&Result<Pdfium, Refusal>>) -> ! {
    match try_to_serve(request, parent, library) {
        Ok(()) => exit_at_once(0),
        Err(error) => {
            eprintln!("the document was not rendered: {error}");
            exit_at_once(1)
        }
    }
}

fn try_to_serve(
    request: Request,
    parent: Pid,
    library: Option<&Result<Pdfium, Refusal>>,
) -> io::Result<()> {
    die_with_parent()?;
    if getppid() != Some(parent) {
        return Err(io::Error::other("nobody waits for the pages any more"));
    }
    // The three streams are all that the process keeps open.
    dup2_stdin(&request.document)?;
    dup2_stdout(&request.pages)?;
    dup2_stderr(&request.complaints)?;
    let Request { settings, .. } = request;
    let document = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let pages = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    render_with(&settings, library, document, pages)
}

/// A copy that renders.
struct Running {
    pid: Pid,
    /// Readable once it has ended.
    end: OwnedFd,
    /// Closed or half closed by the asker to have it ended, and told how it ended.
    line: UnixStream,
}

impl Running {
    fn new(pid: Pid, request: Request) -> io::Result<Self> {
        let line = request
            .line
            .ok_or_else(|| io::Error::other("a request to a host without a line"))?;
        Ok(Self {
            pid,
            end: pidfd_open(pid, PidfdFlags::empty())?,
            line: UnixStream::from(line),
        })
    }

    /// Ends it if that is asked for; whether it has ended and was told of.
    fn settle(&mut self) -> io::Result<bool> {
        if is_ready(&self.line)? {
            // Not reaped yet, so the number is still its own; an error says that it is dead.
            kill_process(self.pid, Signal::KILL).unwrap_or_default();
        } else if !is_ready(&self.end)? {
            return Ok(false);
        }
        let status = reap(self.pid)?;
        // Whoever asked may have gone, and does not need to know then.
        drop(self.line.write_all(&status.into_raw().to_le_bytes()));
        Ok(true)
    }
}

/// Waits for a request or for something to settle: whether there is a request, and which
/// processes are concerned.
fn wait(requests: Option<&OwnedFd>, running: &[Running]) -> io::Result<(bool, Vec<usize>)> {
    let mut descriptors = Vec::with_capacity(1 + 2 * running.len());
    for process in running {
        descriptors.push(PollFd::new(&process.end, PollFlags::IN));
        descriptors.push(PollFd::new(&process.line, PollFlags::IN));
    }
    if let Some(requests) = requests {
        descriptors.push(PollFd::new(requests, PollFlags::IN));
    }
    match poll(&mut descriptors, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let ready: Vec<bool> = descriptors
        .iter()
        .map(|descriptor| !descriptor.revents().is_empty())
        .collect();
    let (processes, request) = ready.split_at(2 * running.len());
    let concerned = processes
        .chunks_exact(2)
        .enumerate()
        .filter(|(_, pair)| pair.contains(&true))
        .map(|(place, _)| place)
        .collect();
    Ok((request == [true], concerned))
}

fn is_ready(descriptor: impl AsFd) -> io::Result<bool> {
    let descriptor: BorrowedFd<'_> = descriptor.as_fd();
    let mut one = [PollFd::new(&descriptor, PollFlags::IN)];
    let at_once = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut one, Some(&at_once))?;
    Ok(!one[0].revents().is_empty())
}
