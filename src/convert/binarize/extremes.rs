//! The darkest and lightest levels of cells, and of what lies around them.

use super::instructions::Instructions;
use super::simd::{Kernel, run};

/// The darkest and lightest level of each cell, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extremes {
    /// Cells in a row.
    pub(super) columns: usize,
    pub(super) darkest: Vec<u8>,
    pub(super) lightest: Vec<u8>,
}

impl Extremes {
    /// The darkest and the lightest levels of each row of cells.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = (&mut [u8], &mut [u8])> {
        let darkest = self.darkest.chunks_exact_mut(self.columns);
        darkest.zip(self.lightest.chunks_exact_mut(self.columns))
    }
}

/// Whether any value is one of these.
pub(super) fn any_is_in(
    instructions: Instructions,
    values: &[u8],
    range: std::ops::RangeInclusive<u8>,
) -> bool {
    let mut is_any = false;
    let kernel = Find {
        values,
        range,
        is_any: &mut is_any,
    };
    run(instructions, kernel);
    is_any
}

struct Find<'a> {
    values: &'a [u8],
    range: std::ops::RangeInclusive<u8>,
    is_any: &'a mut bool,
}

impl Kernel for Find<'_> {
    #[inline(always)]
    fn run(self) {
        let (first, last) = (*self.range.start(), *self.range.end());
        let mut any = 0;
        // To look at all is faster than to stop at the first: it is done many at a time.
        for value in self.values {
            any |= u8::from(*value >= first) & u8::from(*value <= last);
        }
        *self.is_any = any != 0;
    }
}

/// What is picked of a neighbourhood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    Darkest,
    Lightest,
}

/// For each cell the darkest or lightest value of those up to `reach` rows and columns away.
pub(super) fn around(
    instructions: Instructions,
    cells: &[u8],
    columns: usize,
    reach: usize,
    pick: Pick,
) -> Vec<u8> {
    let mut picked = cells.to_vec();
    let mut column_picks = cells.to_vec();
    for _ in 0..reach {
        run(
            instructions,
            Neighbours {
                columns,
                pick,
                column_picks: &mut column_picks,
                picked: &mut picked,
            },
        );
    }
    picked
}

/// Puts picks of each cell and the eight around it in its place.
struct Neighbours<'a> {
    columns: usize,
    pick: Pick,
    /// Room for as many cells.
    column_picks: &'a mut [u8],
    picked: &'a mut [u8],
}

impl Kernel for Neighbours<'_> {
    #[inline(always)]
    fn run(self) {
        match self.pick {
            Pick::Darkest => self.pick_by(u8::min),
            Pick::Lightest => self.pick_by(u8::max),
        }
    }
}

impl Neighbours<'_> {
    /// Rows are short for vectors: all of them are taken as one, and their ends set right.
    #[inline(always)]
    fn pick_by(self, pick: impl Fn(u8, u8) -> u8) {
        let columns = self.columns;
        let count = self.picked.len();
        let column_picks = &mut self.column_picks[..count];
        column_picks.copy_from_slice(self.picked);
        join(
            &mut column_picks[columns..],
            &self.picked[..count - columns],
            &pick,
        );
        join(
            &mut column_picks[..count - columns],
            &self.picked[columns..],
            &pick,
        );
        self.picked.copy_from_slice(column_picks);
        join(&mut self.picked[1..], &column_picks[..count - 1], &pick);
        join(&mut self.picked[..count - 1], &column_picks[1..], &pick);
        let rows = self.picked.chunks_exact_mut(columns);
        for (picked, row) in rows.zip(column_picks.chunks_exact(columns)) {
            let last = columns - 1;
            picked[0] = pick(row[0], row[last.min(1)]);
            picked[last] = pick(row[last], row[last.saturating_sub(1)]);
        }
    }
}

/// Picks of each value and another.
#[inline(always)]
fn join(values: &mut [u8], others: &[u8], pick: impl Fn(u8, u8) -> u8) {
    for (value, other) in values.iter_mut().zip(others) {
        *value = pick(*value, *other);
    }
}
