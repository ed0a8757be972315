//! Rows through vectors, on a machine that has them.

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

/// Rows after such a one until vectors are tried again.
const ROWS_ONE_BY_ONE: u32 = 31;

/// What of a page is on its way, for a machine of this level, which is not the portable one.
#[derive(Clone, Debug)]
pub(in crate::t4) struct VectorRows {
    late: LateRows,
    /// Rows whose codes are still taken one by one.
    rows_one_by_one: u32,
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
            rows_one_by_one: 0,
            level,
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
                Level::Avx512 => mmr_avx512(self, pair, bytes, position, align, page),
                _ => mmr_avx2(self, pair, bytes, position, align, page),
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
                Level::Avx512 => t4_avx512(self, pair, bytes, position, framing, page),
                _ => t4_avx2(self, pair, bytes, position, framing, page),
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
            if self.0.rows_one_by_one > 0 {
                self.0.rows_one_by_one -= 1;
                if WIDE {
                    one_by_one_avx512(window, above, row, &mut strokes)
                } else {
                    one_by_one_avx2(window, above, row, &mut strokes)
                }
            } else {
                decode_2d::<WIDE, false>(window, above, row, &mut strokes)
            }
        };
        self.0.late.take_back(strokes);
        if sound? as usize > 8 + row.count() / IRREGULAR_SHARE {
            self.0.rows_one_by_one = ROWS_ONE_BY_ONE;
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

/// # Safety
///
/// The machine has these features.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
unsafe fn mmr_avx2(
    rows: &mut VectorRows,
    pair: &mut RowPair,
    bytes: &[u8],
    position: usize,
    align: RowAlign,
    page: &mut Page,
) -> usize {
    pair.decode_mmr(&mut Steps::<false>(rows), bytes, position, align, page)
}

/// # Safety
///
/// The machine has these features.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
unsafe fn t4_avx2(
    rows: &mut VectorRows,
    pair: &mut RowPair,
    bytes: &[u8],
    position: usize,
    framing: Framing,
    page: &mut Page,
) -> usize {
    pair.decode_t4(&mut Steps::<false>(rows), bytes, position, framing, page)
}

/// # Safety
///
/// The machine has these features; both rows have the same width.
#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
unsafe fn one_by_one_avx2(
    window: &mut Window<'_>,
    above: &Places,
    row: &mut Places,
    strokes: &mut Strokes,
) -> Option<u32> {
    // SAFETY: the caller's promise.
    unsafe { decode_2d::<false, true>(window, above, row, strokes) }
}

/// # Safety
///
/// The machine has these features.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,gfni,vpclmulqdq,bmi1,bmi2,lzcnt,popcnt"
)]
unsafe fn mmr_avx512(
    rows: &mut VectorRows,
    pair: &mut RowPair,
    bytes: &[u8],
    position: usize,
    align: RowAlign,
    page: &mut Page,
) -> usize {
    pair.decode_mmr(&mut Steps::<true>(rows), bytes, position, align, page)
}

/// # Safety
///
/// The machine has these features.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,gfni,vpclmulqdq,bmi1,bmi2,lzcnt,popcnt"
)]
unsafe fn t4_avx512(
    rows: &mut VectorRows,
    pair: &mut RowPair,
    bytes: &[u8],
    position: usize,
    framing: Framing,
    page: &mut Page,
) -> usize {
    pair.decode_t4(&mut Steps::<true>(rows), bytes, position, framing, page)
}

/// # Safety
///
/// The machine has these features; both rows have the same width.
#[inline(never)]
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,gfni,vpclmulqdq,bmi1,bmi2,lzcnt,popcnt"
)]
unsafe fn one_by_one_avx512(
    window: &mut Window<'_>,
    above: &Places,
    row: &mut Places,
    strokes: &mut Strokes,
) -> Option<u32> {
    // SAFETY: the caller's promise.
    unsafe { decode_2d::<true, true>(window, above, row, strokes) }
}
