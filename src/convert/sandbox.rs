//! What the rendering process gives up before it reads a document: files, network, programs.
//!
//! Two walls of the kernel, each taken where the kernel has it: landlock decides which files may
//! be opened (system fonts, to read), seccomp decides which system calls there are at all. A call
//! that rendering never makes ends the process, which its parent reports as a crash.

use std::collections::BTreeMap;
use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter_all_threads,
};
use serde::{Deserialize, Serialize};

/// Where fonts are that a document may name and not carry.
pub(super) const FONT_FOLDERS: [&str; 3] = [
    "/usr/share/fonts",
    "/usr/share/X11/fonts",
    "/usr/local/share/fonts",
];

/// How a rendering process is confined, besides its limits on memory and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    /// Landlock: no file but system fonts, to read; no network.
    pub landlock: Enforcement,
    /// Seccomp: only the system calls that rendering makes; no socket, no process, no program.
    pub seccomp: Enforcement,
}

impl Confinement {
    /// What holds for both of two processes.
    pub(crate) fn weaker(self, other: Self) -> Self {
        Self {
            landlock: self.landlock.min(other.landlock),
            seccomp: self.seccomp.min(other.seccomp),
        }
    }

    /// Whether all walls stand as far as they can be built.
    pub fn is_full(self) -> bool {
        self.landlock == Enforcement::Full && self.seccomp == Enforcement::Full
    }
}

/// How much of a wall the kernel puts up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// The kernel does not have it, or has it switched off.
    #[default]
    None,
    /// An older kernel enforces a part: files, but perhaps not network or signals.
    Partial,
    /// All that is asked for.
    Full,
}

/// Gives up files, network, processes and new privileges, for good, for the calling process.
///
/// The caller must be the only thread: landlock binds the calling thread and what it starts. Says
/// how far the kernel goes along; an error means that a wall the kernel has could not be put up.
pub fn confine() -> io::Result<Confinement> {
    Ok(Confinement {
        landlock: give_up_files()?,
        seccomp: give_up_calls()?,
    })
}

/// Landlock, on top of which `no_new_privs` is set whether the kernel has landlock or not.
fn give_up_files() -> io::Result<Enforcement> {
    let status = restrict_files().map_err(io::Error::other)?;
    if !status.no_new_privs {
        return Err(io::Error::other("new privileges cannot be given up"));
    }
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Enforcement::Full,
        RulesetStatus::PartiallyEnforced => Enforcement::Partial,
        RulesetStatus::NotEnforced => Enforcement::None,
    })
}

fn restrict_files() -> Result<landlock::RestrictionStatus, landlock::RulesetError> {
    let files: BitFlags<AccessFs> = AccessFs::from_all(ABI::V5);
    Ruleset::default()
        .handle_access(files)?
        .handle_access(AccessNet::from_all(ABI::V5))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(
            FONT_FOLDERS,
            AccessFs::ReadFile | AccessFs::ReadDir,
        ))?
        .restrict_self()
}

/// Seccomp: two filters, of which the stricter verdict counts. One ends the process on a call
/// that is in neither list, the other answers the calls that are to fail without harm.
fn give_up_calls() -> io::Result<Enforcement> {
    let Some((known, denied)) = filters()? else {
        return Ok(Enforcement::None);
    };
    for program in [denied, known] {
        match apply_filter_all_threads(&program) {
            Ok(()) => {}
            Err(seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error))
                if is_missing(&error) =>
            {
                return Ok(Enforcement::None);
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(Enforcement::Full)
}

/// Whether a kernel without the feature answers like this.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP)
    )
}

/// The two filters, `None` on a machine for which there is no list.
fn filters() -> io::Result<Option<(BpfProgram, BpfProgram)>> {
    let Ok(machine) = std::env::consts::ARCH.try_into() else {
        return Ok(None);
    };
    let compile = |rules, otherwise, listed| {
        SeccompFilter::new(rules, otherwise, listed, machine)
            .and_then(BpfProgram::try_from)
            .map_err(io::Error::other)
    };
    let denied: Rules = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let mut known = needed().map_err(io::Error::other)?;
    known.extend(denied.clone());
    let known = compile(known, SeccompAction::KillProcess, SeccompAction::Allow)?;
    let not_permitted = SeccompAction::Errno(libc::EPERM as u32);
    let denied = compile(denied, SeccompAction::Allow, not_permitted)?;
    Ok(Some((known, denied)))
}

/// System calls by number, each with the arguments it is allowed with; none means any.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that libraries make in passing and that may fail: where is this, is it a terminal, what
/// file system is it on.
const DENIED: &[i64] = &[
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fstatfs,
    libc::SYS_getcwd,
    libc::SYS_ioctl,
    libc::SYS_readlinkat,
    libc::SYS_statfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
];

/// Calls that rendering makes with any arguments: reading and writing what is open, memory, time,
/// its own end.
const NEEDED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getdents64,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_newfstatat,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_statx,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

/// All calls that rendering makes.
fn needed() -> Result<Rules, seccompiler::BackendError> {
    const WRITING: u64 =
        (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE & !libc::O_DIRECTORY)
            as u64;
    const EXECUTABLE: u64 = libc::PROT_EXEC as u64;
    let mut rules: Rules = NEEDED.iter().map(|call| (*call, Vec::new())).collect();
    // Fonts are opened to be read.
    rules.insert(libc::SYS_openat, vec![without(2, WRITING)?]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, vec![without(1, WRITING)?]);
    // Code is loaded by now: no memory becomes executable any more.
    rules.insert(libc::SYS_mmap, vec![without(2, EXECUTABLE)?]);
    rules.insert(libc::SYS_mprotect, vec![without(2, EXECUTABLE)?]);
    // Descriptors are asked about, and become close-on-exec.
    let command = |value: i32| equal(1, value as u64);
    rules.insert(
        libc::SYS_fcntl,
        vec![
            command(libc::F_GETFD)?,
            command(libc::F_SETFD)?,
            command(libc::F_GETFL)?,
        ],
    );
    // Allocators name their memory. Giving up new privileges, once more, belongs to each filter.
    rules.insert(
        libc::SYS_prctl,
        vec![
            equal(0, libc::PR_SET_VMA as u64)?,
            equal(0, libc::PR_SET_NO_NEW_PRIVS as u64)?,
        ],
    );
    // An abort is a signal to oneself.
    let me = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![equal(0, me)?]);
    // Limits are read, of oneself: the third argument would set them.
    let read_only = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    let own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, 0)?;
    let read_own = SeccompRule::new(vec![own, read_only])?;
    rules.insert(libc::SYS_prlimit64, vec![read_own]);
    Ok(rules)
}

/// Allows a call whose argument `index` has none of these bits.
fn without(index: u8, bits: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    let none = SeccompCmpOp::MaskedEq(bits);
    let condition = SeccompCondition::new(index, SeccompCmpArgLen::Dword, none, 0)?;
    SeccompRule::new(vec![condition])
}

/// Allows a call whose argument `index` is this 32-bit value.
fn equal(index: u8, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition = SeccompCondition::new(
        index,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        value & u64::from(u32::MAX),
    )?;
    SeccompRule::new(vec![condition])
}
