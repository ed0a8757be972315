//! What may pass is tried again: here, and nowhere above.

use std::time::Duration;

use tokio::time::Instant;

use super::ArtifactError;

const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How long an operation is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    budget: Duration,
}

impl Patience {
    /// A disk does not get better by asking again at once; the job's own retries wait longer.
    pub(super) const NONE: Self = Self {
        budget: Duration::ZERO,
    };

    pub(super) fn of(budget: Duration) -> Self {
        Self { budget }
    }

    /// Runs `operation`, and again after a transient error as long as the time lasts. What it
    /// does must come to the same when it is done twice.
    pub(super) async fn persist<T, F>(
        self,
        name: &str,
        mut operation: impl FnMut() -> F,
    ) -> Result<T, ArtifactError>
    where
        F: Future<Output = Result<T, ArtifactError>>,
    {
        let give_up = Instant::now() + self.budget;
        let mut pause = PAUSE_MIN;
        loop {
            let error = match operation().await {
                Err(error) if error.is_transient() => error,
                outcome => return outcome,
            };
            // Between a half and the whole, so that workers do not come back all at once.
            let spread = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            if Instant::now() + spread >= give_up {
                return Err(error);
            }
            tracing::warn!(artifact.key = name, %error, "the artifact store is tried again");
            tokio::time::sleep(spread).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
