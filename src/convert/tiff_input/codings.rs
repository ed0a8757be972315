//! What a strip or tile of an image is coded in, as a stream of its packed rows.

mod log_luv;
mod lzw;
mod pack_bits;
mod thunder;
mod ycbcr;

use std::io::{Cursor, Read, Seek};

use flate2::read::ZlibDecoder;

use self::log_luv::{LogLuv, Packing};
use self::lzw::Lzw;
use self::pack_bits::PackBits;
use self::thunder::Thunder;
pub(super) use self::ycbcr::{Luma, Subsampling};
use crate::convert::ConvertError;
use crate::convert::tiff_bilevel::refuse_coded;
use crate::convert::tiff_directory::{Directory, TiffFile, tag};
use crate::t4::{BitOrder, DecodeOptions, RowAlign, decode};

/// A coding: TIFF 6.0 §8 `Compression` and the registered values after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Ccitt(crate::t4::Coding, RowAlign),
    Lzw,
    Deflate,
    PackBits,
    /// 4 bits a pixel, by the scanner of that name.
    Thunder,
    /// Levels of light by the logarithm, which become grey levels.
    LogLuv(Packing),
}

/// The size of a strip or tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) width: u32,
    pub(super) rows: u32,
}

impl Coding {
    /// `None` for JPEG in either of its forms, which is no stream of rows.
    pub(super) fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
    ) -> Result<Self, ConvertError> {
        let number = file.number(directory, tag::COMPRESSION)?.unwrap_or(1);
        let photometric = file.number(directory, tag::PHOTOMETRIC)?;
        let t4_options = file.number(directory, tag::T4_OPTIONS)?.unwrap_or(0);
        Ok(match (number, photometric) {
            (34_676, Some(32_844)) => Self::LogLuv(Packing::Luminance),
            (34_676, Some(32_845)) => Self::LogLuv(Packing::Wide),
            (34_677, Some(32_845)) => Self::LogLuv(Packing::Narrow),
            (1, Some(32_844 | 32_845)) => return Err(unsupported("LogLuv without its coding")),
            (1, _) => Self::Plain,
            (2, _) => Self::Ccitt(crate::t4::Coding::Mh, RowAlign::Byte),
            (3, _) if t4_options & 1 == 0 => Self::Ccitt(crate::t4::Coding::Mh, RowAlign::Packed),
            (3, _) => Self::Ccitt(crate::t4::Coding::Mr { k: 4 }, RowAlign::Packed),
            (4, _) => Self::Ccitt(crate::t4::Coding::Mmr, RowAlign::Packed),
            (5, _) => Self::Lzw,
            (8 | 32_946, _) => Self::Deflate,
            (32_773, _) => Self::PackBits,
            (32_809, _) => Self::Thunder,
            _ => return Err(unsupported(&name(number))),
        })
    }

    /// The rows of a strip or tile, one after the other, each beginning on a byte.
    pub(super) fn open(
        self,
        data: Vec<u8>,
        extent: Extent,
        bytes_max: u64,
    ) -> Result<Box<dyn Read>, ConvertError> {
        Ok(match self {
            Self::Plain => Box::new(Cursor::new(data)),
            Self::Ccitt(coding, row_align) => {
                let options = DecodeOptions {
                    coding,
                    bit_order: BitOrder::MsbFirst,
                    row_align,
                    width: extent.width,
                    rows: Some(extent.rows),
                    rows_max: extent.rows,
                    bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX),
                };
                let decoded = decode(&data, &options).map_err(|error| refuse_coded(&error))?;
                Box::new(Cursor::new(decoded.bitmap.as_bytes().to_vec()))
            }
            Self::Lzw => Box::new(Lzw::new(data)),
            Self::Deflate => Box::new(ZlibDecoder::new(Cursor::new(data))),
            Self::PackBits => Box::new(PackBits::new(data)),
            Self::Thunder => Box::new(Thunder::new(data, extent.width)),
            Self::LogLuv(packing) => Box::new(LogLuv::new(data, extent.width, packing)),
        })
    }
}

fn unsupported(what: &str) -> ConvertError {
    ConvertError::Unsupported {
        what: what.to_owned(),
    }
}

/// What a coding that is not read is called.
fn name(compression: u64) -> String {
    let name = match compression {
        32_771 => "CCITT RLE on words",
        32_766 => "NeXT",
        34_661 => "JBIG",
        34_712 | 33_003..=33_005 => "JPEG 2000",
        34_887 => "LERC",
        34_925 => "LZMA",
        50_000 | 34_926 => "Zstandard",
        50_001 | 34_927 => "WebP",
        _ => "an unknown coding",
    };
    format!("TIFF compression {compression} ({name})")
}
