//! What to expect of a fax before it is sent: time on the line, and what it does not carry.

mod margins;
mod sentences;

use serde::Serialize;

use super::airtime::{LineRate, call_seconds, page_seconds};
use super::conversion::{ConvertReport, PageReport};
use super::inspect::PageBoxes;
use super::layout::{PageBounds, PageSize, Turn, lay_out};
use super::outgoing::{OutgoingPage, PageHeader};
use super::sniff::DocumentKind;
use super::survey::PageSurvey;
use super::{ConvertError, ConvertOptions};
pub use margins::Edge;
use margins::inked_edges;

use crate::t4::{Bitmap, EncodeOptions, encode};
use crate::units::Resolution;

/// Height of a small x over that of its font's line, in usual fonts.
const X_HEIGHT: f64 = 0.42;

/// Scan lines, and pels, that a small x needs to be told from an e or an o: seen on text of 3 to 9
/// points in two fonts, of which 5.5 points can be read at standard and 3.5 at fine density.
const X_LINES_MIN: f64 = 3.5;
const X_PELS_MIN: f64 = 4.5;

const MILLIMETRES_PER_POINT: f64 = 25.4 / 72.0;

/// What to expect of a fax.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Faxability {
    /// Page by page, in order.
    pub pages: Vec<PageFaxability>,
    /// The whole document in one call, the call's beginning and end included.
    pub total: Airtimes,
    /// The same in words, what matters most first.
    pub sentences: Vec<String>,
}

/// What to expect of one page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageFaxability {
    /// Place in the fax, from 0.
    pub index: u32,
    /// Whether it is the cover page and not one of the document's.
    pub is_cover: bool,
    /// Vertical density.
    pub resolution: Resolution,
    /// Black pixels of all pixels, those of the header included, from 0 to 1.
    pub black_share: f64,
    /// Whether there is nothing on the page, a header aside.
    pub is_blank: bool,
    /// Rows that were damaged in a TIFF and repeat the one above.
    pub bad_rows: u32,
    /// Size and time in each coding.
    pub airtime: Airtimes,
    /// The header line stamped into the page, when there is one.
    pub header: Option<PageHeader>,
    /// How the page was brought onto the fax page; absent for a page that was a fax page already
    /// and went as it was, and where no survey was asked for.
    pub placement: Option<Placement>,
    /// Edges at which ink lies so near that the far machine may not print it.
    pub edge_ink: Vec<Edge>,
    /// What a fax loses of the page; of TIFF pages the colours are known alone, of bilevel ones
    /// there is nothing to lose.
    pub loss: Option<PageLoss>,
}

/// How a page was brought onto its fax page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Placement {
    /// The page's scale on the fax page: 1 is true size.
    pub scale: f64,
    /// Whether the page is turned by a quarter to fit.
    pub is_turned: bool,
    /// Whether it is the page's length, not its width, that had to be shrunk.
    pub is_shrunk_for_length: bool,
    /// What of the page lies off the fax page and is not sent.
    pub cropped: Cropped,
}

/// What of a page lies off the fax page, in millimetres of paper as it lies on the fax page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cropped {
    /// At the left end of the scan line.
    pub left_mm: f64,
    /// At its right end.
    pub right_mm: f64,
    /// At the end of the paper.
    pub bottom_mm: f64,
}

/// What a fax loses of a page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PageLoss {
    /// Coloured pixels of all pixels, from 0 to 1, which become black or white.
    pub coloured_share: Option<f32>,
    /// Paper outside of the box that is shown, of all paper, from 0 to 1.
    pub hidden_share: Option<f64>,
    /// Height of the smallest lines of text, in points; absent without text.
    pub smallest_text_points: Option<f32>,
    /// Whether that text is too small to be read on the fax page.
    pub is_text_too_small: bool,
}

/// Size and time in each coding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Airtimes {
    /// Modified Huffman.
    pub mh: Airtime,
    /// Modified READ, with the K of T.4 for the page's density.
    pub mr: Airtime,
    /// Modified modified READ.
    pub mmr: Airtime,
}

/// Size and time in one coding, in error correction mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Airtime {
    /// Coded bytes.
    pub bytes: u64,
    /// Seconds at 14,400 bit/s.
    pub seconds_14400: f64,
    /// Seconds at 9,600 bit/s.
    pub seconds_9600: f64,
}

impl Faxability {
    /// The report on the pages that `conversion` made with `options`, as they go out: with the
    /// header line where they have one.
    ///
    /// Losses are known when the options asked for a survey.
    pub fn of(
        outgoing: impl IntoIterator<Item = Result<OutgoingPage, ConvertError>>,
        conversion: &ConvertReport,
        options: &ConvertOptions,
    ) -> Result<Self, ConvertError> {
        let covers = conversion.pages.iter().filter(|page| page.is_cover).count();
        let boxes = match &conversion.inspection {
            // Page trees lie: boxes are believed when they are as many as pages were drawn.
            Some(inspection) if inspection.boxes.len() == conversion.pages.len() - covers => {
                &inspection.boxes[..]
            }
            _ => &[],
        };
        let mut pages = Vec::with_capacity(conversion.pages.len());
        let mut outgoing = outgoing.into_iter();
        for (index, said) in conversion.pages.iter().enumerate() {
            let page = outgoing.next().ok_or_else(|| ConvertError::Invalid {
                what: "the fax has fewer pages than were written".to_owned(),
            })??;
            // A cover page is none of the document's, of which the rest tells.
            let index = index.checked_sub(covers);
            let survey = index.and_then(|index| conversion.surveys.get(index));
            let boxes = index.and_then(|index| boxes.get(index));
            let placement = survey.and_then(|survey| Placement::of(survey, said, options));
            let loss = survey.zip(placement).and_then(|(survey, placement)| {
                let loss = PageLoss::of(survey, boxes, said.resolution, placement);
                let is_known =
                    conversion.kind == DocumentKind::Pdf || loss.coloured_share.is_some();
                is_known.then_some(loss)
            });
            pages.push(PageFaxability::of(page, said, placement, loss));
        }
        let mut total = Airtimes::default();
        for page in &pages {
            total.add(&page.airtime);
        }
        total.add_call();
        Ok(Self {
            sentences: sentences::of(&pages, &total),
            pages,
            total,
        })
    }
}

impl PageFaxability {
    fn of(
        page: OutgoingPage,
        said: &PageReport,
        placement: Option<Placement>,
        loss: Option<PageLoss>,
    ) -> Self {
        let OutgoingPage {
            bitmap,
            resolution,
            header,
            ..
        } = page;
        let pixels = f64::from(bitmap.width()) * f64::from(bitmap.rows());
        Self {
            index: said.index,
            is_cover: said.is_cover,
            resolution,
            black_share: bitmap.black_pixels() as f64 / pixels,
            is_blank: said.black_share <= 0.0,
            bad_rows: said.bad_rows,
            airtime: Airtimes::of(&bitmap, resolution),
            header,
            placement,
            edge_ink: inked_edges(&bitmap, resolution),
            loss,
        }
    }
}

impl Cropped {
    /// Whether anything is.
    pub fn is_any(&self) -> bool {
        self.left_mm > 0.0 || self.right_mm > 0.0 || self.bottom_mm > 0.0
    }
}

impl Placement {
    fn of(survey: &PageSurvey, page: &PageReport, options: &ConvertOptions) -> Option<Self> {
        let [width, height] = survey.points?;
        let size = PageSize::from_points(width.into(), height.into())?;
        let bounds = PageBounds {
            width_max: options.width_max,
            rows_max: options.limits.page_rows_max,
            fit: options.fit,
        };
        let layout = lay_out(size, page.resolution, bounds);
        let across_points = match layout.turn {
            Turn::Upright => width,
            Turn::Quarter => height,
        };
        let mm = |pixels: u32, per_metre: u32| f64::from(pixels) * 1000.0 / f64::from(per_metre);
        let columns_mm = |columns| mm(columns, page.resolution.x_pels_per_metre());
        let scale =
            columns_mm(layout.image_width()) / (f64::from(across_points) * MILLIMETRES_PER_POINT);
        Some(Self {
            scale,
            is_turned: layout.turn == Turn::Quarter,
            is_shrunk_for_length: layout.drawn_width < layout.width.pixels() && scale < 0.995,
            cropped: Cropped {
                left_mm: columns_mm(layout.cut.left),
                right_mm: columns_mm(layout.cut.right),
                bottom_mm: mm(layout.cut.bottom, page.resolution.y_lines_per_metre()),
            },
        })
    }
}

impl PageLoss {
    fn of(
        survey: &PageSurvey,
        boxes: Option<&PageBoxes>,
        resolution: Resolution,
        Placement { scale, .. }: Placement,
    ) -> Self {
        Self {
            coloured_share: survey.coloured_share,
            hidden_share: boxes.and_then(hidden_share),
            smallest_text_points: survey.smallest_text_points,
            is_text_too_small: survey
                .smallest_text_points
                .is_some_and(|points| f64::from(points) * scale < text_points_min(resolution)),
        }
    }
}

/// The least height of a line of text that is read, in points on the fax page.
fn text_points_min(resolution: Resolution) -> f64 {
    let points = |pixels: f64, per_metre: u32| {
        let millimetres = pixels * 1000.0 / f64::from(per_metre);
        millimetres / X_HEIGHT / MILLIMETRES_PER_POINT
    };
    points(X_LINES_MIN, resolution.y_lines_per_metre())
        .max(points(X_PELS_MIN, resolution.x_pels_per_metre()))
}

/// The share of the paper that the crop box leaves out.
fn hidden_share(boxes: &PageBoxes) -> Option<f64> {
    let area = |[left, bottom, right, top]: [f32; 4]| {
        f64::from((right - left).max(0.0)) * f64::from((top - bottom).max(0.0))
    };
    let upright = |[a, b, c, d]: [f32; 4]| [a.min(c), b.min(d), a.max(c), b.max(d)];
    let media = upright(boxes.media?);
    let crop = boxes.crop.map_or(media, upright);
    let shown = [
        media[0].max(crop[0]),
        media[1].max(crop[1]),
        media[2].min(crop[2]),
        media[3].min(crop[3]),
    ];
    let share = 1.0 - area(shown) / area(media);
    share.is_finite().then_some(share.clamp(0.0, 1.0))
}

impl Airtimes {
    fn of(bitmap: &Bitmap, resolution: Resolution) -> Self {
        // T.4 §4.2.1 (K), §4.1.4 (RTC).
        let k = match resolution {
            Resolution::Standard => 2,
            Resolution::Fine => 4,
            Resolution::Superfine => 8,
        };
        let on_the_line = |options: EncodeOptions| EncodeOptions {
            end_of_block: true,
            ..options
        };
        Self {
            mh: Airtime::of(bitmap, on_the_line(EncodeOptions::mh())),
            mr: Airtime::of(bitmap, on_the_line(EncodeOptions::mr(k))),
            mmr: Airtime::of(bitmap, EncodeOptions::mmr()),
        }
    }

    fn add(&mut self, page: &Self) {
        for (sum, part) in self
            .each_mut()
            .into_iter()
            .zip([page.mh, page.mr, page.mmr])
        {
            sum.bytes += part.bytes;
            sum.seconds_14400 += part.seconds_14400;
            sum.seconds_9600 += part.seconds_9600;
        }
    }

    fn add_call(&mut self) {
        for sum in self.each_mut() {
            sum.seconds_14400 += call_seconds(LineRate::V17At14400);
            sum.seconds_9600 += call_seconds(LineRate::V29At9600);
        }
    }

    fn each_mut(&mut self) -> [&mut Airtime; 3] {
        [&mut self.mh, &mut self.mr, &mut self.mmr]
    }
}

impl Airtime {
    fn of(bitmap: &Bitmap, options: EncodeOptions) -> Self {
        let coded = encode(bitmap, &options);
        Self {
            bytes: coded.len() as u64,
            seconds_14400: page_seconds(&coded, LineRate::V17At14400),
            seconds_9600: page_seconds(&coded, LineRate::V29At9600),
        }
    }
}
