//! Where rendering processes come from makes no difference to a fax, and none of them outlives
//! whoever wanted its pages.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard};

use faxmill::convert::{ConvertError, ConvertOptions, ConvertReport, HOST_COMMAND, RenderPool};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::bombs::endless;
use super::fixture::{convert_path, convert_unguarded, options, sample, side_by_side};

/// Tests with a host take turns, so that each knows its own.
static HOSTS: Mutex<()> = Mutex::new(());

/// Held by a test with a host: no other has one, and no test looks for processes left behind.
fn one_with_a_host() -> (MutexGuard<'static, ()>, RwLockReadGuard<'static, ()>) {
    let alone = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    (alone, side_by_side())
}

/// Options by which a host has its copies render.
fn hosted() -> ConvertOptions {
    ConvertOptions {
        pool: Arc::new(RenderPool::of_a_host()),
        ..options()
    }
}

fn digests(report: &ConvertReport) -> Vec<&str> {
    report.pages.iter().map(|page| &page.digest[..]).collect()
}

/// Numbers of the living children of a process.
fn children_of(parent: u32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).unwrap();
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|children| {
            let numbers = children.split_whitespace().map(str::to_owned);
            numbers.collect::<Vec<_>>()
        })
        .map(|number| number.parse().unwrap())
        .collect()
}

/// Numbers of the hosts that this process has.
fn hosts() -> Vec<i32> {
    let is_host = |number: &i32| {
        let arguments = fs::read_to_string(format!("/proc/{number}/cmdline"));
        arguments.is_ok_and(|arguments| arguments.contains(HOST_COMMAND))
    };
    let mut children = children_of(std::process::id());
    children.retain(is_host);
    children
}

/// The number of the host of these options, started now.
fn host(options: &ConvertOptions) -> i32 {
    options.pool.warm(&options.renderer).unwrap();
    loop {
        // It is known by its command only once it runs the program.
        if let [host] = hosts()[..] {
            return host;
        }
        std::thread::yield_now();
    }
}

/// Waits until a process is gone.
fn wait_for_end(number: i32) {
    let Ok(process) = pidfd_open(Pid::from_raw(number).unwrap(), PidfdFlags::empty()) else {
        return;
    };
    poll(&mut [PollFd::new(&process, PollFlags::IN)], None).unwrap();
}

#[test]
fn a_copy_of_a_host_renders_what_a_program_of_its_own_renders() {
    let _guard = one_with_a_host();
    let hosted = hosted();
    for name in ["letter.pdf", "photo.pdf", "fax-mh.tif", "form.pdf"] {
        let from_host = convert_unguarded(&sample(name), &hosted).unwrap();
        let started = convert_unguarded(&sample(name), &options()).unwrap();
        assert_eq!(
            digests(&from_host.report),
            digests(&started.report),
            "{name}"
        );
        assert!(from_host.report.confinement.is_full(), "{name}");
    }
}

#[test]
fn processes_that_share_a_document_hand_its_pages_over_in_order() {
    let mut alone = options();
    alone.survey = true;
    let expected = convert_path(&sample("report.pdf"), &alone).unwrap().report;
    assert_eq!(expected.pages.len(), 20);
    for processes_max in [2, 3, 7] {
        let together = ConvertOptions {
            processes_max,
            ..alone.clone()
        };
        let report = convert_path(&sample("report.pdf"), &together)
            .unwrap()
            .report;
        assert_eq!(digests(&report), digests(&expected), "{processes_max}");
        assert_eq!(report.surveys, expected.surveys, "{processes_max}");
        assert_eq!(report.inspection, expected.inspection, "{processes_max}");
    }
}

#[test]
fn a_document_that_takes_its_process_down_leaves_the_host_as_it_was() {
    let _guard = one_with_a_host();
    let mut hosted = hosted();
    hosted.limits.render_wall_seconds_max = 1;
    let folder = tempfile::tempdir().unwrap();
    let bomb = folder.path().join("bomb.pdf");
    fs::write(&bomb, endless()).unwrap();
    let host = host(&hosted);
    let error = convert_unguarded(&bomb, &hosted)
        .err()
        .expect("it never ends");
    assert!(matches!(error, ConvertError::Timeout { .. }), "{error}");
    assert_eq!(children_of(host as u32), [0; 0], "it was killed and reaped");

    hosted.limits.render_wall_seconds_max = 60;
    hosted.limits.render_address_space_max = 20 << 20;
    let error = convert_unguarded(&sample("letter.pdf"), &hosted)
        .err()
        .expect("it has no memory to work with");
    assert_eq!(error.code(), "conversion-crashed", "{error}");

    hosted.limits = options().limits;
    convert_unguarded(&sample("letter.pdf"), &hosted).unwrap();
    assert_eq!(hosts(), [host], "the same host");
    drop(hosted);
    assert_eq!(hosts(), [0; 0]);
}

#[test]
fn a_host_that_died_is_replaced() {
    let _guard = one_with_a_host();
    let hosted = hosted();
    let first = host(&hosted);
    kill_process(Pid::from_raw(first).unwrap(), Signal::KILL).unwrap();
    // Once it is dead its end of the channel is closed, before it is reaped.
    wait_for_end(first);
    convert_unguarded(&sample("letter.pdf"), &hosted).unwrap();
    assert!(
        !children_of(std::process::id()).contains(&first),
        "it was reaped"
    );
}

#[test]
fn killing_a_command_kills_what_renders_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = folder.path().join("bomb.pdf");
    fs::write(&bomb, endless()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_faxmill"))
        .arg("convert")
        .arg(&bomb)
        .arg("-o")
        .arg(folder.path().join("fax.tif"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let renderer = loop {
        if let [renderer] = children_of(command.id())[..] {
            break renderer;
        }
        assert!(command.try_wait().unwrap().is_none(), "it works for long");
        std::thread::yield_now();
    };
    let process = pidfd_open(Pid::from_raw(renderer).unwrap(), PidfdFlags::empty()).unwrap();
    command.kill().unwrap();
    command.wait().unwrap();
    poll(&mut [PollFd::new(&process, PollFlags::IN)], None).unwrap();
}

#[test]
fn documents_side_by_side_share_a_host() {
    let _guard = one_with_a_host();
    let hosted = hosted();
    let host = host(&hosted);
    let expected = convert_unguarded(&sample("letter.pdf"), &hosted).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.pdf");
    fs::write(&broken, "%PDF-1.4 nothing more").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let converted = convert_unguarded(&sample("letter.pdf"), &hosted).unwrap();
                assert_eq!(digests(&converted.report), digests(&expected.report));
                let refused = convert_unguarded(&broken, &hosted).err().unwrap();
                assert_eq!(refused.code(), "document-invalid", "{refused}");
            });
        }
    });
    assert_eq!(hosts(), [host]);
    assert_eq!(children_of(host as u32), [0; 0]);
}
