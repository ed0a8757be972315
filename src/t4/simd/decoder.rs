//! Rows of codes to changing elements on the assumption that they are sound: whatever is not, or
//! not quite, is left to the careful decoder, so that damage means the same on every path.

use std::arch::x86_64::{
    __m128i, _bzhi_u64, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_cmpgt_epi16,
    _mm_cvtepu8_epi16, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_insert_epi16, _mm_loadu_si128,
    _mm_movemask_epi8, _mm_set1_epi16, _mm_setr_epi8, _mm_setzero_si128, _mm_shuffle_epi8,
    _mm_slli_si128, _mm_storeu_si128, _mm_sub_epi16, _pdep_u64,
};

use super::differences::first_right_of;
use super::lookup::{
    HORIZONTAL_NEXT, MODES, MODES_BITS, PAIRS, PAIRS_BITS, PASS_NEXT, VERTICAL_0, VERTICALS,
};
use super::window::Window;
use crate::t4::codes::{MODE_LOOKUP, MODE_LOOKUP_BITS, Mode};
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
    let mut window = Window::new(bytes, position)?;
    let ones = (!window.bits).leading_zeros() as usize;
    if reference.count < ones.min(56) {
        return Some((position + reference.count + 1, Likeness::Same));
    }
    let width = row.width;
    // SAFETY: both rows have a head of zeros and a tail of widths. Elements grow strictly and stay
    // below the width, so there is room for them all and for a vector beyond; b1 is found before
    // the tail ends because a0 is less than the width.
    unsafe {
        let start = row.padded.as_mut_ptr().add(HEAD);
        let mut current = start;
        let mut above = reference.padded.as_ptr().add(HEAD);
        let mut a0 = -1i32;
        let mut moves = 0;
        'row: loop {
            window.refill()?;
            if ONE_BY_ONE {
                while window.len() >= MODE_LOOKUP_BITS {
                    let code = VERTICALS[(window.bits >> (64 - MODE_LOOKUP_BITS)) as usize];
                    if code == 0 {
                        break;
                    }
                    window.skip(u32::from(code & 7));
                    let a1 = i32::from(*above) + i32::from(code >> 3) - 3;
                    moves |= u32::from(code) ^ VERTICAL_0;
                    if a1 <= a0 || a1 >= width as i32 {
                        if a1 == width as i32 {
                            break 'row;
                        }
                        return None;
                    }
                    *current = a1 as u16;
                    current = current.add(1);
                    a0 = a1;
                    above = above.sub(1);
                    above = above.add(2 * usize::from(i32::from(*above) <= a1));
                    while i32::from(*above) <= a1 {
                        above = above.add(2);
                    }
                }
                window.refill()?;
            }
            let entry = MODES[(window.bits >> (64 - MODES_BITS)) as usize];
            let count = (entry >> 28) as usize;
            if count > 0 {
                let deltas = entry & 0xFF_FFFF;
                let (a1, fits) = if ONE_BY_ONE {
                    (_mm_setzero_si128(), 0)
                } else {
                    vertical(above, deltas, a0)
                };
                if !ONE_BY_ONE && fits >= 2 * count {
                    _mm_storeu_si128(current.cast::<__m128i>(), a1);
                    moves |= deltas ^ (0o33_333_333 & ((1u32 << (3 * count)) - 1));
                    window.skip(entry >> 24 & 15);
                    current = current.add(count);
                    above = above.add(count);
                    a0 = i32::from(*current.sub(1));
                    continue;
                }
                if !ONE_BY_ONE && fits > 0 {
                    _mm_storeu_si128(current.cast::<__m128i>(), a1);
                    let taken = _bzhi_u64(u64::from(deltas), 3 * (fits as u32 / 2)) as u32;
                    moves |= taken ^ (0o33_333_333 & ((1u32 << (3 * (fits / 2))) - 1));
                    window.skip(vertical_len(deltas, fits as u32 / 2));
                    current = current.byte_add(fits);
                    above = above.byte_add(fits);
                    a0 = i32::from(*current.sub(1));
                }
                let (mode, len) = MODE_LOOKUP[(window.bits >> (64 - MODE_LOOKUP_BITS)) as usize];
                let Mode::Vertical(delta) = mode else {
                    return None;
                };
                let a1 = i32::from(*above) + i32::from(delta);
                if a1 <= a0 || a1 > width as i32 {
                    return None;
                }
                window.skip(u32::from(len));
                moves |= u32::from(delta != 0);
                if a1 == width as i32 {
                    break;
                }
                *current = a1 as u16;
                current = current.add(1);
                a0 = a1;
                *irregular += 1;
                above = first_right_of(a1 as u32, above.sub(1));
            } else if entry == PASS_NEXT {
                window.skip(4);
                a0 = i32::from(*above.add(1));
                if a0 >= width as i32 {
                    return None;
                }
                above = above.add(2);
                moves |= 1;
            } else if entry == HORIZONTAL_NEXT {
                window.skip(3);
                let colour = current.offset_from(start) as usize % 2;
                let begin = a0.max(0) as u32;
                let (first, second) = two_runs(&mut window, colour, width - begin)?;
                let (a1, a2) = (begin + first, begin + first + second);
                if (first == 0 && a0 >= 0) || (second == 0 && a1 < width) {
                    return None;
                }
                moves |= 1;
                *current = a1 as u16;
                *current.add(1) = a2 as u16;
                current = current.add(usize::from(a1 < width) + usize::from(a2 < width));
                if a2 == width {
                    break;
                }
                a0 = a2 as i32;
                above = first_right_of(a2, above);
            } else {
                return None;
            }
        }
        let count = current.offset_from(start) as usize;
        row.close(count);
        let is_same = moves == 0 && count == reference.count;
        let likeness = if is_same {
            Likeness::Same
        } else {
            Likeness::Different
        };
        Some((window.position(), likeness))
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
