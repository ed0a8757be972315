//! Jobs that cost nothing themselves, and a worker that does nothing with them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use faxmill::job::{JobEvent, JobId, JobRequest, Stage, VoicemailRequest};
use faxmill::pipeline::{Abandoned, Role, StageHandler, Task, now, run_role, work};
use faxmill::store::NewJob;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::system::System;

/// CPU time of this process.
pub(crate) struct Cpu(Duration);

impl Cpu {
    pub(crate) fn now() -> Self {
        let usage = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Self(Duration::new(usage.tv_sec as u64, usage.tv_nsec as u32))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

pub(crate) fn voicemail() -> NewJob {
    let request = VoicemailRequest::new("jobs/a/recording.wav".to_owned(), "a.wav".to_owned());
    let id = JobId::from_uuid(Uuid::now_v7());
    NewJob::new(id, JobRequest::Voicemail(request), now())
}

/// Submits so many jobs, so many at a time.
pub(crate) async fn submit(system: &System, jobs: usize, at_a_time: usize) {
    let submitters: Vec<_> = (0..at_a_time)
        .map(|submitter| {
            let store = Arc::clone(&system.context.store);
            let share = jobs / at_a_time + usize::from(submitter < jobs % at_a_time);
            tokio::spawn(async move {
                for _ in 0..share {
                    store.submit(voicemail()).await.expect("accepted");
                }
            })
        })
        .collect();
    for submitter in submitters {
        submitter.await.expect("no panic");
    }
}

/// A relay and a worker whose stage does nothing.
pub(crate) struct Load {
    started: Arc<Mutex<HashMap<JobId, Instant>>>,
    done: watch::Receiver<usize>,
    taken: Mutex<usize>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

struct Nothing {
    started: Arc<Mutex<HashMap<JobId, Instant>>>,
    done: watch::Sender<usize>,
}

#[async_trait]
impl StageHandler for Nothing {
    fn stage(&self) -> Stage {
        Stage::Transcode
    }

    async fn run(&self, task: &Task, _drain: &CancellationToken) -> Result<(), Abandoned> {
        let started = Instant::now();
        self.started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(task.job().id, started);
        task.report(JobEvent::TranscodeDone {
            duration_ms: 1_000,
            artifacts: [("mp3".to_owned(), "jobs/a/message.mp3".to_owned())].into(),
        })
        .await?;
        self.done.send_modify(|done| *done += 1);
        Ok(())
    }
}

impl Load {
    pub(crate) async fn start(system: &System, concurrency: usize) -> Self {
        let started = Arc::default();
        let (done, watched) = watch::channel(0);
        let handler = Nothing {
            started: Arc::clone(&started),
            done,
        };
        let stop = CancellationToken::new();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let relay = {
            let (config, stop) = (system.config.clone(), stop.clone());
            tokio::spawn(async move {
                let ready = move |_: &str| ready.send(()).expect("the bench waits");
                run_role(Role::Relay, config, stop, ready)
                    .await
                    .expect("a relay");
            })
        };
        is_ready.await.expect("the relay starts");
        let worker = work(
            Arc::clone(&system.context),
            Arc::new(handler),
            concurrency,
            stop.clone(),
        );
        Self {
            started,
            done: watched,
            taken: Mutex::default(),
            stop,
            tasks: vec![relay, tokio::spawn(worker)],
        }
    }

    /// Waits until so many more jobs were worked off.
    pub(crate) async fn until_done(&self, jobs: usize) {
        let goal = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            *taken += jobs;
            *taken
        };
        let mut done = self.done.clone();
        let reached = done.wait_for(|done| *done >= goal);
        reached.await.expect("the worker goes on");
    }

    /// From the call that submits a job to the beginning of its work.
    pub(crate) async fn submit_to_start(&self, system: &System) -> Duration {
        let job = voicemail();
        let (id, submitted) = (job.id, Instant::now());
        system.context.store.submit(job).await.expect("accepted");
        self.until_done(1).await;
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        started[&id] - submitted
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.expect("no panic");
        }
    }
}
