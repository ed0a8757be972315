//! The Info frame: a silent first frame that tells a player the exact length.
//!
//! Layout by Xing's and LAME's own description ("Mp3 Info Tag revision 1"). LAME writes one only
//! where it fits a frame of the stream's own bit rate, which at 32 kbit/s ends above 12 kHz; ours
//! takes a larger frame there, as LAME itself does for variable bit rates.

use super::mpeg::{self, FrameHeader, HEADER_BYTES, Layer};

/// Samples that LAME puts in front of the first one (`ENCDELAY` in its `encoder.h`).
pub(super) const ENCODER_DELAY: u64 = 576;

/// Side information of an MPEG-2 mono frame, in bytes; zeros make the frame silent.
const SIDE_INFO_BYTES: usize = 9;

/// From the word `Info` to the tag's checksum.
const TAG_BYTES: usize = 156;

/// What the tag tells.
pub(super) struct InfoTag {
    /// The stream's first frame header, of which the Info frame copies all but the bit rate.
    pub(super) template: [u8; HEADER_BYTES],
    /// Frames behind the Info frame.
    pub(super) frames: u64,
    /// Their bytes.
    pub(super) audio_bytes: u64,
    /// CRC-16 of those bytes.
    pub(super) audio_crc: u16,
    /// Samples of the recording itself.
    pub(super) samples: u64,
}

/// The length of the Info frame of a stream, known before its first frame is.
pub(super) fn frame_bytes(rate: u32, bitrate_kbps: u32) -> usize {
    frame_bitrate(rate, bitrate_kbps).1
}

/// The smallest bit rate from the stream's own on whose frame holds the tag, and that frame's size.
fn frame_bitrate(rate: u32, bitrate_kbps: u32) -> (u32, usize) {
    let needed = HEADER_BYTES + SIDE_INFO_BYTES + TAG_BYTES;
    mpeg::bitrates(mpeg::Version::Mpeg2, Layer::Three)
        .iter()
        .map(|kbps| (*kbps, (72_000 * kbps / rate) as usize))
        .find(|(kbps, bytes)| *kbps >= bitrate_kbps && *bytes >= needed)
        // At the highest rate of MPEG-2, 24 kHz, 64 kbit/s are enough.
        .expect("a frame of 160 kbit/s holds the tag at every MPEG-2 rate")
}

impl InfoTag {
    /// The whole frame; `None` when a number does not fit its field.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let header = FrameHeader::parse(&self.template)?;
        let (kbps, bytes) = frame_bitrate(header.rate, header.bitrate_kbps);
        let frames = u32::try_from(self.frames).ok()?;
        let total = u32::try_from(self.audio_bytes + bytes as u64).ok()?;
        let padding = self.padding(header)?;

        let mut frame = Vec::with_capacity(bytes);
        frame.extend(header_with_bitrate(self.template, header, kbps)?);
        frame.extend([0; SIDE_INFO_BYTES]);
        frame.extend(b"Info");
        // Frames, bytes, table of contents and quality follow.
        frame.extend(15_u32.to_be_bytes());
        frame.extend(frames.to_be_bytes());
        frame.extend(total.to_be_bytes());
        // Where each percent of the duration lies, in 256ths: linear, the bit rate being constant.
        frame.extend((0..100_u16).map(|percent| (percent * 256 / 100) as u8));
        // No statement on quality.
        frame.extend(0_u32.to_be_bytes());
        frame.extend(b"LAME3.100");
        // Revision 0, constant bit rate; low-pass unstated.
        frame.extend([0x01, 0]);
        // Peak and the two gains: unstated.
        frame.extend([0; 8]);
        frame.extend([0, u8::try_from(header.bitrate_kbps).unwrap_or(u8::MAX)]);
        let delays = (ENCODER_DELAY as u32) << 12 | u32::from(padding);
        frame.extend(&delays.to_be_bytes()[1..]);
        // Mono from a source of 32 kHz or less; gain change and preset: none.
        frame.extend([0; 4]);
        frame.extend(total.to_be_bytes());
        frame.extend(self.audio_crc.to_be_bytes());
        let mut crc = Crc16::default();
        crc.push(&frame);
        frame.extend(crc.value().to_be_bytes());
        frame.resize(bytes, 0);
        Some(frame)
    }

    /// Samples behind the last one; the field has 12 bits.
    fn padding(&self, header: FrameHeader) -> Option<u16> {
        let coded = self.frames * u64::from(header.samples());
        let padding = coded.checked_sub(self.samples + ENCODER_DELAY)?;
        u16::try_from(padding)
            .ok()
            .filter(|padding| *padding < 1 << 12)
    }
}

/// The header of an unpadded frame with another bit rate.
fn header_with_bitrate(
    template: [u8; HEADER_BYTES],
    header: FrameHeader,
    kbps: u32,
) -> Option<[u8; HEADER_BYTES]> {
    let index = mpeg::bitrates(header.version, header.layer)
        .iter()
        .position(|rate| *rate == kbps)?;
    let [sync, version, rates, mode] = template;
    let rates = (index as u8) << 4 | rates & 0b0000_1101;
    Some([sync, version, rates, mode])
}

/// CRC-16 with the reversed polynomial 0x8005, starting at 0, as LAME's tag uses it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Crc16(u16);

impl Crc16 {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let index = usize::from((self.0 as u8) ^ byte);
            self.0 = self.0 >> 8 ^ CRC_TABLE[index];
        }
    }

    pub(super) fn value(self) -> u16 {
        self.0
    }
}

static CRC_TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u16;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xA001
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use mp3lame_encoder::{Bitrate, Builder, FlushGap, Mode, MonoPcm, Quality, VbrMode};

    use super::*;
    use crate::audio::mpeg::FrameWalker;

    /// LAME's own frames and, in front of them, its own Info frame.
    fn lame_with_tag(samples: &[i16]) -> (Vec<u8>, Vec<u8>) {
        let mut encoder = Builder::new()
            .expect("LAME starts")
            .with_sample_rate(8_000)
            .and_then(|b| b.with_output_sample_rate(8_000.try_into().ok()))
            .and_then(|b| b.with_num_channels(1))
            .and_then(|b| b.with_mode(Mode::Mono))
            .and_then(|b| b.with_vbr_mode(VbrMode::Off))
            .and_then(|b| b.with_brate(Bitrate::Kbps32))
            .and_then(|b| b.with_quality(Quality::Ok))
            .and_then(|b| b.with_to_write_vbr_tag(true))
            .and_then(Builder::build)
            .expect("LAME takes 8 kHz at 32 kbit/s");
        let mut stream = Vec::with_capacity(samples.len() * 2 + 20_000);
        encoder
            .encode_to_vec(MonoPcm(samples), &mut stream)
            .expect("encodes");
        encoder
            .flush_to_vec::<FlushGap>(&mut stream)
            .expect("flushes");
        let mut tag = Vec::with_capacity(4_096);
        encoder
            .lame_tag_encode_to_vec(&mut tag)
            .expect("writes its tag");
        // Room for the tag is left at the start of the stream.
        (tag.clone(), stream.split_off(tag.len()))
    }

    #[test]
    fn our_info_frame_says_what_lames_own_says() {
        let samples: Vec<i16> = (0..24_321)
            .map(|i| ((i * 37) % 4_001 - 2_000) as i16)
            .collect();
        let (lames, audio) = lame_with_tag(&samples);
        let mut walker = FrameWalker::default();
        walker.push(&audio);
        let mut crc = Crc16::default();
        crc.push(&audio);
        let ours = InfoTag {
            template: *audio.first_chunk().expect("a frame"),
            frames: walker.finish().expect("whole frames"),
            audio_bytes: audio.len() as u64,
            audio_crc: crc.value(),
            samples: samples.len() as u64,
        }
        .encode()
        .expect("fits");

        assert_eq!(ours.len(), lames.len());
        // Header, side information, `Info`, flags, frame and byte counts.
        assert_eq!(ours[..29], lames[..29]);
        // LAME counts in frames, of which there are few.
        for (ours, lames) in ours[29..129].iter().zip(&lames[29..129]) {
            assert!(
                ours.abs_diff(*lames) <= 6,
                "seek point {ours}, LAME {lames}"
            );
        }
        // Encoder name and method; bit rate, delay and padding; length and CRC of the audio.
        assert_eq!(ours[133..143], lames[133..143]);
        assert_eq!(ours[153..157], lames[153..157]);
        assert_eq!(ours[161..167], lames[161..167]);
    }

    #[test]
    fn the_info_frame_fits_at_every_rate_and_bit_rate() {
        for rate in crate::audio::OUTPUT_RATES {
            for bitrate in crate::audio::Mp3Bitrate::ALL {
                let (kbps, bytes) = frame_bitrate(rate, bitrate.kbps());
                assert!(kbps >= bitrate.kbps() && kbps <= 64);
                assert!(bytes >= HEADER_BYTES + SIDE_INFO_BYTES + TAG_BYTES);
            }
        }
    }
}
