//! Rows of many short runs that hardly follow the one above, as in dithered pictures: the elements
//! of the row above are bits, of which the next one is found in less time than in a list.

use std::hint::select_unpredictable;

use super::differences::first_right_of;
use super::paint::Strokes;
use super::two_dimensional::Walk;
use crate::t4::codes::MODE_LOOKUP_BITS;
use crate::t4::lookup::{PAIRS, PAIRS_BITS, VERTICAL_PAIRS, VERTICAL_PAIRS_BITS, VERTICALS};
use crate::t4::places::Places;
use crate::t4::window::Window;

/// The elements of a row as bits, the first pixel's lowest: those that turn black, and those that
/// turn white.
#[derive(Clone, Debug)]
pub(super) struct ElementBits {
    turning: [Vec<u64>; 2],
}

impl ElementBits {
    pub(super) fn new(width: u32) -> Self {
        // A bit for each pixel and for the width, and a word that windows may reach to.
        let words = (width as usize / 64 + 2).next_multiple_of(8);
        Self {
            turning: [vec![0; words], vec![0; words]],
        }
    }

    /// Takes a row's elements, and the imaginary ones at its end.
    ///
    /// # Safety
    ///
    /// The row's width is that of the bits.
    #[inline(always)]
    unsafe fn take(&mut self, row: &Places) {
        let mut at = [0; 2];
        let mut bits = [0; 2];
        let width = row.width() as usize;
        let words = self.turning.each_mut().map(|words| {
            words.fill(0);
            words.as_mut_ptr()
        });
        // SAFETY: elements are less than the width, of which there are copies after them, and there
        // is a bit for each pixel and for the width.
        unsafe {
            let mut next = row.first();
            let end = next.add(row.count());
            while next < end {
                for colour in 0..2 {
                    let place = usize::from(*next.add(colour));
                    let word = select_unpredictable(place / 64 == at[colour], bits[colour], 0);
                    bits[colour] = word | 1 << (place % 64);
                    at[colour] = place / 64;
                    *words[colour].add(at[colour]) = bits[colour];
                }
                next = next.add(2);
            }
            for words in words {
                *words.add(width / 64) |= 1 << (width % 64);
            }
        }
    }

    /// The elements from a place on that turn to the colour opposite to this one, the first pixel's
    /// lowest: as many as there are in the next 57 pixels, and maybe some more.
    ///
    /// # Safety
    ///
    /// The place is not beyond the width.
    #[inline(always)]
    unsafe fn from(&self, place: usize, colour: usize) -> u64 {
        // SAFETY: the caller's promise; a word follows that of the width.
        unsafe {
            let bytes = self.turning[colour].as_ptr().cast::<u8>().add(place / 8);
            bytes.cast::<u64>().read_unaligned() >> (place % 8)
        }
    }
}

/// Decodes a row by its differences from `reference`; `None` when it is not sound.
///
/// # Safety
///
/// The machine has AVX2 and BMI, and with `WIDE` AVX-512; both rows have the same width, which is
/// that of the bits.
#[inline(always)]
pub(super) unsafe fn decode_dense<const WIDE: bool>(
    window: &mut Window<'_>,
    reference: &Places,
    row: &mut Places,
    strokes: &mut Strokes,
    bits: &mut ElementBits,
) -> Option<()> {
    // SAFETY: the caller's promise.
    unsafe {
        bits.take(reference);
        if WIDE && strokes.len() == reference.count() {
            strokes.paint_bits(&bits.turning);
        }
        let mut walk = Walk::<WIDE>::new(window, reference, row, strokes);
        let sound = run(&mut walk, row.first(), bits);
        *strokes = walk.strokes;
        sound?;
        walk.end(window, row);
    }
    Some(())
}

/// Pairs of vertical codes between looks at the bits of the row above: with another code after all
/// but one of them, 52 of the window's 56 bits.
const PAIRS_MAX: usize = 4;

/// Pixels after which the bits are looked at again, so that the next element is mostly seen.
const REACH: i32 = 24;

/// Decodes all codes of a row whose first element has this place; `None` when it is not sound.
///
/// # Safety
///
/// As for [`decode_dense`].
#[inline(always)]
unsafe fn run<const WIDE: bool>(
    walk: &mut Walk<'_, WIDE>,
    first: *const u16,
    bits: &ElementBits,
) -> Option<()> {
    loop {
        walk.window.refill()?;
        // SAFETY: a0 is less than the width, and elements that turn out to be wrong are no more
        // than the tail has places for.
        unsafe {
            let mut ahead = Ahead::of(walk, first, bits);
            let mut pairs = 0;
            let mut goes_on = true;
            while goes_on && pairs < PAIRS_MAX && ahead.a0 < walk.a0 + REACH {
                let entry = u32::from(VERTICAL_PAIRS[ahead.window.top(VERTICAL_PAIRS_BITS)]);
                if entry != 0 {
                    ahead.pair(entry);
                    pairs += 1;
                } else {
                    ahead.other_code(first);
                    goes_on = false;
                }
            }
            if ahead.farthest <= FARTHEST && ahead.a0 < walk.width {
                walk.window = ahead.window;
                walk.current = ahead.current;
                walk.a0 = ahead.a0;
                continue;
            }
            find_above(walk, first);
            for _ in 0..=2 * pairs {
                walk.window.refill()?;
                if !walk.one_code()? {
                    return Some(());
                }
            }
        }
    }
}

/// Finds b1 in the list of the row above.
///
/// # Safety
///
/// As for [`decode_dense`]; `above` was b1 of an earlier place.
#[inline(always)]
unsafe fn find_above<const WIDE: bool>(walk: &mut Walk<'_, WIDE>, first: *const u16) {
    // SAFETY: the caller's promise: b1 lies no further back than one place, and the tail ends the
    // search.
    unsafe {
        let count = walk.current.cast_const().offset_from(first);
        let before = walk.above.offset_from(walk.above_start);
        let near = walk.above.offset(-((count ^ before) & 1));
        walk.above = first_right_of(walk.a0 as u32, near);
    }
}

/// Most pixels between two elements that are found in a window: where it shows none, there are 61 at
/// least.
const FARTHEST: u32 = 60;

/// Vertical codes on the assumption that they are sound and b1 is near.
struct Ahead<'a> {
    window: Window<'a>,
    current: *mut u16,
    a0: i32,
    /// The elements right of a0 that may be b1, the pixel after a0 lowest.
    near: u64,
    /// Those that turn to the other colour.
    other: u64,
    /// Most pixels between an element and the next one, or more than [`FARTHEST`] when a code was not
    /// as assumed.
    farthest: u32,
}

impl<'a> Ahead<'a> {
    /// # Safety
    ///
    /// As for [`decode_dense`].
    #[inline(always)]
    unsafe fn of<const WIDE: bool>(
        walk: &Walk<'a, WIDE>,
        first: *const u16,
        bits: &ElementBits,
    ) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let colour = walk.current.cast_const().offset_from(first) as usize % 2;
            let place = (walk.a0 + 1) as usize;
            Self {
                window: walk.window,
                current: walk.current,
                a0: walk.a0,
                near: bits.from(place, colour),
                other: bits.from(place, 1 - colour),
                farthest: 0,
            }
        }
    }

    /// Takes the two codes of an entry.
    ///
    /// # Safety
    ///
    /// Two elements can be written.
    #[inline(always)]
    unsafe fn pair(&mut self, entry: u32) {
        self.window.skip_by(entry, entry & 15);
        let first = self.vertical(entry >> 6 & 7);
        let second = self.vertical(entry >> 9);
        // SAFETY: the caller's promise.
        unsafe {
            *self.current = first;
            *self.current.add(1) = second;
            self.current = self.current.add(2);
        }
    }

    /// Takes a code of any mode, after which the bits must be looked at again.
    ///
    /// # Safety
    ///
    /// Two elements can be written after those since the row's first one.
    #[inline(always)]
    unsafe fn other_code(&mut self, first: *const u16) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.window.top(4) {
                0b0000 | 0b0100.. => {
                    let code = u32::from(VERTICALS[self.window.top(MODE_LOOKUP_BITS)]);
                    if code == 0 {
                        return self.give_up();
                    }
                    self.window.skip(code & 7);
                    *self.current = self.vertical(code >> 3);
                    self.current = self.current.add(1);
                }
                0b0001 => {
                    self.window.skip(4);
                    let b1 = self.near.trailing_zeros() + 1;
                    let b2 = self.other.unbounded_shr(b1).trailing_zeros() + 1;
                    self.farthest = self.farthest.max(b1 + b2);
                    self.a0 = self.a0.wrapping_add_unsigned(b1 + b2);
                }
                _ => {
                    let colour = self.current.cast_const().offset_from(first) as usize % 2;
                    let next = self.window.bits << 3 >> (64 - PAIRS_BITS);
                    let entry = u32::from(PAIRS[colour][next as usize]);
                    if entry == 0 {
                        return self.give_up();
                    }
                    self.window.skip(3 + (entry & 15));
                    let a1 = self.a0.max(0) as u32 + (entry >> 4 & 63);
                    let a2 = a1 + (entry >> 10);
                    let both = self.current.cast::<u32>();
                    both.write_unaligned(a1 & 0xFFFF | a2 << 16);
                    self.current = self.current.add(2);
                    self.a0 = a2 as i32;
                }
            }
        }
    }

    /// Leaves the codes to be taken otherwise.
    #[inline(always)]
    fn give_up(&mut self) {
        self.farthest = u32::MAX;
    }

    /// Takes a code by its `delta + 3`; returns its element.
    #[inline(always)]
    fn vertical(&mut self, delta: u32) -> u16 {
        // 0 and more where there is an element near enough and a1 is right of a0.
        let beyond = (self.near.trailing_zeros() + delta).wrapping_sub(3);
        self.farthest = self.farthest.max(beyond);
        let run = beyond.wrapping_add(1);
        (self.near, self.other) = (self.other.wrapping_shr(run), self.near.wrapping_shr(run));
        self.a0 = self.a0.wrapping_add_unsigned(run);
        self.a0 as u16
    }
}
