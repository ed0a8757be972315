//! Codes into memory that is known to be large enough, the first bit of the line lowest.

use crate::t4::codes::{MAKE_UP_2560, RUN_MAX, RUNS};

/// Run codes by length and colour, `bits << 5 | length`, where the first bit is the lowest.
static RUN_CODES: [[u32; 2]; RUN_MAX as usize + 1] = {
    let mut table = [[0; 2]; RUN_MAX as usize + 1];
    let mut run = 0;
    while run < table.len() {
        table[run] = [mirrored(RUNS[0][run]), mirrored(RUNS[1][run])];
        run += 1;
    }
    table
};

/// Where the next code goes: whole bytes before `out`, fewer than eight bits pending.
#[derive(Clone, Copy)]
pub(super) struct Put {
    out: *mut u8,
    pending: u64,
    pending_len: usize,
}

impl Put {
    /// Most bits put at once.
    pub(super) const BITS_MAX: usize = 56;

    /// Bytes after the last bit put that may be written here or when bytes are reversed.
    pub(super) const SLACK: usize = 48;

    pub(super) fn new(out: *mut u8) -> Self {
        Self {
            out,
            pending: 0,
            pending_len: 0,
        }
    }

    /// Appends the low `len` bits (at most 56) of `bits`, whose other bits are zero.
    ///
    /// # Safety
    ///
    /// Eight bytes can be written where the code begins.
    #[inline(always)]
    pub(super) unsafe fn put(&mut self, bits: u64, len: usize) {
        let word = self.pending | bits << self.pending_len;
        let end = self.pending_len + len;
        // SAFETY: the caller's promise.
        unsafe {
            self.out.cast::<u64>().write_unaligned(word.to_le());
            self.out = self.out.add(end / 8);
        }
        self.pending = word >> (end - end % 8);
        self.pending_len = end % 8;
    }

    /// Appends a run of any length.
    ///
    /// # Safety
    ///
    /// As for [`Self::put`], for each of the run's codes.
    #[cold]
    pub(super) unsafe fn put_long_run(&mut self, colour: usize, mut run: u32) {
        let make_up = mirrored(u32::from(MAKE_UP_2560.bits) << 5 | u32::from(MAKE_UP_2560.len));
        // SAFETY: the caller's promise.
        unsafe {
            while run > RUN_MAX {
                self.put(u64::from(make_up >> 5), make_up as usize & 31);
                run -= 2560;
            }
            let (bits, len) = run_code(colour, run);
            self.put(bits, len);
        }
    }

    /// Bits put since `start`, where the first one went.
    ///
    /// # Safety
    ///
    /// `start` is what [`Self::new`] was given.
    pub(super) unsafe fn bits_from(&self, start: *mut u8) -> usize {
        // SAFETY: both point into the same memory.
        let bytes = unsafe { self.out.offset_from(start) };
        bytes as usize * 8 + self.pending_len
    }
}

/// The bits and length of a run's code.
///
/// # Safety
///
/// The colour is 0 or 1, and the run at most [`RUN_MAX`].
#[inline(always)]
pub(super) unsafe fn run_code(colour: usize, run: u32) -> (u64, usize) {
    // SAFETY: the caller's promise.
    let entry = unsafe { *RUN_CODES.get_unchecked(run as usize).get_unchecked(colour) };
    (u64::from(entry >> 5), entry as usize & 31)
}

/// `bits << 5 | length` with the bits in the opposite order.
pub(super) const fn mirrored(entry: u32) -> u32 {
    let len = entry & 31;
    (entry >> 5).reverse_bits() >> (32 - len) << 5 | len
}
