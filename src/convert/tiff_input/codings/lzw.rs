//! LZW (TIFF 6.0 §13), and the form that was written before that specification.

use std::io::{self, Read};

use weezl::decode::Decoder;
use weezl::{BitOrder, LzwStatus};

/// Codes are made of bytes.
const BYTE_BITS: u8 = 8;

/// A strip as a stream.
pub(super) struct Lzw {
    data: Vec<u8>,
    at: usize,
    decoder: Decoder,
}

impl Lzw {
    pub(super) fn new(data: Vec<u8>) -> Self {
        // The first code clears the table: 256 in nine bits, which older writers begin with the
        // least significant bit; they also lengthen codes one later.
        let is_old = matches!(data[..], [0, second, ..] if second & 1 == 1);
        let decoder = if is_old {
            Decoder::new(BitOrder::Lsb, BYTE_BITS)
        } else {
            Decoder::with_tiff_size_switch(BitOrder::Msb, BYTE_BITS)
        };
        Self {
            data,
            at: 0,
            decoder,
        }
    }
}

impl Read for Lzw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = self.decoder.decode_bytes(&self.data[self.at..], buffer);
            self.at += result.consumed_in;
            let status = result
                .status
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            if result.consumed_out > 0 || buffer.is_empty() || !matches!(status, LzwStatus::Ok) {
                return Ok(result.consumed_out);
            }
        }
    }
}
