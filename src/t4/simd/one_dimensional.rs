//! Rows that stand by themselves to changing elements, on the assumption that they are sound.

use super::paint::Strokes;
use crate::t4::lookup::{RUN_STEPS, RUN_STEPS_BITS, RunStep};
use crate::t4::places::Places;
use crate::t4::window::Window;

/// Decodes a row that stands by itself; `None` when it is not sound. What is painted meanwhile fills
/// the time that codes wait for one another.
///
/// # Safety
///
/// The machine has AVX2 and BMI; what the strokes are of is still there.
#[inline(always)]
pub(super) unsafe fn decode_1d<const WIDE: bool>(
    window: &mut Window<'_>,
    row: &mut Places,
    strokes: &mut Strokes,
) -> Option<()> {
    let mut walk = Walk {
        window: *window,
        current: row.first_mut(),
        a0: 0,
        before: RunStep::before(0),
        width: row.width(),
    };
    // SAFETY: the caller's promise.
    unsafe { walk.run::<WIDE>(strokes)? };
    *window = walk.window;
    // SAFETY: `current` came from the first element's place.
    let count = unsafe { walk.current.offset_from(row.first()) } as usize;
    row.close(count);
    Some(())
}

/// Where a row's decoding has come to.
struct Walk<'a> {
    window: Window<'a>,
    /// Where the next element goes.
    current: *mut u16,
    a0: u32,
    before: RunStep,
    width: u32,
}

impl Walk<'_> {
    /// Decodes all codes of the row; `None` when it is not sound.
    ///
    /// # Safety
    ///
    /// As for [`decode_1d`].
    #[inline(always)]
    unsafe fn run<const WIDE: bool>(&mut self, strokes: &mut Strokes) -> Option<()> {
        let mut painting = *strokes;
        let sound = loop {
            if self.window.refill().is_none() {
                break None;
            }
            let mut sum = 0;
            // SAFETY: elements grow strictly and stay below the width, so there is room for them
            // and for two more. Of 56 bits, four steps take 48.
            let is_ended = unsafe {
                let mut goes_on = self.step(&mut sum);
                if goes_on {
                    goes_on = self.step(&mut sum);
                    painting.paint_some::<WIDE, 4>();
                    if goes_on {
                        goes_on = self.step(&mut sum);
                        if goes_on {
                            goes_on = self.step(&mut sum);
                            painting.paint_some::<WIDE, 4>();
                        }
                    }
                }
                self.end_steps(sum);
                if goes_on {
                    continue;
                }
                self.runs_one_by_one()
            };
            match is_ended {
                Some(false) => {}
                Some(true) => break Some(()),
                None => break None,
            }
        };
        *strokes = painting;
        sound
    }

    /// Takes a step after those of the sum, if it does not end the row and is sound; whether it did.
    ///
    /// # Safety
    ///
    /// There is room for two elements.
    #[inline(always)]
    unsafe fn step(&mut self, sum: &mut u32) -> bool {
        let step = RUN_STEPS[self.window.top(RUN_STEPS_BITS) + self.before.next_table()];
        let a1 = self.a0 + step.first();
        let a2 = a1 + step.second();
        if a2 >= self.width {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe {
            let place = self.current.add(RunStep::count(*sum));
            place.cast::<u32>().write_unaligned(a1 | a2 << 16);
        }
        self.a0 = a2;
        self.before = step;
        self.window.bits = self.window.bits.wrapping_shl(step.sum());
        *sum += step.sum() & 0x3FF;
        true
    }

    /// Goes over the codes and runs of the steps of a sum.
    #[inline(always)]
    fn end_steps(&mut self, sum: u32) {
        self.window.shorten(RunStep::len(sum));
        self.current = self.current.wrapping_add(RunStep::count(sum));
    }

    /// Takes the runs of a step one by one; whether the row is at its end. `None` when it is not
    /// sound.
    ///
    /// # Safety
    ///
    /// There is room for two elements.
    #[inline(always)]
    unsafe fn runs_one_by_one(&mut self) -> Option<bool> {
        for _ in 0..2 {
            let colour = self.before.next_colour();
            loop {
                self.window.refill()?;
                let run = self.window.run_code(colour)?;
                self.a0 += run;
                if self.a0 > self.width {
                    return None;
                }
                if run < 64 {
                    break;
                }
            }
            if self.a0 == self.width {
                return Some(true);
            }
            // SAFETY: the caller's promise, and a place lies before the first.
            unsafe {
                // Only the first run may have no pixels.
                if self.a0 as i32 <= i32::from(*self.current.sub(1) as i16) {
                    return None;
                }
                *self.current = self.a0 as u16;
                self.current = self.current.add(1);
            }
            self.before = RunStep::before(1 - colour);
        }
        Some(false)
    }
}
