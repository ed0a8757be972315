//! A cover page as the command line asks for it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use faxmill::config::Config;
use faxmill::convert::{Cover, CoverFile};
use faxmill::job::{CoverField, CoverFields};
use faxmill::pipeline::{CoverSource, CoverUpload, cover_defaults, load_cover};
use faxmill::units::FaxNumber;

use crate::exit::{Exit, Failure};

/// Largest cover file.
const COVER_FILE_BYTES_MAX: u64 = 1 << 20;

/// A cover page to go before the document. Any of these asks for one.
#[derive(Debug, Args)]
pub(crate) struct CoverArgs {
    /// Cover page with the fields that this TOML file gives.
    #[arg(long, value_name = "FILE")]
    cover: Option<PathBuf>,
    /// A field of the cover page; may be repeated, and goes before the file's.
    #[arg(long, value_name = "NAME=TEXT", value_parser = field)]
    cover_field: Vec<(CoverField, String)>,
    /// Template of the cover page: one of the configuration's, or a TOML file.
    #[arg(long, value_name = "NAME|FILE")]
    cover_template: Option<String>,
    /// Logo on the cover page: one of the configuration's, or a PNG or JPEG file.
    #[arg(long, value_name = "NAME|FILE")]
    cover_logo: Option<String>,
}

fn field(text: &str) -> Result<(CoverField, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write it as NAME=TEXT, such as subject=\"Offer 17\"")?;
    let field = name.trim().parse::<CoverField>();
    Ok((field.map_err(|error| error.to_string())?, value.to_owned()))
}

impl CoverArgs {
    /// What is asked for, with files that can be uploaded; `None` without a word of a cover page.
    pub(crate) fn upload(&self, config: &Config) -> Result<Option<CoverUpload>, Failure> {
        let is_asked_for = self.cover.is_some()
            || !self.cover_field.is_empty()
            || self.cover_template.is_some()
            || self.cover_logo.is_some();
        if !is_asked_for {
            return Ok(None);
        }
        let (mut file, folder) = match &self.cover {
            Some(path) => (read(path)?, path.parent().unwrap_or(Path::new(""))),
            None => (CoverFile::default(), Path::new("")),
        };
        for (field, text) in &self.cover_field {
            set(&mut file.fields, *field, text)?;
        }
        // A file that the cover file names lies beside it.
        let source =
            |typed: Option<&String>, written: Option<String>, names: &dyn Fn(&str) -> bool| {
                let (name, folder) = match (typed, written) {
                    (Some(typed), _) => (typed.clone(), Path::new("")),
                    (None, Some(written)) => (written, folder),
                    (None, None) => return None,
                };
                Some(if names(&name) {
                    CoverSource::Name(name)
                } else {
                    CoverSource::File(folder.join(name))
                })
            };
        let configured = &config.cover;
        Ok(Some(CoverUpload {
            fields: file.fields,
            template: source(self.cover_template.as_ref(), file.template, &|name| {
                configured.templates.contains_key(name)
            }),
            logo: source(self.cover_logo.as_ref(), file.logo, &|name| {
                configured.logos.contains_key(name)
            }),
        }))
    }

    /// The cover page of a fax that is converted right now.
    pub(crate) fn cover(
        &self,
        config: &Config,
        to: Option<&FaxNumber>,
        ident: Option<&str>,
    ) -> Result<Option<Cover>, Failure> {
        let Some(upload) = self.upload(config)? else {
            return Ok(None);
        };
        let defaults = cover_defaults(config, to, ident, None, faxmill::pipeline::now());
        let cover = load_cover(config, upload, defaults).map_err(|error| failure(&error))?;
        Ok(Some(cover))
    }
}

fn set(fields: &mut CoverFields, field: CoverField, text: &str) -> Result<(), Failure> {
    let refused = fields.set(field, text.to_owned());
    refused.map_err(|error| Failure::new(Exit::Refused, error.code(), error.to_string()))
}

fn read(path: &Path) -> Result<CoverFile, Failure> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Failure::new(
            Exit::NoInput,
            "input-unreadable",
            format!("{name}: {error}"),
        )
    };
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(COVER_FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(unreadable)?;
    CoverFile::parse(&name, &text)
        .map_err(|error| Failure::new(Exit::Refused, error.code(), error.to_string()))
}

/// The exit code of a cover page that is not made.
pub(crate) fn failure(error: &faxmill::pipeline::CoverPartError) -> Failure {
    let exit = match error {
        faxmill::pipeline::CoverPartError::Unreadable { .. } => Exit::NoInput,
        faxmill::pipeline::CoverPartError::Artifact(_) => Exit::Storage,
        _ => Exit::Refused,
    };
    Failure::new(exit, error.code(), error.to_string())
}
