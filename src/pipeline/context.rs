//! What every role works with: configuration, store, queue, artifacts, and the outside world's
//! clock and chance, which the rooms below never touch.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::scratch::ScratchFolder;
use crate::artifact::{ArtifactError, ArtifactOptions, ArtifactStore};
use crate::config::{Broker, Config, StoreBackend};
use crate::job::JobId;
use crate::queue::{EmbeddedQueue, Queue, QueueError, QueueOptions, RabbitOptions, RabbitQueue};
use crate::store::sql::{PostgresOptions, SqliteOptions};
use crate::store::{JobStore, SqlStore, StoreError};
use crate::units::UnixMillis;

/// What every role works with.
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// The truth about jobs.
    pub store: Arc<dyn JobStore>,
    /// Wake-ups.
    pub queue: Arc<dyn Queue>,
    /// Documents, images and recordings.
    pub artifacts: ArtifactStore,
    /// This process's name in leases and logs.
    pub worker: String,
    pub(super) scratch: ScratchFolder,
}

/// The data folder could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A folder could not be made.
    #[error("{path}: {source}: choose a data folder that this user may write (--data)")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The job store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The artifacts.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

impl OpenError {
    /// The stable code: part of the public interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "data-folder",
            Self::Store(error) => error.code(),
            Self::Queue(error) => error.code(),
            Self::Artifact(error) => error.code(),
        }
    }
}

impl Context {
    /// Opens the data folder that the configuration names, making it where it is missing.
    ///
    /// `purpose` becomes part of this process's name: a role, or the command it runs.
    pub async fn open(config: Config, purpose: &str) -> Result<Self, OpenError> {
        for folder in [&config.data_folder, &config.run(), &config.scratch()] {
            // Faxes are confidential: a folder that we make is for this user alone.
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|source| OpenError::Folder {
                path: folder.clone(),
                source,
            })?;
        }
        let worker = format!("{purpose}-{}-{}", host(), std::process::id());
        let scratch = ScratchFolder::open(&config.scratch(), &worker).map_err(|source| {
            OpenError::Folder {
                path: config.scratch(),
                source,
            }
        })?;
        let store = open_store(&config).await?;
        let queue = open_queue(&config, &store)?;
        let artifacts = open_artifacts(&config)?;
        Ok(Self {
            config,
            store: Arc::new(store),
            queue,
            artifacts,
            worker,
            scratch,
        })
    }
}

/// This machine's name among those that share a store, as far as a file's name may hold it.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain = name.trim().chars().filter(char::is_ascii_alphanumeric);
    plain.take(40).collect()
}

async fn open_store(config: &Config) -> Result<SqlStore, StoreError> {
    match &config.store {
        StoreBackend::Sqlite => {
            let options = SqliteOptions::new(config.database()).with_run_dir(config.run());
            SqlStore::open(&options).await
        }
        StoreBackend::Postgres(address) => {
            let options = PostgresOptions::new(address.secret_url())?;
            SqlStore::open_postgres(&options.with_writers(address.connections)).await
        }
    }
}

/// The place of artifacts that the configuration names. Nothing is sent to a bucket yet:
/// [`ArtifactStore::check`] tells whether it is there and ours to use.
pub fn open_artifacts(config: &Config) -> Result<ArtifactStore, ArtifactError> {
    let options = match &config.bucket {
        Some(bucket) => ArtifactOptions::Bucket(bucket.clone()),
        None => ArtifactOptions::Folder(config.artifacts()),
    };
    ArtifactStore::connect(&options)
}

/// The queue that the configuration names: a broker, or the store's own database.
///
/// A broker is not connected to before it is needed: a job can be accepted while it is away.
fn open_queue(config: &Config, store: &SqlStore) -> Result<Arc<dyn Queue>, QueueError> {
    match &config.queue {
        Some(broker) => Ok(Arc::new(broker_queue(broker)?)),
        None => Ok(Arc::new(EmbeddedQueue::new(
            store.database(),
            QueueOptions::default(),
        ))),
    }
}

/// The queues of a message broker, not connected yet.
pub fn broker_queue(broker: &Broker) -> Result<RabbitQueue, QueueError> {
    let options = RabbitOptions::new(&broker.url, broker.password.reveal())?;
    Ok(RabbitQueue::new(&options))
}

/// The present moment.
pub fn now() -> UnixMillis {
    // A clock before 1970 is a broken clock; 0 is as good as any other answer then.
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// What spreads retries.
pub(super) fn chance() -> f64 {
    fastrand::f64()
}

/// A new job's id: it sorts by time of creation.
pub(super) fn new_job_id() -> JobId {
    JobId::from_uuid(uuid::Uuid::now_v7())
}
