//! What operators do: drain, restart, look at jobs and at logs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use faxmill::store::sql::{Database, Durability, SqliteOptions};
use serde_json::Value;

use super::documents::{pdf, recording};
use super::running::*;

#[test]
fn a_call_that_outlasts_the_drain_is_hung_up_and_resumed_by_the_next_service() {
    let far_end = FarEnd::start();
    let setup = Setup {
        drain_seconds: Some(4),
        ..Setup::calling(&far_end.address)
    };
    let service = Service::start(&setup);
    // Far longer than the drain.
    let document = pdf(service.folder.path(), 20);
    let job = service.submit(&["fax", document.to_str().unwrap(), "--number", "100"]);
    service.follow(&job).until("page_confirmed");
    let (code, folder) = service.drain();
    assert_eq!(code, Some(0));
    let status = status(folder.path(), &job);
    let state = &status["job"]["state"];
    // Not indeterminate: the worker had the time to write down how far it came.
    assert_eq!(state["status"], "retry_wait", "{status:#}");
    assert_eq!(state["reason"], "call_dropped", "{status:#}");
    assert!(
        state["pages_confirmed"].as_u64().unwrap() >= 1,
        "{status:#}"
    );
    assert_eq!(far_end.call()["pages_confirmed"], state["pages_confirmed"]);
}

#[test]
fn work_that_outlasts_the_drain_is_handed_back_and_costs_the_job_nothing() {
    let service = Service::start(&Setup {
        drain_seconds: Some(4),
        ..Setup::default()
    });
    // Six seconds of work and more; it is asked to end after two.
    let recording = recording(service.folder.path(), 4 * 3600);
    let job = service.submit(&["voicemail", recording.to_str().unwrap()]);
    service.follow(&job).until("claimed");
    let (code, folder) = service.drain();
    assert_eq!(code, Some(0));
    let status = status(folder.path(), &job);
    let state = &status["job"]["state"];
    assert_eq!(state["status"], "accepted", "{status:#}");
    assert_eq!(state["losses"], 0, "{status:#}");

    let service = Service::start_in(folder);
    service.follow(&job).into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "ready", "{status:#}");
}

#[test]
fn while_a_service_drains_new_calls_are_refused_at_once() {
    let service = Service::start(&Setup {
        receive: true,
        ..Setup::default()
    });
    let address = service.receive_address().to_owned();
    let form = sample("form.pdf");
    let to = format!("sip:100@{address}");
    let mut sender = start_faxmill(
        service.folder.path(),
        &["send", &form, "--to", &to, "--bind", "127.0.0.1:0"],
    );
    let job = service.job_once_there();
    service.begin_to_drain();

    // The worker may still take calls for a moment after the signal: none of them is lost.
    let second = loop {
        let call = service.faxmill(&["send", &form, "--to", &to, "--bind", "127.0.0.1:0"]);
        if !call.status.success() {
            break json(&call);
        }
    };
    assert_eq!(second["sip_status"], 503, "{second:#}");
    assert_eq!(second["reason"], "congestion");
    assert!(
        sender.wait().unwrap().success(),
        "the call that was up goes on"
    );
    let (code, folder) = service.drain();
    assert_eq!(code, Some(0));
    let first = status(folder.path(), &job);
    assert_eq!(first["job"]["state"]["status"], "received", "{first:#}");
}

/// Makes a job's record unreadable.
fn damage(database: &Path, job: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = Database::open_sqlite(&SqliteOptions::new(database))
            .await
            .unwrap();
        let mut transaction = database.write(Durability::Process).await.unwrap();
        sqlx::query("UPDATE jobs SET state = '{' WHERE id = $1")
            .bind(job.to_owned())
            .execute(transaction.connection())
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    });
}

#[test]
fn a_job_whose_record_is_damaged_does_not_keep_the_others_from_their_deadlines() {
    let service = Service::start(&Setup::default());
    let folder = service.folder.path();
    let form = sample("form.pdf");
    let hold = ["fax", &form, "--number", "100", "--hold", "--deadline"];
    let damaged = service.submit(&[&hold[..], &["3"]].concat());
    service.follow(&damaged).into_all();
    damage(&folder.join("data/jobs.sqlite"), &damaged);
    let other = service.submit(&[&hold[..], &["4"]].concat());
    until_status(folder, &other, "expired");
}

#[test]
fn every_role_logs_as_it_is_told_and_never_a_whole_number() {
    let far_end = FarEnd::start();
    let folder = tempfile::tempdir().unwrap();
    Setup::calling(&far_end.address).write(folder.path());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_faxmill"))
        .args(["--log", "info", "--log-json", "--json", "--config"])
        .arg(folder.path().join("faxmill.toml"))
        .arg("serve")
        .env_remove("FAXMILL_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(folder.path().join("log")).unwrap())
        .spawn()
        .unwrap();
    let lines = json_lines(serve.stdout.take().unwrap());
    let deadline = Duration::from_secs(60);
    while lines.recv_timeout(deadline).unwrap()["event"] != "serving" {}
    let form = sample("form.pdf");
    let job = submit(folder.path(), &["fax", &form, "--number", "+15550173"]);
    until_status(folder.path(), &job, "delivered");
    let pid = rustix::process::Pid::from_child(&serve);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(serve.wait().unwrap().success());

    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let said = |words: &str| {
        let records = log.lines().filter(|line| {
            let record: Value = serde_json::from_str(line).expect("every line is JSON");
            let message = record["fields"]["message"].as_str().unwrap_or_default();
            message.contains(words)
        });
        records.count()
    };
    assert_eq!(
        said("pipe closed"),
        4,
        "every child speaks at that level: {log}"
    );
    assert_eq!(said("call ended"), 1, "{log}");
    assert!(!log.contains("15550173"), "{log}");
}

#[test]
fn jobs_are_listed_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    Setup::default().write(folder.path());
    let form = sample("form.pdf");
    let mut submitted: Vec<String> = (0..5)
        .map(|_| submit(folder.path(), &["fax", &form, "--number", "100"]))
        .collect();
    submitted.reverse();
    let mut listed = Vec::new();
    let mut arguments = vec!["jobs".to_owned(), "--limit".to_owned(), "2".to_owned()];
    loop {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let page = faxmill(folder.path(), &words);
        assert!(page.status.success(), "{page:?}");
        let jobs: Vec<String> = String::from_utf8_lossy(&page.stdout)
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string())
            .map(|id| id.trim_matches('"').to_owned())
            .collect();
        let Some(last) = jobs.last() else { break };
        arguments.truncate(3);
        arguments.extend(["--after".to_owned(), last.clone()]);
        listed.extend(jobs);
    }
    assert_eq!(listed, submitted);
}

#[test]
fn looking_at_jobs_where_there_are_none_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    Setup::default().write(folder.path());
    for command in [&["jobs"][..], &["watch"]] {
        let output = faxmill(folder.path(), command);
        assert_eq!(output.status.code(), Some(69), "{output:?}");
        assert_eq!(json(&output)["error"]["code"], "data-folder-empty");
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn the_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    Setup::default().write(folder.path());
    submit(
        folder.path(),
        &["fax", &sample("form.pdf"), "--number", "100"],
    );
    let mode = std::fs::metadata(folder.path().join("data")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_recording_is_not_written_over_what_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("out.mp3");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let output = Command::new(env!("CARGO_BIN_EXE_faxmill"))
        .args(["transcode", &sample("voicemail-wav49.wav"), "-o"])
        .arg(&pipe)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(73), "{output:?}");
    let kind = std::fs::symlink_metadata(&pipe).unwrap().file_type();
    assert!(!kind.is_file(), "the pipe is still there");
}
