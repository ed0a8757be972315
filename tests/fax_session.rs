//! Two fax sessions talk to each other in simulated time, over a line that loses, delays,
//! reorders and repeats datagrams by a seed; libtiff judges what arrived.

#[path = "fax_session/airtime.rs"]
mod airtime;
#[path = "fax_session/attributes.rs"]
mod attributes;
#[path = "fax_session/codes.rs"]
mod codes;
#[path = "fax_session/exact.rs"]
mod exact;
#[path = "fax_session/hostile.rs"]
mod hostile;
#[path = "fax_session/pages.rs"]
mod pages;
#[path = "fax_session/pair.rs"]
mod pair;
#[path = "fax_session/refused.rs"]
mod refused;
#[path = "fax_session/trouble.rs"]
mod trouble;
#[path = "fax_session/udptl.rs"]
mod udptl;

use std::path::{Path, PathBuf};

use pages::{Page, libtiff_pages, libtiff_rows, write_tiff};
use tempfile::TempDir;

/// A scratch folder with a fax to send and a place for the one received.
struct Scratch {
    _folder: TempDir,
    source: PathBuf,
    target: PathBuf,
    pages: Vec<Page>,
}

impl Scratch {
    fn with(pages: Vec<Page>) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let source = folder.path().join("sent.tif");
        write_tiff(&source, &pages);
        Self {
            target: folder.path().join("received.tif"),
            source,
            pages,
            _folder: folder,
        }
    }

    fn letters(count: u64) -> Self {
        Self::with((0..count).map(pages::letter).collect())
    }

    /// The received file holds exactly these pages of the sent one.
    fn assert_received(&self, expected: std::ops::Range<usize>) {
        assert_eq!(libtiff_pages(&self.target), expected.len(), "pages");
        for (index, page) in expected.enumerate() {
            assert_page(&self.target, index as u32, &self.pages[page]);
        }
    }
}

fn assert_page(file: &Path, index: u32, expected: &Page) {
    let rows = libtiff_rows(file, index);
    assert_eq!(rows.len(), expected.bits.len(), "size of page {index}");
    let differing = rows
        .iter()
        .zip(&expected.bits)
        .map(|(a, b)| (a ^ b).count_ones())
        .sum::<u32>();
    assert_eq!(differing, 0, "pixels that differ in page {index}");
}
