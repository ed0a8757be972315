//! Weighted sums of a line, eight pixels of the result at a time where there are vectors for it.

use super::simd;
use super::taps::Taps;
use crate::convert::binarize::Instructions;

/// Pixels of a group.
pub(super) const GROUP: usize = 8;

/// Weights of a pixel in a group, zeros included.
pub(super) const WEIGHTS: usize = 4;

/// Source pixels that half a group may draw on: what vectors look up in.
pub(super) const REACH: usize = 16;

/// Sums of a line's levels for each pixel of a result.
pub(super) struct LineSums<'a> {
    taps: &'a Taps,
    instructions: Instructions,
    /// Groups from the first on that vectors can do.
    groups: Vec<Group>,
}

/// How eight pixels are made, four in each half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The first source pixel of each half.
    pub(super) first: [u32; 2],
    /// For each pixel where its first and second source pixel lie from there on, as bytes of a word
    /// each; between them [`NONE`].
    pub(super) places: [[u8; 4]; GROUP],
    /// The weights of these two, and of the two after them.
    pub(super) near: [[i16; 2]; GROUP],
    pub(super) far: [[i16; 2]; GROUP],
}

/// The place of no source pixel.
const NONE: u8 = 0x80;

impl<'a> LineSums<'a> {
    /// Sums by `taps` of lines of so many levels.
    pub(super) fn new(instructions: Instructions, taps: &'a Taps, line_len: usize) -> Self {
        let groups = if simd::has_group_sums(instructions) {
            let group = |number: usize| Group::new(taps, number * GROUP, line_len);
            (0..taps.len() / GROUP).map_while(group).collect()
        } else {
            Vec::new()
        };
        Self {
            taps,
            instructions,
            groups,
        }
    }

    /// Weighted means of a line, of weights whose sum is 2 to the power of 15.
    pub(super) fn means(&self, line: &[u8], row: &mut [u8]) {
        let done = simd::means(self.instructions, &self.groups, line, row);
        let (_, rest) = row.split_at_mut(done);
        let pixels = done..done + rest.len();
        self.taps.sums(line, pixels, |x, sum| {
            rest[x] = ((sum + (1 << 14)) >> 15) as u8;
        });
    }

    /// Which of eight pixels from `GROUP * number` on have a sum of `sum_min` or more, the leftmost
    /// one highest.
    #[inline]
    pub(super) fn reach(&self, line: &[u8], number: usize, sum_min: u32) -> u8 {
        if let Some(group) = self.groups.get(number)
            && let Some(byte) = simd::reach(self.instructions, group, line, sum_min)
        {
            return byte;
        }
        let pixels = number * GROUP..((number + 1) * GROUP).min(self.taps.len());
        let mut byte = 0;
        self.taps.sums(line, pixels, |x, sum| {
            byte |= u8::from(sum >= sum_min) << (7 - x);
        });
        byte
    }
}

impl Group {
    /// The group from a pixel on; `None` when it draws on more than vectors take, or on what lies
    /// so near the end of the line that they would read beyond it.
    fn new(taps: &Taps, begin: usize, line_len: usize) -> Option<Self> {
        let mut group = Self {
            first: [0; 2],
            places: [[0, NONE, 1, NONE]; GROUP],
            near: [[0; 2]; GROUP],
            far: [[0; 2]; GROUP],
        };
        for half in 0..2 {
            let start = taps.of(begin + half * GROUP / 2).0;
            if start + REACH > line_len {
                return None;
            }
            group.first[half] = start as u32;
            for pixel in half * GROUP / 2..(half + 1) * GROUP / 2 {
                let (first, weights) = taps.of(begin + pixel);
                let place = first - start;
                if weights.len() > WEIGHTS || place + weights.len() > REACH {
                    return None;
                }
                group.places[pixel] = [place as u8, NONE, place as u8 + 1, NONE];
                for (at, &weight) in weights.iter().enumerate() {
                    let weight = i16::try_from(weight).ok()?;
                    if at < 2 {
                        group.near[pixel][at] = weight;
                    } else {
                        group.far[pixel][at - 2] = weight;
                    }
                }
            }
        }
        Some(group)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::taps::Extent;
    use super::*;

    proptest! {
        #[test]
        fn all_instructions_give_the_same_sums(
            source in 1u32..600, whole in 1u32..400, cut in 0f64..1.0, seed: u64, share in 0f64..1.0,
        ) {
            let first = (cut * f64::from(whole - 1)) as u32;
            let extent = Extent { whole, first, count: whole - first };
            let taps = Taps::new(source, extent, 1 << 15);
            let mut random = fastrand::Rng::with_seed(seed);
            let line: Vec<u8> = (0..source).map(|_| random.u8(..) | random.u8(..)).collect();
            let sum_min = (share * 255.0 * 32768.0) as u32;
            let with = |instructions| {
                let sums = LineSums::new(instructions, &taps, line.len());
                let mut row = vec![0; taps.len()];
                sums.means(&line, &mut row);
                let groups = 0..taps.len().div_ceil(GROUP);
                let bits: Vec<u8> = groups.map(|group| sums.reach(&line, group, sum_min)).collect();
                (row, bits)
            };
            let expected = with(Instructions::portable());
            for instructions in Instructions::all() {
                prop_assert_eq!(&with(instructions), &expected);
            }
        }
    }
}
