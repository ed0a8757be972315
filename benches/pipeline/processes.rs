//! Worker processes: what an idle one keeps, and what a second one gains.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DOCUMENTS: usize = 24;

/// Resident megabytes of the worker role that keeps most, doing nothing.
pub(crate) fn idle_worker_mb() -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let most = ["convert", "transmit", "transcode", "relay"].map(|role| {
        let worker = Worker::start(role, folder.path(), None);
        // It settles: what it starts ahead is started.
        std::thread::sleep(Duration::from_secs(1));
        worker.resident_mb()
    });
    most.into_iter().fold(0.0, f64::max)
}

/// Documents converted by two workers on two cores, against one on one.
pub(crate) fn convert_scaling(rounds: usize) -> f64 {
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        one.push(convert(&["0"]));
        two.push(convert(&["1", "0"]));
    }
    let best = |times: Vec<f64>| super::median(times);
    best(one) / best(two)
}

/// Seconds for all documents by a worker on each of these cores.
fn convert(cores: &[&str]) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/report.pdf");
    for number in 0..DOCUMENTS {
        let submitted = faxmill(folder.path())
            .args([
                "submit",
                "fax",
                "--to",
                &format!("555{number:07}"),
                "--hold",
            ])
            .arg(&document)
            .stdout(Stdio::null())
            .status()
            .expect("it runs");
        assert!(submitted.success());
    }
    let _relay = Worker::start("relay", folder.path(), None);
    let workers: Vec<Worker> = cores
        .iter()
        .map(|core| Worker::start("convert", folder.path(), Some(core)))
        .collect();
    let started = Instant::now();
    loop {
        let listed = faxmill(folder.path())
            .args(["--json", "jobs", "--status", "held", "--limit", "1000"])
            .output()
            .expect("it runs");
        let held = listed
            .stdout
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        if held.count() >= DOCUMENTS {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let seconds = started.elapsed().as_secs_f64();
    drop(workers);
    seconds
}

struct Worker(Child);

impl Worker {
    fn start(role: &str, data: &Path, core: Option<&str>) -> Self {
        let mut command = match core {
            Some(core) => {
                let mut pinned = Command::new("taskset");
                pinned.args(["-c", core]).arg(program());
                pinned
            }
            None => Command::new(program()),
        };
        let mut child = command
            .arg("--data")
            .arg(data)
            .args(["worker", role, "--concurrency", "1", "--supervised"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a worker starts");
        let stdout = child.stdout.take().expect("its output is a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says that it is ready");
        Self(child)
    }

    fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let status = status.expect("it lives");
        let kilobytes = status.lines().find_map(|line| {
            let value = line.strip_prefix("VmRSS:")?;
            value.trim().strip_suffix(" kB")?.parse::<f64>().ok()
        });
        kilobytes.expect("the kernel tells") / 1024.0
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A supervised worker drains when its standard input closes.
        self.0.stdin = None;
        let _ended = self.0.wait();
    }
}

fn faxmill(data: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg("--data").arg(data);
    command
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_faxmill"))
}
