//! `PackBits` (TIFF 6.0 §9): runs of bytes and stretches of single ones.

use std::io::{self, Read};

/// A strip as a stream.
pub(super) struct PackBits {
    data: Vec<u8>,
    at: usize,
    /// Bytes still to come of the stretch or run under way.
    left: usize,
    /// The byte that is repeated, in a run.
    repeated: Option<u8>,
}

impl PackBits {
    pub(super) fn new(data: Vec<u8>) -> Self {
        Self {
            data,
            at: 0,
            left: 0,
            repeated: None,
        }
    }

    /// Begins the next stretch or run; `false` at the end of the data.
    fn begin(&mut self) -> bool {
        while let Some(&head) = self.data.get(self.at) {
            self.at += 1;
            match head {
                0..=127 => {
                    self.left = usize::from(head) + 1;
                    self.repeated = None;
                    return true;
                }
                // Nothing at all.
                128 => {}
                129.. => {
                    self.left = 257 - usize::from(head);
                    self.repeated = self.data.get(self.at).copied();
                    self.at += 1;
                    return self.repeated.is_some();
                }
            }
        }
        false
    }
}

impl Read for PackBits {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || (self.left == 0 && !self.begin()) {
            return Ok(0);
        }
        let count = self.left.min(buffer.len());
        let count = if let Some(byte) = self.repeated {
            buffer[..count].fill(byte);
            count
        } else {
            let rest = self.data.get(self.at..).unwrap_or_default();
            let count = count.min(rest.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.at += count;
            count
        };
        self.left -= count;
        Ok(count)
    }
}
