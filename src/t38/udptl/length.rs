//! Length determinants of aligned PER (ITU-T X.691 §11.9): one octet below 128, two below 16,384,
//! and fragments of 16,384 to 65,536 octets above.

use std::borrow::Cow;

use super::error::UdptlError;

const FRAGMENT: usize = 0x4000;

/// Longest field taken: a UDP datagram holds no longer one.
const FIELD_BYTES_MAX: usize = 0xFFFF;

/// Writes an octet string with its length.
pub(super) fn write_octets(octets: &[u8], datagram: &mut Vec<u8>) {
    let mut rest = octets;
    loop {
        match rest.len() {
            length @ ..0x80 => datagram.push(length as u8),
            length @ ..FRAGMENT => datagram.extend((length as u16 | 0x8000).to_be_bytes()),
            length => {
                let fragments = (length / FRAGMENT).min(4);
                let (now, later) = rest.split_at(fragments * FRAGMENT);
                datagram.push(0xC0 | fragments as u8);
                datagram.extend_from_slice(now);
                rest = later;
                continue;
            }
        }
        datagram.extend_from_slice(rest);
        return;
    }
}

/// Octets that [`write_octets`] takes for a string of this length.
pub(super) const fn written_length(length: usize) -> usize {
    let fragments = length / FRAGMENT;
    let determinants = fragments.div_ceil(4);
    let last = length % FRAGMENT;
    length + determinants + if last < 0x80 { 1 } else { 2 }
}

/// Reads from the front of a datagram.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], UdptlError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(UdptlError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn octet(&mut self) -> Result<u8, UdptlError> {
        Ok(self.take(1)?[0])
    }

    /// An octet string with its length; copied only when it came in fragments.
    pub(super) fn octets(&mut self) -> Result<Cow<'a, [u8]>, UdptlError> {
        let (length, more) = self.length()?;
        let first = self.take(length)?;
        if !more {
            return Ok(Cow::Borrowed(first));
        }
        let mut whole = first.to_vec();
        loop {
            let (length, more) = self.length()?;
            if whole.len() + length > FIELD_BYTES_MAX {
                return Err(UdptlError::FieldTooLong {
                    max: FIELD_BYTES_MAX,
                });
            }
            whole.extend_from_slice(self.take(length)?);
            if !more {
                return Ok(Cow::Owned(whole));
            }
        }
    }

    /// The number of elements of a SEQUENCE OF.
    pub(super) fn count(&mut self, max: usize) -> Result<usize, UdptlError> {
        let (entries, more) = self.length()?;
        if more || entries > max {
            return Err(UdptlError::TooManyEntries { entries, max });
        }
        Ok(entries)
    }

    /// One length determinant and whether another follows its data.
    fn length(&mut self) -> Result<(usize, bool), UdptlError> {
        let first = self.octet()?;
        match first {
            0..=0x7F => Ok((usize::from(first), false)),
            0x80..=0xBF => Ok((
                usize::from(u16::from_be_bytes([first & 0x3F, self.octet()?])),
                false,
            )),
            0xC1..=0xC4 => Ok((usize::from(first & 0x3F) * FRAGMENT, true)),
            _ => Err(UdptlError::FieldTooLong {
                max: FIELD_BYTES_MAX,
            }),
        }
    }
}
