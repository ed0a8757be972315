//! The rendering process: a document in, fax pages out, confined before it reads the first byte.
//!
//! PDFium, and to a lesser degree whatever decodes images, can be made to eat gigabytes, to spin and
//! to abort by files of a few kilobytes, and nothing of that can be caught inside its process. So it
//! has one of its own for each document, which bounds itself and whose death is an error like any
//! other to the process that started it.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Instant;

use pdfium_render::prelude::Pdfium;
use rlimit::Resource;
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use super::ConvertError;
use super::canvas::Canvas;
use super::cover::draw_cover;
use super::error::Refusal;
use super::frames::{FrameWriter, RenderedPage};
use super::heap::keep_freed_memory;
use super::inspect::inspect;
use super::rasterize::{Drawing, load_library, open, take_or_draw_page};
use super::sandbox::confine;
use super::scanned::Scans;
use super::sniff::DocumentKind;
use super::survey::survey_page;
use super::tiff_pages::tiff_fax_pages;
use crate::limits::Limits;
use crate::units::{PageFit, PageWidth, Resolution, ToneMode};

/// Largest document that is inspected after its pages are out.
const INSPECTED_BYTES_MAX: usize = 16 << 20;

/// Longest cover page that is handed over, its logo aside.
const SHEET_BYTES_MAX: u64 = 8 << 20;

/// Open files that rendering needs: the three standard streams, one font at a time, and spare.
const OPEN_FILES_MAX: u64 = 32;

/// What the rendering process is told, as one JSON argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenderSettings {
    /// What the document is.
    pub kind: DocumentKind,
    /// The PDFium library to load for a PDF.
    pub pdfium: PathBuf,
    /// Vertical density of the pages.
    pub resolution: Resolution,
    /// The widest scan line of the pages.
    pub width_max: PageWidth,
    /// How shades become black and white.
    pub mode: ToneMode,
    /// How pages are brought onto fax pages.
    pub fit: PageFit,
    /// Whether pages are looked at for what a fax loses; it takes about as long as rendering.
    pub survey: bool,
    /// Which of the pages to render.
    pub share: RenderShare,
    /// Bounds on the document and on the process.
    pub limits: Limits,
}

/// The part of a long document's pages that one process renders: every so many pages one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenderShare {
    /// Processes that a long document is shared by.
    pub processes: u32,
    /// The place of this process among them, from 0.
    pub place: u32,
}

/// The share of a process that renders alone.
impl Default for RenderShare {
    fn default() -> Self {
        Self {
            processes: 1,
            place: 0,
        }
    }
}

impl RenderShare {
    /// Pages from which on a document is shared: drawing them takes longer than starting another
    /// process.
    const PAGES_MIN: u32 = 8;

    /// How many processes share a document of so many pages.
    pub(crate) fn sharers(self, pages: u32) -> u32 {
        if pages < Self::PAGES_MIN {
            1
        } else {
            self.processes.max(1)
        }
    }

    /// Whether this process renders this page of so many.
    pub(crate) fn holds(self, page: u32, pages: u32) -> bool {
        page % self.sharers(pages) == self.place
    }
}

impl RenderSettings {
    fn drawing(&self) -> Drawing<'_> {
        Drawing {
            resolution: self.resolution,
            width_max: self.width_max,
            mode: self.mode,
            fit: self.fit,
            limits: &self.limits,
        }
    }
}

/// Renders the document and writes its pages as a stream of [frames](super::frames).
///
/// Sets resource limits on the whole calling process, gives up its files, network and system calls
/// ([`confine`]) and cannot take that back: for a process that does nothing else. A refused document is a frame, not an error; an error means that the
/// process could not be confined or that the reader of the pages went away.
pub fn render_child(settings: &RenderSettings, document: File, pages: File) -> io::Result<()> {
    die_with_parent()?;
    render_with(settings, None, document, pages)
}

/// As [`render_child`], in a process that dies with its parent already and may have loaded the
/// library.
pub(super) fn render_with(
    settings: &RenderSettings,
    library: Option<&Result<Pdfium, Refusal>>,
    document: File,
    pages: File,
) -> io::Result<()> {
    limit_resources(&settings.limits)?;
    keep_freed_memory();
    let mut frames = FrameWriter::new(pages)?;
    let rendered = match settings.kind {
        DocumentKind::Pdf => render_pdf(settings, library, &document, &mut frames),
        DocumentKind::Tiff => render_tiff(settings, document, &mut frames),
        DocumentKind::Cover => render_cover(settings, library, &document, &mut frames),
    };
    match rendered {
        Ok(()) => Ok(()),
        Err(Stop::Refused(refusal)) => frames.refused(&refusal),
        Err(Stop::Io(error)) => Err(error),
    }
}

/// Ties the life of this process to that of its parent, from now on.
pub(super) fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Why rendering ends before the last page.
enum Stop {
    Refused(Refusal),
    Io(io::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn render_pdf<W: Write>(
    settings: &RenderSettings,
    library: Option<&Result<Pdfium, Refusal>>,
    document: &File,
    frames: &mut FrameWriter<W>,
) -> Result<(), Stop> {
    let limits = &settings.limits;
    let mut loaded = None;
    let pdfium = loaded_library(settings, library, &mut loaded)?;
    frames.confined(confine()?)?;
    let pdf = read_document(document, limits)?;
    let document = open(pdfium, &pdf, limits)?;
    let pages = u32::try_from(document.pages().len()).unwrap_or(0);
    frames.document(Some(pages))?;
    let drawing = settings.drawing();
    let scans = Scans::new(&pdf, pages);
    let mut canvas = Canvas::default();
    let mut surveys = Vec::new();
    for index in (0..pages).filter(|page| settings.share.holds(*page, pages)) {
        let begun = Instant::now();
        let bitmap = take_or_draw_page(&document, index, drawing, &mut canvas, Some(&scans))?;
        frames.page(&RenderedPage {
            index,
            bitmap,
            resolution: settings.resolution,
            bad_rows: 0,
            elapsed: begun.elapsed(),
        })?;
        if settings.survey {
            surveys.push(survey_page(&document, index));
        }
    }
    frames.complete()?;
    if settings.survey {
        frames.surveys(&surveys)?;
    }
    drop(canvas);
    if settings.share.place == 0
        && pdf.len() <= INSPECTED_BYTES_MAX
        && let Some(inspection) = inspect(&pdf)
    {
        frames.inspection(&inspection)?;
    }
    Ok(())
}

/// The library that is loaded already, or that is loaded into `here`.
fn loaded_library<'a>(
    settings: &RenderSettings,
    library: Option<&'a Result<Pdfium, Refusal>>,
    here: &'a mut Option<Result<Pdfium, Refusal>>,
) -> Result<&'a Pdfium, Refusal> {
    let library = match library {
        Some(library) => library,
        None => here.insert(load_library(&settings.pdfium)),
    };
    library.as_ref().map_err(Refusal::clone)
}

/// Draws a cover page, as text and pictures are drawn: choices for the document are not its own.
fn render_cover<W: Write>(
    settings: &RenderSettings,
    library: Option<&Result<Pdfium, Refusal>>,
    bundle: &File,
    frames: &mut FrameWriter<W>,
) -> Result<(), Stop> {
    let begun = Instant::now();
    let limits = &settings.limits;
    let mut loaded = None;
    let pdfium = loaded_library(settings, library, &mut loaded)?;
    frames.confined(confine()?)?;
    let mut handed_over = Vec::new();
    let bytes_max = limits.logo_bytes_max.saturating_add(SHEET_BYTES_MAX);
    let from_start = FromStart {
        document: bundle,
        at: 0,
    };
    from_start.take(bytes_max).read_to_end(&mut handed_over)?;
    let pdf = draw_cover(&handed_over, limits)?;
    let document = open(pdfium, &pdf, limits)?;
    frames.document(Some(1))?;
    let drawing = Drawing {
        mode: ToneMode::Auto,
        fit: PageFit::Fit,
        ..settings.drawing()
    };
    let bitmap = take_or_draw_page(&document, 0, drawing, &mut Canvas::default(), None)?;
    frames.page(&RenderedPage {
        index: 0,
        bitmap,
        resolution: settings.resolution,
        bad_rows: 0,
        elapsed: begun.elapsed(),
    })?;
    frames.complete()?;
    Ok(())
}

fn render_tiff<W: Write>(
    settings: &RenderSettings,
    document: impl Read + Seek,
    frames: &mut FrameWriter<W>,
) -> Result<(), Stop> {
    frames.confined(confine()?)?;
    frames.document(None)?;
    let drawing = settings.drawing();
    let mut surveys = Vec::new();
    tiff_fax_pages(document, drawing, &mut |page, survey| {
        surveys.push(survey);
        frames.page(&page).map_err(ConvertError::Write)
    })
    .map_err(stop)?;
    frames.complete()?;
    if settings.survey {
        frames.surveys(&surveys)?;
    }
    Ok(())
}

/// What an error about a TIFF means to the process that waits for pages.
fn stop(error: ConvertError) -> Stop {
    Stop::Refused(match error {
        ConvertError::Write(error) => return Stop::Io(error),
        ConvertError::Invalid { what } => Refusal::Invalid { what },
        ConvertError::Unsupported { what } => Refusal::Unsupported { what },
        ConvertError::TooManyPages { pages, .. } => Refusal::TooManyPages { pages },
        ConvertError::TooLarge { what, value, limit } => Refusal::ImageTooLarge {
            what: what.to_owned(),
            value,
            limit,
        },
        error => Refusal::Unreadable {
            why: error.to_string(),
        },
    })
}

/// Reads a document from its start, wherever a process that shares the open file has got to.
fn read_document(document: &File, limits: &Limits) -> Result<Vec<u8>, Stop> {
    let bytes_max = limits.document_bytes_max.saturating_add(1);
    let metadata = document.metadata()?;
    let mut pdf = Vec::new();
    if metadata.is_file() {
        // One byte of room, or the end would not be seen before there is more.
        let length = metadata.len().saturating_add(1).min(bytes_max);
        pdf.reserve_exact(usize::try_from(length).unwrap_or(usize::MAX));
        FromStart { document, at: 0 }
            .take(bytes_max)
            .read_to_end(&mut pdf)?;
    } else {
        document.take(bytes_max).read_to_end(&mut pdf)?;
    }
    if pdf.len() as u64 > limits.document_bytes_max {
        return Err(Stop::Refused(Refusal::DocumentTooLarge {
            bytes: pdf.len() as u64,
        }));
    }
    Ok(pdf)
}

/// A file read from its start, by its own count of bytes.
struct FromStart<'a> {
    document: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.document.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Bounds memory, CPU time and open files of this process, takes away writing files and core dumps.
fn limit_resources(limits: &Limits) -> io::Result<()> {
    let address_space = limits.render_address_space_max;
    lower(Resource::AS, address_space, address_space)?;
    // The soft limit ends the process by SIGXCPU, which tells it from a kill.
    let cpu_seconds = limits.render_cpu_seconds_max;
    lower(Resource::CPU, cpu_seconds, cpu_seconds.saturating_add(2))?;
    lower(Resource::CORE, 0, 0)?;
    lower(Resource::NOFILE, OPEN_FILES_MAX, OPEN_FILES_MAX)?;
    lower(Resource::FSIZE, 0, 0)
}

/// Sets a limit, or leaves the one in force where that is lower already.
fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let (soft_now, hard_now) = rlimit::getrlimit(resource)?;
    rlimit::setrlimit(resource, soft.min(soft_now), hard.min(hard_now))
}
