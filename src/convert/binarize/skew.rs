//! How far the lines of a page are from level, and making them level.
//!
//! Lines of text that lie level fill some rows and leave others empty. So the black of narrow
//! strips of the page is shifted as each angle would have it and added up row by row; where the
//! sums change most from row to row, the lines are level.

use super::GrayPage;
use super::instructions::Instructions;
use super::simd::{Kernel, run};
use crate::t4::Bitmap;
use crate::units::Resolution;

/// Columns of a strip.
const STRIP: usize = 32;

/// The steepest lines made level, in twentieths of a degree.
const STEPS_MAX: i32 = 100;

/// Twentieths of a degree between the angles that are tried first.
const COARSE_STEP: i32 = 5;

/// Lines less steep, in twentieths of a degree, are left alone: over a page's width they rise by
/// less than a line's x-height, and turning costs some sharpness.
const STEPS_MIN: i32 = 4;

/// How much more the sums must change at the best angle than on average over all.
const CONFIDENCE_MIN: f64 = 1.25;

/// How steep lines are: rows that they fall for each column to the right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Skew {
    rows_per_column: f64,
    /// A row's height over a column's width.
    aspect: f64,
}

impl Skew {
    fn of_steps(steps: i32, resolution: Resolution) -> Self {
        let aspect =
            f64::from(resolution.x_pels_per_metre()) / f64::from(resolution.y_lines_per_metre());
        Self {
            rows_per_column: (f64::from(steps) / 20.0).to_radians().tan() / aspect,
            aspect,
        }
    }
}

/// The skew of a page, when it has one and there is little doubt about it.
pub(super) fn skew(
    instructions: Instructions,
    page: &Bitmap,
    resolution: Resolution,
) -> Option<Skew> {
    let strips = Strips::of(page);
    let score =
        |steps: i32| strips.changes(instructions, Skew::of_steps(steps, resolution), resolution);
    let coarse: Vec<(f64, i32)> = (-STEPS_MAX / COARSE_STEP..=STEPS_MAX / COARSE_STEP)
        .map(|step| (score(step * COARSE_STEP), step * COARSE_STEP))
        .collect();
    let average = coarse.iter().map(|(score, _)| score).sum::<f64>() / coarse.len() as f64;
    let best = |scores: &[(f64, i32)]| {
        scores
            .iter()
            .copied()
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.abs().cmp(&a.1.abs())))
    };
    let (_, near) = best(&coarse)?;
    let fine: Vec<(f64, i32)> = (near - COARSE_STEP + 1..near + COARSE_STEP)
        .map(|steps| (score(steps), steps))
        .collect();
    let (score, steps) = best(&fine)?;
    let is_sure = score > CONFIDENCE_MIN * average;
    let is_worth_it = (STEPS_MIN..=STEPS_MAX).contains(&steps.abs());
    (is_sure && is_worth_it).then(|| Skew::of_steps(steps, resolution))
}

/// Black pixels in each row of each strip.
struct Strips {
    rows: usize,
    /// Strip by strip.
    black: Vec<u8>,
}

impl Strips {
    fn of(page: &Bitmap) -> Self {
        let rows = page.rows() as usize;
        let strips = page.stride().div_ceil(STRIP / 8);
        let mut black = vec![0; strips * rows];
        for (y, row) in page.iter_rows().enumerate() {
            for (strip, bytes) in row.chunks(STRIP / 8).enumerate() {
                black[strip * rows + y] = bytes.iter().map(|byte| byte.count_ones() as u8).sum();
            }
        }
        Self { rows, black }
    }

    /// The squares of the changes from row to row, when lines of this skew are level. Counts rows
    /// that all strips reach at any angle, and sees only shifts of what lies in them.
    fn changes(&self, instructions: Instructions, skew: Skew, resolution: Resolution) -> f64 {
        let strips = self.black.len() / self.rows.max(1);
        let middle = strips as f64 / 2.0 - 0.5;
        let fall = |strip: usize, skew: Skew| {
            ((strip as f64 - middle) * STRIP as f64 * skew.rows_per_column).round() as isize
        };
        let steepest = Skew::of_steps(STEPS_MAX + COARSE_STEP, resolution);
        let steepest = fall(strips.saturating_sub(1), steepest);
        let margin = steepest.unsigned_abs() + 1;
        let Some(rows) = self.rows.checked_sub(2 * margin) else {
            return 0.0;
        };
        let shifted = self.black.chunks_exact(self.rows.max(1)).enumerate();
        let shifted: Vec<&[u8]> = shifted
            .map(|(strip, black)| {
                let from = margin.saturating_add_signed(fall(strip, skew));
                &black[from..from + rows]
            })
            .collect();
        let mut squares = 0;
        let kernel = Changes {
            strips: &shifted,
            sums: &mut vec![0; rows],
            squares: &mut squares,
        };
        run(instructions, kernel);
        squares as f64
    }
}

/// Adds up strips row by row, and the squares of the changes from row to row.
struct Changes<'a> {
    strips: &'a [&'a [u8]],
    /// A zero for each row. The black of a fax page's row takes no more than 16 bits.
    sums: &'a mut [u16],
    squares: &'a mut u64,
}

impl Kernel for Changes<'_> {
    #[inline(always)]
    fn run(self) {
        for strip in self.strips {
            for (sum, &black) in self.sums.iter_mut().zip(*strip) {
                *sum = sum.saturating_add(black.into());
            }
        }
        let below = self.sums.get(1..).unwrap_or_default();
        for (above, below) in self.sums.iter().zip(below) {
            let change = u32::from(above.abs_diff(*below));
            *self.squares += u64::from(change * change);
        }
    }
}

/// The page turned so that lines of this skew are level: columns are shifted up or down, then rows
/// sideways, by parts of a pixel. What comes in over an edge repeats the edge.
pub(super) fn made_level(instructions: Instructions, page: GrayPage<'_>, skew: Skew) -> Vec<u8> {
    let (width, rows) = (page.width, page.rows());
    let mut shifted = vec![0; width * rows];
    let columns = Columns::new(width, skew);
    for (y, line) in shifted.chunks_exact_mut(width).enumerate() {
        let kernel = ShiftColumns {
            page,
            y,
            columns: &columns,
            line,
        };
        run(instructions, kernel);
    }
    let middle = rows as f64 / 2.0;
    let columns_per_row = skew.rows_per_column * skew.aspect * skew.aspect;
    let mut padded = Vec::new();
    for (y, line) in shifted.chunks_exact_mut(width).enumerate() {
        let shift = (y as f64 - middle) * columns_per_row;
        shift_row(instructions, line, shift, &mut padded);
    }
    shifted
}

/// How far each column is shifted: runs of columns by the same whole rows, each by its own part.
struct Columns {
    /// Columns before which a run ends, and its shift in whole rows.
    runs: Vec<(usize, isize)>,
    /// Parts of 256 of the row below.
    parts: Vec<u16>,
}

impl Columns {
    fn new(width: usize, skew: Skew) -> Self {
        let mut columns = Self {
            runs: Vec::new(),
            parts: Vec::with_capacity(width),
        };
        for x in 0..width {
            let shift = (x as f64 - width as f64 / 2.0) * skew.rows_per_column;
            let whole = shift.floor();
            columns.parts.push(((shift - whole) * 256.0) as u16);
            match columns.runs.last_mut() {
                Some((end, run)) if *run == whole as isize => *end = x + 1,
                _ => columns.runs.push((x + 1, whole as isize)),
            }
        }
        columns
    }
}

/// One row of a page whose columns are shifted.
struct ShiftColumns<'a> {
    page: GrayPage<'a>,
    y: usize,
    columns: &'a Columns,
    line: &'a mut [u8],
}

impl Kernel for ShiftColumns<'_> {
    #[inline(always)]
    fn run(self) {
        let last = self.page.rows() - 1;
        let mut begin = 0;
        for &(end, whole) in &self.columns.runs {
            let row = |y: usize| self.page.row(y.saturating_add_signed(whole).min(last));
            let (upper, lower) = (&row(self.y)[begin..end], &row(self.y + 1)[begin..end]);
            mix(
                upper,
                lower,
                &self.columns.parts[begin..end],
                &mut self.line[begin..end],
            );
            begin = end;
        }
    }
}

#[inline(always)]
fn mix(one: &[u8], other: &[u8], parts: &[u16], mixed: &mut [u8]) {
    let count = mixed.len();
    let (one, other, parts) = (&one[..count], &other[..count], &parts[..count]);
    for x in 0..count {
        let sum = u16::from(one[x]) * (256 - parts[x]) + u16::from(other[x]) * parts[x];
        mixed[x] = (sum >> 8) as u8;
    }
}

/// Shifts a row to the right by columns and parts of one.
fn shift_row(instructions: Instructions, line: &mut [u8], shift: f64, padded: &mut Vec<u8>) {
    let width = line.len();
    let whole = shift.floor();
    let part = ((shift - whole) * 256.0) as u16;
    // The pixel at x is mixed of those at x - whole - 1 and x - whole.
    let from = -(whole as isize) - 1;
    padded.clear();
    padded.extend((0..=width).map(|x| line[x.saturating_add_signed(from).min(width - 1)]));
    run(instructions, ShiftRow { padded, part, line });
}

struct ShiftRow<'a> {
    padded: &'a [u8],
    part: u16,
    line: &'a mut [u8],
}

impl Kernel for ShiftRow<'_> {
    #[inline(always)]
    fn run(self) {
        let count = self.line.len();
        let (before, here) = (&self.padded[..count], &self.padded[1..=count]);
        for x in 0..count {
            let sum = u16::from(here[x]) * (256 - self.part) + u16::from(before[x]) * self.part;
            self.line[x] = (sum >> 8) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of dashes, one every 40 rows, that fall by so many rows a column.
    fn lines(rows_per_column: f64) -> Vec<u8> {
        let mut levels = vec![250; 1728 * 1600];
        for x in (100..1600).filter(|x| x % 14 < 9) {
            for line in (100..1500u32).step_by(40) {
                let top = f64::from(line) + (x as f64 - 864.0) * rows_per_column;
                for y in top.round() as usize..top.round() as usize + 14 {
                    levels[y * 1728 + x] = 20;
                }
            }
        }
        levels
    }

    fn black(levels: &[u8]) -> Bitmap {
        let mut page = Bitmap::white(1728, 0);
        for row in levels.chunks_exact(1728) {
            let mut packed = [0u8; 216];
            for (x, level) in row.iter().enumerate() {
                packed[x / 8] |= u8::from(*level < 128) << (7 - x % 8);
            }
            page.push_row(&packed);
        }
        page
    }

    #[test]
    fn skewed_lines_are_found_and_made_level() {
        for degrees in [-5.0_f64, -2.3, -0.5, 0.4, 1.0, 4.6] {
            let rows_per_column = degrees.to_radians().tan() * 7_700.0 / 8_037.0;
            let levels = lines(rows_per_column);
            let found =
                skew(Instructions::best(), &black(&levels), Resolution::Fine).expect("a skew");
            let off = (found.rows_per_column - rows_per_column).abs() * 1728.0;
            assert!(off < 3.0, "{degrees}: {off} rows off over the width");
            for instructions in Instructions::all() {
                let level = made_level(instructions, GrayPage::new(&levels, 1728, 1728), found);
                assert_eq!(
                    skew(Instructions::best(), &black(&level), Resolution::Fine),
                    None,
                    "{degrees}"
                );
            }
        }
    }

    #[test]
    fn level_lines_and_pages_without_lines_are_left_alone() {
        assert_eq!(
            skew(Instructions::best(), &black(&lines(0.0)), Resolution::Fine),
            None
        );
        assert_eq!(
            skew(
                Instructions::best(),
                &Bitmap::white(1728, 1600),
                Resolution::Fine
            ),
            None
        );
        assert_eq!(
            skew(
                Instructions::best(),
                &Bitmap::white(1728, 0),
                Resolution::Fine
            ),
            None
        );
        let mut seed = 1u32;
        let noise: Vec<u8> = (0..1728 * 1600)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        assert_eq!(
            skew(Instructions::best(), &black(&noise), Resolution::Fine),
            None
        );
        // A black margin has no lines, at whatever side.
        let margin: Vec<u8> = (0..1728).map(|x| if x < 180 { 0 } else { 255 }).collect();
        assert_eq!(
            skew(
                Instructions::best(),
                &black(&margin.repeat(2300)),
                Resolution::Fine
            ),
            None
        );
    }
}
