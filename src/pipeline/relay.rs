//! The relay: wake-ups leave the outbox for the queue, and the sweep looks after jobs whose
//! moment, deadline or lease has passed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::context::{Context, chance, now};
use super::{Role, meters};
use crate::job::{JobEvent, JobId, Stage};
use crate::queue::Message;
use crate::store::{PauseScope, StoreError};

const BATCH: u32 = 200;
const STOCK_EVERY: Duration = Duration::from_secs(10);
/// A job that waits for a worker this long after its last wake-up is woken again.
const STRANDED_AFTER: Duration = Duration::from_secs(60);
/// The same where so many messages wait that its own may well be among them.
const STRANDED_IN_QUEUE_AFTER: Duration = Duration::from_secs(900);

/// Publishes and sweeps until `drain` is cancelled.
pub(super) async fn run(context: Arc<Context>, drain: CancellationToken) {
    tokio::join!(publish(&context, &drain), sweep(&context, &drain));
}

async fn publish(context: &Context, drain: &CancellationToken) {
    while !drain.is_cancelled() {
        match publish_batch(context).await {
            Ok(0) => tokio::select! {
                () = context.store.outbox_wait(Duration::from_secs(1)) => {}
                () = drain.cancelled() => {}
            },
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "wake-ups could not be published");
                pause(Duration::from_secs(1), drain).await;
            }
        }
    }
}

async fn publish_batch(
    context: &Context,
) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let batch = context.store.outbox_batch(BATCH).await?;
    let messages: Vec<_> = batch
        .iter()
        .map(|entry| {
            let message = Message {
                job_id: entry.job_id,
                attempt: entry.attempt,
            };
            (entry.stage, message)
        })
        .collect();
    context.queue.publish_batch(&messages).await?;
    if !batch.is_empty() {
        let ids: Vec<i64> = batch.iter().map(|entry| entry.id).collect();
        context.store.outbox_published(&ids).await?;
        meters::published(ids.len());
    }
    Ok(batch.len())
}

async fn sweep(context: &Context, drain: &CancellationToken) {
    let mut damaged = HashSet::new();
    let mut next_stock = Instant::now();
    while !drain.is_cancelled() {
        if let Err(error) = sweep_once(context, &mut damaged).await {
            tracing::warn!(%error, "the sweep was cut short");
        }
        if Instant::now() >= next_stock {
            next_stock = Instant::now() + STOCK_EVERY;
            if let Err(error) = take_stock(context).await {
                tracing::warn!(%error, "stock of waiting jobs could not be taken");
            }
        }
        pause(context.config.timing.sweep, drain).await;
    }
}

/// `damaged` holds the jobs that were complained of already.
async fn sweep_once(context: &Context, damaged: &mut HashSet<JobId>) -> Result<(), StoreError> {
    let store = &context.store;
    // Deadlines before retries: a job that is past its deadline is not begun again.
    for id in store.past_deadline(now(), BATCH).await? {
        tell(context, id, JobEvent::DeadlinePassed, damaged).await?;
    }
    for id in store.expired_leases(now(), BATCH).await? {
        tell(context, id, JobEvent::LeaseLost, damaged).await?;
    }
    for id in store.due(now(), BATCH).await? {
        tell(context, id, JobEvent::DueReached, damaged).await?;
    }
    Ok(())
}

/// Looks at what waits: wakes what was forgotten, and tells how much there is. It counts, so it
/// comes less often than the sweep.
async fn take_stock(context: &Context) -> Result<(), StoreError> {
    for stage in Role::ALL.into_iter().filter_map(Role::stage) {
        wake_stranded(context, stage).await?;
    }
    meters::take_stock(&*context.store, &*context.queue, now()).await
}

/// Wakes jobs of a stage whose message may be lost.
async fn wake_stranded(context: &Context, stage: Stage) -> Result<(), StoreError> {
    let store = &context.store;
    let pauses = store.pauses().await?;
    if pauses
        .iter()
        .any(|pause| pause.scope == PauseScope::Stage(stage))
    {
        return Ok(());
    }
    // Behind a long queue a job waits for its turn, not for a message: another one for each
    // would make the queue longer still.
    let quiet = match context.queue.depth(stage).await {
        Ok(depth) if depth < u64::from(BATCH) => STRANDED_AFTER,
        _ => STRANDED_IN_QUEUE_AFTER,
    };
    let stranded = store.stranded(stage, now(), quiet, BATCH).await?;
    if stranded.is_empty() || store.wake(&stranded, now()).await.is_ok() {
        return Ok(());
    }
    // One of them cannot be woken; the others can.
    for id in stranded {
        if let Err(error) = store.wake(&[id], now()).await {
            tracing::error!(job.id = %id, %error, "a forgotten job cannot be woken");
        }
    }
    Ok(())
}

/// Tells a job what happened; that it moved on meanwhile is no error. One job that cannot be
/// changed must not keep the others waiting: only what ails the whole store cuts the sweep short.
async fn tell(
    context: &Context,
    id: JobId,
    event: JobEvent,
    damaged: &mut HashSet<JobId>,
) -> Result<(), StoreError> {
    let name = event.name();
    let (store, at) = (&context.store, now());
    let told = store.apply_unleased(id, event.clone(), at, chance());
    match told.await {
        Ok(job) => {
            meters::written(&event, &job);
            tracing::info!(job.id = %id, event = name, status = %job.status(), "swept");
        }
        Err(error @ (StoreError::IllegalTransition(_) | StoreError::LeaseLost { .. })) => {
            tracing::debug!(job.id = %id, event = name, %error, "it moved on meanwhile");
        }
        Err(
            error @ (StoreError::Busy
            | StoreError::Full
            | StoreError::ReadOnly
            | StoreError::Unreachable { .. }),
        ) => {
            return Err(error);
        }
        Err(error) => {
            if damaged.insert(id) {
                tracing::error!(job.id = %id, event = name, %error, "a job cannot be looked after");
            }
        }
    }
    Ok(())
}

async fn pause(time: Duration, drain: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = drain.cancelled() => {}
    }
}
