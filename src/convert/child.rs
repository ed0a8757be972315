//! The parent's side of the rendering process: start, listen, stop, and say what went wrong.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::child_output::{Stopped, WatchedOutput, plain};
use super::error::{IMAGE_QUANTITIES, Refusal};
use super::frames::{Frame, FrameReader, RenderedPage};
use super::inspect::Inspection;
use super::pdfium_library::PdfiumLibrary;
use super::process_life::Life;
use super::render_child::{RenderSettings, RenderShare};
use super::sandbox::Confinement;
use super::sniff::DocumentKind;
use super::survey::PageSurvey;
use super::{ConvertError, ConvertOptions};
use crate::limits::Limits;

/// How long a process may live on after it closed its output, or inspect after its last page.
const LINGER_MAX: Duration = Duration::from_secs(3);

/// What renders PDF pages: a program of which `render-child` is a sub-command, and the library
/// that it loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renderer {
    /// The `faxmill` program.
    pub program: PathBuf,
    /// The PDFium library.
    pub pdfium: PdfiumLibrary,
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
            pdfium: PdfiumLibrary::find()?,
        })
    }
}

/// A running rendering process; dropping it kills and reaps it.
pub(crate) struct RenderProcess<'a> {
    life: Life,
    frames: FrameReader<WatchedOutput<'a>>,
    limits: &'a Limits,
    pdfium: &'a PdfiumLibrary,
    confinement: Confinement,
    pages: Option<u32>,
    pages_seen: u32,
}

impl<'a> RenderProcess<'a> {
    /// Starts rendering a share of the pages. The process reads `document` through a descriptor of
    /// its own and learns no path. Returns without waiting for it.
    pub(crate) fn start(
        kind: DocumentKind,
        document: &File,
        share: RenderShare,
        options: &'a ConvertOptions,
        cancel: &'a AtomicBool,
    ) -> Result<Self, ConvertError> {
        let (renderer, limits) = (&options.renderer, &options.limits);
        let settings = RenderSettings {
            kind,
            pdfium: renderer.pdfium.path.clone(),
            resolution: options.resolution,
            width_max: options.width_max,
            mode: options.mode,
            fit: options.fit,
            survey: options.survey,
            share,
            limits: limits.clone(),
        };
        let rendering = options
            .pool
            .render(renderer, &settings, document)
            .map_err(ConvertError::Start)?;
        let deadline = Instant::now() + Duration::from_secs(limits.render_wall_seconds_max);
        let output = WatchedOutput::new(rendering.pages, rendering.complaints, deadline, cancel);
        Ok(Self {
            life: rendering.life,
            frames: FrameReader::new(output, limits),
            limits,
            pdfium: &renderer.pdfium,
            confinement: Confinement::default(),
            pages: None,
            pages_seen: 0,
        })
    }

    /// Waits until the document is open.
    pub(crate) fn opened(&mut self) -> Result<(), ConvertError> {
        self.frames.get_mut().await_page(self.limits);
        match self.next_frame()? {
            Frame::Confined(confinement) => self.confinement = confinement,
            _ => return Err(self.out_of_turn()),
        }
        match self.next_frame()? {
            Frame::Document { pages } => self.pages = pages,
            _ => return Err(self.out_of_turn()),
        }
        Ok(())
    }

    /// How the process was confined before it read the document.
    pub(crate) fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// Pages of the document, where that is known before the last.
    pub(crate) fn pages(&self) -> Option<u32> {
        self.pages
    }

    /// The next of its pages, which must be the page of this index; `None` after its last.
    pub(crate) fn next_page(&mut self, index: u32) -> Result<Option<RenderedPage>, ConvertError> {
        self.frames.get_mut().await_page(self.limits);
        match self.next_frame()? {
            Frame::Page(page) if page.index == index => {
                self.pages_seen += 1;
                Ok(Some(page))
            }
            Frame::Complete => Ok(None),
            _ => Err(self.out_of_turn()),
        }
    }

    /// Takes back the memory of a page that was used up.
    pub(crate) fn recycle(&mut self, page: RenderedPage) {
        self.frames.recycle(page.bitmap);
    }

    /// What a fax of its pages loses and what the document holds besides pages, when the process
    /// comes to say so in time. All pages are safe by then: whatever happens here is no error.
    pub(crate) fn extras(&mut self) -> (Vec<PageSurvey>, Option<Inspection>) {
        self.frames.get_mut().hurry(Instant::now() + LINGER_MAX);
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
                let mut tried = self.pdfium.tried.clone();
                tried.push(plain(&why));
                ConvertError::LibraryMissing { tried }
            }
        }
    }

    /// The process said what it must not say.
    pub(crate) fn out_of_turn(&mut self) -> ConvertError {
        self.life.end();
        ConvertError::Crashed {
            detail: "it sent something other than pages".to_owned(),
        }
    }

    /// The process closed its output, or was given up on, before all was said.
    fn ended_early(&mut self) -> ConvertError {
        match self.frames.get_ref().stopped() {
            Some(Stopped::Deadline) => {
                return ConvertError::Timeout {
                    seconds: self.limits.render_wall_seconds_max,
                };
            }
            Some(Stopped::PageDeadline) => {
                return ConvertError::Timeout {
                    seconds: self.limits.page_wall_seconds_max,
                };
            }
            Some(Stopped::Canceled) => return ConvertError::Canceled,
            None => {}
        }
        let status = match self.life.wait_for(LINGER_MAX) {
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
