//! `make demo-cluster`: a cluster on one machine, and what becomes of jobs when its workers die.
//!
//! `demo_cluster PROGRAM` starts a `PostgreSQL`, a `RabbitMQ` and an S3 server of its own, two
//! workers of each role and a far end; submits faxes and recordings; kills one worker of each role
//! with `kill -9` while it works; and tells what became of every job. It fails when a job was lost,
//! or ended otherwise than its record can account for.

mod cluster;
mod verdict;

#[path = "../../tests/servers/mod.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod servers;

use std::path::PathBuf;
use std::process::ExitCode;

use cluster::{Cluster, ROLES};

const FAXES: usize = 8;
const RECORDINGS: usize = 6;

fn main() -> ExitCode {
    let Some(program) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: demo_cluster PROGRAM");
        return ExitCode::from(64);
    };
    println!("starting PostgreSQL, RabbitMQ, an S3 server and a far end");
    let mut cluster = Cluster::start(program);
    println!("starting two workers of each role");
    for role in ROLES {
        for _ in 0..2 {
            cluster.start_worker(role);
        }
    }
    let mut jobs = Vec::new();
    for number in 0..RECORDINGS {
        jobs.push(cluster.submit_recording(number));
    }
    kill_one(&mut cluster, "transcode");
    for number in 0..FAXES {
        jobs.push(cluster.submit_fax(number));
    }
    println!("submitted {FAXES} faxes and {RECORDINGS} recordings");
    for role in ["convert", "transmit", "relay"] {
        kill_one(&mut cluster, role);
    }
    let ended = cluster.wait_for(&jobs);
    let received = cluster.received();
    if verdict::tell(&ended, &received) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn kill_one(cluster: &mut Cluster, role: &str) {
    let killed = cluster.kill_one_at_work(role);
    println!("killed a {role} worker {killed}");
}
