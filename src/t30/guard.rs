//! What stands between the far end's packets and the engine.
//!
//! Every packet is taken apart and handed on field by field in packets written here, so that the
//! engine's own parser sees nothing malformed. HDLC frames are followed as they grow; one that the
//! engine is known to mishandle is handed on with a bad check sequence, as if the line had damaged
//! it, and T.30's repetitions take over:
//!
//! - DCS longer than the standard's table: the engine writes its text form into a buffer sized for
//!   that table, whatever the frame's length.
//! - DCS or CTC with a rate outside T.30 Table 2, or too short to hold one: the engine indexes its
//!   rate table with −1.
//! - Non-standard facilities more than once in a call: the engine keeps a copy of each and frees the
//!   last one only.

use super::frame::{fcf, image_bit_rate};
use super::ifp::{Field, FieldKind, Ifp, write_field, write_indicator};

/// Longest IFP packet taken from the far end.
const PACKET_BYTES_MAX: usize = 4_096;

/// Longest HDLC frame that the engine stores: address, control, FCF, number and 256 data octets.
const FRAME_BYTES_MAX: usize = 260;

/// Address, control, FCF and the 19 octets of T.30 Table 2.
const DCS_BYTES_MAX: usize = 22;

/// Last indicator of the original T.38: V.17 14,400 long training.
const INDICATOR_LAST: u8 = 15;

const DATA_TYPE_V21: u8 = 0;

/// Follows the far end's frames and passes on what is safe.
pub(super) struct Guard {
    version: u8,
    /// Octets of the frame in progress that the engine holds, first bit on the line lowest.
    frame: Vec<u8>,
    /// Whether a part of the frame in progress was lost.
    damaged: bool,
    /// Control fields of the non-standard facilities seen, four values at most.
    facilities: Vec<u8>,
    image_bytes: u64,
    packet: Vec<u8>,
}

impl Guard {
    pub(super) fn new(version: u8) -> Self {
        Self {
            version,
            frame: Vec::with_capacity(FRAME_BYTES_MAX),
            damaged: false,
            facilities: Vec::new(),
            image_bytes: 0,
            packet: Vec::new(),
        }
    }

    /// Image data seen so far, in bytes.
    pub(super) fn image_bytes(&self) -> u64 {
        self.image_bytes
    }

    /// Tells that packets were lost before the next one.
    pub(super) fn gap(&mut self) {
        self.damaged = true;
    }

    /// Takes one packet and hands its safe parts to `deliver`.
    pub(super) fn accept(&mut self, packet: &[u8], deliver: &mut dyn FnMut(&[u8])) {
        let packet = &packet[..packet.len().min(PACKET_BYTES_MAX)];
        match Ifp::parse(self.version, packet) {
            Ok(Ifp::Indicator(indicator)) if indicator <= INDICATOR_LAST => {
                self.end_frame_in_progress(DATA_TYPE_V21, deliver);
                deliver(&write_indicator(indicator));
            }
            Ok(Ifp::Data { data_type, fields }) => {
                for field in fields {
                    self.accept_field(data_type, field, deliver);
                }
            }
            Ok(Ifp::Indicator(_) | Ifp::Unused) => {}
            Err(_) => self.gap(),
        }
    }

    fn accept_field(&mut self, data_type: u8, field: Field<'_>, deliver: &mut dyn FnMut(&[u8])) {
        if data_type != DATA_TYPE_V21 {
            self.image_bytes += field.data.len() as u64;
        }
        match field.kind {
            FieldKind::HdlcData => self.extend_frame(data_type, field.data, deliver),
            FieldKind::HdlcFcsOk | FieldKind::HdlcFcsOkSigEnd => {
                self.extend_frame(data_type, field.data, deliver);
                let ok = !self.damaged && self.is_harmless();
                let kind = match (field.kind, ok) {
                    (kind, true) => kind,
                    (FieldKind::HdlcFcsOk, false) => FieldKind::HdlcFcsBad,
                    (_, false) => FieldKind::HdlcFcsBadSigEnd,
                };
                self.forget_frame();
                self.deliver(data_type, kind, &[], deliver);
            }
            FieldKind::HdlcFcsBad | FieldKind::HdlcFcsBadSigEnd => {
                self.forget_frame();
                self.deliver(data_type, field.kind, &[], deliver);
            }
            FieldKind::HdlcSigEnd => {
                self.end_frame_in_progress(data_type, deliver);
                self.deliver(data_type, field.kind, &[], deliver);
            }
            FieldKind::NonEcmData | FieldKind::NonEcmSigEnd => {
                self.deliver(data_type, field.kind, field.data, deliver);
            }
        }
    }

    fn extend_frame(&mut self, data_type: u8, data: &[u8], deliver: &mut dyn FnMut(&[u8])) {
        if data.is_empty() {
            return;
        }
        if self.frame.len() + data.len() > FRAME_BYTES_MAX {
            self.damaged = true;
            return;
        }
        self.frame
            .extend(data.iter().map(|octet| octet.reverse_bits()));
        self.deliver(data_type, FieldKind::HdlcData, data, deliver);
    }

    /// A new signal starts: whatever frame was in progress never gets its end.
    fn end_frame_in_progress(&mut self, data_type: u8, deliver: &mut dyn FnMut(&[u8])) {
        let in_progress = !self.frame.is_empty();
        self.forget_frame();
        if in_progress {
            self.deliver(data_type, FieldKind::HdlcFcsBad, &[], deliver);
        }
    }

    fn forget_frame(&mut self) {
        self.frame.clear();
        self.damaged = false;
    }

    fn deliver(
        &mut self,
        data_type: u8,
        kind: FieldKind,
        data: &[u8],
        deliver: &mut dyn FnMut(&[u8]),
    ) {
        write_field(
            self.version,
            data_type,
            Field { kind, data },
            &mut self.packet,
        );
        deliver(&self.packet);
    }

    /// Whether the engine may have the frame that just ended.
    fn is_harmless(&mut self) -> bool {
        let frame = &self.frame;
        let names_a_rate = frame
            .get(4)
            .is_some_and(|&octet| image_bit_rate(octet).is_some());
        let Some(&control) = frame.get(2) else {
            return true;
        };
        match control & 0xFE {
            fcf::DCS => frame.len() <= DCS_BYTES_MAX && (frame.len() < 6 || names_a_rate),
            fcf::CTC => names_a_rate,
            fcf::NSF | fcf::NSS => {
                let first = !self.facilities.contains(&(control));
                if first {
                    self.facilities.push(control);
                }
                first
            }
            _ => true,
        }
    }
}
