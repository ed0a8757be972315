//! Anybody's text in the characters that the font has.

use super::font::{FALLBACK, composed, has_glyph};

/// The text as the header shows it.
///
/// - White space and control characters become spaces.
/// - A letter and a combining mark become the letter with its mark where the font has that; other
///   marks are left out, as are characters that show nothing (joiners, directions, variations).
/// - Any other character that the font lacks becomes a question mark. Text that runs from right
///   to left is not in the font.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() && c != '\u{A0}' || c.is_control() {
            shown.push(' ');
        } else if has_glyph(c) {
            shown.push(c);
        } else if is_mark(c) {
            if let Some(both) = shown.chars().next_back().and_then(|last| composed(last, c)) {
                shown.pop();
                shown.push(both);
            }
        } else if !is_unseen(c) {
            shown.push(FALLBACK);
        }
    }
    shown
}

/// Combining Diacritical Marks and their two extensions (Unicode blocks).
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}')
}

/// Characters that have no picture of their own (Unicode property `Default_Ignorable_Code_Point`,
/// those that occur in text).
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_europe_stay_as_they_are() {
        for name in [
            "Müller & Söhne",
            "Łódź",
            "Île-de-France",
            "Αθήνα",
            "Київ",
            "№ 5 – „x“ 3 €",
        ] {
            assert_eq!(printable(name), name);
        }
    }

    #[test]
    fn a_letter_and_its_mark_are_one_character() {
        assert_eq!(printable("Mu\u{308}ller"), "Müller");
        assert_eq!(printable("Ё"), printable("Е\u{308}"));
        // No font has this one: the letter stays.
        assert_eq!(printable("q\u{308}x"), "qx");
        assert_eq!(printable("\u{308}"), "");
    }

    #[test]
    fn what_the_font_lacks_becomes_a_question_mark_and_what_is_unseen_nothing() {
        assert_eq!(printable("a\u{1F600}b"), "a?b");
        assert_eq!(printable("\u{5E9}\u{5DC}"), "??");
        assert_eq!(printable("a\u{202E}b\u{200D}c\u{FE0F}d\u{AD}e"), "abcde");
        assert_eq!(printable("a\tb\r\nc\u{0}d\u{2003}e"), "a b  c d e");
    }
}
