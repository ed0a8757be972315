//! T.30 control frames: their names, and what a DCS agrees on.

use std::fmt;

use super::event::{LineCoding, Negotiated};
use crate::job::PageLimit;
use crate::units::{PageWidth, Resolution};

/// A control frame's name as T.30 §5.3.6 writes it, `PPS-EOP` where a second name follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameName(&'static str);

impl FrameName {
    /// The name of a frame that starts with its address field; nothing for image data.
    pub fn of(frame: &[u8]) -> Option<Self> {
        let control = *frame.get(2)?;
        if matches!(control, fcf::FCD | fcf::RCP) {
            return None;
        }
        let second = frame.get(3).map_or(fcf::NULL, |octet| octet & 0xFE);
        Some(Self(match control & 0xFE {
            fcf::PPS => partial_page_name(second),
            fcf::EOR => end_of_retransmission_name(second),
            _ => simple_name(control),
        }))
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for FrameName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for FrameName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Facsimile control fields (T.30 §5.3.6.1) as they lie in memory: first bit on the line lowest.
///
/// Where the standard writes X for the first bit, the value here has it clear.
pub(crate) mod fcf {
    pub(crate) const NULL: u8 = 0x00;
    pub(crate) const DIS: u8 = 0x80;
    pub(crate) const DTC: u8 = 0x81;
    pub(crate) const CSI: u8 = 0x40;
    pub(crate) const CIG: u8 = 0x41;
    pub(crate) const NSF: u8 = 0x20;
    pub(crate) const NSC: u8 = 0x21;
    pub(crate) const NSS: u8 = 0x22;
    pub(crate) const DCS: u8 = 0x82;
    pub(crate) const TSI: u8 = 0x42;
    pub(crate) const CTC: u8 = 0x12;
    pub(crate) const MPS: u8 = 0x4E;
    pub(crate) const EOM: u8 = 0x8E;
    pub(crate) const EOP: u8 = 0x2E;
    pub(crate) const PRI_MPS: u8 = 0x5E;
    pub(crate) const PRI_EOM: u8 = 0x9E;
    pub(crate) const PRI_EOP: u8 = 0x3E;
    pub(crate) const EOS: u8 = 0x1E;
    pub(crate) const PPS: u8 = 0xBE;
    pub(crate) const EOR: u8 = 0xCE;
    pub(crate) const MCF: u8 = 0x8C;
    pub(crate) const RTP: u8 = 0xCC;
    pub(crate) const RTN: u8 = 0x4C;
    pub(crate) const PIP: u8 = 0xAC;
    pub(crate) const PIN: u8 = 0x2C;
    pub(crate) const PPR: u8 = 0xBC;
    pub(crate) const FCD: u8 = 0x06;
    pub(crate) const RCP: u8 = 0x86;
}

fn simple_name(control: u8) -> &'static str {
    match control {
        fcf::DIS => return "DIS",
        fcf::DTC => return "DTC",
        fcf::CSI => return "CSI",
        fcf::CIG => return "CIG",
        fcf::NSF => return "NSF",
        fcf::NSC => return "NSC",
        0xC1 => return "PWD",
        0xA1 => return "SEP",
        0x61 => return "PSA",
        0xE1 => return "CIA",
        0x11 => return "ISP",
        _ => {}
    }
    match control & 0xFE {
        fcf::DCS => "DCS",
        fcf::TSI => "TSI",
        fcf::NSS => "NSS",
        0xC2 => "SUB",
        0xA2 => "SID",
        fcf::CTC => "CTC",
        0x62 => "TSA",
        0xE2 => "IRA",
        0x84 => "CFR",
        0x44 => "FTT",
        0xC4 => "CTR",
        0x24 => "CSA",
        fcf::EOM => "EOM",
        fcf::MPS => "MPS",
        fcf::EOP => "EOP",
        fcf::PRI_EOM => "PRI-EOM",
        fcf::PRI_MPS => "PRI-MPS",
        fcf::PRI_EOP => "PRI-EOP",
        fcf::EOS => "EOS",
        0x6E => "RR",
        fcf::MCF => "MCF",
        fcf::RTP => "RTP",
        fcf::RTN => "RTN",
        fcf::PIP => "PIP",
        fcf::PIN => "PIN",
        fcf::PPR => "PPR",
        0xEC => "RNR",
        0x1C => "ERR",
        0xFC => "FDM",
        0xFA => "DCN",
        0x1A => "CRP",
        0xCA => "FNV",
        0xEA => "TNR",
        0x6A => "TR",
        _ => "unknown",
    }
}

fn partial_page_name(second: u8) -> &'static str {
    match second {
        fcf::NULL => "PPS-NULL",
        fcf::MPS => "PPS-MPS",
        fcf::EOM => "PPS-EOM",
        fcf::EOP => "PPS-EOP",
        fcf::EOS => "PPS-EOS",
        fcf::PRI_MPS => "PPS-PRI-MPS",
        fcf::PRI_EOM => "PPS-PRI-EOM",
        fcf::PRI_EOP => "PPS-PRI-EOP",
        _ => "PPS",
    }
}

fn end_of_retransmission_name(second: u8) -> &'static str {
    match second {
        fcf::NULL => "EOR-NULL",
        fcf::MPS => "EOR-MPS",
        fcf::EOM => "EOR-EOM",
        fcf::EOP => "EOR-EOP",
        fcf::EOS => "EOR-EOS",
        fcf::PRI_MPS => "EOR-PRI-MPS",
        fcf::PRI_EOM => "EOR-PRI-EOM",
        fcf::PRI_EOP => "EOR-PRI-EOP",
        _ => "EOR",
    }
}

/// Image rate of the second octet of DCS's and CTC's information field: T.30 Table 2, bits 11–14.
pub(crate) fn image_bit_rate(octet: u8) -> Option<u32> {
    Some(match octet & 0x3C {
        0x00 => 2_400,
        0x08 => 4_800,
        0x04 | 0x24 => 9_600,
        0x0C | 0x2C => 7_200,
        0x28 => 12_000,
        0x20 => 14_400,
        _ => return None,
    })
}

/// What a DCS frame (address field first) agrees on; nothing when it is short or asks for a rate
/// that does not exist.
pub(crate) fn negotiated(dcs: &[u8]) -> Option<Negotiated> {
    // T.30 Table 2 numbers the bits of the information field from 1, first bit lowest.
    let bit = |number: usize| {
        dcs.get(3 + (number - 1) / 8)
            .is_some_and(|octet| octet & (1 << ((number - 1) % 8)) != 0)
    };
    let bit_rate = image_bit_rate(*dcs.get(4)?)?;
    Some(Negotiated {
        bit_rate,
        ecm: bit(27),
        coding: match (bit(31), bit(16)) {
            (true, _) => LineCoding::Mmr,
            (false, true) => LineCoding::Mr,
            (false, false) => LineCoding::Mh,
        },
        resolution: Some(match (bit(41), bit(15)) {
            (true, _) => Resolution::Superfine,
            (false, true) => Resolution::Fine,
            (false, false) => Resolution::Standard,
        }),
        width: match (bit(17), bit(18)) {
            (false, false) => Some(PageWidth::A4),
            (true, false) => Some(PageWidth::B4),
            (false, true) => Some(PageWidth::A3),
            (true, true) => None,
        },
    })
}

/// The finest and widest pages that the sender of a DIS frame (address field first) takes; nothing
/// when the frame is too short to say.
pub(crate) fn page_limit(dis: &[u8]) -> Option<PageLimit> {
    // T.30 Table 2: bit 15 is R8×7.7, bit 41 R8×15.4, bits 17 and 18 the recording width.
    let bit = |number: usize| {
        dis.get(3 + (number - 1) / 8)
            .is_some_and(|octet| octet & (1 << ((number - 1) % 8)) != 0)
    };
    dis.get(5)?;
    Some(PageLimit {
        resolution: match (bit(15), bit(41)) {
            (true, true) => Resolution::Superfine,
            (true, false) => Resolution::Fine,
            (false, _) => Resolution::Standard,
        },
        width: match (bit(17), bit(18)) {
            (false, false) => PageWidth::A4,
            (true, false) => PageWidth::B4,
            // Both set is invalid and is read as the second alone (T.30 Table 2, note 2).
            (_, true) => PageWidth::A3,
        },
    })
}
