//! A page of MMR rows (T.6): one broken code ends it, because every row leans on the one above.

use super::bits::BitReader;
use super::codes::EOL;
use super::decode::{DecodeOptions, End, Page};
use super::row_codes::{Likeness, RowFault};
use super::row_decoder::RowDecoder;
use super::{RowAlign, T4Error};

/// Decodes rows until the number asked for, EOFB, the end of the data or the first broken code.
pub(super) fn decode_page(
    bits: &mut BitReader<'_>,
    options: &DecodeOptions,
    rows: &mut RowDecoder,
    page: &mut Page,
) -> Result<End, T4Error> {
    while !page.is_complete() {
        rows.decode_mmr_rows(bits, options.row_align, page);
        if page.is_complete() {
            break;
        }
        if options.row_align == RowAlign::Byte {
            bits.align_to_byte();
        }
        if let Some(end) = end_at_row_start(bits, options) {
            return Ok(end);
        }
        match rows.decode_2d(bits) {
            Ok(Likeness::Same) => page.push_same()?,
            Ok(Likeness::Different) => {
                page.push(rows)?;
                rows.advance();
            }
            Err(RowFault::Truncated) => return Ok(End::Truncated),
            Err(RowFault::Extension(extension)) => {
                return Err(T4Error::Extension {
                    row: page.rows(),
                    extension,
                });
            }
            Err(RowFault::Code | RowFault::Geometry) => {
                page.count_bad();
                return Ok(End::Damaged);
            }
        }
    }
    Ok(End::RowCount)
}

/// EOFB, half of it at the very end, or nothing but padding.
fn end_at_row_start(bits: &mut BitReader<'_>, options: &DecodeOptions) -> Option<End> {
    let window = bits.peek();
    if window >> 57 != 0 {
        return None;
    }
    if window >> (64 - 24) == u64::from(EOL.bits) << 12 | u64::from(EOL.bits) {
        bits.skip(24);
        return Some(End::EndOfBlock);
    }
    if window >> (64 - 12) == u64::from(EOL.bits) && bits.remaining() < 24 {
        bits.skip(12);
        return Some(End::EndOfBlock);
    }
    if bits.zeros_before_one().is_none() {
        return Some(if options.rows.is_none() {
            End::EndOfData
        } else {
            End::Truncated
        });
    }
    None
}
