//! Rows that stand by themselves, all of a page (MH), by AVX-512.

use super::run_codes::{GROUP, RunCoder};
use super::words::{self, Words};
use crate::t4::bits::BitWriter;
use crate::t4::codes::EOL;
use crate::t4::path::Level;
use crate::t4::schedule::{Announced, Schedule};
use crate::t4::{Coding, EncodeOptions};

/// Words after which the rows are coded: with their slots they should stay in the nearest cache.
const WORDS_MAX: usize = 1 << 9;

/// The coder of a page of rows that stand by themselves.
#[derive(Clone, Debug)]
pub(in crate::t4) struct OwnRows {
    words: Words,
    slots: Vec<u16>,
    coder: RunCoder,
    bits: BitWriter,
    schedule: Schedule,
    options: EncodeOptions,
    width: u32,
}

impl OwnRows {
    /// A coder for a page that it can code, on machines of this level.
    pub(in crate::t4) fn new(width: u32, level: Level, options: EncodeOptions) -> Option<Self> {
        let schedule = Schedule::new(options);
        let is_taken = level == Level::Avx512
            && options.coding == Coding::Mh
            && !schedule.aligns_rows()
            && !schedule.aligns_eols()
            && width <= words::WIDTH_MAX;
        is_taken.then(|| {
            let head = ({ schedule }.next().0 != Announced::Bare).then_some(EOL);
            Self {
                words: Words::new(width, 1, 1),
                slots: Vec::new(),
                coder: RunCoder::new(width as u16, head),
                bits: BitWriter::default(),
                schedule,
                options,
                width,
            }
        })
    }

    /// Adds packed rows, one after the other; their bits beyond the width are zero.
    pub(in crate::t4) fn add(&mut self, rows: &[u8]) {
        let mut rest = rows;
        loop {
            // SAFETY: there is such a coder only where the machine has the instructions.
            rest = unsafe { self.words.add_up_to(WORDS_MAX, rest) };
            if !self.words.is_full(WORDS_MAX) {
                break;
            }
            self.code();
        }
    }

    /// Ends the page and returns its bytes.
    pub(in crate::t4) fn finish(mut self) -> Vec<u8> {
        self.code();
        for _ in 0..self.schedule.end().1 {
            self.bits.put(u64::from(EOL.bits), u32::from(EOL.len));
        }
        self.bits.finish(self.options.bit_order)
    }

    /// Codes the waiting rows.
    fn code(&mut self) {
        /// Slots before the first row's first.
        const BEFORE: usize = 1;
        self.slots.clear();
        self.slots
            .reserve(BEFORE + 1 + self.words.places_max() + words::SPILL.max(GROUP));
        // SAFETY: there is such a coder only where the machine has the instructions. There is room
        // for all slots and what is spilled; all that are read are written: the head of the next
        // row becomes the first of the group's last ones.
        unsafe {
            let slots = self.slots.as_mut_ptr();
            slots.write(self.width as u16);
            let first = slots.add(BEFORE);
            first.write(0);
            let end = self.words.write(first.add(1));
            let count = end.offset_from(first) as usize - 1;
            let rest = first.add(count).cast::<[u16; GROUP]>();
            rest.write_unaligned([self.width as u16; GROUP]);
            self.coder.put(first, count, &mut self.bits);
        }
    }
}
