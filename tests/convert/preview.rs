//! A preview shows the pixels that are sent, no others, in the eyes of other programs too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use faxmill::convert::{FaxTiffReader, OutgoingPages, PreviewTarget, page_digest, write_preview};
use faxmill::limits::Limits;
use faxmill::t4::Bitmap;
use faxmill::units::Resolution;

use super::fixture::{convert_path, file_names, options_at, sample, side_by_side};

const PREVIEWED: &[(&str, Resolution)] = &[
    ("letter.pdf", Resolution::Standard),
    ("photo.pdf", Resolution::Fine),
    ("form.pdf", Resolution::Superfine),
    // Standard and fine pages in one file.
    ("fax-mh.tif", Resolution::Fine),
];

/// A sample converted and previewed by the command.
struct Previewed {
    folder: tempfile::TempDir,
    pages: Vec<(Bitmap, Resolution)>,
    digests: Vec<String>,
}

impl Previewed {
    fn new(name: &str, resolution: Resolution, preview: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = faxmill(
            &sample(name),
            &[
                ("-o", &folder.path().join("fax.tif")),
                ("--resolution", Path::new(resolution.name())),
                ("--preview", &folder.path().join(preview)),
            ],
        );
        let words = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{words}");
        let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        let files: Vec<&str> = told["preview"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file.as_str().unwrap())
            .collect();
        assert!(
            files.iter().all(|file| Path::new(file).is_file()),
            "{files:?}"
        );
        let digests = told["pages"].as_array().unwrap().iter();
        let digests = digests.map(|page| page["digest"].as_str().unwrap().to_owned());
        let fax = fs::read(folder.path().join("fax.tif")).unwrap();
        let pages = FaxTiffReader::from_bytes(&fax, &Limits::default()).unwrap();
        let pages = pages.map(Result::unwrap);
        Self {
            digests: digests.collect(),
            pages: pages
                .map(|page| (page.resolution().unwrap(), page.bitmap))
                .map(|(resolution, bitmap)| (bitmap, resolution))
                .collect(),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Runs `faxmill convert --json`.
fn faxmill(input: &Path, options: &[(&str, &Path)]) -> Output {
    let _guard = side_by_side();
    let mut command = Command::new(env!("CARGO_BIN_EXE_faxmill"));
    command.arg("convert").arg("--json").arg(input);
    for (option, value) in options {
        command.arg(option).arg(value);
    }
    command.output().unwrap()
}

/// A page from grey levels that are all black or white.
#[track_caller]
fn bitmap(levels: &[u8], width: u32) -> Bitmap {
    let mut page = Bitmap::white(width, 0);
    for row in levels.chunks_exact(width as usize) {
        let packed: Vec<u8> = row
            .chunks(8)
            .map(|pixels| {
                pixels.iter().enumerate().fold(0, |byte, (x, &level)| {
                    assert!(level == 0 || level == 255, "level {level}");
                    byte | u8::from(level == 0) << (7 - x)
                })
            })
            .collect();
        page.push_row(&packed);
    }
    page
}

/// Compares pixels without printing them.
#[track_caller]
fn assert_same(actual: &Bitmap, expected: &Bitmap, what: &str) {
    assert_eq!(
        (actual.width(), actual.rows()),
        (expected.width(), expected.rows()),
        "{what}"
    );
    let pairs = actual.as_bytes().iter().zip(expected.as_bytes());
    let differing: u32 = pairs.map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!(differing, 0, "pixels of {what}");
}

#[track_caller]
fn tool(program: &str, arguments: &[&str]) -> Vec<u8> {
    let run = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let words = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{program}: {words}");
    run.stdout
}

/// The pixels of a portable bitmap of the raw kind (`P4`), which has black as 1 as we have.
fn portable_bitmap(file: &[u8]) -> Bitmap {
    let mut at = 0;
    let mut words = Vec::new();
    while words.len() < 3 {
        let end = at + file[at..].iter().position(u8::is_ascii_whitespace).unwrap();
        let word = std::str::from_utf8(&file[at..end]).unwrap();
        if word.starts_with('#') {
            at = end + file[end..].iter().position(|&byte| byte == b'\n').unwrap() + 1;
            continue;
        }
        words.push(word.to_owned());
        at = end + 1;
    }
    assert_eq!(words[0], "P4");
    Bitmap::from_packed(words[1].parse().unwrap(), file[at..].to_vec())
}

#[test]
fn every_picture_has_the_digest_of_the_page_that_is_sent() {
    for &(name, resolution) in PREVIEWED {
        let previewed = Previewed::new(name, resolution, "pages");
        assert_eq!(
            file_names(&previewed.path("pages")).len(),
            previewed.digests.len()
        );
        for (index, digest) in previewed.digests.iter().enumerate() {
            let path = previewed.path(&format!("pages/page-{:04}.png", index + 1));
            let picture = image::open(&path).unwrap();
            let levels = picture.as_luma8().expect("grey levels");
            let page = bitmap(levels.as_raw(), levels.width());
            assert_eq!(page_digest(&page), *digest, "{name} page {index}");
            assert_same(&page, &previewed.pages[index].0, name);
        }
    }
}

#[test]
fn ffmpeg_sees_the_same_pixels_in_a_picture_and_no_fault_in_its_chunks() {
    let previewed = Previewed::new("letter.pdf", Resolution::Standard, "pages");
    for (index, (page, _)) in previewed.pages.iter().enumerate() {
        let path = previewed.path(&format!("pages/page-{:04}.png", index + 1));
        let path = path.to_str().unwrap();
        let strict = ["-v", "error", "-err_detect", "crccheck+explode", "-i", path];
        let raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-"];
        let levels = tool("ffmpeg", &[&strict[..], &raw].concat());
        assert_same(&bitmap(&levels, page.width()), page, path);
    }
}

#[test]
fn a_picture_tells_its_two_densities_in_pixels_per_metre() {
    for (resolution, per_metre) in [(Resolution::Standard, 3850u32), (Resolution::Fine, 7700)] {
        let previewed = Previewed::new("form.pdf", resolution, "pages");
        let png = fs::read(previewed.path("pages/page-0001.png")).unwrap();
        // After the signature and IHDR: length 9, the chunk's name, x, y, unit 1 for metre.
        let expected = [
            &[0, 0, 0, 9][..],
            b"pHYs",
            &8037u32.to_be_bytes(),
            &per_metre.to_be_bytes(),
        ];
        assert_eq!(png[33..49], expected.concat());
        assert_eq!(png[49], 1);
    }
}

#[test]
fn poppler_finds_the_same_pixels_in_the_pdf_on_paper_of_true_size() {
    for &(name, resolution) in PREVIEWED {
        let previewed = Previewed::new(name, resolution, "fax.pdf");
        let pdf = previewed.path("fax.pdf");
        let pdf = pdf.to_str().unwrap();
        for (index, (page, resolution)) in previewed.pages.iter().enumerate() {
            let number = (index + 1).to_string();
            let image = previewed.path("image");
            let image = image.to_str().unwrap();
            tool("pdfimages", &["-f", &number, "-l", &number, pdf, image]);
            let image = fs::read(previewed.path("image-000.pbm")).unwrap();
            assert_same(
                &portable_bitmap(&image),
                page,
                &format!("{name} page {number}"),
            );

            let about = tool("pdfinfo", &["-f", &number, "-l", &number, pdf]);
            let about = String::from_utf8(about).unwrap();
            let size = about.lines().find(|line| line.contains("size:")).unwrap();
            let points: Vec<f64> = size
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .skip(1)
                .collect();
            let width_mm = f64::from(page.width()) / 8.037;
            let height_mm =
                f64::from(page.rows()) * 1000.0 / f64::from(resolution.y_lines_per_metre());
            for (points, mm) in [(points[0], width_mm), (points[1], height_mm)] {
                assert!((points / 72.0 * 25.4 - mm).abs() < 0.02, "{size}: {mm} mm");
            }
        }
    }
}

#[test]
fn ghostscript_draws_the_same_pixels_from_the_pdf() {
    let previewed = Previewed::new("letter.pdf", Resolution::Fine, "fax.pdf");
    for (index, (page, resolution)) in previewed.pages.iter().enumerate() {
        let drawn = previewed.path("drawn.pbm");
        let number = index + 1;
        let per_inch = |per_metre: u32| f64::from(per_metre) * 0.0254;
        let (x_dpi, y_dpi) = (
            per_inch(resolution.x_pels_per_metre()),
            per_inch(resolution.y_lines_per_metre()),
        );
        tool(
            "gs",
            &[
                "-q",
                "-dNOPAUSE",
                "-dBATCH",
                "-dSAFER",
                "-sDEVICE=pbmraw",
                &format!("-r{x_dpi}x{y_dpi}"),
                &format!("-g{}x{}", page.width(), page.rows()),
                &format!("-dFirstPage={number}"),
                &format!("-dLastPage={number}"),
                "-o",
                drawn.to_str().unwrap(),
                previewed.path("fax.pdf").to_str().unwrap(),
            ],
        );
        let drawn = portable_bitmap(&fs::read(drawn).unwrap());
        assert_same(&drawn, page, &format!("page {number}"));
    }
}

#[test]
fn a_preview_that_is_sent_itself_is_the_same_fax() {
    let previewed = Previewed::new("letter.pdf", Resolution::Fine, "fax.pdf");
    let again = convert_path(&previewed.path("fax.pdf"), &options_at(Resolution::Fine)).unwrap();
    let digests: Vec<_> = again.report.pages.iter().map(|page| &page.digest).collect();
    assert_eq!(digests, previewed.digests.iter().collect::<Vec<_>>());
}

#[test]
fn a_shorter_document_leaves_no_pages_of_the_longer_one_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("pages");
    fs::create_dir(&pages).unwrap();
    let others = ["notes.txt", "page-3.png", "page-0003.jpg", "page-000x.png"];
    for name in others
        .iter()
        .copied()
        .chain(["page-0002.png", "page-0003.png"])
    {
        fs::write(pages.join(name), "earlier").unwrap();
    }
    let previewed = Previewed::new("form.pdf", Resolution::Standard, "unused.pdf");
    let fax = previewed.path("fax.tif");
    let outgoing = OutgoingPages::open(&fax, None, 1, &Limits::default()).unwrap();
    let target = PreviewTarget::Folder(pages.clone());
    let written = write_preview(outgoing, &target).unwrap();
    assert_eq!(written.files, [pages.join("page-0001.png")]);
    let mut expected: Vec<&str> = others.to_vec();
    expected.push("page-0001.png");
    expected.sort_unstable();
    assert_eq!(file_names(&pages), expected);
}

#[test]
fn a_target_that_is_neither_pdf_nor_folder_is_a_wrong_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = faxmill(
        &sample("form.pdf"),
        &[
            ("-o", &folder.path().join("fax.tif")),
            ("--preview", &folder.path().join("page.PNG")),
        ],
    );
    assert_eq!(run.status.code(), Some(2));
    let words = String::from_utf8_lossy(&run.stderr);
    assert!(words.contains("PNG pages go into a folder"), "{words}");
    assert_eq!(file_names(folder.path()), [""; 0]);
}

#[test]
fn a_preview_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for preview in ["nowhere/fax.pdf", "file/pages"] {
        let run = faxmill(
            &sample("form.pdf"),
            &[
                ("-o", &folder.path().join("fax.tif")),
                ("--preview", &folder.path().join(preview)),
            ],
        );
        assert_eq!(run.status.code(), Some(73), "{preview}");
        assert_eq!(file_names(folder.path()), ["fax.tif", "file"]);
    }
}
