//! Files that live as long as one stage of one job.
//!
//! Every process has a folder of its own and holds a lock in it as long as it lives, so that the
//! folders of processes that were killed can be told apart and removed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const LOCK: &str = "lock";

/// This process's folder of scratch files; removed with everything in it when dropped.
#[derive(Debug)]
pub(super) struct ScratchFolder {
    folder: PathBuf,
    next: AtomicU64,
    _lock: File,
}

/// The folder of one stage of one job; removed when dropped.
///
/// Names are short: the fax engine takes paths of up to 255 bytes.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
}

impl ScratchFolder {
    /// A folder below `parent` whose name begins with `name`.
    ///
    /// A process id alone is no name: containers that share the folder may use the same one.
    pub(super) fn open(parent: &Path, name: &str) -> io::Result<Self> {
        remove_abandoned(parent)?;
        loop {
            let folder = parent.join(format!("{name}-{:08x}", fastrand::u32(..)));
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            let lock = File::create(folder.join(LOCK))?;
            lock.lock()?;
            // Another process may have come between the file and its lock, and removed both.
            if folder.join(LOCK).exists() {
                return Ok(Self {
                    folder,
                    next: AtomicU64::new(0),
                    _lock: lock,
                });
            }
        }
    }

    pub(super) fn task(&self) -> io::Result<Scratch> {
        let folder = self
            .folder
            .join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir_all(&folder)?;
        Ok(Scratch { folder })
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

impl Scratch {
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "scratch files were left behind");
    }
}

fn remove_abandoned(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let folder = entry?.path();
        let abandoned = match File::open(folder.join(LOCK)) {
            Ok(lock) => match lock.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(error)) => return Err(error),
            },
            // Its owner may be about to make its lock.
            Err(_) => false,
        };
        if abandoned {
            remove(&folder);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_of_one_name_have_folders_of_their_own() {
        let parent = tempfile::tempdir().unwrap();
        let one = ScratchFolder::open(parent.path(), "convert-7").unwrap();
        let kept = one.task().unwrap();
        fs::write(kept.file("document"), b"x").unwrap();
        let other = ScratchFolder::open(parent.path(), "convert-7").unwrap();
        assert_ne!(one.folder, other.folder);
        assert!(kept.file("document").exists(), "its owner lives");
        drop(kept);
        drop((one, other));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_by_the_next() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("convert-8-0");
        fs::create_dir_all(left.join("0")).unwrap();
        fs::write(left.join("0/document"), b"x").unwrap();
        File::create(left.join(LOCK)).unwrap();
        let _folder = ScratchFolder::open(parent.path(), "convert-9").unwrap();
        assert!(!left.exists());
    }
}
