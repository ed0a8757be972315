//! Internet Facsimile Protocol packets (T.38 §7), as far as a V.21-to-V.17 fax needs them.
//!
//! Two codings of a data field exist: version 0 (T.38 06/1998, whose ASN.1 lacked the extension
//! marker) packs the field type into the upper bits of an octet and two empty fields into one;
//! later versions have the marker and give every field its own octet. Both are aligned PER.

/// One packet, borrowed from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ifp<'a> {
    /// `t30-indicator`: 0 no signal, 1 CNG, 2 CED, 3 V.21 preamble, 4 to 15 training.
    Indicator(u8),
    /// `t30-data`.
    Data {
        /// Modulation the data belongs to: 0 is V.21, 1 to 8 are the image modems.
        data_type: u8,
        /// The fields in order.
        fields: Vec<Field<'a>>,
    },
    /// An indicator or modulation of V.8, V.33 or V.34, which is never agreed on here.
    Unused,
}

/// One field of a data packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// What the data is.
    pub kind: FieldKind,
    /// The data, first bit on the line in the highest bit of an octet; often empty.
    pub data: &'a [u8],
}

/// `field-type` of T.38 §7.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FieldKind {
    /// Part of an HDLC frame.
    HdlcData = 0,
    /// The carrier ended.
    HdlcSigEnd = 1,
    /// The frame ended with a good check sequence.
    HdlcFcsOk = 2,
    /// The frame ended with a bad check sequence.
    HdlcFcsBad = 3,
    /// Good check sequence, then the carrier ended.
    HdlcFcsOkSigEnd = 4,
    /// Bad check sequence, then the carrier ended.
    HdlcFcsBadSigEnd = 5,
    /// Image data or TCF without error correction.
    NonEcmData = 6,
    /// The last of it.
    NonEcmSigEnd = 7,
}

impl FieldKind {
    const ALL: [Self; 8] = [
        Self::HdlcData,
        Self::HdlcSigEnd,
        Self::HdlcFcsOk,
        Self::HdlcFcsBad,
        Self::HdlcFcsOkSigEnd,
        Self::HdlcFcsBadSigEnd,
        Self::NonEcmData,
        Self::NonEcmSigEnd,
    ];
}

/// The bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IfpError {
    /// The packet ends before its own lengths say so.
    #[error("the packet is shorter than it says")]
    Truncated,
    /// An indicator with a data field, or a modulation that does not exist.
    #[error("the packet type {octet:#04x} does not exist")]
    Type {
        /// The first octet.
        octet: u8,
    },
    /// More fields than one octet can count.
    #[error("the packet claims 128 fields or more")]
    TooManyFields,
}

impl IfpError {
    /// The stable code: part of the public interface.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "ifp-truncated",
            Self::Type { .. } => "ifp-type-unknown",
            Self::TooManyFields => "ifp-too-many-fields",
        }
    }
}

const DATA_PRESENT: u8 = 0x80;
const TYPE_DATA: u8 = 0x40;
const TYPE_EXTENDED: u8 = 0x20;
const DATA_TYPE_LAST: u8 = 8;

impl<'a> Ifp<'a> {
    /// Reads one packet; bytes behind its last field are ignored, as peers pad.
    pub fn parse(version: u8, bytes: &'a [u8]) -> Result<Self, IfpError> {
        let (&first, rest) = bytes.split_first().ok_or(IfpError::Truncated)?;
        let value = (first >> 1) & 0x0F;
        if first & TYPE_DATA == 0 {
            return match (first & DATA_PRESENT != 0, first & TYPE_EXTENDED != 0) {
                (true, _) => Err(IfpError::Type { octet: first }),
                (false, true) => Ok(Self::Unused),
                (false, false) => Ok(Self::Indicator(value)),
            };
        }
        if first & TYPE_EXTENDED != 0 {
            return Ok(Self::Unused);
        }
        if value > DATA_TYPE_LAST {
            return Err(IfpError::Type { octet: first });
        }
        if first & DATA_PRESENT == 0 {
            return Ok(Self::Data {
                data_type: value,
                fields: Vec::new(),
            });
        }
        let (&count, rest) = rest.split_first().ok_or(IfpError::Truncated)?;
        if count >= 0x80 {
            return Err(IfpError::TooManyFields);
        }
        let mut reader = FieldReader {
            rest,
            half: None,
            original_coding: version == 0,
        };
        let mut fields = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            if let Some(field) = reader.next_field()? {
                fields.push(field);
            }
        }
        Ok(Self::Data {
            data_type: value,
            fields,
        })
    }
}

/// Writes a packet with one indicator.
pub(super) fn write_indicator(indicator: u8) -> [u8; 1] {
    [indicator << 1]
}

/// Writes a packet with one data field into a cleared buffer; the field must be shorter than
/// 65,536 octets, as fields read from a packet are.
pub(super) fn write_field(version: u8, data_type: u8, field: Field<'_>, packet: &mut Vec<u8>) {
    packet.clear();
    let present = if field.data.is_empty() {
        0
    } else {
        DATA_PRESENT
    };
    let shift = if version == 0 { 4 } else { 3 };
    packet.extend([
        DATA_PRESENT | TYPE_DATA | (data_type << 1),
        1,
        present | ((field.kind as u8) << shift),
    ]);
    if !field.data.is_empty() {
        packet.extend((field.data.len() as u16 - 1).to_be_bytes());
        packet.extend_from_slice(field.data);
    }
}

struct FieldReader<'a> {
    rest: &'a [u8],
    /// Version 0: the lower half of an octet whose upper half was a field without data.
    half: Option<u8>,
    original_coding: bool,
}

impl<'a> FieldReader<'a> {
    /// The next field; nothing for one of the later extensions.
    fn next_field(&mut self) -> Result<Option<Field<'a>>, IfpError> {
        let (present, kind) = if self.original_coding {
            let nibble = if let Some(nibble) = self.half.take() {
                nibble
            } else {
                let octet = self.take(1)?[0];
                if octet & DATA_PRESENT == 0 {
                    self.half = Some(octet & 0x0F);
                }
                octet >> 4
            };
            (nibble & 8 != 0, Some(nibble & 7))
        } else {
            let octet = self.take(1)?[0];
            if octet & 0x40 == 0 {
                (octet & DATA_PRESENT != 0, Some((octet >> 3) & 7))
            } else {
                self.take(1)?;
                (octet & DATA_PRESENT != 0, None)
            }
        };
        let data = if present {
            let length = self.take(2)?;
            self.take(usize::from(u16::from_be_bytes([length[0], length[1]])) + 1)?
        } else {
            &[]
        };
        Ok(kind.map(|kind| Field {
            kind: FieldKind::ALL[usize::from(kind)],
            data,
        }))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], IfpError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(IfpError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}
