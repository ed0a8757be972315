//! A private `PostgreSQL` server.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use faxmill::store::sql::PostgresOptions;

use super::{Lifeline, as_user, free_port};

pub(crate) struct Postgres {
    pub(crate) port: u16,
    bin: PathBuf,
    // In this order: the server ends before its folder goes.
    _lifeline: Lifeline,
    folder: tempfile::TempDir,
}

pub(crate) const PASSWORD: &str = "a password";

impl Postgres {
    pub(crate) fn start() -> Self {
        let bin = newest_bin();
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let data = folder.path().display();
        let script = format!(
            "cd {data} && printf '%s\n' '{PASSWORD}' > password && \
             {bin}/initdb -D db -U faxmill -A scram-sha-256 --pwfile=password -E UTF8 --no-sync \
             > initdb.log 2>&1 || {{ cat initdb.log; exit 1; }}; \
             cat >> db/postgresql.conf <<'END'\n\
             port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n\
             fsync = off\nmax_connections = 200\nshared_buffers = 32MB\n\
             END\n\
             {bin}/pg_ctl -D db -l log -w -t 60 start > start.log 2>&1 || {{ cat log; exit 1; }}; \
             echo up; read end; {bin}/pg_ctl -D db -m immediate stop > stop.log 2>&1",
            bin = bin.display(),
        );
        let lifeline = Lifeline::start(&script, "postgres", folder.path());
        Self {
            port,
            folder,
            bin,
            _lifeline: lifeline,
        }
    }

    /// A URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        let port = self.port;
        format!("postgres://faxmill:{password}@127.0.0.1:{port}/{database}")
    }

    /// A new, empty database.
    pub(crate) fn database(&self) -> PostgresOptions {
        PostgresOptions::new(self.url(&self.new_database())).expect("a URL")
    }

    /// The name of a new, empty database.
    pub(crate) fn new_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("faxmill_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs a statement and gives what it printed.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let output = Command::new(self.bin.join("psql"))
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement])
            .arg(self.url(database))
            .output()
            .expect("psql runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statement}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Cuts every connection and starts again, as after a crash.
    pub(crate) fn restart(&self) {
        let status = as_user("postgres", self.folder.path())
            .current_dir(self.folder.path())
            .arg(self.bin.join("pg_ctl"))
            .arg("-D")
            .arg(self.folder.path().join("db"))
            .args(["-m", "immediate", "-w", "-t", "60", "-l"])
            .arg(self.folder.path().join("log"))
            .arg("restart")
            .stdout(std::process::Stdio::null())
            .status()
            .expect("pg_ctl runs");
        assert!(status.success());
    }
}

fn newest_bin() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").map(|folders| {
        let folders = folders.flatten().map(|folder| folder.path().join("bin"));
        folders.filter(|bin| bin.join("initdb").exists()).max()
    });
    match versions {
        Ok(Some(bin)) => bin,
        _ => panic!("PostgreSQL is missing: scripts/setup.sh test"),
    }
}
