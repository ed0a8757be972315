//! From interleaved channels of any rate to the mono 16-bit samples that the encoder takes.

use super::resample::Resampler;
use super::source::SourceFormat;

/// Rates of the MP3s we write: those of MPEG-2 and MPEG-2.5 (ISO/IEC 13818-3 and its extension).
///
/// A speech recording at a voicemail's bit rates sounds worse at the MPEG-1 rates above them, whose
/// granules are twice as long.
pub const OUTPUT_RATES: [u32; 6] = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000];

/// The rate of the MP3 made from a recording: its own where that is possible, else the next above,
/// and at most 24 kHz.
pub fn output_rate(source_rate: u32) -> u32 {
    let above = OUTPUT_RATES.into_iter().find(|rate| *rate >= source_rate);
    match above {
        Some(rate) => rate,
        // Whole divisors need one filter phase only.
        None if source_rate.is_multiple_of(22_050) => 22_050,
        None => 24_000,
    }
}

/// The chain from decoded blocks to samples for the encoder.
pub(super) struct Mixdown {
    channels: usize,
    mono: Vec<f32>,
    resampler: Option<Resampler>,
    resampled: Vec<f32>,
}

impl Mixdown {
    pub(super) fn new(format: &SourceFormat) -> Self {
        let rate = output_rate(format.rate);
        Self {
            channels: usize::from(format.channels),
            mono: Vec::new(),
            resampler: (rate != format.rate).then(|| Resampler::new(format.rate, rate)),
            resampled: Vec::new(),
        }
    }

    /// Appends the samples that `block` completes.
    pub(super) fn push(&mut self, block: &[f32], out: &mut Vec<i16>) {
        self.mono.clear();
        let scale = 1.0 / self.channels as f32;
        self.mono.extend(
            block
                .chunks_exact(self.channels)
                .map(|frame| frame.iter().copied().map(sane).sum::<f32>() * scale),
        );
        match &mut self.resampler {
            None => quantize(&self.mono, out),
            Some(resampler) => {
                self.resampled.clear();
                resampler.push(&self.mono, &mut self.resampled);
                quantize(&self.resampled, out);
            }
        }
    }

    /// Appends the samples still inside the resampler.
    pub(super) fn finish(&mut self, out: &mut Vec<i16>) {
        if let Some(resampler) = &mut self.resampler {
            self.resampled.clear();
            resampler.finish(&mut self.resampled);
            quantize(&self.resampled, out);
        }
    }
}

/// Float recordings can hold anything: what is no number is silence, and nothing is louder than
/// twice full scale, so that sums stay finite.
fn sane(sample: f32) -> f32 {
    if sample.is_nan() {
        0.0
    } else {
        sample.clamp(-2.0, 2.0)
    }
}

fn quantize(samples: &[f32], out: &mut Vec<i16>) {
    // The conversion saturates; a 16-bit sample that was not touched comes back exactly.
    out.extend(
        samples
            .iter()
            .map(|sample| (sample * 32_768.0).round() as i16),
    );
}
