//! The supervisor and its children: stand-ins that live, die and refuse to end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use faxmill::pipeline::{ChildEvent, Role, Supervisor};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

/// A supervisor over children that run shell commands.
struct House {
    folder: tempfile::TempDir,
    events: UnboundedReceiver<ChildEvent>,
    drain: CancellationToken,
    ended: JoinHandle<()>,
}

impl House {
    /// `commands` see the folder as `$HOME_FOLDER`, and the role as `$1`.
    fn of(roles: &[Role], commands: &str, drain_max: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("child");
        let home = folder.path().display();
        fs::write(
            &program,
            format!("#!/bin/sh\nHOME_FOLDER={home}\nshift\n{commands}\n"),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let supervisor = Supervisor {
            program,
            arguments: Vec::new(),
            roles: roles.to_vec(),
            drain: drain_max,
        };
        let (sender, events) = mpsc::unbounded_channel();
        let drain = CancellationToken::new();
        let ended = tokio::spawn(supervisor.run(drain.clone(), sender));
        Self {
            folder,
            events,
            drain,
            ended,
        }
    }

    async fn next(&mut self) -> ChildEvent {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("the supervisor speaks in time")
            .expect("it is still there")
    }

    async fn drained(self) {
        self.drain.cancel();
        timeout(PATIENCE, self.ended)
            .await
            .expect("it ends in time")
            .unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn is_running(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn a_child_that_dies_is_started_again_after_a_growing_pause() {
    let mut house = House::of(&[Role::Convert], "echo ready; exit 3", PATIENCE);
    let mut pauses = Vec::new();
    while pauses.len() < 4 {
        match house.next().await {
            ChildEvent::Ready { role, .. } => assert_eq!(role, Role::Convert),
            ChildEvent::Died { how, next, .. } => {
                assert!(how.contains('3'), "{how}");
                pauses.push(next.as_millis());
            }
        }
    }
    assert_eq!(pauses, [100, 200, 400, 800]);
    house.drained().await;
}

#[tokio::test]
async fn one_role_that_cannot_start_does_not_trouble_the_others() {
    let commands = "[ $1 = relay ] && exit 1\necho ready here\ncat >/dev/null";
    let mut house = House::of(&[Role::Relay, Role::Transmit], commands, PATIENCE);
    let (mut deaths, mut ready) = (0, Vec::new());
    while deaths < 3 || ready.is_empty() {
        match house.next().await {
            ChildEvent::Died { role, .. } => {
                assert_eq!(role, Role::Relay);
                deaths += 1;
            }
            ChildEvent::Ready { role, detail, pid } => {
                assert_eq!((role, detail.as_str()), (Role::Transmit, "here"));
                ready.push(pid);
            }
        }
    }
    assert_eq!(ready.len(), 1);
    assert!(is_running(ready[0]));
    house.drained().await;
    assert!(!is_running(ready[0]));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_and_tried_again() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let drain = CancellationToken::new();
    let supervisor = Supervisor {
        program: "/no/such/program".into(),
        arguments: Vec::new(),
        roles: vec![Role::Convert],
        drain: PATIENCE,
    };
    let ended = tokio::spawn(supervisor.run(drain.clone(), sender));
    for _ in 0..2 {
        match timeout(PATIENCE, events.recv()).await.unwrap().unwrap() {
            ChildEvent::Died { how, .. } => assert!(how.contains("could not be started"), "{how}"),
            other @ ChildEvent::Ready { .. } => panic!("{other:?}"),
        }
    }
    drain.cancel();
    timeout(PATIENCE, ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_drain_closes_the_pipe_and_waits_for_the_last_words() {
    let commands = "echo ready\ncat >/dev/null\necho written >\"$HOME_FOLDER/last-words\"";
    let mut house = House::of(&[Role::Convert], commands, PATIENCE);
    assert!(matches!(house.next().await, ChildEvent::Ready { .. }));
    let words = house.file("last-words");
    assert!(!words.exists());
    house.drain.cancel();
    timeout(PATIENCE, &mut house.ended).await.unwrap().unwrap();
    assert!(words.exists());
}

#[tokio::test]
async fn a_child_that_does_not_drain_is_killed_when_its_time_is_up() {
    let commands = "trap '' TERM INT\necho ready\nexec sleep 600";
    let mut house = House::of(&[Role::Convert], commands, Duration::from_millis(300));
    let pid = match house.next().await {
        ChildEvent::Ready { pid, .. } => pid,
        other @ ChildEvent::Died { .. } => panic!("{other:?}"),
    };
    let begun = Instant::now();
    house.drained().await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(!is_running(pid));
}
