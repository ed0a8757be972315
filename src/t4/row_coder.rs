//! Rows to codes: one after the other, or many together where the machine has vectors.

use super::EncodeOptions;
use super::bits::BitWriter;
use super::codes::{Code, EOL, HORIZONTAL, MAKE_UP_2560, PASS, RUN_MAX, RUNS, RunCodes, VERTICAL};
#[cfg(target_arch = "x86_64")]
use super::fast_rows::WIDTH_MAX;
#[cfg(target_arch = "x86_64")]
use super::path::Level;
use super::path::Path;
use super::runs::Transitions;
use super::schedule::{Announced, Schedule};
#[cfg(target_arch = "x86_64")]
use super::simd::{Batch, OwnRows};

/// Where rows become codes.
#[derive(Clone, Debug)]
pub(super) enum RowCoder {
    /// One after the other.
    Portable(Box<Portable>),
    /// Many together.
    #[cfg(target_arch = "x86_64")]
    Batch(Box<Batch>),
    /// Many together that stand by themselves.
    #[cfg(target_arch = "x86_64")]
    OwnRows(Box<OwnRows>),
}

/// The coder of a page without vectors.
#[derive(Clone, Debug)]
pub(super) struct Portable {
    options: EncodeOptions,
    schedule: Schedule,
    width: u32,
    bits: BitWriter,
    current: Transitions,
    reference: Transitions,
}

impl RowCoder {
    pub(super) fn on(path: Path, width: u32, options: EncodeOptions) -> Self {
        match path.0 {
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 if width <= WIDTH_MAX => {
                match OwnRows::new(width, path.0, options) {
                    Some(coder) => Self::OwnRows(Box::new(coder)),
                    None => Self::Batch(Box::new(Batch::new(width, path.0, options))),
                }
            }
            _ => Self::Portable(Box::new(Portable {
                options,
                schedule: Schedule::new(options),
                width,
                bits: BitWriter::default(),
                current: Transitions::white(width),
                reference: Transitions::white(width),
            })),
        }
    }

    /// Adds packed rows, one after the other, below the row `above`; their bits beyond the width are
    /// zero.
    pub(super) fn add(&mut self, above: &[u8], rows: &[u8]) {
        match self {
            Self::Portable(coder) => coder.add(above, rows),
            #[cfg(target_arch = "x86_64")]
            Self::Batch(coder) => coder.add(above, rows),
            #[cfg(target_arch = "x86_64")]
            Self::OwnRows(coder) => coder.add(rows),
        }
    }

    /// Ends the page and returns its bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Portable(coder) => coder.finish(),
            #[cfg(target_arch = "x86_64")]
            Self::Batch(coder) => coder.finish(),
            #[cfg(target_arch = "x86_64")]
            Self::OwnRows(coder) => coder.finish(),
        }
    }
}

impl Portable {
    fn add<'a>(&mut self, mut above: &'a [u8], mut rows: &'a [u8]) {
        let stride = above.len();
        while !rows.is_empty() {
            let same = rows_like_above(above, rows);
            let taken = same.max(1) * stride;
            if same == 0 {
                self.put_changed(&rows[..stride]);
            } else {
                self.put_same(same);
            }
            above = &rows[taken - stride..taken];
            rows = &rows[taken..];
        }
    }

    fn put_changed(&mut self, row: &[u8]) {
        let (announced, is_1d) = self.schedule.next();
        self.announce(announced);
        if is_1d {
            self.reference.read(row);
            put_runs(&mut self.bits, &self.reference);
        } else {
            self.current.read(row);
            let (current, reference) = (self.current.as_slice(), self.reference.as_slice());
            put_differences(&mut self.bits, current, reference, self.width);
            std::mem::swap(&mut self.current, &mut self.reference);
        }
    }

    /// Puts rows that equal the one above.
    fn put_same(&mut self, count: usize) {
        // Every changing element lies under its like, and so does the end of the row.
        let ones = self.reference.count() + 1;
        if self.schedule.joins_same_rows() {
            return self.bits.put_ones(count * ones);
        }
        for _ in 0..count {
            let (announced, is_1d) = self.schedule.next();
            self.announce(announced);
            if is_1d {
                put_runs(&mut self.bits, &self.reference);
            } else {
                self.bits.put_ones(ones);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let (announced, count) = self.schedule.end();
        if count > 0 {
            self.align_row();
        }
        for _ in 0..count {
            put_eol(&mut self.bits, announced);
        }
        self.bits.finish(self.options.bit_order)
    }

    /// Puts what goes before a row, fill first.
    fn announce(&mut self, announced: Announced) {
        self.align_row();
        if announced != Announced::Bare {
            if self.schedule.aligns_eols() {
                self.bits.pad_to(4);
            }
            put_eol(&mut self.bits, announced);
        }
    }

    fn align_row(&mut self) {
        if self.schedule.aligns_rows() {
            self.bits.pad_to(0);
        }
    }
}

/// How many rows, from the first one on, are each the row above once more.
pub(super) fn rows_like_above(above: &[u8], rows: &[u8]) -> usize {
    let stride = above.len();
    if rows[..stride] != *above {
        return 0;
    }
    let rest = rows.len() / stride;
    let (mut same, mut step) = (1, 1);
    while same < rest {
        step = step.min(rest - same);
        let (start, end) = (same * stride, (same + step) * stride);
        if rows[start - stride..end - stride] == rows[start..end] {
            same += step;
            step = (2 * step).min(ROWS_COMPARED_MAX);
        } else if step == 1 {
            break;
        } else {
            step /= 2;
        }
    }
    same
}

/// Most rows that are compared with those above at once.
const ROWS_COMPARED_MAX: usize = 64;

/// Puts an end-of-line code and the tag bit of MR, 1 when the row stands by itself.
fn put_eol(bits: &mut BitWriter, announced: Announced) {
    bits.put(u64::from(EOL.bits), u32::from(EOL.len));
    if let Announced::Mr { is_1d } = announced {
        bits.put(u64::from(is_1d), 1);
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
