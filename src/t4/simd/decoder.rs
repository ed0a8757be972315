//! Rows of codes to changing elements on the assumption that they are sound: whatever is not, or
//! not quite, is left to the careful decoder, so that damage means the same on every path.

use std::arch::x86_64::{
    __m128i, _bzhi_u64, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_cmpgt_epi16,
    _mm_cvtepu8_epi16, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_insert_epi16, _mm_loadu_si128,
    _mm_movemask_epi8, _mm_set1_epi16, _mm_setr_epi8, _mm_shuffle_epi8, _mm_slli_si128,
    _mm_storeu_si128, _mm_sub_epi16, _pdep_u64,
};

use super::differences::first_right_of;
use super::lookup::{
    HORIZONTAL_NEXT, MODES, MODES_BITS, PAIRS, PAIRS_BITS, PASS_NEXT, VERTICAL_0, VERTICALS,
};
use super::window::Window;
use crate::t4::codes::MODE_LOOKUP_BITS;
use crate::t4::row_codes::Likeness;

/// Places before a row's first element.
const HEAD: usize = 8;

/// Places after a row's last element that hold the width.
const TAIL: usize = 32;

/// The changing elements of one row between zeros and copies of the width.
#[derive(Clone, Debug)]
pub(super) struct Places {
    padded: Vec<u16>,
    count: usize,
    width: u32,
}

impl Places {
    pub(super) fn white(width: u32) -> Self {
        let mut places = Self {
            padded: vec![0; HEAD + width as usize + 2 + TAIL],
            count: 0,
            width,
        };
        places.close(0);
        places
    }

    pub(super) fn as_slice(&self) -> &[u16] {
        &self.padded[HEAD..][..self.count]
    }

    /// Takes elements that grow strictly; `None` when these do not.
    pub(super) fn take(&mut self, elements: &[u32]) -> Option<()> {
        if !elements.is_sorted_by(|left, right| left < right) {
            return None;
        }
        for (place, element) in self.padded[HEAD..].iter_mut().zip(elements) {
            *place = *element as u16;
        }
        self.close(elements.len());
        Some(())
    }

    fn close(&mut self, count: usize) {
        self.count = count;
        self.padded[HEAD + count..][..TAIL].fill(self.width as u16);
    }
}

/// Decodes a row by its differences from `reference`; returns the position after it.
///
/// Vertical codes are taken many at once, or one by one where rows hardly follow the one above, as
/// in dithered pictures. `irregular` grows where the next code is not of the next element above.
///
/// # Safety
///
/// The machine has these features; both rows have the same width.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) unsafe fn decode_2d<const ONE_BY_ONE: bool>(
    bytes: &[u8],
    position: usize,
    reference: &Places,
    row: &mut Places,
    irregular: &mut u32,
) -> Option<(usize, Likeness)> {
    let window = Window::new(bytes, position)?;
    let ones = (!window.bits).leading_zeros() as usize;
    if reference.count < ones.min(56) {
        return Some((position + reference.count + 1, Likeness::Same));
    }
    // SAFETY: both rows have a head of zeros and a tail of widths. Elements grow strictly and stay
    // below the width, so there is room for them all and for a vector beyond; b1 is found before
    // the tail ends because a0 is less than the width.
    unsafe {
        let start = row.padded.as_mut_ptr().add(HEAD);
        let mut walk = Walk {
            window,
            start,
            current: start,
            above: reference.padded.as_ptr().add(HEAD),
            a0: -1,
            width: row.width as i32,
            moves: 0,
            irregular: 0,
        };
        while walk.step::<ONE_BY_ONE>()? {}
        *irregular += walk.irregular;
        let count = walk.current.offset_from(start) as usize;
        let end = walk.window.position();
        let is_same = walk.moves == 0 && count == reference.count;
        row.close(count);
        let likeness = if is_same {
            Likeness::Same
        } else {
            Likeness::Different
        };
        Some((end, likeness))
    }
}

/// Where a two-dimensional row's decoding has come to.
struct Walk<'a> {
    window: Window<'a>,
    /// The row's first element, where white turns to black.
    start: *mut u16,
    /// Where the next element goes.
    current: *mut u16,
    /// The element of the row above that is b1.
    above: *const u16,
    /// -1 before the first pixel.
    a0: i32,
    width: i32,
    /// Not zero when anything but vertical codes without a delta was met.
    moves: u32,
    /// How often b1 was not the next element above.
    irregular: u32,
}

// SAFETY of all methods: the machine has AVX2 and BMI; `above` and `current` walk over rows with
// heads and tails as `decode_2d` has them.
impl Walk<'_> {
    /// Decodes some codes; whether the row goes on. `None` when it is not sound.
    #[inline(always)]
    unsafe fn step<const ONE_BY_ONE: bool>(&mut self) -> Option<bool> {
        self.window.refill()?;
        // SAFETY: see above.
        unsafe {
            if ONE_BY_ONE {
                if !self.verticals_one_by_one()? {
                    return Some(false);
                }
                self.window.refill()?;
            }
            let entry = MODES[(self.window.bits >> (64 - MODES_BITS)) as usize];
            let count = (entry >> 28) as usize;
            if count > 0 {
                if !ONE_BY_ONE && self.verticals(entry, count) {
                    return Some(true);
                }
                self.one_vertical()
            } else if entry == PASS_NEXT {
                self.pass()
            } else if entry == HORIZONTAL_NEXT {
                self.horizontal()
            } else {
                None
            }
        }
    }

    /// Takes an entry's vertical codes, or those after which b1 is the next element above; whether
    /// it took all.
    #[inline(always)]
    unsafe fn verticals(&mut self, entry: u32, count: usize) -> bool {
        let deltas = entry & 0xFF_FFFF;
        // SAFETY: see above.
        unsafe {
            let (a1, fits) = vertical(self.above, deltas, self.a0);
            let taken = count.min(fits / 2);
            if taken == 0 {
                return false;
            }
            _mm_storeu_si128(self.current.cast::<__m128i>(), a1);
            let kept = deltas & ((1 << (3 * taken)) - 1);
            self.moves |= kept ^ (0o33_333_333 & ((1 << (3 * taken)) - 1));
            self.current = self.current.add(taken);
            self.above = self.above.add(taken);
            self.a0 = i32::from(*self.current.sub(1));
            if taken == count {
                self.window.skip(entry >> 24 & 15);
                return true;
            }
            self.window.skip(vertical_len(deltas, taken as u32));
        }
        false
    }

    /// Takes the vertical code that comes next; whether the row goes on.
    #[inline(always)]
    unsafe fn one_vertical(&mut self) -> Option<bool> {
        let code = VERTICALS[(self.window.bits >> (64 - MODE_LOOKUP_BITS)) as usize];
        if code == 0 {
            return None;
        }
        self.window.skip(u32::from(code & 7));
        self.moves |= u32::from(code) ^ VERTICAL_0;
        // SAFETY: see above.
        unsafe {
            let a1 = i32::from(*self.above) + i32::from(code >> 3) - 3;
            if a1 <= self.a0 || a1 >= self.width {
                return (a1 == self.width).then_some(false);
            }
            self.push(a1);
            self.irregular += 1;
            self.above = first_right_of(a1 as u32, self.above.sub(1));
        }
        Some(true)
    }

    /// Takes vertical codes as long as the window holds them; whether the row goes on.
    #[inline(always)]
    unsafe fn verticals_one_by_one(&mut self) -> Option<bool> {
        while self.window.len() >= MODE_LOOKUP_BITS {
            let code = VERTICALS[(self.window.bits >> (64 - MODE_LOOKUP_BITS)) as usize];
            if code == 0 {
                break;
            }
            self.window.skip(u32::from(code & 7));
            self.moves |= u32::from(code) ^ VERTICAL_0;
            // SAFETY: see above.
            unsafe {
                let a1 = i32::from(*self.above) + i32::from(code >> 3) - 3;
                if a1 <= self.a0 || a1 >= self.width {
                    return (a1 == self.width).then_some(false);
                }
                self.push(a1);
                // Nearly always b1 is one of the two next elements of the other colour.
                self.above = self.above.sub(1);
                self.above = self
                    .above
                    .add(2 * usize::from(i32::from(*self.above) <= a1));
                while i32::from(*self.above) <= a1 {
                    self.above = self.above.add(2);
                }
            }
        }
        Some(true)
    }

    /// Takes a pass code, after which the row always goes on.
    #[inline(always)]
    unsafe fn pass(&mut self) -> Option<bool> {
        self.window.skip(4);
        self.moves |= 1;
        // SAFETY: see above.
        unsafe {
            self.a0 = i32::from(*self.above.add(1));
            self.above = self.above.add(2);
        }
        (self.a0 < self.width).then_some(true)
    }

    /// Takes a horizontal code; whether the row goes on.
    #[inline(always)]
    unsafe fn horizontal(&mut self) -> Option<bool> {
        self.window.skip(3);
        self.moves |= 1;
        let begin = self.a0.max(0);
        // SAFETY: see above.
        unsafe {
            let colour = self.current.offset_from(self.start) as usize % 2;
            let room = (self.width - begin) as u32;
            let (first, second) = two_runs(&mut self.window, colour, room)?;
            let a1 = begin + first as i32;
            let a2 = a1 + second as i32;
            if (first == 0 && self.a0 >= 0) || (second == 0 && a1 < self.width) {
                return None;
            }
            if a1 < self.width {
                self.push(a1);
            }
            if a2 == self.width {
                return Some(false);
            }
            self.push(a2);
            self.above = first_right_of(a2 as u32, self.above);
        }
        Some(true)
    }

    #[inline(always)]
    unsafe fn push(&mut self, element: i32) {
        // SAFETY: see above.
        unsafe {
            *self.current = element as u16;
            self.current = self.current.add(1);
        }
        self.a0 = element;
    }
}

/// The places that eight deltas from the elements above lead to, and how many bytes of them, from
/// the first one on, lie right of one another and leave the next element above as b1.
///
/// # Safety
///
/// `above` has a place before it and nine after it.
#[inline]
#[target_feature(enable = "avx2,bmi2")]
unsafe fn vertical(above: *const u16, deltas: u32, a0: i32) -> (__m128i, usize) {
    let deltas = _pdep_u64(u64::from(deltas), 0x0707_0707_0707_0707);
    let deltas = _mm_cvtepu8_epi16(_mm_cvtsi64_si128(deltas as i64));
    let deltas = _mm_sub_epi16(deltas, _mm_set1_epi16(3));
    // SAFETY: the caller's promise.
    let (b1, before, after) = unsafe {
        (
            _mm_loadu_si128(above.cast::<__m128i>()),
            _mm_loadu_si128(above.sub(1).cast::<__m128i>()),
            _mm_loadu_si128(above.add(1).cast::<__m128i>()),
        )
    };
    let a1 = _mm_add_epi16(b1, deltas);
    let a0 = _mm_insert_epi16(_mm_slli_si128(a1, 2), a0, 0);
    let is_next = _mm_andnot_si128(_mm_cmpgt_epi16(before, a1), _mm_cmpgt_epi16(after, a1));
    let fits = _mm_movemask_epi8(_mm_and_si128(is_next, _mm_cmpgt_epi16(a1, a0)));
    (a1, (!fits).trailing_zeros() as usize)
}

/// Bits of the first `count` vertical codes.
#[inline]
#[target_feature(enable = "avx2,bmi2,popcnt")]
fn vertical_len(deltas: u32, count: u32) -> u32 {
    // Table 4/T.4, VL3 to VR3: as many ones as a code is long.
    let masks = _mm_setr_epi8(127, 63, 7, 1, 7, 63, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    let deltas = _pdep_u64(u64::from(deltas), 0x0707_0707_0707_0707);
    let masks = _mm_shuffle_epi8(masks, _mm_cvtsi64_si128(deltas as i64));
    _bzhi_u64(_mm_cvtsi128_si64(masks) as u64, 8 * count).count_ones()
}

/// Two runs of horizontal mode.
#[inline(always)]
fn two_runs(window: &mut Window<'_>, colour: usize, room: u32) -> Option<(u32, u32)> {
    let entry = PAIRS[colour][(window.bits >> (64 - PAIRS_BITS)) as usize];
    if entry != 0 {
        window.skip(u32::from(entry & 15));
        let (first, second) = (u32::from(entry >> 4 & 63), u32::from(entry >> 10));
        return (first + second <= room).then_some((first, second));
    }
    // Of 53 bits, two runs take 50 at most.
    let first = window.run(colour, room)?;
    let second = window.run(1 - colour, room - first)?;
    Some((first, second))
}

/// Decodes a row that stands by itself; returns the position after it.
///
/// # Safety
///
/// The machine has these features.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) unsafe fn decode_1d(bytes: &[u8], position: usize, row: &mut Places) -> Option<usize> {
    let mut window = Window::new(bytes, position)?;
    let width = row.width;
    let mut a0 = 0;
    // SAFETY: elements grow strictly and stay below the width, so there is room for them.
    unsafe {
        let start = row.padded.as_mut_ptr().add(HEAD);
        let mut current = start;
        loop {
            window.refill()?;
            // Four entries take 52 bits at most, and four pairs are what 56 bits hold.
            let mut entry = PAIRS[0][(window.bits >> (64 - PAIRS_BITS)) as usize];
            let mut left = 4;
            while left > 0 {
                let a1 = a0 + u32::from(entry >> 4 & 63);
                let a2 = a1 + u32::from(entry >> 10);
                if entry == 0 || a2 >= width {
                    break;
                }
                window.skip(u32::from(entry & 15));
                entry = PAIRS[0][(window.bits >> (64 - PAIRS_BITS)) as usize];
                current.cast::<u32>().write_unaligned(a1 | a2 << 16);
                current = current.add(2);
                a0 = a2;
                left -= 1;
            }
            if left == 0 {
                continue;
            }
            // Of 56 bits, two runs take 50 at most.
            window.refill()?;
            let a1 = a0 + window.run(0, width - a0)?;
            if a1 == a0 && a0 > 0 {
                return None;
            }
            if a1 == width {
                break;
            }
            let a2 = a1 + window.run(1, width - a1)?;
            if a2 == a1 {
                return None;
            }
            current.cast::<u32>().write_unaligned(a1 | a2 << 16);
            if a2 == width {
                current = current.add(1);
                break;
            }
            current = current.add(2);
            a0 = a2;
        }
        let count = current.offset_from(start) as usize;
        row.close(count);
    }
    Some(window.position())
}
