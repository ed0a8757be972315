//! Files made to take a renderer down: each costs one child process and ends in a typed reason.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use faxmill::convert::{ConvertError, ConvertOptions};
use faxmill::job::Reason;
use faxmill::units::Resolution;
use proptest::prelude::*;

use super::fixture::{
    convert_bytes, convert_unguarded, options, refuse_bytes, sample, side_by_side,
};
use super::hostile::{DOCUMENTS, endless_path, nested_forms, vast_image};
use super::pdf::Pdf;

/// Options that give up after two seconds of wall clock.
fn impatient() -> ConvertOptions {
    let mut options = options();
    options.limits.render_wall_seconds_max = 2;
    options
}

/// A document that is never done drawing.
pub(super) fn endless() -> Vec<u8> {
    nested_forms(12, 10, "/Group << /S /Transparency >>")
}

#[test]
fn forms_that_draw_forms_without_end_are_stopped_by_the_clock() {
    let bomb = nested_forms(12, 10, "");
    assert!(bomb.len() < 5000, "{} bytes", bomb.len());
    let begun = Instant::now();
    let error = refuse_bytes(&bomb, &impatient());
    assert!(
        matches!(
            error,
            ConvertError::Timeout { .. } | ConvertError::Crashed { .. }
        ),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_limit_on_cpu_time_is_held_by_the_process_itself() {
    let mut options = options();
    options.limits.render_cpu_seconds_max = 1;
    options.limits.render_wall_seconds_max = 60;
    options.limits.page_wall_seconds_max = 60;
    options.limits.render_address_space_max = 8 << 30;
    let error = refuse_bytes(&endless(), &options);
    assert!(
        matches!(error, ConvertError::Timeout { seconds: 1 }),
        "{error}"
    );
    assert_eq!(error.reason(), Reason::ConversionTimeout);
}

#[test]
fn a_content_stream_that_inflates_to_gigabytes() {
    let bomb = endless_path();
    assert!(bomb.len() < 2 << 20, "{} bytes", bomb.len());
    let error = refuse_bytes(&bomb, &options());
    assert_eq!(error.reason(), Reason::ConversionCrashed, "{error}");
}

#[test]
fn an_image_of_forty_thousand_by_forty_thousand() {
    let bomb = vast_image();
    assert!(bomb.len() < 3 << 20, "{} bytes", bomb.len());
    let begun = Instant::now();
    match convert_bytes(&bomb, &options()) {
        Ok(converted) => assert_eq!(converted.sizes(), [(1728, 2142)]),
        Err(error) => assert!(
            matches!(
                error,
                ConvertError::Crashed { .. } | ConvertError::Invalid { .. }
            ),
            "{error}"
        ),
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_process_short_of_memory_dies_alone() {
    // The page needs 34 MB to be drawn on.
    let mut options = options();
    options.resolution = Resolution::Superfine;
    options.limits.render_address_space_max = 56 << 20;
    let error = refuse_bytes(&Pdf::one_page(300.0, 14_400.0, "0 0 9 9 re f"), &options);
    assert_eq!(error.reason(), Reason::ConversionCrashed, "{error}");
    assert!(error.to_string().contains("SIGABRT"), "{error}");
}

/// Longest that a hostile document may keep its sender waiting.
const HOSTILE_SECONDS_MAX: u64 = 15;

#[test]
fn ten_hostile_documents_at_once_end_in_time_and_leave_room_for_honest_ones() {
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    let ends = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let hostile: Vec<_> = (0..10)
            .map(|_| {
                scope.spawn(|| {
                    while let Some((name, make)) =
                        DOCUMENTS.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let folder = tempfile::tempdir().unwrap();
                        let input = folder.path().join("document");
                        fs::write(&input, make()).unwrap();
                        // Its turn among other tests is no time of the document's.
                        let _guard = side_by_side();
                        let begun = Instant::now();
                        let outcome = convert_unguarded(&input, &options());
                        ends.lock().unwrap().push((*name, outcome, begun.elapsed()));
                    }
                })
            })
            .collect();
        let honest = scope.spawn(|| {
            let letter = fs::read(sample("letter.pdf")).unwrap();
            let mut converted = 0;
            while !is_over.load(Ordering::Relaxed) {
                convert_bytes(&letter, &options()).unwrap();
                converted += 1;
            }
            converted
        });
        for thread in hostile {
            thread.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(honest.join().unwrap() > 3, "honest documents had no turn");
    });
    for (name, outcome, elapsed) in ends.into_inner().unwrap() {
        let end = outcome.map_or_else(
            |error| error.to_string(),
            |fax| format!("{:?}", fax.sizes()),
        );
        println!("{:5.1} s  {name}: {end}", elapsed.as_secs_f64());
        assert!(
            elapsed.as_secs() < HOSTILE_SECONDS_MAX,
            "{name}: {elapsed:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn damage_anywhere_in_a_pdf_ends_in_pages_or_in_a_reason_of_its_own(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        name in prop::sample::select(vec!["letter.pdf", "photo.pdf", "form.pdf"]),
    ) {
        let mut pdf = fs::read(sample(name)).unwrap();
        for (place, byte) in damage {
            let place = place.index(pdf.len());
            pdf[place] = byte;
        }
        if let Err(error) = convert_bytes(&pdf, &impatient()) {
            prop_assert!(
                !matches!(error.reason(), Reason::StorageFailed | Reason::RendererUnavailable),
                "{error}"
            );
        }
    }
}
