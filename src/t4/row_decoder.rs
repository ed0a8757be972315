//! Codes to rows: with vectors where the machine has them and the row is sound, else with care.

use super::bits::BitReader;
#[cfg(target_arch = "x86_64")]
use super::path::Level;
use super::path::Path;
use super::row_codes::{Likeness, RowFault, decode_1d, decode_2d};
use super::runs::Transitions;
#[cfg(target_arch = "x86_64")]
use super::simd::{FastRows, WIDTH_MAX};

/// The row above and the row in hand.
#[derive(Debug)]
pub(super) struct RowDecoder {
    width: u32,
    reference: Transitions,
    current: Transitions,
    #[cfg(target_arch = "x86_64")]
    fast: Option<Fast>,
}

/// The same rows for vectors.
#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
struct Fast {
    rows: Box<FastRows>,
    /// Whether the row above is here, and not in the transitions.
    has_reference: bool,
    /// Whether the row in hand is here.
    has_current: bool,
}

impl RowDecoder {
    /// A decoder under a white row.
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    pub(super) fn on(path: Path, width: u32) -> Self {
        Self {
            width,
            reference: Transitions::white(width),
            current: Transitions::white(width),
            #[cfg(target_arch = "x86_64")]
            fast: (path.0 != Level::Portable && width <= WIDTH_MAX).then(|| Fast {
                rows: Box::new(FastRows::new(width, path.0)),
                has_reference: true,
                has_current: false,
            }),
        }
    }

    /// Decodes a row that stands by itself.
    pub(super) fn decode_1d(&mut self, bits: &mut BitReader<'_>) -> Result<(), RowFault> {
        #[cfg(target_arch = "x86_64")]
        if let Some(fast) = &mut self.fast {
            let end = bits
                .msb_first_bytes()
                .and_then(|bytes| fast.rows.decode_1d(bytes, bits.position()));
            fast.has_current = end.is_some();
            if let Some(end) = end {
                bits.seek(end);
                return Ok(());
            }
        }
        decode_1d(bits, self.width, &mut self.current)
    }

    /// Decodes a row by its differences from the row above.
    pub(super) fn decode_2d(&mut self, bits: &mut BitReader<'_>) -> Result<Likeness, RowFault> {
        #[cfg(target_arch = "x86_64")]
        if let Some(fast) = &mut self.fast {
            fast.has_current = false;
            if fast.has_reference {
                let bytes = bits.msb_first_bytes();
                let sound = bytes.and_then(|bytes| fast.rows.decode_2d(bytes, bits.position()));
                if let Some((end, likeness)) = sound {
                    fast.has_current = true;
                    bits.seek(end);
                    return Ok(likeness);
                }
                self.reference.set(fast.rows.reference());
            }
        }
        decode_2d(bits, self.width, &self.reference, &mut self.current)
    }

    /// Paints the row in hand over white.
    pub(super) fn paint(&mut self, row: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(fast) = &mut self.fast
            && fast.has_current
        {
            return fast.rows.paint(row);
        }
        self.current.paint(row);
    }

    /// The row in hand becomes the row above.
    pub(super) fn advance(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(fast) = &mut self.fast {
            if fast.has_current {
                fast.rows.advance();
                fast.has_reference = true;
                return;
            }
            std::mem::swap(&mut self.reference, &mut self.current);
            fast.has_reference = fast.rows.take_reference(self.reference.elements());
            return;
        }
        std::mem::swap(&mut self.reference, &mut self.current);
    }
}
