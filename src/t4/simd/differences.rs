//! Rows that are coded by their differences from the row above, several in turns: the flow diagram
//! of T.4 §4.2.1.3.4 and T.6 §2.2.4 without branches on what the rows hold.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_cmpeq_epi16,
    _mm_cmpgt_epi16, _mm_loadu_si128, _mm_min_epu16, _mm_movemask_epi8, _mm_packus_epi16,
    _mm_set1_epi16, _mm_setr_epi8, _mm_shuffle_epi8, _mm_storeu_si128, _mm_sub_epi16,
    _mm_unpacklo_epi8, _mm256_add_epi16, _mm256_cmpgt_epi16, _mm256_cmpgt_epi16_mask,
    _mm256_loadu_si256, _mm256_mask_cmple_epi16_mask, _mm256_mask_cmplt_epu16_mask,
    _mm256_movemask_epi8, _mm256_permutexvar_epi16, _mm256_set1_epi16, _mm256_storeu_si256,
    _mm256_sub_epi16,
};
use std::hint::select_unpredictable;

use super::symbols::{
    HORIZONTAL_SYMBOL, MODES, PASS_SYMBOL, RUN_SYMBOLS, RUN_SYMBOLS_MAX, put_long_run, run_at,
};
use crate::t4::codes::RUN_MAX;

/// Where a row's coding has come to.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    /// The next element of the row: a1.
    pub(super) current: *const u16,
    /// The element of the row above that is b1.
    pub(super) reference: *const u16,
    /// a0, or any place left of it when a0 is the element before a1.
    pub(super) a0: u32,
    /// Where the next symbols go.
    pub(super) out: *mut u16,
}

/// How far vectors look ahead.
pub(super) trait Ahead {
    /// Writes the symbols of the vertical codes after each of which b1 is the next element of the
    /// row above, and others; returns how many there are of them.
    ///
    /// # Safety
    ///
    /// The machine has the instructions; the elements have heads and tails; a vector of symbols can
    /// be written.
    unsafe fn put_verticals(walk: &Walk) -> usize;

    /// The first element from `reference` on, in steps of two, that lies right of `a0`.
    ///
    /// # Safety
    ///
    /// The machine has the instructions, and such an element is there: `a0` is less than the width.
    unsafe fn first_right_of(a0: u32, reference: *const u16) -> *const u16;
}

/// Eight elements, by SSE up to 4.2.
pub(super) struct Eight;

/// Sixteen elements, by AVX-512.
pub(super) struct Sixteen;

impl Walk {
    /// A walk that is yet to begin.
    pub(super) const fn nowhere() -> Self {
        Self {
            current: std::ptr::null(),
            reference: std::ptr::null(),
            a0: 0,
            out: std::ptr::null_mut(),
        }
    }

    /// Puts vertical codes, however many follow, and one code of any mode; returns whether the row
    /// is done.
    ///
    /// # Safety
    ///
    /// The machine has the instructions of `A`. The elements have heads and tails, each row's first
    /// one lies at a multiple of four bytes, and there is room for the symbols.
    #[inline(always)]
    pub(super) unsafe fn step<A: Ahead, const LONG: bool>(&mut self, width: u32) -> bool {
        // SAFETY: vectors look no further beyond a row's width than its tail, and one place before
        // its first element, where its head is. A run is no longer than the row, and where that may
        // be more than the table of runs has, it is looked at.
        unsafe {
            let bytes = A::put_verticals(self);
            let current = self.current.byte_add(bytes);
            let reference = self.reference.byte_add(bytes);
            let out = self.out.byte_add(bytes);
            let (a1, a2) = (u32::from(*current), u32::from(*current.add(1)));
            let (b1, b2) = (u32::from(*reference), u32::from(*reference.add(1)));
            let is_pass = b2 < a1;
            let pass = b2.wrapping_sub(a1) >> 31;
            let delta = a1.wrapping_sub(b1).wrapping_add(3 + 8 * pass);
            // The vector is used up, or the row, or the row above has another element nearby.
            if delta <= 6 {
                out.write(*MODES.get_unchecked(delta as usize));
                self.out = out.add(1);
                if a1 == width {
                    return true;
                }
                self.a0 = a1;
                self.current = current.add(1);
                // The colour changed: b1 is among the neighbours, the third of those that turn to
                // its colour at most, for none lies further from a vertical code.
                let neighbours = [-1, 1, 3].map(|ahead| u32::from(*reference.offset(ahead)));
                let passed = neighbours.map(|element| usize::from(element <= a1));
                let steps = passed[0] + passed[1] + passed[2];
                self.reference = reference.sub(1).add(2 * steps);
                return false;
            }
            let a0 = u32::from(*current.sub(1)).max(self.a0);
            let runs = [a1 - a0, a2 - a1];
            let first_at = run_at(current as usize / 2, runs[0]);
            let second_at = run_at(current as usize / 2 + 1, runs[1]);
            out.write(select_unpredictable(
                is_pass,
                PASS_SYMBOL,
                HORIZONTAL_SYMBOL,
            ));
            if LONG && (runs[0] > RUN_MAX || runs[1] > RUN_MAX) {
                let runs = if is_pass { [0; 2] } else { runs };
                self.out = put_long_runs(out.add(1), current as usize / 2 % 2, runs);
            } else {
                let (first, second) = (out.add(1), out.add(1 + RUN_SYMBOLS_MAX));
                first
                    .cast::<u64>()
                    .write_unaligned(*RUN_SYMBOLS.get_unchecked(first_at));
                second
                    .cast::<u64>()
                    .write_unaligned(*RUN_SYMBOLS.get_unchecked(second_at));
                self.out = out.add(1 + 2 * RUN_SYMBOLS_MAX);
            }
            self.out = select_unpredictable(is_pass, out.add(1), self.out);
            let a0 = select_unpredictable(is_pass, b2, a2);
            self.current = select_unpredictable(is_pass, current, current.add(2));
            self.a0 = a0;
            if a0 == width {
                return true;
            }
            self.reference = A::first_right_of(a0, reference);
            false
        }
    }
}

/// Writes the runs of a horizontal code, which may be longer than one entry of the table.
///
/// # Safety
///
/// As for [`put_long_run`].
#[cold]
unsafe fn put_long_runs(out: *mut u16, colour: usize, runs: [u32; 2]) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe { put_long_run(put_long_run(out, colour, runs[0]), 1 - colour, runs[1]) }
}

impl Ahead for Eight {
    #[inline(always)]
    unsafe fn put_verticals(walk: &Walk) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            let at = |place: *const u16| _mm_loadu_si128(place.cast::<__m128i>());
            let (a1, b1) = (at(walk.current), at(walk.reference));
            let (before, after) = (at(walk.reference.sub(1)), at(walk.reference.add(1)));
            let delta = _mm_add_epi16(_mm_sub_epi16(a1, b1), _mm_set1_epi16(3));
            let is_near = _mm_cmpeq_epi16(_mm_min_epu16(delta, _mm_set1_epi16(6)), delta);
            let is_next = _mm_andnot_si128(_mm_cmpgt_epi16(before, a1), _mm_cmpgt_epi16(after, a1));
            let fits = _mm_movemask_epi8(_mm_and_si128(is_near, is_next));

            // Table 4/T.4, VL3 to VR3: the two halves of `MODES`.
            let bits = _mm_setr_epi8(0x20, 0x10, 2, 1, 6, 0x30, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            let masks = _mm_setr_epi8(127, 63, 7, 1, 7, 63, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            let index = _mm_packus_epi16(delta, delta);
            let symbols = _mm_unpacklo_epi8(
                _mm_shuffle_epi8(masks, index),
                _mm_shuffle_epi8(bits, index),
            );
            _mm_storeu_si128(walk.out.cast(), symbols);
            (!fits).trailing_zeros() as usize
        }
    }

    #[inline(always)]
    unsafe fn first_right_of(a0: u32, reference: *const u16) -> *const u16 {
        // SAFETY: the caller's promise.
        unsafe { first_right_of(a0, reference) }
    }
}

impl Ahead for Sixteen {
    #[inline(always)]
    unsafe fn put_verticals(walk: &Walk) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            let at = |place: *const u16| _mm256_loadu_si256(place.cast::<__m256i>());
            let (a1, b1) = (at(walk.current), at(walk.reference));
            let (before, after) = (at(walk.reference.sub(1)), at(walk.reference.add(1)));
            let delta = _mm256_add_epi16(_mm256_sub_epi16(a1, b1), _mm256_set1_epi16(3));
            let fits = _mm256_cmpgt_epi16_mask(after, a1);
            let fits = _mm256_mask_cmple_epi16_mask(fits, before, a1);
            let fits = _mm256_mask_cmplt_epu16_mask(fits, delta, _mm256_set1_epi16(7));
            let symbols = _mm256_permutexvar_epi16(delta, at(MODES.as_ptr()));
            _mm256_storeu_si256(walk.out.cast(), symbols);
            2 * (!u32::from(fits)).trailing_zeros() as usize
        }
    }

    #[inline(always)]
    unsafe fn first_right_of(a0: u32, mut reference: *const u16) -> *const u16 {
        // SAFETY: the caller's promise, and the tail is longer than a vector.
        unsafe {
            let a0 = _mm256_set1_epi16(a0 as i16);
            loop {
                let places = _mm256_loadu_si256(reference.cast::<__m256i>());
                let right = _mm256_movemask_epi8(_mm256_cmpgt_epi16(places, a0)) & 0x1111_1111;
                if right != 0 {
                    return reference.byte_add(right.trailing_zeros() as usize);
                }
                reference = reference.add(16);
            }
        }
    }
}

/// The first element from `reference` on, in steps of two, that lies right of `a0`.
///
/// # Safety
///
/// Such an element is there: `a0` is less than the width.
#[inline(always)]
pub(super) unsafe fn first_right_of(a0: u32, mut reference: *const u16) -> *const u16 {
    // SAFETY: the caller's promise, and the tail is longer than a vector.
    unsafe {
        let a0 = _mm_set1_epi16(a0 as i16);
        loop {
            let places = _mm_loadu_si128(reference.cast::<__m128i>());
            let right = _mm_movemask_epi8(_mm_cmpgt_epi16(places, a0)) & 0x1111;
            if right != 0 {
                return reference.byte_add(right.trailing_zeros() as usize);
            }
            reference = reference.add(8);
        }
    }
}
