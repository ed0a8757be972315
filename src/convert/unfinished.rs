//! Output files that are complete or absent.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file that has another name until it is complete, and is removed if it never is.
pub(super) struct UnfinishedFile {
    /// What is being written.
    pub(super) file: File,
    path: PathBuf,
    is_published: bool,
}

impl UnfinishedFile {
    /// A file to be written that will be named `output`.
    pub(super) fn beside(output: &Path) -> io::Result<Self> {
        // A rename would put a file in the place of a device or a folder.
        if fs::metadata(output).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("the output is not a regular file"));
        }
        let name = output
            .file_name()
            .ok_or_else(|| io::Error::other("the output has no file name"))?;
        let mut unfinished = std::ffi::OsString::from(".");
        unfinished.push(name);
        unfinished.push(format!(".{:016x}.part", fastrand::u64(..)));
        let path = output.with_file_name(unfinished);
        let file = File::create_new(&path)?;
        Ok(Self {
            file,
            path,
            is_published: false,
        })
    }

    /// Gives the file its name, once its content is safe on the disk: a power failure leaves it
    /// under the one name or the other, but never a part of it under this one.
    pub(super) fn publish(mut self, output: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, output)?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        if !self.is_published {
            // There is nobody to tell; a file that stays is hidden and never taken for a fax.
            drop(fs::remove_file(&self.path));
        }
    }
}
