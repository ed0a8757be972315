//! One handler per stage of a job, and what keeps jobs moving.

mod role;
mod supervisor;

pub use role::Role;
pub use supervisor::{ChildEvent, READY, Supervisor};
