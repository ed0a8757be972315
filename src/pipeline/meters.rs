//! What is counted and timed: the names that dashboards and alerts know, and where they are fed.
//!
//! Labels come from closed sets (stages, statuses, reasons); numbers, names and ids of jobs are
//! never labels.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::Role;
use crate::job::{AttemptOutcome, JobEvent, JobKind, Stage, Status};
use crate::queue::Queue;
use crate::sip::MediaStats;
use crate::store::{Job, JobStore, StoreError};
use crate::units::UnixMillis;

const EVENTS: &str = "faxmill_events_total";
const REASONS: &str = "faxmill_reasons_total";
const CLAIMS: &str = "faxmill_claims_total";
const IN_HAND: &str = "faxmill_jobs_in_hand";
const STAGE_SECONDS: &str = "faxmill_stage_seconds";
const CALLS: &str = "faxmill_calls_total";
const PAGES_SENT: &str = "faxmill_pages_sent_total";
const PAGES_RECEIVED: &str = "faxmill_pages_received_total";
const RETRIES: &str = "faxmill_retries_total";
const TICKS_LATE: &str = "faxmill_ticks_late_total";
const TICK_LATENESS: &str = "faxmill_tick_lateness_max_seconds";
const PUBLISHED: &str = "faxmill_wake_ups_published_total";
const QUEUE_DEPTH: &str = "faxmill_queue_messages";
const WAITING: &str = "faxmill_waiting_jobs";
const OLDEST: &str = "faxmill_waiting_oldest_seconds";
const JOBS: &str = "faxmill_jobs";
const READY: &str = "faxmill_ready";

/// Seconds: a wake-up takes milliseconds, a fax minutes.
const STAGE_BUCKETS: [f64; 14] = [
    0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
];
const TICK_BUCKETS: [f64; 7] = [0.005, 0.01, 0.02, 0.04, 0.1, 0.5, 2.0];

/// Begins to count in this process; once.
pub(super) fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(STAGE_SECONDS.to_owned()), &STAGE_BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(TICK_LATENESS.to_owned()), &TICK_BUCKETS)?
        .install_recorder()?;
    describe();
    Ok(handle)
}

fn describe() {
    describe_counter!(EVENTS, "Events of jobs that this process wrote");
    describe_counter!(REASONS, "Reasons by which calls and jobs ended");
    describe_counter!(CLAIMS, "Wake-ups answered by a claim, and by none");
    describe_gauge!(IN_HAND, "Jobs leased by this process");
    describe_histogram!(STAGE_SECONDS, Unit::Seconds, "Time that a stage had a job");
    describe_counter!(CALLS, "Calls that ended, by how");
    describe_counter!(PAGES_SENT, "Pages that far ends confirmed");
    describe_counter!(PAGES_RECEIVED, "Pages that came in and were stored");
    describe_counter!(RETRIES, "Jobs put off for another try");
    describe_counter!(TICKS_LATE, "Ticks of calls that ran later than a tick");
    describe_histogram!(TICK_LATENESS, Unit::Seconds, "Latest tick of each call");
    describe_counter!(PUBLISHED, "Wake-ups that the relay brought to the queue");
    describe_gauge!(QUEUE_DEPTH, "Messages in a queue, those in hand included");
    describe_gauge!(WAITING, "Jobs that wait for a worker of a stage");
    describe_gauge!(
        OLDEST,
        Unit::Seconds,
        "Age of the job that has waited longest"
    );
    describe_gauge!(JOBS, "Jobs by kind and status");
    describe_gauge!(READY, "Whether this process takes work");
}

/// An event was written, and made the job what it is now.
pub(super) fn written(event: &JobEvent, job: &Job) {
    counter!(EVENTS, "kind" => job.state.kind.name(), "event" => event.name()).increment(1);
    match event {
        JobEvent::PageConfirmed { .. } => counter!(PAGES_SENT).increment(1),
        JobEvent::ReceivePage { .. } => counter!(PAGES_RECEIVED).increment(1),
        JobEvent::AttemptEnded { outcome } => call_ended(outcome),
        _ => {}
    }
    let kind = job.state.kind;
    let put_off = job.status() == Status::RetryWait;
    // Claims and progress after a failed call still carry its reason.
    let is_new = event.is_outcome() || !event.needs_lease();
    let ended = job.status().is_resting(kind) || put_off;
    if let Some(reason) = job.state.reason.filter(|_| is_new && ended) {
        counter!(REASONS, "kind" => kind.name(), "reason" => reason.code()).increment(1);
    }
    if is_new && put_off {
        counter!(RETRIES, "kind" => kind.name()).increment(1);
    }
}

fn call_ended(outcome: &AttemptOutcome) {
    let how = match outcome {
        AttemptOutcome::Delivered { .. } => "delivered",
        AttemptOutcome::Failed { answered: true, .. } => "failed",
        AttemptOutcome::Failed { .. } => "unanswered",
    };
    counter!(CALLS, "outcome" => how).increment(1);
}

/// A wake-up was answered.
pub(super) fn claim(stage: Stage, how: &'static str) {
    counter!(CLAIMS, "stage" => stage.word(), "outcome" => how).increment(1);
}

/// A stage takes a job.
pub(super) fn taken(stage: Stage) {
    gauge!(IN_HAND, "stage" => stage.word()).increment(1);
}

/// A stage is done with a job.
pub(super) fn put_down(stage: Stage, after: Duration) {
    gauge!(IN_HAND, "stage" => stage.word()).decrement(1);
    histogram!(STAGE_SECONDS, "stage" => stage.word()).record(after);
}

/// How punctual a call's media were.
pub(super) fn media(stats: &MediaStats) {
    counter!(TICKS_LATE).increment(stats.ticks_late);
    let worst = Duration::from_millis(stats.tick_lateness_max_ms);
    histogram!(TICK_LATENESS).record(worst);
}

/// The relay brought wake-ups to the queue.
pub(super) fn published(wake_ups: usize) {
    counter!(PUBLISHED).increment(wake_ups as u64);
}

/// Whether this process takes work.
pub(super) fn ready(ready: bool) {
    gauge!(READY).set(if ready { 1.0 } else { 0.0 });
}

/// Takes stock of what waits and where jobs are.
pub(super) async fn take_stock(
    store: &dyn JobStore,
    queue: &dyn Queue,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let waiting = store.waiting().await?;
    for stage in Role::ALL.into_iter().filter_map(Role::stage) {
        let of_stage = waiting.iter().find(|waiting| waiting.stage == stage);
        let jobs = of_stage.map_or(0, |waiting| waiting.jobs);
        let age_ms = of_stage.map_or(0, |waiting| now.0.saturating_sub(waiting.since.0).max(0));
        gauge!(WAITING, "stage" => stage.word()).set(jobs as f64);
        gauge!(OLDEST, "stage" => stage.word()).set(age_ms as f64 / 1e3);
        match queue.depth(stage).await {
            Ok(depth) => gauge!(QUEUE_DEPTH, "queue" => stage.word()).set(depth as f64),
            Err(error) => tracing::debug!(%stage, %error, "the depth of a queue is not known"),
        }
    }
    let counts = store.counts().await?;
    for kind in [JobKind::Fax, JobKind::Voicemail, JobKind::ReceivedFax] {
        for status in Status::ALL {
            let found = counts
                .iter()
                .find(|count| (count.kind, count.status) == (kind, *status));
            // What never was is not shown; what was and is no more is shown as 0.
            let jobs = found.map_or(0, |count| count.jobs);
            gauge!(JOBS, "kind" => kind.name(), "status" => status.name()).set(jobs as f64);
        }
    }
    Ok(())
}
