//! What the pipeline itself costs: accepting, waking, claiming and reporting, with a stage that
//! does nothing; and how conversion scales over workers.
//!
//! `cargo bench --bench pipeline [PART …]` prints `figure NAME VALUE` lines; a part of a name
//! measures only what bears it.

mod backlog;
mod load;
mod processes;
#[path = "../../tests/servers/mod.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod servers;
mod system;

use std::time::Duration;

use load::{Cpu, Load};
use system::{Pair, System};

const JOBS: usize = 4_000;
const SAMPLES: usize = 300;
const BACKLOG: u64 = 1_000_000;
/// Measured in turns, so that a noisy moment hits both.
const ROUNDS: usize = 5;

fn main() {
    let parts: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(part));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for pair in [Pair::Embedded, Pair::Cluster] {
        let name = pair.name();
        if wanted(&format!("{name}-accepted-per-s")) {
            runtime.block_on(accepted(pair));
        }
        if wanted(&format!("{name}-cpu-ms-per-job")) {
            runtime.block_on(through(pair));
        }
        if wanted(&format!("{name}-submit-to-start")) {
            runtime.block_on(latency(pair));
        }
        if wanted(&format!("{name}-million-backlog-slowdown")) {
            runtime.block_on(slowdown(pair));
        }
    }
    if wanted("idle-worker-mb") {
        figure("idle-worker-mb", processes::idle_worker_mb());
    }
    if wanted("convert-scaling-2") {
        figure("convert-scaling-2", processes::convert_scaling(ROUNDS));
    }
}

async fn accepted(pair: Pair) {
    let system = System::start(pair).await;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let started = std::time::Instant::now();
        load::submit(&system, JOBS, 16).await;
        rates.push(JOBS as f64 / started.elapsed().as_secs_f64());
    }
    figure(&format!("{}-accepted-per-s", pair.name()), median(rates));
}

async fn through(pair: Pair) {
    let system = System::start(pair).await;
    let load = Load::start(&system, 8).await;
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let before = Cpu::now();
        load::submit(&system, JOBS, 16).await;
        load.until_done(JOBS).await;
        costs.push(before.elapsed().as_secs_f64() * 1e3 / JOBS as f64);
    }
    load.stop().await;
    figure(&format!("{}-cpu-ms-per-job", pair.name()), median(costs));
}

async fn latency(pair: Pair) {
    let system = System::start(pair).await;
    let load = Load::start(&system, 8).await;
    let mut times = Vec::new();
    for _ in 0..SAMPLES {
        times.push(load.submit_to_start(&system).await.as_secs_f64() * 1e3);
        // Everything rests before the next: this is how long a wake-up takes, not a queue.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    load.stop().await;
    times.sort_by(f64::total_cmp);
    let name = pair.name();
    figure(
        &format!("{name}-submit-to-start-p50-ms"),
        times[SAMPLES / 2],
    );
    figure(
        &format!("{name}-submit-to-start-p99-ms"),
        times[SAMPLES * 99 / 100],
    );
}

/// Jobs accepted and worked off while a million others wait, against an empty system.
async fn slowdown(pair: Pair) {
    let (empty, full) = (System::start(pair).await, System::start(pair).await);
    backlog::fill(&full, BACKLOG).await;
    let (mut alone, mut behind) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (system, times) in [(&empty, &mut alone), (&full, &mut behind)] {
            let started = std::time::Instant::now();
            let load = Load::start(system, 8).await;
            load::submit(system, JOBS, 16).await;
            load.until_done(JOBS).await;
            load.stop().await;
            times.push(started.elapsed().as_secs_f64());
        }
    }
    figure(
        &format!("{}-million-backlog-slowdown", pair.name()),
        median(behind) / median(alone),
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.2}");
}
