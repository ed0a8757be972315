//! Cover pages of jobs: where their templates and logos come from, and what is filled in by itself.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::scratch::Scratch;
use crate::artifact::{ArtifactError, ArtifactKey};
use crate::config::Config;
use crate::convert::{Cover, CoverError, TEMPLATE_BYTES_MAX, Template};
use crate::header::ZoneName;
use crate::job::{CoverField, CoverFields, CoverPart, CoverRequest, FaxRequest, Reason};
use crate::units::{FaxNumber, UnixMillis};

/// A cover page as somebody submits it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoverUpload {
    /// What it says.
    pub fields: CoverFields,
    /// How it looks; without it as the template that is built in.
    pub template: Option<CoverSource>,
    /// The picture on it.
    pub logo: Option<CoverSource>,
}

/// Where a template or a logo is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoverSource {
    /// From the configuration, by its name there.
    Name(String),
    /// From a file of the submitter's, which becomes an artifact of the job.
    File(PathBuf),
}

/// A cover page that cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoverPartError {
    /// A name that the configuration does not have.
    #[error("the configuration has no cover {what} \"{name}\"{}", listed(.known))]
    Unknown {
        /// `template` or `logo`.
        what: &'static str,
        /// The name.
        name: String,
        /// The names it has.
        known: Vec<String>,
    },
    /// A file that cannot be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was read cannot become a cover page.
    #[error(transparent)]
    Cover(#[from] CoverError),
    /// An artifact that cannot be read.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; it has {}", names.join(", "))
    }
}

impl CoverPartError {
    /// The stable code: part of the public interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "cover-name-unknown",
            Self::Unreadable { .. } => "input-unreadable",
            Self::Cover(error) => error.code(),
            Self::Artifact(error) => error.code(),
        }
    }

    /// What a job that ends by this error ends for.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Unknown { .. } | Self::Cover(_) => Reason::DocumentInvalid,
            Self::Unreadable { .. } => Reason::StorageFailed,
            Self::Artifact(error) => error.reason(),
        }
    }
}

/// What the fields say that nobody fills in: the number that is dialed, our own where the identity
/// is a number, and the day, in the job's time zone or in the header's.
pub fn cover_defaults(
    config: &Config,
    to: Option<&FaxNumber>,
    ident: Option<&str>,
    zone: Option<&ZoneName>,
    accepted: UnixMillis,
) -> CoverFields {
    let ident = ident.unwrap_or(&config.line.ident);
    let from = ident.parse::<FaxNumber>().ok().map(|_| ident.to_owned());
    let zone = zone.or(config.header.time_zone.as_ref());
    // A zone that the system does not know is refused where the header is looked at.
    let local =
        ZoneName::local_time(zone, accepted).or_else(|_| ZoneName::local_time(None, accepted));
    let offset_ms = local.map_or(0, |local| i64::from(local.utc_offset_seconds) * 1000);
    // A clock that is out of jiff's range tells no date.
    let date = jiff::Timestamp::from_millisecond(accepted.0.saturating_add(offset_ms))
        .ok()
        .map(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string());
    filled([
        (CoverField::ToNumber, to.map(ToString::to_string)),
        (CoverField::FromNumber, from),
        (CoverField::Date, date),
    ])
}

fn filled<const N: usize>(known: [(CoverField, Option<String>); N]) -> CoverFields {
    let mut fields = CoverFields::default();
    for (field, text) in known {
        if let Some(text) = text {
            fields
                .set(field, text)
                .expect("a number and a date are short, and neither is counted");
        }
    }
    fields
}

/// Reads the parts of a cover page from the submitter's files and the configuration's.
pub fn load_cover(
    config: &Config,
    upload: CoverUpload,
    defaults: CoverFields,
) -> Result<Cover, CoverPartError> {
    let path = |what, source: &CoverSource| match source {
        CoverSource::Name(name) => named(config, what, name),
        CoverSource::File(path) => Ok(path.clone()),
    };
    let template = upload.template.as_ref();
    let template = template
        .map(|source| path("template", source))
        .transpose()?;
    let logo = upload.logo.as_ref();
    let logo = logo.map(|source| path("logo", source)).transpose()?;
    assemble(
        config,
        upload.fields,
        defaults,
        template.as_deref(),
        logo.as_deref(),
    )
}

impl Context {
    /// The cover page that a job asks for; artifacts are copied into `scratch`.
    pub(super) async fn cover(
        &self,
        request: &FaxRequest,
        accepted: UnixMillis,
        scratch: &Scratch,
    ) -> Result<Option<Cover>, CoverPartError> {
        let Some(cover) = &request.cover else {
            return Ok(None);
        };
        let template = self.part("template", cover.template.as_ref(), scratch);
        let template = template.await?;
        let logo = self.part("logo", cover.logo.as_ref(), scratch).await?;
        let ident = request.ident.as_deref();
        let zone = request.header.time_zone.as_ref();
        let to = Some(&request.number);
        let defaults = cover_defaults(&self.config, to, ident, zone, accepted);
        let fields = cover.fields.clone();
        assemble(
            &self.config,
            fields,
            defaults,
            template.as_deref(),
            logo.as_deref(),
        )
        .map(Some)
    }

    /// The file of a template or a logo.
    async fn part(
        &self,
        what: &'static str,
        part: Option<&CoverPart>,
        scratch: &Scratch,
    ) -> Result<Option<PathBuf>, CoverPartError> {
        match part {
            None => Ok(None),
            Some(CoverPart::Name(name)) => named(&self.config, what, name).map(Some),
            Some(CoverPart::Artifact(key)) => {
                let copy = scratch.file(&format!("cover-{what}"));
                self.artifacts.fetch(&key.parse()?, &copy).await?;
                Ok(Some(copy))
            }
        }
    }

    /// Stores the files of a cover page that is asked for, for a job of this id.
    pub(super) async fn store_cover(
        &self,
        job: &str,
        upload: &CoverUpload,
    ) -> Result<(CoverRequest, Vec<ArtifactKey>), ArtifactError> {
        let mut stored = Vec::new();
        let mut request = CoverRequest {
            fields: upload.fields.clone(),
            ..CoverRequest::default()
        };
        for (name, source, part) in [
            ("cover.toml", &upload.template, &mut request.template),
            ("cover-logo", &upload.logo, &mut request.logo),
        ] {
            *part = match source {
                None => None,
                Some(CoverSource::Name(name)) => Some(CoverPart::Name(name.clone())),
                Some(CoverSource::File(file)) => {
                    let key = self.artifacts.put_file(job, name, file).await?;
                    stored.push(key.clone());
                    Some(CoverPart::Artifact(key.to_string()))
                }
            };
        }
        Ok((request, stored))
    }
}

/// The file that the configuration has by this name.
fn named(config: &Config, what: &'static str, name: &str) -> Result<PathBuf, CoverPartError> {
    let files = match what {
        "logo" => &config.cover.logos,
        _ => &config.cover.templates,
    };
    files
        .get(name)
        .cloned()
        .ok_or_else(|| CoverPartError::Unknown {
            what,
            name: name.to_owned(),
            known: files.keys().cloned().collect(),
        })
}

/// Puts a cover page together and refuses one that cannot be made.
fn assemble(
    config: &Config,
    fields: CoverFields,
    defaults: CoverFields,
    template: Option<&Path>,
    logo: Option<&Path>,
) -> Result<Cover, CoverPartError> {
    let template = match template {
        None => Template::built_in(),
        Some(path) => {
            let bytes = read(path, TEMPLATE_BYTES_MAX as u64)?;
            let name = path.display().to_string();
            let text = String::from_utf8(bytes).map_err(|error| CoverError::Template {
                file: name.clone(),
                line: 1,
                what: error.utf8_error().to_string(),
            })?;
            Template::parse(&name, &text)?
        }
    };
    let logo = logo.map(|path| read(path, config.limits.logo_bytes_max));
    let cover = Cover {
        fields,
        defaults,
        template,
        logo: logo.transpose()?,
    };
    cover.check(&config.limits)?;
    Ok(cover)
}

/// A file's first bytes, one more than the limit, which thus is seen to be passed.
fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, CoverPartError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| {
            if !file.metadata()?.is_file() {
                return Err(std::io::Error::other("it is not a regular file"));
            }
            file.take(bytes_max.saturating_add(1))
                .read_to_end(&mut bytes)
        })
        .map_err(|source| CoverPartError::Unreadable {
            file: path.display().to_string(),
            source,
        })?;
    Ok(bytes)
}
