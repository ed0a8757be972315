//! Recordings in fixed blocks, read piece by piece: most WAV files and all headerless ones.

use std::io::{Read, Seek, SeekFrom};

use super::encoding::{BlockDecoder, Encoding};
use super::source::{Salvage, Source, SourceFormat};
use super::{AudioError, io_ext};

/// Bytes decoded at a time, about.
const PIECE_BYTES: usize = 16 * 1024;

/// A stretch of a file in one fixed coding.
pub(super) struct BlockSource<R> {
    input: R,
    format: SourceFormat,
    decoder: BlockDecoder,
    left: u64,
    piece: Vec<u8>,
    salvage: Option<Salvage>,
}

impl<R: Read + Seek> BlockSource<R> {
    /// The `bytes` from `start` on, which are known to be there.
    pub(super) fn new(
        mut input: R,
        format: SourceFormat,
        encoding: Encoding,
        start: u64,
        bytes: u64,
        salvage: Option<Salvage>,
    ) -> Result<Self, AudioError> {
        input
            .seek(SeekFrom::Start(start))
            .map_err(AudioError::reading)?;
        let block = encoding.bytes() * usize::from(format.channels);
        Ok(Self {
            input,
            decoder: BlockDecoder::new(encoding),
            left: bytes,
            piece: vec![0; PIECE_BYTES.div_ceil(block) * block],
            salvage,
            format,
        })
    }

    /// A headerless file from its first byte to its last.
    pub(super) fn headerless(
        mut input: R,
        encoding: Encoding,
        rate: u32,
    ) -> Result<Self, AudioError> {
        let bytes = io_ext::len(&mut input)?;
        let block = encoding.bytes() as u64;
        let format = SourceFormat {
            container: "raw",
            codec: encoding.name(),
            rate,
            channels: 1,
            frames: Some(bytes / block * encoding.samples() as u64),
        };
        let salvage = (bytes % block != 0).then_some(Salvage::Truncated {
            missing_frames: encoding.samples() as u64,
        });
        Self::new(input, format, encoding, 0, bytes, salvage)
    }
}

impl<R: Read + Seek> Source for BlockSource<R> {
    fn format(&self) -> &SourceFormat {
        &self.format
    }

    fn read(&mut self, block: &mut Vec<f32>) -> Result<(), AudioError> {
        block.clear();
        let wanted = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(self.piece.len());
        let found = io_ext::read_up_to(&mut self.input, &mut self.piece[..wanted])?;
        self.left = if found < wanted {
            0
        } else {
            self.left - found as u64
        };
        let bytes = &self.piece[..found];
        let align = self.decoder.block_bytes() * usize::from(self.format.channels);
        let (whole, rest) = bytes.split_at(found - found % align);
        self.decoder.decode(whole, block);
        self.decoder.decode_rest(rest, block);
        Ok(())
    }

    fn salvage(&self) -> Option<Salvage> {
        match self.decoder.damaged() {
            0 => self.salvage,
            packets => Some(Salvage::Damaged { packets }),
        }
    }
}
