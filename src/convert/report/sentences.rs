//! The report in words.

use super::margins::Edge;
use super::{Airtimes, Cropped, PageFaxability, PageLoss, Placement};

/// Longest time of a page that goes without saying, in seconds at 14,400 bit/s in MMR.
const PAGE_SECONDS_USUAL: f64 = 60.0;

/// Shares and scales this near to nothing lost go without saying.
const SHARE_MIN: f64 = 0.005;
const SCALE_USUAL: f64 = 0.98;

pub(super) fn of(pages: &[PageFaxability], total: &Airtimes) -> Vec<String> {
    let mut words = Words {
        pages,
        sentences: vec![in_all(pages, total)],
    };
    words.losses();
    words.placement();
    words.edges();
    words.content();
    words.turned();
    words.sentences
}

/// Sentences about pages that have something in common.
struct Words<'a> {
    pages: &'a [PageFaxability],
    sentences: Vec<String>,
}

impl Words<'_> {
    /// A sentence about the pages of which it is so, if there are any.
    fn say(
        &mut self,
        is_so: impl Fn(&PageFaxability) -> bool,
        words: impl Fn(&[&PageFaxability]) -> String,
    ) {
        let which: Vec<_> = self.pages.iter().filter(|page| is_so(page)).collect();
        if !which.is_empty() {
            self.sentences
                .push(format!("{}: {}", numbers(&which), words(&which)));
        }
    }

    fn losses(&mut self) {
        self.say(lost(|loss| loss.is_text_too_small), |which| {
            let points = least(which, |loss| loss.smallest_text_points.map(f64::from));
            format!(
                "the smallest text (lines of {points:.1} points) is too small to be read on the fax"
            )
        });
        let coloured = |loss: &PageLoss| loss.coloured_share.map(f64::from);
        self.say(
            lost(|loss| {
                loss.coloured_share
                    .is_some_and(|share| f64::from(share) > SHARE_MIN)
            }),
            |which| {
                let share = -least(which, |loss| coloured(loss).map(|share| -share));
                format!(
                    "colours become black or white ({} of the page)",
                    percent(share)
                )
            },
        );
    }

    fn placement(&mut self) {
        self.say(
            placed(|place| place.scale < SCALE_USUAL && !place.is_shrunk_for_length),
            |which| {
                format!(
                    "shrunk to {} to fit on the fax page",
                    percent(least_scale(which))
                )
            },
        );
        self.say(
            placed(|place| place.scale < SCALE_USUAL && place.is_shrunk_for_length),
            |which| {
                format!(
                    "shrunk to {} because of the length: sent as a long page, it would be larger",
                    percent(least_scale(which))
                )
            },
        );
        self.say(placed(|place| place.cropped.is_any()), cropped);
        self.say(
            lost(|loss| loss.hidden_share.is_some_and(|share| share > SHARE_MIN)),
            |which| {
                let share = -least(which, |loss| loss.hidden_share.map(|share| -share));
                format!(
                    "the document crops {} of the paper, which is not sent",
                    percent(share)
                )
            },
        );
    }

    fn edges(&mut self) {
        self.say(
            |page| !page.edge_ink.is_empty(),
            |which| {
                format!(
                    "ink within 3 mm of the {}, which the far machine may not print",
                    edges(which)
                )
            },
        );
        let is_moved = |page: &PageFaxability| {
            page.header
                .as_ref()
                .is_some_and(|header| header.moved_rows > 0)
        };
        self.say(is_moved, moved_by_header);
    }

    fn content(&mut self) {
        self.say(
            |page| page.bad_rows > 0,
            |which| {
                let rows: u32 = which.iter().map(|page| page.bad_rows).sum();
                format!("{rows} damaged rows repeat the row above")
            },
        );
        self.say(|page| page.is_blank, |_| "nothing on it".to_owned());
        let seconds = |page: &PageFaxability| page.airtime.mmr.seconds_14400;
        self.say(
            |page| seconds(page) > PAGE_SECONDS_USUAL,
            |which| {
                let slowest = which
                    .iter()
                    .max_by(|a, b| seconds(a).total_cmp(&seconds(b)))
                    .map_or((0.0, 0.0), |page| (seconds(page), page.black_share));
                format!(
                    "long on the line, {} at 14,400 bit/s with {} of it black",
                    duration(slowest.0),
                    percent(slowest.1)
                )
            },
        );
    }

    fn turned(&mut self) {
        self.say(placed(|place| place.is_turned), |_| {
            "turned by a quarter to fit".to_owned()
        });
    }
}

fn lost(is_so: impl Fn(&PageLoss) -> bool) -> impl Fn(&PageFaxability) -> bool {
    move |page| page.loss.as_ref().is_some_and(&is_so)
}

fn placed(is_so: impl Fn(&Placement) -> bool) -> impl Fn(&PageFaxability) -> bool {
    move |page| page.placement.as_ref().is_some_and(&is_so)
}

fn moved_by_header(pages: &[&PageFaxability]) -> String {
    let longer_mm = pages.iter().filter_map(|page| {
        let added = f64::from(page.header.as_ref()?.added_rows);
        Some(added * 1000.0 / f64::from(page.resolution.y_lines_per_metre()))
    });
    match longer_mm.fold(0.0, f64::max) {
        0.0 => "moved down to make room for the header line".to_owned(),
        mm => format!("moved down to make room for the header line, {mm:.0} mm longer by it"),
    }
}

fn in_all(pages: &[PageFaxability], total: &Airtimes) -> String {
    let plural = if pages.len() == 1 { "" } else { "s" };
    format!(
        "{} page{plural} in one call: {} at 14,400 bit/s and {} at 9,600 with MMR, \
         {} and {} with MR, {} and {} with MH.",
        pages.len(),
        duration(total.mmr.seconds_14400),
        duration(total.mmr.seconds_9600),
        duration(total.mr.seconds_14400),
        duration(total.mr.seconds_9600),
        duration(total.mh.seconds_14400),
        duration(total.mh.seconds_9600),
    )
}

/// The least of what the pages' losses say.
fn least(pages: &[&PageFaxability], of: impl Fn(&PageLoss) -> Option<f64>) -> f64 {
    pages
        .iter()
        .filter_map(|page| page.loss.as_ref().and_then(&of))
        .fold(f64::INFINITY, f64::min)
}

fn least_scale(pages: &[&PageFaxability]) -> f64 {
    let scales = pages.iter().filter_map(|page| page.placement);
    scales.fold(f64::INFINITY, |least, place| least.min(place.scale))
}

/// "20 mm cropped at the left, 21 mm at the right": the most that any of the pages loses there.
fn cropped(pages: &[&PageFaxability]) -> String {
    let most = |of: fn(&Cropped) -> f64| {
        let cropped = pages.iter().filter_map(|page| page.placement);
        cropped.fold(0.0, |most: f64, place| most.max(of(&place.cropped)))
    };
    let edges = [
        ("left", most(|cropped| cropped.left_mm)),
        ("right", most(|cropped| cropped.right_mm)),
        ("bottom", most(|cropped| cropped.bottom_mm)),
    ];
    let parts: Vec<String> = edges
        .into_iter()
        .filter(|(_, mm)| *mm > 0.0)
        .map(|(edge, mm)| match mm {
            mm if mm < 1.0 => format!("under 1 mm at the {edge}"),
            mm => format!("{mm:.0} mm at the {edge}"),
        })
        .collect();
    format!("cropped, {}: that is not sent", parts.join(", "))
}

/// "left and right edge", "top edge".
fn edges(pages: &[&PageFaxability]) -> String {
    let is_inked = |edge: &Edge| pages.iter().any(|page| page.edge_ink.contains(edge));
    let inked = Edge::ALL.into_iter().filter(is_inked);
    let names: Vec<&str> = inked.map(Edge::name).collect();
    match names.as_slice() {
        [name] => format!("{name} edge"),
        [names @ .., last] => format!("{} and {last} edge", names.join(", ")),
        [] => "edge".to_owned(),
    }
}

/// "Page 1", "Pages 1, 3-5".
fn numbers(pages: &[&PageFaxability]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in pages.iter().map(|page| page.index + 1) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words: Vec<String> = ranges
        .iter()
        .map(|(first, last)| match last - first {
            0 => format!("{first}"),
            1 => format!("{first}, {last}"),
            _ => format!("{first}-{last}"),
        })
        .collect();
    let plural = if pages.len() == 1 { "" } else { "s" };
    format!("Page{plural} {}", words.join(", "))
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 1.0 => "under 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// "45 s", "2 min 5 s".
fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
