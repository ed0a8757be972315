//! Files that nobody here made: each becomes pages or is refused for a named reason.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faxmill::convert::{ConvertError, FaxTiffReader, GrayImage, TiffPage};
use faxmill::limits::Limits;

use crate::tools::{read_pages, run, run_quietly, text_of};

#[test]
fn every_file_of_the_corpus_is_read_or_refused_in_time() {
    let Some(files) = corpus() else { return };
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let started = Instant::now();
        let (pages, outcome) = read_pages(&bytes, &Limits::default());
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{}",
            path.display()
        );
        match outcome {
            Ok(count) => assert_eq!(pages.len(), count as usize),
            Err(error) => assert!(
                matches!(
                    error,
                    ConvertError::Invalid { .. } | ConvertError::Unsupported { .. }
                ),
                "{}: {error}",
                path.display()
            ),
        }
    }
}

#[test]
fn what_is_read_of_the_corpus_looks_as_libtiff_shows_it() {
    let Some(files) = corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().join("shown.tif");
    let mut compared = 0;
    for path in files {
        let (pages, outcome) = read_pages(&std::fs::read(&path).unwrap(), &Limits::default());
        let output = run(
            "tiff2rgba",
            &["-c", "none", text_of(&path), text_of(&shown)],
        );
        if outcome.is_err() || !output.status.success() || !shown.exists() {
            continue;
        }
        let (theirs, _) = read_pages(&std::fs::read(&shown).unwrap(), &Limits::default());
        std::fs::remove_file(&shown).unwrap();
        let [TiffPage::Gray { image: theirs, .. }] = &theirs[..] else {
            continue;
        };
        let ours = levels(&pages[0]);
        // tiff2rgba does not turn pages that are stored sideways.
        if (ours.width, ours.height) != (theirs.width, theirs.height) {
            assert_eq!((ours.height, ours.width), (theirs.width, theirs.height));
            continue;
        }
        let differences = ours
            .pixels
            .iter()
            .zip(&theirs.pixels)
            .map(|(a, b)| a.abs_diff(*b));
        let mean = differences.map(f64::from).sum::<f64>() / ours.pixels.len() as f64;
        assert!(
            mean <= 1.0,
            "{}: grey levels differ by {mean} on average",
            path.display()
        );
        compared += 1;
    }
    assert!(compared > 55, "only {compared} files could be compared");
}

#[test]
fn the_sample_fax_is_two_pages_of_mh_in_two_resolutions() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/fax-mh.tif");
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.tif");
    run_quietly("tiffcp", &["-c", "none", text_of(&sample), text_of(&plain)]);
    let [ours, theirs] = [&sample, &plain].map(|path| {
        let bytes = std::fs::read(path).unwrap();
        let pages = FaxTiffReader::from_bytes(&bytes, &Limits::default()).unwrap();
        pages.collect::<Result<Vec<_>, _>>().unwrap()
    });
    assert_eq!(ours.len(), 2);
    for (page, plain) in ours.iter().zip(&theirs) {
        assert_eq!(page.coding, Some(faxmill::t4::Coding::Mh));
        assert_eq!(page.bitmap, plain.bitmap);
        assert_eq!(page.bitmap.width(), 1728);
        assert!(page.bitmap.black_pixels() > 10_000);
    }
    let resolutions: Vec<_> = ours
        .iter()
        .map(|page| page.resolution().unwrap().name())
        .collect();
    assert_eq!(resolutions, ["standard", "fine"]);
}

fn levels(page: &TiffPage) -> GrayImage {
    match page {
        TiffPage::Gray { image, .. } => image.clone(),
        TiffPage::Bilevel { bitmap, .. } => {
            let places = (0..bitmap.rows()).flat_map(|y| (0..bitmap.width()).map(move |x| (x, y)));
            let pixels = places
                .map(|(x, y)| if bitmap.is_black(x, y) { 0 } else { 255 })
                .collect();
            GrayImage {
                width: bitmap.width(),
                height: bitmap.rows(),
                pixels,
            }
        }
        other => panic!("a page of an unknown kind: {other:?}"),
    }
}

/// Other people's TIFF files, where the machine has them; they are not part of the repository.
fn corpus() -> Option<Vec<PathBuf>> {
    let corpus = std::env::var_os("FAXMILL_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
    let folder = std::fs::read_dir(Path::new(&corpus).join("tiff")).ok()?;
    let mut files: Vec<_> = folder
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "tif" || e == "tiff"));
    files.sort();
    Some(files)
}
