//! ITU-T G.711 µ-law and A-law, expanded to 16-bit linear samples.
//!
//! The tables are computed at compile time from the decoder tables of the recommendation: a sign,
//! a segment of three bits and a step of four bits.

/// µ-law code words (G.711 Table 2b) as linear samples, 14 bits scaled to 16.
pub static ULAW: [i16; 256] = ulaw_table();

/// A-law code words (G.711 Table 1b) as linear samples, 13 bits scaled to 16.
pub static ALAW: [i16; 256] = alaw_table();

const fn ulaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        // All bits of a µ-law word are inverted on the line (G.711 §3.2, note to Table 2a).
        let word = !(code as u8);
        let step = (word & 0x0F) as i16;
        let segment = (word >> 4) & 0x07;
        let magnitude = (((step << 3) + 0x84) << segment) - 0x84;
        table[code] = if word & 0x80 == 0 {
            magnitude
        } else {
            -magnitude
        };
        code += 1;
    }
    table
}

const fn alaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        // Every other bit of an A-law word is inverted on the line (G.711 §3.2, note to Table 1a).
        let word = (code as u8) ^ 0x55;
        let step = (word & 0x0F) as i16;
        let segment = (word >> 4) & 0x07;
        let half_step = (step << 4) + 8;
        let magnitude = match segment {
            0 => half_step,
            _ => (half_step + 0x100) << (segment - 1),
        };
        table[code] = if word & 0x80 == 0 {
            -magnitude
        } else {
            magnitude
        };
        code += 1;
    }
    table
}
