//! From an uploaded document to fax pages: inspect, rasterize, binarize, write.
//!
//! [`convert_file`] is the way in. A document is rendered by a confined process of its
//! own ([`Renderer`], [`render_child()`]), whose output is read like that of a stranger; pages come
//! one at a time, placed by [`lay_out`], and are written as MMR into a fax TIFF.

mod airtime;
mod binarize;
mod canvas;
mod child;
mod child_output;
mod conversion;
mod cover;
mod error;
mod fax_tiff;
mod fork;
pub mod frames;
mod heap;
mod inked;
mod inspect;
mod layout;
mod orientation;
mod outgoing;
mod page_images;
mod pdfium_library;
mod preview;
mod process_life;
pub mod rasterize;
mod render_child;
mod render_group;
mod render_host;
mod render_pool;
mod report;
mod request;
mod resample;
mod sandbox;
mod scanned;
mod sniff;
mod survey;
mod system_fonts;
mod tiff_bilevel;
mod tiff_directory;
mod tiff_input;
mod tiff_pages;
mod tiff_strips;
mod unfinished;

pub use airtime::{LineRate, call_seconds, page_seconds};
pub use binarize::{
    GrayPage, Hints, Instructions, PageSource, Region, TEXT_THRESHOLD, binarize, binarize_with,
};
pub use canvas::Canvas;
pub use child::Renderer;
pub use conversion::{
    ConvertOptions, ConvertProgress, ConvertReport, ConvertStage, Elapsed, PageReport, convert,
    convert_file,
};
pub use cover::{
    Cover, CoverError, CoverFile, LogoPixels, LogoPlace, Rule, Run, Sheet, TEMPLATE_BYTES_MAX,
    Template,
};
pub use error::{ConvertError, Refusal};
pub use fax_tiff::{FaxPage, FaxTiffPage, FaxTiffReader, FaxTiffWriter, page_digest};
pub use inspect::{Inspection, PageBoxes, inspect};
pub use layout::{Cut, Layout, PageBounds, PageSize, Turn, fax_resolution, lay_out};
pub use outgoing::{OutgoingPage, OutgoingPages, OutgoingReport, PageHeader, write_outgoing};
pub use pdfium_library::{LIBRARY_VARIABLE, PdfiumLibrary};
pub use preview::{NumberedPath, Preview, PreviewTarget, PreviewTargetError, write_preview};
pub use render_child::{RenderSettings, RenderShare, render_child};
pub use render_host::render_host;
pub use render_pool::{HOST_COMMAND, RENDER_COMMAND, RenderPool};
pub use report::{
    Airtime, Airtimes, Cropped, Edge, Faxability, PageFaxability, PageLoss, Placement,
};
pub use sandbox::{Confinement, Enforcement, confine};
pub use scanned::count_scans;
pub use sniff::{DocumentKind, HEAD_BYTES, sniff};
pub use survey::PageSurvey;
pub use tiff_input::{GrayImage, TiffPage, read_tiff_pages};
#[doc(hidden)]
pub use tiff_pages::tiff_fax_pages;
