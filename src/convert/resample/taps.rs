//! What each pixel of a scaled line is made of.

/// Weights of source pixels for each pixel of the result, in whole numbers of a fixed sum.
///
/// Of a coarser result each pixel is the mean of the source that it covers, edges in proportion;
/// of a finer one it lies on the straight line between the two nearest source pixels.
pub(super) struct Taps {
    /// The first source pixel of each pixel of the result.
    first: Vec<u32>,
    /// As many weights for each pixel of the result as `per_pixel` says, zeros included.
    weights: Vec<u16>,
    per_pixel: usize,
    /// Source pixels for each pixel of the result.
    pub(super) reduction: f64,
}

/// Pixels along an edge of the result: `count` of them from `first` on are made of `whole`, which
/// the source is scaled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) whole: u32,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Extent {
    /// The same pixels, counted from the other end.
    pub(crate) fn reversed(self) -> Self {
        Self {
            first: self.whole - self.first - self.count,
            ..self
        }
    }

    /// Whether these are all pixels of a source of this size as they are.
    pub(crate) fn is_all_of(self, source: u32) -> bool {
        (self.whole, self.count) == (source, source)
    }
}

impl From<u32> for Extent {
    fn from(whole: u32) -> Self {
        Self {
            whole,
            first: 0,
            count: whole,
        }
    }
}

impl Taps {
    /// From `source` pixels to those of a result, neither zero, with weights of this sum.
    pub(super) fn new(source: u32, result: Extent, sum: u16) -> Self {
        let Extent {
            whole,
            first: begin,
            count,
        } = result;
        let reduction = f64::from(source) / f64::from(whole);
        let per_pixel = if source.is_multiple_of(whole) {
            (source / whole) as usize
        } else if reduction > 1.0 {
            (reduction.ceil() as usize + 1).min(source as usize)
        } else {
            source.min(2) as usize
        };
        let mut taps = Self {
            first: Vec::with_capacity(count as usize),
            weights: Vec::with_capacity(count as usize * per_pixel),
            per_pixel,
            reduction,
        };
        for index in begin..begin + count {
            let (from, to) = if reduction > 1.0 {
                let from = f64::from(index) * reduction;
                (from, (from + reduction).min(f64::from(source)))
            } else {
                // A window of one source pixel about the centre covers the nearest two in the
                // proportion that lies between them.
                let centre = (f64::from(index) + 0.5) * reduction;
                let from = (centre - 0.5).clamp(0.0, f64::from(source - 1));
                (from, from + 1.0)
            };
            taps.push(from, to, source, sum);
        }
        taps
    }

    /// Adds a pixel that is the mean of the source between two places.
    fn push(&mut self, from: f64, to: f64, source: u32, sum: u16) {
        let first = (from as u32).min(source - self.per_pixel as u32);
        let mut given = 0;
        for pixel in (first..).take(self.per_pixel) {
            let covered = (f64::from(pixel + 1).clamp(from, to) - from) / (to - from);
            let until_here = (covered * f64::from(sum)).round() as u16;
            self.weights.push(until_here - given);
            given = until_here;
        }
        if let Some(last) = self.weights.last_mut() {
            *last += sum - given;
        }
        self.first.push(first);
    }

    /// Pixels of the result.
    pub(super) fn len(&self) -> usize {
        self.first.len()
    }

    /// The first source pixel of a pixel, and the weights from there on.
    pub(super) fn of(&self, index: usize) -> (usize, &[u16]) {
        let weights = &self.weights[index * self.per_pixel..][..self.per_pixel];
        (self.first[index] as usize, weights)
    }

    /// Weighted sums of a line for some pixels of the result, each handed to `put` with its place
    /// among them.
    #[inline]
    pub(super) fn sums(
        &self,
        line: &[u8],
        pixels: std::ops::Range<usize>,
        put: impl FnMut(usize, u32),
    ) {
        match self.per_pixel {
            1 => self.sums_of::<1>(line, pixels, put),
            2 => self.sums_of::<2>(line, pixels, put),
            3 => self.sums_of::<3>(line, pixels, put),
            4 => self.sums_of::<4>(line, pixels, put),
            5 => self.sums_of::<5>(line, pixels, put),
            _ => self.sums_of_any(line, pixels, put),
        }
    }

    /// As [`Self::sums`], for a number of weights that the compiler knows.
    #[inline]
    fn sums_of<const N: usize>(
        &self,
        line: &[u8],
        pixels: std::ops::Range<usize>,
        mut put: impl FnMut(usize, u32),
    ) {
        let (weights, _) = self.weights.as_chunks::<N>();
        let of_pixels = self.first[pixels.clone()].iter().zip(&weights[pixels]);
        for (place, (&first, weights)) in of_pixels.enumerate() {
            let source = &line[first as usize..][..N];
            let mut sum = 0;
            for tap in 0..N {
                sum += u32::from(source[tap]) * u32::from(weights[tap]);
            }
            put(place, sum);
        }
    }

    fn sums_of_any(
        &self,
        line: &[u8],
        pixels: std::ops::Range<usize>,
        mut put: impl FnMut(usize, u32),
    ) {
        for (place, index) in pixels.enumerate() {
            let (first, weights) = self.of(index);
            let parts = line[first..].iter().zip(weights);
            put(
                place,
                parts
                    .map(|(&level, &weight)| u32::from(level) * u32::from(weight))
                    .sum(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn weights_have_their_sum_and_lie_within_the_source(
            source in 1u32..5000, result in 1u32..3000, sum in prop::sample::select(vec![255, 256, 1 << 15]),
        ) {
            let taps = Taps::new(source, result.into(), sum);
            prop_assert_eq!(taps.len(), result as usize);
            for index in 0..taps.len() {
                let (first, weights) = taps.of(index);
                prop_assert!(first + weights.len() <= source as usize);
                prop_assert_eq!(weights.iter().map(|&w| u32::from(w)).sum::<u32>(), u32::from(sum));
            }
        }

        #[test]
        fn a_part_of_the_result_has_the_weights_that_it_has_in_the_whole(
            source in 1u32..5000, whole in 1u32..3000, cut in 0f64..1.0, part in 0f64..1.0,
        ) {
            let all = Taps::new(source, whole.into(), 256);
            let first = (cut * f64::from(whole - 1)) as u32;
            let count = 1 + (part * f64::from(whole - first - 1)) as u32;
            let extent = Extent { whole, first, count };
            let taps = Taps::new(source, extent, 256);
            prop_assert_eq!(taps.len(), count as usize);
            for index in 0..taps.len() {
                prop_assert_eq!(taps.of(index), all.of(first as usize + index));
            }
            prop_assert_eq!(extent.reversed().reversed(), extent);
        }
    }
}
