//! A job in a worker's hands: the lease is kept alive, and what happens is committed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::context::{Context, chance, now};
use super::meters;
use crate::job::{JobEvent, JobId};
use crate::store::{Job, Lease, StoreError};

/// A job in a worker's hands.
pub struct Task {
    pub(super) context: Arc<Context>,
    pub(super) lease: Lease,
    /// Cancelled when somebody asked for the job to stop.
    pub(super) stop: CancellationToken,
    /// Cancelled when the job is no longer ours.
    pub(super) lost: CancellationToken,
}

/// The job is no longer ours, or what happened to it could not be written: nothing more may be
/// done for it here. The reaper finds it by its lease.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Abandoned {
    pub(super) cause: StoreError,
}

const RETRY_MIN: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Below the reaper's own interval, so that the worker who knows comes before the one who guesses.
const OUTCOME_RETRY_MAX: Duration = Duration::from_millis(200);
const OUTCOME_PATIENCE: Duration = Duration::from_secs(600);
/// What hanging up and writing down how a call ended may take of the time to drain.
const HANG_UP: Duration = Duration::from_secs(10);

/// Ends when a call must be hung up so that a draining worker can still say how it ended, a little
/// before its supervisor loses patience.
pub(super) async fn out_of_time(drain: &CancellationToken, drain_max: Duration) {
    drain.cancelled().await;
    let margin = HANG_UP.min(drain_max / 2);
    tokio::time::sleep(drain_max.saturating_sub(margin)).await;
}

/// Whether a store that failed so may still take what it refused.
fn may_pass(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Busy
            | StoreError::Full
            | StoreError::ReadOnly
            | StoreError::Unreachable { .. }
            | StoreError::Other { .. }
    )
}

impl Task {
    pub(super) fn new(context: Arc<Context>, lease: Lease) -> Self {
        Self {
            context,
            lease,
            stop: CancellationToken::new(),
            lost: CancellationToken::new(),
        }
    }

    /// The job as it was when it was claimed.
    pub fn job(&self) -> &Job {
        &self.lease.job
    }

    pub(super) fn id(&self) -> JobId {
        self.lease.job.id
    }

    /// Commits what happened.
    ///
    /// A store that is busy or full is tried again for as long as the lease holds: what is known
    /// about a job must not be lost for want of a moment's patience. How a call or other work
    /// ended is tried longer, whatever is wrong with the store: until it says that the job is no
    /// longer ours, which its fencing token decides and not our clock.
    pub async fn report(&self, event: JobEvent) -> Result<Job, Abandoned> {
        let mut pause = RETRY_MIN;
        let give_up = Instant::now() + OUTCOME_PATIENCE;
        let is_outcome = event.is_outcome();
        // It happened once, however often it is told: by its moment a store that took it before
        // its answer was lost knows it again.
        let (at, chance) = (now(), chance());
        loop {
            let outcome = self
                .context
                .store
                .apply(&self.lease, event.clone(), at, chance)
                .await;
            match outcome {
                Ok(job) => {
                    meters::written(&event, &job);
                    return Ok(job);
                }
                Err(error) if is_outcome && may_pass(&error) && Instant::now() < give_up => {
                    tracing::warn!(job.id = %self.id(), event = event.name(), %error, "not yet written");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(OUTCOME_RETRY_MAX);
                }
                Err(error) if error.is_transient() && !self.lost.is_cancelled() => {
                    tracing::warn!(job.id = %self.id(), event = event.name(), %error, "not yet written");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.lost.cancelled() => {}
                    }
                    pause = (pause * 2).min(RETRY_MAX);
                }
                Err(cause) => {
                    self.lost.cancel();
                    return Err(Abandoned { cause });
                }
            }
        }
    }

    /// Renews the lease until `done`; cancels [`Task::stop`] when the job is to stop and
    /// [`Task::lost`] when it is not ours any more.
    pub(super) async fn keep_alive(&self, done: CancellationToken) {
        let term = self.context.config.timing.lease;
        let mut until = self.lease.until;
        loop {
            tokio::select! {
                () = tokio::time::sleep(term / 3) => {}
                () = done.cancelled() => return,
            }
            match self
                .context
                .store
                .renew(&self.lease, now().plus(term))
                .await
            {
                Ok(renewal) => {
                    until = renewal.until;
                    if renewal.cancel_requested {
                        self.stop.cancel();
                    }
                }
                Err(error @ (StoreError::LeaseLost { .. } | StoreError::NotFound { .. })) => {
                    tracing::warn!(job.id = %self.id(), %error, "stopping work");
                    self.lost.cancel();
                    return;
                }
                Err(error) => {
                    tracing::warn!(job.id = %self.id(), %error, "the lease was not renewed");
                    if now() >= until {
                        self.lost.cancel();
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;
    use crate::job::{JobRequest, Reason, ReceivedFaxRequest, Stage, Status};
    use crate::pipeline::context::new_job_id;
    use crate::store::sql::{Database, Durability, SqliteOptions};
    use crate::store::{NewJob, SqlStore};

    /// A fax that is coming in, on a store that does not wait long for its lock.
    async fn task(folder: &std::path::Path) -> Task {
        let config = Config::load(None, Some(folder)).unwrap();
        let mut context = Context::open(config, "test").await.unwrap();
        let options = SqliteOptions {
            busy_timeout: Duration::from_millis(20),
            ..SqliteOptions::new(context.config.database())
        };
        context.store = Arc::new(SqlStore::open(&options).await.unwrap());
        let request = JobRequest::ReceivedFax(ReceivedFaxRequest {
            call_id: "a".to_owned(),
            from: String::new(),
            to: String::new(),
            local_ident: String::new(),
        });
        let id = new_job_id();
        let store = &context.store;
        store.submit(NewJob::new(id, request, now())).await.unwrap();
        let term = Duration::from_secs(30);
        let lease = store.claim(id, Stage::Receive, "test", term, now()).await;
        let lease = lease.unwrap().unwrap();
        Task::new(Arc::new(context), lease)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn how_work_ended_is_written_as_soon_as_the_store_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let task = Arc::new(task(folder.path()).await);
        let options = SqliteOptions::new(task.context.config.database());
        let other = Database::open_sqlite(&options).await.unwrap();
        let lock = other.write(Durability::Process).await.unwrap();
        // Our own clock says that the lease is over; whether it is, the store knows.
        task.lost.cancel();
        let page = JobEvent::ReceivePage {
            page: 1,
            artifacts: BTreeMap::new(),
        };
        let refused = task.report(page).await.unwrap_err();
        assert_eq!(refused.cause.code(), "store-busy", "nobody waits for this");

        let ended = JobEvent::ReceiveEnded {
            pages: 1,
            artifacts: BTreeMap::new(),
            reason: Some(Reason::CallDropped),
            detail: String::new(),
        };
        let reporting = tokio::spawn({
            let task = Arc::clone(&task);
            async move { task.report(ended).await }
        });
        // More than one try is refused.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!reporting.is_finished());
        lock.rollback().await.unwrap();
        let job = reporting.await.unwrap().unwrap();
        assert_eq!(job.status(), Status::Partial);
    }
}
