//! Reads TIFF files as Faxmill does and as libtiff does, and compares their pixels.
//!
//! usage: `tiff_against_libtiff FILE...`; needs libtiff's tools. For each file a line of four
//! fields, separated by tabs: the file, the pages that Faxmill reads or the code of its refusal,
//! one of `same`, `differs`, `refused` and `alone` (libtiff's tools do not show it), and in words
//! what was compared. `make corpus` puts these lines into its table.
//!
//! Bilevel pages are compared bit by bit with what `tiffcp` unpacks. Other pages are compared as
//! grey levels with what `tiff2rgba` makes of them, or, where that tool does not know a kind, with
//! the samples that `tiffcp` unpacks: levels may differ by [`MEAN_MAX`] on average, for the rounding
//! of colours, of JPEG and of alpha.

mod plain;

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use faxmill::convert::{ConvertError, FaxTiffReader, GrayImage, TiffPage, read_tiff_pages};
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;

/// Most that grey levels, from 0 to 255, differ on average.
const MEAN_MAX: f64 = 1.0;

/// What libtiff's tools say of `Orientation`, from 1 on.
const ORIENTATIONS: [&str; 8] = [
    "row 0 top, col 0 lhs",
    "row 0 top, col 0 rhs",
    "row 0 bottom, col 0 rhs",
    "row 0 bottom, col 0 lhs",
    "row 0 lhs, col 0 top",
    "row 0 rhs, col 0 top",
    "row 0 rhs, col 0 bottom",
    "row 0 lhs, col 0 bottom",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for argument in std::env::args_os().skip(1) {
        let path = Path::new(&argument);
        let (outcome, verdict, words) = match read(path) {
            Err(error) => (error.code().to_owned(), "refused", error.to_string()),
            Ok(pages) => {
                let (verdict, words) = compare(path, &pages, folder.path())?;
                (pages.len().to_string(), verdict, words)
            }
        };
        println!("{}\t{outcome}\t{verdict}\t{words}", path.display());
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<TiffPage>, ConvertError> {
    let mut pages = Vec::new();
    let file = BufReader::new(File::open(path)?);
    read_tiff_pages(file, &Limits::default(), &mut |page| {
        pages.push(page);
        Ok(())
    })?;
    Ok(pages)
}

/// Compares each page with libtiff's image that is a page too.
fn compare(
    path: &Path,
    pages: &[TiffPage],
    folder: &Path,
) -> Result<(&'static str, String), Box<dyn Error>> {
    let images = libtiff_pages(path)?;
    let mut worst = 0.0f64;
    let mut bilevel = 0;
    for (page, (index, orientation)) in pages.iter().zip(&images) {
        let shown = folder.join("shown.tif");
        let source = format!("{},{index}", path.display());
        match page {
            TiffPage::Bilevel { bitmap, .. } => {
                if !run("tiffcp", &["-c", "none", &source, text(&shown)])? {
                    return Ok(("alone", "tiffcp does not unpack it".to_owned()));
                }
                let theirs = turned(&levels_in(&shown)?, *orientation);
                if theirs != levels_of(bitmap) {
                    return Ok(("differs", format!("bits of page {index}")));
                }
                bilevel += 1;
            }
            TiffPage::Gray { image, .. } => {
                let Some(theirs) = shown_levels(&source, path, folder)? else {
                    return Ok(("alone", "libtiff's tools do not show this kind".to_owned()));
                };
                let theirs = turned(&theirs, *orientation);
                if (theirs.width, theirs.height) != (image.width, image.height) {
                    return Ok(("differs", format!("size of page {index}")));
                }
                worst = worst.max(mean_difference(&theirs.pixels, &image.pixels));
            }
            _ => return Err("a page of an unknown kind".into()),
        }
    }
    let grey = pages.len() - bilevel;
    let words = match (bilevel, grey) {
        (_, 0) => format!("{bilevel} bilevel, bit by bit"),
        (0, _) => format!("{grey} grey, {worst:.2} levels off on average"),
        _ => format!("{bilevel} bilevel, bit by bit; {grey} grey, {worst:.2} levels off"),
    };
    let is_same = images.len() == pages.len() && worst <= MEAN_MAX;
    Ok((if is_same { "same" } else { "differs" }, words))
}

/// Places in the file, and orientations, of the images that are pages by what `tiffinfo` says.
fn libtiff_pages(path: &Path) -> Result<Vec<(usize, usize)>, Box<dyn Error>> {
    let told = Command::new("tiffinfo").arg(path).output()?.stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    let images = told.split("=== TIFF directory").skip(1).enumerate();
    Ok(images
        .map(|(index, words)| (index, words.split("--- SubIFD").next().unwrap_or(words)))
        .filter(|(_, words)| {
            let subfile = words.lines().find(|line| line.contains("Subfile Type:"));
            !subfile.is_some_and(|line| line.contains("reduced") || line.contains("transparency"))
        })
        .map(|(index, words)| {
            let is_told = |name: &&str| words.contains(*name);
            let orientation = ORIENTATIONS.iter().position(is_told);
            (index, orientation.map_or(1, |place| place + 1))
        })
        .collect())
}

/// The grey levels, as they are stored, that libtiff's tools show of one page.
fn shown_levels(
    source: &str,
    path: &Path,
    folder: &Path,
) -> Result<Option<GrayImage>, Box<dyn Error>> {
    let (one, shown) = (folder.join("one.tif"), folder.join("shown.tif"));
    let is_copied = run("tiffcp", &[source, text(&one)])?;
    let shown_of = |file: &Path| run("tiff2rgba", &["-c", "none", text(file), text(&shown)]);
    if (is_copied && shown_of(&one)?) || shown_of(path)? {
        return Ok(Some(levels_in(&shown)?));
    }
    if run("tiffcp", &["-c", "none", "-L", source, text(&shown)])? {
        return Ok(plain::plain_levels(&std::fs::read(&shown)?));
    }
    Ok(None)
}

/// The first image of a file that libtiff unpacked, as grey levels as they are stored.
fn levels_in(path: &Path) -> Result<GrayImage, Box<dyn Error>> {
    // Bits come as they lie in the file, other samples through the reader of uncompressed rows.
    let file = || File::open(path).map(BufReader::new);
    if let Some(Ok(page)) = FaxTiffReader::open(file()?, &Limits::default())?.next() {
        return Ok(levels_of(&page.bitmap));
    }
    let stored = std::fs::read(path)?;
    let upright = without_orientation(stored);
    let mut first = None;
    read_tiff_pages(
        std::io::Cursor::new(upright),
        &Limits::default(),
        &mut |page| {
            first.get_or_insert(page);
            Ok(())
        },
    )?;
    match first {
        Some(TiffPage::Gray { image, .. }) => Ok(image),
        Some(TiffPage::Bilevel { bitmap, .. }) => Ok(levels_of(&bitmap)),
        _ => Err("no page was shown".into()),
    }
}

/// The same little-endian file with the usual orientation in its first directory.
fn without_orientation(mut file: Vec<u8>) -> Vec<u8> {
    let short = |file: &[u8], at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
    let at = u32::from_le_bytes([file[4], file[5], file[6], file[7]]) as usize;
    let entries = usize::from(short(&file, at));
    for entry in (0..entries).map(|index| at + 2 + index * 12) {
        if short(&file, entry) == 274 {
            file[entry + 8] = 1;
        }
    }
    file
}

fn levels_of(bitmap: &Bitmap) -> GrayImage {
    let places = (0..bitmap.rows()).flat_map(|y| (0..bitmap.width()).map(move |x| (x, y)));
    GrayImage {
        width: bitmap.width(),
        height: bitmap.rows(),
        pixels: places
            .map(|(x, y)| if bitmap.is_black(x, y) { 0 } else { 255 })
            .collect(),
    }
}

/// An image as it lies on the page (TIFF 6.0 §8, `Orientation`).
fn turned(stored: &GrayImage, orientation: usize) -> GrayImage {
    let (width, height) = (stored.width, stored.height);
    let is_transposed = orientation > 4;
    let (across, down) = if is_transposed {
        (height, width)
    } else {
        (width, height)
    };
    let mut pixels = Vec::with_capacity(stored.pixels.len());
    for y in 0..down {
        for x in 0..across {
            let (right, bottom) = (across - 1 - x, down - 1 - y);
            let (x, y) = match orientation {
                2 => (right, y),
                3 => (right, bottom),
                4 => (x, bottom),
                5 => (y, x),
                6 => (y, right),
                7 => (bottom, right),
                8 => (bottom, x),
                _ => (x, y),
            };
            pixels.push(stored.pixels[y as usize * width as usize + x as usize]);
        }
    }
    GrayImage {
        width: across,
        height: down,
        pixels,
    }
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    let total: u64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    total as f64 / a.len() as f64
}

/// Whether a tool of libtiff's ended well; what it says of odd fields is not of interest.
fn run(tool: &str, arguments: &[&str]) -> Result<bool, Box<dyn Error>> {
    Ok(Command::new(tool)
        .args(arguments)
        .output()?
        .status
        .success())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}
