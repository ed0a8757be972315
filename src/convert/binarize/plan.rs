//! What is done to each part of a page.

use super::adaptive::{Reach, sauvola};
use super::grid::{CELL, Grid};
use super::instructions::Instructions;
use super::pack::pack_row;
use super::screen::{PERIOD, Screen};
use super::surface::Surface;
use super::{GrayPage, Hints, PageSource, TEXT_THRESHOLD};
use crate::t4::Bitmap;
use crate::units::{Resolution, ToneMode};

/// How a page becomes black and white.
pub(super) enum Plan {
    /// By one threshold.
    Sharp,
    /// By thresholds that follow the paper.
    Follow(Surface),
    /// By dots.
    Dots(Screen),
}

impl Plan {
    /// Decides by the mode and by what the page looks like.
    pub(super) fn make(
        instructions: Instructions,
        page: GrayPage<'_>,
        mode: ToneMode,
        resolution: Resolution,
        hints: &Hints,
    ) -> Self {
        match (mode, hints.source) {
            (ToneMode::Text, _) | (ToneMode::Auto, PageSource::Drawn) => Self::Sharp,
            (ToneMode::Photo, _) => Self::Dots(Screen::new(resolution)),
            (ToneMode::Scan, _) | (ToneMode::Auto, PageSource::Scanned) => {
                let grid = Grid::of(instructions, page);
                Self::Follow(sauvola(&grid, Reach::at(resolution)))
            }
        }
    }

    /// Does to the page what was decided.
    pub(super) fn carry_out(&self, instructions: Instructions, page: GrayPage<'_>) -> Bitmap {
        let row_bytes = page.width.div_ceil(8);
        let mut packed = vec![0; page.rows() * row_bytes];
        let mut thresholds = vec![TEXT_THRESHOLD; page.width.next_multiple_of(CELL)];
        for (y, packed) in packed.chunks_exact_mut(row_bytes).enumerate() {
            match self {
                Self::Sharp => {}
                Self::Follow(surface) => surface.row(instructions, y, &mut thresholds),
                Self::Dots(screen) => {
                    for part in thresholds.chunks_exact_mut(PERIOD) {
                        part.copy_from_slice(screen.row(y));
                    }
                }
            }
            pack_row(instructions, page.row(y), &thresholds[..page.width], packed);
        }
        Bitmap::from_packed(page.width(), packed)
    }
}
