//! A page of MH or MR rows (T.4): end-of-line codes tell where to go on after damage.

use super::bits::BitReader;
use super::codes::EOL;
use super::decode::{DecodeOptions, End, Page};
use super::row_codes::{Likeness, RowFault};
use super::row_decoder::RowDecoder;
use super::{Coding, RowAlign, T4Error};

/// End-of-line codes in a row that say RTC: T.4 §4.1.4.
const RTC_EOLS: u32 = 6;

/// Decodes rows until the number asked for, RTC or the end of the data.
pub(super) fn decode_page(
    bits: &mut BitReader<'_>,
    options: &DecodeOptions,
    rows: &mut RowDecoder,
    page: &mut Page,
) -> Result<End, T4Error> {
    let mut decoder = Decoder {
        options,
        rows,
        has_eols: matches!(options.coding, Coding::Mr { .. }),
        row_is_1d: true,
        reference_is_lost: false,
    };
    while !page.is_complete() {
        decoder.decode_sound_rows(bits, page);
        if page.is_complete() {
            break;
        }
        let eols = decoder.take_eols(bits);
        if eols >= RTC_EOLS {
            return Ok(End::EndOfBlock);
        }
        if bits.zeros_before_one().is_none() {
            return Ok(match options.rows {
                _ if eols >= 2 => End::EndOfBlock,
                None => End::EndOfData,
                Some(_) => End::Truncated,
            });
        }
        let row_start = bits.position();
        // A page known to have end-of-line codes opens with one, or it was hit.
        let is_open = eols > 0 || !decoder.has_eols || page.rows() > 0;
        let outcome = if is_open {
            decoder.decode_row(bits)
        } else {
            Err(RowFault::Code)
        };
        match outcome {
            Ok(Likeness::Same) => page.push_same()?,
            Ok(Likeness::Different) => {
                page.push(decoder.rows)?;
                decoder.rows.advance();
            }
            Err(fault) => {
                page.push_bad()?;
                decoder.reference_is_lost = true;
                if !seek_eol(bits, row_start) && !page.is_complete() {
                    let is_cut = decoder.has_eols || fault == RowFault::Truncated;
                    return Ok(if is_cut { End::Truncated } else { End::Damaged });
                }
            }
        }
    }
    Ok(End::RowCount)
}

/// How rows are told apart.
#[derive(Clone, Copy)]
pub(super) struct Framing {
    /// Whether every row is known to follow an end-of-line code.
    pub(super) has_eols: bool,
    /// Whether a tag bit follows each of these codes.
    pub(super) has_tags: bool,
    pub(super) align: RowAlign,
}

struct Decoder<'a> {
    options: &'a DecodeOptions,
    rows: &'a mut RowDecoder,
    /// Whether every row is known to follow an end-of-line code.
    has_eols: bool,
    /// What the tag bit said of the next row.
    row_is_1d: bool,
    /// Whether the row above is a guess, so that two-dimensional rows mean nothing.
    reference_is_lost: bool,
}

impl Decoder<'_> {
    /// Decodes rows as long as nothing but rows comes, one end-of-line code before each.
    fn decode_sound_rows(&mut self, bits: &mut BitReader<'_>, page: &mut Page) {
        let has_tags = matches!(self.options.coding, Coding::Mr { .. });
        if has_tags && self.reference_is_lost {
            return;
        }
        let framing = Framing {
            has_eols: self.has_eols,
            has_tags,
            align: self.options.row_align,
        };
        if self.rows.decode_t4_rows(bits, framing, page) {
            self.reference_is_lost = false;
        }
    }

    /// Passes fill and end-of-line codes (with their tag bits); returns how many there were.
    fn take_eols(&mut self, bits: &mut BitReader<'_>) -> u32 {
        if self.options.row_align == RowAlign::Byte {
            bits.align_to_byte();
        }
        let mut count = 0;
        while count < RTC_EOLS && is_eol(bits) {
            let zeros = bits.zeros_before_one().unwrap_or(0);
            bits.seek(bits.position() + zeros + 1);
            if let Coding::Mr { .. } = self.options.coding {
                self.row_is_1d = bits.peek() >> 63 == 1;
                bits.skip(1);
            }
            self.has_eols = true;
            count += 1;
        }
        count
    }

    /// Decodes one row; it is only believed when an end-of-line code or the end follows it.
    fn decode_row(&mut self, bits: &mut BitReader<'_>) -> Result<Likeness, RowFault> {
        let likeness = if self.row_is_1d {
            self.rows.decode_1d(bits)?;
            Likeness::Different
        } else if self.reference_is_lost {
            return Err(RowFault::Code);
        } else {
            self.rows.decode_2d(bits)?
        };
        if self.has_eols && !is_eol(bits) && bits.zeros_before_one().is_some() {
            return Err(RowFault::Geometry);
        }
        self.reference_is_lost = false;
        Ok(likeness)
    }
}

/// Whether fill and an end-of-line code come next: at least eleven zeros and a one.
fn is_eol(bits: &BitReader<'_>) -> bool {
    bits.peek() >> (64 - u32::from(EOL.len) + 1) == 0 && bits.zeros_before_one().is_some()
}

/// Goes to the first end-of-line code at or after `start`.
fn seek_eol(bits: &mut BitReader<'_>, start: usize) -> bool {
    bits.seek(start);
    while let Some(zeros) = bits.zeros_before_one() {
        if zeros >= usize::from(EOL.len) - 1 {
            return true;
        }
        bits.seek(bits.position() + zeros + 1);
    }
    false
}
