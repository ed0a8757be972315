//! The system's fonts, offered to PDFium for those that a document names and does not carry.
//!
//! PDFium has a list of its own, but makes it by some twenty system calls a font, for each document
//! anew: on a small system it takes as long as to draw the page. Ours takes a quarter of them.

mod catalog;
mod choice;

use std::cell::OnceCell;
use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_ulong, c_void};

use pdfium_render::prelude::{Pdfium, PdfiumLibraryBindingsAccessor};

use self::catalog::{Face, Part, installed};
use self::choice::{ANSI, SCRIPTS, Shape, Wanted, choose, of_name};
use super::sandbox::FONT_FOLDERS;

/// The tag of a collection of fonts.
const COLLECTION: u32 = u32::from_be_bytes(*b"ttcf");

/// Bits of a font's pitch and family, as `fpdf_sysfontinfo.h` has them.
const FIXED_PITCH: c_int = 1;
const ROMAN: c_int = 1 << 4;
const SCRIPT: c_int = 4 << 4;

/// `FPDF_SYSFONTINFO`, and behind it what its functions work with.
#[repr(C)]
struct SystemFonts {
    version: c_int,
    release: Option<extern "C" fn(*mut Self)>,
    enum_fonts: Option<unsafe extern "C" fn(*mut Self, *mut c_void)>,
    map_font: Option<MapFont>,
    font: Option<unsafe extern "C" fn(*mut Self, *const c_char) -> *mut c_void>,
    font_data: Option<FontData>,
    face_name:
        Option<unsafe extern "C" fn(*mut Self, *mut c_void, *mut c_char, c_ulong) -> c_ulong>,
    font_charset: Option<extern "C" fn(*mut Self, *mut c_void) -> c_int>,
    delete_font: Option<extern "C" fn(*mut Self, *mut c_void)>,
    /// Read when PDFium first asks; a font's handle is its place here, from 1.
    faces: OnceCell<Vec<Face>>,
}

type MapFont = unsafe extern "C" fn(
    *mut SystemFonts,
    c_int,
    c_int,
    c_int,
    c_int,
    *const c_char,
    *mut c_int,
) -> *mut c_void;

type FontData =
    unsafe extern "C" fn(*mut SystemFonts, *mut c_void, c_uint, *mut c_uchar, c_ulong) -> c_ulong;

/// Has the library take fonts from our list instead of its own, for the life of the process.
#[allow(unsafe_code)]
pub(super) fn offer_fonts(pdfium: &Pdfium) {
    let fonts = Box::leak(Box::new(SystemFonts {
        version: 1,
        release: None,
        enum_fonts: Some(enum_fonts),
        map_font: Some(map_font),
        font: Some(font),
        font_data: Some(font_data),
        face_name: Some(face_name),
        // The charset asked for is that of the font found.
        font_charset: None,
        delete_font: None,
        faces: OnceCell::new(),
    }));
    // SAFETY: the structure begins as the library's header declares version 1 of it, is never
    // freed, and is reached by nobody but the library from here on.
    unsafe {
        let fonts: *mut SystemFonts = fonts;
        pdfium.bindings().FPDF_SetSystemFontInfo(fonts.cast());
    }
}

impl SystemFonts {
    fn faces(&self) -> &[Face] {
        self.faces.get_or_init(|| installed(&FONT_FOLDERS))
    }

    fn face(&self, handle: *mut c_void) -> Option<&Face> {
        self.faces().get(handle.addr().checked_sub(1)?)
    }
}

/// What the library calls its fonts by.
fn handle(place: Option<usize>) -> *mut c_void {
    std::ptr::without_provenance_mut(place.map_or(0, |place| place + 1))
}

/// Finds the library's functions.
struct Library;

impl PdfiumLibraryBindingsAccessor<'_> for Library {}

/// Tells the library the name of each font, once for each script.
///
/// # Safety
///
/// For the library, which passes what it was given by [`offer_fonts`] and a mapper of its own.
#[allow(unsafe_code)]
unsafe extern "C" fn enum_fonts(fonts: *mut SystemFonts, mapper: *mut c_void) {
    // SAFETY: the structure is never freed and only ever borrowed shared.
    let fonts = unsafe { &*fonts };
    let library = Library.bindings();
    for face in fonts.faces() {
        let scripts = SCRIPTS.iter().filter(|script| script.is_served_by(face));
        for charset in scripts.map(|script| script.charset).chain([ANSI]) {
            // SAFETY: the mapper is the one that asks.
            unsafe { library.FPDF_AddInstalledFont(mapper, &face.name, charset) };
        }
    }
}

/// The font that stands in for another.
///
/// # Safety
///
/// For the library, which passes what it was given by [`offer_fonts`] and a C string or null.
#[allow(unsafe_code)]
unsafe extern "C" fn map_font(
    fonts: *mut SystemFonts,
    weight: c_int,
    is_italic: c_int,
    charset: c_int,
    pitch_and_family: c_int,
    name: *const c_char,
    _is_exact: *mut c_int,
) -> *mut c_void {
    if name.is_null() {
        return handle(None);
    }
    // SAFETY: the structure is never freed and only ever borrowed shared; the name is a C string.
    let (fonts, name) = unsafe { (&*fonts, CStr::from_ptr(name).to_string_lossy()) };
    let wanted = Wanted {
        name: &name,
        weight,
        is_italic: is_italic != 0,
        charset,
        shape: Shape {
            is_fixed_pitch: pitch_and_family & FIXED_PITCH != 0,
            is_roman: pitch_and_family & ROMAN != 0,
            is_script: pitch_and_family & SCRIPT != 0,
        },
    };
    handle(choose(fonts.faces(), wanted))
}

/// The font of a name that [`enum_fonts`] told.
///
/// # Safety
///
/// As for [`map_font`].
#[allow(unsafe_code)]
unsafe extern "C" fn font(fonts: *mut SystemFonts, name: *const c_char) -> *mut c_void {
    if name.is_null() {
        return handle(None);
    }
    // SAFETY: the structure is never freed and only ever borrowed shared; the name is a C string.
    let (fonts, name) = unsafe { (&*fonts, CStr::from_ptr(name).to_string_lossy()) };
    handle(of_name(fonts.faces(), &name))
}

/// The length of a part of a font's file, and the part where the buffer has room for it.
///
/// # Safety
///
/// For the library, which passes what it was given by [`offer_fonts`], and a buffer of `room`
/// bytes or none.
#[allow(unsafe_code)]
unsafe extern "C" fn font_data(
    fonts: *mut SystemFonts,
    font: *mut c_void,
    tag: c_uint,
    buffer: *mut c_uchar,
    room: c_ulong,
) -> c_ulong {
    // SAFETY: the structure is never freed and only ever borrowed shared.
    let Some(face) = (unsafe { &*fonts }).face(font) else {
        return 0;
    };
    let part = match tag {
        0 => Part::Font,
        COLLECTION => Part::Collection,
        tag => Part::Table(tag.to_be_bytes()),
    };
    let length = face.length(part);
    let Ok(bytes) = usize::try_from(length) else {
        return 0;
    };
    if !buffer.is_null() && bytes > 0 && length <= room {
        // SAFETY: the buffer has room for so many bytes, nobody else reaches it, and it holds
        // zeros before it is borrowed.
        let buffer = unsafe {
            buffer.write_bytes(0, bytes);
            std::slice::from_raw_parts_mut(buffer, bytes)
        };
        if face.read(part, buffer).is_err() {
            return 0;
        }
    }
    length
}

/// The length of a font's name with its final zero, and the name where the buffer has room for it.
///
/// # Safety
///
/// As for [`font_data`].
#[allow(unsafe_code)]
unsafe extern "C" fn face_name(
    fonts: *mut SystemFonts,
    font: *mut c_void,
    buffer: *mut c_char,
    room: c_ulong,
) -> c_ulong {
    // SAFETY: the structure is never freed and only ever borrowed shared.
    let Some(face) = (unsafe { &*fonts }).face(font) else {
        return 0;
    };
    let length = face.name.len() as c_ulong + 1;
    if !buffer.is_null() && length <= room {
        // SAFETY: the buffer has room for the name and the zero, and does not overlap our name.
        unsafe {
            buffer
                .cast::<u8>()
                .copy_from_nonoverlapping(face.name.as_ptr(), face.name.len());
            buffer.add(face.name.len()).write(0);
        }
    }
    length
}
