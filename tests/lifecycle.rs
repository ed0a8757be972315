//! The rules of a job's life: scenario by scenario, and under random events.

#[path = "lifecycle/calls.rs"]
mod calls;
#[path = "lifecycle/random.rs"]
mod random;
#[path = "lifecycle/requests.rs"]
mod requests;
#[path = "lifecycle/support.rs"]
mod support;
#[path = "lifecycle/work.rs"]
mod work;
