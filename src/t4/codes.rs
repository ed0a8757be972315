//! The code tables of T.4 and T.6, and the lookup tables derived from them at compile time.

/// A prefix code: its bits right-aligned, and how many there are.
#[derive(Clone, Copy)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) len: u8,
}

/// Longest run that one make-up and one terminating code express together.
pub(super) const RUN_MAX: u32 = 2560 + 63;

/// Bits that index [`WHITE_LOOKUP`]: the longest white code.
pub(super) const WHITE_LOOKUP_BITS: u32 = 12;

/// Bits that index [`BLACK_LOOKUP`]: the longest black code.
pub(super) const BLACK_LOOKUP_BITS: u32 = 13;

/// Bits that index [`MODE_LOOKUP`]: the longest mode code.
pub(super) const MODE_LOOKUP_BITS: u32 = 7;

/// White and black runs 0 to 2623: make-up and terminating code joined, `bits << 5 | length`.
pub(super) static RUNS: [RunCodes; 2] = [
    joined_runs(&WHITE_TERMINATING, &WHITE_MAKE_UP),
    joined_runs(&BLACK_TERMINATING, &BLACK_MAKE_UP),
];

/// White and black runs of 0 to 63 pixels.
pub(super) const TERMINATINGS: [[Code; 64]; 2] = [WHITE_TERMINATING, BLACK_TERMINATING];

/// White and black make-up codes of 64 to 2560 pixels in steps of 64.
pub(super) const MAKE_UPS: [[Code; 40]; 2] = [WHITE_MAKE_UP, BLACK_MAKE_UP];

/// The codes of one colour's runs.
pub(super) type RunCodes = [u32; RUN_MAX as usize + 1];

/// The next 12 bits of a white run: `run << 4 | length`, zero when no code begins so.
pub(super) static WHITE_LOOKUP: [u16; 1 << WHITE_LOOKUP_BITS] =
    run_lookup(&WHITE_TERMINATING, &WHITE_MAKE_UP, WHITE_LOOKUP_BITS);

/// The next 13 bits of a black run: `run << 4 | length`, zero when no code begins so.
pub(super) static BLACK_LOOKUP: [u16; 1 << BLACK_LOOKUP_BITS] =
    run_lookup(&BLACK_TERMINATING, &BLACK_MAKE_UP, BLACK_LOOKUP_BITS);

/// The next 7 bits of a two-dimensional row.
pub(super) static MODE_LOOKUP: [(Mode, u8); 1 << MODE_LOOKUP_BITS] = mode_lookup();

/// The make-up code for 2560, repeated by runs longer than [`RUN_MAX`].
pub(super) const MAKE_UP_2560: Code = EXTENDED_MAKE_UP[12];

/// End-of-line: ITU-T T.4 (07/2003) §4.1.2.
pub(super) const EOL: Code = code("000000000001");

/// What a two-dimensional code word says: ITU-T T.4 (07/2003) Table 4/T.4, T.6 (11/88) Table 1/T.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Pass,
    Horizontal,
    /// a1 lies this many pixels right of b1; negative is left.
    Vertical(i8),
    /// The prefix of the extensions; three more bits say which.
    Extension,
    /// No mode begins with these bits.
    None,
}

pub(super) const PASS: Code = code("0001");
pub(super) const HORIZONTAL: Code = code("001");

/// Vertical modes VL3 to VR3, by `delta + 3`.
pub(super) const VERTICAL: [Code; 7] =
    codes(["0000010", "000010", "010", "1", "011", "000011", "0000011"]);

const EXTENSION: Code = code("0000001");

/// ITU-T T.4 (07/2003) Table 2/T.4, white.
const WHITE_TERMINATING: [Code; 64] = codes([
    "00110101", "000111", "0111", "1000", "1011", "1100", "1110", "1111", // 0
    "10011", "10100", "00111", "01000", "001000", "000011", "110100", "110101", // 8
    "101010", "101011", "0100111", "0001100", "0001000", "0010111", "0000011",
    "0000100", // 16
    "0101000", "0101011", "0010011", "0100100", "0011000", "00000010", "00000011",
    "00011010", // 24
    "00011011", "00010010", "00010011", "00010100", "00010101", "00010110", "00010111",
    "00101000", // 32
    "00101001", "00101010", "00101011", "00101100", "00101101", "00000100", "00000101",
    "00001010", // 40
    "00001011", "01010010", "01010011", "01010100", "01010101", "00100100", "00100101",
    "01011000", // 48
    "01011001", "01011010", "01011011", "01001010", "01001011", "00110010", "00110011",
    "00110100", // 56
]);

/// ITU-T T.4 (07/2003) Table 2/T.4, black.
const BLACK_TERMINATING: [Code; 64] = codes([
    "0000110111",
    "010",
    "11",
    "10",
    "011",
    "0011",
    "0010",
    "00011", // 0
    "000101",
    "000100",
    "0000100",
    "0000101",
    "0000111",
    "00000100",
    "00000111",
    "000011000", // 8
    "0000010111",
    "0000011000",
    "0000001000",
    "00001100111",
    "00001101000",
    "00001101100",
    "00000110111",
    "00000101000", // 16
    "00000010111",
    "00000011000",
    "000011001010",
    "000011001011",
    "000011001100",
    "000011001101",
    "000001101000",
    "000001101001", // 24
    "000001101010",
    "000001101011",
    "000011010010",
    "000011010011",
    "000011010100",
    "000011010101",
    "000011010110",
    "000011010111", // 32
    "000001101100",
    "000001101101",
    "000011011010",
    "000011011011",
    "000001010100",
    "000001010101",
    "000001010110",
    "000001010111", // 40
    "000001100100",
    "000001100101",
    "000001010010",
    "000001010011",
    "000000100100",
    "000000110111",
    "000000111000",
    "000000100111", // 48
    "000000101000",
    "000001011000",
    "000001011001",
    "000000101011",
    "000000101100",
    "000001011010",
    "000001100110",
    "000001100111", // 56
]);

/// ITU-T T.4 (07/2003) Table 3a/T.4, white, then Table 3b/T.4: runs 64 to 2560 in steps of 64.
const WHITE_MAKE_UP: [Code; 40] = with_extended(codes([
    "11011",
    "10010",
    "010111",
    "0110111",
    "00110110",
    "00110111",
    "01100100",
    "01100101", // 64
    "01101000",
    "01100111",
    "011001100",
    "011001101",
    "011010010",
    "011010011",
    "011010100",
    "011010101", // 576
    "011010110",
    "011010111",
    "011011000",
    "011011001",
    "011011010",
    "011011011",
    "010011000",
    "010011001", // 1088
    "010011010",
    "011000",
    "010011011", // 1600
]));

/// ITU-T T.4 (07/2003) Table 3a/T.4, black, then Table 3b/T.4: runs 64 to 2560 in steps of 64.
const BLACK_MAKE_UP: [Code; 40] = with_extended(codes([
    "0000001111",
    "000011001000",
    "000011001001",
    "000001011011",
    "000000110011",
    "000000110100",
    "000000110101",
    "0000001101100", // 64
    "0000001101101",
    "0000001001010",
    "0000001001011",
    "0000001001100",
    "0000001001101",
    "0000001110010",
    "0000001110011",
    "0000001110100", // 576
    "0000001110101",
    "0000001110110",
    "0000001110111",
    "0000001010010",
    "0000001010011",
    "0000001010100",
    "0000001010101",
    "0000001011010", // 1088
    "0000001011011",
    "0000001100100",
    "0000001100101", // 1600
]));

/// ITU-T T.4 (07/2003) Table 3b/T.4: runs 1792 to 2560 of either colour.
const EXTENDED_MAKE_UP: [Code; 13] = codes([
    "00000001000",
    "00000001100",
    "00000001101",
    "000000010010",
    "000000010011",
    "000000010100",
    "000000010101",
    "000000010110",
    "000000010111",
    "000000011100",
    "000000011101",
    "000000011110",
    "000000011111",
]);

const fn with_extended(table: [Code; 27]) -> [Code; 40] {
    let mut all = [Code { bits: 0, len: 0 }; 40];
    let mut i = 0;
    while i < 40 {
        all[i] = if i < 27 {
            table[i]
        } else {
            EXTENDED_MAKE_UP[i - 27]
        };
        i += 1;
    }
    all
}

const fn joined_runs(terminating: &[Code; 64], make_up: &[Code; 40]) -> RunCodes {
    let mut table = [0; RUN_MAX as usize + 1];
    let mut run = 0;
    while run < table.len() {
        let last = terminating[run % 64];
        let (mut bits, mut len) = (last.bits as u32, last.len as u32);
        if run >= 64 {
            let first = make_up[run / 64 - 1];
            bits |= (first.bits as u32) << last.len;
            len += first.len as u32;
        }
        table[run] = bits << 5 | len;
        run += 1;
    }
    table
}

const fn run_lookup<const N: usize>(
    terminating: &[Code; 64],
    make_up: &[Code; 40],
    index_bits: u32,
) -> [u16; N] {
    let mut table = [0; N];
    let mut i = 0;
    while i < 104 {
        let (code, run) = if i < 64 {
            (terminating[i], i)
        } else {
            (make_up[i - 64], (i - 63) * 64)
        };
        let spare = index_bits - code.len as u32;
        let mut slot = (code.bits as usize) << spare;
        let end = slot + (1 << spare);
        while slot < end {
            table[slot] = (run as u16) << 4 | code.len as u16;
            slot += 1;
        }
        i += 1;
    }
    table
}

const fn mode_lookup() -> [(Mode, u8); 1 << MODE_LOOKUP_BITS] {
    let mut table = [(Mode::None, 0); 1 << MODE_LOOKUP_BITS];
    let mut i = 0;
    while i < 10 {
        let (code, mode) = match i {
            0 => (PASS, Mode::Pass),
            1 => (HORIZONTAL, Mode::Horizontal),
            2 => (EXTENSION, Mode::Extension),
            _ => (VERTICAL[i - 3], Mode::Vertical(i as i8 - 6)),
        };
        let spare = MODE_LOOKUP_BITS - code.len as u32;
        let mut slot = (code.bits as usize) << spare;
        let end = slot + (1 << spare);
        while slot < end {
            table[slot] = (mode, code.len);
            slot += 1;
        }
        i += 1;
    }
    table
}

const fn codes<const N: usize>(texts: [&str; N]) -> [Code; N] {
    let mut table = [Code { bits: 0, len: 0 }; N];
    let mut i = 0;
    while i < N {
        table[i] = code(texts[i]);
        i += 1;
    }
    table
}

const fn code(text: &str) -> Code {
    let text = text.as_bytes();
    let mut bits = 0;
    let mut i = 0;
    while i < text.len() {
        bits = bits << 1 | (text[i] - b'0') as u16;
        i += 1;
    }
    Code {
        bits,
        len: text.len() as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix code uses each slot of its lookup table at most once: the shares of all codes
    /// then add up to the number of slots taken.
    #[test]
    fn no_code_is_the_beginning_of_another() {
        for (terminating, make_up, lookup, bits) in [
            (
                &WHITE_TERMINATING,
                &WHITE_MAKE_UP,
                &WHITE_LOOKUP[..],
                WHITE_LOOKUP_BITS,
            ),
            (
                &BLACK_TERMINATING,
                &BLACK_MAKE_UP,
                &BLACK_LOOKUP[..],
                BLACK_LOOKUP_BITS,
            ),
        ] {
            let shares: usize = terminating
                .iter()
                .chain(make_up)
                .map(|code| 1usize << (bits - u32::from(code.len)))
                .sum();
            assert_eq!(shares, lookup.iter().filter(|entry| **entry != 0).count());
        }
        let modes = MODE_LOOKUP
            .iter()
            .filter(|(mode, _)| *mode != Mode::None)
            .count();
        assert_eq!(
            modes, 127,
            "only seven zeros, the beginning of EOL, are no mode"
        );
    }
}
