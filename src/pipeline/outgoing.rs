//! What a call sends: the stored fax, with the header line of that call stamped into its pages.

use std::path::{Path, PathBuf};

use super::context::now;
use crate::config::Config;
use crate::convert::{ConvertError, OutgoingPages, write_outgoing};
use crate::header::{Header, HeaderError, Sender};
use crate::job::{FaxRequest, Reason};
use crate::limits::Limits;

/// A fax that is ready to be sent.
pub(super) struct Outgoing {
    /// The header, when pages have one.
    pub(super) header: Option<Header>,
    /// The digest of each page as it goes out.
    pub(super) digests: Vec<String>,
}

/// A fax that could not be made ready.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutgoingError {
    #[error("the header line: {0}")]
    Header(#[from] HeaderError),
    #[error("the header line could not be stamped into the fax: {0}")]
    Pages(#[from] ConvertError),
    #[error("the header line was not stamped to the end")]
    Panicked,
}

impl OutgoingError {
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Pages(ConvertError::Io(_) | ConvertError::Write(_))
            // The zone was known where the job was accepted: this machine lacks it.
            | Self::Header(_) => Reason::StorageFailed,
            Self::Pages(_) | Self::Panicked => Reason::DocumentError,
        }
    }
}

/// The header that a call made now has; `None` when no page is to have one.
pub(super) fn header_now(
    config: &Config,
    request: &FaxRequest,
) -> Result<Option<Header>, HeaderError> {
    let sender = Sender {
        header: &config.header,
        line_ident: &config.line.ident,
        job_ident: request.ident.as_deref(),
    };
    request
        .header
        .header(sender, request.number.as_str(), now())
}

/// Makes the file that a call made now sends, at `sent`, from the `stored` fax of so many pages.
pub(super) async fn make_outgoing(
    config: &Config,
    request: &FaxRequest,
    stored: PathBuf,
    pages: u32,
    sent: &Path,
) -> Result<Outgoing, OutgoingError> {
    let header = header_now(config, request)?;
    let (stamped, sent) = (header.clone(), sent.to_owned());
    let limits: Limits = config.limits.clone();
    let work = move || -> Result<Vec<String>, ConvertError> {
        let pages = OutgoingPages::open(&stored, stamped, pages, &limits)?;
        let reports = write_outgoing(pages, &sent)?;
        Ok(reports.into_iter().map(|page| page.digest).collect())
    };
    let digests = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| OutgoingError::Panicked)??;
    Ok(Outgoing { header, digests })
}
