//! libtiff and libjpeg, which the engine calls: loaded when the first session starts.
//!
//! Linked in the usual way they would be loaded by every process, with ten more libraries that
//! libtiff stands on: a third of the processor time that converting a page takes, for nothing. So
//! the functions that the engine calls are defined here, each as a jump to where `load` found
//! the library's own. A jump leaves registers and stack as they are, which is what makes it right
//! for functions of any arguments, `TIFFSetField`'s variable ones among them.
#![allow(unsafe_code)]

use std::arch::naked_asm;
use std::ffi::{CStr, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::error::T30Error;

/// The names that libtiff goes by, newest first. What the engine calls is the same in all.
const TIFF_NAMES: &[&CStr] = &[c"libtiff.so.6", c"libtiff.so.5"];

/// The names that libjpeg goes by. It checks itself that its caller was built for it.
const JPEG_NAMES: &[&CStr] = &[c"libjpeg.so.62", c"libjpeg.so.8"];

/// Loads both libraries; only the first call has something to do.
///
/// [`T38Session::new`](super::T38Session::new) calls it. Whoever calls it earlier learns earlier
/// what is missing.
pub fn load_image_libraries() -> Result<(), T30Error> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED
        .get_or_init(|| {
            bind(&open(TIFF_NAMES)?, TIFF_FUNCTIONS)?;
            bind(&open(JPEG_NAMES)?, JPEG_FUNCTIONS)
        })
        .clone()
        .map_err(|why| T30Error::LibraryMissing { why })
}

/// A library that stays loaded.
#[derive(Debug)]
struct Library(*mut c_void);

/// The first of these names that the system's loader knows.
fn open(names: &[&CStr]) -> Result<Library, String> {
    let mut tried = Vec::new();
    for name in names {
        // SAFETY: the name is a C string. What the libraries do when they are loaded is set up
        // tables of theirs, as they would have done before `main`.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if !library.is_null() {
            return Ok(Library(library));
        }
        tried.push(last_error());
    }
    Err(tried.join("; "))
}

/// Points the jumps at a library's functions.
fn bind(library: &Library, functions: &[Function]) -> Result<(), String> {
    for function in functions {
        // SAFETY: the library is loaded for good, the name is a C string.
        let address = unsafe { libc::dlsym(library.0, function.name.as_ptr()) };
        if address.is_null() {
            return Err(last_error());
        }
        function.target.store(address, Ordering::Release);
    }
    Ok(())
}

/// What the loader says of its last failure.
fn last_error() -> String {
    // SAFETY: the loader returns null or a string that stays until its next call in this thread.
    let words = unsafe {
        let words = libc::dlerror();
        (!words.is_null()).then(|| CStr::from_ptr(words))
    };
    words.map_or_else(String::new, |words| words.to_string_lossy().into_owned())
}

/// A function that the engine calls: its name, and where the jump to it goes.
struct Function {
    name: &'static CStr,
    target: &'static AtomicPtr<c_void>,
}

/// Where every jump goes before [`load_image_libraries`]: a mistake of ours that must not go on.
extern "C" fn not_loaded() {
    std::process::abort();
}

/// Defines functions that jump to those of the same name in a library, and the table of them.
macro_rules! jumps {
    ($table:ident: $($name:ident)*) => {
        const $table: &[Function] = &[$({
            static TARGET: AtomicPtr<c_void> = AtomicPtr::new(not_loaded as *mut c_void);

            /// The library's own declaration is what callers see; this one has only the name.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            extern "C" fn $name() {
                #[cfg(target_arch = "x86_64")]
                naked_asm!("jmp qword ptr [rip + {target}]", target = sym TARGET);
                // The register that calls may change on their way.
                #[cfg(target_arch = "aarch64")]
                naked_asm!(
                    "adrp x16, {target}",
                    "ldr x16, [x16, :lo12:{target}]",
                    "br x16",
                    target = sym TARGET,
                );
            }

            let name = concat!(stringify!($name), "\0").as_bytes();
            Function {
                name: match CStr::from_bytes_with_nul(name) {
                    Ok(name) => name,
                    Err(_) => panic!("an identifier holds no zero byte"),
                },
                target: &TARGET,
            }
        }),*];
    };
}

jumps! { TIFF_FUNCTIONS:
    TIFFCleanup TIFFClientdata TIFFClose TIFFFlush TIFFGetCloseProc TIFFGetField
    TIFFNumberOfStrips TIFFOpen TIFFRawStripSize TIFFReadEncodedStrip TIFFReadRawStrip
    TIFFReadScanline TIFFScanlineSize TIFFSetDirectory TIFFSetErrorHandler TIFFSetField
    TIFFSetWarningHandler TIFFWriteDirectory TIFFWriteEncodedStrip TIFFWriteRawStrip
}

jumps! { JPEG_FUNCTIONS:
    jpeg_CreateCompress jpeg_CreateDecompress jpeg_destroy_compress jpeg_destroy_decompress
    jpeg_finish_compress jpeg_finish_decompress jpeg_read_header jpeg_read_scanlines
    jpeg_save_markers jpeg_set_defaults jpeg_start_compress jpeg_start_decompress jpeg_std_error
    jpeg_stdio_dest jpeg_stdio_src jpeg_write_marker jpeg_write_scanlines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_libraries_are_found_and_asking_again_changes_nothing() {
        load_image_libraries().unwrap();
        let targets = || -> Vec<*mut c_void> {
            let functions = TIFF_FUNCTIONS.iter().chain(JPEG_FUNCTIONS);
            functions
                .map(|function| function.target.load(Ordering::Acquire))
                .collect()
        };
        let found = targets();
        assert!(
            found
                .iter()
                .all(|target| *target != not_loaded as *mut c_void)
        );
        load_image_libraries().unwrap();
        assert_eq!(targets(), found);
    }

    #[test]
    fn a_library_that_is_missing_is_named_under_all_its_names() {
        let why = open(&[c"libabsent.so.2", c"libabsent.so.1"]).unwrap_err();
        assert!(why.contains("libabsent.so.2"), "{why}");
        assert!(why.contains("libabsent.so.1"), "{why}");
    }

    #[test]
    fn a_library_without_one_of_the_functions_is_refused() {
        let libc = open(&[c"libc.so.6"]).unwrap();
        let why = bind(&libc, TIFF_FUNCTIONS).unwrap_err();
        assert!(why.contains("TIFFCleanup"), "{why}");
    }
}
