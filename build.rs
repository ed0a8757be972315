//! Has the program's relocations packed, where the system that it is built on can load that.
//!
//! The program holds some fifty thousand addresses of its own. In the old form each takes 24 bytes
//! of the file, all of which every process reads before it does anything.

use std::env;
use std::process::Command;

/// The first glibc whose loader reads packed relocations.
const GLIBC_WITH_PACKED_RELOCATIONS: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| env::var(name).unwrap_or_default();
    let is_for_this_system = variable("HOST") == variable("TARGET");
    let is_glibc = variable("CARGO_CFG_TARGET_ENV") == "gnu";
    if is_for_this_system
        && is_glibc
        && glibc().is_some_and(|version| version >= GLIBC_WITH_PACKED_RELOCATIONS)
    {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this system's glibc, when it can be learned.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
