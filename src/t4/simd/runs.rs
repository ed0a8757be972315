//! Rows that are coded by themselves: T.4 §4.1.1.

use super::batch::Task;
use super::elements::Elements;
use super::put::{Put, run_code};
use crate::t4::codes::RUN_MAX;

/// Codes the runs of every task without a row above.
///
/// # Safety
///
/// The machine has these features; from each task's place on, `codes` has room for
/// its codes.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) unsafe fn put_runs(tasks: &mut [Task], elements: &Elements, codes: *mut u8, width: u32) {
    for task in tasks.iter_mut().filter(|task| task.reference.is_none()) {
        // SAFETY: the caller's promise; a row has its elements and a tail after them.
        unsafe {
            let start = codes.add(task.at);
            let mut put = Put::new(start);
            let row = elements.pointer(task.current);
            if width <= RUN_MAX {
                put_row::<false>(&mut put, row, width);
            } else {
                put_row::<true>(&mut put, row, width);
            }
            task.bits = put.bits_from(start);
        }
    }
}

/// # Safety
///
/// `next` points to a row's elements and their tail; `put` has room for their codes.
#[inline(always)]
unsafe fn put_row<const LONG: bool>(put: &mut Put, mut next: *const u16, width: u32) {
    let mut start = 0;
    // SAFETY: the walk ends at the tail; runs are at most `RUN_MAX` where the tables are read.
    unsafe {
        loop {
            let ends = [0, 1, 2, 3].map(|at| u32::from(*next.add(at)));
            if !LONG && ends[3] < width {
                let (first, first_len) = pair_code(ends[0] - start, ends[1] - ends[0]);
                let (second, second_len) = pair_code(ends[2] - ends[1], ends[3] - ends[2]);
                if first_len + second_len <= Put::BITS_MAX {
                    put.put(first | second << first_len, first_len + second_len);
                } else {
                    put.put(first, first_len);
                    put.put(second, second_len);
                }
                start = ends[3];
                next = next.add(4);
                continue;
            }
            let (white_end, black_end) = (u32::from(*next), u32::from(*next.add(1)));
            let (white, black) = (white_end - start, black_end - white_end);
            if white_end == width {
                return put.put_long_run(0, white);
            }
            if white > RUN_MAX || black > RUN_MAX {
                put.put_long_run(0, white);
                put.put_long_run(1, black);
            } else {
                let (bits, len) = pair_code(white, black);
                put.put(bits, len);
            }
            start = black_end;
            if start == width {
                return;
            }
            next = next.add(2);
        }
    }
}

/// The bits of a white run and the black one after it, and how many they are.
///
/// # Safety
///
/// The runs are at most [`RUN_MAX`].
#[inline(always)]
unsafe fn pair_code(white: u32, black: u32) -> (u64, usize) {
    // SAFETY: the caller's promise.
    let ((white, white_len), (black, black_len)) =
        unsafe { (run_code(0, white), run_code(1, black)) };
    (white | black << white_len, white_len + black_len)
}
