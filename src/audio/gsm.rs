//! GSM 06.10 full-rate speech, decoded to 8 kHz samples.
//!
//! Written from ETSI EN 300 961 (GSM 06.10), whose §5 fixes every operation on 16-bit words, so
//! that two decoders agree bit for bit. Names of variables and procedures are the standard's own.

/// Samples in one frame: 20 ms at 8 kHz.
pub const FRAME_SAMPLES: usize = 160;

/// Bytes of one frame in a `.gsm` file: the signature 0xD and 260 bits, first bit highest.
pub const FRAME_BYTES: usize = 33;

/// Bytes of one WAV49 block (Microsoft's format 0x31): two frames of 260 bits, first bit lowest.
pub const WAV49_BLOCK_BYTES: usize = 65;

/// Upper half of the first byte of every frame in a `.gsm` file.
pub const SIGNATURE: u8 = 0xD;

const SUBFRAMES: usize = 4;
const SUBFRAME_SAMPLES: usize = 40;
const LAG_MAX: usize = 120;

/// A decoder with the memory that one frame hands to the next.
#[derive(Clone, Debug)]
pub struct GsmDecoder {
    /// Reconstructed short term residual of the last 120 samples: `drp[-120..-1]`.
    drp: [i16; LAG_MAX],
    /// Last valid long term lag, `nrp`.
    nrp: i16,
    /// Log area ratios of the frame before, `LARpp(J-1)`.
    larpp: [i16; 8],
    /// Memory of the synthesis lattice, `v[0..8]`.
    v: [i16; 9],
    /// Memory of the de-emphasis filter.
    msr: i16,
}

impl Default for GsmDecoder {
    fn default() -> Self {
        Self {
            drp: [0; LAG_MAX],
            nrp: 40,
            larpp: [0; 8],
            v: [0; 9],
            msr: 0,
        }
    }
}

impl GsmDecoder {
    /// Decodes one frame of a `.gsm` file.
    pub fn decode_frame(&mut self, frame: &[u8; FRAME_BYTES]) -> [i16; FRAME_SAMPLES] {
        let mut bits = Bits::new(frame, BitOrder::HighestFirst);
        bits.position = 4;
        self.decode(&Parameters::read(&mut bits))
    }

    /// Decodes both frames of one WAV49 block.
    pub fn decode_wav49(&mut self, block: &[u8; WAV49_BLOCK_BYTES]) -> [[i16; FRAME_SAMPLES]; 2] {
        let mut bits = Bits::new(block, BitOrder::LowestFirst);
        let first = Parameters::read(&mut bits);
        let second = Parameters::read(&mut bits);
        [self.decode(&first), self.decode(&second)]
    }

    /// Decodes the first frame of a WAV49 block whose end is missing.
    pub fn decode_wav49_half(&mut self, half: &[u8; FRAME_BYTES]) -> [i16; FRAME_SAMPLES] {
        let mut bits = Bits::new(half, BitOrder::LowestFirst);
        self.decode(&Parameters::read(&mut bits))
    }

    fn decode(&mut self, parameters: &Parameters) -> [i16; FRAME_SAMPLES] {
        let mut residual = [0; FRAME_SAMPLES];
        for (sub, out) in parameters
            .subframes
            .iter()
            .zip(residual.chunks_exact_mut(SUBFRAME_SAMPLES))
        {
            let erp = rpe_decode(sub);
            self.long_term_synthesis(sub, &erp, out);
        }
        let mut speech = self.short_term_synthesis(&parameters.larc, &residual);
        self.post_process(&mut speech);
        speech
    }

    /// §5.3.2: long term synthesis filtering.
    fn long_term_synthesis(&mut self, sub: &Subframe, erp: &[i16; 40], out: &mut [i16]) {
        if (40..=120).contains(&sub.nc) {
            self.nrp = sub.nc;
        }
        let brp = QLB[usize::from(sub.bc)];
        let lag = self.nrp as usize;
        for k in 0..SUBFRAME_SAMPLES {
            // The lag is at least one sub-frame, so that only earlier samples are looked at.
            out[k] = erp[k].saturating_add(mult_r(brp, self.drp[LAG_MAX - lag + k]));
        }
        self.drp.copy_within(SUBFRAME_SAMPLES.., 0);
        self.drp[LAG_MAX - SUBFRAME_SAMPLES..].copy_from_slice(out);
    }

    /// §5.3.3: short term synthesis filtering, with §5.2.8 to §5.2.10 for its coefficients.
    fn short_term_synthesis(&mut self, larc: &[i16; 8], wt: &[i16; 160]) -> [i16; 160] {
        let last = self.larpp;
        let this = decode_lars(larc);
        self.larpp = this;
        let mut speech = [0; FRAME_SAMPLES];
        for (zone, range) in [0..13, 13..27, 27..40, 40..160].into_iter().enumerate() {
            let rrp = reflection_coefficients(zone, &last, &this);
            for k in range {
                let mut sri = wt[k];
                for i in (0..8).rev() {
                    sri = sri.saturating_sub(mult_r(rrp[i], self.v[i]));
                    self.v[i + 1] = self.v[i].saturating_add(mult_r(rrp[i], sri));
                }
                self.v[0] = sri;
                speech[k] = sri;
            }
        }
        speech
    }

    /// §5.3.4 to §5.3.6: de-emphasis, upscaling and truncation of the output to 13 bits.
    fn post_process(&mut self, speech: &mut [i16; 160]) {
        for sample in speech {
            self.msr = sample.saturating_add(mult_r(self.msr, 28_180));
            *sample = self.msr.saturating_add(self.msr) & !7;
        }
    }
}

/// The 76 parameters of one frame, in the order of Table 1.1 of EN 300 961.
struct Parameters {
    larc: [i16; 8],
    subframes: [Subframe; SUBFRAMES],
}

struct Subframe {
    nc: i16,
    bc: u8,
    mc: u8,
    xmaxc: i16,
    xmc: [i16; 13],
}

impl Parameters {
    fn read(bits: &mut Bits<'_>) -> Self {
        Self {
            larc: [6, 6, 5, 5, 4, 4, 3, 3].map(|width| bits.take(width)),
            subframes: std::array::from_fn(|_| Subframe {
                nc: bits.take(7),
                bc: bits.take(2) as u8,
                mc: bits.take(2) as u8,
                xmaxc: bits.take(6),
                xmc: std::array::from_fn(|_| bits.take(3)),
            }),
        }
    }
}

/// §5.3.1: the RPE decoding section (§5.2.15 to §5.2.17).
fn rpe_decode(sub: &Subframe) -> [i16; SUBFRAME_SAMPLES] {
    let (exp, mant) = block_maximum(sub.xmaxc);
    let temp1 = FAC[mant as usize];
    let temp2 = 6 - exp;
    let temp3 = if temp2 > 0 { 1 << (temp2 - 1) } else { 0 };
    let mut erp = [0; SUBFRAME_SAMPLES];
    for (i, &xmc) in sub.xmc.iter().enumerate() {
        let pulse = mult_r(temp1, ((xmc << 1) - 7) << 12);
        erp[usize::from(sub.mc) + 3 * i] = pulse.saturating_add(temp3) >> temp2;
    }
    erp
}

/// §5.2.15: exponent and mantissa of the decoded block maximum.
fn block_maximum(xmaxc: i16) -> (i16, i16) {
    let mut exp = if xmaxc > 15 { (xmaxc >> 3) - 1 } else { 0 };
    let mut mant = xmaxc - (exp << 3);
    if mant == 0 {
        return (-4, 7);
    }
    while mant <= 7 {
        mant = (mant << 1) | 1;
        exp -= 1;
    }
    (exp, mant - 8)
}

/// §5.2.8: decoding of the coded log area ratios.
fn decode_lars(larc: &[i16; 8]) -> [i16; 8] {
    std::array::from_fn(|i| {
        let temp = (larc[i].saturating_add(MIC[i]) << 10).saturating_sub(B[i] << 1);
        let temp = mult_r(INVA[i], temp);
        temp.saturating_add(temp)
    })
}

/// §5.2.9.1 and §5.2.9.2: ratios interpolated for one zone of the frame, as reflection
/// coefficients.
fn reflection_coefficients(zone: usize, last: &[i16; 8], this: &[i16; 8]) -> [i16; 8] {
    std::array::from_fn(|i| {
        let (l, t) = (last[i], this[i]);
        let quarters = (l >> 2).saturating_add(t >> 2);
        let larp = match zone {
            0 => quarters.saturating_add(l >> 1),
            1 => (l >> 1).saturating_add(t >> 1),
            2 => quarters.saturating_add(t >> 1),
            _ => t,
        };
        let magnitude = match larp.saturating_abs() {
            small @ ..11_059 => small << 1,
            middle @ 11_059..20_070 => middle + 11_059,
            large => (large >> 2).saturating_add(26_112),
        };
        if larp < 0 { -magnitude } else { magnitude }
    })
}

/// §5.1: multiplication of two fractions with rounding.
fn mult_r(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    ((i32::from(a) * i32::from(b) + 16_384) >> 15) as i16
}

// EN 300 961 Table 5.1: B and MIC, and Table 5.2 as INVA, of the log area ratios.
const B: [i16; 8] = [0, 0, 2048, -2560, 94, -1792, -341, -1144];
const MIC: [i16; 8] = [-32, -32, -16, -16, -8, -8, -4, -4];
const INVA: [i16; 8] = [
    13_107, 13_107, 13_107, 13_107, 19_223, 17_476, 31_454, 29_708,
];

// EN 300 961 Table 5.3b: quantization levels of the long term predictor's gain.
const QLB: [i16; 4] = [3277, 11_469, 21_299, 32_767];

// EN 300 961 Table 5.6: normalized direct mantissa of the block maximum.
const FAC: [i16; 8] = [
    18_431, 20_479, 22_527, 24_575, 26_623, 28_671, 30_719, 32_767,
];

#[derive(Clone, Copy)]
enum BitOrder {
    HighestFirst,
    LowestFirst,
}

/// A reader of bit fields that never leaves the bytes of its frame: 260 or 520 bits are taken, and
/// the arrays given to it hold at least as many.
struct Bits<'a> {
    bytes: &'a [u8],
    order: BitOrder,
    position: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8], order: BitOrder) -> Self {
        Self {
            bytes,
            order,
            position: 0,
        }
    }

    fn take(&mut self, width: usize) -> i16 {
        let mut value = 0;
        for i in 0..width {
            let byte = self.bytes[self.position / 8];
            let place = self.position % 8;
            self.position += 1;
            match self.order {
                BitOrder::HighestFirst => {
                    value = (value << 1) | i16::from((byte >> (7 - place)) & 1);
                }
                BitOrder::LowestFirst => value |= i16::from((byte >> place) & 1) << i,
            }
        }
        value
    }
}
