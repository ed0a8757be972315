//! The answering tone of a called fax machine, heard in G.711 audio (ITU-T T.30 §4, V.25: CED,
//! 2100 Hz ± 15 Hz for 2.6 to 4 s).

use crate::audio::g711::{ALAW, ULAW};

/// Samples at 8 kHz in one judged block: 20 ms hold 42 whole periods of the tone.
const BLOCK: usize = 160;

/// Blocks in a row that make a tone of 500 ms: speech and ringing do not hold 2100 Hz that long.
const BLOCKS_HEARD: u32 = 25;

/// The part of a block's energy that the tone has; 15 Hz beside it leave 74 %.
const PURITY: f32 = 0.6;

/// The mean square of a block that is too quiet to judge: about −43 dBm0.
const QUIET: f32 = 40_000.0;

/// Listens to one direction of a call.
#[derive(Clone, Debug, Default)]
pub struct CedDetector {
    block: Vec<f32>,
    blocks: u32,
}

impl CedDetector {
    /// Takes one RTP packet (RFC 3550 §5.1) and says whether the tone has been heard long enough.
    /// Packets that are not G.711 change nothing.
    pub fn handle_rtp(&mut self, packet: &[u8]) -> bool {
        let Some((table, payload)) = g711_payload(packet) else {
            return false;
        };
        for &code in payload {
            self.block.push(f32::from(table[usize::from(code)]));
            if self.block.len() == BLOCK {
                self.judge();
                self.block.clear();
            }
        }
        self.blocks >= BLOCKS_HEARD
    }

    fn judge(&mut self) {
        let energy: f32 = self.block.iter().map(|sample| sample * sample).sum();
        let tone = goertzel_2100(&self.block);
        // For a pure tone the filter's power is energy · N / 2.
        let purity = 2.0 * tone / (energy * BLOCK as f32).max(1.0);
        let loud = energy / BLOCK as f32 > QUIET;
        if loud && purity > PURITY {
            self.blocks += 1;
        } else {
            // One foul block is a turn of phase, as echo cancellers are given every 450 ms (V.25).
            self.blocks = self.blocks.saturating_sub(2);
        }
    }
}

/// The power of 2100 Hz at 8 kHz (Goertzel's filter).
fn goertzel_2100(samples: &[f32]) -> f32 {
    let factor = 2.0 * (std::f32::consts::TAU * 2_100.0 / 8_000.0).cos();
    let (mut last, mut before) = (0.0f32, 0.0f32);
    for sample in samples {
        let next = sample + factor * last - before;
        before = last;
        last = next;
    }
    last * last + before * before - factor * last * before
}

fn g711_payload(packet: &[u8]) -> Option<(&'static [i16; 256], &[u8])> {
    let (&[first, second, ..], true) = (packet, packet.len() >= 12) else {
        return None;
    };
    if first >> 6 != 2 {
        return None;
    }
    let table = match second & 0x7F {
        0 => &ULAW,
        8 => &ALAW,
        _ => return None,
    };
    let mut payload = packet.get(12 + 4 * usize::from(first & 0x0F)..)?;
    if first & 0x10 != 0 {
        let words = u16::from_be_bytes([*payload.get(2)?, *payload.get(3)?]);
        payload = payload.get(4 + 4 * usize::from(words)..)?;
    }
    if first & 0x20 != 0 {
        let padding = usize::from(*payload.last()?);
        payload = payload.get(..payload.len().checked_sub(padding)?)?;
    }
    Some((table, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of 20 ms of a tone in µ-law.
    fn packet(hertz: f32, amplitude: f32, number: usize) -> Vec<u8> {
        let mut packet = vec![0x80, 0];
        packet.resize(12, 0);
        for n in number * BLOCK..(number + 1) * BLOCK {
            let phase = std::f32::consts::TAU * hertz * n as f32 / 8_000.0;
            packet.push(nearest((amplitude * phase.sin()) as i16));
        }
        packet
    }

    fn nearest(sample: i16) -> u8 {
        let distance = |code: &u8| {
            let value = i32::from(ULAW[usize::from(*code)]);
            value.abs_diff(i32::from(sample))
        };
        (0..=255u8).min_by_key(distance).expect("a code")
    }

    fn hears(hertz: f32, amplitude: f32) -> Option<usize> {
        let mut detector = CedDetector::default();
        (0..100).find(|&number| detector.handle_rtp(&packet(hertz, amplitude, number)))
    }

    #[test]
    fn the_tone_is_heard_after_half_a_second() {
        assert_eq!(hears(2_100.0, 8_000.0), Some(24));
        assert_eq!(hears(2_087.0, 1_000.0), Some(24));
        assert_eq!(hears(2_113.0, 1_000.0), Some(24));
    }

    #[test]
    fn other_tones_and_silence_are_not() {
        for hertz in [425.0, 1_100.0, 1_850.0, 2_225.0] {
            assert_eq!(hears(hertz, 8_000.0), None, "{hertz} Hz");
        }
        assert_eq!(hears(2_100.0, 50.0), None);
    }

    #[test]
    fn odd_packets_change_nothing() {
        let mut detector = CedDetector::default();
        for packet in [
            &[][..],
            &[0x80; 11],
            &[0x8F; 20],
            &[0x90; 13],
            &[0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
            &[0x00; 200],
        ] {
            assert!(!detector.handle_rtp(packet));
        }
    }
}
