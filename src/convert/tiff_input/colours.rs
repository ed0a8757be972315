//! How much of an image is coloured: what a fax of it loses.

use std::cell::Cell;

use crate::convert::survey::CHROMA_MIN;

/// One row in so many is looked at: enough for a share, and next to nothing in time.
const ROWS_BETWEEN: u64 = 8;

/// Counts coloured pixels in some of the rows that are painted.
#[derive(Debug, Default)]
pub(super) struct Colours {
    rows: Cell<u64>,
    pixels: Cell<u64>,
    coloured: Cell<u64>,
}

impl Colours {
    /// Counts this row, or passes it over. `is_coloured` tells of each of its pixels.
    pub(super) fn row<I: Iterator<Item = bool>>(&self, is_coloured: impl FnOnce() -> I) {
        let row = self.rows.get();
        self.rows.set(row + 1);
        if !row.is_multiple_of(ROWS_BETWEEN) {
            return;
        }
        let (mut pixels, mut coloured) = (0, 0);
        for is_coloured in is_coloured() {
            pixels += 1;
            coloured += u64::from(is_coloured);
        }
        self.pixels.set(self.pixels.get() + pixels);
        self.coloured.set(self.coloured.get() + coloured);
    }

    /// Coloured pixels of those seen, from 0 to 1; absent when none was seen.
    pub(super) fn share(&self) -> Option<f32> {
        let pixels = self.pixels.get();
        (pixels > 0).then(|| self.coloured.get() as f32 / pixels as f32)
    }
}

/// Whether these primaries, from 0 to 255, make a colour.
pub(super) fn of_primaries(primaries: [i32; 3]) -> bool {
    let [a, b, c] = primaries;
    a.max(b).max(c) - a.min(b).min(c) >= i32::from(CHROMA_MIN)
}

/// Whether these differences from a grey make a colour (ITU-T T.871 §7, `YCbCr` to RGB).
pub(super) fn of_differences(blue: i32, red: i32) -> bool {
    let green = -(344 * blue + 714 * red) / 1000;
    of_primaries([1402 * red / 1000, green, 1772 * blue / 1000])
}

/// Whether this hue of CIE L*a*b* is a colour: about as far from grey as `CHROMA_MIN` is in sRGB.
pub(super) fn of_hue(red_green: i8, yellow_blue: i8) -> bool {
    const CHROMA_SQUARED_MIN: i32 = 16 * 16;
    let square = |hue: i8| i32::from(hue) * i32::from(hue);
    square(red_green) + square(yellow_blue) >= CHROMA_SQUARED_MIN
}
