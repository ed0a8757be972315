//! Two fax sessions talk to each other in simulated time, over a line that loses, delays,
//! reorders and repeats datagrams by a seed; libtiff judges what arrived.

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

<<<<<<< HEAD
use faxmill::t30::*;
use std::time::Duration;

#[test]
fn first_light() {
    let dir = tempfile::tempdir().unwrap();
    let (src, dst) = (dir.path().join("a.tif"), dir.path().join("b.tif"));
    let made = [pages::letter(1), pages::letter(2)];
    pages::write_tiff(&src, &made);
    let mut a = T38Session::new(&SessionConfig {
        ident: "+1 555 0100".into(),
        ..SessionConfig::new(
            CallSide::Calling,
            FaxRole::Transmit {
                tiff: src.clone(),
                first_page: 0,
            },
        )
    })
    .unwrap();
    let mut b = T38Session::new(&SessionConfig {
        ident: "Faxmill".into(),
        ..SessionConfig::new(CallSide::Called, FaxRole::Receive { tiff: dst.clone() })
    })
    .unwrap();
    let mut seq = [0u16; 2];
    for tick in 1..20000u32 {
        let now = TICK * tick;
        a.advance(now);
        b.advance(now);
        for _ in 0..2 {
            while let Some(o) = a.poll() {
                match o {
                    Output::Ifp { bytes, .. } => {
                        b.handle_ifp(seq[0], &bytes);
                        seq[0] = seq[0].wrapping_add(1);
                    }
                    o => println!("{now:?} A {o:?}"),
                }
            }
            while let Some(o) = b.poll() {
                match o {
                    Output::Ifp { bytes, .. } => {
                        a.handle_ifp(seq[1], &bytes);
                        seq[1] = seq[1].wrapping_add(1);
                    }
                    o => {
                        println!("{now:?} B {o:?}");
                        if let Output::Event(Event::PageReceived(p)) = &o {
                            println!("{} pages", pages::libtiff_pages(&dst));
                            assert!(
                                pages::libtiff_rows(&dst, p.index) == made[p.index as usize].bits
                            );
                        }
                    }
                }
            }
        }
        if a.is_finished() && b.is_finished() {
            break;
        }
    }
    assert_eq!(pages::libtiff_pages(&dst), 2);
    let _ = Duration::ZERO;
=======
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
>>>>>>> t30
}
