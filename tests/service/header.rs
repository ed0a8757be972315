//! The header line as the far end gets it, and the preview that shows it beforehand and afterwards.

use std::fs;
use std::path::Path;

use faxmill::convert::{FaxTiffReader, page_digest};
use faxmill::limits::Limits;
use serde_json::Value;

use super::running::*;

/// The digests of the pages in a TIFF file.
pub(super) fn digests_in(tiff: &str) -> Vec<String> {
    let fax = fs::read(tiff).unwrap();
    let pages = FaxTiffReader::from_bytes(&fax, &Limits::default()).unwrap();
    pages
        .map(|page| page_digest(&page.unwrap().bitmap))
        .collect()
}

/// What `faxmill preview` tells of a job's pages.
pub(super) fn preview(folder: &Path, job: &str, arguments: &[&str]) -> Vec<Value> {
    let target = folder.join("preview.pdf").display().to_string();
    let shown = faxmill(
        folder,
        &[&["preview", job, "-o", &target], arguments].concat(),
    );
    assert!(shown.status.success(), "{shown:?}");
    json(&shown)["pages"].as_array().unwrap().clone()
}

pub(super) fn digests(pages: &[Value]) -> Vec<String> {
    let digests = pages.iter().map(|page| page["digest"].as_str().unwrap());
    digests.map(str::to_owned).collect()
}

fn lines(pages: &[Value]) -> Vec<&str> {
    let lines = pages.iter().map(|page| page["header"]["text"].as_str());
    lines.map(Option::unwrap_or_default).collect()
}

#[test]
fn the_far_end_gets_the_pixels_of_the_preview_and_the_attempt_says_which() {
    let far_end = FarEnd::start();
    let setup = Setup {
        extra: "[header]\nname = \"Müller & Söhne\"\nnumber = \"+49 30 5550199\"\n".to_owned(),
        ..Setup::calling(&far_end.address)
    };
    let service = Service::start(&setup);
    let folder = service.folder.path();
    let letter = sample("letter.pdf");
    let zone = ["--header-time-zone", "Asia/Kathmandu"];
    let arguments = ["fax", &letter, "--number", "+1 555 0100", "--hold"];
    let job = service.submit(&[&arguments[..], &zone].concat());
    service.follow(&job).until("converted");
    let before = preview(folder, &job, &[]);
    let line = lines(&before)[1];
    let rest = "From Müller & Söhne +49 30 5550199  To +15550100  Page 2 of 2";
    assert!(line.ends_with(rest), "{line}");

    assert!(service.faxmill(&["release", &job]).status.success());
    let events = service.follow(&job).into_all();
    let received = digests_in(far_end.call()["file"].as_str().unwrap());
    let shown = preview(folder, &job, &[]);
    assert_eq!(digests(&shown), received);
    let confirmed = events
        .iter()
        .filter(|event| event["event"] == "page_confirmed");
    let confirmed: Vec<&str> = confirmed
        .map(|event| event["digest"].as_str().unwrap())
        .collect();
    assert_eq!(confirmed, received);

    // The record alone tells what the line said: at which moment, in which zone.
    let status = service.status(&job);
    let header = &status["attempts"][0]["settings"]["header"];
    assert_eq!(header["time"]["utc_offset_seconds"], 20_700);
    let at = jiff::Timestamp::from_millisecond(header["time"]["at"].as_i64().unwrap()).unwrap();
    let kathmandu = jiff::tz::Offset::from_seconds(20_700).unwrap();
    let clock = kathmandu
        .to_datetime(at)
        .strftime("%Y-%m-%d %H:%M")
        .to_string();
    assert!(lines(&shown)[0].starts_with(&clock), "{shown:?} {clock}");
    let by_call = preview(folder, &job, &["--attempt", "1"]);
    assert_eq!(digests(&by_call), received);
}

#[test]
fn a_job_has_its_own_header_or_none() {
    let far_end = FarEnd::start();
    let service = Service::start(&Setup::calling(&far_end.address));
    let letter = sample("letter.pdf");
    let with = |arguments: &[&str]| {
        let fax = ["fax", &letter, "--number", "100"];
        let job = service.submit(&[&fax[..], arguments].concat());
        service.follow(&job).into_all();
        let received = digests_in(far_end.call()["file"].as_str().unwrap());
        let shown = preview(service.folder.path(), &job, &[]);
        assert_eq!(digests(&shown), received);
        (job, shown)
    };
    let (_, first) = with(&[
        "--header",
        "first",
        "--header-format",
        "{ident} {page}/{pages}",
    ]);
    assert_eq!(lines(&first), ["test line 1/2", ""]);
    let (job, none) = with(&["--header", "none"]);
    assert_eq!(lines(&none), ["", ""]);
    let status = service.status(&job);
    let stored = artifact(service.folder.path(), &status, "fax");
    assert_eq!(digests(&none), digests_in(&stored));
}

#[test]
fn an_unknown_zone_or_a_wrong_format_is_refused_when_it_is_submitted() {
    let folder = tempfile::tempdir().unwrap();
    Setup::default().write(folder.path());
    let form = sample("form.pdf");
    let submit = |arguments: &[&str]| {
        let fax = ["submit", "fax", &form, "--number", "100"];
        faxmill(folder.path(), &[&fax[..], arguments].concat())
    };
    let zone = submit(&["--header-time-zone", "Mars/Olympus"]);
    assert_eq!(zone.status.code(), Some(65), "{zone:?}");
    assert_eq!(json(&zone)["error"]["code"], "header-time-zone");
    let ident = submit(&["--ident", "a name that no machine can be told"]);
    assert_eq!(json(&ident)["error"]["code"], "ident-invalid");
    assert!(faxmill(folder.path(), &["jobs"]).stdout.is_empty());

    let broken = Setup {
        extra: "[header]\ntime_zone = \"Mars/Olympus\"\n".to_owned(),
        ..Setup::default()
    };
    broken.write(folder.path());
    let checked = faxmill(folder.path(), &["check-config"]);
    assert_eq!(checked.status.code(), Some(78), "{checked:?}");
    let message = json(&checked)["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("header.time_zone") && message.contains("Mars/Olympus"),
        "{message}"
    );
}

#[test]
fn a_job_without_pages_has_no_preview() {
    let service = Service::start(&Setup::default());
    let broken = service.folder.path().join("broken.pdf");
    fs::write(&broken, "%PDF-1.4\nnothing").unwrap();
    let job = service.submit(&["fax", broken.to_str().unwrap(), "--number", "100"]);
    service.follow(&job).into_all();
    let shown = service.faxmill(&["preview", &job, "-o", "unused.pdf"]);
    assert_eq!(shown.status.code(), Some(69));
    assert_eq!(json(&shown)["error"]["code"], "job-not-converted");
}
