//! Rows to codes: one after the other, or many together where the machine has vectors.

use super::bits::BitWriter;
use super::codes::{HORIZONTAL, MAKE_UP_2560, PASS, RUN_MAX, RUNS, RunCodes, VERTICAL};
#[cfg(target_arch = "x86_64")]
use super::encode::Announced;
use super::path::{Level, Path};
use super::runs::{Transitions, first_of_other_colour, first_right_of};
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
    for pair in row.as_slice()[..=row.count()].chunks(2) {
        put_run(bits, &RUNS[0], pair[0] - start);
        start = pair[0];
        if let Some(&end) = pair.get(1) {
            put_run(bits, &RUNS[1], end - start);
            start = end;
        }
    }
}

fn put_differences(bits: &mut BitWriter, current: &[u32], reference: &[u32], width: u32) {
    let (mut a0, mut a1_at, mut b1_at) = (0, 0, 0);
    loop {
        let (a1, b1, b2) = (current[a1_at], reference[b1_at], reference[b1_at + 1]);
        let delta = a1.wrapping_sub(b1).wrapping_add(3);
        if b2 < a1 {
            bits.put(u64::from(PASS.bits), u32::from(PASS.len));
            a0 = b2;
            b1_at += 2;
        } else if delta <= 6 {
            let code = VERTICAL[delta as usize];
            bits.put(u64::from(code.bits), u32::from(code.len));
            a0 = a1;
            a1_at += 1;
            if a0 >= width {
                return;
            }
            b1_at = first_of_other_colour(reference, a0, width, b1_at);
        } else {
            let a2 = current[a1_at + 1];
            let colour = a1_at % 2;
            let (first, second) = (&RUNS[colour], &RUNS[1 - colour]);
            bits.put(u64::from(HORIZONTAL.bits), u32::from(HORIZONTAL.len));
            put_run(bits, first, a1 - a0);
            put_run(bits, second, a2 - a1);
            a0 = a2;
            a1_at += 2;
            if a0 >= width {
                return;
            }
            b1_at = first_right_of(reference, a0, width, b1_at);
        }
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
