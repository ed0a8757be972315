//! Sample rate conversion by a linear-phase windowed sinc, one filter phase per output position.
//!
//! An output sample at time `t` is the input weighed by a Kaiser-windowed sinc centred on `t`
//! (Smith, "Digital Audio Resampling", §"Theory of operation"). For a ratio of small integers all
//! positions that occur have a row of their own in the table; otherwise rows are interpolated.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 32.0;

/// Kaiser window parameter: about 80 dB of stop-band attenuation.
const BETA: f64 = 8.0;

/// Middle of the transition band as a share of the lower Nyquist frequency, so that with the two
/// constants above the stop band begins at that frequency.
const CUTOFF: f64 = 0.92;

/// Most positions between two input samples with a row of their own.
const ROWS_MAX: u32 = 1_024;

/// A converter between two fixed rates.
pub(super) struct Resampler {
    /// Input samples per `down` output samples, the ratio being reduced.
    up: u64,
    down: u64,
    taps: usize,
    rows: Rows,
    /// Input that a coming output still needs, and zeros in front of the first sample.
    window: Vec<f32>,
    /// Index of the input sample that `window[0]` is, as an offset of the leading zeros.
    window_start: u64,
    consumed: u64,
    produced: u64,
}

impl Resampler {
    pub(super) fn new(from: u32, to: u32) -> Self {
        let divisor = greatest_common_divisor(from, to);
        let (up, down) = (to / divisor, from / divisor);
        let bandwidth = (f64::from(to) / f64::from(from)).min(1.0) * CUTOFF;
        let half = (CROSSINGS / bandwidth).ceil() as usize;
        Self {
            up: u64::from(up),
            down: u64::from(down),
            taps: 2 * half,
            rows: Rows::new(up, half, bandwidth),
            window: vec![0.0; half - 1],
            window_start: 0,
            consumed: 0,
            produced: 0,
        }
    }

    /// Appends every output sample that `input` completes.
    pub(super) fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        self.window.extend_from_slice(input);
        self.consumed += input.len() as u64;
        self.run(u64::MAX, out);
    }

    /// Appends the rest, so that the output lasts as long as the input to half a sample.
    pub(super) fn finish(&mut self, out: &mut Vec<f32>) {
        let total = (self.consumed * self.up + self.down / 2) / self.down;
        // Enough silence for the last output's filter.
        let silence = self.window.len() + self.taps + (self.down / self.up) as usize + 1;
        self.window.resize(silence, 0.0);
        self.run(total.max(u64::from(self.consumed > 0)), out);
    }

    fn run(&mut self, total: u64, out: &mut Vec<f32>) {
        while self.produced < total {
            let ticks = self.produced * self.down;
            // The leading zeros make the first tap of input position n lie at n.
            let begin = (ticks / self.up - self.window_start) as usize;
            let Some(input) = self.window.get(begin..begin + self.taps) else {
                break;
            };
            out.push(self.rows.apply(ticks % self.up, self.up, input));
            self.produced += 1;
        }
        let next = self.produced * self.down / self.up - self.window_start;
        let done = usize::try_from(next)
            .unwrap_or(usize::MAX)
            .min(self.window.len());
        self.window.drain(..done);
        self.window_start += done as u64;
    }
}

/// The filter's coefficients by position between two input samples.
struct Rows {
    taps: usize,
    count: usize,
    exact: bool,
    coefficients: Vec<f32>,
}

impl Rows {
    fn new(up: u32, half: usize, bandwidth: f64) -> Self {
        let exact = up <= ROWS_MAX;
        let count = up.min(ROWS_MAX) as usize;
        let taps = 2 * half;
        // The row after the last is the first, one sample later; interpolation needs it.
        let coefficients = (0..=count)
            .flat_map(|row| row_coefficients(row as f64 / count as f64, half, bandwidth))
            .collect();
        Self {
            taps,
            count,
            exact,
            coefficients,
        }
    }

    fn row(&self, index: usize) -> &[f32] {
        &self.coefficients[index * self.taps..][..self.taps]
    }

    fn apply(&self, phase: u64, phases: u64, input: &[f32]) -> f32 {
        if self.exact {
            return dot(self.row(phase as usize), input);
        }
        let position = phase as f64 / phases as f64 * self.count as f64;
        let index = (position as usize).min(self.count - 1);
        let share = (position - index as f64) as f32;
        let (low, high) = (dot(self.row(index), input), dot(self.row(index + 1), input));
        low + (high - low) * share
    }
}

/// One row, scaled so that a constant input comes out unchanged.
fn row_coefficients(position: f64, half: usize, bandwidth: f64) -> Vec<f32> {
    let row: Vec<f64> = (0..2 * half)
        .map(|tap| {
            let distance = tap as f64 - (half as f64 - 1.0) - position;
            sinc(distance * bandwidth) * kaiser(distance / half as f64)
        })
        .collect();
    let sum: f64 = row.iter().sum();
    row.into_iter().map(|tap| (tap / sum) as f32).collect()
}

/// Eight sums at once, so that the compiler can keep them in one vector register.
fn dot(coefficients: &[f32], input: &[f32]) -> f32 {
    let (a, a_rest) = coefficients.as_chunks::<8>();
    let (b, b_rest) = input.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

fn kaiser(x: f64) -> f64 {
    if x.abs() > 1.0 {
        return 0.0;
    }
    bessel_i0(BETA * (1.0 - x * x).sqrt()) / bessel_i0(BETA)
}

/// Modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..64 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
        if term < sum * 1e-12 {
            break;
        }
    }
    sum
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resample(from: u32, to: u32, input: &[f32]) -> Vec<f32> {
        let mut resampler = Resampler::new(from, to);
        let mut out = Vec::new();
        // Pieces of odd sizes, as packets have.
        for piece in input.chunks(997) {
            resampler.push(piece, &mut out);
        }
        resampler.finish(&mut out);
        out
    }

    fn tone(hertz: f64, rate: u32, seconds: u32) -> Vec<f32> {
        (0..rate * seconds)
            .map(|i| (2.0 * PI * hertz * f64::from(i) / f64::from(rate)).sin() as f32 * 0.5)
            .collect()
    }

    /// Level of what remains after subtracting the ideal signal, in dB below full scale.
    fn residue_db(found: &[f32], ideal: &[f32]) -> f64 {
        // The ends, where the filter meets silence, are left out.
        let inner = found.len() / 10..found.len() * 9 / 10;
        let sum: f64 = inner
            .clone()
            .map(|i| f64::from(found[i] - ideal[i]).powi(2))
            .sum();
        10.0 * (sum / inner.len() as f64 + 1e-20).log10()
    }

    const RATIOS: [(u32, u32); 8] = [
        (44_100, 22_050),
        (48_000, 24_000),
        (32_000, 24_000),
        (192_000, 24_000),
        (9_600, 11_025),
        (6_000, 8_000),
        // Interpolated rows.
        (7_993, 8_000),
        (37_123, 24_000),
    ];

    #[test]
    fn tones_below_the_band_edge_pass_unchanged_and_in_place() {
        for (from, to) in RATIOS {
            for share in [0.02, 0.3, 0.8] {
                let hertz = f64::from(from.min(to)) / 2.0 * share;
                let found = resample(from, to, &tone(hertz, from, 1));
                let residue = residue_db(&found, &tone(hertz, to, 1));
                assert!(
                    residue < -60.0,
                    "{from} to {to}, {hertz} Hz: {residue:.1} dB"
                );
            }
        }
    }

    #[test]
    fn tones_above_the_band_edge_vanish() {
        for (from, to) in RATIOS.into_iter().filter(|(from, to)| from > to) {
            let nyquist = f64::from(to) / 2.0;
            let hertz = nyquist + 0.1 * (f64::from(from) / 2.0 - nyquist);
            let found = resample(from, to, &tone(hertz, from, 1));
            let residue = residue_db(&found, &vec![0.0; found.len()]);
            assert!(
                residue < -65.0,
                "{from} to {to}, {hertz} Hz: {residue:.1} dB"
            );
        }
    }

    #[test]
    fn the_length_is_exact_to_half_a_sample_however_short_the_input() {
        for (from, to) in RATIOS {
            for samples in (1..40).chain([1_000, 4_096, 40_001]) {
                let found = resample(from, to, &vec![0.25; samples]).len();
                let exact = samples as f64 * f64::from(to) / f64::from(from);
                let off = (found as f64 - exact).abs();
                assert!(
                    off <= 0.5 || found == 1,
                    "{samples} at {from} to {to}: {found}"
                );
            }
        }
    }

    #[test]
    fn a_constant_stays_what_it_is() {
        for (from, to) in RATIOS {
            let found = resample(from, to, &vec![0.5; from as usize]);
            let inner = &found[found.len() / 10..found.len() * 9 / 10];
            assert!(
                inner.iter().all(|sample| (sample - 0.5).abs() < 1e-5),
                "{from} to {to}"
            );
        }
    }
}
