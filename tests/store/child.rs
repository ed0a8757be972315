//! This test binary as another process: one that works on the same store, and may be killed.

use std::io::{BufRead, BufReader, Lines, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use faxmill::job::{AttemptSettings, JobEvent, JobId, Stage};
use faxmill::queue::Queue as _;
use faxmill::store::JobStore as _;
use faxmill::store::sql::Durability;
use sqlx::Executor as _;

use crate::support;

const MODE: &str = "FAXMILL_TEST_MODE";
const FOLDER: &str = "FAXMILL_TEST_FOLDER";

/// A child process and what it says, line by line.
pub(crate) struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(mode: &str, folder: &Path) -> Self {
        Self::start_as(mode, folder, None)
    }

    pub(crate) fn start_as(mode: &str, folder: &Path, uid: Option<u32>) -> Self {
        // Not by its path: another user may not be allowed to walk there.
        let mut command = Command::new("/proc/self/exe");
        command
            .args([
                "--exact",
                "child::another_process",
                "--ignored",
                "--nocapture",
            ])
            .env(MODE, mode)
            .env(FOLDER, folder)
            .stdout(Stdio::piped());
        if let Some(uid) = uid {
            command.uid(uid).gid(uid);
        }
        let mut child = command.spawn().expect("this binary starts again");
        let stdout = child.stdout.take().expect("its output is a pipe");
        Self {
            child,
            said: BufReader::new(stdout).lines(),
        }
    }

    /// The next thing it says about `topic`.
    pub(crate) fn next(&mut self, topic: &str) -> Option<String> {
        loop {
            let line = self.said.next()?.expect("it says text");
            // The test harness may have begun the line.
            if let Some((_, rest)) = line.split_once(&format!("{topic}: ")) {
                return Some(rest.to_owned());
            }
        }
    }

    /// SIGKILL, as the kernel or an operator gives it.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }

    pub(crate) fn ends_well(mut self) {
        while self.said.next().is_some() {}
        assert!(self.child.wait().expect("it ends").success());
    }
}

fn say(topic: &str, text: impl std::fmt::Display) {
    println!("{topic}: {text}");
    std::io::stdout().flush().expect("the parent listens");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "not a test: what the other tests start as another process"]
async fn another_process() {
    let mode = std::env::var(MODE).expect("another test names the mode");
    let folder = std::env::var_os(FOLDER).expect("another test names the folder");
    let folder = Path::new(&folder);
    match mode.as_str() {
        "open" => open(folder).await,
        "submit" => submit(folder).await,
        "half" => half_a_transaction(folder).await,
        "transcode" => transcode(folder).await,
        "receive" => receive(folder).await,
        stage => work_until(folder, stage).await,
    }
}

/// Opens the store and says how that went.
async fn open(folder: &Path) {
    match faxmill::store::SqlStore::open(&support::options(folder)).await {
        Ok(store) => match store.submit(support::new_fax(1)).await {
            Ok(_) => say("code", "ok"),
            Err(error) => say("code", error.code()),
        },
        Err(error) => say("code", error.code()),
    }
}

/// Submits for ever, and names each job once it was accepted.
async fn submit(folder: &Path) {
    let store = support::open(folder).await;
    for number in 0.. {
        let job = store
            .submit(support::new_fax(number))
            .await
            .expect("accepted")
            .into_job();
        say("accepted", job.id);
    }
}

/// Leaves a transaction open after its first statements.
async fn half_a_transaction(folder: &Path) {
    let store = support::open(folder).await;
    let database = store.database();
    let mut transaction = database.write(Durability::Power).await.expect("the lock");
    for sql in [
        "DELETE FROM outbox",
        "UPDATE jobs SET status = 'delivered', last_seq = 99",
    ] {
        transaction
            .connection()
            .execute(sql)
            .await
            .expect("written");
    }
    say("half", "done");
    std::future::pending::<()>().await;
}

/// Transcodes with eight workers until no job waits.
async fn transcode(folder: &Path) {
    let store = Arc::new(support::open(folder).await);
    let queue = support::queue(&store);
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (store, queue) = (Arc::clone(&store), Arc::clone(&queue));
            tokio::spawn(async move {
                let wait = Duration::from_millis(100);
                while let Some(next) = queue.receive(Stage::Transcode, wait).await.expect("works") {
                    let id = next.message.job_id;
                    if let Some(lease) = support::claim(&store, id, Stage::Transcode).await {
                        say("claimed", id);
                        let artifacts = [].into();
                        let done = JobEvent::TranscodeDone {
                            duration_ms: 1,
                            artifacts,
                        };
                        support::apply(&store, &lease, done)
                            .await
                            .expect("it holds the lease");
                    }
                    queue.ack(&next).await.expect("works");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker ends well");
    }
}

/// Waits for one message.
async fn receive(folder: &Path) {
    let store = support::open(folder).await;
    let queue = support::queue(&store);
    say("waiting", "now");
    let next = queue
        .receive(Stage::Convert, Duration::from_secs(60))
        .await
        .expect("works");
    let next = next.expect("a message comes");
    queue.ack(&next).await.expect("works");
    say("received", next.message.job_id);
}

/// Works on the one job up to a stage, then hangs.
async fn work_until(folder: &Path, stage: &str) {
    let store = support::open(folder).await;
    let page = store
        .list(&faxmill::store::JobFilter::default(), None, 1)
        .await
        .expect("listed");
    let id: JobId = page.jobs[0].id;
    let settings = AttemptSettings::default();
    let (claim, events) = match stage {
        "validating" => (Stage::Convert, vec![]),
        "converting" => (Stage::Convert, vec![JobEvent::ValidationDone { pages: 2 }]),
        "ready" => (Stage::Transmit, vec![]),
        "dialing" => (Stage::Transmit, vec![JobEvent::AttemptStarted { settings }]),
        "negotiating" => (
            Stage::Transmit,
            vec![JobEvent::AttemptStarted { settings }, JobEvent::Answered],
        ),
        "sending" => (
            Stage::Transmit,
            vec![
                JobEvent::AttemptStarted { settings },
                JobEvent::Answered,
                JobEvent::PageConfirmed {
                    page: 1,
                    digest: None,
                },
            ],
        ),
        other => panic!("{other} is no mode"),
    };
    let lease = support::claim(&store, id, claim)
        .await
        .expect("the job waits for it");
    for event in events {
        support::apply(&store, &lease, event).await.expect("legal");
    }
    say("reached", stage);
    std::future::pending::<()>().await;
}
