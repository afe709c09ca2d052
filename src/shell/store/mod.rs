//! Where facts and pages survive: one trait, one conformance suite, several engines.

pub mod archive;
pub mod codec;
pub mod fsck;
pub mod memory;
mod readable;
pub mod sled_store;

use std::ops::ControlFlow;

/// A share of the world that one engine owns. A single machine has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition(pub u16);

/// Counts the owners of a partition: a writer with an old epoch is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// The place of a value in the journal of its partition; the first is 1, 0 means "before any".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub u64);

/// Names a page: practice, table, number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageKey {
    /// The practice's name.
    pub practice: String,
    /// The table's name.
    pub table: String,
    /// The page's number.
    pub number: u64,
}

/// A page to write; nothing in it means that it is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPage {
    /// Which.
    pub key: PageKey,
    /// Its encoded records.
    pub value: Option<Vec<u8>>,
}

/// Says that a journal value speaks of a record: `INC-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexRow(pub String);

/// A journal value together with the records it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The encoded value.
    pub value: Vec<u8>,
    /// The records it speaks of.
    pub index: Vec<IndexRow>,
}

/// Where a partition stands. A partition that was never written stands at nothing but zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The owner's epoch; 0 when nobody has ever owned it.
    pub epoch: Epoch,
    /// The journal is kept after this place.
    pub trimmed: Seq,
    /// The place of the newest checkpoint.
    pub checkpoint: Seq,
    /// The last place in the journal.
    pub last: Seq,
}

/// The right to write a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The epoch to write with.
    pub epoch: Epoch,
    /// The last value in the journal.
    pub last: Seq,
}

/// What can go wrong. `Fenced` means that another owner has written; everything else is the disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another epoch has taken the partition, or the journal is not where the writer thought.
    #[error("the store belongs to another writer (epoch {ours} is not the newest)")]
    Fenced {
        /// The epoch that was refused.
        ours: u64,
    },
    /// The engine failed.
    #[error("failed to {attempted}")]
    Engine {
        /// What was attempted: `append to the journal`.
        attempted: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A durable journal with pages. Blocking; one writer thread calls it. Values are opaque here.
pub trait Store: Send {
    /// Appends one group: all of its entries or none, durable when it returns. Returns the place of
    /// the last one. `after` is the last place the writer knows; in an empty partition it says which
    /// place they follow, so that a journal whose head was trimmed keeps its places.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another epoch has written; else when the engine failed, after
    /// which nothing is known about the group and the writer must stop.
    fn append(
        &mut self,
        part: Partition,
        epoch: Epoch,
        after: Seq,
        entries: &[Entry],
    ) -> Result<Seq, StoreError>;

    /// Writes the pages of a checkpoint taken at `upto`; the journal before it is no longer needed
    /// for a restart. Pages of earlier checkpoints that are not named stay. All or nothing. The pages
    /// are taken one by one, so that not all of them need be in memory.
    ///
    /// # Errors
    /// As [`Store::append`]; also when `upto` is before the newest checkpoint or after the journal.
    fn checkpoint(
        &mut self,
        part: Partition,
        epoch: Epoch,
        upto: Seq,
        pages: &mut dyn Iterator<Item = StoredPage>,
    ) -> Result<(), StoreError>;

    /// Visits every page of the newest checkpoint and returns the place it was taken at.
    ///
    /// # Errors
    /// When the engine failed.
    fn pages(
        &self,
        part: Partition,
        visit: &mut dyn FnMut(PageKey, &[u8]) -> ControlFlow<()>,
    ) -> Result<Seq, StoreError>;

    /// Visits the journal after `from`, oldest first. A trimmed journal starts later.
    ///
    /// # Errors
    /// When the engine failed, or when a place is missing.
    fn journal(
        &self,
        part: Partition,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The places of the journal that speak of a record, oldest first.
    ///
    /// # Errors
    /// When the engine failed.
    fn mentions(&self, part: Partition, record: &IndexRow) -> Result<Vec<Seq>, StoreError>;

    /// Removes the journal up to and including `upto`, but never what a restart needs.
    ///
    /// # Errors
    /// When the engine failed.
    fn trim(&mut self, part: Partition, upto: Seq) -> Result<(), StoreError>;

    /// Takes the partition over: the next epoch.
    ///
    /// # Errors
    /// When the engine failed.
    fn acquire(&mut self, part: Partition) -> Result<Lease, StoreError>;

    /// As [`Store::journal`], each value with the records it speaks of.
    ///
    /// # Errors
    /// As [`Store::journal`].
    fn entries(
        &self,
        part: Partition,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Visits every index row, in the order of records and places.
    ///
    /// # Errors
    /// When the engine failed.
    fn index(
        &self,
        part: Partition,
        visit: &mut dyn FnMut(IndexRow, Seq) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Where the partition stands, without taking it over.
    ///
    /// # Errors
    /// When the engine failed.
    fn position(&self, part: Partition) -> Result<Position, StoreError>;

    /// Tells this store from every other one; it is written once, when the store is created.
    fn uuid(&self) -> &str;

    /// How many bytes the store takes on disk.
    fn bytes(&self) -> u64;
}

/// The longest journal value or page. The engine writes groups and pages far below it.
pub const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The longest practice, table or record name.
pub const NAME_BYTES_MAX: usize = 200;

/// The most index rows of one journal value.
pub const ROWS_MAX: usize = 10_000;

/// A call that no correct writer makes.
#[derive(Debug, thiserror::Error)]
enum Misuse {
    #[error("place {upto} is before the newest checkpoint at {checkpoint}")]
    OldCheckpoint { upto: u64, checkpoint: u64 },
    #[error("place {upto} is after the end of the journal at {last}")]
    EarlyCheckpoint { upto: u64, last: u64 },
    #[error("a value of {bytes} bytes is over the limit of {VALUE_BYTES_MAX}")]
    LongValue { bytes: usize },
    #[error("the name `{name}` is empty, has a `/`, or is over {NAME_BYTES_MAX} bytes")]
    Name { name: String },
    #[error("{rows} index rows for one value are over the limit of {ROWS_MAX}")]
    Rows { rows: usize },
    #[error("place {0} is missing")]
    Gap(u64),
}

impl StoreError {
    fn engine(
        attempted: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Engine { attempted, source: source.into() }
    }
}

impl Position {
    /// Says whether a writer with `epoch` may write.
    fn admit(&self, epoch: Epoch) -> Result<(), StoreError> {
        if epoch != self.epoch || epoch == Epoch(0) {
            return Err(StoreError::Fenced { ours: epoch.0 });
        }
        Ok(())
    }

    /// Says whether entries may follow on `after`: only an empty partition leaves the choice to the
    /// writer.
    fn admit_append(&self, epoch: Epoch, after: Seq) -> Result<(), StoreError> {
        self.admit(epoch)?;
        if self.last != Seq(0) && self.last != after {
            return Err(StoreError::Fenced { ours: epoch.0 });
        }
        Ok(())
    }

    fn admit_checkpoint(&self, epoch: Epoch, upto: Seq) -> Result<(), StoreError> {
        self.admit(epoch)?;
        let misuse = if upto < self.checkpoint {
            Misuse::OldCheckpoint { upto: upto.0, checkpoint: self.checkpoint.0 }
        } else if upto > self.last {
            Misuse::EarlyCheckpoint { upto: upto.0, last: self.last.0 }
        } else {
            return Ok(());
        };
        Err(StoreError::engine("take a checkpoint", misuse))
    }

    /// How far a trim may go: a restart needs everything after the checkpoint.
    fn trimmable(&self, upto: Seq) -> Seq {
        upto.min(self.checkpoint).max(self.trimmed)
    }
}

impl PageKey {
    fn check(&self) -> Result<(), Misuse> {
        check_name(&self.practice)?;
        check_name(&self.table)
    }
}

fn check_name(name: &str) -> Result<(), Misuse> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains('/') {
        return Err(Misuse::Name { name: name.to_owned() });
    }
    Ok(())
}

fn check_entry(value: &[u8], index: &[IndexRow]) -> Result<(), Misuse> {
    check_value(value)?;
    if index.len() > ROWS_MAX {
        return Err(Misuse::Rows { rows: index.len() });
    }
    index.iter().try_for_each(|row| check_name(&row.0))
}

fn check_value(value: &[u8]) -> Result<(), Misuse> {
    if value.len() > VALUE_BYTES_MAX {
        return Err(Misuse::LongValue { bytes: value.len() });
    }
    Ok(())
}
