//! From points on a PDF page to pixels of a fax page.

use super::page::{EDGE_POINTS_MAX, ImagePage};
use crate::convert::layout::{Layout, Turn};
use crate::convert::orientation::Orientation;
use crate::convert::resample::{Extent, Window};

/// Where an image comes to lie on the fax page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// How its rows and columns lie on the page as it is displayed.
    pub(super) orientation: Orientation,
    /// Where it lies on the fax page, as far as it is on it.
    pub(super) window: Window,
    /// Whether its edges are those of the page.
    pub(super) fills_page: bool,
}

/// How an image lies on the page that this matrix puts it on; it must turn by quarters only.
pub(super) fn orientation_of([a, b, c, d, ..]: [f64; 6]) -> Orientation {
    // The unit square's left is the first column, its top (§8.9.5.1: 1, not 0) the first row.
    let is_transposed = a.abs() < b.abs() && d.abs() < c.abs();
    let tag = if is_transposed {
        match (c > 0.0, b > 0.0) {
            (false, false) => 5,
            (true, false) => 6,
            (true, true) => 7,
            (false, true) => 8,
        }
    } else {
        match (a < 0.0, d < 0.0) {
            (false, false) => 1,
            (true, false) => 2,
            (true, true) => 3,
            (false, true) => 4,
        }
    };
    Orientation::from_tag(Some(tag))
}

impl Place {
    /// Places an image with these bounds on its page; `None` when none of it is shown.
    pub(super) fn new(
        page: &ImagePage<'_>,
        (bounds, orientation): ([f64; 4], Orientation),
        layout: Layout,
    ) -> Option<Self> {
        let displayed = turned(as_fractions(bounds, page.shown), page.quarter_turns);
        let [left, top, right, bottom] = match layout.turn {
            Turn::Upright => displayed,
            Turn::Quarter => turned(displayed, -1),
        };
        let on_page = Window::from(layout);
        let (first_column, across) = covered(on_page.across, left, right)?;
        let (first_row, along) = covered(on_page.along, top, bottom)?;
        let mut edges = bounds.iter().zip(page.shown);
        Some(Self {
            orientation: orientation.then(Orientation::from_quarter_turns(page.quarter_turns)),
            window: Window {
                left: on_page.left + first_column,
                top: on_page.top + first_row,
                across,
                along,
                ..on_page
            },
            fills_page: edges.all(|(a, b)| (a - b).abs() <= EDGE_POINTS_MAX),
        })
    }
}

/// What an image covers that lies between two places on the page, of 1: the first pixel of those of
/// the page that are on the fax page, and which of its own are there.
fn covered(page: Extent, from: f64, to: f64) -> Option<(u32, Extent)> {
    /// Beyond it there is hardly anything of the image on the page.
    const WHOLE_MAX: f64 = 1e6;
    let pixels = |place: f64| (place * f64::from(page.whole)).round();
    let (begin, end) = (pixels(from), pixels(to));
    let (shown_from, shown_to) = (f64::from(page.first), f64::from(page.first + page.count));
    let (first, last) = (begin.max(shown_from), end.min(shown_to));
    if first >= last || end - begin > WHOLE_MAX {
        return None;
    }
    let extent = Extent {
        whole: (end - begin) as u32,
        first: (first - begin) as u32,
        count: (last - first) as u32,
    };
    Some(((first - shown_from) as u32, extent))
}

/// Left, top, right and bottom, of 1, within the part of the page that is shown.
fn as_fractions(bounds: [f64; 4], shown: [f64; 4]) -> [f64; 4] {
    let (width, height) = (shown[2] - shown[0], shown[3] - shown[1]);
    [
        (bounds[0] - shown[0]) / width,
        (shown[3] - bounds[3]) / height,
        (bounds[2] - shown[0]) / width,
        (shown[3] - bounds[1]) / height,
    ]
}

/// The same place after turns to the right by quarters.
fn turned([left, top, right, bottom]: [f64; 4], quarter_turns: i64) -> [f64; 4] {
    match quarter_turns.rem_euclid(4) {
        1 => [1.0 - bottom, left, 1.0 - top, right],
        2 => [1.0 - right, 1.0 - bottom, 1.0 - left, 1.0 - top],
        3 => [top, 1.0 - right, bottom, 1.0 - left],
        _ => [left, top, right, bottom],
    }
}
