//! Cover pages through the whole service: accepted or refused at once, delivered as the first page.

use std::fs;
use std::path::Path;

use super::running::*;

/// A template with nothing but what is asked for, and a logo.
const TEMPLATE: &str = "page = [200, 150]\n\
    [[text]]\nat = [10, 10]\nsize = [100, 10]\ntext = \"{subject} to {to_number}\"\n\
    [[logo]]\nat = [120, 10]\nsize = [60, 30]\n";

/// Files below a folder.
fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path.display().to_string());
        }
    }
    files
}

#[test]
fn a_cover_page_is_delivered_as_the_first_page() {
    let far_end = FarEnd::start();
    let service = Service::start(&Setup::calling(&far_end.address));
    let template = service.folder.path().join("mine.toml");
    fs::write(&template, TEMPLATE).unwrap();
    let submit = [
        "fax",
        &sample("letter.pdf"),
        "--number",
        "+1 555 0100",
        "--header=none",
        "--cover-field",
        "subject=Offer 17",
        "--cover-template",
        template.to_str().unwrap(),
        "--cover-logo",
        &sample("cover-logo.png"),
        "--idempotency-key",
        "one",
    ];
    let job = service.submit(&submit);
    // The same again, whose uploads have other keys, is the same job.
    assert_eq!(service.submit(&submit), job);
    let events = service.follow(&job).into_all();
    let call = far_end.call();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "delivered", "{status:#}");
    assert_eq!(status["job"]["state"]["pages"], 3);
    assert_eq!(count(&events, "page_confirmed"), 3);
    let stored = artifact(service.folder.path(), &status, "fax");
    assert_same_pixels(&stored, call["file"].as_str().unwrap());

    // What arrived first is the cover page that the command makes of the same files.
    let folder = service.folder.path();
    let (made, first) = (folder.join("made.tiff"), folder.join("first.tiff"));
    let arguments = [
        &[
            "convert",
            &sample("letter.pdf"),
            "-o",
            made.to_str().unwrap(),
            "--to",
            "+15550100",
        ],
        &submit[5..11],
    ];
    let convert = service.faxmill(&arguments.concat());
    assert!(convert.status.success(), "{convert:?}");
    assert_same_pixels(made.to_str().unwrap(), call["file"].as_str().unwrap());
    let copied = std::process::Command::new("tiffcp")
        .arg(format!("{},0", call["file"].as_str().unwrap()))
        .arg(&first)
        .status();
    assert!(copied.expect("tiffcp runs").success());
    let info = std::process::Command::new("tiffinfo").arg(&first).output();
    let info = String::from_utf8(info.unwrap().stdout).unwrap();
    assert!(info.contains("Image Length: 1155"), "{info}");
}

#[test]
fn a_cover_page_that_cannot_be_made_is_refused_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let office = folder.path().join("office.toml");
    fs::write(&office, TEMPLATE).unwrap();
    let service = Service::start(&Setup {
        trunk: Some("sip:{number}@127.0.0.1:9".to_owned()),
        extra: format!(
            "[cover]\ntemplates = {{ office = \"{}\" }}\n",
            office.display()
        ),
        ..Setup::default()
    });
    let refused = |arguments: &[&str], code: &str, words: &str| {
        let submit = [
            "submit",
            "fax",
            &sample("letter.pdf"),
            "--number",
            "+1 555 0100",
        ];
        let output = service.faxmill(&[&submit, arguments].concat());
        assert_eq!(output.status.code(), Some(65), "{output:?}");
        let error = json(&output);
        assert_eq!(error["error"]["code"], code, "{error}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    };
    let office = ["--cover-template", "office"];
    let subject = "subject=a subject that is much too long for the box that this template has";
    refused(
        &[&office[..], &["--cover-field", subject]].concat(),
        "cover-text-overflow",
        "subject",
    );
    refused(
        &[&office[..], &["--cover-field", "comments=?"]].concat(),
        "cover-unplaced",
        "comments",
    );
    let logo = sample("letter.pdf");
    refused(
        &["--cover-logo", &logo],
        "cover-logo",
        "neither a PNG nor a JPEG",
    );
    assert!(service.faxmill(&["jobs"]).stdout.is_empty());
    let kept = files_below(&service.folder.path().join("data/artifacts"));
    assert_eq!(kept, [""; 0]);
    // The configured template is one that works.
    let held = [
        &[
            "fax",
            &sample("letter.pdf"),
            "--number",
            "+1 555 0100",
            "--hold",
        ],
        &office[..],
        &["--cover-field", "subject=Offer 17"],
    ];
    let job = service.submit(&held.concat());
    let status = until_status(service.folder.path(), &job, "held");
    assert_eq!(status["job"]["state"]["pages"], 3, "{status:#}");
    assert_eq!(
        status["job"]["request"]["cover"]["template"]["name"],
        "office"
    );
}

#[test]
fn templates_and_logos_of_the_configuration_are_checked_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("t.toml");
    fs::write(&template, "page = \"a4\"\n[[text]]\n").unwrap();
    let missing = folder.path().join("missing.png");
    let (template, missing) = (template.display(), missing.display());
    for (text, named, code) in [
        (
            format!("[cover]\nlogos = {{ mark = \"{missing}\" }}\n"),
            "cover.logos",
            "config-field",
        ),
        (
            format!("[cover]\ntemplates = {{ t = \"{template}\" }}\n"),
            "t.toml:2",
            "cover-template",
        ),
        (
            format!("[cover]\nlogos = {{ mark = \"{template}\" }}\n"),
            "neither a PNG",
            "cover-logo",
        ),
    ] {
        fs::write(folder.path().join("faxmill.toml"), &text).unwrap();
        let output = faxmill(folder.path(), &["check-config"]);
        assert_eq!(output.status.code(), Some(78), "{text}: {output:?}");
        let error = json(&output);
        assert_eq!(error["error"]["code"], code, "{error}");
        assert!(
            error["error"]["message"].to_string().contains(named),
            "{error}"
        );
    }
}
