//! Reading to the end without surprises: short reads, interruptions, windows into a file.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::AudioError;

/// Fills `buffer` as far as the input reaches and returns the bytes read.
pub(super) fn read_up_to<R: Read>(input: &mut R, buffer: &mut [u8]) -> Result<usize, AudioError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(AudioError::reading(error)),
        }
    }
    Ok(filled)
}

/// Length of the input in bytes; the position afterwards is the end.
pub(super) fn len<S: Seek>(input: &mut S) -> Result<u64, AudioError> {
    input.seek(SeekFrom::End(0)).map_err(AudioError::reading)
}

/// Part of a file from `start` on, with bytes of our own in front, as a file of its own.
///
/// Decoders get a short header rebuilt by us and the audio, never the file's own metadata: what
/// they can't see can't exhaust them.
pub(super) struct Window<R> {
    inner: R,
    prefix: Vec<u8>,
    start: u64,
    bytes: u64,
    position: u64,
}

impl<R: Read + Seek> Window<R> {
    pub(super) fn new(inner: R, prefix: Vec<u8>, start: u64, bytes: u64) -> Self {
        Self {
            inner,
            prefix,
            start,
            bytes,
            position: 0,
        }
    }

    fn len(&self) -> u64 {
        self.prefix.len() as u64 + self.bytes
    }
}

impl<R: Read + Seek> Read for Window<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let prefix_bytes = self.prefix.len() as u64;
        let count = if self.position < prefix_bytes {
            (&self.prefix[self.position as usize..]).read(buffer)?
        } else {
            let at = self.position - prefix_bytes;
            let left = self.bytes.saturating_sub(at);
            let count = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            self.inner.seek(SeekFrom::Start(self.start + at))?;
            loop {
                match self.inner.read(&mut buffer[..count]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read?,
                }
            }
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Window<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for Window<R> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len())
    }
}
