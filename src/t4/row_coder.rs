//! Rows to codes: one after the other, or many together where the machine has vectors.

use super::bits::BitWriter;
use super::codes::{Code, HORIZONTAL, MAKE_UP_2560, PASS, RUN_MAX, RUNS, RunCodes, VERTICAL};
#[cfg(target_arch = "x86_64")]
use super::encode::Announced;
#[cfg(target_arch = "x86_64")]
use super::path::Level;
use super::path::Path;
use super::runs::Transitions;
#[cfg(target_arch = "x86_64")]
use super::simd::{Batch, WIDTH_MAX};

/// Where rows become codes.
#[derive(Clone, Debug)]
pub(super) enum RowCoder {
    /// One after the other.
    Portable {
        current: Transitions,
        reference: Transitions,
    },
    /// Many together; what announces each of them waits beside them.
    #[cfg(target_arch = "x86_64")]
    Batch {
        batch: Box<Batch>,
        announced: Vec<Announced>,
    },
}

impl RowCoder {
    pub(super) fn on(path: Path, width: u32) -> Self {
        match path.0 {
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 if width <= WIDTH_MAX => Self::Batch {
                batch: Box::new(Batch::new(width, path.0)),
                announced: Vec::new(),
            },
            _ => Self::Portable {
                current: Transitions::white(width),
                reference: Transitions::white(width),
            },
        }
    }

    /// Adds a row by itself: the one given, or the one above once more. T.4 §4.1.1.
    pub(super) fn put_1d(&mut self, bits: &mut BitWriter, changed: Option<&[u8]>) {
        match self {
            Self::Portable { reference, .. } => {
                if let Some(row) = changed {
                    reference.read(row);
                }
                put_runs(bits, reference);
            }
            #[cfg(target_arch = "x86_64")]
            Self::Batch { batch, .. } => batch.push_1d(changed),
        }
    }

    /// Adds a row by its differences from the one above. T.4 §4.2.1.3.4, T.6 §2.2.4.
    pub(super) fn put_2d(&mut self, bits: &mut BitWriter, row: &[u8], width: u32) {
        match self {
            Self::Portable { current, reference } => {
                current.read(row);
                put_differences(bits, current.as_slice(), reference.as_slice(), width);
                std::mem::swap(current, reference);
            }
            #[cfg(target_arch = "x86_64")]
            Self::Batch { batch, .. } => batch.push_2d(row),
        }
    }

    /// Adds `count` rows that equal the one above, by their (no) differences from it.
    pub(super) fn put_same_2d(&mut self, bits: &mut BitWriter, count: usize) {
        match self {
            Self::Portable { reference, .. } => {
                // Every changing element lies under its like, and so does the end of the row.
                bits.put_ones(count * (reference.count() + 1));
            }
            #[cfg(target_arch = "x86_64")]
            Self::Batch { batch, .. } => batch.push_same_2d(count),
        }
    }
}

fn put_runs(bits: &mut BitWriter, row: &Transitions) {
    let mut start = 0;
    let (pairs, rest) = row.as_slice()[..=row.count()].as_chunks::<2>();
    for [white_end, black_end] in pairs {
        put_two_runs(bits, [0, 1], [white_end - start, black_end - white_end]);
        start = *black_end;
    }
    if let [white_end] = rest {
        put_run(bits, &RUNS[0], white_end - start);
    }
}

fn put_differences(bits: &mut BitWriter, current: &[u32], reference: &[u32], width: u32) {
    let (mut a0, mut a1_at, mut b1_at) = (0, 0, 0);
    let mut short = ShortCodes::default();
    loop {
        let (a1, b1, b2) = (current[a1_at], reference[b1_at], reference[b1_at + 1]);
        let delta = a1.wrapping_sub(b1).wrapping_add(3);
        if b2 < a1 {
            short.put(bits, PASS);
            a0 = b2;
            b1_at += 2;
        } else if delta <= 6 {
            short.put(bits, VERTICAL[delta as usize]);
            a0 = a1;
            if a0 >= width {
                return short.flush(bits);
            }
            a1_at += 1;
            // The colour changed: b1 is among its old neighbours.
            let is_left = b1_at > 0 && reference[b1_at - 1] > a0;
            b1_at = if is_left { b1_at - 1 } else { b1_at + 1 };
        } else {
            let a2 = current[a1_at + 1];
            let colour = a1_at % 2;
            short.put(bits, HORIZONTAL);
            short.flush(bits);
            put_two_runs(bits, [colour, 1 - colour], [a1 - a0, a2 - a1]);
            a0 = a2;
            a1_at += 2;
            if a0 >= width {
                return;
            }
        }
        while reference[b1_at] <= a0 {
            b1_at += 2;
        }
    }
}

/// Codes of at most seven bits that are put together.
#[derive(Default)]
struct ShortCodes {
    bits: u64,
    len: u32,
}

impl ShortCodes {
    #[inline]
    fn put(&mut self, bits: &mut BitWriter, code: Code) {
        self.bits = self.bits << code.len | u64::from(code.bits);
        self.len += u32::from(code.len);
        if self.len > BitWriter::BITS_MAX - 7 {
            self.flush(bits);
        }
    }

    #[inline]
    fn flush(&mut self, bits: &mut BitWriter) {
        bits.put(self.bits, self.len);
        *self = Self::default();
    }
}

/// Puts two runs, in one go where each has an entry in the table.
#[inline]
fn put_two_runs(bits: &mut BitWriter, colours: [usize; 2], runs: [u32; 2]) {
    let entries = [0, 1].map(|at| RUNS[colours[at]].get(runs[at] as usize));
    if let [Some(first), Some(second)] = entries {
        let (len, second_len) = (first & 31, second & 31);
        let joined = u64::from(first >> 5) << second_len | u64::from(second >> 5);
        bits.put(joined, len + second_len);
    } else {
        put_run(bits, &RUNS[colours[0]], runs[0]);
        put_run(bits, &RUNS[colours[1]], runs[1]);
    }
}

#[inline]
fn put_run(bits: &mut BitWriter, table: &RunCodes, mut run: u32) {
    while run > RUN_MAX {
        bits.put(u64::from(MAKE_UP_2560.bits), u32::from(MAKE_UP_2560.len));
        run -= 2560;
    }
    let entry = table[run as usize];
    bits.put(u64::from(entry >> 5), entry & 31);
}
