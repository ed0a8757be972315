//! Disks that are full, and folders that cannot be written.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::running::*;

/// A file system of its own with little room; gone when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn new(bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(folder.path())
            .status()
            .expect("mount runs");
        assert!(
            mounted.success(),
            "these tests mount a small tmpfs and so run as root"
        );
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.path())
            .status()
            .unwrap();
        assert!(done.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(
            Command::new("umount")
                .arg("--lazy")
                .arg(self.path())
                .status(),
        );
    }
}

fn free_bytes(path: &Path) -> u64 {
    let stat = rustix::fs::statvfs(path).unwrap();
    stat.f_bavail * stat.f_frsize
}

#[test]
fn a_full_disk_refuses_new_jobs_and_keeps_those_it_has() {
    let disk = SmallDisk::new(8 << 20);
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    Setup::default().write(folder.path());
    let service = Service::start_in(folder);
    let form = sample("form.pdf");
    let kept = service.submit(&["fax", &form, "--number", "100", "--hold"]);
    service.follow(&kept).into_all();

    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![0; free_bytes(disk.path()) as usize]).unwrap();
    let refused = service.faxmill(&["submit", "fax", &form, "--number", "100", "--hold"]);
    assert_eq!(refused.status.code(), Some(74), "{refused:?}");
    let message = json(&refused)["error"]["message"].to_string();
    assert!(
        message.contains("space") || message.contains("room"),
        "{message}"
    );

    fs::remove_file(&ballast).unwrap();
    assert_eq!(service.status(&kept)["job"]["state"]["status"], "held");
    let next = service.submit(&["fax", &form, "--number", "100", "--hold"]);
    service.follow(&next).into_all();
    assert_eq!(service.status(&next)["job"]["state"]["status"], "held");
}

#[test]
fn a_disk_that_fills_up_under_a_job_delays_it_until_there_is_room() {
    let disk = SmallDisk::new(16 << 20);
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    Setup::default().write(folder.path());
    let service = Service::start_in(folder);
    // No converter works while the disk fills up behind the accepted job.
    service.stop("convert");
    let job = service.submit(&["fax", &sample("report.pdf"), "--number", "100", "--hold"]);
    let ballast = disk.path().join("ballast");
    // Room for records of the job, not for its fax image.
    let room = 300_000;
    fs::write(&ballast, vec![0; (free_bytes(disk.path()) - room) as usize]).unwrap();
    service.go_on("convert");
    let mut events = service.follow(&job);
    let failed = events.until("convert_failed");
    assert_eq!(failed["reason"], "storage_failed", "{failed:#}");
    assert_eq!(failed["status"], "retry_wait", "{failed:#}");
    fs::remove_file(&ballast).unwrap();
    events.until("converted");
    events.into_all();
    assert_eq!(service.status(&job)["job"]["state"]["status"], "held");
}

#[test]
fn a_store_that_cannot_be_written_is_told_in_words() {
    let disk = SmallDisk::new(8 << 20);
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    Setup::default().write(folder.path());
    let service = Service::start_in(folder);
    let (code, folder) = service.drain();
    assert_eq!(code, Some(0));
    disk.remount("ro");
    for command in [
        &["serve"][..],
        &["submit", "fax", &sample("form.pdf"), "--number", "1"],
    ] {
        let output = faxmill(folder.path(), command);
        assert_eq!(output.status.code(), Some(74), "{command:?}: {output:?}");
        let message = json(&output)["error"]["message"].to_string();
        assert!(
            message.contains("writ") || message.contains("Read-only"),
            "{message}"
        );
    }
    disk.remount("rw");
}
