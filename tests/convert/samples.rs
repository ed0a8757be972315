//! Every sample becomes what `samples/README.md` says.

use faxmill::convert::{DocumentKind, FaxTiffPage, page_digest};
use faxmill::units::Resolution;

use super::fixture::{convert_path, options_at, sample, side_by_side};

/// Name, pages, width and rows at standard, fine and superfine.
const SAMPLES: &[(&str, usize, u32, [u32; 3])] = &[
    ("letter.pdf", 2, 1728, [1071, 2142, 4285]),
    ("form.pdf", 1, 1728, [1143, 2287, 4574]),
    ("photo.pdf", 1, 1728, [1071, 2142, 4285]),
    ("landscape-table.pdf", 1, 1728, [1143, 2287, 4574]),
    ("report.pdf", 20, 1728, [1071, 2142, 4285]),
];

#[test]
fn every_sample_has_its_pages_and_geometry_at_every_resolution() {
    for &(name, pages, width, rows) in SAMPLES {
        for (resolution, rows) in Resolution::ALL.into_iter().zip(rows) {
            let converted = convert_path(&sample(name), &options_at(resolution)).unwrap();
            assert_eq!(
                converted.sizes(),
                vec![(width, rows); pages],
                "{name} {resolution}"
            );
            for page in &converted.pages {
                assert_eq!(page.resolution(), Some(resolution), "{name}");
            }
        }
    }
}

#[test]
fn the_pages_of_the_sample_fax_keep_their_own_resolutions() {
    let (standard, fine) = (Resolution::Standard, Resolution::Fine);
    for (asked, second) in [
        (standard, (1146, standard)),
        (fine, (2292, fine)),
        (Resolution::Superfine, (2292, fine)),
    ] {
        let converted = convert_path(&sample("fax-mh.tif"), &options_at(asked)).unwrap();
        assert_eq!(converted.sizes(), [(1728, 1146), (1728, second.0)]);
        let resolutions: Vec<_> = converted
            .pages
            .iter()
            .map(FaxTiffPage::resolution)
            .collect();
        assert_eq!(resolutions, [Some(standard), Some(second.1)]);
    }
}

#[test]
fn the_report_says_what_the_file_holds() {
    let converted = convert_path(&sample("report.pdf"), &options_at(Resolution::Fine)).unwrap();
    assert_eq!(converted.report.kind, DocumentKind::Pdf);
    assert_eq!(converted.report.pages.len(), converted.pages.len());
    for (index, (said, page)) in converted
        .report
        .pages
        .iter()
        .zip(&converted.pages)
        .enumerate()
    {
        assert_eq!(said.index as usize, index);
        assert_eq!(said.digest, page_digest(&page.bitmap));
        let pixels = f64::from(said.width) * f64::from(said.rows);
        let share = page.bitmap.black_pixels() as f64 / pixels;
        assert!((said.black_share - share).abs() < 1e-9);
        assert!(said.black_share > 0.01, "page {index} has text");
        assert!(said.bytes > 1000);
    }
    let inspection = converted.report.inspection.unwrap();
    assert_eq!(inspection.pages_declared, 20);
    assert_eq!(inspection.boxes.len(), 20);
    assert!(!inspection.is_encrypted);
}

#[test]
fn what_was_converted_converts_again_to_the_same_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first.tif");
    let options = options_at(Resolution::Fine);
    let never = std::sync::atomic::AtomicBool::new(false);
    let guard = side_by_side();
    let report = faxmill::convert::convert_file(
        &sample("letter.pdf"),
        &first,
        &options,
        &mut |_| {},
        &never,
    )
    .unwrap();
    drop(guard);
    let again = convert_path(&first, &options).unwrap();
    assert_eq!(again.report.kind, DocumentKind::Tiff);
    assert_eq!(again.report.pages, report.pages);
}
