//! The directories of a TIFF file (TIFF 6.0 §2, and `BigTIFF`), read from files that may lie.

use std::collections::HashSet;
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
    pub(crate) const PREDICTOR: u16 = 317;
    pub(crate) const COLOR_MAP: u16 = 320;
    pub(crate) const TILE_WIDTH: u16 = 322;
    pub(crate) const TILE_LENGTH: u16 = 323;
    pub(crate) const TILE_OFFSETS: u16 = 324;
    pub(crate) const TILE_BYTE_COUNTS: u16 = 325;
    pub(crate) const CLEAN_FAX_DATA: u16 = 327;
    pub(crate) const EXTRA_SAMPLES: u16 = 338;
    pub(crate) const SAMPLE_FORMAT: u16 = 339;
    pub(crate) const JPEG_STREAM: u16 = 513;
    pub(crate) const JPEG_STREAM_LENGTH: u16 = 514;
    pub(crate) const JPEG_Q_TABLES: u16 = 519;
    pub(crate) const JPEG_DC_TABLES: u16 = 520;
    pub(crate) const JPEG_AC_TABLES: u16 = 521;
    pub(crate) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(crate) const REFERENCE_BLACK_WHITE: u16 = 532;
}

/// Field types: TIFF 6.0 §2, its supplement 1 and `BigTIFF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Kind {
    Byte = 1,
    Ascii = 2,
    Short = 3,
    Long = 4,
    Rational = 5,
    SignedByte = 6,
    Undefined = 7,
    SignedShort = 8,
    SignedLong = 9,
    SignedRational = 10,
    Float = 11,
    Double = 12,
    Ifd = 13,
    Long8 = 16,
    SignedLong8 = 17,
    Ifd8 = 18,
}

impl Kind {
    const ALL: [Self; 16] = [
        Self::Byte,
        Self::Ascii,
        Self::Short,
        Self::Long,
        Self::Rational,
        Self::SignedByte,
        Self::Undefined,
        Self::SignedShort,
        Self::SignedLong,
        Self::SignedRational,
        Self::Float,
        Self::Double,
        Self::Ifd,
        Self::Long8,
        Self::SignedLong8,
        Self::Ifd8,
    ];

    fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u16 == number)
    }

    const fn bytes(self) -> u64 {
        match self {
            Self::Byte | Self::Ascii | Self::SignedByte | Self::Undefined => 1,
            Self::Short | Self::SignedShort => 2,
            Self::Long | Self::SignedLong | Self::Float | Self::Ifd => 4,
            _ => 8,
        }
    }

    /// Whether values are whole numbers; negative ones are read as very large and refused as such.
    const fn is_whole(self) -> bool {
        !matches!(
            self,
            Self::Rational | Self::SignedRational | Self::Float | Self::Double
        )
    }
}

/// Most entries read of one directory; honest ones have a few dozen.
const ENTRIES_MAX: u64 = 4096;

/// Most entries read of all directories of a file, which may lie over one another.
const ENTRIES_TOTAL_MAX: u64 = 1 << 18;

/// Most directories read of a file; thumbnails and masks do not count as pages.
const DIRECTORIES_MAX: usize = 1 << 14;

/// A TIFF file whose directories are read one after the other.
#[derive(Debug)]
pub(super) struct TiffFile<R> {
    file: R,
    len: u64,
    is_big_endian: bool,
    is_big_tiff: bool,
    next: u64,
    visited: HashSet<u64>,
    entries_read: u64,
}

/// One directory: the description of one image.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// Where it lies in the file.
    at: u64,
    /// Where its link to the next directory lies.
    link_at: u64,
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
            visited: HashSet::new(),
            entries_read: 0,
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

    /// The next image's directory, or `None` after the last. A link back to a directory that was
    /// read ends the file too: some writers leave one.
    pub(super) fn next_directory(&mut self) -> Result<Option<Directory>, ConvertError> {
        let at = self.next;
        if at == 0 || !self.visited.insert(at) {
            return Ok(None);
        }
        if self.visited.len() > DIRECTORIES_MAX {
            return Err(invalid(format!(
                "it has more than {DIRECTORIES_MAX} directories"
            )));
        }
        let (count_bytes, entry_bytes, link_bytes) = if self.is_big_tiff {
            (8, 20, 8)
        } else {
            (2, 12, 4)
        };
        let count = self.number_at(at, count_bytes)?;
        self.entries_read = self.entries_read.saturating_add(count);
        if count > ENTRIES_MAX || self.entries_read > ENTRIES_TOTAL_MAX {
            return Err(invalid(format!("a directory claims {count} entries")));
        }
        let start = at + count_bytes;
        let link_at = start + count * entry_bytes;
        let table = self.bytes_at(start, count * entry_bytes)?;
        if table.len() as u64 != count * entry_bytes {
            return Err(cut_short());
        }
        let places = (start..).step_by(entry_bytes as usize);
        let entries = table
            .chunks_exact(entry_bytes as usize)
            .zip(places)
            .filter_map(|(bytes, at)| self.entry_from(bytes, at))
            .collect();
        // A file cut right after its last directory lacks only the link to none.
        self.next = self.number_at(link_at, link_bytes).unwrap_or(0);
        Ok(Some(Directory {
            at,
            link_at,
            entries,
        }))
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

    /// Whether numbers of several bytes begin with the most significant one.
    pub(super) fn is_big_endian(&self) -> bool {
        self.is_big_endian
    }

    /// The bytes, and their places, that make `directory` the file's only one.
    pub(super) fn only_directory_patches(&self, directory: &Directory) -> [(u64, Vec<u8>); 2] {
        let (at, len) = if self.is_big_tiff { (8, 8) } else { (4, 4) };
        [
            (at, self.bytes_of(directory.at, len)),
            (directory.link_at, vec![0; len]),
        ]
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
        if !entry.kind.is_whole() {
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

    /// The first value of a field that is a finite number above zero, whole or not.
    pub(super) fn ratio(
        &mut self,
        directory: &Directory,
        tag: u16,
    ) -> Result<Option<f32>, ConvertError> {
        let ratios = self.ratios(directory, tag, 1)?;
        Ok(ratios
            .first()
            .copied()
            .filter(|ratio| ratio.is_finite() && *ratio > 0.0))
    }

    /// The first `count_max` values of a field of numbers, whole or not; none where they are cut
    /// off.
    pub(super) fn ratios(
        &mut self,
        directory: &Directory,
        tag: u16,
        count_max: u64,
    ) -> Result<Vec<f32>, ConvertError> {
        let Some(entry) = directory.entry(tag) else {
            return Ok(Vec::new());
        };
        if entry.kind.is_whole() {
            let numbers = self.numbers(directory, tag, count_max)?.unwrap_or_default();
            return Ok(numbers.into_iter().map(|number| number as f32).collect());
        }
        let size = entry.kind.bytes();
        let bytes = self.bytes_at(entry.at, entry.count.min(count_max) * size)?;
        let value = |bytes: &[u8]| match entry.kind {
            Kind::Float => f32::from_bits(self.number_from(bytes) as u32),
            Kind::Double => f64::from_bits(self.number_from(bytes)) as f32,
            Kind::SignedRational => {
                let part = |bytes| self.number_from(bytes) as u32 as i32 as f32;
                part(&bytes[..4]) / part(&bytes[4..])
            }
            _ => self.number_from(&bytes[..4]) as f32 / self.number_from(&bytes[4..]) as f32,
        };
        Ok(bytes.chunks_exact(size as usize).map(value).collect())
    }

    /// An entry by its bytes, which lie at `at`; `None` when its type is not known.
    fn entry_from(&self, bytes: &[u8], at: u64) -> Option<Entry> {
        let kind = Kind::from_number(self.number_from(&bytes[2..4]) as u16)?;
        let width = if self.is_big_tiff { 8 } else { 4 };
        let (count, value) = bytes[4..].split_at(width);
        let count = self.number_from(count);
        let fits = count
            .checked_mul(kind.bytes())
            .is_some_and(|bytes| bytes <= width as u64);
        Some(Entry {
            tag: self.number_from(&bytes[..2]) as u16,
            kind,
            count,
            at: if fits {
                at + 4 + width as u64
            } else {
                self.number_from(value)
            },
        })
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
