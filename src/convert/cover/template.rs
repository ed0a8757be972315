//! How a cover page looks: boxes of text, lines and a place for a logo, in millimetres, as TOML.
//!
//! `docs/cover-template.md` is the reference. A template is checked as a whole when it is read, and
//! what is wrong with it is told with its line.

use serde::Deserialize;
use toml::Spanned;

use super::CoverError;
use super::font::{self, Weight};
use crate::job::CoverField;

/// Largest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 64 << 10;

/// Most boxes and lines.
const ITEMS_MAX: usize = 200;

/// Bounds on lengths in millimetres: a page's edges, and a line's thickness.
const PAGE_MM: std::ops::RangeInclusive<f64> = 50.0..=432.0;
const LINE_MM: std::ops::RangeInclusive<f64> = 0.1..=10.0;

/// Sizes of text. At the standard density smaller text cannot be read.
const POINTS: std::ops::RangeInclusive<f64> = 6.0..=144.0;

/// The look of a cover page.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The file's name, for messages.
    pub(super) file: String,
    pub(super) width_mm: f64,
    pub(super) height_mm: f64,
    pub(super) items: Vec<Item>,
}

/// One thing on the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Its line in the file.
    pub(super) line: usize,
    /// What must be there for it to be shown.
    pub(super) when: Option<Subject>,
    pub(super) what: What,
}

/// Something that may be there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Field(CoverField),
    Logo,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Text(TextBox),
    Line(Line),
    Logo { area: Area, align: Align },
}

/// Text in a box.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TextBox {
    pub(super) area: Area,
    pub(super) pieces: Vec<Piece>,
    pub(super) points: f64,
    pub(super) weight: Weight,
    pub(super) align: Align,
    /// Whether lines that are too long are broken.
    pub(super) wraps: bool,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Field(CoverField),
}

/// A rectangle, in millimetres from the page's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A straight line, in millimetres from the page's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) from: [f64; 2],
    pub(super) to: [f64; 2],
    pub(super) thickness: f64,
}

/// Where in its box something lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Align {
    #[default]
    Left,
    Center,
    Right,
}

impl Template {
    /// The template that is used when no other is named.
    pub fn built_in() -> Self {
        read_built_in()
    }

    /// Reads a template; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, CoverError> {
        let source = Source { file, text };
        if text.len() > TEMPLATE_BYTES_MAX {
            let what = format!("it has more than {TEMPLATE_BYTES_MAX} bytes");
            return Err(source.wrong(0, what));
        }
        let raw: RawTemplate = toml::from_str(text).map_err(|error| source.syntax(&error))?;
        let items = raw.text.len() + raw.line.len() + raw.logo.len();
        if items == 0 || items > ITEMS_MAX {
            let what = format!("it has {items} boxes and lines, and must have 1 to {ITEMS_MAX}");
            return Err(source.wrong(0, what));
        }
        raw.check(&source)
    }

    /// Whether there is a box for a logo.
    pub(super) fn has_logo(&self) -> bool {
        let is_logo = |item: &Item| matches!(item.what, What::Logo { .. });
        self.items.iter().any(is_logo)
    }

    /// Whether a field is printed anywhere.
    pub(super) fn prints(&self, field: CoverField) -> bool {
        self.items.iter().any(|item| match &item.what {
            What::Text(text) => text.pieces.contains(&Piece::Field(field)),
            _ => false,
        })
    }
}

fn read_built_in() -> Template {
    Template::parse("the built-in template", include_str!("default.toml"))
        .expect("the template is part of this program and a test reads it")
}

/// The text that errors point into.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    fn line_of(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    /// What the TOML parser says.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> CoverError {
        let at = error.span().map_or(0, |span| span.start);
        let what = match error.message() {
            // The one place where there is a choice of types.
            said if said.contains("untagged") => "a page is \"a4\", \"letter\" or [width, height]",
            said => said,
        };
        self.wrong(at, what)
    }

    pub(super) fn wrong(&self, at: usize, what: impl Into<String>) -> CoverError {
        CoverError::Template {
            file: self.file.to_owned(),
            line: self.line_of(at),
            what: what.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTemplate {
    page: Spanned<RawPage>,
    #[serde(default)]
    text: Vec<Spanned<RawText>>,
    #[serde(default)]
    line: Vec<Spanned<RawLine>>,
    #[serde(default)]
    logo: Vec<Spanned<RawLogo>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum RawPage {
    Named(PageName),
    Size([f64; 2]),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PageName {
    A4,
    Letter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawText {
    at: [f64; 2],
    size: [f64; 2],
    text: Spanned<String>,
    #[serde(default = "default_points")]
    points: f64,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    align: Align,
    #[serde(default)]
    wrap: bool,
    when: Option<Spanned<String>>,
}

const fn default_points() -> f64 {
    11.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    from: [f64; 2],
    to: [f64; 2],
    #[serde(default = "default_thickness")]
    thickness: f64,
    when: Option<Spanned<String>>,
}

const fn default_thickness() -> f64 {
    0.5
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLogo {
    at: [f64; 2],
    size: [f64; 2],
    #[serde(default)]
    align: Align,
}

impl RawTemplate {
    fn check(self, source: &Source<'_>) -> Result<Template, CoverError> {
        let [width_mm, height_mm] = match *self.page.get_ref() {
            RawPage::Named(PageName::A4) => [210.0, 297.0],
            RawPage::Named(PageName::Letter) => [215.9, 279.4],
            RawPage::Size(size) => size,
        };
        if !PAGE_MM.contains(&width_mm) || !PAGE_MM.contains(&height_mm) {
            let what = "a page is 50 to 432 millimetres wide and high";
            return Err(source.wrong(self.page.span().start, what));
        }
        let page = Area {
            left: 0.0,
            top: 0.0,
            width: width_mm,
            height: height_mm,
        };
        if let Some(second) = self.logo.get(1) {
            return Err(source.wrong(
                second.span().start,
                "there is one logo, and one place for it",
            ));
        }
        // Lines and the logo come before the text, which thus stays readable whatever they do.
        let mut items = Vec::with_capacity(self.text.len() + self.line.len() + 1);
        for line in self.line {
            items.push(line_item(&line, page, source)?);
        }
        for logo in self.logo {
            let RawLogo { at, size, align } = *logo.get_ref();
            let at_byte = logo.span().start;
            let area = Area::on(page, at, size).map_err(|what| source.wrong(at_byte, what))?;
            items.push(Item {
                line: source.line_of(at_byte),
                when: Some(Subject::Logo),
                what: What::Logo { area, align },
            });
        }
        for text in self.text {
            items.push(text_item(&text, page, source)?);
        }
        Ok(Template {
            file: source.file.to_owned(),
            width_mm,
            height_mm,
            items,
        })
    }
}

fn line_item(raw: &Spanned<RawLine>, page: Area, source: &Source<'_>) -> Result<Item, CoverError> {
    let at = raw.span().start;
    let &RawLine {
        from,
        to,
        thickness,
        ref when,
    } = raw.get_ref();
    if !LINE_MM.contains(&thickness) {
        return Err(source.wrong(at, "a line is 0.1 to 10 millimetres thick"));
    }
    if !page.holds(from) || !page.holds(to) {
        return Err(source.wrong(at, "the line does not lie on the page"));
    }
    Ok(Item {
        line: source.line_of(at),
        when: subject(when.as_ref(), source)?,
        what: What::Line(Line {
            from,
            to,
            thickness,
        }),
    })
}

fn text_item(raw: &Spanned<RawText>, page: Area, source: &Source<'_>) -> Result<Item, CoverError> {
    let at = raw.span().start;
    let raw = raw.get_ref();
    if !POINTS.contains(&raw.points) {
        return Err(source.wrong(at, "points must be 6 to 144"));
    }
    let area = Area::on(page, raw.at, raw.size).map_err(|what| source.wrong(at, what))?;
    let text_at = raw.text.span().start;
    let pieces = pieces(raw.text.get_ref()).map_err(|what| source.wrong(text_at, what))?;
    Ok(Item {
        line: source.line_of(at),
        when: subject(raw.when.as_ref(), source)?,
        what: What::Text(TextBox {
            area,
            pieces,
            points: raw.points,
            weight: if raw.bold {
                Weight::Bold
            } else {
                Weight::Regular
            },
            align: raw.align,
            wraps: raw.wrap,
        }),
    })
}

fn subject(
    when: Option<&Spanned<String>>,
    source: &Source<'_>,
) -> Result<Option<Subject>, CoverError> {
    let Some(when) = when else { return Ok(None) };
    if when.get_ref() == "logo" {
        return Ok(Some(Subject::Logo));
    }
    let field = when.get_ref().parse::<CoverField>();
    let field = field.map_err(|error| source.wrong(when.span().start, error.to_string()))?;
    Ok(Some(Subject::Field(field)))
}

/// Takes a text apart: `{name}` is a field, `{{` and `}}` are braces.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = brace
            .strip_prefix("{{")
            .or_else(|| brace.strip_prefix("}}"))
        {
            literal.push_str(&brace[..1]);
            rest = after;
            continue;
        }
        let field = brace
            .strip_prefix('{')
            .ok_or("a single } belongs to no field: write }} for the brace itself")?;
        let (name, after) = field
            .split_once('}')
            .ok_or("a { has no } after it: write {{ for the brace itself")?;
        let field = name.parse::<CoverField>().map_err(|e| e.to_string())?;
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Field(field));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    for piece in &pieces {
        if let Piece::Literal(literal) = piece
            && let Some(c) = literal
                .chars()
                .find(|c| *c != '\n' && font::encode(*c).is_none())
        {
            return Err(format!("the font has no character {}", super::called(c)));
        }
    }
    Ok(pieces)
}

impl Area {
    /// An area that must lie on a page.
    fn on(page: Self, [left, top]: [f64; 2], [width, height]: [f64; 2]) -> Result<Self, String> {
        let area = Self {
            left,
            top,
            width,
            height,
        };
        let end = [left + width, top + height];
        if width > 0.0 && height > 0.0 && page.holds([left, top]) && page.holds(end) {
            return Ok(area);
        }
        Err(format!(
            "the box must have a size and lie on the page of {} by {} millimetres",
            page.width, page.height
        ))
    }

    fn holds(self, [x, y]: [f64; 2]) -> bool {
        (0.0..=self.width).contains(&x) && (0.0..=self.height).contains(&y)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> (usize, String) {
        match Template::parse("t.toml", text) {
            Err(CoverError::Template { line, what, .. }) => (line, what),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn assert_error(text: &str, line: usize, words: &str) {
        let (at, what) = error(text);
        assert!(what.contains(words), "{what}");
        assert_eq!(at, line, "{what}");
    }

    #[test]
    fn the_built_in_template_prints_every_field() {
        let template = Template::built_in();
        for field in CoverField::ALL {
            assert!(template.prints(field), "{field}");
        }
        assert!(template.has_logo());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let page = "page = \"a4\"\n";
        let text = |inner: &str| format!("{page}\n[[text]]\nat = [10, 10]\n{inner}\n");
        assert_error("[[text]]", 1, "at");
        assert_error("page = \"a5\"", 1, "\"a4\", \"letter\" or");
        assert_error(
            "page = [10, 10]\n[[line]]\nfrom=[1,1]\nto=[2,2]",
            1,
            "50 to 432",
        );
        assert_error(page, 1, "0 boxes");
        assert_error(
            &text("size = [20, 10]\ntext = \"{name}\""),
            6,
            "\"name\" is no field",
        );
        assert_error(
            &text("size = [20, 10]\ntext = \"{date\""),
            6,
            "no } after it",
        );
        assert_error(&text("size = [20, 10]\ntext = \"date}\""), 6, "single }");
        assert_error(&text("size = [20, 10]\ntext = \"ж\""), 6, "U+0436");
        assert_error(
            &text("size = [201, 10]\ntext = \"a\""),
            3,
            "lie on the page",
        );
        assert_error(
            &text("size = [nan, 10]\ntext = \"a\""),
            3,
            "lie on the page",
        );
        assert_error(&text("size = [0, 10]\ntext = \"a\""), 3, "must have a size");
        assert_error(
            &text("size = [9, 9]\ntext = \"a\"\npoints = 5"),
            3,
            "6 to 144",
        );
        assert_error(
            &text("size = [9, 9]\ntext = \"a\"\ncolour = 1"),
            7,
            "colour",
        );
        assert_error(
            &text("size = [9, 9]\ntext = \"a\"\nwhen = \"x\""),
            7,
            "no field",
        );
        let logo = "[[logo]]\nat = [1, 1]\nsize = [9, 9]\n";
        assert_error(&format!("{page}{logo}{logo}"), 5, "one logo");
        let line = "[[line]]\nfrom = [1, 1]\nto = [300, 1]\n";
        assert_error(&format!("{page}{line}"), 2, "not lie on the page");
    }

    #[test]
    fn braces_are_fields_unless_doubled() {
        let field = |field| Piece::Field(field);
        let literal = |text: &str| Piece::Literal(text.to_owned());
        assert_eq!(
            pieces("To: {to_name}, {to_company}").unwrap(),
            [
                literal("To: "),
                field(CoverField::ToName),
                literal(", "),
                field(CoverField::ToCompany)
            ]
        );
        assert_eq!(pieces("{{a}} {date}").unwrap()[0], literal("{a} "));
        assert_eq!(pieces("").unwrap(), []);
    }

    proptest! {
        #[test]
        fn any_text_is_a_template_or_an_error_with_a_line_of_it(text in "\\PC{0,200}") {
            if let Err(error) = Template::parse("t", &text) {
                let CoverError::Template { line, .. } = error else {
                    panic!("{error}");
                };
                prop_assert!(line >= 1 && line <= text.lines().count().max(1) + 1);
            }
        }

        #[test]
        fn what_is_read_lies_on_the_page(
            at in [-10f64..500.0, -10.0..500.0], size in [-10f64..500.0, -10.0..500.0],
            points in 0f64..200.0, text in "[a-z{} ]{0,12}",
        ) {
            let [left, top] = at;
            let [width, height] = size;
            let source = format!(
                "page = [210, 279]\n[[text]]\nat = [{left:?}, {top:?}]\n\
                 size = [{width:?}, {height:?}]\npoints = {points:?}\ntext = \"{text}\"\n"
            );
            if let Ok(template) = Template::parse("t", &source) {
                let What::Text(text) = &template.items[0].what else { panic!() };
                prop_assert!(text.area.left >= 0.0 && text.area.left + text.area.width <= 210.0);
                prop_assert!(text.area.top >= 0.0 && text.area.top + text.area.height <= 279.0);
            }
        }
    }
}
