//! The bitmap font: `DejaVu` Sans Mono, hinted for each of the three densities.
//!
//! `scripts/header-font.py` makes the files in `font/`. A strip holds the glyphs one below the
//! other in the order of `characters.txt`, in MMR: a sixth of the size of its bits.

use std::sync::OnceLock;

use crate::t4::{Bitmap, Coding, DecodeOptions, decode};
use crate::units::Resolution;

/// Every glyph is so many bytes wide, 16 pixels.
pub(super) const GLYPH_BYTES: usize = 2;

/// What stands for a character that the font lacks.
pub(super) const FALLBACK: char = '?';

/// Sorted.
const CHARACTERS: &str = include_str!("font/characters.txt");
/// Letter, mark and what both make, sorted.
const COMPOSED: &str = include_str!("font/composed.txt");
const STANDARD: &[u8] = include_bytes!("font/standard.mmr");
const FINE: &[u8] = include_bytes!("font/fine.mmr");
const SUPERFINE: &[u8] = include_bytes!("font/superfine.mmr");

struct Font {
    characters: Vec<char>,
    composed: Vec<[char; 3]>,
    /// Standard, fine, superfine.
    strips: [Bitmap; 3],
}

/// Whether the font has the character.
pub(super) fn has_glyph(c: char) -> bool {
    font().characters.binary_search(&c).is_ok()
}

/// A letter together with a combining mark, where the font has it.
pub(super) fn composed(letter: char, mark: char) -> Option<char> {
    let composed = &font().composed;
    let found = composed.binary_search_by_key(&(letter, mark), |&[letter, mark, _]| (letter, mark));
    found.ok().map(|at| composed[at][2])
}

/// Rows of a glyph, from above the highest accent to below the lowest descender.
pub(super) fn glyph_rows(resolution: Resolution) -> u32 {
    let font = font();
    font.strip(resolution).rows() / font.characters.len() as u32
}

/// The glyph's rows, top first, [`GLYPH_BYTES`] each; that of [`FALLBACK`] for a character that
/// the font lacks.
pub(super) fn glyph(resolution: Resolution, c: char) -> &'static [u8] {
    let font = font();
    let place = |c: char| font.characters.binary_search(&c).ok();
    let at = place(c).or_else(|| place(FALLBACK)).unwrap_or(0);
    let bytes = glyph_rows(resolution) as usize * GLYPH_BYTES;
    &font.strip(resolution).as_bytes()[at * bytes..][..bytes]
}

impl Font {
    fn strip(&self, resolution: Resolution) -> &Bitmap {
        &self.strips[match resolution {
            Resolution::Standard => 0,
            Resolution::Fine => 1,
            Resolution::Superfine => 2,
        }]
    }
}

fn font() -> &'static Font {
    static FONT: OnceLock<Font> = OnceLock::new();
    FONT.get_or_init(|| Font {
        characters: CHARACTERS.chars().collect(),
        composed: COMPOSED.chars().collect::<Vec<_>>().as_chunks().0.to_vec(),
        strips: [STANDARD, FINE, SUPERFINE].map(strip),
    })
}

fn strip(coded: &[u8]) -> Bitmap {
    let options = DecodeOptions {
        rows_max: u32::MAX,
        ..DecodeOptions::new(Coding::Mmr, GLYPH_BYTES as u32 * 8)
    };
    // The tests decode every strip of the font.
    let decoded = decode(coded, &options).expect("the font's strips are valid");
    decoded.bitmap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strip_is_whole_and_every_character_but_spaces_has_ink() {
        let font = font();
        assert!(font.characters.is_sorted() && font.composed.is_sorted());
        for resolution in Resolution::ALL {
            let rows = font.strip(resolution).rows();
            assert_eq!(rows % font.characters.len() as u32, 0);
            for &c in &font.characters {
                let ink = glyph(resolution, c).iter().any(|byte| *byte != 0);
                assert_eq!(ink, !matches!(c, ' ' | '\u{A0}'), "{c} at {resolution}");
            }
        }
    }

    #[test]
    fn latin_1_is_there_and_no_two_glyphs_of_ascii_look_the_same() {
        assert!(
            (0x20..0x7F)
                .chain(0xA0..0xAD)
                .chain(0xAE..0x100)
                .all(|code| { char::from_u32(code).is_some_and(has_glyph) })
        );
        for resolution in Resolution::ALL {
            let mut looks: Vec<_> = (' '..='~').map(|c| glyph(resolution, c)).collect();
            looks.sort_unstable();
            looks.dedup();
            assert_eq!(looks.len(), 95, "{resolution}");
        }
    }

    #[test]
    fn an_unknown_character_looks_like_the_fallback() {
        let fine = Resolution::Fine;
        assert_eq!(glyph(fine, '\u{1F600}'), glyph(fine, FALLBACK));
    }
}
