//! A store in memory for tests: a disk that outlives its writers and fails when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Entry, Epoch, IndexRow, Lease, Misuse, PageKey, Partition, Position, Seq, Store, StoreError,
    StoredPage, check_entry, check_value,
};

/// What the next write meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The write fails and leaves nothing behind.
    Lost,
    /// The write reaches the disk, but its writer is told that it failed.
    Unanswered,
}

/// A disk that several writers, one after the other, open. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Platter>>);

impl Disk {
    /// A blank disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the next append or checkpoint fail.
    pub fn fail_next(&self, fault: Fault) {
        self.platter().fault = Some(fault);
    }

    /// From here on, writes are answered but not kept through a [`Disk::crash`]: a disk that lies.
    pub fn hold_flushes(&self) {
        let mut platter = self.platter();
        platter.flushed = Some(platter.shares.clone());
    }

    /// Ends every writer that has the disk open and forgets what was not flushed.
    pub fn crash(&self) {
        let mut platter = self.platter();
        platter.crashes += 1;
        platter.fault = None;
        if let Some(flushed) = platter.flushed.take() {
            platter.shares = flushed;
        }
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store on a [`Disk`].
#[derive(Debug)]
pub struct MemoryStore {
    disk: Disk,
    /// How many crashes the disk had seen when this writer opened it.
    crashes: u64,
    failed: bool,
}

impl MemoryStore {
    /// Opens a disk, blank or written.
    pub fn open(disk: &Disk) -> Self {
        Self { disk: disk.clone(), crashes: disk.platter().crashes, failed: false }
    }

    /// A store on a disk of its own.
    pub fn blank() -> Self {
        Self::open(&Disk::new())
    }

    fn read<T>(&self, read: impl FnOnce(&Share) -> T, part: Partition) -> Result<T, StoreError> {
        let platter = self.disk.platter();
        if platter.crashes != self.crashes {
            return Err(failure("read the store", Failure::Crashed));
        }
        Ok(read(platter.shares.get(&part).unwrap_or(&Share::default())))
    }

    fn write<T>(
        &mut self,
        attempted: &'static str,
        part: Partition,
        write: impl FnOnce(&mut Share) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut platter = self.disk.platter();
        if self.failed || platter.crashes != self.crashes {
            return Err(failure(attempted, Failure::Crashed));
        }
        let fault = platter.fault.take();
        if fault == Some(Fault::Lost) {
            self.failed = true;
            return Err(failure(attempted, Failure::Injected));
        }
        let written = write(platter.shares.entry(part).or_default())?;
        if fault == Some(Fault::Unanswered) {
            self.failed = true;
            return Err(failure(attempted, Failure::Injected));
        }
        Ok(written)
    }
}

impl Store for MemoryStore {
    fn append(
        &mut self,
        part: Partition,
        epoch: Epoch,
        after: Seq,
        entries: &[Entry],
    ) -> Result<Seq, StoreError> {
        self.write("append to the journal", part, |share| {
            share.position.admit_append(epoch, after)?;
            for entry in entries {
                check_entry(&entry.value, &entry.index)
                    .map_err(|misuse| misused("append to the journal", misuse))?;
            }
            share.start_after(after);
            for entry in entries {
                share.push(&entry.value, &entry.index);
            }
            Ok(share.position.last)
        })
    }

    fn checkpoint(
        &mut self,
        part: Partition,
        epoch: Epoch,
        upto: Seq,
        pages: &mut dyn Iterator<Item = StoredPage>,
    ) -> Result<(), StoreError> {
        let pages: Vec<StoredPage> = pages.collect();
        self.write("take a checkpoint", part, |share| {
            share.position.admit_checkpoint(epoch, upto)?;
            for page in &pages {
                let value = page.value.as_deref().unwrap_or_default();
                page.key
                    .check()
                    .and_then(|()| check_value(value))
                    .map_err(|misuse| misused("take a checkpoint", misuse))?;
            }
            for page in pages {
                match &page.value {
                    Some(value) => share.pages.insert(page.key.clone(), value.clone()),
                    None => share.pages.remove(&page.key),
                };
            }
            share.position.checkpoint = upto;
            Ok(())
        })
    }

    fn pages(
        &self,
        part: Partition,
        visit: &mut dyn FnMut(PageKey, &[u8]) -> ControlFlow<()>,
    ) -> Result<Seq, StoreError> {
        let (pages, upto) =
            self.read(|share| (share.pages.clone(), share.position.checkpoint), part)?;
        let _ = pages.into_iter().try_for_each(|(key, value)| visit(key, &value));
        Ok(upto)
    }

    fn journal(
        &self,
        part: Partition,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.entries(part, from, &mut |seq, entry| visit(seq, &entry.value))
    }

    fn mentions(&self, part: Partition, record: &IndexRow) -> Result<Vec<Seq>, StoreError> {
        let places = |share: &Share| share.index.get(record).cloned().unwrap_or_default();
        Ok(self.read(places, part)?.into_iter().collect())
    }

    fn trim(&mut self, part: Partition, upto: Seq) -> Result<(), StoreError> {
        self.write("trim the journal", part, |share| {
            share.trim(upto);
            Ok(())
        })
    }

    fn acquire(&mut self, part: Partition) -> Result<Lease, StoreError> {
        self.write("take the store over", part, |share| {
            let position = &mut share.position;
            position.epoch.0 += 1;
            Ok(Lease { epoch: position.epoch, last: position.last })
        })
    }

    fn entries(
        &self,
        part: Partition,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let from = Seq(from.0.saturating_add(1));
        let tail = self.read(|share| share.journal.clone().split_off(&from), part)?;
        let _ = tail.iter().try_for_each(|(seq, entry)| visit(*seq, entry));
        Ok(())
    }

    fn index(
        &self,
        part: Partition,
        visit: &mut dyn FnMut(IndexRow, Seq) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let index = self.read(|share| share.index.clone(), part)?;
        let _ = index.into_iter().try_for_each(|(row, places)| {
            places.into_iter().try_for_each(|seq| visit(row.clone(), seq))
        });
        Ok(())
    }

    fn position(&self, part: Partition) -> Result<Position, StoreError> {
        self.read(|share| share.position, part)
    }

    fn uuid(&self) -> &'static str {
        "memory"
    }

    fn bytes(&self) -> u64 {
        let bytes = |share: &Share| {
            let journal: usize = share.journal.values().map(|entry| entry.value.len()).sum();
            journal + share.pages.values().map(Vec::len).sum::<usize>()
        };
        self.disk.platter().shares.values().map(bytes).sum::<usize>() as u64
    }
}

#[derive(Debug, Default)]
struct Platter {
    shares: BTreeMap<Partition, Share>,
    /// What a crash goes back to; nothing when every write is flushed.
    flushed: Option<BTreeMap<Partition, Share>>,
    fault: Option<Fault>,
    crashes: u64,
}

#[derive(Debug, Clone, Default)]
struct Share {
    position: Position,
    journal: BTreeMap<Seq, Entry>,
    pages: BTreeMap<PageKey, Vec<u8>>,
    index: BTreeMap<IndexRow, BTreeSet<Seq>>,
}

impl Share {
    fn start_after(&mut self, after: Seq) {
        if self.position.last == Seq(0) {
            self.position.last = after;
            self.position.trimmed = after;
        }
    }

    fn push(&mut self, value: &[u8], index: &[IndexRow]) {
        let seq = Seq(self.position.last.0 + 1);
        self.position.last = seq;
        for row in index {
            self.index.entry(row.clone()).or_default().insert(seq);
        }
        self.journal.insert(seq, Entry { value: value.to_vec(), index: index.to_vec() });
    }

    fn trim(&mut self, upto: Seq) {
        let upto = self.position.trimmable(upto);
        self.position.trimmed = upto;
        self.journal = self.journal.split_off(&Seq(upto.0.saturating_add(1)));
        self.index.retain(|_, places| {
            *places = places.split_off(&Seq(upto.0.saturating_add(1)));
            !places.is_empty()
        });
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the disk was told to fail")]
    Injected,
    #[error("this writer has failed or its machine has crashed; open the disk again")]
    Crashed,
}

fn failure(attempted: &'static str, failure: Failure) -> StoreError {
    StoreError::engine(attempted, failure)
}

fn misused(attempted: &'static str, misuse: Misuse) -> StoreError {
    StoreError::engine(attempted, misuse)
}
