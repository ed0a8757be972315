//! What a page's content paints, when that is images and nothing else.

use super::tokens::{Operand, Operation, Operations};

/// An image that the content paints.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Painted {
    /// Its name in the page's resources.
    pub(crate) name: Vec<u8>,
    /// What maps the unit square to the page: ISO 32000-1 §8.3.4.
    pub(crate) matrix: [f64; 6],
    /// Whether a mask that is painted here is painted in black.
    pub(crate) is_fill_black: bool,
}

/// All that matters of a page's content.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PageContent {
    /// In painting order.
    pub(crate) images: Vec<Painted>,
    /// Rectangles on the page, left, bottom, right, top, outside of which nothing is painted.
    pub(crate) clips: Vec<[f64; 4]>,
    /// Names of the graphics states that are set.
    pub(crate) states: Vec<Vec<u8>>,
    /// Names of the fonts of invisible text.
    pub(crate) fonts: Vec<Vec<u8>>,
}

/// Most images of a page that is a scan in strips.
const IMAGES_MAX: usize = 512;

/// Deepest nesting of saved graphics states.
const SAVED_MAX: usize = 64;

impl PageContent {
    /// Reads content; `None` when it paints anything but images, might do so, or is malformed.
    pub(crate) fn read(content: &[u8]) -> Option<Self> {
        let mut operations = Operations::new(content);
        let mut reader = Reader::default();
        while let Some(operation) = operations.next().ok()? {
            reader.apply(&operation)?;
        }
        (reader.saved.is_empty() && reader.path.is_empty()).then_some(reader.content)
    }
}

#[derive(Clone, Copy)]
struct State {
    matrix: [f64; 6],
    is_fill_black: bool,
    is_text_invisible: bool,
}

struct Reader {
    content: PageContent,
    state: State,
    saved: Vec<State>,
    /// Rectangles of the path under construction.
    path: Vec<[f64; 4]>,
    /// Whether the path becomes a clip.
    clips: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            content: PageContent::default(),
            state: State {
                matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
                is_fill_black: true,
                is_text_invisible: false,
            },
            saved: Vec::new(),
            path: Vec::new(),
            clips: false,
        }
    }
}

impl Reader {
    fn apply(&mut self, operation: &Operation<'_>) -> Option<()> {
        let operands = operation.operands.as_slice();
        match (operation.operator, operands) {
            (b"q", []) => {
                self.saved.push(self.state);
                return (self.saved.len() <= SAVED_MAX).then_some(());
            }
            (b"Q", []) => self.state = self.saved.pop()?,
            (b"cm", _) => self.state.matrix = multiply(numbers(operands)?, self.state.matrix),
            (b"Do", [Operand::Name(name)]) => {
                self.content.images.push(Painted {
                    name: name.to_vec(),
                    matrix: self.state.matrix,
                    is_fill_black: self.state.is_fill_black,
                });
                return (self.content.images.len() <= IMAGES_MAX).then_some(());
            }
            (b"gs", [Operand::Name(name)]) => remember(&mut self.content.states, name),
            (b"Tf", [Operand::Name(name), Operand::Number(_)]) => {
                remember(&mut self.content.fonts, name);
            }
            (b"Tr", [Operand::Number(mode)]) => {
                self.state.is_text_invisible = is_equal(*mode, 3.0);
                return (0.0..=7.0).contains(mode).then_some(());
            }
            (b"Tj" | b"TJ" | b"'", [_]) | (b"\"", [_, _, _]) => {
                return self.state.is_text_invisible.then_some(());
            }
            (b"g" | b"rg" | b"k" | b"sc" | b"scn" | b"cs", _) => {
                self.state.is_fill_black = is_black(operation);
            }
            (b"re", _) => self.path.push(self.rectangle(operands)?),
            (b"W" | b"W*", []) => self.clips = true,
            (b"n", []) => return self.end_path(),
            // Marked content without a name of its own for when it shows: not optional content.
            (b"BMC" | b"MP", [Operand::Name(tag)]) | (b"BDC" | b"DP", [Operand::Name(tag), _]) => {
                return (*tag != b"OC").then_some(());
            }
            (operator, operands) => return is_idle(operator, operands.len()).then_some(()),
        }
        Some(())
    }

    /// The rectangle of `re` on the page, when it lies along the page's edges there.
    fn rectangle(&self, operands: &[Operand<'_>]) -> Option<[f64; 4]> {
        let [x, y, width, height] = numbers(operands)?;
        let matrix = multiply([width, 0.0, 0.0, height, x, y], self.state.matrix);
        bounds(matrix)
    }

    /// Ends a path that is not painted.
    fn end_path(&mut self) -> Option<()> {
        if self.clips {
            let [clip] = self.path.as_slice() else {
                return None;
            };
            self.content.clips.push(*clip);
        }
        self.path.clear();
        self.clips = false;
        (self.content.clips.len() <= IMAGES_MAX).then_some(())
    }
}

/// Whether an operator with so many operands changes nothing about images and invisible text.
fn is_idle(operator: &[u8], operands: usize) -> bool {
    match operator {
        b"BT" | b"ET" | b"EMC" | b"BX" | b"EX" | b"T*" => operands == 0,
        b"Tc" | b"Tw" | b"Tz" | b"TL" | b"Ts" | b"w" | b"J" | b"j" | b"M" | b"i" | b"ri"
        | b"CS" => operands == 1,
        b"Td" | b"TD" | b"d" => operands == 2,
        b"Tm" => operands == 6,
        b"G" | b"RG" | b"K" | b"SC" | b"SCN" => true,
        _ => false,
    }
}

fn remember(names: &mut Vec<Vec<u8>>, name: &[u8]) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_vec());
    }
}

/// Whether a colour operator sets black without a doubt.
fn is_black(operation: &Operation<'_>) -> bool {
    use Operand::Number;
    let is_zero = |number: &f64| is_equal(*number, 0.0);
    match (operation.operator, operation.operands.as_slice()) {
        (b"g", [Number(gray)]) => is_zero(gray),
        (b"rg", [Number(r), Number(g), Number(b)]) => [r, g, b].into_iter().all(is_zero),
        (b"k", [Number(c), Number(m), Number(y), Number(k)]) => {
            [c, m, y].into_iter().all(is_zero) && is_equal(*k, 1.0)
        }
        _ => false,
    }
}

fn is_equal(a: f64, b: f64) -> bool {
    (a - b).abs() < f64::EPSILON
}

fn numbers<const N: usize>(operands: &[Operand<'_>]) -> Option<[f64; N]> {
    let numbers: Option<Vec<f64>> = operands
        .iter()
        .map(|operand| match operand {
            Operand::Number(number) => Some(*number),
            _ => None,
        })
        .collect();
    numbers?.try_into().ok()
}

/// The product of two matrices as `cm` makes it (ISO 32000-1 §8.3.4).
fn multiply(new: [f64; 6], old: [f64; 6]) -> [f64; 6] {
    let across = |row: usize| new[row] * old[0] + new[row + 1] * old[2];
    let along = |row: usize| new[row] * old[1] + new[row + 1] * old[3];
    [
        across(0),
        along(0),
        across(2),
        along(2),
        across(4) + old[4],
        along(4) + old[5],
    ]
}

/// Left, bottom, right and top of what a matrix makes of the unit square, unless it is skewed or
/// turned by anything but quarters, or empty.
pub(super) fn bounds(matrix: [f64; 6]) -> Option<[f64; 4]> {
    let [a, b, c, d, left, bottom] = matrix;
    // In points over the whole square: far below a pixel.
    let is_none = |reach: f64| reach.abs() < 0.02;
    if !((is_none(b) && is_none(c)) || (is_none(a) && is_none(d))) {
        return None;
    }
    let (width, height) = if is_none(b) && is_none(c) {
        (a, d)
    } else {
        (c, b)
    };
    let found = [
        left + width.min(0.0),
        bottom + height.min(0.0),
        left + width.max(0.0),
        bottom + height.max(0.0),
    ];
    let is_whole = found.iter().all(|edge| edge.abs() < 1e6);
    (is_whole && !is_none(width) && !is_none(height)).then_some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content: &str) -> Option<PageContent> {
        PageContent::read(content.as_bytes())
    }

    #[test]
    fn an_image_with_what_scanners_write_around_it() {
        let page = read(
            "/Artifact <</Type /Pagination>> BDC q 0 0 612 792 re W n /G0 gs 0.5 w \
             q 1 0 0 1 0 0 cm 612 0 0 792 0 0 cm /Im0 Do Q Q EMC \
             BT 3 Tr /F1 9 Tf 1 0 0 1 20 30 Tm (word) Tj [(wo) -20 (rd)] TJ ET",
        )
        .unwrap();
        assert_eq!(page.images.len(), 1);
        assert_eq!(page.images[0].name, b"Im0");
        assert_eq!(
            bounds(page.images[0].matrix),
            Some([0.0, 0.0, 612.0, 792.0])
        );
        assert_eq!(page.clips, [[0.0, 0.0, 612.0, 792.0]]);
        assert_eq!((page.states.len(), page.fonts.len()), (1, 1));
    }

    #[test]
    fn what_paints_or_might_is_not_read() {
        for content in [
            "/I Do 0 0 9 9 re f",
            "/I Do 0 0 m 9 9 l S",
            "/I Do BT /F1 9 Tf (visible) Tj ET",
            "/I Do BT 3 Tr ET q Q BT 0 Tr (visible) Tj ET",
            "/I Do BT 7 Tr (a clip) Tj ET",
            "/I Do BI /W 1 ID x EI",
            "/I Do /S sh",
            "/OC /MC0 BDC /I Do EMC",
            "q /I Do",
            "/I Do Q",
            "1 0 0 1 0 cm /I Do",
            "0 0 9 9 re 20 20 9 9 re W n /I Do",
            "0.7 0.7 -0.7 0.7 0 0 cm 0 0 9 9 re W n /I Do",
            "/I Do 0 0 9 9 re",
        ] {
            assert_eq!(read(content), None, "{content}");
        }
    }

    #[test]
    fn invisible_stays_invisible_only_as_long_as_its_state_is_saved() {
        assert!(read("q 3 Tr (hidden) Tj Q").is_some());
        assert_eq!(read("q 3 Tr (hidden) Tj Q (seen) Tj"), None);
    }

    #[test]
    fn masks_are_painted_in_the_colour_that_was_set_last() {
        for (content, is_black) in [
            ("/I Do", true),
            ("1 g 0 g /I Do", true),
            ("0 0 0 rg /I Do", true),
            ("0 0 0 1 k /I Do", true),
            ("q 1 g Q /I Do", true),
            ("0.2 g /I Do", false),
            ("/Cs1 cs /I Do", false),
            ("0 0 0 1 k 0 scn /I Do", false),
        ] {
            assert_eq!(
                read(content).unwrap().images[0].is_fill_black,
                is_black,
                "{content}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_operations_are_read_or_not(
            words in proptest::collection::vec(prop::sample::select(vec![
                "q", "Q", "1", "0", "0.5", "cm", "/A", "Do", "gs", "Tr", "3", "(a)", "Tj", "re", "W",
                "n", "BDC", "<<>>", "Tf", "g", "[1]", "TJ", "EMC", "100",
            ]), 0..40),
        ) {
            if let Some(page) = read(&words.join(" ")) {
                prop_assert!(page.images.len() <= words.len());
            }
        }
    }
}
