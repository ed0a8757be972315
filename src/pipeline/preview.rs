//! A look at the pages of a fax job: as they went out, or as they would now.

use super::context::Context;
use super::outgoing::header_now;
use crate::artifact::{ArtifactError, ArtifactKey};
use crate::convert::{ConvertError, OutgoingPages, Preview, PreviewTarget, write_preview};
use crate::header::{Header, HeaderError};
use crate::job::{Attempt, JobId, JobRequest};
use crate::store::StoreError;

/// A job whose pages cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreviewError {
    /// The job.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It sends no fax.
    #[error("job {id} sends no fax")]
    NoFax {
        /// The job.
        id: JobId,
    },
    /// Its document is not converted yet, or never will be.
    #[error("job {id} has no fax pages: its document is not converted")]
    NotConverted {
        /// The job.
        id: JobId,
    },
    /// It was not called so often.
    #[error("job {id} has no attempt {number}")]
    NoAttempt {
        /// The job.
        id: JobId,
        /// The attempt asked for.
        number: u32,
    },
    /// Its header was drawn by another version of the program, from which this one differs.
    #[error(
        "the header was drawn in edition {edition}, this program draws edition {}: \
         the digests of the events tell what was sent",
        Header::REVISION
    )]
    Edition {
        /// The edition it was drawn in.
        edition: u32,
    },
    /// The stored pages.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The header of a call made now.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The stored pages, or the preview.
    #[error(transparent)]
    Pages(#[from] ConvertError),
    /// Room for a copy of the pages.
    #[error("scratch space: {0}")]
    Scratch(#[from] std::io::Error),
}

impl PreviewError {
    /// The stable code: part of the public interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::NoFax { .. } => "job-without-fax",
            Self::NotConverted { .. } => "job-not-converted",
            Self::NoAttempt { .. } => "attempt-unknown",
            Self::Edition { .. } => "header-edition",
            Self::Artifact(error) => error.code(),
            Self::Header(error) => error.code(),
            Self::Pages(error) => error.reason().code(),
            Self::Scratch(_) => "scratch",
        }
    }
}

/// Pages of a job, up to those of the next run, from one stored fax and with one header.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    /// The first of them, from 1.
    first_page: u32,
    fax: String,
    header: Option<Header>,
}

impl Context {
    /// Writes a preview of a fax job's pages.
    ///
    /// Each page is shown as the last call that had it to send sent it, pixel by pixel; with
    /// `attempt`, all pages as that call would have sent them. Before the first call they are
    /// shown as a call would send them now.
    pub async fn preview(
        &self,
        id: JobId,
        attempt: Option<u32>,
        target: &PreviewTarget,
    ) -> Result<Preview, PreviewError> {
        let job = self.store.job(id).await?;
        let JobRequest::Fax(request) = &job.request else {
            return Err(PreviewError::NoFax { id });
        };
        let (Some(stored), Some(pages)) = (job.state.artifacts.get("fax"), job.state.pages) else {
            return Err(PreviewError::NotConverted { id });
        };
        let mut attempts = self.store.attempts(id).await?;
        if let Some(number) = attempt {
            attempts.retain(|attempt| attempt.number == number);
            let attempt = attempts.first_mut();
            let attempt = attempt.ok_or(PreviewError::NoAttempt { id, number })?;
            attempt.first_page = 1;
        }
        let mut runs = runs_of(&attempts, stored);
        if runs.is_empty() {
            runs.push(Run {
                first_page: 1,
                fax: stored.clone(),
                header: header_now(&self.config, request)?,
            });
        }
        let headers = runs.iter().filter_map(|run| run.header.as_ref());
        if let Some(edition) = other_edition(headers) {
            return Err(PreviewError::Edition { edition });
        }
        let scratch = self.scratch.task()?;
        let mut shown = Vec::with_capacity(runs.len());
        for (index, run) in runs.iter().enumerate() {
            let key: ArtifactKey = run.fax.parse()?;
            let copy = scratch.file(&format!("{index}.tiff"));
            self.artifacts.fetch(&key, &copy).await?;
            let limits = &self.config.limits;
            let of_run = OutgoingPages::open(&copy, run.header.clone(), pages, limits)?;
            let first = run.first_page as usize - 1;
            let end = runs
                .get(index + 1)
                .map_or(usize::MAX, |next| next.first_page as usize - 1);
            shown.push(of_run.skip(first).take(end - first));
        }
        let shown = shown.into_iter().flatten();
        let target = target.clone();
        let work = move || write_preview(shown, &target);
        match tokio::task::spawn_blocking(work).await {
            Ok(preview) => Ok(preview?),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

/// An edition among these that this program does not draw.
fn other_edition<'a>(mut headers: impl Iterator<Item = &'a Header>) -> Option<u32> {
    let other = headers.find(|header| header.revision != Header::REVISION);
    other.map(|header| header.revision)
}

/// Which call had which pages to send last, first page first.
fn runs_of(attempts: &[Attempt], stored: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for attempt in attempts {
        // A call begins at the first page that none before it delivered.
        runs.retain(|run| run.first_page < attempt.first_page);
        runs.push(Run {
            first_page: attempt.first_page,
            fax: attempt
                .settings
                .document
                .clone()
                .unwrap_or_else(|| stored.to_owned()),
            header: attempt.settings.header.as_deref().cloned(),
        });
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::{HeaderOptions, Sender};
    use crate::job::AttemptSettings;
    use crate::units::UnixMillis;

    fn attempt(number: u32, first_page: u32, document: Option<&str>) -> Attempt {
        Attempt {
            number,
            started_at: UnixMillis(0),
            answered_at: None,
            ended_at: None,
            first_page,
            pages_confirmed: 0,
            settings: AttemptSettings {
                document: document.map(str::to_owned),
                ..AttemptSettings::default()
            },
            negotiated: None,
            result: None,
            reason: None,
            detail: None,
        }
    }

    #[test]
    fn each_page_is_of_the_last_call_that_had_it_to_send() {
        let shown = |attempts: &[Attempt]| -> Vec<(u32, String)> {
            let runs = runs_of(attempts, "stored");
            runs.into_iter()
                .map(|run| (run.first_page, run.fax))
                .collect()
        };
        let run = |first_page, fax: &str| (first_page, fax.to_owned());
        assert_eq!(shown(&[]), []);
        // Busy, two pages, rendered again for the third, and again.
        let calls = [
            attempt(1, 1, Some("a")),
            attempt(2, 1, Some("a")),
            attempt(3, 3, Some("b")),
            attempt(4, 3, Some("c")),
        ];
        assert_eq!(shown(&calls), [run(1, "a"), run(3, "c")]);
        // From before calls kept what they sent.
        assert_eq!(shown(&[attempt(1, 1, None)]), [run(1, "stored")]);
    }

    #[test]
    fn a_header_of_another_edition_is_not_drawn_as_if_it_were_ours() {
        let sender = Sender {
            header: &HeaderOptions::default(),
            line_ident: "x",
            job_ident: None,
        };
        let ours = HeaderOptions::default().header(sender, "1", UnixMillis(0));
        let ours = ours.unwrap().unwrap();
        let theirs = Header {
            revision: Header::REVISION + 1,
            ..ours.clone()
        };
        assert_eq!(other_edition([&ours].into_iter()), None);
        assert_eq!(other_edition([&ours, &theirs].into_iter()), Some(2));
    }
}
