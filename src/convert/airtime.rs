//! How long a page will be on the line: pure arithmetic over coded pages.
//!
//! What is counted is an undisturbed call in error correction mode, in which every coding may be
//! used: no frame sent twice, no rate fallen back to, a far end that answers at once.

/// Octets of coded page in one frame (ITU-T T.30 Annex A, §A.3.6.2).
const FRAME_OCTETS: usize = 256;

/// Frames in one block, after each of which the far end answers (T.30 Annex A, §A.3.5).
const BLOCK_FRAMES: usize = 256;

/// Bits of a frame beside the page: a flag, address, control, FCF, frame number and FCS
/// (T.30 Annex A, §A.3.2 to §A.3.6).
const FRAME_BITS: usize = 8 + 8 + 8 + 8 + 8 + 16;

/// Bits of the three RCP frames that end a block (T.30 Annex A, §A.3.8).
const RCP_BITS: usize = 3 * (8 + 8 + 8 + 8 + 16);

/// Rate of the frames that command and answer, in bit/s (V.21, T.30 §5.3.1).
const CONTROL_BITS_PER_SECOND: f64 = 300.0;

/// Flags before such a frame, in seconds (T.30 §5.3.1).
const CONTROL_PREAMBLE: f64 = 1.0;

/// Silence wherever the modulation or the speaker changes, in seconds (T.30 §5.2, note).
const TURNAROUND: f64 = 0.075;

/// Flags before the first frame of a block, in seconds (T.30 Annex A, §A.3.1).
const BLOCK_PREAMBLE: f64 = 0.2;

/// A rate at which pages are sent, with the modulation that is usual for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineRate {
    /// 14,400 bit/s by V.17.
    V17At14400,
    /// 9,600 bit/s by V.29.
    V29At9600,
}

impl LineRate {
    /// Bits in a second.
    pub const fn bits_per_second(self) -> u32 {
        match self {
            Self::V17At14400 => 14_400,
            Self::V29At9600 => 9_600,
        }
    }

    /// Training before a block, in seconds: short in V.17 (V.17 Table 3), the same as ever in
    /// V.29 (V.29 §8).
    const fn training(self) -> f64 {
        match self {
            Self::V17At14400 => 0.142,
            Self::V29At9600 => 0.253,
        }
    }

    /// Training before the training check, in seconds: long in V.17.
    const fn first_training(self) -> f64 {
        match self {
            Self::V17At14400 => 1.393,
            Self::V29At9600 => 0.253,
        }
    }
}

/// Seconds from the first training for a page until the far end has confirmed it.
///
/// `coded` is the page as it is sent, the first bit in a byte's most significant.
pub fn page_seconds(coded: &[u8], rate: LineRate) -> f64 {
    let frames = coded.len().div_ceil(FRAME_OCTETS).max(1);
    let blocks = frames.div_ceil(BLOCK_FRAMES);
    let bits = coded.len() * 8 + stuffed_bits(coded) + frames * FRAME_BITS + blocks * RCP_BITS;
    let data = bits as f64 / f64::from(rate.bits_per_second());
    // PPS with its second FCF and three counters; MCF.
    let verdict = control_frames(&[9]) + control_frames(&[5]);
    let start = TURNAROUND + rate.training() + BLOCK_PREAMBLE;
    data + blocks as f64 * (start + verdict)
}

/// Seconds of a call that carries no page: from the called machine's tone to the last goodbye.
pub fn call_seconds(rate: LineRate) -> f64 {
    // CED lasts from 2.6 to 4.0 s (T.30 §4.3.3); 0.2 s of silence before it.
    const ANSWER_TONE: f64 = 0.2 + 2.6;
    // T.30 §5.3.6.1.3: zeros for a second and a half check the training.
    const TRAINING_CHECK: f64 = 1.5;
    let idents_and_abilities = control_frames(&[25, 13]);
    ANSWER_TONE
        + TURNAROUND
        + 2.0 * idents_and_abilities
        + TURNAROUND
        + rate.first_training()
        + TRAINING_CHECK
        // CFR, and DCN at the end.
        + 2.0 * control_frames(&[5])
}

/// Seconds of frames of so many octets each, flags excluded, sent in one go at control rate.
fn control_frames(octets: &[usize]) -> f64 {
    // A flag before each frame and one after the last.
    let bits: usize = 8 + octets.iter().map(|octets| (octets + 1) * 8).sum::<usize>();
    TURNAROUND + CONTROL_PREAMBLE + bits as f64 / CONTROL_BITS_PER_SECOND
}

/// Zeros that are put in after every five ones so that no data look like a flag (T.30 §5.3.4).
fn stuffed_bits(coded: &[u8]) -> usize {
    let (mut stuffed, mut ones) = (0, 0);
    for byte in coded {
        for bit in (0..8).rev() {
            if byte >> bit & 1 == 0 {
                ones = 0;
            } else {
                ones += 1;
                if ones == 5 {
                    stuffed += 1;
                    ones = 0;
                }
            }
        }
    }
    stuffed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_follows_every_five_ones() {
        assert_eq!(stuffed_bits(&[0b1111_0111]), 0);
        assert_eq!(stuffed_bits(&[0b1111_1011]), 1);
        assert_eq!(stuffed_bits(&[0xFF; 5]), 8);
        assert_eq!(stuffed_bits(&[0b0000_0111, 0b1100_0000]), 1);
    }

    #[test]
    fn a_page_of_more_than_64_kib_is_answered_twice() {
        let rate = LineRate::V17At14400;
        let (one, two) = (vec![0; 65_536], vec![0; 65_537]);
        let more = page_seconds(&two, rate) - page_seconds(&one, rate);
        assert!((2.5..4.0).contains(&more), "{more}");
    }
}
