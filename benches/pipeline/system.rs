//! A job store, a queue and artifacts, empty.

use std::sync::Arc;

use faxmill::config::Config;
use faxmill::pipeline::Context;
use faxmill::store::SqlStore;
use faxmill::store::sql::SqliteOptions;

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
    pub(crate) pair: Pair,
    pub(crate) config: Config,
    pub(crate) context: Arc<Context>,
    _folder: tempfile::TempDir,
}

impl System {
    pub(crate) async fn start(pair: Pair) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config =
            Config::load(None, Some(&folder.path().join("data"))).expect("a configuration");
        let context = Context::open(config.clone(), "bench")
            .await
            .expect("it opens");
        Self {
            pair,
            config,
            context: Arc::new(context),
            _folder: folder,
        }
    }

    /// The store itself, beside the one that the context holds.
    pub(crate) async fn store(&self) -> SqlStore {
        let options = SqliteOptions::new(self.config.database());
        SqlStore::open(&options).await.expect("it opens")
    }

    /// Messages for the jobs of a backlog.
    pub(crate) async fn queue_backlog(&self, store: &SqlStore, numbers: &str, id: &str) {
        match self.pair {
            Pair::Embedded => crate::backlog::fill_queue(store, numbers, id).await,
            Pair::Cluster => {}
        }
    }
}
