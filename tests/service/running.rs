//! A running `faxmill serve` in a folder of its own, and what its users do with it.

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_faxmill");
/// Far more than anything here takes; a test that hits it has failed.
const PATIENCE: Duration = Duration::from_secs(240);

pub(super) struct Service {
    pub(super) folder: TempDir,
    serve: Supervisor,
    lines: std::sync::mpsc::Receiver<Value>,
    pids: Vec<(String, i32)>,
    addresses: Vec<(String, String)>,
}

/// How the service is set up.
#[derive(Clone, Debug, Default)]
pub(super) struct Setup {
    pub(super) trunk: Option<String>,
    pub(super) receive: bool,
    /// Two minutes where nothing is said.
    pub(super) drain_seconds: Option<u32>,
    pub(super) extra: String,
}

impl Setup {
    pub(super) fn calling(far_end: &str) -> Self {
        Self {
            trunk: Some(format!("sip:{{number}}@{far_end}")),
            ..Self::default()
        }
    }

    pub(super) fn write(&self, folder: &Path) -> PathBuf {
        let mut text = format!("data_folder = \"{}\"\n", folder.join("data").display());
        if let Some(trunk) = &self.trunk {
            writeln!(text, "[trunk]\nuri = \"{trunk}\"").unwrap();
        }
        text += "[line]\nbind = \"127.0.0.1:0\"\nident = \"test line\"\n";
        if self.receive {
            text += "[receive]\nbind = \"127.0.0.1:0\"\n";
        }
        // Short leases: a test waits for them to run out.
        let drain_seconds = self.drain_seconds.unwrap_or(120);
        text += "[timing]\nlease_seconds = 3\nsweep_milliseconds = 50\n";
        writeln!(text, "drain_seconds = {drain_seconds}").unwrap();
        text += &self.extra;
        let file = folder.join("faxmill.toml");
        fs::write(&file, text).unwrap();
        file
    }
}

impl Service {
    pub(super) fn start(setup: &Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        setup.write(folder.path());
        Self::start_in(folder)
    }

    /// Starts a service on a folder that may have served before.
    pub(super) fn start_in(folder: TempDir) -> Self {
        let (serve, lines) = spawn_serve(folder.path());
        let serve = Supervisor(serve);
        let mut service = Self {
            folder,
            serve,
            lines,
            pids: Vec::new(),
            addresses: Vec::new(),
        };
        service.hear("serving");
        service
    }

    /// Lines of the supervisor until one of this event; ready lines tell the pids.
    pub(super) fn hear(&mut self, event: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .expect("the supervisor speaks in time");
            if line["event"] == "ready" {
                let role = line["role"].as_str().unwrap().to_owned();
                self.pids.retain(|(other, _)| *other != role);
                self.addresses
                    .push((role.clone(), line["address"].as_str().unwrap().to_owned()));
                self.pids.push((role, line["pid"].as_i64().unwrap() as i32));
            }
            if line["event"] == event {
                return line;
            }
        }
    }

    /// The address on which the receive role listens.
    pub(super) fn receive_address(&self) -> &str {
        let mut told = self.addresses.iter().rev();
        &told
            .find(|(role, _)| role == "receive")
            .expect("the receive role runs")
            .1
    }

    pub(super) fn kill(&mut self, role: &str) {
        kill_process(Pid::from_raw(self.pid(role)).unwrap(), Signal::KILL).unwrap();
    }

    /// Waits until a role that died is back, and kills it again.
    pub(super) fn kill_when_back(&mut self, role: &str) {
        let before = self.pid(role);
        while self.pid(role) == before {
            self.hear("ready");
        }
        self.kill(role);
    }

    /// Freezes a role.
    pub(super) fn stop(&self, role: &str) {
        kill_process(Pid::from_raw(self.pid(role)).unwrap(), Signal::STOP).unwrap();
    }

    /// Lets a frozen role go on.
    pub(super) fn go_on(&self, role: &str) {
        kill_process(Pid::from_raw(self.pid(role)).unwrap(), Signal::CONT).unwrap();
    }

    fn pid(&self, role: &str) -> i32 {
        self.pids
            .iter()
            .find(|(name, _)| name == role)
            .expect("the role runs")
            .1
    }

    /// The newest job, once there is one.
    pub(super) fn job_once_there(&self) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let jobs = self.faxmill(&["jobs"]);
            if !jobs.stdout.is_empty() {
                return json(&jobs)["id"].as_str().unwrap().to_owned();
            }
            assert!(Instant::now() < deadline, "no job came");
        }
    }

    /// Kills the supervisor itself and gives the folder back.
    pub(super) fn kill_supervisor(mut self) -> TempDir {
        self.serve.0.kill().unwrap();
        self.serve.0.wait().unwrap();
        self.folder
    }

    /// SIGTERM; what is under way goes on for a while.
    pub(super) fn begin_to_drain(&self) {
        kill_process(Pid::from_child(&self.serve.0), Signal::TERM).unwrap();
    }

    /// SIGTERM, and the exit code once everything has drained.
    pub(super) fn drain(mut self) -> (Option<i32>, TempDir) {
        self.begin_to_drain();
        let status = self.serve.0.wait().unwrap();
        (status.code(), self.folder)
    }

    pub(super) fn faxmill(&self, arguments: &[&str]) -> Output {
        faxmill(self.folder.path(), arguments)
    }

    pub(super) fn submit(&self, arguments: &[&str]) -> String {
        submit(self.folder.path(), arguments)
    }

    pub(super) fn status(&self, job: &str) -> Value {
        status(self.folder.path(), job)
    }

    /// The pages of a job as they went out, in a TIFF file.
    pub(super) fn sent(&self, job: &str) -> String {
        let file = self.folder.path().join(format!("{job}.tiff"));
        let file = file.to_str().unwrap().to_owned();
        let preview = self.faxmill(&["preview", job, "-o", &file]);
        assert!(preview.status.success(), "{preview:?}");
        file
    }

    pub(super) fn follow(&self, job: &str) -> Events {
        Events::follow(self.folder.path(), job)
    }
}

/// The supervising process; killed when dropped, so that its children end by themselves.
struct Supervisor(Child);

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn spawn_serve(folder: &Path) -> (Child, std::sync::mpsc::Receiver<Value>) {
    let mut serve = Command::new(PROGRAM)
        .args(["--json", "--config"])
        .arg(folder.join("faxmill.toml"))
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = json_lines(serve.stdout.take().unwrap());
    (serve, lines)
}

/// Reads JSON lines in a thread of its own, so that waiting for one has an end.
pub(super) fn json_lines(stdout: ChildStdout) -> std::sync::mpsc::Receiver<Value> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Ok(value) = serde_json::from_str(&line)
                && sender.send(value).is_err()
            {
                break;
            }
        }
    });
    receiver
}

pub(super) fn faxmill(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(["--json", "--config"])
        .arg(folder.join("faxmill.toml"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub(super) fn start_faxmill(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(PROGRAM)
        .args(["--json", "--config"])
        .arg(folder.join("faxmill.toml"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

pub(super) fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_else(|| {
        panic!(
            "nothing on standard output: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    serde_json::from_str(line).unwrap()
}

/// Waits until a job is in a status.
pub(super) fn until_status(folder: &Path, job: &str, wanted: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = status(folder, job);
        if status["job"]["state"]["status"] == wanted {
            return status;
        }
        assert!(Instant::now() < deadline, "never {wanted}: {status:#}");
    }
}

pub(super) fn submit(folder: &Path, arguments: &[&str]) -> String {
    let output = faxmill(folder, &[&["submit"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    json(&output)["job"].as_str().unwrap().to_owned()
}

pub(super) fn status(folder: &Path, job: &str) -> Value {
    let output = faxmill(folder, &["status", job]);
    assert!(output.status.success(), "{output:?}");
    json(&output)
}

/// The events of one job as `faxmill watch` tells them.
pub(super) struct Events {
    watch: Child,
    lines: std::sync::mpsc::Receiver<Value>,
    pub(super) seen: Vec<Value>,
}

impl Events {
    pub(super) fn follow(folder: &Path, job: &str) -> Self {
        let mut watch = Command::new(PROGRAM)
            .args(["--json", "--config"])
            .arg(folder.join("faxmill.toml"))
            .args(["watch", job])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = json_lines(watch.stdout.take().unwrap());
        Self {
            watch,
            lines,
            seen: Vec::new(),
        }
    }

    /// The next event of this name.
    pub(super) fn until(&mut self, event: &str) -> Value {
        self.until_any(&[event])
    }

    pub(super) fn until_any(&mut self, events: &[&str]) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("none of {events:?} came; seen: {:#?}", self.seen));
            self.seen.push(line.clone());
            if events.iter().any(|event| line["event"] == *event) {
                return line;
            }
        }
    }

    /// Every event up to the job's rest; checks that the sequence has no gap.
    pub(super) fn into_all(mut self) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(timeout) => panic!("{timeout}; seen: {:#?}", self.seen),
            }
        }
        let numbers: Vec<u64> = self
            .seen
            .iter()
            .map(|e| e["seq"].as_u64().unwrap())
            .collect();
        let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, expected, "events come in order and without gaps");
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        drop(self.watch.kill());
        drop(self.watch.wait());
    }
}

pub(super) fn count(events: &[Value], name: &str) -> usize {
    events.iter().filter(|event| event["event"] == name).count()
}

/// `faxmill receive` as the far end, in a process of its own.
pub(super) struct FarEnd {
    child: Child,
    lines: std::sync::mpsc::Receiver<Value>,
    pub(super) address: String,
    _folder: TempDir,
}

impl FarEnd {
    pub(super) fn start() -> Self {
        Self::start_on("127.0.0.1:0")
    }

    pub(super) fn start_on(address: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["--json", "receive", "--bind", address, "--out"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = json_lines(child.stdout.take().unwrap());
        let line = lines.recv_timeout(PATIENCE).unwrap();
        let address = line["listening"].as_str().unwrap().to_owned();
        Self {
            child,
            lines,
            address,
            _folder: folder,
        }
    }

    /// The report of the next call that ended.
    pub(super) fn call(&self) -> Value {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("a call ends in time")
    }

    /// Whether a further call ended meanwhile.
    pub(super) fn another_call(&self) -> Option<Value> {
        self.lines.try_recv().ok()
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
        .display()
        .to_string()
}

/// Asserts that libtiff finds no differing pixel.
pub(super) fn assert_same_pixels(one: &str, other: &str) {
    let verdict = Command::new("tiffcmp")
        .args(["-t", one, other])
        .output()
        .expect("tiffcmp runs");
    assert!(
        verdict.status.success(),
        "{}",
        String::from_utf8_lossy(&verdict.stdout)
    );
}

/// Where an artifact of a job lies.
pub(super) fn artifact(folder: &Path, status: &Value, role: &str) -> String {
    let key = status["job"]["state"]["artifacts"][role]
        .as_str()
        .expect("the artifact is kept");
    folder
        .join("data/artifacts")
        .join(key)
        .display()
        .to_string()
}
