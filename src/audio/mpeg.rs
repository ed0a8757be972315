//! MPEG audio frame headers (ISO/IEC 11172-3 §2.4.2.3, 13818-3, and MPEG-2.5's extension).

/// Bytes of a frame header.
pub(super) const HEADER_BYTES: usize = 4;

/// Which of the three layers a frame is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    One,
    Two,
    Three,
}

/// Which generation of sample rates a frame is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Mpeg1,
    Mpeg2,
    Mpeg25,
}

/// The fields of one frame header that fix the frame's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) version: Version,
    pub(super) layer: Layer,
    pub(super) bitrate_kbps: u32,
    pub(super) rate: u32,
    pub(super) mono: bool,
    padding: bool,
}

impl FrameHeader {
    /// The header at the start of `bytes`; free-format frames, of no stated length, are not taken.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let word = u32::from_be_bytes(*bytes.first_chunk()?);
        if word >> 21 != 0x7FF {
            return None;
        }
        let version = match (word >> 19) & 3 {
            0 => Version::Mpeg25,
            2 => Version::Mpeg2,
            3 => Version::Mpeg1,
            _ => return None,
        };
        let layer = match (word >> 17) & 3 {
            1 => Layer::Three,
            2 => Layer::Two,
            3 => Layer::One,
            _ => return None,
        };
        let bitrate_kbps = *bitrates(version, layer).get((word >> 12 & 0xF) as usize)?;
        let rate = *rates(version).get((word >> 10 & 3) as usize)?;
        (bitrate_kbps > 0).then_some(Self {
            version,
            layer,
            bitrate_kbps,
            rate,
            mono: word >> 6 & 3 == 3,
            padding: word >> 9 & 1 == 1,
        })
    }

    /// Length of the frame with its header, in bytes (§2.4.3.1).
    pub(super) fn frame_bytes(self) -> usize {
        let padding = u32::from(self.padding);
        let bits_per_second = self.bitrate_kbps * 1000;
        let bytes = match self.layer {
            Layer::One => (12 * bits_per_second / self.rate + padding) * 4,
            _ => self.samples() / 8 * bits_per_second / self.rate + padding,
        };
        bytes as usize
    }

    /// Samples a channel in the frame.
    pub(super) fn samples(self) -> u32 {
        match (self.layer, self.version) {
            (Layer::One, _) => 384,
            (Layer::Three, Version::Mpeg2 | Version::Mpeg25) => 576,
            _ => 1_152,
        }
    }

    /// Whether two frames can follow each other in one stream; the bit rate may differ.
    pub(super) fn same_stream(self, other: Self) -> bool {
        (self.version, self.layer, self.rate) == (other.version, other.layer, other.rate)
    }
}

/// Bit rates in kbit/s by index; 0 is free format, index 15 is forbidden.
pub(super) const fn bitrates(version: Version, layer: Layer) -> &'static [u32; 15] {
    match (version, layer) {
        // ISO/IEC 11172-3 §2.4.2.3
        (Version::Mpeg1, Layer::One) => &[
            0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ],
        (Version::Mpeg1, Layer::Two) => &[
            0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
        ],
        (Version::Mpeg1, Layer::Three) => &[
            0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
        ],
        // ISO/IEC 13818-3 §2.4.2.3
        (_, Layer::One) => &[
            0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
        ],
        (_, _) => &[0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    }
}

const fn rates(version: Version) -> &'static [u32; 3] {
    match version {
        Version::Mpeg1 => &[44_100, 48_000, 32_000],
        Version::Mpeg2 => &[22_050, 24_000, 16_000],
        Version::Mpeg25 => &[11_025, 12_000, 8_000],
    }
}

/// Finds the frames in a stream that arrives in pieces, without keeping it.
#[derive(Clone, Debug, Default)]
pub(super) struct FrameWalker {
    frames: u64,
    first: Option<FrameHeader>,
    /// Bytes of the current frame that are still to come.
    left: usize,
    header: Vec<u8>,
    bytes_before_error: Option<u64>,
    bytes: u64,
}

impl FrameWalker {
    /// Walks over the next bytes of the stream.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.bytes_before_error.is_none() {
            if self.left == 0 {
                let take = (HEADER_BYTES - self.header.len()).min(bytes.len());
                self.header.extend_from_slice(&bytes[..take]);
                self.advance(&mut bytes, take);
                if self.header.len() == HEADER_BYTES {
                    self.begin_frame();
                }
            } else {
                let take = self.left.min(bytes.len());
                self.left -= take;
                self.advance(&mut bytes, take);
            }
        }
    }

    fn advance(&mut self, bytes: &mut &[u8], count: usize) {
        self.bytes += count as u64;
        *bytes = &bytes[count..];
    }

    fn begin_frame(&mut self) {
        let header = FrameHeader::parse(&self.header);
        self.header.clear();
        match (header, self.first) {
            (Some(header), first) if first.is_none_or(|first| first.same_stream(header)) => {
                self.first.get_or_insert(header);
                self.frames += 1;
                self.left = header.frame_bytes().saturating_sub(HEADER_BYTES);
            }
            _ => self.bytes_before_error = Some(self.bytes - HEADER_BYTES as u64),
        }
    }

    /// The number of frames, when the stream was frames from its first byte to its last.
    pub(super) fn finish(&self) -> Result<u64, String> {
        match self.bytes_before_error {
            Some(at) => Err(format!("no MPEG frame begins at byte {at} of the audio")),
            None if self.left > 0 || !self.header.is_empty() => {
                Err("the last MPEG frame is cut off".to_owned())
            }
            None => Ok(self.frames),
        }
    }
}
