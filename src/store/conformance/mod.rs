//! What every job store must do, whatever it stands on.
//!
//! Each function is one promise and panics where a store breaks it. They use jobs and numbers of
//! their own, so they run on a store that others use too.

mod intake;
mod leases;
mod lines;
mod upkeep;

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::job::{
    AttemptOutcome, AttemptSettings, FaxRequest, JobEvent, JobId, JobRequest, PageLimit, Reason,
    Stage, VoicemailRequest,
};
use crate::store::{Job, JobStore, Lease, NewJob};
use crate::units::{FaxNumber, UnixMillis};

/// The moment at which every scenario begins.
const START: UnixMillis = UnixMillis(1_800_000_000_000);

/// How long the scenarios' leases hold.
const LEASE: Duration = Duration::from_secs(30);

/// Holds the store to every promise.
///
/// # Panics
/// Where the store breaks one.
pub async fn all(store: Arc<dyn JobStore>) {
    intake::a_submitted_job_is_stored_with_its_event_and_its_wake_up(&*store).await;
    intake::a_repeated_request_gives_the_first_job(&*store).await;
    intake::a_key_used_for_another_request_is_a_conflict(&*store).await;
    intake::a_name_is_used_once(&*store).await;
    intake::an_impossible_request_is_refused(&*store).await;
    intake::jobs_are_listed_in_pages_newest_first(&*store).await;
    leases::only_one_of_many_claims_wins(Arc::clone(&store)).await;
    leases::a_claim_for_another_stage_gets_nothing(&*store).await;
    leases::an_old_lease_changes_nothing(&*store).await;
    leases::a_live_lease_cannot_be_declared_lost(&*store).await;
    leases::a_renewal_tells_of_a_cancel(&*store).await;
    leases::a_released_job_is_woken_again(&*store).await;
    leases::a_lost_claim_is_found_and_begun_again(&*store).await;
    leases::an_unclaimed_call_does_not_stay_for_ever(&*store).await;
    lines::a_call_is_on_record_before_it_is_dialed(&*store).await;
    lines::an_ended_call_is_never_rewritten(&*store).await;
    lines::one_call_at_a_time_to_a_number(&*store).await;
    lines::an_invalid_number_is_refused_until_cleared(&*store).await;
    lines::an_answered_call_whose_worker_is_lost_rests(&*store).await;
    upkeep::events_of_a_job_have_no_gaps(&*store).await;
    upkeep::events_of_all_jobs_come_in_order(&*store).await;
    upkeep::due_jobs_are_found_and_woken(&*store).await;
    upkeep::jobs_past_their_deadline_are_found(&*store).await;
    upkeep::forgotten_jobs_are_found_and_woken(&*store).await;
    upkeep::paused_work_is_not_begun_until_it_is_resumed(&*store).await;
    upkeep::jobs_that_do_not_move_are_listed(&*store).await;
    upkeep::what_waits_is_counted_by_stage(&*store).await;
    upkeep::counts_follow_the_jobs(&*store).await;
    upkeep::the_outbox_wakes_who_waits_for_it(store).await;
}

#[track_caller]
fn ok<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the store refused what it must do: {error}"),
    }
}

fn new_id() -> JobId {
    JobId::from_uuid(Uuid::now_v7())
}

/// A number that no other scenario uses.
fn new_number() -> FaxNumber {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let text = format!("555{:08}{next:06}", std::process::id());
    text.parse().expect("17 digits are a fax number")
}

fn fax(number: FaxNumber) -> FaxRequest {
    FaxRequest::new(
        number,
        "documents/letter.pdf".to_owned(),
        "letter.pdf".to_owned(),
    )
}

fn new_fax() -> NewJob {
    NewJob::new(new_id(), JobRequest::Fax(fax(new_number())), START)
}

fn new_voicemail() -> NewJob {
    let request = VoicemailRequest::new("recordings/1.wav".to_owned(), "1.wav".to_owned());
    NewJob::new(new_id(), JobRequest::Voicemail(request), START)
}

async fn submit(store: &dyn JobStore, job: NewJob) -> Job {
    ok(store.submit(job).await).into_job()
}

async fn claim(store: &dyn JobStore, id: JobId, stage: Stage) -> Option<Lease> {
    ok(store.claim(id, stage, "worker", LEASE, START).await)
}

async fn claimed(store: &dyn JobStore, id: JobId, stage: Stage) -> Lease {
    claim(store, id, stage)
        .await
        .expect("a job that waits for a stage can be claimed for it")
}

async fn apply(store: &dyn JobStore, lease: &Lease, event: JobEvent) -> Job {
    ok(store.apply(lease, event, START, 0.5).await)
}

/// Takes a job that was just accepted to where it can be dialed.
async fn convert(store: &dyn JobStore, id: JobId, pages: u32) -> Job {
    let lease = claimed(store, id, Stage::Convert).await;
    apply(store, &lease, JobEvent::ValidationDone { pages }).await;
    let artifacts = [("fax".to_owned(), format!("jobs/{id}/fax.tiff"))].into();
    apply(store, &lease, JobEvent::Converted { pages, artifacts }).await
}

/// A job of two pages to `number` that can be dialed.
async fn ready(store: &dyn JobStore, number: FaxNumber) -> JobId {
    let id = submit(
        store,
        NewJob::new(new_id(), JobRequest::Fax(fax(number)), START),
    )
    .await
    .id;
    convert(store, id, 2).await;
    id
}

async fn dial(store: &dyn JobStore, id: JobId) -> Lease {
    let lease = claimed(store, id, Stage::Transmit).await;
    let settings = AttemptSettings::default();
    apply(store, &lease, JobEvent::AttemptStarted { settings }).await;
    lease
}

fn failed(reason: Reason) -> JobEvent {
    JobEvent::AttemptEnded {
        outcome: AttemptOutcome::Failed {
            reason,
            detail: "in a test".to_owned(),
            answered: false,
            pages_confirmed: 0,
            possibly_delivered: false,
            page_limit: None::<PageLimit>,
        },
    }
}

/// How many wake-ups for a job wait to be published.
async fn wake_ups(store: &dyn JobStore, id: JobId, stage: Stage) -> usize {
    let entries = ok(store.outbox_batch(100_000).await);
    entries
        .iter()
        .filter(|entry| entry.job_id == id && entry.stage == stage)
        .count()
}

/// Publishes a job's wake-ups, as a relay does.
async fn publish(store: &dyn JobStore, id: JobId) {
    let entries = ok(store.outbox_batch(100_000).await);
    let of_job = entries.iter().filter(|entry| entry.job_id == id);
    let ids: Vec<i64> = of_job.map(|entry| entry.id).collect();
    ok(store.outbox_published(&ids).await);
}

fn later(seconds: u64) -> UnixMillis {
    START.plus(Duration::from_secs(seconds))
}
