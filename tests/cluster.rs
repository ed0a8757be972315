//! What runs past one machine, against real servers.

#[path = "servers/mod.rs"]
mod servers;

#[path = "cluster/artifacts/mod.rs"]
mod artifacts;

#[path = "cluster/queue.rs"]
mod queue;

#[path = "cluster/queue_commands.rs"]
mod queue_commands;

#[path = "cluster/store.rs"]
mod store;
