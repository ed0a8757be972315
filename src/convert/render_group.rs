//! The processes that render one document: one, or several that share the pages of a long one.

use std::fs::File;
use std::sync::atomic::AtomicBool;

use super::child::RenderProcess;
use super::frames::RenderedPage;
use super::inspect::Inspection;
use super::render_child::RenderShare;
use super::sandbox::Confinement;
use super::sniff::DocumentKind;
use super::survey::PageSurvey;
use super::{ConvertError, ConvertOptions};

/// Processes that render one document, whose pages come in order.
///
/// Of `n` processes each renders every `n`th page, and waits when its pipe is full: it works ahead
/// by as many pages as that holds, and no page is kept anywhere else.
pub(crate) struct RenderGroup<'a> {
    processes: Vec<RenderProcess<'a>>,
    pages: Option<u32>,
    pages_max: u32,
    pages_seen: u32,
}

impl<'a> RenderGroup<'a> {
    /// Starts rendering; returns once the document is open.
    pub(crate) fn start(
        kind: DocumentKind,
        document: &File,
        options: &'a ConvertOptions,
        cancel: &'a AtomicBool,
    ) -> Result<Self, ConvertError> {
        let share = RenderShare {
            processes: options.processes_max.max(1),
            place: 0,
        };
        let start = |share| RenderProcess::start(kind, document, share, options, cancel);
        let mut first = start(share)?;
        first.opened()?;
        let pages = first.pages();
        let mut processes = vec![first];
        for place in 1..pages.map_or(1, |pages| share.sharers(pages)) {
            processes.push(start(RenderShare { place, ..share })?);
        }
        // They open the document side by side, and none may see another one in it.
        for process in &mut processes[1..] {
            process.opened()?;
            if process.pages() != pages {
                return Err(process.out_of_turn());
            }
        }
        Ok(Self {
            processes,
            pages,
            pages_max: pages.unwrap_or(options.limits.document_pages_max),
            pages_seen: 0,
        })
    }

    /// How the processes were confined before they read the document.
    pub(crate) fn confinement(&self) -> Confinement {
        self.processes
            .iter()
            .map(RenderProcess::confinement)
            .reduce(Confinement::weaker)
            .unwrap_or_default()
    }

    /// Pages of the document, where that is known before the last.
    pub(crate) fn pages(&self) -> Option<u32> {
        self.pages
    }

    /// The next page, `None` after the last.
    pub(crate) fn next_page(&mut self) -> Result<Option<RenderedPage>, ConvertError> {
        let seen = self.pages_seen;
        let sharers = self.processes.len();
        if self.pages == Some(seen) {
            for process in &mut self.processes {
                if process.next_page(seen)?.is_some() {
                    return Err(process.out_of_turn());
                }
            }
            return Ok(None);
        }
        let process = &mut self.processes[seen as usize % sharers];
        match process.next_page(seen)? {
            Some(page) if seen < self.pages_max => {
                self.pages_seen += 1;
                Ok(Some(page))
            }
            None if self.pages.is_none() && seen > 0 => Ok(None),
            _ => Err(process.out_of_turn()),
        }
    }

    /// Takes back the memory of the page that came last.
    pub(crate) fn recycle(&mut self, page: RenderedPage) {
        let sharers = self.processes.len();
        self.processes[page.index as usize % sharers].recycle(page);
    }

    /// What a fax of the pages loses and what the document holds besides pages, when the processes
    /// come to say so in time.
    pub(crate) fn into_extras(mut self) -> (Vec<PageSurvey>, Option<Inspection>) {
        let mut inspection = None;
        let mut shares = Vec::with_capacity(self.processes.len());
        for process in &mut self.processes {
            let (surveys, seen) = process.extras();
            inspection = inspection.or(seen);
            shares.push(surveys.into_iter());
        }
        let processes = shares.len();
        let surveys: Vec<PageSurvey> = (0..self.pages_seen as usize)
            .map_while(|page| shares[page % processes].next())
            .collect();
        // One for each page, or they cannot be told apart.
        if surveys.len() == self.pages_seen as usize {
            (surveys, inspection)
        } else {
            (Vec::new(), inspection)
        }
    }
}
