//! The loop that owns the engine: gather what waits, step, commit, answer, wake the courier.
//!
//! One thread writes. Whatever has arrived by the time it looks goes into one commit group, so a
//! flood costs one flush of the disk per group and not per request.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::clock;
use super::handle::{Done, Handle, Job, WAITING_MAX};
use super::journal::{self, Record};
use super::store::{
    Epoch, IndexRow, PageKey, Partition, Seq, Store, StoreError, StoredPage, codec,
};
use crate::domain::Outcome;
use crate::domain::value::{DeliveryId, Span, Timestamp};
use crate::engine::{Engine, Entry, Input};

/// The partition of a single machine.
pub const PARTITION: Partition = Partition(0);

/// Inputs that go into one commit group at most.
const GROUP_INPUTS_MAX: usize = 512;

/// How long the loop sleeps at most, so that the watchdog sees it breathe.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Bytes of journal after which a checkpoint is due, so that a restart folds little.
const TAIL_BYTES_MAX: usize = 8 << 20;

/// Time after which a checkpoint is due if anything was written at all.
const TAIL_AGE_MAX: Span = Span::minutes(5);

/// How long the history is kept for replay and audit.
const JOURNAL_AGE_MAX: Span = Span::days(90);

/// Why the loop ended.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// A commit failed. Nothing is known about the group; senders got no answer and repeat.
    #[error("failed to commit; the daemon must start again")]
    Commit(#[source] StoreError),
    /// A checkpoint failed.
    #[error("failed to write a checkpoint; the daemon must start again")]
    Checkpoint(#[source] StoreError),
}

/// Numbers about the loop, for metrics and the watchdog.
#[derive(Debug, Default)]
pub struct Pulse {
    /// When the loop last went round, in milliseconds since the epoch.
    pub beat_ms: AtomicI64,
    /// Commit groups written.
    pub commits: AtomicI64,
    /// Facts written.
    pub facts: AtomicI64,
    /// Bytes of journal written.
    pub bytes: AtomicI64,
    /// Checkpoints written.
    pub checkpoints: AtomicI64,
}

/// The loop, ready to run.
pub struct Driver {
    engine: Arc<RwLock<Engine>>,
    store: Box<dyn Store>,
    epoch: Epoch,
    last: Seq,
    queue: Receiver<Job>,
    courier: mpsc::UnboundedSender<DeliveryId>,
    pulse: Arc<Pulse>,
    tail_bytes: usize,
    checkpoint_at: Timestamp,
    places: Places,
}

impl Driver {
    /// Sets the loop up around a restored engine. Deliveries that may leave the house go out
    /// through `courier`.
    pub fn new(
        engine: Engine,
        store: Box<dyn Store>,
        (epoch, last): (Epoch, Seq),
        courier: mpsc::UnboundedSender<DeliveryId>,
    ) -> (Self, Handle, Arc<Pulse>) {
        let (sender, queue) = sync_channel(WAITING_MAX);
        let engine = Arc::new(RwLock::new(engine));
        let pulse = Arc::new(Pulse::default());
        let handle = Handle::new(sender, Arc::clone(&engine));
        let driver = Self {
            engine,
            store,
            epoch,
            last,
            queue,
            courier,
            pulse: Arc::clone(&pulse),
            tail_bytes: 0,
            checkpoint_at: clock::now(),
            places: Places::default(),
        };
        (driver, handle, pulse)
    }

    /// Runs until every [`Handle`] is gone, then writes a last checkpoint.
    ///
    /// # Errors
    /// When the store fails. Nothing that was answered is lost; what was not answered may or may
    /// not have happened, and its senders repeat it.
    pub fn run(mut self) -> Result<(), DriverError> {
        loop {
            self.pulse.beat_ms.store(clock::now().0, Ordering::Relaxed);
            let jobs = match self.queue.recv_timeout(self.patience()) {
                Ok(first) => self.gather(first),
                Err(RecvTimeoutError::Timeout) => vec![Job { input: Input::Tick, answer: None }],
                Err(RecvTimeoutError::Disconnected) => break,
            };
            self.turn(jobs)?;
            self.checkpoint_if_due()?;
        }
        self.checkpoint()
    }

    /// How long until something comes due.
    fn patience(&self) -> Duration {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        let Some(due) = engine.next_deadline() else { return SLEEP_MAX };
        due.since(clock::now()).duration().min(SLEEP_MAX)
    }

    fn gather(&self, first: Job) -> Vec<Job> {
        let more = std::iter::from_fn(|| self.queue.try_recv().ok());
        std::iter::once(first).chain(more.take(GROUP_INPUTS_MAX - 1)).collect()
    }

    /// One commit group: steps all jobs, writes their facts, then answers and releases effects.
    fn turn(&mut self, jobs: Vec<Job>) -> Result<(), DriverError> {
        let mut records = Vec::new();
        let mut effects = Vec::new();
        let mut answers: Vec<(Option<oneshot::Sender<Done>>, Done)> =
            Vec::with_capacity(jobs.len());
        {
            let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
            for job in jobs {
                // A clock that was set back must not stop the world: time stands still instead.
                let at = clock::now().max(engine.now());
                let Outcome { facts, effects: sent, reply, tally } =
                    engine.step(Entry { at, input: job.input });
                if !facts.is_empty() {
                    records.push(Record { at, facts });
                }
                effects.extend(sent);
                answers.push((job.answer, Done { reply, tally }));
            }
        }
        self.commit(records)?;
        for (answer, done) in answers {
            if let Some(answer) = answer {
                // Whoever asked may have hung up; the facts stand all the same.
                let _ = answer.send(done);
            }
        }
        for delivery in effects {
            let _ = self.courier.send(delivery);
        }
        Ok(())
    }

    fn commit(&mut self, records: Vec<Record>) -> Result<(), DriverError> {
        if records.is_empty() {
            return Ok(());
        }
        let facts: usize = records.iter().map(|record| record.facts.len()).sum();
        let at = records[0].at;
        let groups = journal::pack(records);
        let index: Vec<IndexRow> = groups
            .iter()
            .flat_map(|group| journal::subjects(group))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(IndexRow)
            .collect();
        let values: Vec<Vec<u8>> = groups
            .iter()
            .map(|group| codec::encode(journal::SCHEMA, &journal::write(group)))
            .collect();
        let bytes: usize = values.iter().map(Vec::len).sum();
        self.last = self
            .store
            .append(PARTITION, self.epoch, self.last, &values, &index)
            .map_err(DriverError::Commit)?;
        self.tail_bytes += bytes;
        self.places.note(at, self.last);
        let count = |counter: &AtomicI64, n: usize| {
            counter.fetch_add(i64::try_from(n).unwrap_or(i64::MAX), Ordering::Relaxed);
        };
        count(&self.pulse.commits, 1);
        count(&self.pulse.facts, facts);
        count(&self.pulse.bytes, bytes);
        Ok(())
    }

    fn checkpoint_if_due(&mut self) -> Result<(), DriverError> {
        let now = clock::now();
        let aged = self.tail_bytes > 0 && now >= self.checkpoint_at + TAIL_AGE_MAX;
        if self.tail_bytes < TAIL_BYTES_MAX && !aged {
            return Ok(());
        }
        self.checkpoint()?;
        if let Some(upto) = self.places.before(now - JOURNAL_AGE_MAX) {
            self.store.trim(PARTITION, upto).map_err(DriverError::Checkpoint)?;
        }
        Ok(())
    }

    /// Writes the pages that have changed, so that a restart need not fold the journal behind them.
    fn checkpoint(&mut self) -> Result<(), DriverError> {
        let pages = {
            let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
            engine.take_pages()
        };
        let mut stored = Vec::with_capacity(pages.len());
        for page in pages {
            let key = PageKey {
                practice: page.practice.to_owned(),
                table: page.table.to_owned(),
                number: page.number,
            };
            let value = page.records.map(|records| codec::encode(journal::SCHEMA, &records));
            stored.push(StoredPage { key, value });
        }
        self.store
            .checkpoint(PARTITION, self.epoch, self.last, &stored)
            .map_err(DriverError::Checkpoint)?;
        self.tail_bytes = 0;
        self.checkpoint_at = clock::now();
        self.pulse.checkpoints.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Which place the journal had reached by which hour, to trim it by age.
#[derive(Debug, Default)]
struct Places(std::collections::VecDeque<(Timestamp, Seq)>);

impl Places {
    fn note(&mut self, at: Timestamp, seq: Seq) {
        match self.0.back_mut() {
            Some((hour, last)) if at < *hour + Span::hours(1) => *last = seq,
            _ => self.0.push_back((at, seq)),
        }
    }

    fn before(&mut self, age: Timestamp) -> Option<Seq> {
        let mut upto = None;
        while self.0.front().is_some_and(|(at, _)| *at + Span::hours(1) < age) {
            upto = self.0.pop_front().map(|(_, seq)| seq);
        }
        upto
    }
}
