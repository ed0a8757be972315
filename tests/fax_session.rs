//! Two fax sessions talk to each other in simulated time, over a line that loses, delays,
//! reorders and repeats datagrams by a seed.

#[path = "fax_session/pages.rs"]
mod pages;

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
}
