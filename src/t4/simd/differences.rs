//! Rows that are coded by their differences from the row above, several in turns: the flow diagram
//! of T.4 §4.2.1.3.4 and T.6 §2.2.4 without branches on what the rows hold.

use std::arch::x86_64::{
    __m128i, _bzhi_u64, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_cmpgt_epi16,
    _mm_cvtsi128_si64, _mm_loadu_si128, _mm_movemask_epi8, _mm_packs_epi16, _mm_packus_epi16,
    _mm_set1_epi16, _mm_setr_epi8, _mm_shuffle_epi8, _mm_sub_epi16, _pext_u64,
};
use std::hint::select_unpredictable as select;

use super::batch::Task;
use super::elements::Elements;
use super::put::Put;
use crate::t4::codes::{HORIZONTAL, PASS, RUN_MAX, RUNS, VERTICAL};

/// Rows that are worked on in turns.
const LANES: usize = 4;

/// Codes of the vertical modes by `delta + 3`, then pass: `bits << 8 | length`.
static MODES: [u32; 8] = {
    let mut table = [(PASS.bits as u32) << 8 | PASS.len as u32; 8];
    let mut i = 0;
    while i < 7 {
        table[i] = (VERTICAL[i].bits as u32) << 8 | VERTICAL[i].len as u32;
        i += 1;
    }
    table
};

/// Where one row's coding has come to.
#[derive(Clone, Copy)]
struct Lane {
    /// The next element of the row: a1.
    current: *const u16,
    /// The element of the row above that may be b1.
    reference: *const u16,
    a0: u32,
    /// 0 when a0 is white.
    colour: usize,
    put: Put,
    task: usize,
}

/// Codes every task that has a row above.
///
/// # Safety
///
/// The machine has these features; from each task's place on, `codes` has room for its codes.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) unsafe fn put_differences(
    tasks: &mut [Task],
    elements: &Elements,
    codes: *mut u8,
    width: u32,
) {
    let mut waiting = 0;
    let mut open = |tasks: &[Task]| {
        while let Some(task) = tasks.get(waiting) {
            waiting += 1;
            if let Some(reference) = task.reference {
                return Some(Lane {
                    current: elements.pointer(task.current),
                    reference: elements.pointer(reference),
                    a0: 0,
                    colour: 0,
                    // SAFETY: the task's place lies within `codes`.
                    put: Put::new(unsafe { codes.add(task.at) }),
                    task: waiting - 1,
                });
            }
        }
        None
    };
    let Some(first) = open(tasks) else { return };
    let mut lanes = [first; LANES];
    let mut active = 1;
    while active < LANES
        && let Some(lane) = open(tasks)
    {
        lanes[active] = lane;
        active += 1;
    }
    while active > 0 {
        let mut at = 0;
        while at < active {
            let lane = &mut lanes[at];
            // SAFETY: the lane walks over two rows of `elements` and has room for its codes.
            if unsafe { step(lane, width) } {
                let task = &mut tasks[lane.task];
                // SAFETY: the lane's codes began there.
                task.bits = unsafe { lane.put.bits_from(codes.add(task.at)) };
                match open(tasks) {
                    Some(next) => *lane = next,
                    None => {
                        active -= 1;
                        lanes[at] = lanes[active];
                        continue;
                    }
                }
            }
            at += 1;
        }
    }
}

/// Puts up to eight vertical codes and one code of any mode; returns whether the row is done.
///
/// # Safety
///
/// The lane's elements have heads and tails, and its codes room.
#[inline(always)]
unsafe fn step(lane: &mut Lane, width: u32) -> bool {
    // SAFETY: vectors look nine places beyond a row's width at most, where its tail is, and one
    // place before its first element, where its head is. The walk through the row above stops at
    // the first place of the width.
    unsafe {
        let count = put_vertical(lane);
        let (current, reference) = (lane.current.add(count), lane.reference.add(count));
        let a0 = select(count > 0, u32::from(*current.sub(1)), lane.a0);
        let colour = lane.colour ^ (count & 1);
        let (a1, a2) = (u32::from(*current), u32::from(*current.add(1)));
        let (b1, b2) = (u32::from(*reference), u32::from(*reference.add(1)));
        let before_b1 = u32::from(*reference.sub(1));

        let is_pass = b2 < a1;
        let delta = a1.wrapping_sub(b1).wrapping_add(3);
        let is_near = is_pass | (delta <= 6);
        let (first, second) = (a1 - a0, a2 - a1);
        let mode = *MODES.get_unchecked((select(is_pass, 7, delta) & 7) as usize);
        if first > RUN_MAX || second > RUN_MAX {
            put_any(lane, is_near, mode, [first, second], colour);
        } else {
            let first = *RUNS.get_unchecked(colour).get_unchecked(first as usize);
            let second = *RUNS.get_unchecked(colour ^ 1).get_unchecked(second as usize);
            let (first_len, second_len) = (first & 31, second & 31);
            let runs = (u64::from(HORIZONTAL.bits) << first_len | u64::from(first >> 5))
                << second_len
                | u64::from(second >> 5);
            let bits = select(is_near, u64::from(mode >> 8), runs);
            let runs_len = u32::from(HORIZONTAL.len) + first_len + second_len;
            lane.put.put(bits, select(is_near, mode & 255, runs_len));
        }
        let taken = select(is_near, usize::from(!is_pass), 2);
        lane.current = current.add(taken);
        lane.colour = colour ^ (taken & 1);
        lane.a0 = select(is_pass, b2, select(is_near, a1, a2));
        if lane.a0 >= width {
            return true;
        }
        let beside = select(before_b1 > a1, -1, 1);
        let moved = select(is_pass, 2, select(is_near, beside, 0));
        lane.reference = first_right_of(lane.a0, reference.offset(moved));
        false
    }
}

/// Puts the vertical codes after each of which b1 is the next element of the row above; returns
/// how many they are.
///
/// # Safety
///
/// As for [`step`].
#[inline(always)]
unsafe fn put_vertical(lane: &mut Lane) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let at = |place: *const u16| _mm_loadu_si128(place.cast::<__m128i>());
        let (a1, b1) = (at(lane.current), at(lane.reference));
        let (before, after) = (at(lane.reference.sub(1)), at(lane.reference.add(1)));
        let delta = _mm_add_epi16(_mm_sub_epi16(a1, b1), _mm_set1_epi16(3));
        let is_near = _mm_and_si128(
            _mm_cmpgt_epi16(delta, _mm_set1_epi16(-1)),
            _mm_cmpgt_epi16(_mm_set1_epi16(7), delta),
        );
        let is_next = _mm_andnot_si128(_mm_cmpgt_epi16(before, a1), _mm_cmpgt_epi16(after, a1));
        let fits = _mm_and_si128(is_near, is_next);
        let fits = _mm_movemask_epi8(_mm_packs_epi16(fits, fits)) as u32 & 0xFF;
        let count = (!fits).trailing_zeros();

        // Table 4/T.4, VL3 to VR3: the codes' bits, and ones for as many as there are.
        let bits = _mm_setr_epi8(2, 2, 2, 1, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        let masks = _mm_setr_epi8(127, 63, 7, 1, 7, 63, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        let index = _mm_packus_epi16(delta, delta);
        let bits = _mm_cvtsi128_si64(_mm_shuffle_epi8(bits, index)) as u64;
        let masks = _mm_cvtsi128_si64(_mm_shuffle_epi8(masks, index)) as u64;
        let masks = _bzhi_u64(masks, 8 * count).swap_bytes();
        lane.put.put(_pext_u64(bits.swap_bytes(), masks), masks.count_ones());
        count as usize
    }
}

/// The first element from `reference` on, in steps of two, that lies right of `a0`.
///
/// # Safety
///
/// Such an element is there: `a0` is less than the width.
#[inline(always)]
unsafe fn first_right_of(a0: u32, mut reference: *const u16) -> *const u16 {
    let a0 = _mm_set1_epi16(a0 as i16);
    // SAFETY: the caller's promise, and the tail is longer than a vector.
    unsafe {
        loop {
            let right = _mm_cmpgt_epi16(_mm_loadu_si128(reference.cast::<__m128i>()), a0);
            let right = _mm_movemask_epi8(right) as u32 & 0x1111;
            if right != 0 {
                return reference.byte_add(right.trailing_zeros() as usize);
            }
            reference = reference.add(8);
        }
    }
}

/// Puts a code whose runs may be too long for one entry of the table.
///
/// # Safety
///
/// As for [`step`].
#[cold]
unsafe fn put_any(lane: &mut Lane, is_near: bool, mode: u32, runs: [u32; 2], colour: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if is_near {
            lane.put.put(u64::from(mode >> 8), mode & 255);
        } else {
            lane.put.put(u64::from(HORIZONTAL.bits), u32::from(HORIZONTAL.len));
            lane.put.put_long_run(colour, runs[0]);
            lane.put.put_long_run(colour ^ 1, runs[1]);
        }
    }
}
