//! The part of libtiff that codes one strip, in memory.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;

/// TIFF's number of a coding, and the `T4Options` that go with it.
#[derive(Clone, Copy)]
pub(crate) struct Scheme {
    pub(crate) compression: c_int,
    pub(crate) t4_options: Option<u32>,
}

pub(crate) const MH: Scheme = Scheme {
    compression: 3,
    t4_options: Some(0),
};
pub(crate) const MR: Scheme = Scheme {
    compression: 3,
    t4_options: Some(1),
};
pub(crate) const MMR: Scheme = Scheme {
    compression: 4,
    t4_options: None,
};

/// A page to code or to decode: what libtiff takes for a file.
struct Memory {
    bytes: Vec<u8>,
    position: usize,
}

/// A TIFF file of one strip, opened by libtiff over memory.
pub(crate) struct Tiff<'a> {
    handle: *mut c_void,
    memory: *mut Memory,
    _bytes: PhantomData<&'a ()>,
}

impl Tiff<'_> {
    /// A new file of `rows` rows of 1728 pixels at 196 lines an inch (where libtiff's K is 4).
    pub(crate) fn create(scheme: Scheme, rows: u32) -> Self {
        let mut tiff = Self::open(Vec::with_capacity(8 << 20), c"wm");
        for (tag, value) in [
            (256, 1728), // ImageWidth
            (257, rows), // ImageLength
            (258, 1),    // BitsPerSample
            (259, scheme.compression as u32),
            (262, 0),    // PhotometricInterpretation: MinIsWhite
            (277, 1),    // SamplesPerPixel
            (278, rows), // RowsPerStrip
            (296, 2),    // ResolutionUnit: inch
        ] {
            tiff.set(tag, value);
        }
        // SAFETY: both tags take one double.
        unsafe {
            TIFFSetField(tiff.handle, 282, 204f64);
            TIFFSetField(tiff.handle, 283, 196f64);
        }
        if let Some(options) = scheme.t4_options {
            tiff.set(292, options);
        }
        tiff
    }

    /// A file from its bytes.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self::open(bytes.to_vec(), c"r")
    }

    fn open(bytes: Vec<u8>, mode: &CStr) -> Self {
        // Faxmill stands between its engine and libtiff, and so between this file and libtiff.
        faxmill::t30::load_image_libraries().expect("libtiff is installed");
        let memory = Box::into_raw(Box::new(Memory { bytes, position: 0 }));
        // SAFETY: the callbacks take the pointer given here, which lives until `drop`.
        let handle = unsafe {
            TIFFClientOpen(
                c"memory".as_ptr(),
                mode.as_ptr(),
                memory.cast(),
                read,
                write,
                seek,
                close,
                size,
                map,
                unmap,
            )
        };
        assert!(!handle.is_null(), "libtiff opens the page");
        Self {
            handle,
            memory,
            _bytes: PhantomData,
        }
    }

    fn set(&mut self, tag: u32, value: u32) {
        // SAFETY: the tags named in this file take one integer.
        let done = unsafe { TIFFSetField(self.handle, tag, value) };
        assert_eq!(done, 1, "libtiff takes tag {tag}");
    }

    /// Codes all rows into the file's only strip.
    pub(crate) fn encode(&mut self, rows: &[u8]) {
        let length = rows.len() as isize;
        // SAFETY: libtiff reads `length` bytes.
        let done = unsafe { TIFFWriteEncodedStrip(self.handle, 0, rows.as_ptr().cast(), length) };
        assert_eq!(done, length, "libtiff codes the strip");
    }

    /// Decodes all strips.
    pub(crate) fn decode(&mut self, rows: &mut [u8]) {
        let mut decoded = 0;
        // SAFETY: the handle is open.
        for strip in 0..unsafe { TIFFNumberOfStrips(self.handle) } {
            let rest = &mut rows[decoded..];
            let (start, length) = (rest.as_mut_ptr(), rest.len() as isize);
            // SAFETY: libtiff writes at most `length` bytes.
            let done = unsafe { TIFFReadEncodedStrip(self.handle, strip, start.cast(), length) };
            decoded += usize::try_from(done).expect("libtiff decodes the strip");
        }
        assert_eq!(decoded, rows.len(), "libtiff decodes the page");
    }

    /// Bytes written so far; the strip comes right after the header of eight.
    pub(crate) fn written(&self) -> &[u8] {
        // SAFETY: libtiff runs only inside the calls above.
        unsafe { &(*self.memory).bytes }
    }

    /// The whole file with its directory.
    pub(crate) fn finish(self) -> Vec<u8> {
        // SAFETY: the handle is open; the directory goes through `write`.
        unsafe {
            TIFFFlush(self.handle);
            (*self.memory).bytes.clone()
        }
    }
}

impl Drop for Tiff<'_> {
    fn drop(&mut self) {
        // SAFETY: opened in `open` and closed only here; libtiff no longer calls back afterwards.
        unsafe {
            TIFFClose(self.handle);
            drop(Box::from_raw(self.memory));
        }
    }
}

unsafe extern "C" fn read(handle: *mut c_void, buffer: *mut c_void, length: isize) -> isize {
    // SAFETY: the handle is the `Memory` of an open file; the buffer has `length` bytes.
    unsafe {
        let memory = &mut *handle.cast::<Memory>();
        let rest = memory.bytes.get(memory.position..).unwrap_or_default();
        let taken = rest.len().min(length as usize);
        rest.as_ptr().copy_to_nonoverlapping(buffer.cast(), taken);
        memory.position += taken;
        taken as isize
    }
}

unsafe extern "C" fn write(handle: *mut c_void, buffer: *mut c_void, length: isize) -> isize {
    // SAFETY: the handle is the `Memory` of an open file; the buffer has `length` bytes.
    unsafe {
        let memory = &mut *handle.cast::<Memory>();
        let source = std::slice::from_raw_parts(buffer.cast::<u8>(), length as usize);
        let end = memory.position + source.len();
        if memory.bytes.len() < end {
            memory.bytes.resize(end, 0);
        }
        memory.bytes[memory.position..end].copy_from_slice(source);
        memory.position = end;
        length
    }
}

unsafe extern "C" fn seek(handle: *mut c_void, offset: u64, whence: c_int) -> u64 {
    // SAFETY: the handle is the `Memory` of an open file.
    let memory = unsafe { &mut *handle.cast::<Memory>() };
    let base = match whence {
        0 => 0,
        1 => memory.position as u64,
        _ => memory.bytes.len() as u64,
    };
    memory.position = base.wrapping_add(offset) as usize;
    memory.position as u64
}

unsafe extern "C" fn close(_: *mut c_void) -> c_int {
    0
}

unsafe extern "C" fn size(handle: *mut c_void) -> u64 {
    // SAFETY: the handle is the `Memory` of an open file.
    unsafe { (*handle.cast::<Memory>()).bytes.len() as u64 }
}

/// Lends the file's bytes, so that libtiff decodes without a copy of its own.
unsafe extern "C" fn map(handle: *mut c_void, base: *mut *mut c_void, length: *mut u64) -> c_int {
    // SAFETY: the bytes stay in place while a file is read.
    unsafe {
        let memory = &mut *handle.cast::<Memory>();
        *base = memory.bytes.as_mut_ptr().cast();
        *length = memory.bytes.len() as u64;
    }
    1
}

unsafe extern "C" fn unmap(_: *mut c_void, _: *mut c_void, _: u64) {}

type Transfer = unsafe extern "C" fn(*mut c_void, *mut c_void, isize) -> isize;

#[link(name = "tiff")]
unsafe extern "C" {
    fn TIFFClientOpen(
        name: *const c_char,
        mode: *const c_char,
        handle: *mut c_void,
        read: Transfer,
        write: Transfer,
        seek: unsafe extern "C" fn(*mut c_void, u64, c_int) -> u64,
        close: unsafe extern "C" fn(*mut c_void) -> c_int,
        size: unsafe extern "C" fn(*mut c_void) -> u64,
        map: unsafe extern "C" fn(*mut c_void, *mut *mut c_void, *mut u64) -> c_int,
        unmap: unsafe extern "C" fn(*mut c_void, *mut c_void, u64),
    ) -> *mut c_void;
    fn TIFFSetField(tiff: *mut c_void, tag: u32, ...) -> c_int;
    fn TIFFWriteEncodedStrip(
        tiff: *mut c_void,
        strip: u32,
        data: *const c_void,
        size: isize,
    ) -> isize;
    fn TIFFReadEncodedStrip(tiff: *mut c_void, strip: u32, data: *mut c_void, size: isize)
    -> isize;
    fn TIFFNumberOfStrips(tiff: *mut c_void) -> u32;
    fn TIFFFlush(tiff: *mut c_void) -> c_int;
    fn TIFFClose(tiff: *mut c_void);
}
