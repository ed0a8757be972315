//! What users upload and type wrongly: a typed reason, a clear sentence, nothing kept or lost.

use std::fs;

use super::documents::pdf;
use super::running::*;

/// Submits a file that must be refused at once, and gives the error's code.
fn refused(service: &Service, name: &str, content: &[u8], arguments: &[&str]) -> String {
    let file = service.folder.path().join(name);
    fs::write(&file, content).unwrap();
    let kind = if arguments.is_empty() {
        "voicemail"
    } else {
        "fax"
    };
    let submit = ["submit", kind, file.to_str().unwrap()];
    let output = service.faxmill(&[&submit, arguments].concat());
    assert_eq!(output.status.code(), Some(65), "{name}: {output:?}");
    let error = json(&output);
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains(name),
        "the sentence names the file: {message}"
    );
    error["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_no_document_is_refused_before_it_becomes_a_job() {
    let service = Service::start(&Setup::default());
    let number = ["--number", "100"];
    assert_eq!(
        refused(&service, "empty.pdf", b"", &number),
        "document_invalid"
    );
    assert_eq!(
        refused(&service, "html.pdf", b"<html></html>", &number),
        "document_invalid"
    );
    let zip = refused(&service, "office.pdf", b"PK\x03\x04 something", &number);
    assert_eq!(zip, "document_invalid");
    assert_eq!(
        refused(&service, "silence.wav", b"", &[]),
        "recording_invalid"
    );
    let jobs = service.faxmill(&["jobs"]);
    assert!(jobs.stdout.is_empty(), "{jobs:?}");
    assert!(!service.folder.path().join("data/artifacts/jobs").exists());
}

#[test]
fn what_cannot_be_dialed_is_refused_on_the_command_line() {
    let service = Service::start(&Setup::default());
    let form = sample("form.pdf");
    let number = service.faxmill(&["submit", "fax", &form, "--number", "call me"]);
    assert_eq!(number.status.code(), Some(2), "{number:?}");
    let words = String::from_utf8_lossy(&number.stderr).into_owned();
    assert!(words.contains("is not a fax number"), "{words}");
    let uri = [
        "submit",
        "fax",
        &form,
        "--number",
        "100",
        "--uri",
        "http://example.org",
    ];
    let uri = service.faxmill(&uri);
    assert_eq!(uri.status.code(), Some(65), "{uri:?}");
    let missing = service.faxmill(&["submit", "fax", "no-such-file.pdf", "--number", "100"]);
    assert_eq!(missing.status.code(), Some(66), "{missing:?}");
    let job = service.faxmill(&["status", "0192e4a0-0000-7000-8000-000000000000"]);
    assert_eq!(job.status.code(), Some(69), "{job:?}");
}

#[test]
fn documents_that_break_later_end_their_jobs_with_a_reason() {
    let setup = Setup {
        extra: "[limits]\ndocument_pages_max = 30\ndocument_bytes_max = 1000000\n".to_owned(),
        ..Setup::default()
    };
    let service = Service::start(&setup);
    let folder = service.folder.path().to_owned();
    let letter = fs::read(sample("letter.pdf")).unwrap();
    let truncated = folder.join("truncated.pdf");
    fs::write(&truncated, &letter[..letter.len() / 8]).unwrap();
    let fax = fs::read(sample("fax-mh.tif")).unwrap();
    let lying = folder.join("lying.tif");
    fs::write(&lying, &fax[..fax.len() / 3]).unwrap();
    let long = pdf(&folder, 31);
    let rows = [
        (truncated, "document_invalid"),
        (lying, "document_invalid"),
        (long, "too_many_pages"),
    ];
    for (file, reason) in rows {
        let job = service.submit(&["fax", file.to_str().unwrap(), "--number", "100"]);
        service.follow(&job).into_all();
        let status = service.status(&job);
        assert_eq!(status["job"]["state"]["status"], "failed", "{status:#}");
        assert_eq!(status["job"]["state"]["reason"], reason, "{status:#}");
        assert!(
            !status["job"]["state"]["detail"]
                .as_str()
                .unwrap()
                .is_empty()
        );
    }
    let large = folder.join("large.pdf");
    fs::write(&large, [&letter[..], &vec![b' '; 1_000_000]].concat()).unwrap();
    let output = service.faxmill(&["submit", "fax", large.to_str().unwrap(), "--number", "100"]);
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(json(&output)["error"]["code"], "document_too_large");
}

#[test]
fn recordings_that_break_later_end_their_jobs_with_a_reason() {
    let service = Service::start(&Setup::default());
    let file = service.folder.path().join("page.wav");
    fs::write(&file, b"<!doctype html><html><body>Sign in</body></html>").unwrap();
    let job = service.submit(&["voicemail", file.to_str().unwrap()]);
    service.follow(&job).into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "failed", "{status:#}");
    assert_eq!(status["job"]["state"]["reason"], "media_unsupported");
}

#[test]
fn a_wrong_configuration_is_told_before_anything_starts() {
    let rows = [
        ("[trunk]\nuri = \"gateway\"\n", "trunk.uri"),
        ("[trunk]\nuri = \"sip:{number}@\"\n", "trunk.uri"),
        ("[timing]\nlease_seconds = 0\n", "timing.lease_seconds"),
        ("no_such_field = 1\n", "no_such_field"),
        ("[line]\nbind = \"localhost\"\n", "line.bind"),
    ];
    for (text, named) in rows {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("faxmill.toml"), text).unwrap();
        for command in ["check-config", "serve"] {
            let output = faxmill(folder.path(), &[command]);
            assert_eq!(output.status.code(), Some(78), "{text}: {output:?}");
            let message = json(&output)["error"]["message"].to_string();
            assert!(message.contains(named), "{message}");
        }
    }
}

#[test]
fn an_upload_from_a_pipe_is_refused_because_it_can_be_read_only_once() {
    let service = Service::start(&Setup::default());
    let pipe = service.folder.path().join("pipe.pdf");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let pipe = pipe.to_str().unwrap();
    for command in [
        &["submit", "fax", pipe, "--number", "100"][..],
        &["submit", "voicemail", pipe],
    ] {
        let output = service.faxmill(command);
        assert_eq!(output.status.code(), Some(66), "{output:?}");
        let message = json(&output)["error"]["message"].to_string();
        assert!(message.contains("not a regular file"), "{message}");
    }
    assert!(service.faxmill(&["jobs"]).stdout.is_empty());
}
