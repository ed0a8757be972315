//! The whole way of one document: sniff, render or read, place, write, report.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::ConvertError;
use super::child::Renderer;
use super::cover::{Cover, render_cover};
use super::fax_tiff::{FaxTiffWriter, mmr_digest};
use super::frames::RenderedPage;
use super::inspect::Inspection;
use super::render_group::RenderGroup;
use super::render_pool::RenderPool;
use super::sandbox::Confinement;
use super::sniff::{DocumentKind, HEAD_BYTES, sniff};
use super::survey::PageSurvey;
use super::unfinished::UnfinishedFile;
use crate::limits::Limits;
use crate::t4::{Bitmap, EncodeOptions, encode};
use crate::units::{PageFit, PageWidth, Resolution, ToneMode};

/// What a conversion goes by.
#[derive(Clone, Debug)]
pub struct ConvertOptions {
    /// Vertical density of the fax pages. A TIFF page that is a fax page of a coarser density
    /// already keeps its own.
    pub resolution: Resolution,
    /// The widest scan line of the fax pages.
    pub width_max: PageWidth,
    /// How shades become black and white.
    pub mode: ToneMode,
    /// How pages are brought onto fax pages.
    pub fit: PageFit,
    /// Whether pages are looked at for what a fax loses; of PDF pages it takes about as long as
    /// rendering.
    pub survey: bool,
    /// A cover page to go before the document.
    pub cover: Option<Cover>,
    /// What renders pages.
    pub renderer: Renderer,
    /// Where rendering processes come from.
    pub pool: Arc<RenderPool>,
    /// Most processes that share the pages of a long document.
    pub processes_max: u32,
    /// Bounds on the document and on the work.
    pub limits: Limits,
}

impl ConvertOptions {
    /// Fine pages, each region by its kind, and default limits.
    pub fn new(renderer: Renderer) -> Self {
        Self {
            resolution: Resolution::default(),
            width_max: PageWidth::A3,
            mode: ToneMode::default(),
            fit: PageFit::default(),
            survey: false,
            cover: None,
            renderer,
            pool: Arc::new(RenderPool::of_started()),
            processes_max: 1,
            limits: Limits::default(),
        }
    }
}

/// How far a conversion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvertProgress {
    /// What is going on.
    pub stage: ConvertStage,
    /// Pages that are done.
    pub page: u32,
    /// Pages of the document, once known.
    pub pages: Option<u32>,
}

/// A stage of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvertStage {
    /// The document is looked at and opened.
    Inspecting,
    /// Pages are rendered and encoded.
    Rendering,
    /// All pages are written; the file is being completed.
    Finishing,
}

/// What became of a document.
#[derive(Clone, Debug, Serialize)]
pub struct ConvertReport {
    /// What the document was.
    pub kind: DocumentKind,
    /// Its fax pages, in order.
    pub pages: Vec<PageReport>,
    /// How the process that read the document was confined.
    pub confinement: Confinement,
    /// What a PDF holds besides pages; absent when the parser made nothing of it.
    pub inspection: Option<Inspection>,
    /// What a fax of each page loses, when that was asked for; empty when it is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub surveys: Vec<PageSurvey>,
    /// Time that each stage took.
    pub elapsed: Elapsed,
}

/// One fax page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageReport {
    /// Place in the fax, from 0.
    pub index: u32,
    /// Whether it is the cover page and not one of the document's.
    pub is_cover: bool,
    /// Pixels in a scan line.
    pub width: u32,
    /// Scan lines.
    pub rows: u32,
    /// Vertical density.
    pub resolution: Resolution,
    /// Black pixels of all pixels, from 0 to 1.
    pub black_share: f64,
    /// Hash of width, rows and pixels, as [`page_digest`](super::page_digest) makes it.
    pub digest: String,
    /// Size of the encoded page.
    pub bytes: u64,
    /// Rows that were damaged in a TIFF and repeat the one above.
    pub bad_rows: u32,
}

/// Time that each stage took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Elapsed {
    /// From the start until the document was open, in milliseconds.
    pub inspect_ms: f64,
    /// Waiting for rendered pages, in milliseconds.
    pub render_ms: f64,
    /// Encoding and writing, in milliseconds.
    pub encode_ms: f64,
}

/// Converts the document at `input` into a fax TIFF at `output`, which is complete or absent:
/// written under another name beside it, flushed to the disk, then renamed. A file that was there
/// before stays until it is replaced by a complete one.
///
/// Blocks until done; `cancel`, once set, ends it with [`ConvertError::Canceled`].
pub fn convert_file(
    input: &Path,
    output: &Path,
    options: &ConvertOptions,
    progress: &mut dyn FnMut(ConvertProgress),
    cancel: &AtomicBool,
) -> Result<ConvertReport, ConvertError> {
    let mut document = File::open(input)?;
    let mut unfinished = UnfinishedFile::beside(output).map_err(ConvertError::Write)?;
    let report = convert(
        &mut document,
        io::BufWriter::new(&mut unfinished.file),
        options,
        progress,
        cancel,
    )?;
    unfinished.publish(output).map_err(ConvertError::Write)?;
    Ok(report)
}

/// Converts an open document, from its start, into a fax TIFF written to `output`.
///
/// What an error leaves in `output` is not a fax. Blocks until done; `cancel`, once set, ends it
/// with [`ConvertError::Canceled`].
pub fn convert<W: Write + Seek>(
    document: &mut File,
    output: W,
    options: &ConvertOptions,
    progress: &mut dyn FnMut(ConvertProgress),
    cancel: &AtomicBool,
) -> Result<ConvertReport, ConvertError> {
    let begun = Instant::now();
    progress(ConvertProgress {
        stage: ConvertStage::Inspecting,
        page: 0,
        pages: None,
    });
    if let Some(cover) = &options.cover {
        cover.check(&options.limits)?;
    }
    let kind = identify(document, &options.limits)?;
    let mut pages = PageWriter::new(output, begun, progress)?;
    pages.covers = u32::from(options.cover.is_some());
    let processes = render(kind, document, &mut pages, options, cancel)?;
    if let Some(cover) = &options.cover {
        // Only now are the pages counted.
        let page_count = pages.reports.len() as u32 + 1;
        pages.write_cover(&render_cover(cover, page_count, options, cancel)?)?;
    }
    let (pages, elapsed) = pages.finish()?;
    let confinement = processes.confinement();
    let (surveys, inspection) = processes.into_extras();
    Ok(ConvertReport {
        kind,
        pages,
        confinement,
        inspection,
        surveys,
        elapsed,
    })
}

/// The kind of a document that is within the limit on bytes.
fn identify(document: &mut File, limits: &Limits) -> Result<DocumentKind, ConvertError> {
    let metadata = document.metadata()?;
    if metadata.is_dir() {
        return Err(ConvertError::NotADocument { found: "a folder" });
    }
    if metadata.len() > limits.document_bytes_max {
        return Err(ConvertError::TooLarge {
            what: "its size in bytes",
            value: metadata.len(),
            limit: limits.document_bytes_max,
        });
    }
    document.rewind()?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    document.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    document.rewind()?;
    sniff(&head)
}

/// Has the document rendered by processes of its own and writes its pages.
fn render<'a, W: Write + Seek>(
    kind: DocumentKind,
    document: &File,
    pages: &mut PageWriter<'_, W>,
    options: &'a ConvertOptions,
    cancel: &'a AtomicBool,
) -> Result<RenderGroup<'a>, ConvertError> {
    let mut processes = RenderGroup::start(kind, document, options, cancel)?;
    pages.opened(processes.pages());
    while let Some(page) = processes.next_page()? {
        pages.write(&page.bitmap, page.resolution, page.bad_rows)?;
        processes.recycle(page);
    }
    Ok(processes)
}

/// Writes pages and keeps their account.
struct PageWriter<'a, W: Write + Seek> {
    writer: FaxTiffWriter<W>,
    progress: &'a mut dyn FnMut(ConvertProgress),
    pages_expected: Option<u32>,
    /// Cover pages that will follow, and then come first.
    covers: u32,
    reports: Vec<PageReport>,
    elapsed: Elapsed,
    /// When the last stage ended.
    since: Instant,
}

impl<'a, W: Write + Seek> PageWriter<'a, W> {
    fn new(
        output: W,
        begun: Instant,
        progress: &'a mut dyn FnMut(ConvertProgress),
    ) -> Result<Self, ConvertError> {
        Ok(Self {
            writer: FaxTiffWriter::new(output).map_err(while_writing)?,
            progress,
            pages_expected: None,
            covers: 0,
            reports: Vec::new(),
            elapsed: Elapsed::default(),
            since: begun,
        })
    }

    /// The document is open and is known to have so many pages, or not known.
    fn opened(&mut self, pages: Option<u32>) {
        self.pages_expected = pages.map(|pages| pages + self.covers);
        self.elapsed.inspect_ms = self.lap();
        self.tell(ConvertStage::Rendering);
    }

    fn write(
        &mut self,
        bitmap: &Bitmap,
        resolution: Resolution,
        bad_rows: u32,
    ) -> Result<(), ConvertError> {
        self.elapsed.render_ms += self.lap();
        let (strip, mut report) = coded(bitmap, resolution);
        self.writer
            .page_from_strip(&strip, report.width, report.rows, resolution, &CODING)
            .map_err(while_writing)?;
        report.index = self.reports.len() as u32;
        report.bad_rows = bad_rows;
        self.reports.push(report);
        self.elapsed.encode_ms += self.lap();
        self.tell(ConvertStage::Rendering);
        Ok(())
    }

    /// Writes the page that goes before all others.
    fn write_cover(&mut self, page: &RenderedPage) -> Result<(), ConvertError> {
        self.elapsed.render_ms += self.lap();
        let (strip, mut report) = coded(&page.bitmap, page.resolution);
        let (width, rows) = (report.width, report.rows);
        self.writer
            .first_page_from_strip(&strip, width, rows, page.resolution, &CODING)
            .map_err(while_writing)?;
        report.is_cover = true;
        for page in &mut self.reports {
            page.index += 1;
        }
        self.reports.insert(0, report);
        self.elapsed.encode_ms += self.lap();
        self.tell(ConvertStage::Rendering);
        Ok(())
    }

    fn finish(mut self) -> Result<(Vec<PageReport>, Elapsed), ConvertError> {
        self.elapsed.render_ms += self.lap();
        self.pages_expected = Some(self.reports.len() as u32);
        self.tell(ConvertStage::Finishing);
        self.writer.finish().map_err(while_writing)?;
        self.elapsed.encode_ms += milliseconds(self.since.elapsed());
        Ok((self.reports, self.elapsed))
    }

    fn tell(&mut self, stage: ConvertStage) {
        (self.progress)(ConvertProgress {
            stage,
            page: self.reports.len() as u32,
            pages: self.pages_expected,
        });
    }

    /// Milliseconds since the last lap.
    fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let lap = now.duration_since(self.since);
        self.since = now;
        milliseconds(lap)
    }
}

/// The coding that fax files are stored in.
const CODING: EncodeOptions = EncodeOptions::mmr();

/// A page in that coding, and its account as that of the first page.
fn coded(bitmap: &Bitmap, resolution: Resolution) -> (Vec<u8>, PageReport) {
    let strip = encode(bitmap, &CODING);
    let (width, rows) = (bitmap.width(), bitmap.rows());
    let pixels = f64::from(width) * f64::from(rows);
    let report = PageReport {
        index: 0,
        is_cover: false,
        width,
        rows,
        resolution,
        black_share: bitmap.black_pixels() as f64 / pixels,
        digest: mmr_digest(width, rows, &strip),
        bytes: strip.len() as u64,
        bad_rows: 0,
    };
    (strip, report)
}

/// The same error, when it came up on the side of the output.
pub(super) fn while_writing(error: ConvertError) -> ConvertError {
    match error {
        ConvertError::Io(error) => ConvertError::Write(error),
        error => error,
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
