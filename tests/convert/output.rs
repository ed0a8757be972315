//! The fax file is complete or absent; a conversion can be watched and canceled.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use faxmill::convert::{
    ConvertError, ConvertProgress, ConvertReport, ConvertStage, FaxTiffReader, convert,
    convert_file,
};
use faxmill::job::Reason;
use faxmill::limits::Limits;

use super::fixture::{file_names, options, sample, side_by_side};
use super::pdf::Pdf;

fn convert_to(output: &Path) -> Result<ConvertReport, ConvertError> {
    let _guard = side_by_side();
    let never = AtomicBool::new(false);
    convert_file(
        &sample("letter.pdf"),
        output,
        &options(),
        &mut |_| {},
        &never,
    )
}

#[test]
fn a_full_disk_is_told_as_such() {
    let _guard = side_by_side();
    let mut document = File::open(sample("letter.pdf")).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let never = AtomicBool::new(false);
    let error = convert(&mut document, full, &options(), &mut |_| {}, &never).unwrap_err();
    assert_eq!(error.code(), "write-failed");
    assert_eq!(error.reason(), Reason::StorageFailed);
    assert!(error.to_string().contains("No space left"), "{error}");
}

#[test]
fn a_disk_that_fills_up_midway_leaves_no_partial_file() {
    let _guard = side_by_side();
    // The limit on file sizes stands in for a full disk: writes fail at 8 KiB.
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("fax.tif");
    let run = Command::new("bash")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 8; exec \"$@\"")
        .arg("bash")
        .arg(env!("CARGO_BIN_EXE_faxmill"))
        .arg("convert")
        .arg(sample("report.pdf"))
        .arg("-o")
        .arg(&output)
        .output()
        .unwrap();
    assert!(!run.status.success());
    let words = [run.stdout, run.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    assert!(words.contains("could not be written"), "{words}");
    assert_eq!(file_names(folder.path()), [""; 0]);
}

#[test]
fn an_earlier_fax_stays_until_it_is_replaced_by_a_complete_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("fax.tif");
    fs::write(&output, "earlier").unwrap();
    let never = AtomicBool::new(false);
    let nothing = folder.path().join("nothing");
    fs::write(&nothing, "").unwrap();
    let error = convert_file(&nothing, &output, &options(), &mut |_| {}, &never).unwrap_err();
    assert!(matches!(error, ConvertError::Empty));
    assert_eq!(fs::read(&output).unwrap(), b"earlier");
    convert_to(&output).unwrap();
    assert!(fs::read(&output).unwrap().starts_with(b"II*\0"));
    assert_eq!(file_names(folder.path()), ["fax.tif", "nothing"]);
}

#[test]
fn a_device_or_a_folder_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for output in [Path::new("/dev/null"), folder.path()] {
        let error = convert_to(output).unwrap_err();
        assert_eq!(error.code(), "write-failed", "{error}");
    }
    let error = convert_to(&folder.path().join("missing/fax.tif")).unwrap_err();
    assert_eq!(error.code(), "write-failed", "{error}");
}

#[test]
fn progress_counts_every_page_once_and_in_order() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let seen = RefCell::new(Vec::new());
    let never = AtomicBool::new(false);
    convert_file(
        &sample("report.pdf"),
        &folder.path().join("fax.tif"),
        &options(),
        &mut |progress| seen.borrow_mut().push(progress),
        &never,
    )
    .unwrap();
    let step = |stage, page, pages| ConvertProgress { stage, page, pages };
    let mut expected = vec![step(ConvertStage::Inspecting, 0, None)];
    expected.extend((0..=20).map(|page| step(ConvertStage::Rendering, page, Some(20))));
    expected.push(step(ConvertStage::Finishing, 20, Some(20)));
    assert_eq!(seen.into_inner(), expected);
}

#[test]
fn a_canceled_conversion_ends_at_once_and_leaves_nothing() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let cancel = AtomicBool::new(false);
    let error = convert_file(
        &sample("report.pdf"),
        &folder.path().join("fax.tif"),
        &options(),
        &mut |progress| {
            if progress.page == 3 {
                cancel.store(true, Ordering::Relaxed);
            }
            assert!(progress.page <= 4, "went on after it was canceled");
        },
        &cancel,
    )
    .unwrap_err();
    assert!(matches!(error, ConvertError::Canceled), "{error}");
    assert_eq!(error.reason(), Reason::CanceledByUser);
    assert_eq!(file_names(folder.path()), [""; 0]);
}

#[test]
fn a_document_of_500_pages_needs_no_more_memory_than_one_page() {
    // Both processes together hold less than the 230 MB that the pages have in all.
    const ADDRESS_SPACE_KIB: u32 = 150_000;
    let mut pdf = Pdf::new();
    for page in 0..500 {
        let ink = format!("{} 10 50 700 re f", page % 500);
        pdf = pdf.page("/MediaBox [0 0 612 792]", &ink);
    }
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("500.pdf"), folder.path().join("fax.tif"));
    fs::write(&input, pdf.build()).unwrap();
    let _guard = side_by_side();
    let run = Command::new("bash")
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESS_SPACE_KIB}; exec \"$@\""))
        .arg("bash")
        .arg(env!("CARGO_BIN_EXE_faxmill"))
        .arg("convert")
        .args([&input, Path::new("-o"), &output])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{words}");
    let file = fs::read(&output).unwrap();
    let pages = FaxTiffReader::from_bytes(&file, &Limits::default()).unwrap();
    assert_eq!(pages.map(Result::unwrap).count(), 500);
}
