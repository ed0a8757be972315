//! The job store and the queue on `SQLite`: what they promise, and what no accident may take away.

#[path = "store/child.rs"]
mod child;
#[path = "store/conformance.rs"]
mod conformance;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/faults.rs"]
mod faults;
#[path = "store/processes.rs"]
mod processes;
#[path = "store/support.rs"]
mod support;
