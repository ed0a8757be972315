//! Requests and names as they are written and read.

use std::collections::BTreeMap;

use faxmill::header::HeaderPages;
use faxmill::job::{
    AttemptSettings, CoverField, CoverPart, FaxRequest, JobEvent, JobId, JobRequest, JobState,
    LadderStep, Metadata, OnIndeterminate, Reason, RequestError, RetryPolicy, Stage, Status,
};
use faxmill::units::{Resolution, ToneMode, UnixMillis};
use proptest::prelude::*;

#[test]
fn a_request_with_only_what_it_must_have_gets_the_documented_defaults() {
    let text = r#"{"kind":"fax","number":"+1 555 010 0100","document":"d","document_name":"n"}"#;
    let request: JobRequest = serde_json::from_str(text).expect("a request");
    let number = "+15550100100".parse().expect("a number");
    let expected = FaxRequest::new(number, "d".to_owned(), "n".to_owned());
    assert_eq!(request, JobRequest::Fax(expected.clone()));
    assert_eq!(
        (
            expected.dials_max,
            expected.answered_max,
            expected.deadline_seconds
        ),
        (12, 3, 10_800)
    );
    assert_eq!(
        (
            expected.resolution,
            expected.mode,
            expected.on_indeterminate
        ),
        (Resolution::Fine, ToneMode::Auto, OnIndeterminate::Hold)
    );
    let again = serde_json::to_string(&request).expect("JSON");
    assert_eq!(
        serde_json::from_str::<JobRequest>(&again).expect("a request"),
        request
    );
}

#[test]
fn a_cover_page_is_asked_for_by_fields_and_by_names_or_keys_of_its_parts() {
    let request = |cover: &str| {
        let text = format!(
            r#"{{"kind":"fax","number":"100","document":"d","document_name":"n","cover":{cover}}}"#
        );
        serde_json::from_str::<JobRequest>(&text)
    };
    let read = request(
        r#"{"fields":{"to_name":"Ada"},"template":{"name":"office"},"logo":{"artifact":"k"}}"#,
    );
    let JobRequest::Fax(fax) = read.expect("a request") else {
        panic!("it is a fax");
    };
    let cover = fax.cover.as_ref().expect("a cover page");
    assert_eq!(cover.fields.entries()[&CoverField::ToName], "Ada");
    assert_eq!(cover.template, Some(CoverPart::Name("office".to_owned())));
    assert_eq!(cover.logo, Some(CoverPart::Artifact("k".to_owned())));
    let again = serde_json::to_string(&JobRequest::Fax(fax.clone())).expect("JSON");
    let again: JobRequest = serde_json::from_str(&again).expect("a request");
    assert_eq!(again, JobRequest::Fax(fax));
    assert!(request("{}").is_ok());
    let long = "x".repeat(8001);
    for refused in [
        r#"{"fields":{"to_nam":"Ada"}}"#,
        r#"{"fields":{"page_count":"3"}}"#,
        &format!(r#"{{"fields":{{"comments":"{long}"}}}}"#),
        r#"{"template":"office"}"#,
        r#"{"picture":{"name":"x"}}"#,
    ] {
        assert!(request(refused).is_err(), "{refused}");
    }
}

#[test]
fn an_invalid_number_is_refused_when_read() {
    let text = r#"{"kind":"fax","number":"call me","document":"d","document_name":"n"}"#;
    assert!(serde_json::from_str::<JobRequest>(text).is_err());
}

#[test]
fn metadata_has_bounds() {
    let entries = |count: usize, key: usize, value: usize| {
        let entry = |at: usize| (format!("{at:0key$}"), "v".repeat(value));
        Metadata::try_from((0..count).map(entry).collect::<BTreeMap<_, _>>())
    };
    assert!(entries(32, 64, 1024).is_ok());
    for (count, key, value) in [(33, 2, 0), (1, 65, 0), (1, 1, 1025)] {
        assert_eq!(
            entries(count, key, value),
            Err(RequestError::MetadataTooLarge)
        );
    }
    let unnamed = BTreeMap::from([(String::new(), String::new())]);
    assert!(Metadata::try_from(unnamed).is_err());
}

#[test]
fn impossible_bounds_are_refused_with_their_limit() {
    let number = "100".parse().expect("a number");
    let fax = FaxRequest::new(number, "d".to_owned(), "n".to_owned());
    let refused = |change: &dyn Fn(&mut FaxRequest)| {
        let mut fax = fax.clone();
        change(&mut fax);
        JobRequest::Fax(fax)
            .check()
            .expect_err("an impossible request")
            .code()
    };
    assert_eq!(refused(&|fax| fax.dials_max = 101), "field-out-of-range");
    assert_eq!(refused(&|fax| fax.answered_max = 0), "field-out-of-range");
    assert_eq!(
        refused(&|fax| fax.deadline_seconds = 0),
        "field-out-of-range"
    );
    assert_eq!(refused(&|fax| fax.document = String::new()), "field-empty");
    assert_eq!(JobRequest::Fax(fax.clone()).check(), Ok(()));
}

#[test]
fn every_name_reads_back_as_itself() {
    for &status in Status::ALL {
        assert_eq!(status.name().parse(), Ok(status));
        let json = serde_json::to_string(&status).expect("JSON");
        assert_eq!(json, format!("\"{}\"", status.name()));
    }
    for &stage in Stage::ALL {
        assert_eq!(stage.name().parse(), Ok(stage));
    }
    assert!("sent".parse::<Status>().is_err());
    assert!("not-a-uuid".parse::<JobId>().is_err());
}

#[test]
fn a_job_reads_back_as_it_was_stored() {
    let number = "100".parse().expect("a number");
    let request = JobRequest::Fax(FaxRequest::new(number, "d".to_owned(), "n".to_owned()));
    let mut state = JobState::new(&request, RetryPolicy::default(), UnixMillis(7));
    state.failures.insert(Reason::Busy, 2);
    state.step = LadderStep::T38NoEcm;
    let text = serde_json::to_string(&state).expect("JSON");
    assert_eq!(
        serde_json::from_str::<JobState>(&text).expect("a state"),
        state
    );
    let event = JobEvent::CancelDone {
        pages_confirmed: 1,
        possibly_delivered: true,
    };
    let text = serde_json::to_string(&event).expect("JSON");
    assert!(text.starts_with(r#"{"event":"cancel_done""#), "{text}");
    assert_eq!(
        serde_json::from_str::<JobEvent>(&text).expect("an event"),
        event
    );
}

#[test]
fn records_from_before_header_lines_can_still_be_read() {
    let settings = r#"{"step":"t38_ecm","target":"sip:100@example"}"#;
    let settings: AttemptSettings = serde_json::from_str(settings).expect("settings");
    assert_eq!((settings.header, settings.document), (None, None));
    let event = r#"{"event":"page_confirmed","page":2}"#;
    let event: JobEvent = serde_json::from_str(event).expect("an event");
    let expected = JobEvent::PageConfirmed {
        page: 2,
        digest: None,
    };
    assert_eq!(event, expected);
}

#[test]
fn a_header_is_asked_for_in_words_that_are_checked_when_they_are_read() {
    let read = |header: &str| {
        let request = format!(
            r#"{{"kind":"fax","number":"100","document":"d","document_name":"n","header":{header}}}"#
        );
        serde_json::from_str::<JobRequest>(&request)
    };
    let given = r#"{"pages":"first","format":"{page}/{pages}","time_zone":"Europe/Berlin"}"#;
    let JobRequest::Fax(fax) = read(given).expect("a request") else {
        unreachable!("it is a fax");
    };
    assert_eq!(fax.header.pages, Some(HeaderPages::First));
    let wrong = [
        r#"{"pages":"last"}"#,
        r#"{"format":"{colour}"}"#,
        r#"{"format":"a\tb"}"#,
        r#"{"time_zone":"../etc/passwd"}"#,
        r#"{"name":""}"#,
        r#"{"number":"call me"}"#,
    ];
    for wrong in wrong {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn jitter_stays_within_half_of_the_delay() {
    let policy = RetryPolicy::default();
    let seconds = |chance| {
        let delay = policy
            .delay(Reason::Busy, 1, chance)
            .expect("busy is tried again");
        delay.as_secs()
    };
    assert_eq!([0.0, 0.5, 1.0].map(seconds), [90, 180, 270]);
    assert_eq!(
        [-3.0, 7.0, f64::NAN, f64::INFINITY].map(seconds),
        [90, 270, 180, 180]
    );
    let hasty = RetryPolicy {
        delay_ms_max: 1000,
        ..RetryPolicy::default()
    };
    assert_eq!(
        hasty
            .delay(Reason::Busy, 9, 0.5)
            .map(|delay| delay.as_millis()),
        Some(1000)
    );
}

proptest! {
    #[test]
    fn no_text_is_a_job_id_but_a_uuid(text in ".{0,60}") {
        if let Ok(id) = text.parse::<JobId>() {
            prop_assert_eq!(id.to_string().parse::<JobId>(), Ok(id));
            prop_assert_eq!(id.to_string().len(), 36);
        }
    }

    #[test]
    fn a_request_with_any_values_is_refused_or_makes_a_job(
        number in "[+0-9 a-z*#]{0,24}",
        document in ".{0,8}",
        dials_max in any::<i64>(),
        deadline_seconds in any::<i64>(),
        not_before in any::<i64>(),
        now in any::<i64>(),
    ) {
        let text = serde_json::json!({
            "kind": "fax", "number": number, "document": document, "document_name": "",
            "dials_max": dials_max, "deadline_seconds": deadline_seconds, "not_before": not_before,
        });
        if let Ok(request) = serde_json::from_value::<JobRequest>(text) {
            let now = UnixMillis(now);
            let state = JobState::new(&request, RetryPolicy::default(), now);
            prop_assert!(state.deadline_at >= now);
            prop_assert!(request.check().is_err() || (1..=100).contains(&dials_max));
        }
    }
}
