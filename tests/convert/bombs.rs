//! Files made to take a renderer down: each costs one child process and ends in a typed reason.

use std::fs;
use std::time::{Duration, Instant};

use faxmill::convert::{ConvertError, ConvertOptions};
use faxmill::job::Reason;
use faxmill::units::Resolution;
use proptest::prelude::*;

use super::fixture::{convert_bytes, options, refuse_bytes, sample};
use super::pdf::{Pdf, deflate};

const LETTER: &str = "/MediaBox [0 0 612 792]";

/// Options that give up after two seconds of wall clock.
fn impatient() -> ConvertOptions {
    let mut options = options();
    options.limits.render_wall_seconds_max = 2;
    options
}

/// Forms that each draw the next one several times: a few kilobytes, and exponential work.
fn nested_forms(levels: usize, times: usize, entries: &str) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut inner = pdf.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 612 792]",
        b"0 0 612 792 re f",
    );
    for _ in 0..levels {
        let form = format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 612 792] {entries} \
             /Resources << /XObject << /F {inner} 0 R >> >>"
        );
        inner = pdf.stream(&form, "/F Do ".repeat(times).as_bytes());
    }
    let content = pdf.stream("", b"/F Do");
    pdf.page_of(
        &format!("{LETTER} /Resources << /XObject << /F {inner} 0 R >> >>"),
        content,
    );
    pdf.build()
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
    // Lines that are kept as path segments until the end.
    let segment = b"1 1 l ".repeat(1 << 16);
    let content =
        deflate(std::iter::once(b"0 0 m ".to_vec()).chain(std::iter::repeat_n(segment, 1 << 10)));
    assert!(content.len() < 2 << 20, "{} bytes", content.len());
    let mut pdf = Pdf::new();
    let content = pdf.stream("/Filter /FlateDecode", &content);
    pdf.page_of(LETTER, content);
    let error = refuse_bytes(&pdf.build(), &options());
    assert_eq!(error.reason(), Reason::ConversionCrashed, "{error}");
}

#[test]
fn an_image_of_forty_thousand_by_forty_thousand() {
    let pixels = deflate((0..4_000).map(|i| vec![i as u8; 400_000]));
    assert!(pixels.len() < 3 << 20, "{} bytes", pixels.len());
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Type /XObject /Subtype /Image /Width 40000 /Height 40000 /BitsPerComponent 8 \
         /ColorSpace /DeviceGray /Filter /FlateDecode",
        &pixels,
    );
    let content = pdf.stream("", b"612 0 0 792 0 0 cm /I Do");
    pdf.page_of(
        &format!("{LETTER} /Resources << /XObject << /I {image} 0 R >> >>"),
        content,
    );
    let begun = Instant::now();
    match convert_bytes(&pdf.build(), &options()) {
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
    options.limits.render_address_space_max = 44 << 20;
    let error = refuse_bytes(&Pdf::one_page(300.0, 14_400.0, "0 0 9 9 re f"), &options);
    assert_eq!(error.reason(), Reason::ConversionCrashed, "{error}");
    assert!(error.to_string().contains("SIGABRT"), "{error}");
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
