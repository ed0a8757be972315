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
    pub(super) fn open(parent: &Path, name: &str) -> io::Result<Self> {
        remove_abandoned(parent)?;
        let folder = parent.join(name);
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join(LOCK))?;
        // A process of the same id and purpose that still holds it would be ourselves.
        lock.lock()?;
        Ok(Self {
            folder,
            next: AtomicU64::new(0),
            _lock: lock,
        })
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
