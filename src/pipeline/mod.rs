//! One handler per stage of a job, and what keeps jobs moving.
//!
//! [`Context`] opens the data folder; its `submit_…` methods accept jobs, [`run_role`] works on
//! them, and [`Supervisor`] runs every role as a child process.

mod context;
mod convert;
mod cover;
mod intake;
mod meters;
mod outgoing;
mod preview;
mod probes;
mod receive;
mod relay;
mod role;
mod run;
mod scratch;
mod supervisor;
mod task;
mod transcode;
mod transmit;
mod worker;

pub use context::{Context, OpenError, broker_queue, now, open_artifacts};
pub use cover::{CoverPartError, CoverSource, CoverUpload, cover_defaults, load_cover};
pub use intake::IntakeError;
pub use preview::PreviewError;
pub use probes::ProbesError;
pub use role::Role;
pub use run::{RoleError, run_role};
pub use supervisor::{ChildEvent, READY, Supervisor};
pub use task::{Abandoned, Task};
pub use transmit::credentials_for;
pub use worker::{StageHandler, work};
