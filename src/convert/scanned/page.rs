//! A page's dictionary: whether its images are all that it shows, and where they lie.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::content::{PageContent, Painted, bounds};
use crate::convert::inspect::{inherited, rectangle};

/// Longest content of a page that is a scan; most of it is invisible text.
const CONTENT_BYTES_MAX: usize = 2 << 20;

/// How far an edge may lie from another and still be the same, in points: a third of a fax pixel.
pub(super) const EDGE_POINTS_MAX: f64 = 0.12;

/// A page that shows images and nothing else.
pub(super) struct ImagePage<'a> {
    /// In painting order.
    pub(super) images: Vec<PlacedImage<'a>>,
    /// The part of the page that is shown, in points: left, bottom, right, top.
    pub(super) shown: [f64; 4],
    /// Turns to the right by quarters for display.
    pub(super) quarter_turns: i64,
}

/// An image of a page.
pub(super) struct PlacedImage<'a> {
    pub(super) stream: &'a Stream,
    pub(super) painted: Painted,
    /// Where it lies on the page, in points: left, bottom, right, top.
    pub(super) bounds: [f64; 4],
}

impl<'a> ImagePage<'a> {
    /// Reads a page; `None` at any doubt.
    pub(super) fn read(document: &'a Document, id: ObjectId) -> Option<Self> {
        let page = document.get_dictionary(id).ok()?;
        if page.has(b"Annots") || page.has(b"UserUnit") || !is_plain_group(document, page)? {
            return None;
        }
        let quarter_turns = match inherited(document, page, b"Rotate") {
            None => 0,
            Some(degrees) => match degrees.as_i64().ok()? {
                degrees if degrees % 90 == 0 => degrees / 90,
                _ => return None,
            },
        };
        let content = PageContent::read(&page_content(document, id)?)?;
        let resources = inherited(document, page, b"Resources")?.as_dict().ok()?;
        if !is_plain(document, resources, &content)? {
            return None;
        }
        let shown = visible_box(document, page)?;
        let images = content.images.into_iter().map(|painted| {
            let stream = named(document, resources, b"XObject", &painted.name)?
                .as_stream()
                .ok()?;
            let bounds = bounds(painted.matrix)?;
            // A clip that cuts off what would be shown is more than a frame.
            let is_framed = content.clips.iter().all(|clip| {
                let visible = intersection(bounds, shown);
                is_within(visible, *clip, EDGE_POINTS_MAX)
            });
            is_framed.then_some(PlacedImage {
                stream,
                painted,
                bounds,
            })
        });
        Some(Self {
            images: images.collect::<Option<_>>()?,
            shown,
            quarter_turns,
        })
    }
}

fn page_content(document: &Document, page: ObjectId) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for id in document.get_page_contents(page) {
        let stream = document.get_object(id).ok()?.as_stream().ok()?;
        let room = CONTENT_BYTES_MAX.checked_sub(content.len())?;
        if stream.dict.has(b"Filter") {
            content.extend_from_slice(&stream.decompressed_content_with_limit(room).ok()?);
        } else if stream.content.len() <= room {
            content.extend_from_slice(&stream.content);
        } else {
            return None;
        }
        content.push(b'\n');
    }
    Some(content)
}

/// Whether the page is blended as a whole, if at all, onto paper: of one opaque image nothing
/// depends on it.
fn is_plain_group(document: &Document, page: &Dictionary) -> Option<bool> {
    let Ok(group) = page.get_deref(b"Group", document) else {
        return Some(!page.has(b"Group"));
    };
    let group = group.as_dict().ok()?;
    let subtype = group.get_deref(b"S", document).ok()?.as_name().ok()?;
    Some(subtype == b"Transparency")
}

/// Whether colours are what they are called, graphics states change nothing that is seen, and
/// invisible text is set in fonts that can be invisible.
fn is_plain(document: &Document, resources: &Dictionary, content: &PageContent) -> Option<bool> {
    if let Ok(spaces) = resources.get_deref(b"ColorSpace", document) {
        let spaces = spaces.as_dict().ok()?;
        let defaults = [&b"DefaultGray"[..], b"DefaultRGB", b"DefaultCMYK"];
        if defaults.into_iter().any(|name| spaces.has(name)) {
            return None;
        }
    }
    for name in &content.states {
        let state = named(document, resources, b"ExtGState", name)?;
        if !is_plain_state(document, state.as_dict().ok()?) {
            return None;
        }
    }
    for name in &content.fonts {
        let font = named(document, resources, b"Font", name)?.as_dict().ok()?;
        // The glyphs of a Type 3 font are content of its own, shown in any mode: §9.3.6.
        if font.get_deref(b"Subtype", document).ok()?.as_name().ok()? == b"Type3" {
            return None;
        }
    }
    Some(true)
}

/// Whether a graphics state (ISO 32000-1 §8.4.5) leaves an opaque image as it is.
fn is_plain_state(document: &Document, state: &Dictionary) -> bool {
    state.iter().all(|(key, _)| {
        let Ok(value) = state.get_deref(key, document) else {
            return false;
        };
        let is_name = |names: &[&[u8]]| value.as_name().is_ok_and(|name| names.contains(&name));
        match key.as_slice() {
            b"Type" | b"LW" | b"LC" | b"LJ" | b"ML" | b"D" | b"RI" | b"FL" | b"SM" | b"SA"
            | b"AIS" | b"TK" | b"OPM" => true,
            b"OP" | b"op" => value.as_bool().is_ok_and(|on| !on),
            b"CA" | b"ca" => value.as_float().is_ok_and(|alpha| alpha >= 1.0),
            b"BM" => is_name(&[b"Normal", b"Compatible"]),
            b"SMask" => is_name(&[b"None"]),
            _ => false,
        }
    })
}

/// An entry of a category of the resources.
fn named<'a>(
    document: &'a Document,
    resources: &'a Dictionary,
    category: &[u8],
    name: &[u8],
) -> Option<&'a Object> {
    let entries = resources.get_deref(category, document).ok()?;
    let entries = entries.as_dict().ok()?;
    entries.get_deref(name, document).ok()
}

/// The part of the page that is shown: the crop box, when it lies within the media box.
fn visible_box(document: &Document, page: &Dictionary) -> Option<[f64; 4]> {
    let read = |key: &[u8]| {
        inherited(document, page, key).map(|found| rectangle(document, found).map(ordered))
    };
    let media = read(b"MediaBox")??;
    let Some(crop) = read(b"CropBox") else {
        return Some(media);
    };
    let crop = crop?;
    is_within(crop, media, 0.0).then_some(crop)
}

/// The same rectangle from its lower left to its upper right corner.
fn ordered([x0, y0, x1, y1]: [f32; 4]) -> [f64; 4] {
    [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)].map(f64::from)
}

fn is_within(inner: [f64; 4], outer: [f64; 4], slack: f64) -> bool {
    inner[0] >= outer[0] - slack
        && inner[1] >= outer[1] - slack
        && inner[2] <= outer[2] + slack
        && inner[3] <= outer[3] + slack
}

fn intersection(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    [
        a[0].max(b[0]),
        a[1].max(b[1]),
        a[2].min(b[2]),
        a[3].min(b[3]),
    ]
}
