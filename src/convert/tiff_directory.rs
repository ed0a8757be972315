//! The directories of a TIFF file (TIFF 6.0 §2, and `BigTIFF`), read from files that may lie.

use std::io::{Read, Seek, SeekFrom};

use crate::convert::ConvertError;

/// Tags that are read or written here: TIFF 6.0, RFC 3949.
pub(super) mod tag {
    pub(crate) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(crate) const SUBFILE_TYPE: u16 = 255;
    pub(crate) const IMAGE_WIDTH: u16 = 256;
    pub(crate) const IMAGE_LENGTH: u16 = 257;
    pub(crate) const BITS_PER_SAMPLE: u16 = 258;
    pub(crate) const COMPRESSION: u16 = 259;
    pub(crate) const PHOTOMETRIC: u16 = 262;
    pub(crate) const FILL_ORDER: u16 = 266;
    pub(crate) const STRIP_OFFSETS: u16 = 273;
    pub(crate) const ORIENTATION: u16 = 274;
    pub(crate) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(crate) const ROWS_PER_STRIP: u16 = 278;
    pub(crate) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(crate) const X_RESOLUTION: u16 = 282;
    pub(crate) const Y_RESOLUTION: u16 = 283;
    pub(crate) const PLANAR_CONFIGURATION: u16 = 284;
    pub(crate) const T4_OPTIONS: u16 = 292;
    pub(crate) const T6_OPTIONS: u16 = 293;
    pub(crate) const RESOLUTION_UNIT: u16 = 296;
    pub(crate) const PAGE_NUMBER: u16 = 297;
    pub(crate) const SOFTWARE: u16 = 305;
    pub(crate) const COLOR_MAP: u16 = 320;
    pub(crate) const TILE_WIDTH: u16 = 322;
    pub(crate) const TILE_LENGTH: u16 = 323;
    pub(crate) const TILE_OFFSETS: u16 = 324;
    pub(crate) const TILE_BYTE_COUNTS: u16 = 325;
    pub(crate) const CLEAN_FAX_DATA: u16 = 327;
    pub(crate) const EXTRA_SAMPLES: u16 = 338;
}

/// Field types that are read or written here: TIFF 6.0 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Kind {
    Byte = 1,
    Ascii = 2,
    Short = 3,
    Long = 4,
    Rational = 5,
    Long8 = 16,
}

impl Kind {
    fn from_number(number: u16) -> Option<Self> {
        [
            Self::Byte,
            Self::Ascii,
            Self::Short,
            Self::Long,
            Self::Rational,
            Self::Long8,
        ]
        .into_iter()
        .find(|kind| *kind as u16 == number)
    }

    const fn bytes(self) -> u64 {
        match self {
            Self::Byte | Self::Ascii => 1,
            Self::Short => 2,
            Self::Long => 4,
            Self::Rational | Self::Long8 => 8,
        }
    }
}

/// Most entries read of one directory; honest ones have a few dozen.
const ENTRIES_MAX: u64 = 4096;

/// A TIFF file whose directories are read one after the other.
#[derive(Debug)]
pub(super) struct TiffFile<R> {
    file: R,
    len: u64,
    is_big_endian: bool,
    is_big_tiff: bool,
    next: u64,
    visited: Vec<u64>,
}

/// One directory: the description of one image.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// Where it lies in the file.
    at: u64,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u16,
    kind: Kind,
    count: u64,
    /// Where the values lie in the file.
    at: u64,
}

impl<R: Read + Seek> TiffFile<R> {
    /// Reads the header.
    pub(super) fn open(mut file: R) -> Result<Self, ConvertError> {
        let len = file.seek(SeekFrom::End(0))?;
        if len == 0 {
            return Err(ConvertError::Empty);
        }
        let mut tiff = Self {
            file,
            len,
            is_big_endian: false,
            is_big_tiff: false,
            next: 0,
            visited: Vec::new(),
        };
        let mut mark = [0; 2];
        tiff.read_at(0, &mut mark)?;
        tiff.is_big_endian = match &mark {
            b"II" => false,
            b"MM" => true,
            _ => {
                return Err(ConvertError::NotADocument {
                    found: "something other than a TIFF",
                });
            }
        };
        tiff.next = match tiff.number_at(2, 2)? {
            42 => tiff.number_at(4, 4)?,
            43 if tiff.number_at(4, 2)? == 8 => {
                tiff.is_big_tiff = true;
                tiff.number_at(8, 8)?
            }
            _ => {
                return Err(ConvertError::NotADocument {
                    found: "something other than a TIFF",
                });
            }
        };
        Ok(tiff)
    }

    /// Length of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The next image's directory, or `None` after the last.
    pub(super) fn next_directory(&mut self) -> Result<Option<Directory>, ConvertError> {
        if self.next == 0 {
            return Ok(None);
        }
        if self.visited.contains(&self.next) {
            return Err(invalid("its directories form a loop"));
        }
        let at = self.next;
        self.visited.push(at);
        let (count_bytes, entry_bytes, link_bytes) = if self.is_big_tiff {
            (8, 20, 8)
        } else {
            (2, 12, 4)
        };
        let count = self.number_at(at, count_bytes)?;
        if count > ENTRIES_MAX {
            return Err(invalid(format!("a directory claims {count} entries")));
        }
        let start = at + count_bytes;
        let mut entries = Vec::new();
        for index in 0..count {
            entries.extend(self.entry_at(start + index * entry_bytes)?);
        }
        // A file cut right after its last directory lacks only the link to none.
        self.next = self
            .number_at(start + count * entry_bytes, link_bytes)
            .unwrap_or(0);
        Ok(Some(Directory { at, entries }))
    }

    /// Up to `len` bytes from `offset`; fewer where the file ends.
    pub(super) fn bytes_at(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, ConvertError> {
        let len = len.min(self.len.saturating_sub(offset));
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| invalid("a strip is too long"))?];
        self.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// The file itself.
    pub(super) fn reader_mut(&mut self) -> &mut R {
        &mut self.file
    }

    /// The bytes, and their place in the header, that make `directory` the file's first.
    pub(super) fn first_directory_patch(&self, directory: &Directory) -> (u64, Vec<u8>) {
        let (at, len) = if self.is_big_tiff { (8, 8) } else { (4, 4) };
        (at, self.bytes_of(directory.at, len))
    }

    /// The bytes, and their place, that make `value` the first one of a field that is there.
    pub(super) fn number_patch(
        &self,
        directory: &Directory,
        tag: u16,
        value: u64,
    ) -> Option<(u64, Vec<u8>)> {
        let entry = directory.entry(tag)?;
        Some((entry.at, self.bytes_of(value, entry.kind.bytes() as usize)))
    }

    /// The first value of a field, when the directory has it as a whole number.
    pub(super) fn number(
        &mut self,
        directory: &Directory,
        tag: u16,
    ) -> Result<Option<u64>, ConvertError> {
        Ok(self
            .numbers(directory, tag, 1)?
            .and_then(|numbers| numbers.first().copied()))
    }

    /// The first `count_max` values of a field of whole numbers.
    pub(super) fn numbers(
        &mut self,
        directory: &Directory,
        tag: u16,
        count_max: u64,
    ) -> Result<Option<Vec<u64>>, ConvertError> {
        let Some(entry) = directory.entry(tag) else {
            return Ok(None);
        };
        if entry.kind == Kind::Rational {
            return Ok(None);
        }
        let size = entry.kind.bytes();
        let count = entry.count.min(count_max);
        if count * size > self.len {
            return Err(invalid(format!("field {tag} claims {count} values")));
        }
        let bytes = self.bytes_at(entry.at, count * size)?;
        if bytes.len() as u64 != count * size {
            return Err(cut_short());
        }
        let numbers = bytes
            .chunks_exact(size as usize)
            .map(|chunk| self.number_from(chunk));
        Ok(Some(numbers.collect()))
    }

    /// The value of a field that is a fraction above zero.
    pub(super) fn ratio(
        &mut self,
        directory: &Directory,
        tag: u16,
    ) -> Result<Option<f32>, ConvertError> {
        let Some(entry) = directory.entry(tag) else {
            return Ok(None);
        };
        if entry.kind != Kind::Rational || entry.count == 0 {
            return Ok(self
                .number(directory, tag)?
                .filter(|n| *n > 0)
                .map(|n| n as f32));
        }
        let (Ok(above), Ok(below)) = (
            self.number_at(entry.at, 4),
            self.number_at(entry.at.saturating_add(4), 4),
        ) else {
            return Ok(None);
        };
        Ok((above > 0 && below > 0).then(|| above as f32 / below as f32))
    }

    fn entry_at(&mut self, at: u64) -> Result<Option<Entry>, ConvertError> {
        let (tag, kind) = (
            self.number_at(at, 2)? as u16,
            self.number_at(at + 2, 2)? as u16,
        );
        let width = if self.is_big_tiff { 8 } else { 4 };
        let count = self.number_at(at + 4, width)?;
        let Some(kind) = Kind::from_number(kind) else {
            return Ok(None);
        };
        let value_at = at + 4 + width;
        let fits = count
            .checked_mul(kind.bytes())
            .is_some_and(|bytes| bytes <= width);
        let at = if fits {
            value_at
        } else {
            self.number_at(value_at, width)?
        };
        Ok(Some(Entry {
            tag,
            kind,
            count,
            at,
        }))
    }

    fn number_at(&mut self, offset: u64, len: u64) -> Result<u64, ConvertError> {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..len as usize];
        self.read_at(offset, bytes)?;
        Ok(self.number_from(bytes))
    }

    fn bytes_of(&self, number: u64, len: usize) -> Vec<u8> {
        if self.is_big_endian {
            number.to_be_bytes()[8 - len..].to_vec()
        } else {
            number.to_le_bytes()[..len].to_vec()
        }
    }

    fn number_from(&self, bytes: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.is_big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        }
    }

    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> Result<(), ConvertError> {
        if offset
            .checked_add(bytes.len() as u64)
            .is_none_or(|end| end > self.len)
        {
            return Err(cut_short());
        }
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(bytes)?;
        Ok(())
    }
}

impl Directory {
    /// Whether the field is there at all.
    pub(super) fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    fn entry(&self, tag: u16) -> Option<Entry> {
        self.entries.iter().find(|entry| entry.tag == tag).copied()
    }
}

/// The densities of an image in dots per inch, where it tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Density {
    pub(super) x_dpi: Option<f32>,
    pub(super) y_dpi: Option<f32>,
}

impl Density {
    /// From `XResolution`, `YResolution` and `ResolutionUnit` (TIFF 6.0 §8).
    pub(super) fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
    ) -> Result<Self, ConvertError> {
        let per_inch = match file.number(directory, tag::RESOLUTION_UNIT)?.unwrap_or(2) {
            2 => 1.0,
            3 => 2.54,
            _ => return Ok(Self::default()),
        };
        let x_dpi = file
            .ratio(directory, tag::X_RESOLUTION)?
            .map(|x| x * per_inch);
        let y_dpi = file
            .ratio(directory, tag::Y_RESOLUTION)?
            .map(|y| y * per_inch);
        Ok(Self { x_dpi, y_dpi })
    }
}

/// Whether an image is a page, and not a thumbnail or mask of one (TIFF 6.0 §8, `NewSubfileType`).
pub(super) fn is_page<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
) -> Result<bool, ConvertError> {
    let is_reduced = file.number(directory, tag::SUBFILE_TYPE)? == Some(2);
    Ok(!is_reduced && file.number(directory, tag::NEW_SUBFILE_TYPE)?.unwrap_or(0) & 0b101 == 0)
}

pub(super) fn invalid(what: impl Into<String>) -> ConvertError {
    ConvertError::Invalid { what: what.into() }
}

fn cut_short() -> ConvertError {
    invalid("the TIFF ends in the middle")
}
