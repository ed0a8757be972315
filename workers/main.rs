//! The `faxmill` command.

fn main() {}
