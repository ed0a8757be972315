//! Rows that are coded by their differences from the row above, several in turns: the flow diagram
//! of T.4 §4.2.1.3.4 and T.6 §2.2.4 without branches on what the rows hold.

use std::arch::x86_64::{
    __m128i, _bzhi_u64, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_cmpeq_epi16,
    _mm_cmpgt_epi16, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_min_epu16, _mm_movemask_epi8,
    _mm_packus_epi16, _mm_set1_epi16, _mm_setr_epi8, _mm_shuffle_epi8, _mm_sub_epi16, _pext_u64,
};

use super::batch::Task;
use super::elements::Elements;
use super::put::{Put, mirrored, run_code};
use crate::t4::codes::{HORIZONTAL, PASS, RUN_MAX, VERTICAL};

/// Rows that are worked on in turns.
const LANES: usize = 2;

/// Codes of the vertical modes by `delta + 3`, then pass: `bits << 5 | length`, where the first bit
/// is the lowest.
static MODES: [u32; 8] = {
    let mut table = [mirrored((PASS.bits as u32) << 5 | PASS.len as u32); 8];
    let mut i = 0;
    while i < 7 {
        table[i] = mirrored((VERTICAL[i].bits as u32) << 5 | VERTICAL[i].len as u32);
        i += 1;
    }
    table
};

/// The horizontal mode's three bits, the first one lowest.
const HORIZONTAL_BITS: u64 = (HORIZONTAL.bits.reverse_bits() >> 13) as u64;

/// Where one row's coding has come to.
#[derive(Clone, Copy)]
struct Lane {
    /// The row's first element, where white turns to black.
    start: *const u16,
    /// The next element of the row: a1.
    current: *const u16,
    /// The element of the row above that may be b1.
    reference: *const u16,
    /// Where the last pass code took a0; a0 is the element before a1 when that lies further right.
    edge: u32,
    put: Put,
    task: usize,
}

/// Codes every task that has a row above.
///
/// # Safety
///
/// The machine has these features; from each task's place on, `codes` has room for its
/// codes.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) unsafe fn put_differences(
    tasks: &mut [Task],
    elements: &Elements,
    codes: *mut u8,
    width: u32,
) {
    // SAFETY: the caller's promise. Where no row is wider than the table of runs, no run is.
    unsafe {
        if width <= RUN_MAX {
            put_all::<false>(tasks, elements, codes, width);
        } else {
            put_all::<true>(tasks, elements, codes, width);
        }
    }
}

/// # Safety
///
/// As for [`put_differences`].
#[inline(always)]
unsafe fn put_all<const LONG: bool>(
    tasks: &mut [Task],
    elements: &Elements,
    codes: *mut u8,
    width: u32,
) {
    let mut waiting = 0;
    let Some(first) = open(tasks, &mut waiting, elements, codes) else {
        return;
    };
    let mut lanes = [first; LANES];
    let mut active = 1;
    while active < LANES
        && let Some(lane) = open(tasks, &mut waiting, elements, codes)
    {
        lanes[active] = lane;
        active += 1;
    }
    while active > 0 {
        let mut at = 0;
        while at < active {
            let lane = &mut lanes[at];
            // SAFETY: the lane walks over two rows of `elements` and has room for its codes.
            if unsafe { step::<LONG>(lane, width) } {
                let task = &mut tasks[lane.task];
                // SAFETY: the lane's codes began there.
                task.bits = unsafe { lane.put.bits_from(codes.add(task.at)) };
                if let Some(next) = open(tasks, &mut waiting, elements, codes) {
                    *lane = next;
                } else {
                    active -= 1;
                    lanes[at] = lanes[active];
                    continue;
                }
            }
            at += 1;
        }
    }
}

/// The lane of the next task that has a row above.
#[inline(never)]
fn open(tasks: &[Task], waiting: &mut usize, elements: &Elements, codes: *mut u8) -> Option<Lane> {
    while let Some(task) = tasks.get(*waiting) {
        *waiting += 1;
        if let Some(reference) = task.reference {
            return Some(Lane {
                start: elements.pointer(task.current),
                current: elements.pointer(task.current),
                reference: elements.pointer(reference),
                edge: 0,
                put: Put::new(codes.wrapping_add(task.at)),
                task: *waiting - 1,
            });
        }
    }
    None
}

/// Puts vertical codes, however many follow, and one code of any mode; returns whether the row is done.
///
/// # Safety
///
/// The lane's elements have heads and tails, and its codes room.
#[inline(always)]
unsafe fn step<const LONG: bool>(lane: &mut Lane, width: u32) -> bool {
    // SAFETY: vectors look nine places beyond a row's width at most, where its tail is, and one
    // place before its first element, where its head is. The walk through the row above stops at
    // the first place of the width.
    unsafe {
        let (mut bytes, mut vertical, mut vertical_len) = vertical_codes(lane);
        while bytes == 16 {
            lane.current = lane.current.add(8);
            lane.reference = lane.reference.add(8);
            lane.put.put(vertical, vertical_len);
            (bytes, vertical, vertical_len) = vertical_codes(lane);
        }
        lane.current = lane.current.byte_add(bytes);
        lane.reference = lane.reference.byte_add(bytes);
        let (a1, b2) = (u32::from(*lane.current), u32::from(*lane.reference.add(1)));
        if b2 < a1 {
            lane.reference = lane.reference.add(2);
            lane.edge = b2;
            let pass = u64::from(MODES[7] >> 5) << vertical_len;
            lane.put
                .put(vertical | pass, vertical_len + usize::from(PASS.len));
            return false;
        }
        let delta = a1.wrapping_sub(u32::from(*lane.reference)).wrapping_add(3);
        if delta <= 6 {
            let mode = MODES[delta as usize];
            let bits = vertical | u64::from(mode >> 5) << vertical_len;
            lane.put.put(bits, vertical_len + (mode as usize & 31));
            if a1 == width {
                return true;
            }
            // b1 turns to the other colour now: it is among the neighbours.
            lane.current = lane.current.add(1);
            lane.reference = first_right_of(a1, lane.reference.sub(1));
            return false;
        }
        let a0 = u32::from(*lane.current.sub(1)).max(lane.edge);
        let a2 = u32::from(*lane.current.add(1));
        let colour = lane.current.offset_from(lane.start) as usize % 2;
        if LONG && (a1 - a0 > RUN_MAX || a2 - a1 > RUN_MAX) {
            lane.put.put(vertical, vertical_len);
            put_long_runs(&mut lane.put, [a1 - a0, a2 - a1], colour);
        } else {
            let (first, first_len) = run_code(colour, a1 - a0);
            let (second, second_len) = run_code(colour ^ 1, a2 - a1);
            let bits = HORIZONTAL_BITS | (first | second << first_len) << HORIZONTAL.len;
            let len = usize::from(HORIZONTAL.len) + first_len + second_len;
            if vertical_len + len <= Put::BITS_MAX {
                lane.put
                    .put(vertical | bits << vertical_len, vertical_len + len);
            } else {
                lane.put.put(vertical, vertical_len);
                lane.put.put(bits, len);
            }
        }
        if a2 == width {
            return true;
        }
        lane.current = lane.current.add(2);
        lane.reference = first_right_of(a2, lane.reference);
        false
    }
}

/// The vertical codes after each of which b1 is the next element of the row above: how many bytes
/// of elements they take, their bits and how many those are.
///
/// # Safety
///
/// As for [`step`].
#[inline(always)]
unsafe fn vertical_codes(lane: &Lane) -> (usize, u64, usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let at = |place: *const u16| _mm_loadu_si128(place.cast::<__m128i>());
        let (a1, b1) = (at(lane.current), at(lane.reference));
        let (before, after) = (at(lane.reference.sub(1)), at(lane.reference.add(1)));
        let delta = _mm_add_epi16(_mm_sub_epi16(a1, b1), _mm_set1_epi16(3));
        let is_near = _mm_cmpeq_epi16(_mm_min_epu16(delta, _mm_set1_epi16(6)), delta);
        let is_next = _mm_andnot_si128(_mm_cmpgt_epi16(before, a1), _mm_cmpgt_epi16(after, a1));
        let fits = _mm_movemask_epi8(_mm_and_si128(is_near, is_next));
        let bytes = (!fits).trailing_zeros();

        // Table 4/T.4, VL3 to VR3: the codes' bits, the first one lowest, and ones for as many as
        // there are.
        let bits = _mm_setr_epi8(0x20, 0x10, 2, 1, 6, 0x30, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        let masks = _mm_setr_epi8(127, 63, 7, 1, 7, 63, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        let index = _mm_packus_epi16(delta, delta);
        let bits = _mm_cvtsi128_si64(_mm_shuffle_epi8(bits, index)) as u64;
        let masks = _mm_cvtsi128_si64(_mm_shuffle_epi8(masks, index)) as u64;
        let masks = _bzhi_u64(masks, 4 * bytes);
        let len = masks.count_ones() as usize;
        (bytes as usize, _pext_u64(bits, masks), len)
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

/// Puts a horizontal code whose runs may be too long for one entry of the table.
///
/// # Safety
///
/// As for [`step`].
#[cold]
unsafe fn put_long_runs(put: &mut Put, runs: [u32; 2], colour: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        put.put(HORIZONTAL_BITS, usize::from(HORIZONTAL.len));
        put.put_long_run(colour, runs[0]);
        put.put_long_run(colour ^ 1, runs[1]);
    }
}
