//! The fonts that the system has, by their names.
//!
//! Every document with a font that it does not carry has all of them looked at, in a process of
//! its own, so what is read of each is little: its tables' places, its names, its scripts.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Most files that are looked at.
const FILES_MAX: usize = 20_000;

/// Most folders inside folders, which may be links that form a ring.
const DEPTH_MAX: u32 = 12;

/// Most fonts that are taken from a collection.
const COLLECTION_FACES_MAX: usize = 64;

/// Most tables of a font.
const TABLES_MAX: usize = 128;

/// Longest table that is read for names and scripts.
const READ_BYTES_MAX: usize = 64 << 10;

/// Bytes of a file that are read first: the places of its tables, mostly.
const HEAD_BYTES: usize = 512;

/// A font of the system.
#[derive(Clone, Debug)]
pub(super) struct Face {
    /// Family and style, or its PostScript name where those are not plain ASCII.
    pub(super) name: String,
    /// The file that holds it.
    path: PathBuf,
    /// Where it begins in a collection of fonts; 0 in a file of its own.
    offset: u32,
    tables: Vec<Table>,
    /// What it says of the scripts that it serves: `ulCodePageRange1` of its OS/2 table.
    code_pages: u32,
}

#[derive(Clone, Copy, Debug)]
struct Table {
    tag: [u8; 4],
    offset: u32,
    length: u32,
}

/// A part of a font's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The font, to the end of the file.
    Font,
    /// The collection that it is a part of.
    Collection,
    /// One of its tables.
    Table([u8; 4]),
}

/// All fonts below these folders, one of each name, in the order of names.
pub(super) fn installed(folders: &[&str]) -> Vec<Face> {
    let mut files = Vec::new();
    for folder in folders {
        font_files(Path::new(folder), DEPTH_MAX, &mut files);
    }
    // What the system lists first is no property of a font.
    files.sort_unstable();
    let mut faces: Vec<Face> = Vec::with_capacity(files.len());
    for path in files {
        // A file that cannot be read, or is no font, is a font less.
        faces_in(&path, &mut faces).unwrap_or_default();
    }
    faces.sort_by(|one, other| one.name.cmp(&other.name));
    faces.dedup_by(|one, other| one.name == other.name);
    faces
}

fn font_files(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let is_folder = kind.is_dir()
            || kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|target| target.is_dir());
        if is_folder {
            if depth > 0 {
                font_files(&entry.path(), depth - 1, files);
            }
        } else if is_font_name(entry.file_name().as_encoded_bytes()) && files.len() < FILES_MAX {
            files.push(entry.path());
        }
    }
}

fn is_font_name(name: &[u8]) -> bool {
    let endings: [&[u8]; 3] = [b".ttf", b".otf", b".ttc"];
    name.len() > 4
        && endings
            .iter()
            .any(|ending| name[name.len() - 4..].eq_ignore_ascii_case(ending))
}

/// Adds the fonts of a file.
fn faces_in(path: &Path, faces: &mut Vec<Face>) -> io::Result<()> {
    let file = File::open(path)?;
    let mut head = [0; HEAD_BYTES];
    let read = file.read_at(&mut head, 0)?;
    let head = &head[..read];
    if !head.starts_with(b"ttcf") {
        faces.extend(face(&file, head, path, 0));
        return Ok(());
    }
    // OpenType 1.9, "Font Collections": tag, version, count, then where each font begins.
    let count = number(head, 8).unwrap_or(0).min(COLLECTION_FACES_MAX);
    for index in 0..count {
        let Some(offset) = number(head, 12 + 4 * index) else {
            break;
        };
        let mut head = [0; HEAD_BYTES];
        let read = file.read_at(&mut head, offset as u64)?;
        faces.extend(face(&file, &head[..read], path, offset as u32));
    }
    Ok(())
}

/// The font whose bytes begin with `head`, when it has a name.
fn face(file: &File, head: &[u8], path: &Path, offset: u32) -> Option<Face> {
    // OpenType 1.9, "Table Directory": 12 bytes, then 16 for each table.
    let count = usize::from(short(head, 4)?).min(TABLES_MAX);
    let mut longer;
    let mut directory = head.get(12..)?;
    if directory.len() < 16 * count {
        longer = vec![0; 16 * count];
        file.read_exact_at(&mut longer, u64::from(offset) + 12)
            .ok()?;
        directory = &longer;
    }
    let tables: Vec<Table> = directory
        .as_chunks::<16>()
        .0
        .iter()
        .take(count)
        .map(|entry| Table {
            tag: [entry[0], entry[1], entry[2], entry[3]],
            offset: u32::from_be_bytes([entry[8], entry[9], entry[10], entry[11]]),
            length: u32::from_be_bytes([entry[12], entry[13], entry[14], entry[15]]),
        })
        .collect();
    let read = |tag| {
        let table = tables.iter().find(|table| table.tag == tag)?;
        let mut bytes = vec![0; (table.length as usize).min(READ_BYTES_MAX)];
        file.read_exact_at(&mut bytes, table.offset.into()).ok()?;
        Some(bytes)
    };
    let name = face_name(&read(*b"name")?)?;
    let code_pages = read(*b"OS/2").and_then(|table| number(&table, 78));
    Some(Face {
        name,
        path: path.to_owned(),
        offset,
        code_pages: code_pages.unwrap_or(0) as u32,
        tables,
    })
}

/// What a font is called: its family, and its style where that is not the regular one.
fn face_name(table: &[u8]) -> Option<String> {
    const FAMILY: u16 = 1;
    const STYLE: u16 = 2;
    const POST_SCRIPT: u16 = 6;
    let Some(mut name) = named(table, FAMILY) else {
        return named(table, POST_SCRIPT);
    };
    if let Some(style) = named(table, STYLE).filter(|style| style != "Regular") {
        name.push(' ');
        name.push_str(&style);
    }
    Some(name)
}

/// A name in English and in printable ASCII (OpenType 1.9, "name — Naming Table").
fn named(table: &[u8], wanted: u16) -> Option<String> {
    const MACINTOSH: u16 = 1;
    const ENGLISH_OF_WINDOWS: u16 = 0x409;
    let count = usize::from(short(table, 2)?);
    let strings = table.get(usize::from(short(table, 4)?)..)?;
    let records = table.get(6..)?.as_chunks::<12>().0;
    records.iter().take(count).find_map(|record| {
        let field = |index: usize| u16::from_be_bytes([record[2 * index], record[2 * index + 1]]);
        let [platform, encoding, language, name, length, offset] = std::array::from_fn(field);
        if name != wanted {
            return None;
        }
        let bytes = strings
            .get(usize::from(offset)..)?
            .get(..usize::from(length))?;
        let text: Vec<u8> = match platform {
            MACINTOSH if encoding == 0 && language == 0 => bytes.to_vec(),
            // Unicode: two bytes a character, of which ASCII leaves the first empty.
            0 | 3 if platform == 0 || language == ENGLISH_OF_WINDOWS => bytes
                .as_chunks::<2>()
                .0
                .iter()
                .map(|&[high, low]| if high == 0 { low } else { 0 })
                .collect(),
            _ => return None,
        };
        let is_plain = !text.is_empty() && text.iter().all(|byte| matches!(byte, b' '..=b'~'));
        is_plain.then(|| String::from_utf8(text).ok()).flatten()
    })
}

impl Face {
    /// Whether it says that it serves a script, by the bit of `ulCodePageRange1`.
    pub(super) fn serves(&self, code_page_bit: u32) -> bool {
        self.code_pages & (1 << code_page_bit) != 0
    }

    /// The length of a part of its file, 0 where there is no such part.
    pub(super) fn length(&self, part: Part) -> u64 {
        self.place(part).map_or(0, |(_, length)| length)
    }

    /// Reads a part of its file into a buffer of the part's length.
    pub(super) fn read(&self, part: Part, buffer: &mut [u8]) -> io::Result<()> {
        let (offset, _) = self.place(part).ok_or(io::ErrorKind::NotFound)?;
        File::open(&self.path)?.read_exact_at(buffer, offset)
    }

    /// Where a part begins in the file, and its length.
    fn place(&self, part: Part) -> Option<(u64, u64)> {
        let to_the_end = |offset: u32| {
            let offset = u64::from(offset);
            let length = fs::metadata(&self.path).ok()?.len();
            Some((offset, length.checked_sub(offset)?))
        };
        match part {
            Part::Font => to_the_end(self.offset),
            Part::Collection if self.offset == 0 => None,
            Part::Collection => to_the_end(0),
            Part::Table(tag) => {
                let table = self.tables.iter().find(|table| table.tag == tag)?;
                Some((table.offset.into(), table.length.into()))
            }
        }
    }
}

#[cfg(test)]
impl Face {
    /// A face that is in no file.
    pub(super) fn for_tests(name: &str, code_pages: u32) -> Self {
        Self {
            name: name.to_owned(),
            path: PathBuf::new(),
            offset: 0,
            tables: Vec::new(),
            code_pages,
        }
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A font of a `name` table, with its names as (platform, language, number, text), and an
    /// OS/2 table; `start` is where it will lie in its file.
    fn font(start: u32, names: &[(u16, u16, u16, &[u8])], code_pages: u32) -> Vec<u8> {
        let mut table = Vec::new();
        let mut strings = Vec::new();
        for part in [0, names.len() as u16, 6 + 12 * names.len() as u16] {
            table.extend(part.to_be_bytes());
        }
        for (platform, language, number, text) in names {
            let (length, offset) = (text.len() as u16, strings.len() as u16);
            for part in [*platform, 0, *language, *number, length, offset] {
                table.extend(part.to_be_bytes());
            }
            strings.extend_from_slice(text);
        }
        table.extend(strings);
        let mut os2 = vec![0; 96];
        os2[78..82].copy_from_slice(&code_pages.to_be_bytes());
        let mut file = vec![0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0];
        let mut at = start + 12 + 32;
        for (tag, bytes) in [(b"OS/2", &os2), (b"name", &table)] {
            file.extend(tag);
            file.extend([0; 4]);
            file.extend(at.to_be_bytes());
            file.extend((bytes.len() as u32).to_be_bytes());
            at += bytes.len() as u32;
        }
        file.extend(os2);
        file.extend(table);
        file
    }

    fn names(folder: &Path) -> Vec<String> {
        let faces = installed(&[folder.to_str().unwrap(), "/nowhere"]);
        faces.into_iter().map(|face| face.name).collect()
    }

    #[test]
    fn fonts_are_named_by_family_and_style_or_by_their_postscript_name() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("one/two");
        fs::create_dir_all(&below).unwrap();
        let bold = font(0, &[(1, 0, 1, b"Hana"), (1, 0, 2, b"Bold")], 0);
        fs::write(below.join("bold.TTF"), bold).unwrap();
        let utf16 = font(0, &[(3, 0x409, 1, b"\0H\0i"), (3, 0x409, 2, b"\0R")], 0);
        fs::write(folder.path().join("a.otf"), utf16).unwrap();
        let local = font(0, &[(1, 0, 1, b"\x83\x53"), (1, 0, 6, b"Goth")], 0);
        fs::write(folder.path().join("b.ttf"), local).unwrap();
        fs::write(folder.path().join("c.pfb"), font(0, &[(1, 0, 1, b"No")], 0)).unwrap();
        std::os::unix::fs::symlink("..", below.join("ring")).unwrap();
        assert_eq!(names(folder.path()), ["Goth", "Hana Bold", "Hi R"]);
    }

    #[test]
    fn a_collection_holds_a_font_at_each_of_its_places() {
        let folder = tempfile::tempdir().unwrap();
        let first = font(20, &[(1, 0, 1, b"One")], 1 << 17);
        let second_at = 20 + first.len() as u32;
        let second = font(second_at, &[(1, 0, 1, b"Two")], 0);
        let mut file = b"ttcf\0\x01\0\0\0\0\0\x02".to_vec();
        file.extend(20u32.to_be_bytes());
        file.extend(second_at.to_be_bytes());
        file.extend(first);
        file.extend(&second);
        fs::write(folder.path().join("both.ttc"), &file).unwrap();
        let faces = installed(&[folder.path().to_str().unwrap()]);
        let [one, two] = &faces[..] else {
            panic!("{faces:?}")
        };
        assert_eq!((one.name.as_str(), two.name.as_str()), ("One", "Two"));
        assert!(one.serves(17) && !two.serves(17));
        assert_eq!(two.length(Part::Collection), file.len() as u64);
        let mut read = vec![0; two.length(Part::Font) as usize];
        two.read(Part::Font, &mut read).unwrap();
        assert_eq!(read, second);
        assert_eq!(two.length(Part::Table(*b"OS/2")), 96);
        assert_eq!(two.length(Part::Table(*b"glyf")), 0);
    }

    #[test]
    fn what_is_no_font_or_cut_off_anywhere_is_a_font_less() {
        let folder = tempfile::tempdir().unwrap();
        let whole = font(0, &[(1, 0, 1, b"Hana"), (1, 0, 2, b"Bold")], 0);
        let path = folder.path().join("cut.ttf");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(names(folder.path()).is_empty(), "{length}");
        }
        fs::write(&path, b"ttcf\0\x01\0\0\xff\xff\xff\xff\0\0\0\0").unwrap();
        assert!(names(folder.path()).is_empty());
    }
}
