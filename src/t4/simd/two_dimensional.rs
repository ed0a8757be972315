//! Rows coded by their differences to changing elements, on the assumption that they are sound:
//! whatever is not, or not quite, is left to the careful decoder, so that damage means the same on
//! every path.

use std::arch::x86_64::{
    __m128i, _bzhi_u32, _mm_add_epi16, _mm_and_si128, _mm_cmpgt_epi16, _mm_cmple_epi16_mask,
    _mm_cvtepi8_epi16, _mm_cvtsi64_si128, _mm_insert_epi16, _mm_loadu_si128, _mm_max_epi16,
    _mm_movemask_epi8, _mm_mullo_epi16, _mm_packs_epi16, _mm_permutexvar_epi16, _mm_set1_epi16,
    _mm_shuffle_epi8, _mm_slli_si128, _mm_srai_epi16, _mm_storeu_si128, _pdep_u32, _pdep_u64,
};
use std::hint::select_unpredictable;

use super::paint::Strokes;
use crate::t4::codes::MODE_LOOKUP_BITS;
use crate::t4::lookup::{ENDS, MODES, MODES_BITS, Modes, PAIRS, PAIRS_BITS, VERTICALS};
use crate::t4::places::Places;
use crate::t4::window::Window;

/// Decodes a row by its differences from `reference`, vertical codes many at once; `None` when it is
/// not sound, or how often codes did not follow the row above.
///
/// # Safety
///
/// The machine has AVX2 and BMI, and with `WIDE` AVX-512; both rows have the same width.
#[inline(always)]
pub(super) unsafe fn decode_2d<const WIDE: bool>(
    window: &mut Window<'_>,
    reference: &Places,
    row: &mut Places,
    strokes: &mut Strokes,
) -> Option<u32> {
    // SAFETY: the caller's promise.
    unsafe {
        let mut walk = Walk::<WIDE>::new(window, reference, row, strokes);
        let sound = walk.run();
        *strokes = walk.strokes;
        sound?;
        walk.end(window, row);
        Some(walk.irregular)
    }
}

/// Where a row's decoding has come to.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a, const WIDE: bool> {
    pub(super) window: Window<'a>,
    /// Where the next element goes.
    pub(super) current: *mut u16,
    /// The element of the row above that is b1.
    pub(super) above: *const u16,
    /// The first element of the row above, where white turns to black.
    pub(super) above_start: *const u16,
    /// The place after the last element of the row above.
    above_end: *const u16,
    /// The codes that led to `above`, if they tell where a0 is.
    last: Modes,
    /// Where a0 is otherwise; -1 before the first pixel.
    pub(super) a0: i32,
    pub(super) width: i32,
    /// How often codes taken at once did not follow the row above.
    irregular: u32,
    /// What is painted of the row above meanwhile: it fills the time that codes wait for one
    /// another.
    pub(super) strokes: Strokes,
}

/// What follows some codes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// More of them.
    Codes,
    /// A code that is neither vertical nor a pass code, or none.
    Other,
    /// Codes that go beyond the last element of the row above.
    Last,
    /// So many vertical codes that fit the row above one for one, then one that does not.
    Irregular(u32),
}

// SAFETY of all methods: the machine has the instructions; `above` and `current` walk over rows
// with heads and tails.
impl<'a, const WIDE: bool> Walk<'a, WIDE> {
    /// A walk at the beginning of a row.
    #[inline(always)]
    pub(super) fn new(
        window: &Window<'a>,
        reference: &Places,
        row: &mut Places,
        strokes: &Strokes,
    ) -> Self {
        let above = reference.first();
        Self {
            window: *window,
            current: row.first_mut(),
            above,
            above_start: above,
            above_end: above.wrapping_add(reference.count()),
            last: Modes::NONE,
            a0: -1,
            width: row.width() as i32,
            irregular: 0,
            strokes: *strokes,
        }
    }

    /// Ends a row that was decoded.
    #[inline(always)]
    pub(super) unsafe fn end(&self, window: &mut Window<'a>, row: &mut Places) {
        *window = self.window;
        // SAFETY: `current` came from the first element's place.
        let count = unsafe { self.current.offset_from(row.first()) } as usize;
        row.close(count);
    }

    /// Decodes all codes of the row; `None` when it is not sound.
    #[inline(always)]
    unsafe fn run(&mut self) -> Option<()> {
        loop {
            self.window.refill()?;
            // Of 56 bits, three entries and what may follow take 49.
            // SAFETY: see above.
            unsafe {
                let mut next = self.verticals();
                if next == Next::Codes {
                    next = self.verticals();
                    if next == Next::Codes {
                        next = self.verticals();
                    }
                }
                let goes_on = match next {
                    Next::Codes => true,
                    Next::Other => self.horizontal()?,
                    Next::Last => self.last_codes()?,
                    Next::Irregular(fits) => self.become_of((*self).one_by_one(fits + 1))?,
                };
                if !goes_on {
                    return Some(());
                }
            }
        }
    }

    /// Takes an entry of vertical and pass codes.
    #[inline(always)]
    unsafe fn verticals(&mut self) -> Next {
        let modes = MODES[self.index()];
        // SAFETY: see above. No entry goes over more elements than there are.
        unsafe {
            let above = self.above.add(modes.above());
            if above > self.above_end {
                return Next::Last;
            }
            let (a1, misfits) = self.vertical(modes.codes());
            if _bzhi_u32(misfits, modes.count() as u32) != 0 {
                return Next::Irregular(misfits.trailing_zeros());
            }
            _mm_storeu_si128(self.current.cast::<__m128i>(), a1);
            self.current = self.current.add(modes.count());
            self.above = above;
            self.last = select_unpredictable(modes.is_any(), modes, self.last);
            self.window.skip_by(modes.shift(), modes.len());
            self.strokes.paint_some::<WIDE, 4>();
        }
        if modes.other_next() {
            Next::Other
        } else {
            Next::Codes
        }
    }

    #[inline(always)]
    fn index(&self) -> usize {
        (self.window.bits >> (64 - MODES_BITS)) as usize
    }

    /// The places that the vertical codes of an entry lead to, and which of them do not lie right
    /// of the one before and between the elements of the row above next to their own.
    #[inline(always)]
    unsafe fn vertical(&self, codes: u64) -> (__m128i, u32) {
        // SAFETY: see above; no b1 is more than eight places from the first.
        unsafe {
            let codes = _pdep_u64(codes, 0x00E7_E7E7_E7E7_E7E7);
            let codes = _mm_cvtepi8_epi16(_mm_cvtsi64_si128(codes as i64));
            let at = |from: *const u16| _mm_loadu_si128(from.cast::<__m128i>());
            let (before, b1, after) =
                (at(self.above.sub(1)), at(self.above), at(self.above.add(1)));
            let (before, b1, after) = if WIDE {
                (
                    _mm_permutexvar_epi16(codes, before),
                    _mm_permutexvar_epi16(codes, b1),
                    _mm_permutexvar_epi16(codes, after),
                )
            } else {
                let bytes = _mm_and_si128(codes, _mm_set1_epi16(7));
                let bytes = _mm_mullo_epi16(bytes, _mm_set1_epi16(0x0202));
                let bytes = _mm_add_epi16(bytes, _mm_set1_epi16(0x0100));
                (
                    _mm_shuffle_epi8(before, bytes),
                    _mm_shuffle_epi8(b1, bytes),
                    _mm_shuffle_epi8(after, bytes),
                )
            };
            let a1 = _mm_add_epi16(b1, _mm_srai_epi16(codes, 5));
            let last = i32::from(*self.current.sub(1));
            let a0 = _mm_insert_epi16(_mm_slli_si128(a1, 2), last, 0);
            let a0 = _mm_max_epi16(a0, before);
            let misfits = if WIDE {
                let misfits = _mm_cmple_epi16_mask(a1, a0) | _mm_cmple_epi16_mask(after, a1);
                u32::from(misfits)
            } else {
                let fits = _mm_and_si128(_mm_cmpgt_epi16(after, a1), _mm_cmpgt_epi16(a1, a0));
                !_mm_movemask_epi8(_mm_packs_epi16(fits, fits)) as u32
            };
            (a1, misfits)
        }
    }

    /// Where a0 is; -1 before the first pixel.
    #[inline(always)]
    unsafe fn a0(&self) -> i32 {
        // SAFETY: see above.
        let last = i32::from(unsafe { *self.above.sub(1) } as i16) + self.last.last_delta() - 3;
        select_unpredictable(self.last.is_any(), last, self.a0)
    }

    /// Takes codes that reach the end of the row above, after which the row mostly ends too.
    #[inline(always)]
    unsafe fn last_codes(&mut self) -> Option<bool> {
        let index = self.index();
        let modes = MODES[index];
        // SAFETY: see above.
        unsafe {
            let rest = self.above_end.offset_from(self.above);
            if rest >= 0 && (rest as usize) < modes.count() {
                let rest = rest as usize;
                let last = modes.codes() >> (6 * rest) & 63;
                let (a1, misfits) = self.vertical(modes.codes());
                // No pass code before it, and no delta: b1 of the last code is the width.
                if last == rest as u64 && _bzhi_u32(misfits, rest as u32) == 0 {
                    _mm_storeu_si128(self.current.cast::<__m128i>(), a1);
                    self.current = self.current.add(rest);
                    self.window.skip(end_of(index, rest as u32));
                    return Some(false);
                }
            }
            self.become_of((*self).one_by_one(1))
        }
    }

    #[inline(always)]
    fn become_of(&mut self, after: Option<(Self, bool)>) -> Option<bool> {
        let (walk, goes_on) = after?;
        *self = walk;
        Some(goes_on)
    }

    /// Takes some codes one by one; whether the row goes on.
    #[cold]
    #[inline(never)]
    unsafe fn one_by_one(mut self, count: u32) -> Option<(Self, bool)> {
        self.irregular += 1;
        for _ in 0..count {
            // SAFETY: see above.
            if !unsafe { self.one_code()? } {
                return Some((self, false));
            }
        }
        Some((self, true))
    }

    #[inline(always)]
    fn put_a0(&mut self, a0: i32) {
        self.a0 = a0;
        self.last = Modes::NONE;
    }

    /// Takes one code; whether the row goes on.
    #[inline(always)]
    pub(super) unsafe fn one_code(&mut self) -> Option<bool> {
        let code = VERTICALS[(self.window.bits >> (64 - MODE_LOOKUP_BITS)) as usize];
        // SAFETY: see above.
        unsafe {
            if code != 0 {
                self.window.skip(u32::from(code & 7));
                let a1 = i32::from(*self.above) + i32::from(code >> 3) - 3;
                if a1 <= self.a0() || a1 >= self.width {
                    return (a1 == self.width).then_some(false);
                }
                *self.current = a1 as u16;
                self.current = self.current.add(1);
                self.put_a0(a1);
                self.above = self.above.sub(1);
                self.go_right_of(a1);
                return Some(true);
            }
            if self.window.bits >> 60 == 0b0001 {
                self.window.skip(4);
                self.put_a0(i32::from(*self.above.add(1)));
                self.above = self.above.add(2);
                return (self.a0 < self.width).then_some(true);
            }
            self.window.refill()?;
            self.horizontal()
        }
    }

    /// Takes a horizontal code, or refuses another one; whether the row goes on.
    #[inline(always)]
    unsafe fn horizontal(&mut self) -> Option<bool> {
        if self.window.bits >> 61 != 0b001 {
            return None;
        }
        self.window.skip(3);
        // SAFETY: see above.
        unsafe {
            let a0 = self.a0();
            let colour = self.above.offset_from(self.above_start) as usize % 2;
            let entry = PAIRS[colour][(self.window.bits >> (64 - PAIRS_BITS)) as usize];
            let a1 = a0.max(0) + i32::from(entry >> 4 & 63);
            let a2 = a1 + i32::from(entry >> 10);
            if entry == 0 || a2 >= self.width {
                return self.long_runs(a0, colour);
            }
            self.window.skip(u32::from(entry & 15));
            self.push_two(a1, a2);
        }
        Some(true)
    }

    /// Takes two runs, of which one has a make-up code or the second ends the row; whether the
    /// row goes on.
    #[inline(always)]
    unsafe fn long_runs(&mut self, a0: i32, colour: usize) -> Option<bool> {
        self.window.refill()?;
        let room = (self.width - a0.max(0)) as u32;
        // Of 56 bits, two runs take 50 at most.
        let first = self.window.run(colour, room)?;
        let second = self.window.run(1 - colour, room - first)?;
        let a1 = a0.max(0) + first as i32;
        let a2 = a1 + second as i32;
        if (first == 0 && a0 >= 0) || (second == 0 && a1 < self.width) {
            return None;
        }
        // SAFETY: see above.
        unsafe {
            if a2 == self.width {
                *self.current = a1 as u16;
                self.current = self.current.add(usize::from(a1 < self.width));
                return Some(false);
            }
            self.push_two(a1, a2);
        }
        Some(true)
    }

    #[inline(always)]
    unsafe fn push_two(&mut self, a1: i32, a2: i32) {
        // SAFETY: see above.
        unsafe {
            let both = a1 as u32 | (a2 as u32) << 16;
            self.current.cast::<u32>().write_unaligned(both);
            self.current = self.current.add(2);
            self.put_a0(a2);
            self.go_right_of(a2);
        }
    }

    /// Finds b1 for an a0 that is less than the width.
    #[inline(always)]
    unsafe fn go_right_of(&mut self, a0: i32) {
        // SAFETY: see above; the tail ends the search.
        unsafe {
            let is_left = i32::from(*self.above as i16) <= a0;
            self.above = select_unpredictable(is_left, self.above.add(2), self.above);
            while i32::from(*self.above as i16) <= a0 {
                self.above = self.above.add(2);
            }
        }
    }
}

/// Bits of an entry's codes up to the vertical one of this number.
#[inline(always)]
fn end_of(index: usize, number: u32) -> u32 {
    // SAFETY: only used where the machine has BMI2.
    unsafe { _pdep_u32(1 << number, u32::from(ENDS[index])).trailing_zeros() }
}
