//! One datagram: `UDPTLPacket` of ITU-T T.38 §9.1.
//!
//! ```text
//! sequence number   2 octets
//! primary packet    length, octets
//! error recovery    0x00: count, then per entry length and octets, latest packet first
//!                   0x80: 1, packets a parity covers, count, then per parity length and octets
//! ```

use std::borrow::Cow;

use super::error::UdptlError;
use super::length::{Reader, write_octets};

/// Most recovery entries of one datagram, as the field's peers keep them.
pub const ENTRIES_MAX: usize = 16;

const SECONDARY_PACKETS: u8 = 0x00;
const FEC_INFO: u8 = 0x80;

/// One datagram taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Sequence number of the primary packet.
    pub sequence: u16,
    /// The packet that is sent for the first time.
    pub primary: Cow<'a, [u8]>,
    /// What is sent against loss.
    pub recovery: Recovery<'a>,
}

/// What a datagram carries against the loss of earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery<'a> {
    /// Earlier packets again, the latest first; empty entries say nothing.
    Redundancy(Vec<Cow<'a, [u8]>>),
    /// Parities. The one at index m of n covers the packets numbered s + m − n, s + m − 2n and so
    /// on, where s is this datagram's number.
    Fec {
        /// Packets that one parity covers.
        span: u8,
        /// The parities.
        parities: Vec<Cow<'a, [u8]>>,
    },
}

impl<'a> Datagram<'a> {
    /// Reads one datagram. Octets behind its end are ignored, and so is a missing error recovery
    /// part: peers do both.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, UdptlError> {
        let mut reader = Reader::new(bytes);
        let number = reader.take(2)?;
        let sequence = u16::from_be_bytes([number[0], number[1]]);
        let primary = reader.octets()?;
        let recovery = if reader.is_empty() {
            Recovery::Redundancy(Vec::new())
        } else {
            match reader.octet()? {
                SECONDARY_PACKETS => Recovery::Redundancy(entries(&mut reader)?),
                FEC_INFO => {
                    // An unconstrained INTEGER: its own length, then its octets.
                    if reader.octet()? != 1 {
                        return Err(UdptlError::FieldTooLong { max: 1 });
                    }
                    Recovery::Fec {
                        span: reader.octet()?,
                        parities: entries(&mut reader)?,
                    }
                }
                octet => return Err(UdptlError::RecoveryKind { octet }),
            }
        };
        Ok(Self {
            sequence,
            primary,
            recovery,
        })
    }

    /// Writes the datagram; at most [`ENTRIES_MAX`] recovery entries are written.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.sequence.to_be_bytes().to_vec();
        write_octets(&self.primary, &mut bytes);
        let entries = match &self.recovery {
            Recovery::Redundancy(entries) => {
                bytes.push(SECONDARY_PACKETS);
                entries
            }
            Recovery::Fec { span, parities } => {
                bytes.extend([FEC_INFO, 1, *span]);
                parities
            }
        };
        let count = entries.len().min(ENTRIES_MAX);
        bytes.push(count as u8);
        for entry in &entries[..count] {
            write_octets(entry, &mut bytes);
        }
        bytes
    }
}

fn entries<'a>(reader: &mut Reader<'a>) -> Result<Vec<Cow<'a, [u8]>>, UdptlError> {
    let count = reader.count(ENTRIES_MAX)?;
    (0..count).map(|_| reader.octets()).collect()
}
