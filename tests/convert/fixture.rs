//! Running a conversion in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use faxmill::convert::{
    ConvertError, ConvertOptions, ConvertReport, FaxTiffPage, FaxTiffReader, PdfiumLibrary,
    Renderer, convert_file,
};
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;
use faxmill::units::Resolution;

/// Conversions run side by side, except where a test looks for processes that were left behind.
static CHILDREN: RwLock<()> = RwLock::new(());

/// A finished conversion.
pub(super) struct Converted {
    pub(super) report: ConvertReport,
    pub(super) pages: Vec<FaxTiffPage>,
}

impl Converted {
    /// Width and rows of each page, as the file has them.
    pub(super) fn sizes(&self) -> Vec<(u32, u32)> {
        self.pages
            .iter()
            .map(|page| (page.bitmap.width(), page.bitmap.rows()))
            .collect()
    }
}

/// Options with the built program as renderer.
pub(super) fn options() -> ConvertOptions {
    ConvertOptions::new(Renderer {
        program: PathBuf::from(env!("CARGO_BIN_EXE_faxmill")),
        pdfium: PdfiumLibrary::find().unwrap(),
    })
}

pub(super) fn options_at(resolution: Resolution) -> ConvertOptions {
    ConvertOptions {
        resolution,
        ..options()
    }
}

/// Held by a test that runs conversions by itself.
pub(super) fn side_by_side() -> RwLockReadGuard<'static, ()> {
    CHILDREN.read().unwrap_or_else(PoisonError::into_inner)
}

/// Converts the file at `input` and reads back what was written.
pub(super) fn convert_path(
    input: &Path,
    options: &ConvertOptions,
) -> Result<Converted, ConvertError> {
    let _guard = side_by_side();
    convert_unguarded(input, options)
}

/// Converts a document given as bytes.
pub(super) fn convert_bytes(
    document: &[u8],
    options: &ConvertOptions,
) -> Result<Converted, ConvertError> {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("document");
    fs::write(&input, document).unwrap();
    convert_path(&input, options)
}

/// Converts a document that must be refused, alone, and checks that neither a process nor a file
/// is left behind.
pub(super) fn refuse_bytes(document: &[u8], options: &ConvertOptions) -> ConvertError {
    let _alone = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("document");
    fs::write(&input, document).unwrap();
    let error = match convert_unguarded(&input, options) {
        Ok(converted) => panic!("became {:?}", converted.sizes()),
        Err(error) => error,
    };
    assert_eq!(
        children(),
        Vec::<String>::new(),
        "processes left by {error}"
    );
    assert_eq!(
        file_names(folder.path()),
        ["document"],
        "files left by {error}"
    );
    error
}

/// As [`convert_path`], for a test that holds the guard.
pub(super) fn convert_unguarded(
    input: &Path,
    options: &ConvertOptions,
) -> Result<Converted, ConvertError> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("fax.tif");
    let never = AtomicBool::new(false);
    let result = convert_file(input, &output, options, &mut |_| {}, &never);
    match result {
        Ok(report) => {
            assert_eq!(file_names(folder.path()), ["fax.tif"]);
            let file = fs::read(&output).unwrap();
            let reader = FaxTiffReader::from_bytes(&file, &Limits::default()).unwrap();
            let pages = reader.collect::<Result<_, _>>().unwrap();
            Ok(Converted { report, pages })
        }
        Err(error) => {
            assert_eq!(file_names(folder.path()), [""; 0], "{error}");
            Err(error)
        }
    }
}

/// Names of the files in a folder, in order.
pub(super) fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Rendering processes that are children of this one, dead ones that were not reaped included.
fn children() -> Vec<String> {
    let me = std::process::id().to_string();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter(|stat| {
            // pid (name) state ppid: the name may hold anything but ends at the last bracket.
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            stat.contains("(faxmill)") && after_name.split_whitespace().nth(1) == Some(me.as_str())
        })
        .collect()
}

/// The box around all black pixels: left, top, right, bottom, the last two exclusive.
pub(super) fn black_box(bitmap: &Bitmap) -> (u32, u32, u32, u32) {
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for y in 0..bitmap.rows() {
        for x in (0..bitmap.width()).filter(|&x| bitmap.is_black(x, y)) {
            left = left.min(x);
            right = right.max(x + 1);
            top = top.min(y);
            bottom = bottom.max(y + 1);
        }
    }
    (left, top, right, bottom)
}

/// Asserts that two boxes are the same to within two pixels at each edge.
#[track_caller]
pub(super) fn assert_box(actual: (u32, u32, u32, u32), expected: (u32, u32, u32, u32)) {
    let pairs = [
        (actual.0, expected.0),
        (actual.1, expected.1),
        (actual.2, expected.2),
        (actual.3, expected.3),
    ];
    assert!(
        pairs.iter().all(|(a, b)| a.abs_diff(*b) <= 2),
        "black box is {actual:?} and should be {expected:?}"
    );
}

/// The path of a sample document.
pub(super) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}
