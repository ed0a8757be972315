//! Codes into memory that is known to be large enough.

use crate::t4::codes::{MAKE_UP_2560, RUN_MAX, RUNS};

/// Where the next code goes: whole bytes before `out`, fewer than eight bits pending.
#[derive(Clone, Copy)]
pub(super) struct Put {
    out: *mut u8,
    pending: u64,
    pending_len: u32,
}

impl Put {
    /// Bytes that a put may write beyond the last bit put.
    pub(super) const SLACK: usize = 16;

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
    pub(super) unsafe fn put(&mut self, bits: u64, len: u32) {
        let end = self.pending_len + len;
        let word = self.pending | bits.wrapping_shl(64u32.wrapping_sub(end));
        // SAFETY: the caller's promise.
        unsafe {
            self.out.cast::<u64>().write_unaligned(word.to_be());
            self.out = self.out.add((end / 8) as usize);
        }
        self.pending = word << (end & !7);
        self.pending_len = end % 8;
    }

    /// Appends a run of any length.
    ///
    /// # Safety
    ///
    /// As for [`Self::put`], for each of the run's codes.
    #[cold]
    pub(super) unsafe fn put_long_run(&mut self, colour: usize, mut run: u32) {
        // SAFETY: the caller's promise.
        unsafe {
            while run > RUN_MAX {
                self.put(u64::from(MAKE_UP_2560.bits), u32::from(MAKE_UP_2560.len));
                run -= 2560;
            }
            let entry = RUNS[colour][run as usize];
            self.put(u64::from(entry >> 5), entry & 31);
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
        bytes as usize * 8 + self.pending_len as usize
    }
}
