//! Thresholds for pages that were drawn: sharp, but for ink that is pale and ground that is shaded.
//!
//! A drawn page has no noise. So the lightest level of a neighbourhood is its ground and the
//! darkest its ink, however close they are, and what covers a pixel to more than 37 % is black, as
//! it is with black ink on white at [`TEXT_THRESHOLD`].

use super::TEXT_THRESHOLD;
use super::extremes::{Extremes, Pick, any_is_in, around};
use super::instructions::Instructions;
use super::simd::{Kernel, run};
use super::surface::Surface;

/// Ink from this level down is as good as black.
const INK_BLACK: u8 = 96;

/// Ground below this level is an area of ink itself.
pub(super) const GROUND_MIN: u8 = 110;

/// The least difference between ground and ink.
pub(super) const CONTRAST_MIN: u8 = 20;

/// How far ground is looked for, in cells, so that wide letters have some.
const GROUND_REACH: usize = 2;

/// The thresholds of a page, when one for all of it does not do.
pub(super) fn thresholds(instructions: Instructions, cells: &Extremes) -> Option<Surface> {
    let columns = cells.columns;
    let pick = |cells: &[u8], reach, pick| around(instructions, cells, columns, reach, pick);
    let ink = pick(&cells.darkest, 1, Pick::Darkest);
    let is_shaded = any_is_in(instructions, &cells.lightest, 0..=254);
    let pale_on_white = INK_BLACK..=255 - CONTRAST_MIN;
    if !is_shaded && !any_is_in(instructions, &ink, pale_on_white) {
        return None;
    }
    // Letters that are wider than a cell close, shaded areas stay and grow by a cell: their own
    // edge is no ink.
    let ground = if is_shaded {
        let closed = pick(&cells.lightest, GROUND_REACH, Pick::Lightest);
        pick(&closed, GROUND_REACH + 1, Pick::Darkest)
    } else {
        vec![255; ink.len()]
    };
    let mut thresholds = vec![TEXT_THRESHOLD; ink.len()];
    let kernel = Separate {
        ground: &ground,
        ink: &ink,
        thresholds: &mut thresholds,
    };
    run(instructions, kernel);
    Some(Surface::new(columns, thresholds))
}

/// Puts a threshold between ground and ink.
struct Separate<'a> {
    ground: &'a [u8],
    ink: &'a [u8],
    thresholds: &'a mut [u8],
}

impl Kernel for Separate<'_> {
    #[inline(always)]
    fn run(self) {
        let count = self.thresholds.len();
        let (ground, ink) = (&self.ground[..count], &self.ink[..count]);
        for cell in 0..count {
            self.thresholds[cell] = threshold(ground[cell], ink[cell]);
        }
    }
}

#[inline(always)]
fn threshold(ground: u8, ink: u8) -> u8 {
    let ink = if is_pale(ground, ink) { ink } else { 0 };
    let (level, ink) = (u16::from(ground), u16::from(ink));
    // The share of 255 that lies above the threshold for black ink on white, rounded up.
    let covered = divided_by_255((level - ink) * u16::from(255 - TEXT_THRESHOLD) + 254);
    let threshold = (level - covered.min(level)) as u8;
    if ground < GROUND_MIN {
        TEXT_THRESHOLD
    } else {
        threshold
    }
}

/// A number below 65,280 divided by 255, rounded down.
#[inline(always)]
fn divided_by_255(number: u16) -> u16 {
    (number + 1 + (number >> 8)) >> 8
}

#[inline(always)]
fn is_pale(ground: u8, ink: u8) -> bool {
    ink >= INK_BLACK && ground.saturating_sub(ink) >= CONTRAST_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisions_are_those_of_the_machine() {
        for number in 0..65280 {
            assert_eq!(divided_by_255(number), number / 255, "{number}");
        }
    }
}
