//! The rendering process: a document in, fax pages out, confined before it reads the first byte.
//!
//! PDFium, to a lesser degree whatever decodes images, can be made to eat gigabytes, to spin and to abort by files of a few kilobytes, and
//! nothing of that can be caught inside its process. So it has one of its own for each document,
//! which bounds itself and whose death is an error like any other to the process that started it.

use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::Instant;

use rlimit::Resource;
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use super::ConvertError;
use super::error::Refusal;
use super::frames::{FrameWriter, RenderedPage};
use super::inspect::inspect;
use super::rasterize::{Drawing, load_library, open, take_or_draw_page};
use super::sandbox::confine;
use super::scanned::ScannedDocument;
use super::sniff::DocumentKind;
use super::survey::survey_page;
use super::tiff_pages::tiff_fax_pages;
use crate::limits::Limits;
use crate::units::{PageFit, PageWidth, Resolution, ToneMode};

/// Largest document that is inspected after its pages are out.
const INSPECTED_BYTES_MAX: usize = 16 << 20;

/// Open files that rendering needs: the three standard streams, one font at a time, and spare.
const OPEN_FILES_MAX: u64 = 32;

/// What the rendering process is told, as one JSON argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenderSettings {
    /// What the document is.
    pub kind: DocumentKind,
    /// The PDFium library to load for a PDF.
    pub library: PathBuf,
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
    /// Bounds on the document and on the process.
    pub limits: Limits,
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
pub fn render_child(
    settings: &RenderSettings,
    document: impl Read + Seek,
    pages: impl Write,
) -> io::Result<()> {
    limit_resources(&settings.limits)?;
    let mut frames = FrameWriter::new(pages)?;
    let rendered = match settings.kind {
        DocumentKind::Pdf => render_pdf(settings, document, &mut frames),
        DocumentKind::Tiff => render_tiff(settings, document, &mut frames),
    };
    match rendered {
        Ok(()) => Ok(()),
        Err(Stop::Refused(refusal)) => frames.refused(&refusal),
        Err(Stop::Io(error)) => Err(error),
    }
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
    document: impl Read,
    frames: &mut FrameWriter<W>,
) -> Result<(), Stop> {
    let limits = &settings.limits;
    let pdfium = load_library(&settings.library)?;
    frames.confined(confine()?)?;
    let pdf = read_document(document, limits)?;
    let document = open(&pdfium, &pdf, limits)?;
    let pages = u32::try_from(document.pages().len()).unwrap_or(0);
    frames.document(Some(pages))?;
    let drawing = settings.drawing();
    let scans = ScannedDocument::open(&pdf, pages);
    let mut canvas = Vec::new();
    let mut surveys = Vec::new();
    for index in 0..pages {
        let begun = Instant::now();
        let bitmap = take_or_draw_page(&document, index, drawing, &mut canvas, scans.as_ref())?;
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
    drop(document);
    drop(canvas);
    if pdf.len() <= INSPECTED_BYTES_MAX
        && let Some(inspection) = inspect(&pdf)
    {
        frames.inspection(&inspection)?;
    }
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

fn read_document(document: impl Read, limits: &Limits) -> Result<Vec<u8>, Stop> {
    let mut pdf = Vec::new();
    document
        .take(limits.document_bytes_max.saturating_add(1))
        .read_to_end(&mut pdf)?;
    if pdf.len() as u64 > limits.document_bytes_max {
        return Err(Stop::Refused(Refusal::DocumentTooLarge {
            bytes: pdf.len() as u64,
        }));
    }
    Ok(pdf)
}

/// Bounds memory, CPU time and open files of this process, takes away writing files and core dumps,
/// and ties its life to its parent's.
fn limit_resources(limits: &Limits) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
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
