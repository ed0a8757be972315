//! Rows without instructions that not every machine has.

use std::hint::select_unpredictable;

use super::codes::MODE_LOOKUP_BITS;
use super::decode::Page;
use super::fast_rows::RowSteps;
use super::lookup::{PAIRS, PAIRS_BITS, RUN_STEPS, RUN_STEPS_BITS, RunStep, VERTICALS};
use super::places::{HEAD, Places};
use super::window::Window;

/// Rows are painted as they come.
#[derive(Clone, Debug)]
pub(super) struct PortableRows {
    /// The changes of one row: in each word, every element changes all pixels from its own on. All
    /// zero between rows.
    changes: Vec<u64>,
}

impl PortableRows {
    pub(super) fn new(width: u32) -> Self {
        Self {
            changes: vec![0; width.div_ceil(64) as usize],
        }
    }

    fn paint(&mut self, elements: &[u16], row: &mut [u8]) {
        // A word is kept at hand, since one just written is slow to read.
        let (mut at, mut word) = (0, 0);
        for element in elements {
            let next = usize::from(element / 64);
            word = select_unpredictable(next == at, word, 0) ^ (u64::MAX >> (element % 64));
            at = next;
            if let Some(changes) = self.changes.get_mut(at) {
                *changes = word;
            }
        }
        let mut colour = 0;
        for (bytes, word) in row.chunks_mut(8).zip(&mut self.changes) {
            let pixels = std::mem::take(word) ^ colour;
            colour = 0u64.wrapping_sub(pixels & 1);
            match bytes.as_chunks_mut().0 {
                [whole] => *whole = pixels.to_be_bytes(),
                _ => bytes.copy_from_slice(&pixels.to_be_bytes()[..bytes.len()]),
            }
        }
    }
}

impl RowSteps for PortableRows {
    #[inline]
    fn decode_1d(&mut self, window: &mut Window<'_>, _: &Places, row: &mut Places) -> Option<()> {
        let count = decode_1d(window, row.width(), row.padded_mut())?;
        row.close(count);
        Some(())
    }

    #[inline]
    fn decode_2d(
        &mut self,
        window: &mut Window<'_>,
        above: &Places,
        row: &mut Places,
    ) -> Option<()> {
        let width = row.width();
        let mut walk = Walk {
            window: *window,
            above: above.padded(),
            b1: HEAD,
            row: row.padded_mut(),
            next: HEAD,
            a0: -1,
            width: width as i32,
        };
        while walk.codes()? {}
        *window = walk.window;
        let count = walk.next - HEAD;
        row.close(count);
        Some(())
    }

    fn push(&mut self, _: &Places, row: &Places, page: &mut Page) {
        let width = row.width();
        page.push_painted(|bytes| {
            let start = bytes.len();
            bytes.resize(start + width.div_ceil(8) as usize, 0);
            self.paint(row.as_slice(), &mut bytes[start..]);
            if let Some(last) = bytes.last_mut() {
                *last &= 0xFF << (width.wrapping_neg() % 8);
            }
        });
    }

    fn repeat(&mut self, count: u32, are_white: bool, page: &mut Page) {
        page.push_repeats(count, are_white);
    }

    fn finish(&mut self, _: &Places, _: &mut Page) {}
}

/// Where a two-dimensional row's decoding has come to.
struct Walk<'a, 'b> {
    window: Window<'b>,
    above: &'a [u16],
    /// Where b1 is among the places above.
    b1: usize,
    row: &'a mut [u16],
    /// Where the next element goes.
    next: usize,
    /// -1 before the first pixel.
    a0: i32,
    width: i32,
}

impl Walk<'_, '_> {
    /// Takes some codes; whether the row goes on. `None` when it is not sound.
    #[inline(always)]
    fn codes(&mut self) -> Option<bool> {
        self.window.refill()?;
        // Of 56 bits, five vertical codes and what may follow take 51.
        for _ in 0..5 {
            let code = VERTICALS[self.window.top(MODE_LOOKUP_BITS)];
            if code == 0 {
                return self.other_code();
            }
            self.window.skip(u32::from(code & 7));
            let a1 = i32::from(self.above[self.b1]) + i32::from(code >> 3) - 3;
            if a1 <= self.a0 || a1 >= self.width {
                return (a1 == self.width).then_some(false);
            }
            self.push(a1);
            if i32::from(self.above[self.b1 - 1] as i16) > a1 {
                self.step_back();
            } else {
                self.b1 += 1;
                self.go_right_of(a1);
            }
        }
        Some(true)
    }

    #[inline(always)]
    fn other_code(&mut self) -> Option<bool> {
        match self.window.top(4) {
            0b0001 => {
                self.window.skip(4);
                self.a0 = i32::from(self.above[self.b1 + 1]);
                self.b1 += 2;
                (self.a0 < self.width).then_some(true)
            }
            0b0010 | 0b0011 => self.horizontal(),
            _ => None,
        }
    }

    #[inline(always)]
    fn horizontal(&mut self) -> Option<bool> {
        self.window.skip(3);
        let colour = (self.b1 - HEAD) % 2;
        let begin = self.a0.max(0);
        let entry = PAIRS[colour][self.window.top(PAIRS_BITS)];
        let mut a1 = begin + i32::from(entry >> 4 & 63);
        let mut a2 = a1 + i32::from(entry >> 10);
        if entry == 0 || a2 >= self.width {
            // Of 56 bits, two runs take 50 at most.
            self.window.refill()?;
            let room = (self.width - begin) as u32;
            let first = self.window.run(colour, room)?;
            let second = self.window.run(1 - colour, room - first)?;
            a1 = begin + first as i32;
            a2 = a1 + second as i32;
            if (first == 0 && self.a0 >= 0) || (second == 0 && a1 < self.width) {
                return None;
            }
            if a2 == self.width {
                if a1 < self.width {
                    self.push(a1);
                }
                return Some(false);
            }
        } else {
            self.window.skip(u32::from(entry & 15));
        }
        self.push(a1);
        self.push(a2);
        self.go_right_of(a2);
        Some(true)
    }

    #[inline(always)]
    fn push(&mut self, element: i32) {
        self.row[self.next] = element as u16;
        self.next += 1;
        self.a0 = element;
    }

    /// Takes the element before as b1, which happens so rarely that one should not wait to know.
    #[cold]
    #[inline(never)]
    fn step_back(&mut self) {
        self.b1 -= 1;
    }

    /// Finds b1 for an a0 that is less than the width, which ends the search.
    #[inline(always)]
    fn go_right_of(&mut self, a0: i32) {
        while i32::from(self.above[self.b1] as i16) <= a0 {
            self.b1 += 2;
        }
    }
}

/// Decodes a row that stands by itself; the number of its elements, or `None` when it is not sound.
#[inline(always)]
fn decode_1d(window: &mut Window<'_>, width: u32, row: &mut [u16]) -> Option<usize> {
    let mut next = HEAD;
    let mut a0 = 0;
    let mut before = RunStep::before(0);
    loop {
        window.refill()?;
        // Of 56 bits, four steps take 48.
        let mut left = 4;
        while left > 0 {
            let step = RUN_STEPS[window.top(RUN_STEPS_BITS) + before.next_table()];
            let a1 = a0 + step.first();
            let a2 = a1 + step.second();
            if a2 >= width {
                break;
            }
            if let Some(places) = row[next..].first_chunk_mut::<2>() {
                *places = [a1 as u16, a2 as u16];
            }
            next += RunStep::count(step.sum());
            window.skip(RunStep::len(step.sum()));
            (a0, before) = (a2, step);
            left -= 1;
        }
        if left == 0 {
            continue;
        }
        for _ in 0..2 {
            let colour = before.next_colour();
            loop {
                window.refill()?;
                let run = window.run_code(colour)?;
                a0 += run;
                if a0 > width {
                    return None;
                }
                if run < 64 {
                    break;
                }
            }
            if a0 == width {
                return Some(next - HEAD);
            }
            // Only the first run may have no pixels.
            if a0 as i32 <= i32::from(row[next - 1] as i16) {
                return None;
            }
            row[next] = a0 as u16;
            next += 1;
            before = RunStep::before(1 - colour);
        }
    }
}
