//! A job store, a queue and artifacts, empty.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use faxmill::config::Config;
use faxmill::job::{JobId, Stage};
use faxmill::pipeline::Context;
use faxmill::queue::Message;
use faxmill::store::SqlStore;
use faxmill::store::sql::{PostgresOptions, SqliteOptions};

use crate::servers::postgres::Postgres;
use crate::servers::rabbitmq::{self, RabbitMq};

static POSTGRES: LazyLock<Postgres> = LazyLock::new(Postgres::start);
static RABBITMQ: LazyLock<RabbitMq> = LazyLock::new(RabbitMq::start);

/// Messages of a backlog that are published together.
const BATCH: u64 = 5_000;

/// Which backends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    /// `SQLite` and the queue in it.
    Embedded,
    /// `PostgreSQL` and `RabbitMQ`.
    Cluster,
}

impl Pair {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Cluster => "cluster",
        }
    }
}

/// An empty system.
pub(crate) struct System {
    pub(crate) config: Config,
    pub(crate) context: Arc<Context>,
    /// The database of a cluster.
    database: Option<String>,
    _folder: tempfile::TempDir,
}

impl System {
    pub(crate) async fn start(pair: Pair) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = (pair == Pair::Cluster).then(|| POSTGRES.url(&POSTGRES.new_database()));
        let file = database.as_ref().map(|database| {
            let file = folder.path().join("faxmill.toml");
            write_configuration(&file, database);
            file
        });
        let data = folder.path().join("data");
        let config = Config::load(file.as_deref(), Some(&data)).expect("a configuration");
        let context = Context::open(config.clone(), "bench").await;
        let context = Arc::new(context.expect("it opens"));
        context.queue.ready().await.expect("queues");
        Self {
            config,
            context,
            database,
            _folder: folder,
        }
    }

    /// The store itself, beside the one that the context holds.
    pub(crate) async fn store(&self) -> SqlStore {
        let opened = match &self.database {
            Some(url) => {
                let mut options = PostgresOptions::new(url.clone()).expect("a URL");
                // Filling takes longer than any operation of a service.
                options.patience = std::time::Duration::from_secs(600);
                SqlStore::open_postgres(&options).await
            }
            None => SqlStore::open(&SqliteOptions::new(self.config.database())).await,
        };
        opened.expect("it opens")
    }

    /// Messages for the jobs of a backlog.
    pub(crate) async fn queue_backlog(&self, store: &SqlStore, jobs: u64, numbers: &str, id: &str) {
        if self.database.is_none() {
            return crate::backlog::fill_queue(store, numbers, id).await;
        }
        for first in (1..=jobs).step_by(BATCH as usize) {
            let last = jobs.min(first + BATCH - 1);
            let messages: Vec<_> = (first..=last).map(wake_up).collect();
            let published = self.context.queue.publish_batch(&messages).await;
            published.expect("the broker takes them");
        }
    }
}

/// The wake-up of a job of the backlog, whose ids are numbers.
fn wake_up(number: u64) -> (Stage, Message) {
    let id = format!("00000000-0000-7000-8000-{number:012x}");
    let job_id: JobId = id.parse().expect("an id");
    (Stage::Transcode, Message { job_id, attempt: 0 })
}

fn write_configuration(file: &Path, database: &str) {
    let password = rabbitmq::PASSWORD.replace(' ', "%20");
    let (port, vhost) = (RABBITMQ.port, RABBITMQ.vhost());
    let text = format!(
        "[store]\nurl = \"{database}\"\n\
         [queue]\nurl = \"amqp://faxmill:{password}@127.0.0.1:{port}/{vhost}\"\n"
    );
    fs::write(file, text).expect("a file");
}
