//! Bitmap to MH, MR or MMR.

use super::bits::BitWriter;
use super::codes::{
    BLACK_RUNS, EOL, HORIZONTAL, MAKE_UP_2560, PASS, RUN_MAX, VERTICAL, WHITE_RUNS,
};
use super::runs::{Transitions, first_of_other_colour, first_right_of};
use super::{BitOrder, Bitmap, Coding, Eol, RowAlign};

/// What the coded page looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// MH, MR or MMR.
    pub coding: Coding,
    /// The order of bits in a byte.
    pub bit_order: BitOrder,
    /// End-of-line codes; MMR has none.
    pub eol: Eol,
    /// Whether a row may begin inside a byte.
    pub row_align: RowAlign,
    /// Whether the page ends with RTC (T.4 §4.1.4) or EOFB (T.6 §2.4.1.1).
    pub end_of_block: bool,
}

impl EncodeOptions {
    /// MMR as TIFF compression 4 holds it: EOFB at the end.
    pub const fn mmr() -> Self {
        Self {
            coding: Coding::Mmr,
            eol: Eol::None,
            end_of_block: true,
            ..Self::mh()
        }
    }

    /// MH as TIFF compression 3 holds it: every row after an end-of-line code, no RTC.
    pub const fn mh() -> Self {
        Self {
            coding: Coding::Mh,
            bit_order: BitOrder::MsbFirst,
            eol: Eol::Bits,
            row_align: RowAlign::Packed,
            end_of_block: false,
        }
    }

    /// MR as TIFF compression 3 holds it: every row after an end-of-line code and tag, no RTC.
    pub const fn mr(k: u32) -> Self {
        Self {
            coding: Coding::Mr { k },
            ..Self::mh()
        }
    }

    /// MH as TIFF compression 2 holds it: no end-of-line codes, every row on whole bytes.
    pub const fn mh_byte_aligned() -> Self {
        Self {
            eol: Eol::None,
            row_align: RowAlign::Byte,
            ..Self::mh()
        }
    }
}

/// Codes a whole page.
pub fn encode(bitmap: &Bitmap, options: &EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(bitmap.width(), *options);
    for row in bitmap.iter_rows() {
        encoder.push_row(row);
    }
    encoder.finish()
}

/// Codes a page row by row.
#[derive(Clone, Debug)]
pub struct Encoder {
    options: EncodeOptions,
    width: u32,
    bits: BitWriter,
    row: Vec<u8>,
    row_above: Vec<u8>,
    current: Transitions,
    reference: Transitions,
    /// Rows that may still be coded two-dimensionally before one must stand by itself (MR).
    rows_2d_left: u32,
}

impl Encoder {
    /// An encoder for rows of `width` pixels.
    ///
    /// # Panics
    ///
    /// If `width` is zero.
    pub fn new(width: u32, options: EncodeOptions) -> Self {
        assert!(width > 0, "a page has at least one column");
        let stride = width.div_ceil(8) as usize;
        Self {
            options,
            width,
            bits: BitWriter::default(),
            row: vec![0; stride],
            row_above: vec![0; stride],
            current: Transitions::white(width),
            reference: Transitions::white(width),
            rows_2d_left: 0,
        }
    }

    /// Adds one packed row; bits beyond the width are ignored, missing bytes are white.
    pub fn push_row(&mut self, row: &[u8]) {
        self.take_row(row);
        self.align();
        match self.options.coding {
            Coding::Mh => {
                self.put_eol(None);
                self.put_row_1d();
            }
            Coding::Mr { k } => {
                let is_1d = self.rows_2d_left == 0;
                self.put_eol(Some(is_1d));
                if is_1d {
                    self.rows_2d_left = k.saturating_sub(1);
                    self.put_row_1d();
                } else {
                    self.rows_2d_left -= 1;
                    self.put_row_2d();
                }
            }
            Coding::Mmr => self.put_row_2d(),
        }
        std::mem::swap(&mut self.row, &mut self.row_above);
    }

    /// Ends the page and returns its bytes.
    pub fn finish(mut self) -> Vec<u8> {
        if self.options.end_of_block {
            self.align();
            let (tag, count) = match self.options.coding {
                Coding::Mh => (None, 6),
                Coding::Mr { .. } => (Some(true), 6),
                Coding::Mmr => (None, 2),
            };
            for _ in 0..count {
                self.put_eol_bits(tag);
            }
        }
        self.bits.finish(self.options.bit_order)
    }

    fn take_row(&mut self, row: &[u8]) {
        let taken = row.len().min(self.row.len());
        self.row[..taken].copy_from_slice(&row[..taken]);
        self.row[taken..].fill(0);
        if !self.width.is_multiple_of(8)
            && let Some(last) = self.row.last_mut()
        {
            *last &= !(0xFF >> (self.width % 8));
        }
    }

    fn align(&mut self) {
        if self.options.row_align == RowAlign::Byte {
            self.bits.pad_to(0);
        }
    }

    /// An end-of-line code, with the tag bit of MR: 1 when the row stands by itself.
    fn put_eol(&mut self, tag: Option<bool>) {
        match self.options.eol {
            Eol::None if tag.is_none() => return,
            Eol::None | Eol::Bits => {}
            Eol::ByteAligned => self.bits.pad_to(4),
        }
        self.put_eol_bits(tag);
    }

    fn put_eol_bits(&mut self, tag: Option<bool>) {
        self.bits.put(u32::from(EOL.bits), u32::from(EOL.len));
        if let Some(is_1d) = tag {
            self.bits.put(u32::from(is_1d), 1);
        }
    }

    /// T.4 §4.1.1.
    fn put_row_1d(&mut self) {
        self.reference.read(&self.row);
        let mut start = 0;
        let elements = &self.reference.as_slice()[..=self.reference.count()];
        for pair in elements.chunks(2) {
            put_run(&mut self.bits, &WHITE_RUNS, pair[0] - start);
            start = pair[0];
            if let Some(&end) = pair.get(1) {
                put_run(&mut self.bits, &BLACK_RUNS, end - start);
                start = end;
            }
        }
    }

    /// T.4 §4.2.1.3.4 and T.6 §2.2.4: the flow diagram of the two-dimensional scheme.
    fn put_row_2d(&mut self) {
        if self.row == self.row_above {
            // Every changing element lies under its like, and so does the end of the row.
            self.bits.put_ones(self.reference.count() + 1);
            return;
        }
        self.current.read(&self.row);
        put_differences(
            &mut self.bits,
            self.current.as_slice(),
            self.reference.as_slice(),
            self.width,
        );
        std::mem::swap(&mut self.current, &mut self.reference);
    }
}

fn put_differences(bits: &mut BitWriter, current: &[u32], reference: &[u32], width: u32) {
    let (mut a0, mut a1_at, mut b1_at) = (0, 0, 0);
    loop {
        let (a1, b1, b2) = (current[a1_at], reference[b1_at], reference[b1_at + 1]);
        let delta = a1.wrapping_sub(b1).wrapping_add(3);
        if b2 < a1 {
            bits.put(u32::from(PASS.bits), u32::from(PASS.len));
            a0 = b2;
            b1_at += 2;
        } else if delta <= 6 {
            let code = VERTICAL[delta as usize];
            bits.put(u32::from(code.bits), u32::from(code.len));
            a0 = a1;
            a1_at += 1;
            if a0 >= width {
                return;
            }
            b1_at = first_of_other_colour(reference, a0, width, b1_at);
        } else {
            let a2 = current[a1_at + 1];
            let (first, second) = if a1_at % 2 == 0 {
                (&WHITE_RUNS, &BLACK_RUNS)
            } else {
                (&BLACK_RUNS, &WHITE_RUNS)
            };
            bits.put(u32::from(HORIZONTAL.bits), u32::from(HORIZONTAL.len));
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
fn put_run(bits: &mut BitWriter, table: &[u32; RUN_MAX as usize + 1], mut run: u32) {
    while run > RUN_MAX {
        bits.put(u32::from(MAKE_UP_2560.bits), u32::from(MAKE_UP_2560.len));
        run -= 2560;
    }
    let entry = table[run as usize];
    bits.put(entry >> 5, entry & 31);
}
