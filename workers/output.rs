//! What a person or a program reads: progress bars on a terminal, plain lines elsewhere, JSON
//! lines on request.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

/// How the command speaks.
#[derive(Clone)]
pub(crate) struct Output {
    json: bool,
    bars: Option<MultiProgress>,
}

/// One line of progress: a bar, or plain lines no closer than a second apart.
pub(crate) struct Progress {
    label: String,
    bar: Option<ProgressBar>,
    silent: bool,
    printed: Option<(Instant, String)>,
}

impl Output {
    const PLAIN_INTERVAL: Duration = Duration::from_secs(1);

    pub(crate) fn new(json: bool) -> Self {
        let bars = (!json && std::io::stderr().is_terminal()).then(MultiProgress::new);
        Self { json, bars }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// The result of the command: JSON, or the words.
    pub(crate) fn result<T: Serialize>(&self, value: &T, words: &str) {
        if self.json {
            // Our own report types always have a JSON form.
            let text = serde_json::to_string(value).expect("a report can be written as JSON");
            line(&text);
        } else if let Some(bars) = &self.bars {
            bars.suspend(|| line(words));
        } else {
            line(words);
        }
    }

    /// Words for a person; nothing in JSON mode.
    pub(crate) fn say(&self, words: &str) {
        if !self.json {
            match &self.bars {
                Some(bars) => bars.suspend(|| line(words)),
                None => line(words),
            }
        }
    }

    /// Starts a line of progress; silent in JSON mode.
    pub(crate) fn progress(&self, label: &str) -> Progress {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(0));
            bar.set_style(style(false));
            bar.set_prefix(label.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Progress {
            label: label.to_owned(),
            bar,
            silent: self.json,
            printed: None,
        }
    }
}

impl Progress {
    /// Shows what is going on, and how far it is when that is known.
    pub(crate) fn update(&mut self, what: &str, done: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            if let Some(total) = total {
                if bar.length() != Some(total) {
                    bar.set_style(style(true));
                    bar.set_length(total);
                }
                bar.set_position(done);
            }
            bar.set_message(what.to_owned());
        } else if !self.silent {
            let text = match total {
                Some(total) => format!("{}: {what} {done}/{total}", self.label),
                None => format!("{}: {what}", self.label),
            };
            let due = match &self.printed {
                None => true,
                Some((at, last)) => *last != text && at.elapsed() >= Output::PLAIN_INTERVAL,
            };
            if due {
                eprintln!("{text}");
                self.printed = Some((Instant::now(), text));
            }
        }
    }

    /// Ends the line with its result.
    pub(crate) fn finish(self, what: &str) {
        if let Some(bar) = self.bar {
            bar.set_style(finished_style());
            bar.finish_with_message(what.to_owned());
        } else if !self.silent {
            eprintln!("{}: {what}", self.label);
        }
    }
}

fn style(with_length: bool) -> ProgressStyle {
    let template = if with_length {
        "{prefix:24} {wide_bar} {pos}/{len} {msg} {elapsed} ({eta} left)"
    } else {
        "{prefix:24} {spinner} {msg} {elapsed}"
    };
    // The templates are constants of ours.
    ProgressStyle::with_template(template).expect("the template is valid")
}

fn finished_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:24} {msg} {elapsed}").expect("the template is valid")
}

fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that went away is no reason to fail: the work itself is done.
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("nobody reads standard output any more");
    }
}
