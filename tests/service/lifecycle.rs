//! Jobs that go well, and services that start and stop.

use super::running::*;

#[test]
fn a_fax_is_delivered_pixel_for_pixel_through_the_queue() {
    let far_end = FarEnd::start();
    let service = Service::start(&Setup::calling(&far_end.address));
    let job = service.submit(&["fax", &sample("letter.pdf"), "--number", "+1 555 0100"]);
    let events = service.follow(&job).into_all();
    let call = far_end.call();

    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "delivered", "{status:#}");
    assert_eq!(count(&events, "attempt_started"), 1);
    assert_eq!(count(&events, "page_confirmed"), 2);
    assert_eq!(call["to"], "+15550100");
    assert_same_pixels(&service.sent(&job), call["file"].as_str().unwrap());
}

#[test]
fn a_fax_that_comes_in_is_stored_page_by_page() {
    let service = Service::start(&Setup {
        receive: true,
        ..Setup::default()
    });
    let address = service.receive_address();
    let fax = service.folder.path().join("letter.tiff");
    let fax = fax.to_str().unwrap();
    assert!(
        service
            .faxmill(&["convert", &sample("letter.pdf"), "-o", fax])
            .status
            .success()
    );
    let to = format!("sip:4711@{address}");
    let bind = ["--bind", "127.0.0.1:0", "--header", "none"];
    let sent = service.faxmill(&[&["send", fax, "--to", &to], &bind[..]].concat());
    assert!(sent.status.success(), "{sent:?}");

    let listed = service.faxmill(&["jobs"]);
    let job = json(&listed)["id"].as_str().unwrap().to_owned();
    let events = service.follow(&job).into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "received", "{status:#}");
    assert_eq!(status["job"]["request"]["to"], "4711");
    assert_eq!(count(&events, "receive_page"), 2);
    assert_same_pixels(fax, &artifact(service.folder.path(), &status, "received"));
}

#[test]
fn a_recording_becomes_an_mp3_that_carries_its_caller() {
    let service = Service::start(&Setup::default());
    let recording = sample("voicemail-wav49.wav");
    let job = service.submit(&["voicemail", &recording, "--caller", "Ada Example"]);
    service.follow(&job).into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "ready", "{status:#}");
    let mp3 = artifact(service.folder.path(), &status, "mp3");
    let entries = "stream=sample_rate:frame=nb_samples:format_tags=artist";
    let probe = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", entries, "-of", "json", &mp3])
        .output()
        .expect("ffprobe runs");
    let found: serde_json::Value = serde_json::from_slice(&probe.stdout).unwrap();
    let frames = found["frames"].as_array().unwrap();
    let samples: u64 = frames
        .iter()
        .map(|frame| frame["nb_samples"].as_u64().unwrap())
        .sum();
    assert_eq!(found["streams"][0]["sample_rate"], "8000");
    assert_eq!(
        samples / 8,
        status["job"]["state"]["duration_ms"].as_u64().unwrap()
    );
    assert_eq!(found["format"]["tags"]["artist"], "Ada Example");
}

#[test]
fn the_same_idempotency_key_makes_one_job_and_refuses_another_document() {
    let service = Service::start(&Setup::default());
    let arguments = [
        "fax",
        &sample("form.pdf"),
        "--number",
        "100",
        "--hold",
        "--idempotency-key",
        "k1",
    ];
    let first = service.submit(&arguments);
    assert_eq!(service.submit(&arguments), first);
    let mut other = arguments.to_vec();
    let letter = sample("letter.pdf");
    other[1] = &letter;
    let refused = service.faxmill(&[&["submit"], &other[..]].concat());
    assert_eq!(refused.status.code(), Some(65));
    let jobs = service.faxmill(&["jobs"]);
    assert_eq!(String::from_utf8_lossy(&jobs.stdout).lines().count(), 1);
    let artifacts = service.folder.path().join("data/artifacts/jobs");
    let kept = std::fs::read_dir(artifacts).unwrap().filter(|entry| {
        // A folder whose only artifact was taken back may remain, empty.
        std::fs::read_dir(entry.as_ref().unwrap().path())
            .unwrap()
            .any(|digest| {
                std::fs::read_dir(digest.unwrap().path())
                    .unwrap()
                    .next()
                    .is_some()
            })
    });
    assert_eq!(
        kept.count(),
        1,
        "uploads of refused submissions are not kept"
    );
}

#[test]
fn a_held_fax_waits_for_its_release_and_a_canceled_one_is_never_dialed() {
    let far_end = FarEnd::start();
    let service = Service::start(&Setup::calling(&far_end.address));
    let form = sample("form.pdf");
    let kept = service.submit(&["fax", &form, "--number", "101", "--hold"]);
    let dropped = service.submit(&["fax", &form, "--number", "102", "--hold"]);
    service.follow(&kept).into_all();
    service.follow(&dropped).into_all();
    assert_eq!(service.status(&kept)["job"]["state"]["status"], "held");

    assert!(service.faxmill(&["cancel", &dropped]).status.success());
    assert!(service.faxmill(&["release", &kept]).status.success());
    service.follow(&kept).into_all();
    assert_eq!(service.status(&kept)["job"]["state"]["status"], "delivered");
    assert_eq!(far_end.call()["to"], "101");
    assert_eq!(
        service.status(&dropped)["job"]["state"]["status"],
        "canceled"
    );
    assert!(far_end.another_call().is_none());
}

#[test]
fn a_drain_finishes_the_call_that_is_up_and_dials_no_more() {
    let far_end = FarEnd::start();
    let setup = Setup {
        extra: "[workers]\ntransmit = 1\n".into(),
        ..Setup::calling(&far_end.address)
    };
    let service = Service::start(&setup);
    let form = sample("form.pdf");
    let first = service.submit(&["fax", &form, "--number", "101"]);
    service.follow(&first).until("answered");
    let second = service.submit(&["fax", &form, "--number", "102"]);
    service.follow(&second).until("converted");
    let (code, folder) = service.drain();
    assert_eq!(code, Some(0));
    assert_eq!(
        status(folder.path(), &first)["job"]["state"]["status"],
        "delivered"
    );
    let waiting = status(folder.path(), &second);
    assert_eq!(waiting["job"]["state"]["dials"], 0, "{waiting:#}");

    let service = Service::start_in(folder);
    service.follow(&second).into_all();
    assert_eq!(
        service.status(&second)["job"]["state"]["status"],
        "delivered"
    );
}

#[test]
fn a_second_service_on_the_same_folder_is_refused() {
    let service = Service::start(&Setup::default());
    let second = service.faxmill(&["serve"]);
    assert_eq!(second.status.code(), Some(75), "{second:?}");
    assert_eq!(json(&second)["error"]["code"], "data-folder-in-use");
}
