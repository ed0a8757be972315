//! A copy of the calling process, made where that is sound.

use std::fs;
use std::io;

use rustix::process::Pid;

/// Which of the two the caller is after a fork.
pub(super) enum Side {
    /// The process that was there before; the other has this number and is its child.
    Parent(Pid),
    /// The copy.
    Child,
}

/// Forks a process of one thread; refuses where there are more.
///
/// A copy of one thread among several finds locks that nobody will ever open, the allocator's
/// among them. A copy of the only thread is a whole process.
pub(super) fn fork_alone() -> io::Result<Side> {
    let threads = fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other(format!(
            "a process of {threads} threads is not to be forked"
        )));
    }
    // SAFETY: this is the only thread, as was just seen, and nobody else could start another. So
    // no lock is held by a thread that the copy lacks, and the copy may do whatever its original
    // could.
    #[allow(unsafe_code)]
    let number = unsafe { libc::fork() };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(number).map_or(Side::Child, Side::Parent))
}

/// Ends the process without handlers and destructors: a copy must not write what its original had
/// buffered, and what a renderer holds goes faster with the process than piece by piece.
pub(super) fn exit_at_once(status: u8) -> ! {
    // SAFETY: `_exit` takes any status, touches no memory of ours and does not return.
    #[allow(unsafe_code)]
    unsafe {
        libc::_exit(status.into())
    }
}
