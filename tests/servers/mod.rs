//! Real servers for tests: each starts on a private port with a private folder, and ends with the
//! test process, however that ends.

pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod rabbitmq;
pub(crate) mod s3;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// A port of the loopback that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// A shell script that starts a server, says a line when it is up, and stops it when its standard
/// input closes, which it does when this process ends.
pub(crate) struct Lifeline {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Lifeline {
    /// Runs `script` as `user` where we are root, and waits until it says `up`.
    pub(crate) fn start(script: &str, user: &str, folder: &Path) -> Self {
        let mut command = as_user(user, folder);
        let mut child = command
            .args(["sh", "-c", script])
            // A signal to our group must not take down what is to end the server.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let stdout = child.stdout.take().expect("its output is a pipe");
        let mut said = Vec::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line == "up" {
                let stdin = child.stdin.take();
                return Self { child, stdin };
            }
            said.push(line);
        }
        let _ended = child.wait();
        panic!("a server did not start:\n{}", said.join("\n"));
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        self.stdin = None;
        let _ended = self.child.wait();
    }
}

/// A command of a user who owns `folder`: servers refuse to run as root.
pub(crate) fn as_user(user: &str, folder: &Path) -> Command {
    let we_are_root = fs::metadata("/proc/self").expect("/proc").uid() == 0;
    if !we_are_root {
        return Command::new("env");
    }
    let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let ids = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(user)).then(|| {
            let mut id = || fields.nth(1)?.parse().ok();
            let uid = id()?;
            let gid = fields.next()?.parse().ok()?;
            Some((uid, gid))
        })?
    });
    let (uid, gid): (u32, u32) =
        ids.unwrap_or_else(|| panic!("the user {user} is missing: scripts/setup.sh test"));
    chown(folder, Some(uid), Some(gid)).expect("the server's folder is given to its user");
    let mut command = Command::new("setpriv");
    command.args([
        format!("--reuid={uid}"),
        format!("--regid={gid}"),
        "--clear-groups".to_owned(),
    ]);
    command
}
