//! What the samples of a pixel mean, and how bright they make it on white paper.

use std::io::{Read, Seek};

use super::colours::{self, Colours};
use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};

/// Most bits of an index into a palette.
const PALETTE_BITS_MAX: u64 = 16;

/// What the samples of a pixel mean.
pub(super) struct Ink {
    pub(super) model: Model,
    alpha: Alpha,
    colours: Colours,
}

pub(super) enum Model {
    /// One level, from black to white or the other way.
    Gray {
        white_is_zero: bool,
    },
    /// An index into these levels, each with whether it is that of a colour.
    Palette(Vec<(u8, bool)>),
    Rgb,
    Cmyk,
    /// The first of several samples is the brightness: YCbCr with its levels of black and white
    /// (TIFF 6.0 §21).
    Brightness {
        black: f32,
        white: f32,
    },
    /// CIE L*a*b* (TIFF 6.0 §23), of which a* and b* have this sample as their zero.
    Lab {
        neutral: u8,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alpha {
    None,
    /// Colours are already multiplied by it.
    Associated,
    Unassociated,
}

impl Ink {
    pub(super) fn read<R: Read + Seek>(
        file: &mut TiffFile<R>,
        directory: &Directory,
    ) -> Result<Self, ConvertError> {
        let samples = file.number(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
        let photometric = match file.number(directory, tag::PHOTOMETRIC)? {
            Some(photometric) => photometric,
            None => presumed(file, directory, samples)?,
        };
        let model = match photometric {
            0 | 1 => Model::Gray {
                white_is_zero: photometric == 0,
            },
            2 => Model::Rgb,
            3 => Model::Palette(palette(file, directory)?),
            5 => Model::Cmyk,
            6 => luminance(&file.ratios(directory, tag::REFERENCE_BLACK_WHITE, 2)?),
            8 => Model::Lab { neutral: 0 },
            9 => Model::Lab { neutral: 128 },
            // CIE log2(L) and log2(L) with u' and v': their reader delivers levels.
            32_844 | 32_845 => Model::Gray {
                white_is_zero: false,
            },
            other => {
                let what = format!("TIFF photometric interpretation {other}");
                return Err(ConvertError::Unsupported { what });
            }
        };
        let alpha = match file.number(directory, tag::EXTRA_SAMPLES)? {
            Some(1) => Alpha::Associated,
            Some(2) => Alpha::Unassociated,
            // As libtiff takes a fourth sample of RGB that is not explained.
            None if photometric == 2 && samples == 4 => Alpha::Associated,
            _ => Alpha::None,
        };
        Ok(Self {
            model,
            alpha,
            colours: Colours::default(),
        })
    }

    /// Samples of a pixel that say its colour.
    pub(super) fn colors(&self) -> usize {
        match self.model {
            Model::Gray { .. } | Model::Palette(_) => 1,
            Model::Rgb | Model::Brightness { .. } | Model::Lab { .. } => 3,
            Model::Cmyk => 4,
        }
    }

    /// Samples of a pixel, from the first, that its level depends on where each lies in a plane of
    /// its own.
    pub(super) fn planes(&self, samples: usize) -> usize {
        match self.model {
            Model::Brightness { .. } => 1,
            _ if self.alpha == Alpha::None => self.colors(),
            _ => (self.colors() + 1).min(samples),
        }
    }

    /// Whether samples are no levels but indexes.
    pub(super) fn is_index(&self) -> bool {
        matches!(self.model, Model::Palette(_))
    }

    /// Coloured pixels of all painted so far, from 0 to 1; absent where hues were not seen.
    pub(super) fn coloured_share(&self) -> Option<f32> {
        self.colours.share()
    }

    /// The levels of a row of pixels of `step` samples each, a level or an index a sample. Samples
    /// beyond those of a pixel are opaque.
    pub(super) fn paint(&self, samples: &[u16], step: usize, levels: &mut [u8]) {
        self.look_at(samples, step, levels.len());
        let pixels = || samples.chunks_exact(step);
        match &self.model {
            Model::Gray { white_is_zero } => {
                let flip = if *white_is_zero { 0xFF } else { 0 };
                for (level, pixel) in levels.iter_mut().zip(pixels()) {
                    *level = pixel[0] as u8 ^ flip;
                }
            }
            Model::Palette(palette) => {
                for (level, pixel) in levels.iter_mut().zip(pixels()) {
                    let entry = palette.get(usize::from(pixel[0]));
                    *level = entry.map_or(0, |(level, _)| *level);
                }
            }
            Model::Rgb => {
                for (level, pixel) in levels.iter_mut().zip(pixels()) {
                    *level = luma(pixel[0], pixel[1], pixel[2]);
                }
            }
            Model::Cmyk => {
                for (level, pixel) in levels.iter_mut().zip(pixels()) {
                    let under_key = |ink| under_key(ink, pixel[3]);
                    *level = luma(
                        under_key(pixel[0]),
                        under_key(pixel[1]),
                        under_key(pixel[2]),
                    );
                }
            }
            Model::Brightness { black, white } => {
                let scale = 255.0 / (white - black);
                for (level, pixel) in levels.iter_mut().zip(pixels()) {
                    *level = ((f32::from(pixel[0]) - black) * scale).round() as u8;
                }
            }
            Model::Lab { neutral } => {
                for (level, pixel) in levels.iter_mut().zip(pixels()) {
                    let hue = |sample: u16| (sample as u8).wrapping_sub(*neutral).cast_signed();
                    *level = luma_of_lab(pixel[0] as u8, hue(pixel[1]), hue(pixel[2]));
                }
            }
        }
        if self.alpha != Alpha::None && step > self.colors() {
            for (level, pixel) in levels.iter_mut().zip(pixels()) {
                *level = self.on_paper(*level, pixel[self.colors()] as u8);
            }
        }
    }

    /// Counts the coloured among a row's first pixels, where their samples tell hues.
    fn look_at(&self, samples: &[u16], step: usize, pixels: usize) {
        let pixels = || samples.chunks_exact(step).take(pixels);
        let primaries = |pixel: &[u16]| [pixel[0], pixel[1], pixel[2]].map(i32::from);
        let difference = |sample: u16| i32::from(sample) - 128;
        match &self.model {
            Model::Gray { .. } => self.colours.row(|| pixels().map(|_| false)),
            Model::Palette(palette) => self.colours.row(|| {
                let entry = |pixel: &[u16]| palette.get(usize::from(pixel[0]));
                pixels().map(move |pixel| entry(pixel).is_some_and(|(_, coloured)| *coloured))
            }),
            Model::Rgb => self
                .colours
                .row(|| pixels().map(move |pixel| colours::of_primaries(primaries(pixel)))),
            Model::Cmyk => self.colours.row(|| {
                pixels().map(|pixel| {
                    let under_key = |ink| i32::from(under_key(ink, pixel[3]));
                    colours::of_primaries([pixel[0], pixel[1], pixel[2]].map(under_key))
                })
            }),
            // Planes of hues are not read.
            Model::Brightness { .. } if step < 3 => {}
            Model::Brightness { .. } => self.colours.row(|| {
                pixels().map(move |pixel| {
                    colours::of_differences(difference(pixel[1]), difference(pixel[2]))
                })
            }),
            Model::Lab { neutral } => self.colours.row(|| {
                let hue = |sample: u16| (sample as u8).wrapping_sub(*neutral).cast_signed();
                pixels().map(move |pixel| colours::of_hue(hue(pixel[1]), hue(pixel[2])))
            }),
        }
    }

    fn on_paper(&self, level: u8, alpha: u8) -> u8 {
        let paper = 255 - alpha;
        match self.alpha {
            Alpha::Associated => level.saturating_add(paper),
            _ => (u32::from(level) * u32::from(alpha) / 255) as u8 + paper,
        }
    }
}

/// What is left of a primary by its own ink and by the black one.
fn under_key(ink: u16, key: u16) -> u16 {
    let left = |ink: u16| u32::from(255 - ink.min(255));
    (left(ink) * left(key) / 255) as u16
}

/// What libtiff presumes of whole samples that the file does not explain.
fn presumed<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    samples: u64,
) -> Result<u64, ConvertError> {
    let is_fraction = file.number(directory, tag::SAMPLE_FORMAT)? == Some(3);
    match samples {
        1 | 2 if !is_fraction => Ok(1),
        3 | 4 if !is_fraction => Ok(2),
        _ => Err(invalid("an image does not tell what its samples mean")),
    }
}

/// Brightness between two levels, where they are told and make sense.
fn luminance(reference: &[f32]) -> Model {
    let (black, white) = match *reference {
        [black, white] if black >= 0.0 && white > black && white <= 255.0 => (black, white),
        _ => (0.0, 255.0),
    };
    Model::Brightness { black, white }
}

/// Brightness of a colour: ITU-R BT.601.
fn luma(red: u16, green: u16, blue: u16) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 + 500) / 1000) as u8
}

/// Brightness of a colour in CIE L*a*b* of the white point D50, as that of the same colour in sRGB
/// (CIE 15, IEC 61966-2-1).
fn luma_of_lab(lightness: u8, red_green: i8, yellow_blue: i8) -> u8 {
    let root = (f32::from(lightness) * 100.0 / 255.0 + 16.0) / 116.0;
    let linear = |root: f32| {
        if root > 6.0 / 29.0 {
            root.powi(3)
        } else {
            (root - 4.0 / 29.0) * 3.0 * (6.0f32 / 29.0).powi(2)
        }
    };
    let x = 0.9642 * linear(root + f32::from(red_green) / 500.0);
    let y = linear(root);
    let z = 0.8249 * linear(root - f32::from(yellow_blue) / 200.0);
    let level = |light: f32| {
        let light = light.clamp(0.0, 1.0);
        let shown = if light <= 0.003_130_8 {
            12.92 * light
        } else {
            1.055 * light.powf(1.0 / 2.4) - 0.055
        };
        (shown * 255.0).round() as u16
    };
    luma(
        level(3.1339 * x - 1.6169 * y - 0.4906 * z),
        level(-0.9788 * x + 1.9161 * y + 0.0335 * z),
        level(0.0719 * x - 0.2290 * y + 1.4052 * z),
    )
}

/// The levels of a palette (TIFF 6.0 §5).
fn palette<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
) -> Result<Vec<(u8, bool)>, ConvertError> {
    let bits = file.number(directory, tag::BITS_PER_SAMPLE)?.unwrap_or(1);
    if bits > PALETTE_BITS_MAX {
        return Err(ConvertError::Unsupported {
            what: format!("a TIFF palette of {bits} bits"),
        });
    }
    let colors = 1usize << bits;
    let map = file
        .numbers(directory, tag::COLOR_MAP, 3 << bits)?
        .unwrap_or_default();
    if map.len() < 3 * colors {
        return Err(invalid("an image's palette is missing or incomplete"));
    }
    // Levels have 16 bits, but some writers fill in 8.
    let shift = if map.iter().any(|level| *level > 255) {
        8
    } else {
        0
    };
    let level = |plane: usize, index: usize| (map[plane * colors + index] >> shift) as u16 & 0xFF;
    Ok((0..colors)
        .map(|i| {
            let [red, green, blue] = [0, 1, 2].map(|plane| level(plane, i));
            let is_coloured = colours::of_primaries([red, green, blue].map(i32::from));
            (luma(red, green, blue), is_coloured)
        })
        .collect())
}
