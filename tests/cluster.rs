//! What runs past one machine, against real servers.

#[path = "servers/mod.rs"]
mod servers;

#[path = "cluster/artifacts/mod.rs"]
mod artifacts;
#[path = "cluster/store.rs"]
mod store;
