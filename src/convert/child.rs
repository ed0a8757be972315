//! The parent's side of the rendering process: start, listen, stop, and say what went wrong.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use super::error::{IMAGE_QUANTITIES, Refusal};
use super::frames::{Frame, FrameReader, RenderedPage};
use super::inspect::Inspection;
use super::pdfium_library::PdfiumLibrary;
use super::render_child::RenderSettings;
use super::sandbox::Confinement;
use super::sniff::DocumentKind;
use super::survey::PageSurvey;
use super::{ConvertError, ConvertOptions};
use crate::limits::Limits;

/// The sub-command of the program that renders.
pub const RENDER_COMMAND: &str = "render-child";

/// How often a request to cancel is looked for while the process is silent.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

/// How long a process may live on after it closed its output, or inspect after its last page.
const LINGER_MAX: Duration = Duration::from_secs(3);

/// Most bytes kept of what the process says on its error stream.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// What renders PDF pages: a program of which `render-child` is a sub-command, and the library
/// that it loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renderer {
    /// The `faxmill` program.
    pub program: PathBuf,
    /// The PDFium library.
    pub library: PdfiumLibrary,
}

impl Renderer {
    /// The running program as renderer, with the library where [`PdfiumLibrary::find`] finds it.
    pub fn find() -> Result<Self, ConvertError> {
        // The link names the running image even after an upgrade replaced the file.
        let link = PathBuf::from("/proc/self/exe");
        let program = if link.exists() {
            link
        } else {
            std::env::current_exe().map_err(ConvertError::Start)?
        };
        Ok(Self {
            program,
            library: PdfiumLibrary::find()?,
        })
    }
}

/// A running rendering process; dropping it kills and reaps it.
pub(crate) struct RenderProcess<'a> {
    child: Child,
    frames: FrameReader<WatchedOutput<'a>>,
    limits: &'a Limits,
    library: &'a PdfiumLibrary,
    confinement: Confinement,
    pages: Option<u32>,
    pages_seen: u32,
}

impl<'a> RenderProcess<'a> {
    /// Starts rendering. The process reads `document` from its start through a descriptor of its
    /// own and learns no path. Returns once the document is open.
    pub(crate) fn start(
        kind: DocumentKind,
        document: &File,
        options: &'a ConvertOptions,
        cancel: &'a AtomicBool,
    ) -> Result<Self, ConvertError> {
        let (renderer, limits) = (&options.renderer, &options.limits);
        let settings = RenderSettings {
            kind,
            library: renderer.library.path.clone(),
            resolution: options.resolution,
            width_max: options.width_max,
            mode: options.mode,
            fit: options.fit,
            survey: options.survey,
            limits: limits.clone(),
        };
        let settings =
            serde_json::to_string(&settings).map_err(|error| ConvertError::Start(error.into()))?;
        let mut document = document.try_clone()?;
        document.rewind()?;
        let mut command = Command::new(&renderer.program);
        command
            .arg0("faxmill")
            .arg(RENDER_COMMAND)
            .arg(settings)
            .env_clear()
            .stdin(Stdio::from(document))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", path);
        }
        let mut child = command.spawn().map_err(ConvertError::Start)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            unreachable!("both streams were asked for as pipes");
        };
        let output = WatchedOutput {
            stdout,
            stderr: Some(stderr),
            complaint: Vec::new(),
            deadline: Instant::now() + Duration::from_secs(limits.render_wall_seconds_max),
            cancel,
            stopped: None,
        };
        let mut process = Self {
            child,
            frames: FrameReader::new(output, limits),
            limits,
            library: &renderer.library,
            confinement: Confinement::default(),
            pages: None,
            pages_seen: 0,
        };
        match process.next_frame()? {
            Frame::Confined(confinement) => process.confinement = confinement,
            _ => return Err(process.out_of_turn()),
        }
        match process.next_frame()? {
            Frame::Document { pages } => process.pages = pages,
            _ => return Err(process.out_of_turn()),
        }
        Ok(process)
    }

    /// How the process was confined before it read the document.
    pub(crate) fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// Pages of the document, where that is known before the last.
    pub(crate) fn pages(&self) -> Option<u32> {
        self.pages
    }

    /// The next page, `None` after the last.
    pub(crate) fn next_page(&mut self) -> Result<Option<RenderedPage>, ConvertError> {
        let seen = self.pages_seen;
        let pages_max = self.pages.unwrap_or(self.limits.document_pages_max);
        match self.next_frame()? {
            Frame::Page(page) if seen < pages_max && page.index == seen => {
                self.pages_seen += 1;
                Ok(Some(page))
            }
            Frame::Complete if self.pages.unwrap_or(seen.max(1)) == seen => Ok(None),
            _ => Err(self.out_of_turn()),
        }
    }

    /// What a fax of the pages loses and what the document holds besides pages, when the process
    /// comes to say so in time. All pages are safe by then: whatever happens here is no error.
    pub(crate) fn into_extras(mut self) -> (Vec<PageSurvey>, Option<Inspection>) {
        let output = self.frames.get_mut();
        output.deadline = output.deadline.min(Instant::now() + LINGER_MAX);
        let mut surveys = Vec::new();
        loop {
            match self.frames.next_frame() {
                // One for each page, or they cannot be told apart.
                Ok(Some(Frame::Surveys(said))) if said.len() == self.pages_seen as usize => {
                    surveys = said;
                }
                Ok(Some(Frame::Inspection(inspection))) => return (surveys, Some(inspection)),
                _ => return (surveys, None),
            }
        }
    }

    /// The next frame; its absence or a refusal is an error.
    fn next_frame(&mut self) -> Result<Frame, ConvertError> {
        match self.frames.next_frame() {
            Ok(Some(Frame::Refused(refusal))) => Err(self.refused(refusal)),
            Ok(Some(frame)) => Ok(frame),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(self.out_of_turn()),
            Ok(None) | Err(_) => Err(self.ended_early()),
        }
    }

    fn refused(&self, refusal: Refusal) -> ConvertError {
        match refusal {
            Refusal::Invalid { what } => ConvertError::Invalid { what: plain(&what) },
            Refusal::Encrypted => ConvertError::Encrypted,
            Refusal::PageTooLarge { points } => ConvertError::TooLarge {
                what: "the longest page edge in points",
                value: points,
                limit: self.limits.page_points_max.into(),
            },
            Refusal::DocumentTooLarge { bytes } => ConvertError::TooLarge {
                what: "its size in bytes",
                value: bytes,
                limit: self.limits.document_bytes_max,
            },
            Refusal::ImageTooLarge { what, value, limit } => ConvertError::TooLarge {
                what: IMAGE_QUANTITIES
                    .into_iter()
                    .find(|quantity| *quantity == what)
                    .unwrap_or("an image in it"),
                value,
                limit,
            },
            Refusal::Unsupported { what } => ConvertError::Unsupported { what: plain(&what) },
            Refusal::Unreadable { why } => ConvertError::Io(io::Error::other(plain(&why))),
            Refusal::TooManyPages { pages } => ConvertError::TooManyPages {
                pages,
                limit: self.limits.document_pages_max,
            },
            Refusal::LibraryMissing { why } => {
                let mut tried = self.library.tried.clone();
                tried.push(plain(&why));
                ConvertError::LibraryMissing { tried }
            }
        }
    }

    /// The process said what it must not say.
    fn out_of_turn(&mut self) -> ConvertError {
        // Errors of killing and reaping would say only that it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
        ConvertError::Crashed {
            detail: "it sent something other than pages".to_owned(),
        }
    }

    /// The process closed its output, or was given up on, before all was said.
    fn ended_early(&mut self) -> ConvertError {
        match self.frames.get_ref().stopped {
            Some(Stopped::Deadline) => {
                return ConvertError::Timeout {
                    seconds: self.limits.render_wall_seconds_max,
                };
            }
            Some(Stopped::Canceled) => return ConvertError::Canceled,
            None => {}
        }
        let status = match self.wait_a_little() {
            Ok(Some(status)) => status,
            Ok(None) => return self.out_of_turn(),
            Err(error) => {
                return ConvertError::Crashed {
                    detail: format!("its end could not be learned: {error}"),
                };
            }
        };
        if status.signal() == Some(Signal::XCPU.as_raw()) {
            return ConvertError::Timeout {
                seconds: self.limits.render_cpu_seconds_max,
            };
        }
        let complaint = self.frames.get_mut().take_complaint();
        ConvertError::Crashed {
            detail: describe(status, &complaint),
        }
    }

    fn wait_a_little(&mut self) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + LINGER_MAX;
        let mut pause = Duration::from_millis(1);
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(CANCEL_LATENCY);
        }
    }
}

impl Drop for RenderProcess<'_> {
    fn drop(&mut self) {
        // Both fail only when the process is gone and reaped already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Why reading was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopped {
    Deadline,
    Canceled,
}

/// The output of the process, read until a deadline or a request to cancel; its error stream is
/// drained beside it so that it cannot block there.
struct WatchedOutput<'a> {
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    complaint: Vec<u8>,
    deadline: Instant,
    cancel: &'a AtomicBool,
    stopped: Option<Stopped>,
}

impl Read for WatchedOutput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let remaining = self.deadline.saturating_duration_since(Instant::now());
            if self.cancel.load(Ordering::Relaxed) {
                self.stopped = Some(Stopped::Canceled);
            } else if remaining.is_zero() {
                self.stopped = Some(Stopped::Deadline);
            }
            if self.stopped.is_some() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let (is_output, is_complaint) = self.wait(remaining.min(CANCEL_LATENCY))?;
            if is_complaint {
                self.drain_complaint();
            }
            if is_output {
                return self.stdout.read(buffer);
            }
        }
    }
}

impl WatchedOutput<'_> {
    /// Waits until one of the two streams has something to read, or its end.
    fn wait(&self, patience: Duration) -> io::Result<(bool, bool)> {
        let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
        let mut descriptors = vec![PollFd::new(&self.stdout, PollFlags::IN)];
        if let Some(stderr) = &self.stderr {
            descriptors.push(PollFd::new(stderr, PollFlags::IN));
        }
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |descriptor: &PollFd<'_>| !descriptor.revents().is_empty();
        let is_complaint = descriptors.get(1).is_some_and(is_ready);
        Ok((is_ready(&descriptors[0]), is_complaint))
    }

    /// Reads what waits on the error stream; what is over the bound is dropped.
    fn drain_complaint(&mut self) {
        let Some(stderr) = &mut self.stderr else {
            return;
        };
        let mut chunk = [0; 4096];
        match stderr.read(&mut chunk) {
            Ok(0) | Err(_) => self.stderr = None,
            Ok(count) => {
                let room = COMPLAINT_BYTES_MAX - self.complaint.len();
                self.complaint.extend_from_slice(&chunk[..count.min(room)]);
            }
        }
    }

    /// What the process said on its error stream; for when it has ended.
    fn take_complaint(&mut self) -> String {
        while self.stderr.is_some() && matches!(self.wait(Duration::ZERO), Ok((_, true))) {
            self.drain_complaint();
        }
        plain(&String::from_utf8_lossy(&self.complaint))
    }
}

/// How a process ended, for a person.
fn describe(status: ExitStatus, complaint: &str) -> String {
    let end = match (status.signal(), status.code()) {
        (Some(signal), _) => {
            let name = match signal {
                4 => "SIGILL",
                5 => "SIGTRAP",
                6 => "SIGABRT",
                7 => "SIGBUS",
                8 => "SIGFPE",
                9 => "SIGKILL",
                11 => "SIGSEGV",
                31 => "SIGSYS, a system call that rendering has no use for",
                _ => "another signal",
            };
            format!("it was ended by signal {signal} ({name})")
        }
        (None, Some(code)) => format!("it ended with exit status {code}"),
        (None, None) => status.to_string(),
    };
    if complaint.is_empty() {
        end
    } else {
        format!("{end}: {complaint}")
    }
}

/// Words from the process, fit for one line of a message: it may be under a document's control.
fn plain(words: &str) -> String {
    const CHARS_MAX: usize = 300;
    let spaced: String = words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(CHARS_MAX) {
        line.truncate(cut);
        line.push('…');
    }
    line
}
