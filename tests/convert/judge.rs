//! Ghostscript draws the same pages at the same geometry; the two may differ in the grain of
//! their edges and in nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;

use faxmill::convert::{ConvertOptions, GrayPage, Hints, binarize};
use faxmill::t4::Bitmap;
use faxmill::units::{Resolution, ToneMode};

use super::fixture::{convert_path, options, sample};

/// Largest share of black pixels without a black pixel of the other's beside them.
const STRAY_SHARE_MAX: f64 = 0.005;

#[test]
fn a_letter_is_what_ghostscript_draws() {
    judge("letter.pdf", (1728, 2142), (612.0, 792.0));
}

#[test]
fn a_form_with_grey_text_and_thin_lines_is_what_ghostscript_draws() {
    judge("form.pdf", (1688, 2287), (595.28, 841.89));
}

#[test]
fn a_report_with_charts_is_what_ghostscript_draws() {
    judge("report.pdf", (1728, 2142), (612.0, 792.0));
}

/// Compares every page of a sample; `drawn` is the size of the page's image on the fax page,
/// `points` that of the page.
fn judge(name: &str, drawn: (u32, u32), points: (f64, f64)) {
    let folder = tempfile::tempdir().unwrap();
    let pages = ghostscript(&sample(name), folder.path(), drawn, points);
    let options = ConvertOptions {
        mode: ToneMode::Text,
        ..options()
    };
    let converted = convert_path(&sample(name), &options).unwrap();
    assert_eq!(converted.pages.len(), pages.len());
    for (index, (ours, theirs)) in converted.pages.iter().zip(&pages).enumerate() {
        let left = (ours.bitmap.width() - drawn.0) / 2;
        let ours = Ink::new(&ours.bitmap, left);
        let theirs = Ink::new(theirs, 0);
        for (what, share) in [
            ("ink of ours only", ours.stray_share(&theirs)),
            ("ink of theirs only", theirs.stray_share(&ours)),
        ] {
            assert!(
                share < STRAY_SHARE_MAX,
                "{name} page {index}: {what} {share:.5}"
            );
        }
    }
}

/// Pages with grey text, binarized at our threshold; lines are drawn without grey, since
/// Ghostscript thins hairlines to nothing with it and we keep them.
fn ghostscript(
    pdf: &Path,
    folder: &Path,
    (width, rows): (u32, u32),
    points: (f64, f64),
) -> Vec<Bitmap> {
    let x_dpi = f64::from(width) * 72.0 / points.0;
    let y_dpi = f64::from(rows) * 72.0 / points.1;
    let status = Command::new("gs")
        .args(["-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=pgmraw"])
        .args(["-dTextAlphaBits=4", "-dGraphicsAlphaBits=1"])
        .arg(format!("-r{x_dpi}x{y_dpi}"))
        .arg(format!("-g{width}x{rows}"))
        .arg("-o")
        .arg(folder.join("%04d.pgm"))
        .arg(pdf)
        .status()
        .expect("ghostscript is installed");
    assert!(status.success());
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let file = fs::read(file).unwrap();
            let levels = &file[file.len() - (width * rows) as usize..];
            let page = GrayPage::new(levels, width, width as usize);
            binarize(page, ToneMode::Text, Resolution::Fine, &Hints::default())
        })
        .collect()
}

/// A page whose column 0 is the image's.
pub(super) struct Ink<'a> {
    bitmap: &'a Bitmap,
    left: u32,
}

impl<'a> Ink<'a> {
    pub(super) fn new(bitmap: &'a Bitmap, left: u32) -> Self {
        Self { bitmap, left }
    }

    fn is_black(&self, x: u32, y: u32) -> bool {
        self.bitmap.is_black(x + self.left, y)
    }

    /// The share of black pixels that are not within one pixel of black ones of the other.
    pub(super) fn stray_share(&self, other: &Ink<'_>) -> f64 {
        let (mut black, mut stray) = (0u64, 0u64);
        for y in 0..self.bitmap.rows() {
            for x in 0..self.bitmap.width() - self.left {
                if self.is_black(x, y) {
                    black += 1;
                    let rows = y.saturating_sub(1)..=y + 1;
                    let is_near = rows
                        .flat_map(|y| (x.saturating_sub(1)..=x + 1).map(move |x| (x, y)))
                        .any(|(x, y)| other.is_black(x, y));
                    stray += u64::from(!is_near);
                }
            }
        }
        assert!(black > 1000, "a page without ink proves nothing");
        stray as f64 / black as f64
    }
}
