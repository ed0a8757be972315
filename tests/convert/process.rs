//! The rendering process is not trusted: stand-ins for one that was taken over by a document.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use faxmill::convert::{ConvertError, ConvertOptions, convert_file};

use super::fixture::{file_names, options, refuse_bytes, sample};
use super::pdf::Pdf;

/// A rendering process that runs these shell commands instead. They are named `faxmill`, as the
/// search for processes left behind expects.
struct StandIn {
    folder: tempfile::TempDir,
}

impl StandIn {
    fn new(commands: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("faxmill");
        fs::write(
            &program,
            format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{commands}\n"),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn options(&self) -> ConvertOptions {
        let mut options = options();
        options.renderer.program = self.program();
        options.limits.render_wall_seconds_max = 2;
        options
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("faxmill")
    }

    fn refuse(&self) -> ConvertError {
        refuse_bytes(&Pdf::one_page(612.0, 792.0, ""), &self.options())
    }
}

#[track_caller]
fn assert_crashed(error: &ConvertError, words: &str) {
    assert_eq!(error.code(), "conversion-crashed", "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_process_that_ends_without_a_word() {
    assert_crashed(&StandIn::new("exit 0").refuse(), "exit status 0");
}

#[test]
fn a_process_that_fails_with_a_complaint() {
    let error = StandIn::new("echo 'out of cheese\x1b[31m' >&2; exit 3").refuse();
    assert_crashed(&error, "exit status 3: out of cheese");
    assert!(
        !error.to_string().contains('\x1b'),
        "control characters pass"
    );
}

#[test]
fn a_process_that_is_killed() {
    assert_crashed(&StandIn::new("kill -SEGV $$").refuse(), "SIGSEGV");
}

#[test]
fn a_process_that_sends_garbage_without_end() {
    assert_crashed(
        &StandIn::new("exec cat /dev/zero").refuse(),
        "something other than pages",
    );
}

#[test]
fn a_process_that_sends_more_pages_than_it_announced() {
    // Confined (C), one page announced (D), none sent, complete (Z).
    let stream = r"FXPAGES2C\044\000\000\000{\042landlock\042:\042full\042,\042seccomp\042:\042full\042}D\004\000\000\000\001\000\000\000Z\000\000\000\000";
    let error = StandIn::new(&format!("printf '{stream}'; exec sleep 60")).refuse();
    assert_crashed(&error, "something other than pages");
    // A page that promises 20,000 rows and sends none.
    let stream = r"FXPAGES2C\044\000\000\000{\042landlock\042:\042full\042,\042seccomp\042:\042full\042}D\004\000\000\000\001\000\000\000P\020\000\134\000";
    let error = StandIn::new(&format!("printf '{stream}'; exit 0")).refuse();
    assert_crashed(&error, "exit status 0");
}

#[test]
fn a_process_that_is_silent() {
    let begun = Instant::now();
    let error = StandIn::new("exec sleep 60").refuse();
    assert!(
        matches!(error, ConvertError::Timeout { seconds: 2 }),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_process_that_floods_its_error_stream_does_not_block_itself() {
    let flood = "yes complaint | head -c 1000000 >&2; exit 4";
    let error = StandIn::new(flood).refuse();
    assert_crashed(&error, "exit status 4: complaint");
    assert!(error.to_string().len() < 1000);
}

#[test]
fn a_process_that_closes_its_output_and_lives_on_is_ended() {
    let begun = Instant::now();
    let error = StandIn::new("exec >&- 2>&- sleep 60").refuse();
    assert_eq!(error.code(), "conversion-crashed", "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn cancelling_does_not_wait_for_a_silent_process() {
    let stand_in = StandIn::new("exec sleep 60");
    let folder = tempfile::tempdir().unwrap();
    let cancel = AtomicBool::new(true);
    let begun = Instant::now();
    let error = convert_file(
        &sample("letter.pdf"),
        &folder.path().join("fax.tif"),
        &stand_in.options(),
        &mut |_| {},
        &cancel,
    )
    .unwrap_err();
    assert!(matches!(error, ConvertError::Canceled), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(file_names(folder.path()), [""; 0]);
}
