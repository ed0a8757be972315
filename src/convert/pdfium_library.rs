//! Where the PDFium library is.

use std::env;
use std::path::{Path, PathBuf};

use super::ConvertError;

/// Environment variable that names the library and overrides every other place.
pub const LIBRARY_VARIABLE: &str = "FAXMILL_PDFIUM";

const FILE_NAME: &str = "libpdfium.so";

/// Where `scripts/fetch-pdfium.sh` puts the library, inside a checkout.
const CACHE_PLACE: &str = ".cache/pdfium/libpdfium.so";

/// A library to load: a file, or a name that the system's loader looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PdfiumLibrary {
    /// What the loader is given.
    pub path: PathBuf,
    /// Places that were looked at before, for the message when loading fails.
    pub tried: Vec<String>,
}

impl PdfiumLibrary {
    /// Looks for the library: `FAXMILL_PDFIUM`, next to the executable, `.cache/pdfium/` below
    /// the current folder and below each ancestor of the executable, at last the system's own.
    pub fn find() -> Result<Self, ConvertError> {
        if let Some(named) = env::var_os(LIBRARY_VARIABLE).filter(|named| !named.is_empty()) {
            return Self::named(Path::new(&named));
        }
        let executable = env::current_exe().ok();
        let current = env::current_dir().ok();
        Ok(Self::search(executable.as_deref(), current.as_deref()))
    }

    /// The library that the user named: no other is taken in its place.
    fn named(path: &Path) -> Result<Self, ConvertError> {
        if path.is_file() {
            return Ok(Self {
                path: path.to_owned(),
                tried: Vec::new(),
            });
        }
        Err(ConvertError::LibraryMissing {
            tried: vec![format!(
                "{LIBRARY_VARIABLE} names {}, which is no file",
                path.display()
            )],
        })
    }

    fn search(executable: Option<&Path>, current: Option<&Path>) -> Self {
        let beside = executable.and_then(Path::parent);
        let places = beside
            .map(|folder| folder.join(FILE_NAME))
            .into_iter()
            .chain(current.map(|folder| folder.join(CACHE_PLACE)))
            .chain(
                beside
                    .into_iter()
                    .flat_map(Path::ancestors)
                    .map(|folder| folder.join(CACHE_PLACE)),
            );
        let mut tried = Vec::new();
        for path in places {
            if path.is_file() {
                return Self { path, tried };
            }
            tried.push(format!("{} is not there", path.display()));
        }
        Self {
            path: PathBuf::from(FILE_NAME),
            tried,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_cache_of_an_ancestor_of_the_executable_is_found() {
        let checkout = tempfile::tempdir().unwrap();
        let library = checkout.path().join(CACHE_PLACE);
        fs::create_dir_all(library.parent().unwrap()).unwrap();
        fs::write(&library, "").unwrap();
        let executable = checkout.path().join("target/debug/faxmill");
        let found = PdfiumLibrary::search(Some(&executable), None);
        assert_eq!(found.path, library);
    }

    #[test]
    fn a_library_next_to_the_executable_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cached = folder.path().join(CACHE_PLACE);
        fs::create_dir_all(cached.parent().unwrap()).unwrap();
        fs::write(&cached, "").unwrap();
        let beside = folder.path().join(FILE_NAME);
        fs::write(&beside, "").unwrap();
        let executable = folder.path().join("faxmill");
        let found = PdfiumLibrary::search(Some(&executable), Some(folder.path()));
        assert_eq!(found.path, beside);
    }

    #[test]
    fn without_a_file_the_system_is_asked_and_the_places_are_remembered() {
        let empty = tempfile::tempdir().unwrap();
        let found = PdfiumLibrary::search(None, Some(empty.path()));
        assert_eq!(found.path, Path::new(FILE_NAME));
        assert_eq!(found.tried.len(), 1);
    }

    #[test]
    fn a_named_library_that_is_missing_is_an_error_that_says_how_to_go_on() {
        let error = PdfiumLibrary::named(Path::new("/nowhere/libpdfium.so")).unwrap_err();
        assert_eq!(error.code(), "renderer-missing");
        let sentence = error.to_string();
        assert!(sentence.contains("/nowhere/libpdfium.so"), "{sentence}");
        assert!(sentence.contains("scripts/fetch-pdfium.sh"), "{sentence}");
    }
}
