//! Rows through vectors, on a machine that has them.

use super::dense_rows::{ElementBits, decode_dense};
use super::late_rows::LateRows;
use super::one_dimensional::decode_1d;
use super::paint::Strokes;
use super::two_dimensional::decode_2d;
use crate::t4::RowAlign;
use crate::t4::decode::Page;
use crate::t4::fast_rows::{RowPair, RowSteps};
use crate::t4::group3::Framing;
use crate::t4::path::Level;
use crate::t4::places::Places;
use crate::t4::window::Window;

/// Of so many elements, one that does not follow from the row above is too many for vectors.
const IRREGULAR_SHARE: usize = 8;

/// Rows that are taken as dense after such a one: twice as many each time that vectors are tried again
/// in vain.
const DENSE_ROWS_MIN: u32 = 15;
const DENSE_ROWS_MAX: u32 = 127;

/// What of a page is on its way, for a machine of this level, which is not the portable one.
#[derive(Clone, Debug)]
pub(in crate::t4) struct VectorRows {
    late: LateRows,
    /// Rows that are still taken as dense.
    dense_rows: u32,
    /// How many they will be the next time.
    dense_rows_next: u32,
    element_bits: ElementBits,
    level: Level,
}

impl VectorRows {
    /// # Panics
    ///
    /// If the level is the portable one.
    pub(in crate::t4) fn new(width: u32, level: Level) -> Self {
        assert!(
            matches!(level, Level::Avx2 | Level::Avx512),
            "a level with vectors"
        );
        Self {
            late: LateRows::new(width),
            dense_rows: 0,
            dense_rows_next: DENSE_ROWS_MIN,
            element_bits: ElementBits::new(width),
            level,
        }
    }

    /// Takes note of a row taken through vectors, in vain or not.
    #[inline(always)]
    fn count_irregular(&mut self, in_vain: bool) {
        if in_vain {
            self.dense_rows = self.dense_rows_next;
            self.dense_rows_next = (2 * self.dense_rows + 1).min(DENSE_ROWS_MAX);
        } else {
            self.dense_rows_next = DENSE_ROWS_MIN;
        }
    }

    /// As [`RowPair::decode_mmr`].
    pub(in crate::t4) fn decode_mmr(
        &mut self,
        pair: &mut RowPair,
        bytes: &[u8],
        position: usize,
        align: RowAlign,
        page: &mut Page,
    ) -> usize {
        // SAFETY: the type's promise.
        unsafe {
            match self.level {
                Level::Avx512 => wide::decode_mmr(self, pair, bytes, position, align, page),
                _ => narrow::decode_mmr(self, pair, bytes, position, align, page),
            }
        }
    }

    /// As [`RowPair::decode_t4`].
    pub(in crate::t4) fn decode_t4(
        &mut self,
        pair: &mut RowPair,
        bytes: &[u8],
        position: usize,
        framing: Framing,
        page: &mut Page,
    ) -> usize {
        // SAFETY: the type's promise.
        unsafe {
            match self.level {
                Level::Avx512 => wide::decode_t4(self, pair, bytes, position, framing, page),
                _ => narrow::decode_t4(self, pair, bytes, position, framing, page),
            }
        }
    }
}

/// Steps with AVX2, BMI and PCLMULQDQ, or `WIDE` ones with AVX-512 besides; made only where the
/// machine has them.
struct Steps<'a, const WIDE: bool>(&'a mut VectorRows);

impl<const WIDE: bool> RowSteps for Steps<'_, WIDE> {
    #[inline(always)]
    fn decode_1d(
        &mut self,
        window: &mut Window<'_>,
        above: &Places,
        row: &mut Places,
    ) -> Option<()> {
        let mut strokes = self.0.late.strokes(above);
        // SAFETY: the type's promise.
        let sound = unsafe { decode_1d::<WIDE>(window, row, &mut strokes) };
        self.0.late.take_back(strokes);
        sound
    }

    #[inline(always)]
    fn decode_2d(
        &mut self,
        window: &mut Window<'_>,
        above: &Places,
        row: &mut Places,
    ) -> Option<()> {
        let mut strokes = self.0.late.strokes(above);
        // SAFETY: the type's promise; both rows have the same width.
        let sound = unsafe {
            if self.0.dense_rows > 0 {
                self.0.dense_rows -= 1;
                let bits = &mut self.0.element_bits;
                let sound = if WIDE {
                    wide::decode_dense_row(window, above, row, &mut strokes, bits)
                } else {
                    narrow::decode_dense_row(window, above, row, &mut strokes, bits)
                };
                sound.map(|()| None)
            } else {
                decode_2d::<WIDE>(window, above, row, &mut strokes).map(Some)
            }
        };
        self.0.late.take_back(strokes);
        if let Some(irregular) = sound? {
            self.0
                .count_irregular(irregular as usize > 8 + row.count() / IRREGULAR_SHARE);
        }
        Some(())
    }

    #[inline(always)]
    fn push(&mut self, above: &Places, row: &Places, page: &mut Page) {
        // SAFETY: the type's promise.
        unsafe { self.0.late.push::<WIDE>(above, row.count(), page) };
    }

    #[inline(always)]
    fn repeat(&mut self, count: u32, are_white: bool, _: &mut Page) {
        self.0.late.repeat(count, are_white);
    }

    #[inline(always)]
    fn finish(&mut self, last: &Places, page: &mut Page) {
        // SAFETY: the type's promise.
        unsafe { self.0.late.finish::<WIDE>(last, page) };
    }
}

/// The same functions with each set of instructions, with AVX-512 or without.
macro_rules! functions_with {
    ($module:ident, $wide:literal, $features:literal) => {
        mod $module {
            use super::*;

            /// # Safety
            ///
            /// The machine has these features.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn decode_mmr(
                rows: &mut VectorRows,
                pair: &mut RowPair,
                bytes: &[u8],
                position: usize,
                align: RowAlign,
                page: &mut Page,
            ) -> usize {
                pair.decode_mmr(&mut Steps::<$wide>(rows), bytes, position, align, page)
            }

            /// # Safety
            ///
            /// The machine has these features.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn decode_t4(
                rows: &mut VectorRows,
                pair: &mut RowPair,
                bytes: &[u8],
                position: usize,
                framing: Framing,
                page: &mut Page,
            ) -> usize {
                pair.decode_t4(&mut Steps::<$wide>(rows), bytes, position, framing, page)
            }

            /// # Safety
            ///
            /// The machine has these features; both rows have the same width, which is that of the
            /// bits.
            #[inline(never)]
            #[target_feature(enable = $features)]
            pub(super) unsafe fn decode_dense_row(
                window: &mut Window<'_>,
                above: &Places,
                row: &mut Places,
                strokes: &mut Strokes,
                bits: &mut ElementBits,
            ) -> Option<()> {
                // SAFETY: the caller's promise.
                unsafe { decode_dense::<$wide>(window, above, row, strokes, bits) }
            }
        }
    };
}

functions_with!(narrow, false, "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq");
functions_with!(
    wide,
    true,
    "avx512f,avx512bw,avx512dq,avx512vl,gfni,vpclmulqdq,bmi1,bmi2,lzcnt,popcnt"
);
