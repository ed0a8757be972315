//! What is refused before anything is dialed.

use std::path::{Path, PathBuf};

use faxmill::job::Reason;
use faxmill::t30::{CallSide, FaxRole, SessionConfig, T30Error, T38Session, examine_document};

use super::Scratch;
use super::pages::{letter, text_page, write_tiff};
use super::pair::{receiving, sending};

fn refusal(config: &SessionConfig) -> T30Error {
    match T38Session::new(config) {
        Ok(_) => panic!("the session started"),
        Err(error) => error,
    }
}

#[test]
fn a_file_that_is_not_there() {
    let error = refusal(&sending(Path::new("/nonexistent/fax.tif")));
    assert_eq!(error.code(), "fax-file-unusable");
    assert_eq!(error.reason(), Reason::StorageFailed);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let error = refusal(&receiving(Path::new("/nonexistent/fax.tif")));
    assert_eq!(error.code(), "fax-file-unusable");
}

#[test]
fn a_path_longer_than_the_engine_takes() {
    let path = PathBuf::from("/tmp").join("x".repeat(260));
    assert_eq!(refusal(&sending(&path)).code(), "path-too-long");
    assert_eq!(refusal(&receiving(&path)).code(), "path-too-long");
}

#[test]
fn a_file_that_is_no_tiff() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("a.tif");
    for bytes in [
        &b""[..],
        b"II",
        b"%PDF-1.7 and so on",
        b"II\x2B\x00\x08\x00\x00\x00",
    ] {
        std::fs::write(&path, bytes).expect("a scratch file");
        let error = refusal(&sending(&path));
        assert_eq!(error.code(), "not-a-fax-tiff", "{bytes:?}: {error}");
        assert_eq!(error.reason(), Reason::DocumentError);
    }
}

#[test]
fn a_tiff_cut_off_anywhere_is_refused_or_read() {
    let scratch = Scratch::with(vec![text_page(1, 1728, 8, 98), text_page(2, 1728, 8, 98)]);
    let whole = std::fs::read(&scratch.source).expect("the file was written");
    for length in 0..whole.len() {
        std::fs::write(&scratch.source, &whole[..length]).expect("a scratch file");
        let error = examine_document(&scratch.source).expect_err("a part is no fax");
        assert_eq!(error.code(), "not-a-fax-tiff", "{length} bytes: {error}");
    }
}

#[test]
fn a_tiff_whose_directories_form_a_ring() {
    let scratch = Scratch::with(vec![text_page(1, 1728, 8, 98)]);
    let mut bytes = std::fs::read(&scratch.source).expect("the file was written");
    let first: [u8; 4] = bytes[4..8].try_into().expect("four bytes");
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&first);
    std::fs::write(&scratch.source, bytes).expect("a scratch file");
    let error = examine_document(&scratch.source).expect_err("a ring has no end");
    assert_eq!(error.code(), "too-many-pages");
}

#[test]
fn a_page_of_a_width_no_fax_has() {
    let scratch = Scratch::with(vec![letter(1), text_page(2, 2560, 100, 196)]);
    let error = refusal(&sending(&scratch.source));
    assert!(
        matches!(
            error,
            T30Error::PageWidth {
                page: 2,
                width: 2560
            }
        ),
        "{error}"
    );
    assert_eq!(error.reason(), Reason::ImageUnsupported);
}

#[test]
fn a_page_of_a_resolution_no_fax_has() {
    let scratch = Scratch::with(vec![text_page(2, 1728, 100, 150)]);
    let error = refusal(&sending(&scratch.source));
    assert_eq!(error.code(), "page-resolution-unsupported");
}

#[test]
fn a_first_page_behind_the_last() {
    let scratch = Scratch::letters(2);
    let mut config = sending(&scratch.source);
    config.role = FaxRole::Transmit {
        tiff: scratch.source.clone(),
        first_page: 2,
    };
    let error = refusal(&config);
    assert!(
        matches!(error, T30Error::FirstPage { first: 3, pages: 2 }),
        "{error}"
    );
}

#[test]
fn an_identification_that_does_not_fit() {
    let scratch = Scratch::letters(1);
    for ident in ["123456789012345678901", "Fax\u{e9}", "two\nlines"] {
        let config = SessionConfig {
            ident: ident.to_owned(),
            ..sending(&scratch.source)
        };
        assert_eq!(refusal(&config).code(), "ident-invalid", "{ident}");
    }
}

#[test]
fn a_refused_receiver_leaves_no_file_behind() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let target = folder.path().join("received.tif");
    let session = T38Session::new(&SessionConfig::new(
        CallSide::Called,
        FaxRole::Receive {
            tiff: target.clone(),
        },
    ));
    assert!(session.is_ok());
    drop(session);
    assert!(!target.exists());
}

#[test]
fn the_summary_of_a_fax_file() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("a.tif");
    write_tiff(&path, &[letter(1), text_page(2, 2432, 77, 391)]);
    let summary = examine_document(&path).expect("a fax file");
    let pages: Vec<_> = summary
        .pages
        .iter()
        .map(|page| (page.width.pixels(), page.resolution.y_dpi(), page.rows))
        .collect();
    assert_eq!(pages, [(1728, 196, 1100), (2432, 391, 77)]);
}
