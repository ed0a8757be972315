//! Shaded areas of drawn pages: the bars of a chart, the ground of a table's row.
//!
//! An area that text stands on becomes white; dots would make the text illegible. An area without
//! is screened, since its shade is all that it says. Where a little stands on a large area, dots
//! keep away from it.

use super::areas::connected;
use super::drawn::{CONTRAST_MIN, GROUND_MIN};
use super::extremes::{Extremes, Pick, any_is_in, around};
use super::instructions::Instructions;

/// Cells nowhere lighter than this are shaded.
const SHADE_MAX: u8 = 244;

/// Text has ink in this many cells at least, and in one of so many of its area.
const TEXT_CELLS_MIN: usize = 12;
const TEXT_CELLS_SHARE: usize = 25;

/// Cells of white between ink and dots.
const HALO: usize = 2;

/// Which cells are screened, if any is.
pub(super) fn screened(instructions: Instructions, cells: &Extremes) -> Option<Vec<bool>> {
    let columns = cells.columns;
    if !any_is_in(instructions, &cells.lightest, GROUND_MIN..=SHADE_MAX) {
        return None;
    }
    let is_shade = |level: &u8| (GROUND_MIN..=SHADE_MAX).contains(level);
    let mut is_shaded: Vec<bool> = cells.lightest.iter().map(is_shade).collect();
    let near = |marks: &[bool], reach, pick| -> Vec<bool> {
        let marks: Vec<u8> = marks.iter().map(|&mark| u8::from(mark)).collect();
        let near = around(instructions, &marks, columns, reach, pick);
        near.into_iter().map(|mark| mark != 0).collect()
    };
    let is_inner = near(&is_shaded, 1, Pick::Darkest);
    let has_ink =
        |cell: usize| is_inner[cell] && cells.lightest[cell] - cells.darkest[cell] >= CONTRAST_MIN;
    let mut is_dotted = vec![false; is_shaded.len()];
    let mut is_ink = is_dotted.clone();
    for start in 0..is_shaded.len() {
        if !is_shaded[start] {
            continue;
        }
        let area = connected(&mut is_shaded, columns, start);
        // Parts of wide letters have no inside.
        if !area.iter().any(|&cell| is_inner[cell]) {
            continue;
        }
        let ink: Vec<usize> = area.iter().copied().filter(|&cell| has_ink(cell)).collect();
        if ink.len() >= TEXT_CELLS_MIN && ink.len() * TEXT_CELLS_SHARE >= area.len() {
            continue;
        }
        for cell in area {
            is_dotted[cell] = true;
        }
        for cell in ink {
            is_ink[cell] = true;
        }
    }
    // The cells that an area ends in are partly white, which the screen leaves white.
    let mut is_dotted = near(&is_dotted, 1, Pick::Lightest);
    let is_halo = near(&is_ink, HALO, Pick::Lightest);
    for (is_dotted, is_halo) in is_dotted.iter_mut().zip(is_halo) {
        *is_dotted &= !is_halo;
    }
    is_dotted.contains(&true).then_some(is_dotted)
}
