//! The characters a cover page can show, and how wide they are.
//!
//! Helvetica and Helvetica-Bold are among the fonts that every PDF renderer has (ISO 32000-1
//! §9.6.2.2); their widths are those of Adobe's metrics for the core 14 fonts. Characters are those
//! of `WinAnsiEncoding` (§D.2), which is the code page Windows-1252.

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Helvetica.
    Regular,
    /// Helvetica-Bold.
    Bold,
}

/// Height above the base line that a line of text needs, accents included, in parts of its size.
pub(super) const ASCENT: f64 = 0.93;

/// Depth below the base line.
pub(super) const DESCENT: f64 = 0.22;

/// From one base line to the next.
pub(super) const LEADING: f64 = 1.2;

/// First character of the tables.
const FIRST: u8 = 0x20;

/// Characters from 0x80 to 0x9F; NUL where there is none.
const UPPER: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The code of a character, `None` for one that the font lacks.
pub(super) fn encode(character: char) -> Option<u8> {
    match character {
        ' '..='~' | '\u{A0}'..='\u{AC}' | '\u{AE}'..='ÿ' => {
            u8::try_from(u32::from(character)).ok()
        }
        '\0' => None,
        // Hyphens and spaces that differ in where a line may break, not in how they look.
        '\u{2010}' | '\u{2011}' => Some(b'-'),
        '\u{2009}' | '\u{202F}' => Some(0xA0),
        other => {
            let at = UPPER.iter().position(|upper| *upper == other)?;
            Some(0x80 + at as u8)
        }
    }
}

/// The width of encoded text at a size of 1.
pub(super) fn width(text: &[u8], weight: Weight) -> f64 {
    let widths = match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    };
    let thousandths: u32 = text
        .iter()
        .map(|code| u32::from(widths[usize::from(code.saturating_sub(FIRST))]))
        .sum();
    f64::from(thousandths) / 1000.0
}

/// Widths of Helvetica from 0x20 on, in thousandths of the size.
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, // 0x20
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0x30
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // 0x40
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // 0x50
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // 0x60
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 0, // 0x70
    556, 0, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0, // 0x80
    0, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 0, 500, 667, // 0x90
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333, // 0xA0
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611, // 0xB0
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278, // 0xC0
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611, // 0xD0
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278, // 0xE0
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500, // 0xF0
];

/// Widths of Helvetica-Bold from 0x20 on, in thousandths of the size.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, // 0x20
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, // 0x30
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, // 0x40
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, // 0x50
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, // 0x60
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 0, // 0x70
    556, 0, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 0, 611, 0, // 0x80
    0, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 0, 500, 667, // 0x90
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333, // 0xA0
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611, // 0xB0
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278, // 0xC0
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611, // 0xD0
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278, // 0xE0
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556, // 0xF0
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_the_code_page_has_a_width() {
        let mut codes = 0;
        for character in '\0'..='\u{FFFF}' {
            if let Some(code) = encode(character) {
                codes += 1;
                for weight in [Weight::Regular, Weight::Bold] {
                    assert!(width(&[code], weight) > 0.1, "{character:?}");
                }
            }
        }
        // 251 of Windows-1252 above the controls, one of them the hyphen that is not shown; three
        // more that look like others.
        assert_eq!(codes, 95 + 27 + 95 + 4);
    }

    #[test]
    fn widths_are_those_of_helvetica() {
        let known = |text: &[u8], weight| (width(text, weight) * 1000.0).round() as u32;
        assert_eq!(known(b"Fax", Weight::Regular), 611 + 556 + 500);
        assert_eq!(known(b"Fax", Weight::Bold), 611 + 556 + 556);
        assert_eq!(known(&[0x80, 0xC9], Weight::Regular), 556 + 667);
    }

    #[test]
    fn what_the_font_lacks_has_no_code() {
        for character in ['Ж', '中', '\u{7}', '\n', '\u{301}', 'ł', '\u{AD}', '😀'] {
            assert_eq!(encode(character), None, "{character:?}");
        }
        assert_eq!(encode('€'), Some(0x80));
        assert_eq!(encode('Ÿ'), Some(0x9F));
        assert_eq!(encode('ß'), Some(0xDF));
    }
}
