//! The loop of a worker: receive a wake-up, claim its job, work on it, go on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::context::{Context, now};
use super::meters;
use super::task::{Abandoned, Task};
use crate::job::Stage;
use crate::queue::{Cause, Delivery, Requeue};
use crate::store::StoreError;

/// What a role does with one job.
#[async_trait]
pub trait StageHandler: Send + Sync + 'static {
    /// The stage it claims jobs for.
    fn stage(&self) -> Stage;

    /// Works on a job until it is done, or must stop.
    ///
    /// Whatever happened is reported through the task; `drain` asks it to come to an end soon.
    async fn run(&self, task: &Task, drain: &CancellationToken) -> Result<(), Abandoned>;
}

const RECEIVE_WAIT: Duration = Duration::from_millis(500);
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// Works on up to `concurrency` jobs at a time until `drain` is cancelled; returns when all of
/// them have ended.
pub async fn work<H: StageHandler>(
    context: Arc<Context>,
    handler: Arc<H>,
    concurrency: usize,
    drain: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(concurrency));
    let mut running = JoinSet::new();
    while !drain.is_cancelled() {
        while let Some(ended) = running.try_join_next() {
            note_end(ended);
        }
        let slot = tokio::select! {
            slot = Arc::clone(&slots).acquire_owned() => slot,
            () = drain.cancelled() => break,
        };
        let Ok(slot) = slot else {
            unreachable!("the semaphore is never closed");
        };
        let delivery = match context.queue.receive(handler.stage(), RECEIVE_WAIT).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) => continue,
            Err(error) => {
                tracing::error!(stage = %handler.stage(), %error, "the queue cannot be read");
                tokio::select! {
                    () = tokio::time::sleep(ERROR_PAUSE) => {}
                    () = drain.cancelled() => {}
                }
                continue;
            }
        };
        if let Some(task) = claim(&context, handler.stage(), &delivery).await {
            let (handler, drain) = (Arc::clone(&handler), drain.clone());
            running.spawn(async move {
                run(&*handler, &task, &drain).await;
                drop(slot);
            });
        }
    }
    while let Some(ended) = running.join_next().await {
        note_end(ended);
    }
}

/// Claims the job of a delivery, and settles the delivery: from here on the job row is what finds
/// the job again.
async fn claim(context: &Arc<Context>, stage: Stage, delivery: &Delivery) -> Option<Task> {
    let id = delivery.message.job_id;
    let lease = context.config.timing.lease;
    let claimed = context
        .store
        .claim(id, stage, &context.worker, lease, now())
        .await;
    meters::claim(
        stage,
        match &claimed {
            Ok(Some(_)) => "claimed",
            Ok(None) => "refused",
            Err(_) => "failed",
        },
    );
    let settled = match &claimed {
        Ok(_) => context.queue.ack(delivery).await,
        Err(StoreError::NotFound { .. }) => {
            tracing::warn!(job.id = %id, %stage, "a wake-up for a job that is not there is parked");
            let parked = Requeue::Park(Cause::JobNotFound);
            context.queue.nack(delivery, parked).await
        }
        Err(error) => {
            tracing::warn!(job.id = %id, %stage, %error, "could not be claimed");
            context
                .queue
                .nack(delivery, Requeue::After(ERROR_PAUSE))
                .await
        }
    };
    if let Err(error) = settled {
        // It will come again and claim nothing.
        tracing::warn!(job.id = %id, %error, "a wake-up could not be settled");
    }
    claimed
        .ok()
        .flatten()
        .map(|lease| Task::new(Arc::clone(context), lease))
}

/// Runs a handler beside its heartbeat.
async fn run<H: StageHandler>(handler: &H, task: &Task, drain: &CancellationToken) {
    let (done, taken_at) = (CancellationToken::new(), Instant::now());
    meters::taken(handler.stage());
    let work = async {
        let outcome = handler.run(task, drain).await;
        done.cancel();
        outcome
    };
    let (outcome, ()) = tokio::join!(work, task.keep_alive(done.clone()));
    meters::put_down(handler.stage(), taken_at.elapsed());
    if let Err(error) = outcome {
        tracing::warn!(job.id = %task.id(), stage = %handler.stage(), %error, "work was abandoned");
    }
}

pub(super) fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        // The lease runs out and the reaper takes the job up.
        tracing::error!(%error, "a task ended unexpectedly");
    }
}
