//! The servers, the workers and the far end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::servers::postgres::Postgres;
use crate::servers::rabbitmq::{self, RabbitMq};
use crate::servers::s3::{ACCESS_KEY_ID, BUCKET, S3Server};

pub(crate) const ROLES: [&str; 4] = ["relay", "convert", "transmit", "transcode"];

/// Longest time for everything; a lost worker costs a lease of five seconds.
const PATIENCE: Duration = Duration::from_secs(240);

/// So many times ten seconds.
const LONG: usize = 400;

pub(crate) struct Cluster {
    program: PathBuf,
    config: PathBuf,
    workers: Vec<Worker>,
    far_end: Worker,
    // In this order: the servers end before the folder goes.
    _postgres: Postgres,
    _rabbitmq: RabbitMq,
    _s3: S3Server,
    folder: tempfile::TempDir,
}

struct Worker {
    role: &'static str,
    child: Child,
    /// How its name in leases ends.
    name: String,
    /// What it said after its first line.
    said: Arc<Mutex<Vec<String>>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It is gone already, or is to go at once.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Cluster {
    pub(crate) fn start(program: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (postgres, rabbitmq, s3) = (Postgres::start(), RabbitMq::start(), S3Server::start());
        let inbox = folder.path().join("inbox");
        let mut far_end = Command::new(&program);
        far_end
            .args(["--json", "receive", "--bind", "127.0.0.1:0", "--out"])
            .arg(&inbox);
        let (far_end, line) = start("far end", &mut far_end);
        let said: Value = serde_json::from_str(&line).expect("the far end says where it listens");
        let address = said["listening"].as_str().expect("an address");
        let config = folder.path().join("faxmill.toml");
        write_configuration(&config, folder.path(), address, &postgres, &rabbitmq, &s3);
        Self {
            program,
            config,
            workers: Vec::new(),
            far_end,
            _postgres: postgres,
            _rabbitmq: rabbitmq,
            _s3: s3,
            folder,
        }
    }

    pub(crate) fn start_worker(&mut self, role: &'static str) {
        let mut command = Command::new(&self.program);
        command
            .arg("--config")
            .arg(&self.config)
            .args(["worker", role]);
        let (worker, line) = start(role, &mut command);
        assert!(line.starts_with("ready"), "{role}: {line}");
        self.workers.push(worker);
    }

    pub(crate) fn submit_fax(&self, number: usize) -> String {
        let document = ["letter.pdf", "form.pdf", "fax-mh.tif"][number % 3];
        let to = format!("555{number:07}");
        self.submit(&["fax", &sample(document), "--number", &to])
    }

    pub(crate) fn submit_recording(&self, number: usize) -> String {
        if !number.is_multiple_of(3) {
            let recording = ["voicemail-ulaw.wav", "voicemail-wav49.wav"][number % 2];
            return self.submit(&["voicemail", &sample(recording)]);
        }
        // Long enough that its worker can be caught at it.
        let once = fs::read(sample("voicemail.gsm")).expect("a sample");
        let long = self.folder.path().join(format!("long-{number}.gsm"));
        fs::write(&long, once.repeat(LONG)).expect("a recording");
        let long = long.display().to_string();
        self.submit(&["voicemail", &long, "--type", "gsm"])
    }

    fn submit(&self, what: &[&str]) -> String {
        let said = self.ask(&[&["submit"], what].concat());
        said[0]["job"].as_str().expect("an id").to_owned()
    }

    /// Kills a worker of a role while it has a job, and says so; a relay has none, and a role that
    /// never gets one is killed idle.
    pub(crate) fn kill_one_at_work(&mut self, role: &str) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        let at_work = loop {
            let jobs = self.ask(&["jobs", "--limit", "1000"]);
            let mut holders = jobs.iter().filter_map(|job| {
                let job_is_new = job["state"]["ended_at"].is_null();
                let worker = job["lease"]["worker"].as_str().filter(|_| job_is_new)?;
                Some((worker.to_owned(), job["id"].as_str()?.to_owned()))
            });
            let found = holders.find_map(|(holder, job)| {
                let mut workers = self.workers.iter();
                let place = workers.position(|w| w.role == role && holder.ends_with(&w.name))?;
                Some((place, job))
            });
            if found.is_some() || role == "relay" || Instant::now() > until {
                break found;
            }
            sleep(Duration::from_millis(20));
        };
        let place = at_work.as_ref().map_or_else(
            || {
                self.workers
                    .iter()
                    .position(|w| w.role == role)
                    .expect("one of two")
            },
            |(place, _)| *place,
        );
        drop(self.workers.remove(place));
        at_work.map_or_else(
            || "that was idle".to_owned(),
            |(_, job)| format!("at job {job}"),
        )
    }

    /// Waits until every job rests, and gives their records.
    pub(crate) fn wait_for(&self, jobs: &[String]) -> Vec<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let records: Vec<Value> = jobs
                .iter()
                .map(|job| self.ask(&["status", job]).remove(0))
                .collect();
            let rest = records.iter().all(|record| {
                let job = &record["job"];
                !job["state"]["ended_at"].is_null() || job["state"]["status"] == "indeterminate"
            });
            if rest || Instant::now() > until {
                return records;
            }
            sleep(Duration::from_millis(500));
        }
    }

    /// Complete faxes that the far end has, by the number they were sent to.
    pub(crate) fn received(&self) -> BTreeMap<String, u32> {
        let mut received = BTreeMap::new();
        let said = self
            .far_end
            .said
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for line in said.iter() {
            let fax: Value = serde_json::from_str(line).expect("a JSON line");
            if let (Some(to), Value::Null) = (fax["to"].as_str(), &fax["reason"]) {
                *received.entry(to.to_owned()).or_insert(0) += 1;
            }
        }
        received
    }

    fn ask(&self, arguments: &[&str]) -> Vec<Value> {
        let output = Command::new(&self.program)
            .arg("--config")
            .arg(&self.config)
            .arg("--json")
            .args(arguments)
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}{errors}");
        let lines = said.lines().map(serde_json::from_str);
        lines.map(|line| line.expect("a JSON line")).collect()
    }
}

fn start(role: &'static str, command: &mut Command) -> (Worker, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let stdout = child.stdout.take().expect("its output is a pipe");
    let mut lines = BufReader::new(stdout).lines();
    let line = lines.next().and_then(Result::ok).unwrap_or_default();
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    });
    let name = format!("-{}", child.id());
    let worker = Worker {
        role,
        child,
        name,
        said,
    };
    (worker, line)
}

fn sample(name: &str) -> String {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    samples.join(name).display().to_string()
}

fn write_configuration(
    file: &Path,
    folder: &Path,
    far_end: &str,
    postgres: &Postgres,
    rabbitmq: &RabbitMq,
    s3: &S3Server,
) {
    let text = format!(
        "data_folder = \"{data}\"\n\
         [store]\nurl = \"{store}\"\n\
         [queue]\nurl = \"amqp://faxmill:{password}@127.0.0.1:{port}/{vhost}\"\n\
         [artifacts]\nurl = \"s3://{BUCKET}\"\nendpoint = \"{s3}\"\nallow_http = true\n\
         access_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key_file = \"{secret}\"\n\
         [trunk]\nuri = \"sip:{{number}}@{far_end}\"\n\
         [line]\nbind = \"127.0.0.1:0\"\nident = \"+1 555 0199\"\n\
         [timing]\nlease_seconds = 5\n",
        data = folder.join("data").display(),
        store = postgres.url(&postgres.new_database()),
        password = rabbitmq::PASSWORD.replace(' ', "%20"),
        port = rabbitmq.port,
        vhost = rabbitmq.vhost(),
        s3 = s3.url(),
        secret = S3Server::secret_file(s3.folder()).display(),
    );
    fs::write(file, text).expect("a configuration");
}
