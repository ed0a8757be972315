//! Text set into its boxes: measured, broken into lines, placed. Pure.

use std::collections::BTreeMap;

use super::CoverError;
use super::called;
use super::font::{self, ASCENT, DESCENT, LEADING};
use super::sheet::{LogoPlace, Rule, Run, Sheet};
use super::template::{Align, Item, Piece, Subject, Template, TextBox, What};
use crate::job::CoverField;

const MM_PER_POINT: f64 = 25.4 / 72.0;

/// What rounding may cost: a text as wide as its box fits.
const SLACK_MM: f64 = 1e-6;

/// Most characters that an error lists.
const CHARACTERS_LISTED_MAX: usize = 10;

/// Sets a page; `values` has the fields that are there.
pub(super) fn set(
    template: &Template,
    values: &BTreeMap<CoverField, &str>,
    has_logo: bool,
) -> Result<Sheet, CoverError> {
    let mut sheet = Sheet {
        width_mm: template.width_mm,
        height_mm: template.height_mm,
        runs: Vec::new(),
        rules: Vec::new(),
        logo: None,
    };
    let is_there = |subject: Option<Subject>| match subject {
        None => true,
        Some(Subject::Logo) => has_logo,
        Some(Subject::Field(field)) => values.contains_key(&field),
    };
    for item in template.items.iter().filter(|item| is_there(item.when)) {
        match &item.what {
            What::Text(text) => {
                if is_shown(text, values) {
                    let lines = lines(template, item, text, values)?;
                    place(text, &lines, &mut sheet.runs);
                }
            }
            What::Line(line) => sheet.rules.push(Rule {
                from_mm: line.from,
                to_mm: line.to,
                thickness_mm: line.thickness,
            }),
            What::Logo { area, align } => {
                sheet.logo = Some(LogoPlace {
                    left_mm: area.left,
                    top_mm: area.top,
                    width_mm: area.width,
                    height_mm: area.height,
                    indent: indent(*align),
                });
            }
        }
    }
    Ok(sheet)
}

/// A text of which every field is missing is left out whole, its other words included.
fn is_shown(text: &TextBox, values: &BTreeMap<CoverField, &str>) -> bool {
    let mut fields = fields_of(text).peekable();
    fields.peek().is_none() || fields.any(|field| values.contains_key(&field))
}

fn fields_of(text: &TextBox) -> impl Iterator<Item = CoverField> {
    text.pieces.iter().filter_map(|piece| match piece {
        Piece::Field(field) => Some(*field),
        Piece::Literal(_) => None,
    })
}

/// The lines of a text, which fit into its box.
fn lines(
    template: &Template,
    item: &Item,
    text: &TextBox,
    values: &BTreeMap<CoverField, &str>,
) -> Result<Vec<Vec<u8>>, CoverError> {
    let size_mm = text.points * MM_PER_POINT;
    let room = (text.area.width + SLACK_MM) / size_mm;
    let mut lines = Vec::new();
    for paragraph in paragraphs(text, values)? {
        if text.wraps {
            broken(&paragraph, text, room, &mut lines);
        } else {
            lines.push(paragraph);
        }
    }
    let too_wide = lines
        .iter()
        .map(|line| font::width(line, text.weight))
        .fold(0.0, f64::max);
    let free = (text.area.height + SLACK_MM) / size_mm - ASCENT - DESCENT;
    let lines_max = if free < 0.0 {
        0
    } else {
        1 + (free / LEADING) as usize
    };
    let what = if too_wide > room {
        let (needs, has) = (too_wide * size_mm, text.area.width);
        format!("it is {needs:.0} mm wide, and its box {has:.0} mm")
    } else if lines.len() > lines_max {
        format!(
            "it takes {} lines, and its box has room for {lines_max}",
            lines.len()
        )
    } else {
        return Ok(lines);
    };
    let names: Vec<&str> = fields_of(text).map(CoverField::name).collect();
    Err(if names.is_empty() {
        CoverError::Template {
            file: template.file.clone(),
            line: item.line,
            what: format!("the text does not fit: {what}"),
        }
    } else {
        CoverError::Overflow {
            fields: names.join(" and "),
            what,
        }
    })
}

/// A text with its fields filled in, in the font's encoding, a paragraph for each line of it.
fn paragraphs(
    text: &TextBox,
    values: &BTreeMap<CoverField, &str>,
) -> Result<Vec<Vec<u8>>, CoverError> {
    let mut paragraphs = Vec::new();
    let mut paragraph = Vec::new();
    for piece in &text.pieces {
        let words = match piece {
            Piece::Literal(words) => words,
            Piece::Field(field) => values.get(field).copied().unwrap_or_default(),
        };
        let mut lacking: Vec<char> = Vec::new();
        for character in words.chars() {
            match character {
                // A soft hyphen is seen only where a word is broken, a carriage return never.
                '\r' | '\u{AD}' => {}
                '\n' => paragraphs.push(std::mem::take(&mut paragraph)),
                '\t' => paragraph.push(b' '),
                other => match font::encode(other) {
                    Some(code) => paragraph.push(code),
                    None if lacking.contains(&other) => {}
                    None => lacking.push(other),
                },
            }
        }
        // What the template itself says was looked through when it was read.
        if let (Piece::Field(field), false) = (piece, lacking.is_empty()) {
            let listed = lacking.iter().take(CHARACTERS_LISTED_MAX);
            let characters: Vec<String> = listed.map(|c| called(*c)).collect();
            return Err(CoverError::Characters {
                field: *field,
                characters: characters.join(", "),
            });
        }
    }
    paragraphs.push(paragraph);
    Ok(paragraphs)
}

/// Breaks a paragraph at its blanks; a word that is wider than the box is broken where it must be.
fn broken(paragraph: &[u8], text: &TextBox, room: f64, lines: &mut Vec<Vec<u8>>) {
    let width = |line: &[u8]| font::width(line, text.weight);
    let mut line: Vec<u8> = Vec::new();
    for word in paragraph.split(|code| *code == b' ') {
        let mut longer = line.clone();
        if !line.is_empty() {
            longer.push(b' ');
        }
        longer.extend_from_slice(word);
        if width(&longer) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for code in word {
            line.push(*code);
            if width(&line) > room && line.len() > 1 {
                let next = line.split_off(line.len() - 1);
                lines.push(std::mem::replace(&mut line, next));
            }
        }
    }
    lines.push(line);
}

fn place(text: &TextBox, lines: &[Vec<u8>], runs: &mut Vec<Run>) {
    let size_mm = text.points * MM_PER_POINT;
    let mut base_mm = text.area.top + ASCENT * size_mm;
    for line in lines {
        let width_mm = font::width(line, text.weight) * size_mm;
        if !line.is_empty() {
            runs.push(Run {
                left_mm: text.area.left + (text.area.width - width_mm) * indent(text.align),
                base_mm,
                points: text.points,
                is_bold: text.weight == font::Weight::Bold,
                text: line.clone(),
            });
        }
        base_mm += LEADING * size_mm;
    }
}

/// The share of the free width that is left of what is aligned.
fn indent(align: Align) -> f64 {
    match align {
        Align::Left => 0.0,
        Align::Center => 0.5,
        Align::Right => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::cover::{Cover, Template};
    use crate::job::CoverFields;
    use crate::limits::Limits;

    fn template(text: &str) -> Template {
        let source = format!("page = [100, 100]\n[[text]]\nat = [10, 20]\n{text}\n");
        Template::parse("t.toml", &source).unwrap()
    }

    fn cover(text: &str, fields: &[(CoverField, &str)]) -> Cover {
        let mut filled = CoverFields::default();
        for (field, value) in fields {
            filled.set(*field, (*value).to_owned()).unwrap();
        }
        Cover {
            template: template(text),
            ..Cover::new(filled)
        }
    }

    fn said(sheet: &Sheet) -> Vec<String> {
        let text = |run: &Run| String::from_utf8_lossy(&run.text).into_owned();
        sheet.runs.iter().map(text).collect()
    }

    #[test]
    fn comments_are_broken_at_blanks_and_keep_their_line_breaks() {
        // 10 points are 3.53 mm; a box of 30 mm holds 8.5 of them.
        let text = "size = [30, 40]\ntext = \"{comments}\"\npoints = 10\nwrap = true";
        let comments = "please read this soon\n\nincomprehensibilities\r\nok \n";
        let sheet = cover(text, &[(CoverField::Comments, comments)]);
        let sheet = sheet.sheet(1).unwrap();
        assert_eq!(
            said(&sheet),
            [
                "please read this",
                "soon",
                "incomprehensibiliti",
                "es",
                "ok"
            ]
        );
        // The empty line takes its room.
        let gap = sheet.runs[2].base_mm - sheet.runs[1].base_mm;
        assert!((gap - 2.0 * 1.2 * 10.0 * MM_PER_POINT).abs() < 1e-9);
    }

    #[test]
    fn what_does_not_fit_is_an_error_that_names_the_field_and_the_room() {
        let wide = cover(
            "size = [30, 9]\ntext = \"{subject}\"",
            &[(CoverField::Subject, "Offer of the seventh")],
        );
        let error = wide.check(&Limits::default()).unwrap_err();
        assert_eq!(error.code(), "cover-text-overflow");
        let sentence = error.to_string();
        assert!(sentence.contains("subject does not fit"), "{sentence}");
        assert!(sentence.contains("its box 30 mm"), "{sentence}");
        let long = "size = [30, 9]\ntext = \"{subject} {comments}\"\nwrap = true";
        let error = cover(long, &[(CoverField::Comments, "a\nb\nc")]).sheet(1);
        let sentence = error.unwrap_err().to_string();
        assert!(sentence.contains("subject and comments"), "{sentence}");
        assert!(
            sentence.contains("3 lines") && sentence.contains("room for 1"),
            "{sentence}"
        );
        let own = cover("size = [30, 9]\ntext = \"Much too long for this box\"", &[]);
        let error = own.sheet(1).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("t.toml:2: the text does not fit"),
            "{error}"
        );
    }

    #[test]
    fn characters_that_the_font_lacks_are_named() {
        let text = "size = [80, 9]\ntext = \"{to_name}\"";
        let error = cover(text, &[(CoverField::ToName, "Łukasz Ж Ж \u{7}")]).sheet(1);
        let error = error.unwrap_err();
        assert_eq!(error.code(), "cover-characters");
        assert!(
            error
                .to_string()
                .ends_with("Ł (U+0141), Ж (U+0416), U+0007"),
            "{error}"
        );
        assert!(
            cover(text, &[(CoverField::ToName, "Zoë – “Ünal” €")])
                .sheet(1)
                .is_ok()
        );
    }

    #[test]
    fn a_text_whose_fields_are_all_missing_is_left_out_and_one_of_words_is_not() {
        let text = "size = [80, 9]\ntext = \"Fax {to_number}{to_name}\"";
        assert_eq!(said(&cover(text, &[]).sheet(1).unwrap()), [""; 0]);
        let some = cover(text, &[(CoverField::ToName, "Ada")])
            .sheet(1)
            .unwrap();
        assert_eq!(said(&some), ["Fax Ada"]);
        let words = "size = [80, 9]\ntext = \"Fax\"";
        assert_eq!(said(&cover(words, &[]).sheet(1).unwrap()), ["Fax"]);
        let when = "size = [80, 9]\ntext = \"Fax\"\nwhen = \"subject\"";
        assert_eq!(said(&cover(when, &[]).sheet(1).unwrap()), [""; 0]);
    }

    #[test]
    fn pages_are_counted_and_defaults_give_way_to_what_is_filled_in() {
        let text = "size = [80, 9]\ntext = \"{date} {page_count} {{}}\"";
        let mut cover = cover(text, &[]);
        let today = "2026-03-01".to_owned();
        cover.defaults.set(CoverField::Date, today).unwrap();
        assert_eq!(said(&cover.sheet(12).unwrap()), ["2026-03-01 12 {}"]);
        cover
            .fields
            .set(CoverField::Date, "May Day".to_owned())
            .unwrap();
        assert_eq!(said(&cover.sheet(12).unwrap()), ["May Day 12 {}"]);
        let mut fields = CoverFields::default();
        assert!(fields.set(CoverField::PageCount, "3".to_owned()).is_err());
    }

    #[test]
    fn what_the_template_has_no_place_for_is_refused() {
        let text = "size = [80, 9]\ntext = \"{to_name}\"";
        let error = cover(text, &[(CoverField::Comments, "do not lose me")]);
        let error = error.check(&Limits::default()).unwrap_err();
        assert!(
            error.to_string().contains("no place for comments"),
            "{error}"
        );
        let mut with_logo = cover(text, &[]);
        with_logo.logo = Some(Vec::new());
        let error = with_logo.check(&Limits::default()).unwrap_err();
        assert_eq!(error, CoverError::LogoUnplaced);
    }

    #[test]
    fn text_is_aligned_in_its_box() {
        let left_of = |align: &str| {
            let text = format!("size = [50, 9]\ntext = \"Fax\"\nalign = \"{align}\"");
            cover(&text, &[]).sheet(1).unwrap().runs[0].left_mm
        };
        let width = 1.667 * 11.0 * MM_PER_POINT;
        assert!((left_of("left") - 10.0).abs() < 1e-9);
        assert!((left_of("center") - (35.0 - width / 2.0)).abs() < 1e-9);
        assert!((left_of("right") - (60.0 - width)).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn whatever_is_set_lies_in_its_box_and_loses_no_character(
            comments in "[ -~\n]{0,300}", points in 6f64..30.0, width in 5f64..90.0,
        ) {
            let text = format!(
                "size = [{width:?}, 80]\ntext = \"{{comments}}\"\npoints = {points:?}\nwrap = true"
            );
            let Ok(sheet) = cover(&text, &[(CoverField::Comments, &comments)]).sheet(1) else {
                return Ok(());
            };
            for run in &sheet.runs {
                let size_mm = run.points * MM_PER_POINT;
                let right = run.left_mm + font::width(&run.text, font::Weight::Regular) * size_mm;
                prop_assert!(run.left_mm >= 10.0 && right <= 10.0 + width + 1e-3);
                prop_assert!(run.base_mm - ASCENT * size_mm >= 20.0 - 1e-3);
                prop_assert!(run.base_mm + DESCENT * size_mm <= 100.0 + 1e-3);
            }
            let set: String = said(&sheet).concat();
            let is_seen = |c: &char| !c.is_whitespace();
            prop_assert_eq!(
                set.chars().filter(is_seen).collect::<String>(),
                comments.chars().filter(is_seen).collect::<String>()
            );
        }
    }
}
