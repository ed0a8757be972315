//! Which font of the system stands in for one that a document names and does not carry.
//!
//! By the same rules as PDFium's own list of fonts: a face that bears the name, of those the one
//! whose style is nearest; for Chinese, Japanese and Korean any that serves the script. What finds
//! none is drawn with the fonts that PDFium has built in.

use super::catalog::Face;

/// The fonts of every PDF reader (ISO 32000-1 §9.6.2.2), and what equals them where installed.
const STANDARD_FONTS: [(&str, &str); 12] = [
    ("Courier", "Courier New"),
    ("Courier-Bold", "Courier New Bold"),
    ("Courier-BoldOblique", "Courier New Bold Italic"),
    ("Courier-Oblique", "Courier New Italic"),
    ("Helvetica", "Arial"),
    ("Helvetica-Bold", "Arial Bold"),
    ("Helvetica-BoldOblique", "Arial Bold Italic"),
    ("Helvetica-Oblique", "Arial Italic"),
    ("Times-Roman", "Times New Roman"),
    ("Times-Bold", "Times New Roman Bold"),
    ("Times-BoldItalic", "Times New Roman Bold Italic"),
    ("Times-Italic", "Times New Roman Italic"),
];

/// A script, by the numbers of `fpdf_sysfontinfo.h` and the bits of `ulCodePageRange1`.
pub(super) struct Script {
    pub(super) charset: i32,
    code_page_bits: &'static [u32],
    /// Whether any face that serves it will do, whatever its name.
    is_cjk: bool,
}

/// The scripts that PDFium asks for, besides Latin.
pub(super) const SCRIPTS: [Script; 5] = [
    Script::cjk(SHIFT_JIS, &[17]),
    Script::cjk(GB2312, &[18]),
    Script::cjk(BIG5, &[20]),
    Script::cjk(HANGUL, &[19, 21]),
    Script {
        charset: 2,
        code_page_bits: &[31],
        is_cjk: false,
    },
];

/// Latin, which every face is taken to serve.
pub(super) const ANSI: i32 = 0;
/// Whatever a face serves.
const DEFAULT: i32 = 1;
const SHIFT_JIS: i32 = 128;
const HANGUL: i32 = 129;
const GB2312: i32 = 134;
const BIG5: i32 = 136;

/// What a document's font is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) weight: i32,
    pub(super) is_italic: bool,
    pub(super) charset: i32,
    pub(super) shape: Shape,
}

/// The shape of a font's letters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    pub(super) is_fixed_pitch: bool,
    pub(super) is_roman: bool,
    pub(super) is_script: bool,
}

impl Script {
    const fn cjk(charset: i32, code_page_bits: &'static [u32]) -> Self {
        Self {
            charset,
            code_page_bits,
            is_cjk: true,
        }
    }

    pub(super) fn is_served_by(&self, face: &Face) -> bool {
        self.code_page_bits.iter().any(|bit| face.serves(*bit))
    }
}

/// The place of the face that stands in for a font, among `faces` in the order of their names.
pub(super) fn choose(faces: &[Face], wanted: Wanted<'_>) -> Option<usize> {
    let equal = STANDARD_FONTS.iter().find(|(name, _)| *name == wanted.name);
    if let Some(place) = equal.and_then(|(_, equal)| of_name(faces, equal)) {
        return Some(place);
    }
    let favourites = favourites(wanted);
    let place = favourites.iter().find_map(|name| of_name(faces, name));
    place.or_else(|| nearest(faces, wanted))
}

/// The place of the face of exactly this name.
pub(super) fn of_name(faces: &[Face], name: &str) -> Option<usize> {
    faces
        .binary_search_by(|face| face.name.as_str().cmp(name))
        .ok()
}

/// Faces to prefer for a script, whatever the font is called.
fn favourites(wanted: Wanted<'_>) -> &'static [&'static str] {
    // "Gothic" and "Mincho" as Shift JIS has them come as bytes that are no UTF-8, and not here.
    let is_gothic = wanted.name.contains("Gothic")
        || !wanted.name.contains("Mincho") && !wanted.shape.is_roman && wanted.weight > 400;
    let is_proportional = !wanted.name.contains("Gothic") && !wanted.name.contains("Mincho")
        || wanted.name.contains("PGothic")
        || wanted.name.contains("PMincho");
    match (wanted.charset, is_gothic, is_proportional) {
        (SHIFT_JIS, true, true) => &["MS PGothic", "TakaoPGothic", "VL PGothic", "IPAPGothic"],
        (SHIFT_JIS, true, false) => &["MS Gothic", "TakaoGothic", "VL Gothic", "IPAGothic"],
        (SHIFT_JIS, false, true) => &["MS PMincho", "TakaoPMincho", "IPAPMincho", "VL Gothic"],
        (SHIFT_JIS, false, false) => &["MS Mincho", "TakaoMincho", "IPAMincho", "VL Gothic"],
        (GB2312, ..) => &[
            "AR PL UMing CN Light",
            "WenQuanYi Micro Hei",
            "AR PL UKai CN",
        ],
        (BIG5, ..) => &[
            "AR PL UMing TW Light",
            "WenQuanYi Micro Hei",
            "AR PL UKai TW",
        ],
        (HANGUL, ..) => &["UnDotum"],
        _ => &[],
    }
}

/// Of the faces that will do the one whose style is nearest, the first of several.
fn nearest(faces: &[Face], wanted: Wanted<'_>) -> Option<usize> {
    if wanted.charset == ANSI && wanted.shape.is_fixed_pitch {
        return of_name(faces, "Courier New");
    }
    let script = SCRIPTS
        .iter()
        .find(|script| script.charset == wanted.charset);
    if script.is_none() && wanted.charset != ANSI && wanted.charset != DEFAULT {
        return None;
    }
    let is_cjk = script.is_some_and(|script| script.is_cjk);
    let mut best = None;
    for (place, face) in faces.iter().enumerate() {
        let will_do = script.is_none_or(|script| script.is_served_by(face))
            && (is_cjk || bears(&face.name, wanted.name));
        let score = likeness(face, wanted, is_cjk);
        if will_do && best.is_none_or(|(_, best)| score > best) {
            best = Some((place, score));
        }
    }
    best.map(|(place, _)| place)
}

/// Whether a face is of this family: "Univers Bold" is of "Univers", and "Universal" is not.
fn bears(face: &str, family: &str) -> bool {
    !family.is_empty()
        && face.find(family).is_some_and(|at| {
            let next = face.as_bytes().get(at + family.len());
            !next.is_some_and(u8::is_ascii_lowercase)
        })
}

/// How near the style of a face is to what is wanted.
fn likeness(face: &Face, wanted: Wanted<'_>, is_cjk: bool) -> u32 {
    let name = &face.name;
    let is_bold = name.contains("Bold");
    let is_italic = name.contains("Italic") || name.contains("Oblique");
    let is_serif = name.contains("Serif");
    let is_exact = !is_cjk && name.len() == wanted.name.len();
    [
        (is_exact, 4),
        (is_bold == (wanted.weight > 400), 16),
        (is_italic == wanted.is_italic, 16),
        (is_serif == wanted.shape.is_roman, 16),
        (!wanted.shape.is_script, 8),
        (!wanted.shape.is_fixed_pitch, 8),
    ]
    .into_iter()
    .map(|(agrees, weight)| if agrees { weight } else { 0 })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Faces of these names, which must be in order, that serve the scripts of these bits.
    fn faces(listed: &[(&str, u32)]) -> Vec<Face> {
        listed
            .iter()
            .map(|(name, code_pages)| Face::for_tests(name, *code_pages))
            .collect()
    }

    fn plain(name: &str) -> Wanted<'_> {
        Wanted {
            name,
            weight: 400,
            is_italic: false,
            charset: ANSI,
            shape: Shape::default(),
        }
    }

    fn chosen<'a>(faces: &'a [Face], wanted: Wanted<'_>) -> Option<&'a str> {
        choose(faces, wanted).map(|place| faces[place].name.as_str())
    }

    #[test]
    fn the_style_that_is_asked_for_is_taken() {
        let faces = faces(&[("Deja", 0), ("Deja Bold", 0), ("Deja Bold Italic", 0)]);
        assert_eq!(chosen(&faces, plain("Deja")), Some("Deja"));
        let bold = Wanted {
            weight: 700,
            ..plain("Deja")
        };
        assert_eq!(chosen(&faces, bold), Some("Deja Bold"));
        let italic = Wanted {
            is_italic: true,
            ..bold
        };
        assert_eq!(chosen(&faces, italic), Some("Deja Bold Italic"));
    }

    #[test]
    fn a_longer_word_is_another_family() {
        let faces = faces(&[("Universal", 0)]);
        assert_eq!(chosen(&faces, plain("Univers")), None);
        assert_eq!(chosen(&faces, plain("")), None);
    }

    #[test]
    fn the_fonts_of_every_reader_have_equals_and_no_others() {
        assert_eq!(
            chosen(&faces(&[("Nimbus Sans", 0)]), plain("Helvetica")),
            None
        );
        let faces = faces(&[("Arial", 0), ("Arial Bold", 0)]);
        assert_eq!(chosen(&faces, plain("Helvetica-Bold")), Some("Arial Bold"));
    }

    #[test]
    fn a_font_of_one_width_is_not_replaced_by_one_of_many() {
        let typewriter = Wanted {
            shape: Shape {
                is_fixed_pitch: true,
                ..Shape::default()
            },
            ..plain("Deja")
        };
        assert_eq!(chosen(&faces(&[("Deja", 0)]), typewriter), None);
    }

    #[test]
    fn any_face_of_an_east_asian_script_will_do_and_of_others_none() {
        let japanese = Wanted {
            charset: SHIFT_JIS,
            ..plain("Ryumin")
        };
        let listed = [("Deja", 0), ("Hana", 1 << 17)];
        assert_eq!(chosen(&faces(&listed), japanese), Some("Hana"));
        let listed = [("Hana", 1 << 17), ("IPAPMincho", 1 << 17)];
        assert_eq!(chosen(&faces(&listed), japanese), Some("IPAPMincho"));
        let arabic = Wanted {
            charset: 178,
            ..plain("Hana")
        };
        assert_eq!(chosen(&faces(&listed), arabic), None);
    }
}
