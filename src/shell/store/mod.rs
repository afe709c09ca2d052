//! Where facts and pages survive: one trait, one conformance suite, several engines.

use std::ops::ControlFlow;

/// A share of the world that one engine owns. A single machine has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition(pub u16);

/// Counts the owners of a partition: a writer with an old epoch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Appends one group: all of its values or none, durable when it returns. Returns the place of
    /// the last value. `expect` is the last place the writer knows.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another epoch has written; else when the engine failed, after
    /// which nothing is known about the group and the writer must stop.
    fn append(
        &mut self,
        part: Partition,
        epoch: Epoch,
        expect: Seq,
        values: &[Vec<u8>],
        index: &[IndexRow],
    ) -> Result<Seq, StoreError>;

    /// Writes the pages of a checkpoint taken at `upto`; the journal before it is no longer needed
    /// for a restart. All or nothing.
    ///
    /// # Errors
    /// As [`Store::append`].
    fn checkpoint(
        &mut self,
        part: Partition,
        epoch: Epoch,
        upto: Seq,
        pages: &[StoredPage],
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

    /// Visits the journal after `from`, oldest first.
    ///
    /// # Errors
    /// When the engine failed.
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

    /// How many bytes the store takes on disk.
    fn bytes(&self) -> u64;
}
