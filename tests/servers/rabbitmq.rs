//! A private `RabbitMQ` broker.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use faxmill::queue::RabbitOptions;

use super::{Lifeline, as_user, free_port};

pub(crate) struct RabbitMq {
    pub(crate) port: u16,
    /// Where it speaks TLS, with a certificate that only [`RabbitMq::certificate`] vouches for.
    pub(crate) tls_port: u16,
    sbin: PathBuf,
    epmd_port: u16,
    next_vhost: AtomicU32,
    // In this order: the broker ends before its folder goes.
    _lifeline: Lifeline,
    folder: tempfile::TempDir,
}

pub(crate) const PASSWORD: &str = "a password";

/// Virtual hosts that are there from the start: making one by command takes seconds.
const VHOSTS: u32 = 20;

impl RabbitMq {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, tls_port, epmd_port) = (free_port(), free_port(), free_port());
        let sbin = sbin();
        write_settings(folder.path(), port, tls_port);
        make_certificate(folder.path());
        let broker = Self {
            _lifeline: Lifeline::start(
                &script(folder.path(), &sbin, epmd_port),
                "rabbitmq",
                folder.path(),
            ),
            port,
            tls_port,
            sbin,
            epmd_port,
            next_vhost: AtomicU32::new(0),
            folder,
        };
        broker.wait_until_it_listens();
        broker
    }

    /// A virtual host that nobody has used.
    pub(crate) fn vhost(&self) -> String {
        let next = self.next_vhost.fetch_add(1, Ordering::Relaxed);
        assert!(next < VHOSTS, "raise VHOSTS");
        format!("v{next}")
    }

    pub(crate) fn options(&self, vhost: &str) -> RabbitOptions {
        options(self.port, vhost)
    }

    /// The file with its certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Runs `rabbitmqctl`.
    pub(crate) fn ctl(&self, arguments: &[&str]) {
        let output = as_user("rabbitmq", self.folder.path())
            .arg("env")
            .args(environment(self.folder.path(), self.epmd_port))
            .arg(self.sbin.join("rabbitmqctl"))
            .args(arguments)
            .output()
            .expect("rabbitmqctl runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }

    /// Kills the broker as `kill -9` does; it starts again by itself.
    pub(crate) fn kill(&self) {
        let pid = fs::read_to_string(self.folder.path().join("pid")).expect("a pid file");
        let killed = Command::new("kill").args(["-9", pid.trim()]).status();
        assert!(killed.expect("kill runs").success());
    }

    /// Waits for a broker that was killed.
    pub(crate) fn wait_until_it_listens(&self) {
        let started = Instant::now();
        let listens = |port| TcpStream::connect(("127.0.0.1", port)).is_ok();
        while !(listens(self.port) && listens(self.tls_port)) {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(90), "{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// How to reach a virtual host at a port.
pub(crate) fn options(port: u16, vhost: &str) -> RabbitOptions {
    let url = format!("amqp://faxmill@127.0.0.1:{port}/{vhost}");
    RabbitOptions::new(&url, PASSWORD).expect("a URL")
}

fn make_certificate(folder: &Path) {
    let status = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("openssl runs").success());
    let everybody = fs::Permissions::from_mode(0o644);
    fs::set_permissions(folder.join("key.pem"), everybody).expect("the broker may read it");
}

fn write_settings(folder: &Path, port: u16, tls_port: u16) {
    let write = |name: &str, text: String| {
        fs::write(folder.join(name), text).expect("the folder can be written");
    };
    let place = folder.display();
    write("enabled_plugins", "[].".to_owned());
    write(
        "rabbitmq.conf",
        format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\n\
             listeners.ssl.1 = 127.0.0.1:{tls_port}\n\
             ssl_options.certfile = {place}/cert.pem\n\
             ssl_options.keyfile = {place}/key.pem\n\
             load_definitions = {place}/definitions.json\n\
             vm_memory_high_watermark.absolute = 2GB\n\
             disk_free_limit.absolute = 1MB\n\
             log.file = false\nlog.console = true\nlog.console.level = warning\n"
        ),
    );
    let vhosts: Vec<_> = (0..VHOSTS).map(|n| format!("v{n}")).collect();
    let all = |user: &str, vhost: &str, configure: &str| {
        serde_json::json!({
            "user": user, "vhost": vhost, "configure": configure, "write": ".*", "read": ".*"
        })
    };
    let mut permissions: Vec<_> = vhosts.iter().map(|v| all("faxmill", v, ".*")).collect();
    permissions.push(all("reader", "v0", "^$"));
    let user = |name: &str| {
        let (password, tags, limits) = (PASSWORD, "", serde_json::json!({}));
        serde_json::json!({ "name": name, "password": password, "tags": tags, "limits": limits })
    };
    let named: Vec<_> = vhosts
        .iter()
        .map(|name| serde_json::json!({ "name": name }))
        .collect();
    let definitions = serde_json::json!({
        "users": [user("faxmill"), user("reader")],
        "vhosts": named,
        "permissions": permissions,
    });
    write("definitions.json", definitions.to_string());
}

/// Runs the port mapper and the broker, and the broker again whenever it ends.
fn script(folder: &Path, sbin: &Path, epmd_port: u16) -> String {
    let environment = environment(folder, epmd_port)
        .iter()
        .map(|pair| format!("export '{pair}';"))
        .collect::<Vec<_>>()
        .join(" ");
    format!(
        "cd {folder} && {environment} \
         epmd -port {epmd_port} -address 127.0.0.1 > epmd.log 2>&1 & epmd=$!; \
         cd {folder} && {environment} \
         (while [ ! -e ended ]; do rm -f pid; {sbin}/rabbitmq-server; done > log 2>&1) & \
         loop=$!; echo up; read end; touch ended; \
         kill -9 $(cat pid) 2> /dev/null; wait $loop; kill $epmd; wait; \
         cd / && rm -rf {folder}",
        folder = folder.display(),
        sbin = sbin.display(),
    )
}

fn environment(folder: &Path, epmd_port: u16) -> Vec<String> {
    let place = folder.display();
    vec![
        format!("HOME={place}"),
        format!("RABBITMQ_NODENAME=faxmill{epmd_port}@localhost"),
        format!("RABBITMQ_MNESIA_BASE={place}/mnesia"),
        format!("RABBITMQ_LOG_BASE={place}/logs"),
        format!("RABBITMQ_CONFIG_FILE={place}/rabbitmq.conf"),
        format!("RABBITMQ_ENABLED_PLUGINS_FILE={place}/enabled_plugins"),
        format!("RABBITMQ_PID_FILE={place}/pid"),
        format!("RABBITMQ_DIST_PORT={}", free_port()),
        // Two cores are shared with everybody else.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 1:1 +sbwt none +sbwtdcpu none".to_owned(),
        "ERL_EPMD_ADDRESS=127.0.0.1".to_owned(),
        format!("ERL_EPMD_PORT={epmd_port}"),
    ]
}

fn sbin() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/rabbitmq/lib").map(|folders| {
        let folders = folders.flatten().map(|folder| folder.path().join("sbin"));
        folders
            .filter(|sbin| sbin.join("rabbitmq-server").exists())
            .max()
    });
    match versions {
        Ok(Some(sbin)) => sbin,
        _ => panic!("RabbitMQ is missing: scripts/setup.sh test"),
    }
}
