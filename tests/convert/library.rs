//! The PDFium library: fetched once, found without being told, named when need be.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use faxmill::convert::{LIBRARY_VARIABLE, PdfiumLibrary};

use super::fixture::{sample, side_by_side};

/// Runs the command in a folder, with the variable set.
fn convert_in(folder: &Path, library: Option<&Path>) -> Output {
    let _guard = side_by_side();
    let mut command = Command::new(env!("CARGO_BIN_EXE_faxmill"));
    command
        .current_dir(folder)
        .env_remove(LIBRARY_VARIABLE)
        .arg("convert")
        .arg(sample("form.pdf"))
        .args(["-o", "fax.tif"]);
    if let Some(library) = library {
        command.env(LIBRARY_VARIABLE, library);
    }
    command.output().unwrap()
}

#[test]
fn the_library_in_the_checkout_is_found_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = convert_in(folder.path(), None);
    assert!(run.status.success(), "{run:?}");
}

#[test]
fn a_library_that_the_user_names_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("elsewhere.so");
    fs::copy(PdfiumLibrary::find().unwrap().path, &copy).unwrap();
    let run = convert_in(folder.path(), Some(&copy));
    assert!(run.status.success(), "{run:?}");
}

#[test]
fn a_named_library_that_is_none_is_not_replaced_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.so");
    fs::write(&text, "no library").unwrap();
    for library in [Path::new("/nowhere/libpdfium.so"), text.as_path()] {
        let run = convert_in(folder.path(), Some(library));
        assert!(!run.status.success());
        let words = String::from_utf8_lossy(&run.stderr);
        let name = library.to_str().unwrap();
        assert!(words.contains(name), "{words}");
        assert!(words.contains("scripts/fetch-pdfium.sh"), "{words}");
        assert!(!folder.path().join("fax.tif").exists());
    }
}

#[test]
fn fetching_again_needs_no_network() {
    let run = Command::new("scripts/fetch-pdfium.sh")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", "/nowhere")
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let path = String::from_utf8(run.stdout).unwrap();
    assert!(Path::new(path.trim()).is_file(), "{path}");
}
