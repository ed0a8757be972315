//! Running libtiff's tools and reading files as documents.

use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

use faxmill::convert::{ConvertError, TiffPage, read_tiff_pages};
use faxmill::limits::Limits;

/// Runs one of libtiff's tools; that it is missing fails the test.
pub(crate) fn run(tool: &str, arguments: &[&str]) -> Output {
    Command::new(tool)
        .args(arguments)
        .output()
        .expect("libtiff-tools is installed")
}

/// Runs one of libtiff's tools, which must succeed in silence on stderr.
pub(crate) fn run_quietly(tool: &str, arguments: &[&str]) -> String {
    let output = run(tool, arguments);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{tool} {arguments:?}: {complaints}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn text_of(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

/// Every page of a file, or the first error and the pages before it.
pub(crate) fn read_pages(
    bytes: &[u8],
    limits: &Limits,
) -> (Vec<TiffPage>, Result<u32, ConvertError>) {
    let mut pages = Vec::new();
    let outcome = read_tiff_pages(Cursor::new(bytes), limits, &mut |page| {
        pages.push(page);
        Ok(())
    });
    (pages, outcome)
}
