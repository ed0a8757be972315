//! Rows that wait to be coded together: their codes do not depend on one another's, so several
//! are worked on in turns and the latency of one hides behind the others.

use super::differences::put_differences;
use super::elements::{Elements, Segment, reverse_bits_of};
use super::put::Put;
use super::runs::put_runs;
use crate::t4::path::Level;

/// Most rows in a batch.
const ROWS_MAX: usize = 256;

/// Places of elements after which a batch is full: they should stay in the nearest cache.
const PLACES_MAX: usize = 1 << 15;

#[derive(Clone, Debug)]
/// Rows waiting, in their order.
pub(in crate::t4) struct Batch {
    elements: Elements,
    above: Segment,
    rows: Vec<Row>,
    pub(super) tasks: Vec<Task>,
    codes: Vec<u8>,
    width: u32,
}

/// What is put for a row.
#[derive(Clone, Copy, Debug)]
enum Row {
    Ones(usize),
    Task(usize),
}

/// A row's codes.
pub(in crate::t4) enum Content<'a> {
    /// So many ones.
    Ones(usize),
    /// The first so many bits of these bytes, behind which there are at least eight more.
    Bits(&'a [u8], usize),
}

/// A row to be coded.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) current: Segment,
    /// The row above, unless the row stands by itself.
    pub(super) reference: Option<Segment>,
    /// Where its codes go.
    pub(super) at: usize,
    /// How many bits they are.
    pub(super) bits: usize,
}

impl Batch {
    /// # Panics
    ///
    /// If the level is the portable one.
    pub(in crate::t4) fn new(width: u32, level: Level) -> Self {
        assert!(level != Level::Portable, "a level with vectors");
        let (elements, above) = Elements::new(width, level);
        Self {
            elements,
            above,
            rows: Vec::with_capacity(ROWS_MAX),
            tasks: Vec::with_capacity(ROWS_MAX),
            codes: Vec::new(),
            width,
        }
    }

    /// Whether the rows must be taken before more are added.
    pub(in crate::t4) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS_MAX || self.elements.len() >= PLACES_MAX
    }

    /// Adds a row that is coded by itself: the one given, or the one above once more.
    pub(in crate::t4) fn push_1d(&mut self, changed: Option<&[u8]>) {
        if let Some(row) = changed {
            self.above = self.elements.read(row);
        } else if let Some(Row::Task(last)) = self.rows.last()
            && self.tasks[*last].reference.is_none()
        {
            return self.rows.push(Row::Task(*last));
        }
        self.push_task(self.above, None);
    }

    /// Adds a row that is coded by its differences from the row above.
    pub(in crate::t4) fn push_2d(&mut self, row: &[u8]) {
        let current = self.elements.read(row);
        self.push_task(current, Some(self.above));
        self.above = current;
    }

    /// Adds `count` rows that equal the row above, coded by their (no) differences from it.
    pub(in crate::t4) fn push_same_2d(&mut self, count: usize) {
        // Every changing element lies under its like, and so does the end of the row.
        self.rows.push(Row::Ones(count * (self.above.count() + 1)));
    }

    fn push_task(&mut self, current: Segment, reference: Option<Segment>) {
        self.rows.push(Row::Task(self.tasks.len()));
        self.tasks.push(Task {
            current,
            reference,
            at: 0,
            bits: 0,
        });
    }

    /// Codes the waiting rows and hands them out in their order.
    pub(in crate::t4) fn take(&mut self, mut each: impl FnMut(Content<'_>)) {
        let mut end = 0;
        for task in &mut self.tasks {
            task.at = end;
            end += codes_bytes_max(task, self.width);
        }
        if self.codes.len() < end + 8 {
            self.codes.resize(end + 8, 0);
        }
        // SAFETY: the codes of each task have room from its place on, and the level says which
        // instructions the machine has; both coders have the features of either level at least.
        unsafe {
            let codes = self.codes.as_mut_ptr();
            put_differences(&mut self.tasks, &self.elements, codes, self.width);
            put_runs(&mut self.tasks, &self.elements, codes, self.width);
            for task in &self.tasks {
                reverse_bits_of(codes.add(task.at), task.bits.div_ceil(8));
            }
        }
        for row in self.rows.drain(..) {
            each(match row {
                Row::Ones(count) => Content::Ones(count),
                Row::Task(index) => {
                    let task = &self.tasks[index];
                    Content::Bits(&self.codes[task.at..], task.bits)
                }
            });
        }
        self.tasks.clear();
        self.above = self.elements.keep(self.above);
    }
}

/// Most bytes of a row's codes, and what [`Put`] may write beyond them.
///
/// A pass code (4 bits) takes two elements of the row above; a vertical code (at most 7) takes one
/// of the row; a horizontal code takes two with 3 bits and two runs of at most 25 bits, besides 12
/// for each 2560 pixels. A row by itself has a run more than elements.
fn codes_bytes_max(task: &Task, width: u32) -> usize {
    let above = task.reference.map_or(0, Segment::count);
    let bits =
        4 * (above / 2 + 2) + 28 * (task.current.count() + 4) + 12 * (width as usize / 2560 + 2);
    bits / 8 + Put::SLACK
}
