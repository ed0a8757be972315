//! Queues in the job store's own database: no other server to run.
//!
//! A message handed out is hidden for a while, and is handed out again unless it is settled by
//! then. Receivers are woken by a bell across processes, and look once a second besides.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::job::Stage;
use crate::queue::{Delivery, Message, Queue, QueueError, Requeue, Settled};
use crate::store::StoreError;
use crate::store::sql::{Database, Durability, Ear, EarMark};

/// How the embedded queue behaves.
#[derive(Clone, Copy, Debug)]
pub struct QueueOptions {
    /// How long a message that was handed out stays hidden.
    pub visibility: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            visibility: Duration::from_secs(30),
        }
    }
}

/// A [`Queue`] in the job store's database.
pub struct EmbeddedQueue {
    database: Arc<Database>,
    options: QueueOptions,
    ears: Mutex<HashMap<Stage, Ear>>,
}

impl EmbeddedQueue {
    /// Queues in an open database: [`SqlStore::database`](crate::store::SqlStore::database).
    pub fn new(database: Arc<Database>, options: QueueOptions) -> Self {
        Self {
            database,
            options,
            ears: Mutex::default(),
        }
    }

    /// Remembers the present for a later wait.
    fn mark(&self, queue: Stage) -> EarMark {
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        let listen = || self.database.bell().listen(queue.name());
        ears.entry(queue).or_insert_with(listen).mark()
    }

    /// Takes the first message that is due, if there is one.
    async fn take(&self, queue: Stage) -> Result<Option<Delivery>, StoreError> {
        let now = now_ms();
        // A look without the write lock first: most looks find nothing.
        let due = "SELECT id FROM queue_messages WHERE queue = $1 AND visible_at <= $2 LIMIT 1";
        let any = sqlx::query(due)
            .bind(queue.name())
            .bind(now)
            .fetch_optional(&self.database.readers())
            .await?;
        if any.is_none() {
            return Ok(None);
        }
        let mut statement = self.database.statement(Durability::Process).await?;
        let row = sqlx::query(AssertSqlSafe(format!(
            "UPDATE queue_messages SET held = 1, visible_at = $1, receipt = receipt + 1, \
             deliveries = deliveries + 1 WHERE id = (SELECT id FROM queue_messages \
             WHERE queue = $2 AND visible_at <= $3 ORDER BY visible_at, id LIMIT 1{}) \
             RETURNING id, job_id, attempt, receipt, deliveries",
            self.database.engine().for_one_taker()
        )))
        .bind(now.saturating_add(millis(self.options.visibility)))
        .bind(queue.name())
        .bind(now)
        .fetch_optional(statement.connection())
        .await?;
        row.map(|row| delivery(queue, &row)).transpose()
    }

    /// How long until the next message is due, at most `longest`.
    async fn until_due(&self, queue: Stage, longest: Duration) -> Result<Duration, StoreError> {
        let row = sqlx::query("SELECT MIN(visible_at) FROM queue_messages WHERE queue = $1")
            .bind(queue.name())
            .fetch_one(&self.database.readers())
            .await?;
        let next: Option<i64> = row.try_get(0)?;
        let wait_ms = next.map(|at| at.saturating_sub(now_ms()).max(1).unsigned_abs());
        Ok(wait_ms.map_or(longest, |ms| longest.min(Duration::from_millis(ms))))
    }

    /// Runs a statement that settles a delivery, unless the delivery is late.
    async fn settle(
        &self,
        sql: &'static str,
        delivery: &Delivery,
        visible_at: Option<i64>,
    ) -> Result<Settled, QueueError> {
        let mut statement = self.database.statement(Durability::Process).await?;
        let mut query = sqlx::query(sql).bind(delivery.tag).bind(delivery.receipt);
        if let Some(visible_at) = visible_at {
            query = query.bind(visible_at);
        }
        let settled = query
            .execute(statement.connection())
            .await
            .map_err(StoreError::from)?;
        Ok(if settled.rows_affected() == 0 {
            Settled::Late
        } else {
            Settled::Done
        })
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    /// They lie in a database that is open.
    async fn ready(&self) -> Result<(), QueueError> {
        Ok(())
    }

    async fn publish(
        &self,
        queue: Stage,
        message: Message,
        delay: Option<Duration>,
    ) -> Result<(), QueueError> {
        let visible_at = now_ms().saturating_add(delay.map_or(0, millis));
        let mut statement = self.database.statement(Durability::Process).await?;
        publish(statement.connection(), queue, message, visible_at).await?;
        drop(statement);
        self.database.bell().ring(queue.name());
        Ok(())
    }

    async fn publish_batch(&self, messages: &[(Stage, Message)]) -> Result<(), QueueError> {
        let mut transaction = self.database.write(Durability::Process).await?;
        for (queue, message) in messages {
            publish(transaction.connection(), *queue, *message, now_ms()).await?;
        }
        transaction.commit().await?;
        let queues: HashSet<Stage> = messages.iter().map(|(queue, _)| *queue).collect();
        for queue in queues {
            self.database.bell().ring(queue.name());
        }
        Ok(())
    }

    async fn receive(&self, queue: Stage, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        let started = Instant::now();
        loop {
            let mut mark = self.mark(queue);
            if let Some(delivery) = self.take(queue).await? {
                return Ok(Some(delivery));
            }
            let left = wait.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let longest = self.until_due(queue, left).await?;
            mark.wait(longest).await;
        }
    }

    async fn ack(&self, delivery: &Delivery) -> Result<Settled, QueueError> {
        let sql = "DELETE FROM queue_messages WHERE id = $1 AND receipt = $2";
        self.settle(sql, delivery, None).await
    }

    async fn nack(&self, delivery: &Delivery, requeue: Requeue) -> Result<Settled, QueueError> {
        let Requeue::After(delay) = requeue else {
            // There is nothing to park: a message here is a row that we wrote.
            return self.ack(delivery).await;
        };
        let sql = "UPDATE queue_messages SET held = 0, visible_at = $3, receipt = receipt + 1 \
                   WHERE id = $1 AND receipt = $2";
        let visible_at = now_ms().saturating_add(millis(delay));
        let settled = self.settle(sql, delivery, Some(visible_at)).await?;
        self.database.bell().ring(delivery.queue.name());
        Ok(settled)
    }

    async fn depth(&self, queue: Stage) -> Result<u64, QueueError> {
        let row = sqlx::query("SELECT COUNT(*) FROM queue_messages WHERE queue = $1")
            .bind(queue.name())
            .fetch_one(&self.database.readers())
            .await
            .map_err(StoreError::from)?;
        Ok(row
            .try_get::<i64, _>(0)
            .map_err(StoreError::from)?
            .unsigned_abs())
    }

    async fn oldest(&self, queue: Stage) -> Result<Option<Duration>, QueueError> {
        let sql = "SELECT MIN(visible_at) FROM queue_messages WHERE queue = $1 AND held = 0";
        let row = sqlx::query(sql)
            .bind(queue.name())
            .fetch_one(&self.database.readers())
            .await
            .map_err(StoreError::from)?;
        let due: Option<i64> = row.try_get(0).map_err(StoreError::from)?;
        let waited_ms = due.map(|due| now_ms().saturating_sub(due));
        Ok(waited_ms
            .filter(|ms| *ms >= 0)
            .map(|ms| Duration::from_millis(ms.unsigned_abs())))
    }
}

/// Adds a message that is due at a moment. One that nobody has taken yet, due as soon, wakes as
/// well as another would.
///
/// The sign before `visible_at` keeps it from being looked up by the order of turns, in which a
/// long queue would be read through for each message.
async fn publish(
    connection: &mut AnyConnection,
    queue: Stage,
    message: Message,
    visible_at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO queue_messages (queue, job_id, attempt, visible_at, held, receipt, \
         deliveries) SELECT $1, $2, $3, $4, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM \
         queue_messages WHERE queue = $1 AND job_id = $2 AND attempt = $3 AND held = 0 \
         AND +visible_at <= $4)",
    )
    .bind(queue.name())
    .bind(message.job_id.to_string())
    .bind(i64::from(message.attempt))
    .bind(visible_at)
    .execute(connection)
    .await?;
    Ok(())
}

fn delivery(queue: Stage, row: &AnyRow) -> Result<Delivery, StoreError> {
    let corrupt = |error: crate::job::JobIdError| StoreError::Corrupt {
        why: error.to_string(),
    };
    let job_id: String = row.try_get(1)?;
    Ok(Delivery {
        message: Message {
            job_id: job_id.parse().map_err(corrupt)?,
            attempt: row.try_get::<i64, _>(2)? as u32,
        },
        queue,
        deliveries: row.try_get::<i64, _>(4)? as u32,
        tag: row.try_get(0)?,
        receipt: row.try_get(3)?,
    })
}

fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
