//! The program with artifacts in a bucket.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Shelf;
use crate::servers::s3::{ACCESS_KEY_ID, BUCKET, Fault, S3Server};

/// Runs the program with artifacts on the server.
fn faxmill(shelf: &Shelf, arguments: &[&str]) -> Output {
    let folder = shelf.folder.path();
    let secret = S3Server::secret_file(shelf.server.folder());
    let text = format!(
        "data_folder = '{}'\n[artifacts]\nurl = \"s3://{BUCKET}\"\nendpoint = \"{}\"\n\
         allow_http = true\naccess_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key_file = '{}'\n\
         retry_seconds = 10\n",
        folder.join("data").display(),
        shelf.server.url(),
        secret.display(),
    );
    fs::write(folder.join("faxmill.toml"), text).expect("a configuration");
    Command::new(env!("CARGO_BIN_EXE_faxmill"))
        .arg("--config")
        .arg(folder.join("faxmill.toml"))
        .args(arguments)
        .output()
        .expect("it runs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_checks_the_bucket_and_prints_a_link() {
    let shelf = Shelf::new();
    let checked = faxmill(&shelf, &["artifacts", "check"]);
    assert!(checked.status.success(), "{checked:?}");
    let key = shelf.put(b"content").await.expect("stored").to_string();
    let link = faxmill(&shelf, &["artifacts", "link", &key, "--for", "2m"]);
    assert!(link.status.success(), "{link:?}");
    let link = String::from_utf8(link.stdout).expect("text");
    let answer = reqwest::get(link.trim()).await.expect("an answer");
    assert_eq!(answer.bytes().await.expect("content"), "content");

    let refused = faxmill(&shelf, &["artifacts", "link", "jobs/x"]);
    assert_eq!(refused.status.code(), Some(65), "{refused:?}");
    shelf
        .server
        .plan(|_| Some(Fault::Answer(403, "AccessDenied")));
    let refused = faxmill(&shelf, &["--json", "artifacts", "check"]);
    assert_eq!(refused.status.code(), Some(74), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stdout);
    assert!(said.contains("artifact-store-forbidden"), "{said}");
    // A worker says the same, and takes no job.
    let refused = faxmill(&shelf, &["worker", "relay"]);
    assert_eq!(refused.status.code(), Some(74), "{refused:?}");
}

/// A µ-law recording of a second of faint noise.
fn recording() -> Vec<u8> {
    let samples = 8000u32;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((samples + 36).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x07\0\x01\0");
    bytes.extend([8000u32.to_le_bytes(), 8000u32.to_le_bytes()].concat());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend(samples.to_le_bytes());
    bytes.extend((0..samples).map(|i| 0xF0 | (i.wrapping_mul(2_654_435_761) >> 28) as u8));
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_bucket_falters_comes_to_its_end_in_one_go() {
    let shelf = Shelf::new();
    let file = shelf.file(&recording());
    let file = file.display().to_string();
    let submitted = faxmill(&shelf, &["--json", "submit", "voicemail", &file]);
    assert!(submitted.status.success(), "{submitted:?}");
    let submitted: serde_json::Value =
        serde_json::from_slice(&submitted.stdout).expect("an answer");
    let job = submitted["job"].as_str().expect("an id").to_owned();
    let data = shelf.folder.path().join("data");
    assert!(!data.join("artifacts").exists(), "they are in the bucket");

    let config = shelf.folder.path().join("faxmill.toml");
    let mut serve = Command::new(env!("CARGO_BIN_EXE_faxmill"))
        .arg("--config")
        .arg(config)
        .args(["serve", "--roles", "relay,transcode"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let asked = AtomicU32::new(0);
    shelf.server.plan(move |request| {
        // Of what belongs to the job, nothing goes well at first.
        let of_job = request.contains("/faxes/jobs/");
        let early = of_job && asked.fetch_add(1, Ordering::Relaxed) < 6;
        early.then_some(Fault::Answer(503, "SlowDown"))
    });
    let watched = faxmill(&shelf, &["watch", &job]);
    serve.kill().expect("it is there");
    serve.wait().expect("it ends");
    assert!(watched.status.success(), "{watched:?}");

    let status = faxmill(&shelf, &["--json", "status", &job]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("an answer");
    assert_eq!(status["job"]["state"]["status"], "ready", "{status:#}");
    let key = &status["job"]["state"]["artifacts"]["mp3"];
    let key = key.as_str().expect("an MP3").parse().expect("a key");
    assert!(shelf.fetch(&key).await.is_ok());
    let events = BufReader::new(&watched.stdout[..]).lines();
    let retried = events
        .map_while(Result::ok)
        .any(|line| line.contains("storage_failed"));
    assert!(!retried, "{watched:?}");
}
