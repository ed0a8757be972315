//! Rows that stand by themselves to bits (T.4 §4.1.1), many codes at once, however the rows they are
//! of begin and end.
//!
//! Rows come as slots in one sequence: a zero for the end-of-line code, the row's changing elements,
//! and the width, twice where the row would else have an odd number of slots. So each run is the
//! difference of a slot and the one before, white runs end at odd slots, and black ones at even.

use std::arch::x86_64::{
    __m512i, _mm_storel_epi64, _mm512_add_epi32, _mm512_add_epi64, _mm512_and_si512,
    _mm512_cmpgt_epi32_mask, _mm512_cmpgt_epi64_mask, _mm512_cmpneq_epi16_mask,
    _mm512_cvtepi64_epi8, _mm512_loadu_si512, _mm512_mask_mov_epi16,
    _mm512_maskz_permutex2var_epi16, _mm512_or_si512, _mm512_permutex2var_epi64, _mm512_set1_epi16,
    _mm512_set1_epi32, _mm512_set1_epi64, _mm512_setr_epi64, _mm512_sllv_epi32, _mm512_sllv_epi64,
    _mm512_srli_epi16, _mm512_srli_epi32, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi16,
    _mm512_sub_epi64, _mm512_testn_epi16_mask,
};

use crate::t4::bits::BitWriter;
use crate::t4::codes::{Code, MAKE_UPS, TERMINATINGS};

/// Slots whose codes are put at once.
pub(super) const GROUP: usize = 32;

/// Even slots of a group.
const EVEN: u32 = 0x5555_5555;

/// The codes of one kind by their number, `bits << 4 | length`: no bits beyond the lowest twelve of a
/// code are ones.
type Entries = [u16; 64];

static WHITE_TERMINATINGS: Entries = entries(&TERMINATINGS[0], 0);
static BLACK_TERMINATINGS: Entries = entries(&TERMINATINGS[1], 0);

/// By the number of 64 pixels, of which none take no code.
static WHITE_MAKE_UPS: Entries = entries(&MAKE_UPS[0], 1);
static BLACK_MAKE_UPS: Entries = entries(&MAKE_UPS[1], 1);

const fn entry(code: Code) -> u16 {
    assert!(code.bits < 1 << 12, "twelve bits beside the length");
    code.bits << 4 | code.len as u16
}

const fn entries<const N: usize>(codes: &[Code; N], first: usize) -> Entries {
    let mut entries = [0; 64];
    let mut at = 0;
    while at < N {
        entries[first + at] = entry(codes[at]);
        at += 1;
    }
    entries
}

/// How slots become codes.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunCoder {
    width: u16,
    /// What stands for the zero before a row.
    head: u16,
}

impl RunCoder {
    /// A coder of rows of this width, before each of which a code is put, if any.
    pub(super) fn new(width: u16, head: Option<Code>) -> Self {
        Self {
            width,
            head: head.map_or(0, entry),
        }
    }

    /// Puts the codes of slots, the first of which is a row's first.
    ///
    /// # Safety
    ///
    /// The machine has these features. Before the first slot the width can be read, and after the
    /// last one up to a multiple of [`GROUP`] slots with the width.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) unsafe fn put(self, slots: *const u16, count: usize, bits: &mut BitWriter) {
        let mut pieces = Pieces {
            bits: [0; PIECES],
            lens: [0; PIECES],
            count: 0,
        };
        let groups = count.div_ceil(GROUP);
        let mut group = 0;
        while group < groups {
            let end = groups.min(group + GROUPS);
            // Codes are joined and put in turns, so that neither waits for the other.
            // SAFETY: the caller's promise; there is room for the pieces of so many groups.
            unsafe {
                pieces.count = 0;
                while group < end {
                    let at = slots.add(GROUP * group);
                    let before = _mm512_loadu_si512(at.sub(1).cast());
                    pieces.add(self.codes(before, _mm512_loadu_si512(at.cast())));
                    group += 1;
                }
            }
            pieces.put(bits);
        }
    }

    /// The make-up and the terminating codes of a group.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn codes(self, before: __m512i, slots: __m512i) -> [__m512i; 2] {
        let width = _mm512_set1_epi16(self.width as i16);
        // After a row's end there is a head, or nothing but its end once more.
        let is_run = _mm512_cmpneq_epi16_mask(before, width);
        let is_head = _mm512_testn_epi16_mask(slots, slots) & EVEN;
        let run = _mm512_sub_epi16(slots, before);
        let hundreds = _mm512_srli_epi16(run, 6);
        let terminating = _mm512_or_si512(
            look_up(is_run & !EVEN, &WHITE_TERMINATINGS, run),
            look_up(is_run & EVEN, &BLACK_TERMINATINGS, run),
        );
        let make_up = _mm512_or_si512(
            look_up(is_run & !EVEN, &WHITE_MAKE_UPS, hundreds),
            look_up(is_run & EVEN, &BLACK_MAKE_UPS, hundreds),
        );
        let head = _mm512_set1_epi16(self.head as i16);
        [make_up, _mm512_mask_mov_epi16(terminating, is_head, head)]
    }
}

/// The entries at the lowest six bits of each index that is looked at, or zeros.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn look_up(mask: u32, entries: &Entries, index: __m512i) -> __m512i {
    // SAFETY: the table has two vectors.
    unsafe {
        let table = entries.as_ptr().cast::<__m512i>();
        let (low, high) = (
            _mm512_loadu_si512(table.cast()),
            _mm512_loadu_si512(table.add(1).cast()),
        );
        _mm512_maskz_permutex2var_epi16(mask, low, index, high)
    }
}

/// Bits and how many they are, in each lane.
#[derive(Clone, Copy)]
struct Lanes {
    bits: __m512i,
    len: __m512i,
}

/// Groups whose codes are joined before they are put.
const GROUPS: usize = 16;

/// Pieces of so many groups: two slots each at least.
const PIECES: usize = GROUPS * GROUP / 2;

/// Codes joined to as many bits as can be put at once.
struct Pieces {
    /// The bits of each, the first one on top.
    bits: [u64; PIECES],
    lens: [u8; PIECES],
    count: usize,
}

impl Pieces {
    /// Adds the codes of a group.
    ///
    /// # Safety
    ///
    /// The machine has these features; there is room.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
    unsafe fn add(&mut self, [make_up, terminating]: [__m512i; 2]) {
        let low = _mm512_set1_epi32(0xFFFF);
        let even = joined(
            _mm512_and_si512(make_up, low),
            _mm512_and_si512(terminating, low),
        );
        let odd = joined(
            _mm512_srli_epi32(make_up, 16),
            _mm512_srli_epi32(terminating, 16),
        );
        let pairs = Lanes {
            bits: _mm512_or_si512(_mm512_sllv_epi32(even.bits, odd.len), odd.bits),
            len: _mm512_add_epi32(even.len, odd.len),
        };
        let low = _mm512_set1_epi64(0xFFFF_FFFF);
        let second_len = _mm512_srli_epi64(pairs.len, 32);
        let first_bits = _mm512_and_si512(pairs.bits, low);
        let all = Lanes {
            bits: _mm512_or_si512(
                _mm512_sllv_epi64(first_bits, second_len),
                _mm512_srli_epi64(pairs.bits, 32),
            ),
            len: _mm512_and_si512(_mm512_add_epi64(pairs.len, second_len), low),
        };
        let most = _mm512_set1_epi64(i64::from(BitWriter::BITS_MAX));
        let is_long = _mm512_cmpgt_epi32_mask(pairs.len, _mm512_set1_epi32(32))
            | u16::from(_mm512_cmpgt_epi64_mask(all.len, most));
        // SAFETY: the caller's promise.
        unsafe {
            if is_long == 0 {
                self.push(all);
            } else {
                let [first, second] = long_pairs(even, odd);
                self.push(first);
                self.push(second);
            }
        }
    }

    /// Adds the lanes.
    ///
    /// # Safety
    ///
    /// The machine has these features; there is room.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn push(&mut self, lanes: Lanes) {
        let spare = _mm512_sub_epi64(_mm512_set1_epi64(64), lanes.len);
        // SAFETY: the caller's promise.
        unsafe {
            let tops = _mm512_sllv_epi64(lanes.bits, spare);
            _mm512_storeu_si512(self.bits.as_mut_ptr().add(self.count).cast(), tops);
            _mm_storel_epi64(
                self.lens.as_mut_ptr().add(self.count).cast(),
                _mm512_cvtepi64_epi8(lanes.len),
            );
        }
        self.count += 8;
    }
}

impl Pieces {
    /// Puts the pieces.
    #[inline]
    #[target_feature(enable = "bmi2")]
    fn put(&self, bits: &mut BitWriter) {
        let mut open = bits.open(8 * self.count + 8);
        for (piece, len) in self.bits.iter().zip(&self.lens).take(self.count) {
            let end = open.pending_len + u64::from(*len);
            let word = open.pending | piece >> open.pending_len;
            // SAFETY: there is room for a word for each piece, and one more.
            unsafe {
                open.out
                    .cast::<[u8; 8]>()
                    .write_unaligned(word.to_be_bytes());
                open.out = open.out.add((end / 8) as usize);
            }
            open.pending = word << (end & 0x38);
            open.pending_len = end % 8;
        }
        bits.close(&open);
    }
}

/// Joins each two slots where four are too long; the first eight pairs and the others.
#[inline]
#[target_feature(enable = "avx512f")]
fn long_pairs(even: Lanes, odd: Lanes) -> [Lanes; 2] {
    let low = _mm512_set1_epi64(0xFFFF_FFFF);
    let len = _mm512_add_epi32(even.len, odd.len);
    // 25 bits of black and 21 of white at most.
    let first = Lanes {
        bits: _mm512_or_si512(
            _mm512_sllv_epi64(
                _mm512_and_si512(even.bits, low),
                _mm512_and_si512(odd.len, low),
            ),
            _mm512_and_si512(odd.bits, low),
        ),
        len: _mm512_and_si512(len, low),
    };
    let second = Lanes {
        bits: _mm512_or_si512(
            _mm512_sllv_epi64(
                _mm512_srli_epi64(even.bits, 32),
                _mm512_srli_epi64(odd.len, 32),
            ),
            _mm512_srli_epi64(odd.bits, 32),
        ),
        len: _mm512_srli_epi64(len, 32),
    };
    let halves = [
        _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
        _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15),
    ];
    halves.map(|half| Lanes {
        bits: _mm512_permutex2var_epi64(first.bits, half, second.bits),
        len: _mm512_permutex2var_epi64(first.len, half, second.len),
    })
}

/// Joins codes in 32-bit lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn joined(first: __m512i, second: __m512i) -> Lanes {
    let low = _mm512_set1_epi32(15);
    let second_len = _mm512_and_si512(second, low);
    let first_bits = _mm512_srli_epi32(first, 4);
    Lanes {
        bits: _mm512_or_si512(
            _mm512_sllv_epi32(first_bits, second_len),
            _mm512_srli_epi32(second, 4),
        ),
        len: _mm512_add_epi32(_mm512_and_si512(first, low), second_len),
    }
}
