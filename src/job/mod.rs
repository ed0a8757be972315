//! What a job is and how it moves: pure rules, without clock, file, socket or chance.

mod reason;

pub use reason::{Reason, Retry};
