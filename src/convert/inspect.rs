//! What a PDF holds besides what is drawn: encryption, attachments, page boxes.
//!
//! An inspector, not a validator: page trees lie, so counts of pages come from the renderer, and
//! nothing here refuses a document. The parser is kept in the rendering process, after the pages,
//! so that whatever it does with hostile bytes costs a report its last section and nothing else.

use std::collections::HashSet;

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};
use serde::{Deserialize, Serialize};

/// Most bytes one stream may inflate to while a document is inspected.
const STREAM_BYTES_MAX: usize = 64 << 20;

/// Most pages whose boxes are listed.
const PAGES_LISTED_MAX: usize = 500;

/// Most ancestors a page may inherit its boxes from.
const ANCESTORS_MAX: usize = 32;

/// Most nodes of the tree of attachments that are visited.
const NAME_NODES_MAX: usize = 10_000;

/// What a PDF says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Whether it is encrypted, be it with an empty password.
    pub is_encrypted: bool,
    /// Files that are attached to it and are not faxed.
    pub embedded_files: u32,
    /// Pages of its page tree, which may differ from the pages that the renderer finds.
    pub pages_declared: u32,
    /// Boxes of its first pages.
    pub boxes: Vec<PageBoxes>,
}

/// The boxes of one page, in points, before rotation: left, bottom, right, top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageBoxes {
    /// ISO 32000-1 §14.11.2: the paper.
    pub media: Option<[f32; 4]>,
    /// The region that is shown and printed.
    pub crop: Option<[f32; 4]>,
    /// Clockwise rotation for display, in degrees.
    pub rotate: i64,
}

/// Inspects a PDF; `None` when the parser makes nothing of it.
pub fn inspect(pdf: &[u8]) -> Option<Inspection> {
    let options = LoadOptions {
        max_decompressed_size: Some(STREAM_BYTES_MAX),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(pdf, options).ok()?;
    let pages = document.get_pages();
    Some(Inspection {
        is_encrypted: document.is_encrypted() || document.was_encrypted(),
        embedded_files: embedded_files(&document).unwrap_or(0),
        pages_declared: u32::try_from(pages.len()).unwrap_or(u32::MAX),
        boxes: pages
            .into_values()
            .take(PAGES_LISTED_MAX)
            .filter_map(|id| page_boxes(&document, id))
            .collect(),
    })
}

fn page_boxes(document: &Document, id: ObjectId) -> Option<PageBoxes> {
    let page = document.get_dictionary(id).ok()?;
    Some(PageBoxes {
        media: inherited(document, page, b"MediaBox").and_then(|array| rectangle(document, array)),
        crop: inherited(document, page, b"CropBox").and_then(|array| rectangle(document, array)),
        rotate: inherited(document, page, b"Rotate")
            .and_then(|degrees| degrees.as_i64().ok())
            .unwrap_or(0),
    })
}

/// The value of an inheritable page attribute (ISO 32000-1 §7.7.3.4).
pub(super) fn inherited<'a>(
    document: &'a Document,
    page: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Object> {
    let mut node = page;
    for _ in 0..ANCESTORS_MAX {
        if let Ok(value) = node.get_deref(key, document) {
            return Some(value);
        }
        node = node.get_deref(b"Parent", document).ok()?.as_dict().ok()?;
    }
    None
}

pub(super) fn rectangle(document: &Document, object: &Object) -> Option<[f32; 4]> {
    let numbers: Vec<f32> = object
        .as_array()
        .ok()?
        .iter()
        .map_while(|number| document.dereference(number).ok()?.1.as_float().ok())
        .collect();
    numbers.try_into().ok()
}

/// Counts the leaves of the name tree of attachments (ISO 32000-1 §7.9.6, §7.11.4).
fn embedded_files(document: &Document) -> Option<u32> {
    let names = document.catalog().ok()?.get_deref(b"Names", document);
    let root = names
        .ok()?
        .as_dict()
        .ok()?
        .get_deref(b"EmbeddedFiles", document);
    let mut waiting = vec![root.ok()?.as_dict().ok()?];
    let mut seen = HashSet::new();
    let mut files = 0usize;
    while let Some(node) = waiting.pop() {
        if let Ok(Object::Array(names)) = node.get_deref(b"Names", document) {
            files = files.saturating_add(names.len() / 2);
        }
        let Ok(Object::Array(kids)) = node.get_deref(b"Kids", document) else {
            continue;
        };
        for kid in kids {
            let Ok((id, kid)) = document.dereference(kid) else {
                continue;
            };
            // A tree without reference cycles: every referenced node is visited once.
            if seen.len() < NAME_NODES_MAX
                && id.is_some_and(|id| seen.insert(id))
                && let Ok(kid) = kid.as_dict()
            {
                waiting.push(kid);
            }
        }
    }
    Some(u32::try_from(files).unwrap_or(u32::MAX))
}
