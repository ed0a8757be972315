//! Wake-ups between processes, instead of a look every moment.
//!
//! A bell is never a promise: listeners also look by themselves once a second, and whatever fails
//! here only makes them later.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::store::sql::folder_bell::FolderRope;

/// Longest time that a listener goes without looking by itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Rings for listeners in every process that hangs on the same rope.
#[derive(Clone)]
pub struct Bell {
    rope: Option<Arc<dyn Rope>>,
}

/// What carries rings from process to process.
pub(super) trait Rope: Send + Sync {
    /// Wakes everybody who listens to `topic`.
    fn ring(&self, topic: &str) -> io::Result<()>;

    /// Sends to `rings` whatever is rung for `topic`, until what it returns is dropped.
    fn listen(
        &self,
        topic: &str,
        rings: watch::Sender<()>,
    ) -> io::Result<Box<dyn Any + Send + Sync>>;
}

impl Bell {
    /// A bell that rings in no other place: its listeners look once a second.
    pub const fn silent() -> Self {
        Self { rope: None }
    }

    /// A bell in a folder, which is made where it does not exist.
    pub fn open(folder: &Path) -> Self {
        match FolderRope::new(folder) {
            Ok(rope) => Self::on(Arc::new(rope)),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "no wake-ups between processes");
                Self::silent()
            }
        }
    }

    pub(super) fn on(rope: Arc<dyn Rope>) -> Self {
        Self { rope: Some(rope) }
    }

    /// Wakes everybody who listens to `topic`.
    pub fn ring(&self, topic: &str) {
        let Some(rope) = &self.rope else { return };
        if let Err(error) = rope.ring(topic) {
            tracing::debug!(topic, %error, "listeners could not be woken");
        }
    }

    /// Listens to `topic` from now on. Must be called in a Tokio runtime.
    pub fn listen(&self, topic: &str) -> Ear {
        let (rings, heard) = watch::channel(());
        let kept = rings.clone();
        let strand = self.rope.as_ref().and_then(|rope| {
            rope.listen(topic, rings)
                .inspect_err(|error| tracing::warn!(topic, %error, "no wake-ups between processes"))
                .ok()
        });
        Ear {
            heard,
            _kept: kept,
            _strand: strand,
        }
    }
}

/// Hears a bell.
pub struct Ear {
    heard: watch::Receiver<()>,
    /// Kept where nobody rings, so that waiting ends by time and not by a closed channel.
    _kept: watch::Sender<()>,
    _strand: Option<Box<dyn Any + Send + Sync>>,
}

impl Ear {
    /// Remembers the present: [`EarMark::wait`] ends at once for a ring after it.
    pub fn mark(&self) -> EarMark {
        let mut heard = self.heard.clone();
        heard.mark_unchanged();
        EarMark { heard }
    }
}

/// A moment from which rings count.
pub struct EarMark {
    heard: watch::Receiver<()>,
}

impl EarMark {
    /// Waits for a ring, at most `longest` and never longer than a second.
    pub async fn wait(&mut self, longest: Duration) -> Waited {
        let longest = longest.min(LOOK_EVERY);
        match timeout(longest, self.heard.changed()).await {
            Ok(Ok(())) => return Waited::Rung,
            Ok(Err(_closed)) => tokio::time::sleep(longest).await,
            Err(_elapsed) => {}
        }
        Waited::InVain
    }
}

/// How a wait for a bell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It rang.
    Rung,
    /// Time is up: look all the same.
    InVain,
}
