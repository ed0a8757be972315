//! The cover page: fields set into a template, drawn by the rendering process like any document.
//!
//! Setting the text is pure and happens where the job is accepted, so that a text that does not
//! fit is refused before anything is kept. What comes of it, a [`Sheet`], goes to the rendering
//! process together with the logo, which is decoded there and nowhere else.

mod error;
mod file;
mod font;
mod logo;
mod pdf;
mod render;
mod sheet;
mod template;
mod typeset;

use std::collections::BTreeMap;

use crate::job::{CoverField, CoverFields};
use crate::limits::Limits;

pub use error::CoverError;
pub use file::CoverFile;
pub use logo::LogoPixels;
pub use sheet::{LogoPlace, Rule, Run, Sheet};
pub use template::{TEMPLATE_BYTES_MAX, Template};

pub(super) use render::{draw_cover, render_cover};

/// What a cover page is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Cover {
    /// The fields as somebody filled them in: each must be printed.
    pub fields: CoverFields,
    /// What fields say that nobody filled in, where the template prints them.
    pub defaults: CoverFields,
    /// How it looks.
    pub template: Template,
    /// A PNG or JPEG file, as it was uploaded.
    pub logo: Option<Vec<u8>>,
}

impl Cover {
    /// A cover page with these fields and no logo, after the template that is built in.
    pub fn new(fields: CoverFields) -> Self {
        Self {
            fields,
            defaults: CoverFields::default(),
            template: Template::built_in(),
            logo: None,
        }
    }

    /// Refuses what cannot become a cover page: text that does not fit or has characters that the
    /// font lacks, fields and a logo that the template has no place for, a logo that is no PNG or
    /// JPEG or is too large.
    pub fn check(&self, limits: &Limits) -> Result<(), CoverError> {
        for (field, text) in self.fields.entries() {
            if !text.is_empty() && !self.template.prints(*field) {
                return Err(CoverError::Unplaced { field: *field });
            }
        }
        if let Some(logo) = &self.logo {
            if !self.template.has_logo() {
                return Err(CoverError::LogoUnplaced);
            }
            logo::check(logo, limits)?;
        }
        // No number of pages is wider than this one.
        self.sheet(limits.document_pages_max.saturating_add(1))
            .map(drop)
    }

    /// Sets the page of a fax of this many pages, the cover page included.
    pub fn sheet(&self, page_count: u32) -> Result<Sheet, CoverError> {
        let mut values: BTreeMap<CoverField, &str> = BTreeMap::new();
        for entries in [&self.defaults, &self.fields] {
            let filled = entries.entries().iter();
            values.extend(filled.map(|(field, text)| (*field, text.trim_end())));
        }
        let page_count = page_count.to_string();
        values.insert(CoverField::PageCount, &page_count);
        values.retain(|_, text| !text.is_empty());
        typeset::set(&self.template, &values, self.logo.is_some())
    }
}

/// A character's name for a message: itself where it can be seen, and its number.
fn called(character: char) -> String {
    let number = u32::from(character);
    if character.is_control() || character.is_whitespace() {
        format!("U+{number:04X}")
    } else {
        format!("{character} (U+{number:04X})")
    }
}
