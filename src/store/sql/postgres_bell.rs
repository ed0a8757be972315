//! A bell between all processes on one `PostgreSQL` database: its notifications.
//!
//! Rings are gathered for a moment: under load one notification wakes for many changes, and the
//! server's single queue of notifications does not hold up their commits.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::AnyPool;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use crate::store::sql::bell::{Bell, Rope};
use crate::store::sql::postgres::{self, PostgresOptions};

const CHANNEL: &str = "faxmill";
/// How long further rings are gathered after a notification went out.
const GATHER: Duration = Duration::from_millis(2);
const RECONNECT_MAX: Duration = Duration::from_secs(5);

/// Those who listen in this process, by topic.
type Listeners = Arc<Mutex<HashMap<String, watch::Sender<()>>>>;

struct PostgresRope {
    listeners: Listeners,
    rings: mpsc::UnboundedSender<String>,
    tasks: [AbortHandle; 2],
}

/// A bell on the notifications of a database. Must be called in a Tokio runtime.
pub(super) fn open(options: &PostgresOptions, pool: AnyPool) -> Bell {
    let listeners = Listeners::default();
    let (rings, rung) = mpsc::unbounded_channel();
    let hear = tokio::spawn(hear(options.clone(), Arc::clone(&listeners)));
    let notify = tokio::spawn(notify(pool, rung));
    Bell::on(Arc::new(PostgresRope {
        listeners,
        rings,
        tasks: [hear.abort_handle(), notify.abort_handle()],
    }))
}

impl Rope for PostgresRope {
    fn ring(&self, topic: &str) -> io::Result<()> {
        wake(&self.listeners, topic);
        // The receiving task ends with this rope, never before it.
        self.rings
            .send(topic.to_owned())
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn listen(
        &self,
        topic: &str,
        rings: watch::Sender<()>,
    ) -> io::Result<Box<dyn Any + Send + Sync>> {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let shared = listeners
            .entry(topic.to_owned())
            .or_insert_with(|| watch::channel(()).0);
        let mut heard = shared.subscribe();
        let task = tokio::spawn(async move {
            while heard.changed().await.is_ok() {
                rings.send_replace(());
            }
        });
        Ok(Box::new(AbortOnDrop(task.abort_handle())))
    }
}

impl Drop for PostgresRope {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn wake(listeners: &Listeners, topic: &str) {
    let listeners = listeners.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(rings) = listeners.get(topic) {
        rings.send_replace(());
    }
}

async fn hear(options: PostgresOptions, listeners: Listeners) {
    let mut pause = Duration::from_millis(100);
    loop {
        if let Err(error) = hear_until_cut(&options, &listeners, &mut pause).await {
            tracing::debug!(%error, "notifications of the job store are not heard");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT_MAX);
    }
}

async fn hear_until_cut(
    options: &PostgresOptions,
    listeners: &Listeners,
    pause: &mut Duration,
) -> Result<(), sqlx::Error> {
    let mut listener = postgres::listener(options).await?;
    listener.listen(CHANNEL).await?;
    *pause = Duration::from_millis(100);
    while let Some(notification) = listener.try_recv().await? {
        wake(listeners, notification.payload());
    }
    Ok(())
}

async fn notify(pool: AnyPool, mut rung: mpsc::UnboundedReceiver<String>) {
    while let Some(first) = rung.recv().await {
        let mut topics = HashSet::from([first]);
        while let Ok(topic) = rung.try_recv() {
            topics.insert(topic);
        }
        for topic in topics {
            let sent = sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(topic)
                .execute(&pool)
                .await;
            if let Err(error) = sent {
                tracing::debug!(%error, "listeners could not be notified");
            }
        }
        tokio::time::sleep(GATHER).await;
    }
}
