//! The loop that owns the engine: gather what waits, step, commit, answer, wake the courier.
//!
//! One thread writes. Whatever has arrived by the time it looks goes into one commit group, so a
//! flood costs one flush of the disk per group and not per request.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::clock;
use super::handle::{Done, Handle, Job, WAITING_MAX};
use super::journal::{self, Record};
use super::metrics::Metrics;
use super::silence_log;
use super::store::{Epoch, PageKey, Partition, Seq, Store, StoreError, StoredPage, archive, codec};
use crate::domain::Outcome;
use crate::domain::value::{DeliveryId, Span, Timestamp};
use crate::engine::{Engine, Entry, Input};

/// The partition of a single machine.
pub const PARTITION: Partition = Partition(0);

/// Inputs that go into one commit group at most.
const GROUP_INPUTS_MAX: usize = 512;

/// How long a group waits for company at most.
const LINGER_MAX: Duration = Duration::from_micros(500);

/// How long it sleeps through arrivals when it expects several: each would wake it for itself.
const NAP: Duration = Duration::from_micros(100);

/// The room for a value's text that is kept from one commit to the next, in bytes.
const TEXT_BYTES_KEPT: usize = 4 << 20;

/// How long the loop sleeps at most, so that the watchdog sees it breathe.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Bytes of journal after which a checkpoint is due, so that a restart folds little.
const TAIL_BYTES_MAX: usize = 8 << 20;

/// Bytes of journal that a fact takes, roughly.
const FACT_BYTES: usize = 64;

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

/// When the loop last went round, in milliseconds since the epoch, for the watchdog.
pub type Beat = Arc<AtomicI64>;

/// An input and who waits for it.
type Waiting = (Input, Option<oneshot::Sender<Done>>);

/// The loop, ready to run.
pub struct Driver {
    engine: Arc<RwLock<Engine>>,
    store: Box<dyn Store>,
    epoch: Epoch,
    last: Seq,
    queue: Receiver<Job>,
    courier: mpsc::UnboundedSender<DeliveryId>,
    metrics: Arc<Metrics>,
    beat: Beat,
    tail_bytes: usize,
    checkpoint_at: Timestamp,
    places: Places,
    /// How many inputs the last group had.
    company: usize,
    logs_silences: bool,
    /// Where values are written before they are packed.
    text: Vec<u8>,
}

impl Driver {
    /// Sets the loop up around a restored engine. Deliveries that may leave the house go out
    /// through `courier`.
    pub fn new(
        engine: Engine,
        store: Box<dyn Store>,
        (epoch, last): (Epoch, Seq),
        courier: mpsc::UnboundedSender<DeliveryId>,
        metrics: Arc<Metrics>,
    ) -> (Self, Handle, Beat) {
        let (sender, queue) = sync_channel(WAITING_MAX);
        let engine = Arc::new(RwLock::new(engine));
        let beat = Beat::default();
        let handle = Handle::new(sender, Arc::clone(&engine));
        let driver = Self {
            engine,
            store,
            epoch,
            last,
            queue,
            courier,
            metrics,
            beat: Arc::clone(&beat),
            tail_bytes: 0,
            checkpoint_at: clock::now(),
            places: Places::default(),
            company: 0,
            logs_silences: false,
            text: Vec::new(),
        };
        (driver, handle, beat)
    }

    /// Says how many facts the restart had to fold: their pages are still to be written, however
    /// often the daemon is killed before it has written much of its own.
    #[must_use]
    pub fn with_tail(mut self, facts: usize) -> Self {
        self.tail_bytes = facts.saturating_mul(FACT_BYTES);
        self
    }

    /// Logs what becomes of silences (`--log.silences`).
    #[must_use]
    pub fn with_silence_log(mut self, logs_silences: bool) -> Self {
        self.logs_silences = logs_silences;
        self
    }

    /// Runs until [`Handle::stop`], or until every handle is gone, then writes a last checkpoint.
    ///
    /// # Errors
    /// When the store fails. Nothing that was answered is lost; what was not answered may or may
    /// not have happened, and its senders repeat it.
    pub fn run(mut self) -> Result<(), DriverError> {
        loop {
            self.beat.store(clock::now().0, Ordering::Relaxed);
            let first = match self.queue.recv_timeout(self.patience()) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => Job::Input(Input::Tick, None),
                Err(RecvTimeoutError::Disconnected) => Job::Stop,
            };
            let (inputs, last) = self.gather(first);
            self.turn(inputs)?;
            match last {
                Some(Job::Stop) => return self.checkpoint(),
                Some(Job::Backup(file, answer)) => {
                    let _ = answer.send(self.backup(&file));
                }
                Some(Job::Input(..)) | None => {}
            }
            self.checkpoint_if_due()?;
        }
    }

    /// Takes whatever has arrived, up to the first job that is no input. Under load it waits a
    /// moment for as much company as the last group had: a flush costs more than the wait.
    fn gather(&mut self, first: Job) -> (Vec<Waiting>, Option<Job>) {
        let mut inputs: Vec<Waiting> = Vec::new();
        let mut patience = LINGER_MAX;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Input(input, answer) => inputs.push((input, answer)),
                Job::Backup(..) | Job::Stop => return (inputs, Some(job)),
            }
            if inputs.len() == GROUP_INPUTS_MAX {
                break;
            }
            next = self.queue.try_recv().ok();
            let expected = self.company.saturating_sub(inputs.len());
            if next.is_none() && expected > 0 {
                let watch = clock::Stopwatch::start();
                if expected > 1 && patience == LINGER_MAX {
                    nap();
                }
                next = self.queue.recv_timeout(patience.saturating_sub(watch.duration())).ok();
                patience = patience.saturating_sub(watch.duration());
            }
        }
        self.company = inputs.len();
        (inputs, None)
    }

    fn backup(&self, dir: &Path) -> Result<PathBuf, String> {
        let now = clock::now().rfc3339();
        archive::export_file(&*self.store, PARTITION, dir, &now, &mut |_, _| {})
            .map_err(|error| crate::shell::chain(&error))
    }

    /// How long until something comes due.
    fn patience(&self) -> Duration {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        let Some(due) = engine.next_deadline() else { return SLEEP_MAX };
        due.since(clock::now()).duration().min(SLEEP_MAX)
    }

    /// One commit group: steps all jobs, writes their facts, then answers and releases effects.
    fn turn(&mut self, inputs: Vec<Waiting>) -> Result<(), DriverError> {
        let mut records = Vec::new();
        let mut effects = Vec::new();
        let mut answers = Vec::with_capacity(inputs.len());
        {
            let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
            for (input, answer) in inputs {
                // A clock that was set back must not stop the world: time stands still instead.
                let at = clock::now().max(engine.now());
                let Outcome { facts, effects: sent, reply, tally, suppressed, made } =
                    engine.step(Entry { at, input });
                if !facts.is_empty() {
                    records.push(Record { at, facts });
                }
                effects.extend(sent);
                self.metrics.suppressed(suppressed);
                answers.push((answer, Done { reply, tally, made }));
            }
            // Of two messages decided together the more urgent leaves first.
            let notification = &engine.state().notification;
            effects.sort_by_key(|id| notification.rank(*id));
            self.metrics.set_waiting(notification.waiting());
            self.metrics.set_groups(notification.speaking());
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
        let silences = if self.logs_silences { silence_log::of(&records) } else { Vec::new() };
        let entries = journal::entries(records, &mut self.text);
        self.text.shrink_to(TEXT_BYTES_KEPT);
        let bytes: usize = entries.iter().map(|entry| entry.value.len()).sum();
        let watch = clock::Stopwatch::start();
        self.last = self
            .store
            .append(PARTITION, self.epoch, self.last, &entries)
            .map_err(DriverError::Commit)?;
        self.tail_bytes += bytes;
        self.places.note(at, self.last);
        silences.iter().for_each(silence_log::write);
        self.metrics.committed(facts as u64, watch.seconds(), at);
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
        let watch = clock::Stopwatch::start();
        let names = self.engine.write().unwrap_or_else(PoisonError::into_inner).take_changed();
        let count = names.len() as u64;
        let engine = &self.engine;
        let mut pages = names.into_iter().map(|name| {
            // Page by page under the read lock: nobody else writes, and readers need not wait.
            let engine = engine.read().unwrap_or_else(PoisonError::into_inner);
            let page = engine.state().page(name);
            drop(engine);
            let key = PageKey {
                practice: name.practice.to_owned(),
                table: name.table.to_owned(),
                number: name.number,
            };
            let encode = |records: Vec<u8>| {
                codec::encode_as(codec::Form::MessagePack, journal::SCHEMA, &records)
            };
            let value = page.map(encode);
            StoredPage { key, value }
        });
        self.store
            .checkpoint(PARTITION, self.epoch, self.last, &mut pages)
            .map_err(DriverError::Checkpoint)?;
        self.tail_bytes = 0;
        self.checkpoint_at = clock::now();
        self.metrics.checkpointed(count, watch.seconds());
        Ok(())
    }
}

/// Lets inputs gather without a wake for each.
#[expect(clippy::disallowed_methods, reason = "the loop's own wait, shorter than one flush")]
fn nap() {
    std::thread::sleep(NAP);
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
