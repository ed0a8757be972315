//! A cover page on its way to the rendering process and back.
//!
//! What the process reads is the sheet's length (`u32`, little endian), the [`Sheet`] as JSON, and
//! then the logo's file as it was uploaded, empty without one.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::AtomicBool;

use rustix::fs::{MemfdFlags, memfd_create};

use super::logo::LogoPixels;
use super::{Cover, CoverError, Sheet};
use crate::convert::child::RenderProcess;
use crate::convert::error::Refusal;
use crate::convert::frames::RenderedPage;
use crate::convert::render_child::RenderShare;
use crate::convert::sniff::DocumentKind;
use crate::convert::{ConvertError, ConvertOptions};
use crate::limits::Limits;

/// Has the cover page of a fax of `page_count` pages drawn, the cover page included.
pub(crate) fn render_cover(
    cover: &Cover,
    page_count: u32,
    options: &ConvertOptions,
    cancel: &AtomicBool,
) -> Result<RenderedPage, ConvertError> {
    let sheet = cover.sheet(page_count)?;
    let bundle = bundle(&sheet, cover.logo.as_deref()).map_err(ConvertError::Start)?;
    let draw = || {
        let alone = RenderShare::default();
        let kind = DocumentKind::Cover;
        let mut process = RenderProcess::start(kind, &bundle, alone, options, cancel)?;
        process.opened()?;
        process.next_page(0)
    };
    match draw() {
        Ok(Some(page)) => Ok(page),
        Ok(None) => Err(ConvertError::Crashed {
            detail: "it drew no cover page".to_owned(),
        }),
        // All but the logo is of our own making.
        Err(error) if cover.logo.is_some() && error.is_of_document() => {
            let what = match error {
                ConvertError::Invalid { what } => what,
                error => error.to_string(),
            };
            Err(CoverError::Logo { what }.into())
        }
        Err(error) => Err(error),
    }
}

/// A file without a name that holds what the process reads.
fn bundle(sheet: &Sheet, logo: Option<&[u8]>) -> io::Result<File> {
    let sheet = serde_json::to_vec(sheet)?;
    let length = u32::try_from(sheet.len()).map_err(io::Error::other)?;
    let mut file = File::from(memfd_create("cover", MemfdFlags::CLOEXEC)?);
    file.write_all(&length.to_le_bytes())?;
    file.write_all(&sheet)?;
    file.write_all(logo.unwrap_or_default())?;
    Ok(file)
}

/// In the rendering process: the cover page as a PDF.
pub(crate) fn draw_cover(bundle: &[u8], limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let malformed = || invalid("the cover page was handed over incompletely".to_owned());
    let (length, rest) = bundle.split_first_chunk().ok_or_else(malformed)?;
    let (sheet, logo) = rest
        .split_at_checked(u32::from_le_bytes(*length) as usize)
        .ok_or_else(malformed)?;
    let sheet: Sheet = serde_json::from_slice(sheet).map_err(|_| malformed())?;
    if logo.is_empty() {
        return Ok(sheet.to_pdf(None));
    }
    let logo = LogoPixels::decode(logo, limits).map_err(|error| match error {
        CoverError::Logo { what } => invalid(what),
        error => invalid(error.to_string()),
    })?;
    Ok(sheet.to_pdf(Some(&logo)))
}

fn invalid(what: String) -> Refusal {
    Refusal::Invalid { what }
}
