//! The output of a rendering process, read by a clock.

use std::io::{self, PipeReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::limits::Limits;

/// How often a request to cancel is looked for while the process is silent.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

/// Most bytes kept of what the process says on its error stream.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// Why reading was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    Deadline,
    PageDeadline,
    Canceled,
}

/// The output of the process, read until a deadline or a request to cancel; its error stream is
/// drained beside it so that it cannot block there.
pub(super) struct WatchedOutput<'a> {
    pages: PipeReader,
    complaints: Option<PipeReader>,
    complaint: Vec<u8>,
    deadline: Instant,
    /// By when the page that is waited for has to be there.
    page_deadline: Instant,
    cancel: &'a AtomicBool,
    stopped: Option<Stopped>,
}

impl Read for WatchedOutput<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let now = Instant::now();
            let remaining = self.deadline.saturating_duration_since(now);
            let remaining_of_page = self.page_deadline.saturating_duration_since(now);
            if self.cancel.load(Ordering::Relaxed) {
                self.stopped = Some(Stopped::Canceled);
            } else if remaining.is_zero() {
                self.stopped = Some(Stopped::Deadline);
            } else if remaining_of_page.is_zero() {
                self.stopped = Some(Stopped::PageDeadline);
            }
            if self.stopped.is_some() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let patience = remaining.min(remaining_of_page).min(CANCEL_LATENCY);
            let (is_output, is_complaint) = self.wait(patience)?;
            if is_complaint {
                self.drain_complaint();
            }
            if is_output {
                return self.pages.read(buffer);
            }
        }
    }
}

impl<'a> WatchedOutput<'a> {
    pub(super) fn new(
        pages: PipeReader,
        complaints: PipeReader,
        deadline: Instant,
        cancel: &'a AtomicBool,
    ) -> Self {
        Self {
            pages,
            complaints: Some(complaints),
            complaint: Vec::new(),
            deadline,
            page_deadline: deadline,
            cancel,
            stopped: None,
        }
    }

    /// Why reading was given up, if it was.
    pub(super) fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// Gives up no later than then.
    pub(super) fn hurry(&mut self, deadline: Instant) {
        self.deadline = self.deadline.min(deadline);
        self.page_deadline = self.deadline;
    }

    /// Gives up when the next page is not there within the time that a page may take.
    pub(super) fn await_page(&mut self, limits: &Limits) {
        let patience = Duration::from_secs(limits.page_wall_seconds_max);
        self.page_deadline = Instant::now() + patience;
    }

    /// Waits until one of the two streams has something to read, or its end.
    fn wait(&self, patience: Duration) -> io::Result<(bool, bool)> {
        let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
        let mut descriptors = vec![PollFd::new(&self.pages, PollFlags::IN)];
        if let Some(complaints) = &self.complaints {
            descriptors.push(PollFd::new(complaints, PollFlags::IN));
        }
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |descriptor: &PollFd<'_>| !descriptor.revents().is_empty();
        let is_complaint = descriptors.get(1).is_some_and(is_ready);
        Ok((is_ready(&descriptors[0]), is_complaint))
    }

    /// Reads what waits on the error stream; what is over the bound is dropped.
    fn drain_complaint(&mut self) {
        let Some(complaints) = &mut self.complaints else {
            return;
        };
        let mut chunk = [0; 4096];
        match complaints.read(&mut chunk) {
            Ok(0) | Err(_) => self.complaints = None,
            Ok(count) => {
                let room = COMPLAINT_BYTES_MAX - self.complaint.len();
                self.complaint.extend_from_slice(&chunk[..count.min(room)]);
            }
        }
    }

    /// What the process said on its error stream; for when it has ended.
    pub(super) fn take_complaint(&mut self) -> String {
        while self.complaints.is_some() && matches!(self.wait(Duration::ZERO), Ok((_, true))) {
            self.drain_complaint();
        }
        plain(&String::from_utf8_lossy(&self.complaint))
    }
}

/// Words from the process, fit for one line of a message: it may be under a document's control.
pub(super) fn plain(words: &str) -> String {
    const CHARS_MAX: usize = 300;
    let spaced: String = words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(CHARS_MAX) {
        line.truncate(cut);
        line.push('…');
    }
    line
}
