//! What everybody else holds of the engine: hand something in, look something up.

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::oneshot;

use crate::domain::{Refusal, Tally};
use crate::engine::{Engine, Input};

/// Inputs that may wait for the writer. Beyond them the asker is told to come back later.
pub const WAITING_MAX: usize = 4_096;

/// A way to the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    queue: SyncSender<Job>,
    engine: Arc<RwLock<Engine>>,
}

/// Something for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Step the engine and commit; somebody may wait for that.
    Input(Input, Option<oneshot::Sender<Done>>),
    /// Write everything to a file in a directory.
    Backup(PathBuf, oneshot::Sender<Result<PathBuf, String>>),
    /// Write a checkpoint and end.
    Stop,
}

/// What became of an input. Its facts are on disk.
#[derive(Debug)]
pub struct Done {
    /// What the asker is told.
    pub reply: Result<(), Refusal>,
    /// What became of events.
    pub tally: Tally,
    /// The record that a command was about in the end, where it says so: it may be a new one.
    pub made: Option<String>,
}

/// Why an input was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Too much is waiting already: HTTP 503 with `Retry-After`.
    #[error("too many requests are waiting to be written; try again in a second")]
    Overloaded,
    /// The daemon is going down, or its store has failed: HTTP 503.
    #[error("the daemon is stopping; try again in a few seconds")]
    Stopping,
}

impl Handle {
    pub(super) fn new(queue: SyncSender<Job>, engine: Arc<RwLock<Engine>>) -> Self {
        Self { queue, engine }
    }

    /// Hands something in and waits until its facts are on disk.
    ///
    /// # Errors
    /// When it was not taken; nothing of it has happened then, or nothing is known about it
    /// ([`NotTaken::Stopping`]).
    pub async fn submit(&self, input: Input) -> Result<Done, NotTaken> {
        let (answer, done) = oneshot::channel();
        self.push(Job::Input(input, Some(answer)))?;
        done.await.map_err(|_| NotTaken::Stopping)
    }

    /// Hands something in that nobody waits for.
    ///
    /// # Errors
    /// As [`Handle::submit`].
    pub fn post(&self, input: Input) -> Result<(), NotTaken> {
        self.push(Job::Input(input, None))
    }

    /// Writes everything to a file in a directory; the writer does nothing else meanwhile. Returns
    /// the file.
    ///
    /// # Errors
    /// Says what failed.
    pub async fn backup(&self, dir: PathBuf) -> Result<PathBuf, String> {
        let (answer, done) = oneshot::channel();
        self.push(Job::Backup(dir, answer)).map_err(|error| error.to_string())?;
        done.await.unwrap_or_else(|_| Err(NotTaken::Stopping.to_string()))
    }

    /// Tells the writer to end once it has done what waits before this.
    pub fn stop(&self) {
        // A full queue only means that there is work to be done first.
        let _ = self.queue.send(Job::Stop);
    }

    fn push(&self, job: Job) -> Result<(), NotTaken> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => NotTaken::Overloaded,
            TrySendError::Disconnected(_) => NotTaken::Stopping,
        })
    }

    /// Looks something up. Keep it short: the writer waits meanwhile. Who wants a hundred thousand
    /// alerts takes some thousand at a time and renders them outside.
    pub fn read<T>(&self, look: impl FnOnce(&Engine) -> T) -> T {
        look(&self.engine.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A handle on an engine that a thread of the test's own drives: what is handed in is done at once
/// and nothing is stored.
#[cfg(test)]
pub(crate) fn loopback(mut engine: Engine) -> Handle {
    use crate::domain::Outcome;
    use crate::engine::Entry;
    use crate::shell::clock;

    let (queue, jobs) = std::sync::mpsc::sync_channel::<Job>(WAITING_MAX);
    let _ = engine
        .step(Entry { at: clock::now(), input: Input::Started(Arc::clone(engine.settings())) });
    let engine = Arc::new(RwLock::new(engine));
    let handle = Handle::new(queue, Arc::clone(&engine));
    std::thread::spawn(move || {
        for job in jobs {
            let Job::Input(input, answer) = job else { return };
            let mut engine = engine.write().unwrap();
            let at = engine.now().max(clock::now());
            let outcome = engine.step(Entry { at, input });
            drop(engine);
            let Some(answer) = answer else { continue };
            let Outcome { reply, tally, made, .. } = outcome;
            let _ = answer.send(Done { reply, tally, made });
        }
    });
    handle
}
