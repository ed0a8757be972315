//! Codes to rows: fast where they are sound, else with care.

use super::RowAlign;
use super::bits::BitReader;
use super::decode::Page;
use super::fast_rows::{RowPair, WIDTH_MAX};
use super::group3::Framing;
use super::path::{Level, Path};
use super::portable_rows::PortableRows;
use super::row_codes::{Likeness, RowFault, decode_1d, decode_2d};
use super::runs::Transitions;
#[cfg(target_arch = "x86_64")]
use super::simd::VectorRows;

/// The row above and the row in hand.
#[derive(Debug)]
pub(super) struct RowDecoder {
    width: u32,
    reference: Transitions,
    current: Transitions,
    /// `None` where rows are too wide.
    fast: Option<Fast>,
}

/// The row above for sound rows.
#[derive(Debug)]
struct Fast {
    pair: RowPair,
    steps: Steps,
    /// Whether the row above is here, and not in the transitions.
    has_reference: bool,
    /// Whether the row above can be here, which is not so where it has runs of no pixels.
    takes_reference: bool,
}

#[derive(Debug)]
enum Steps {
    Portable(PortableRows),
    #[cfg(target_arch = "x86_64")]
    Vectors(VectorRows),
}

impl RowDecoder {
    /// A decoder under a white row.
    pub(super) fn on(path: Path, width: u32) -> Self {
        Self {
            width,
            reference: Transitions::white(width),
            current: Transitions::white(width),
            fast: (path.0 != Level::Careful && width <= WIDTH_MAX).then(|| Fast {
                pair: RowPair::under_white(width),
                steps: match path.0 {
                    Level::Careful | Level::Portable => Steps::Portable(PortableRows::new(width)),
                    #[cfg(target_arch = "x86_64")]
                    level => Steps::Vectors(VectorRows::new(width, level)),
                },
                has_reference: true,
                takes_reference: true,
            }),
        }
    }

    /// Decodes MMR rows as long as they are sound; the next row may be anything.
    pub(super) fn decode_mmr_rows(
        &mut self,
        bits: &mut BitReader<'_>,
        align: RowAlign,
        page: &mut Page,
    ) {
        if let Some(fast) = &mut self.fast
            && fast.prepare(&self.reference)
        {
            let (bytes, position) = (bits.bytes(), bits.position());
            bits.seek(match &mut fast.steps {
                Steps::Portable(rows) => fast.pair.decode_mmr(rows, bytes, position, align, page),
                #[cfg(target_arch = "x86_64")]
                Steps::Vectors(rows) => {
                    rows.decode_mmr(&mut fast.pair, bytes, position, align, page)
                }
            });
        }
    }

    /// Decodes T.4 rows as long as they are sound; whether there were any. The next row may be
    /// anything.
    pub(super) fn decode_t4_rows(
        &mut self,
        bits: &mut BitReader<'_>,
        framing: Framing,
        page: &mut Page,
    ) -> bool {
        let position = bits.position();
        if let Some(fast) = &mut self.fast
            && (fast.prepare(&self.reference) || !framing.has_tags)
        {
            let bytes = bits.bytes();
            bits.seek(match &mut fast.steps {
                Steps::Portable(rows) => fast.pair.decode_t4(rows, bytes, position, framing, page),
                #[cfg(target_arch = "x86_64")]
                Steps::Vectors(rows) => {
                    rows.decode_t4(&mut fast.pair, bytes, position, framing, page)
                }
            });
            fast.has_reference |= bits.position() != position;
        }
        bits.position() != position
    }

    /// Decodes a row that stands by itself, with care.
    pub(super) fn decode_1d(&mut self, bits: &mut BitReader<'_>) -> Result<(), RowFault> {
        decode_1d(bits, self.width, &mut self.current)
    }

    /// Decodes a row by its differences from the row above, with care.
    pub(super) fn decode_2d(&mut self, bits: &mut BitReader<'_>) -> Result<Likeness, RowFault> {
        if let Some(fast) = &mut self.fast
            && fast.has_reference
        {
            self.reference.set(fast.pair.above());
            fast.has_reference = false;
        }
        decode_2d(bits, self.width, &self.reference, &mut self.current)
    }

    /// Paints the row in hand over white.
    pub(super) fn paint(&self, row: &mut [u8]) {
        self.current.paint(row);
    }

    /// The row in hand becomes the row above.
    pub(super) fn advance(&mut self) {
        std::mem::swap(&mut self.reference, &mut self.current);
        if let Some(fast) = &mut self.fast {
            fast.has_reference = false;
            fast.takes_reference = true;
        }
    }
}

impl Fast {
    /// Takes the row above if it is not here; whether it is.
    fn prepare(&mut self, reference: &Transitions) -> bool {
        if !self.has_reference && self.takes_reference {
            self.has_reference = self.pair.take_above(reference.elements());
            self.takes_reference = self.has_reference;
        }
        self.has_reference
    }
}
