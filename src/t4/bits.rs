//! Bits in and out: the most significant bit of a word is the first on the line.

use super::BitOrder;

/// Collects codes of up to 56 bits.
#[derive(Clone, Debug, Default)]
pub(super) struct BitWriter {
    /// Whole bytes up to `at`, then room for a word.
    bytes: Vec<u8>,
    at: usize,
    /// Bits of the byte at `at`, first one on top.
    pending: u64,
    pending_len: u32,
}

/// A writer's end for those that write by pointers.
#[cfg(target_arch = "x86_64")]
pub(super) struct OpenBits {
    /// The byte that the pending bits are of.
    pub(super) out: *mut u8,
    /// Bits of that byte, first one on top.
    pub(super) pending: u64,
    /// How many they are, fewer than eight.
    pub(super) pending_len: u64,
}

impl BitWriter {
    /// Most bits put at once.
    pub(super) const BITS_MAX: u32 = 56;

    /// Bytes by which the room grows, at least.
    const STEP: usize = 4096;

    /// Appends the low `len` bits (at most 56); the bits above them must be zero.
    #[inline]
    pub(super) fn put(&mut self, bits: u64, len: u32) {
        debug_assert!(len <= Self::BITS_MAX && bits >> len == 0);
        self.pending_len += len;
        let word = self.pending | bits.wrapping_shl(64 - self.pending_len);
        self.store(word);
        self.at += (self.pending_len / 8) as usize;
        self.pending = word << (self.pending_len & !7);
        self.pending_len %= 8;
    }

    /// Where the next bits go, with so many bytes of room; [`Self::close`] takes what was written.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(super) fn open(&mut self, room: usize) -> OpenBits {
        let end = self.at + room;
        if end > self.bytes.len() {
            self.grow(end);
        }
        OpenBits {
            out: self.bytes[self.at..].as_mut_ptr(),
            pending: self.pending,
            pending_len: u64::from(self.pending_len),
        }
    }

    /// Takes the bits that were written since [`Self::open`], no more than there was room for.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(super) fn close(&mut self, open: &OpenBits) {
        self.at = open.out.addr() - self.bytes.as_ptr().addr();
        self.pending = open.pending;
        self.pending_len = open.pending_len as u32;
    }

    /// Appends `count` ones.
    pub(super) fn put_ones(&mut self, mut count: usize) {
        while count > 56 {
            self.put(u64::MAX >> 8, 56);
            count -= 56;
        }
        self.put((1u64 << count) - 1, count as u32);
    }

    /// Appends zeros until the number of bits is `phase` modulo 8.
    pub(super) fn pad_to(&mut self, phase: u32) {
        self.put(0, phase.wrapping_sub(self.pending_len) % 8);
    }

    /// The bytes, the last one padded with zeros.
    pub(super) fn finish(mut self, order: BitOrder) -> Vec<u8> {
        self.pad_to(0);
        self.bytes.truncate(self.at);
        if order == BitOrder::LsbFirst {
            for byte in &mut self.bytes {
                *byte = byte.reverse_bits();
            }
        }
        self.bytes
    }

    /// Writes a word over the bytes from `at`.
    #[inline]
    fn store(&mut self, word: u64) {
        let end = self.at + 8;
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.bytes[self.at..end].copy_from_slice(&word.to_be_bytes());
    }

    #[cold]
    fn grow(&mut self, end: usize) {
        self.bytes
            .resize((end + Self::STEP).max(2 * self.bytes.len()), 0);
    }
}

/// Reads bits; beyond the end everything is zero.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    /// Bits that [`Self::peek`] always delivers.
    const WINDOW: u32 = 57;

    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next bits, first one on top; at least 57 of them are real or past the end.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        let at = self.position / 8;
        let chunk = match self.bytes.get(at..at + 8) {
            Some(chunk) => chunk.try_into().unwrap_or_default(),
            None => self.tail(at),
        };
        u64::from_be_bytes(chunk) << (self.position % 8)
    }

    /// All bytes, those already read too.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    #[inline]
    pub(super) fn skip(&mut self, bits: u32) {
        self.position += bits as usize;
    }

    /// Bits read so far; beyond the end when more was skipped than there is.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn seek(&mut self, position: usize) {
        self.position = position;
    }

    pub(super) fn align_to_byte(&mut self) {
        self.position = self.position.next_multiple_of(8);
    }

    /// Bits left, zero when the end was passed.
    pub(super) fn remaining(&self) -> usize {
        self.end().saturating_sub(self.position)
    }

    /// Whether more bits were skipped than there were.
    pub(super) fn is_past_end(&self) -> bool {
        self.position > self.end()
    }

    /// Bytes touched so far.
    pub(super) fn bytes_read(&self) -> usize {
        self.position.div_ceil(8).min(self.bytes.len())
    }

    /// Zeros from here to the next one, or `None` when no one follows.
    pub(super) fn zeros_before_one(&self) -> Option<usize> {
        let mut ahead = self.clone();
        while ahead.position < ahead.end() {
            let zeros = ahead.peek().leading_zeros();
            if zeros < Self::WINDOW {
                ahead.skip(zeros);
                return Some(ahead.position - self.position);
            }
            ahead.skip(Self::WINDOW);
        }
        None
    }

    fn end(&self) -> usize {
        self.bytes.len() * 8
    }

    #[cold]
    fn tail(&self, at: usize) -> [u8; 8] {
        let mut chunk = [0; 8];
        let rest = self.bytes.get(at..).unwrap_or_default();
        let taken = rest.len().min(8);
        chunk[..taken].copy_from_slice(&rest[..taken]);
        chunk
    }
}
