//! The store on sled: one tree, one batch per call, on the disk before the call returns.

mod ahead;
mod chunks;
mod keys;
mod open;
mod recovery;
mod staging;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::ops::ControlFlow;

use sled::Db;

use self::ahead::{Changes, Log};
use self::chunks::{Damage, Joined, Whole};
pub use self::open::{CACHE_BYTES_DEFAULT, OpenError, Opened, Options, open};
pub use self::recovery::{Recovered, recover, restore};
use super::{
    Entry, Epoch, IndexRow, Lease, Misuse, NAME_BYTES_MAX, PageKey, Partition, Position, ROWS_MAX,
    Seq, Store, StoreError, StoredPage, VALUE_BYTES_MAX, check_entry,
};

/// A journal value as it is stored: its rows, then what the caller gave.
const STREAM_BYTES_MAX: usize = VALUE_BYTES_MAX + ROWS_MAX * (NAME_BYTES_MAX + 1) + 2;

/// How much room to take for a row at first.
const ROW_BYTES_USUAL: usize = 16;

/// How many places one batch of a trim removes: bounds its memory and how long it holds sled.
const TRIM_PLACES_MAX: usize = 512;

/// A store in a directory of its own. [`open()`] makes one.
#[derive(Debug)]
pub struct SledStore {
    db: Db,
    /// sled's only file. Its own flush on Linux leaves the data in the drive's cache.
    file: File,
    log: Log,
    uuid: String,
    positions: BTreeMap<Partition, Position>,
    /// A write failed: what sled holds in memory may differ from the disk.
    failed: bool,
    /// Held for as long as the store is open; dropped after sled.
    _lock: Option<File>,
}

impl Store for SledStore {
    fn append(
        &mut self,
        part: Partition,
        epoch: Epoch,
        after: Seq,
        entries: &[Entry],
    ) -> Result<Seq, StoreError> {
        let attempt = Attempt("append to the journal");
        let mut position = self.positioned(part);
        position.admit_append(epoch, after)?;
        let mut changes = Changes::default();
        if position.last == Seq(0) {
            position.trimmed = after;
            changes.insert(keys::trimmed(part), &after.0.to_be_bytes());
        }
        position.last = entries.iter().try_fold(after, |seq, Entry { value, index }| {
            attempt.of(put_entry(&mut changes, part, Seq(seq.0 + 1), value, index))
        })?;
        self.commit(attempt, changes)?;
        self.positions.insert(part, position);
        Ok(position.last)
    }

    fn checkpoint(
        &mut self,
        part: Partition,
        epoch: Epoch,
        upto: Seq,
        pages: &mut dyn Iterator<Item = StoredPage>,
    ) -> Result<(), StoreError> {
        self.positioned(part).admit_checkpoint(epoch, upto)?;
        self.take_checkpoint(part, upto, pages)
    }

    fn pages(
        &self,
        part: Partition,
        visit: &mut dyn FnMut(PageKey, &[u8]) -> ControlFlow<()>,
    ) -> Result<Seq, StoreError> {
        let attempt = Attempt("read the pages");
        for page in Joined(self.db.scan_prefix(keys::pages(part))) {
            let Whole { base, value, .. } = attempt.of(page)?;
            let key = keys::read_page(part, &base).ok_or_else(|| Damage::key(&base));
            if visit(attempt.of(key)?, &value).is_break() {
                break;
            }
        }
        Ok(self.positioned(part).checkpoint)
    }

    fn journal(
        &self,
        part: Partition,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.visit_stored(part, from, &mut |stored| visit(stored.seq, stored.value()))
    }

    fn mentions(&self, part: Partition, record: &IndexRow) -> Result<Vec<Seq>, StoreError> {
        let attempt = Attempt("read the index");
        let rows = self.db.scan_prefix(keys::record(part, record)).keys();
        rows.map(|key| Ok(attempt.of(read_row(part, key))?.1)).collect()
    }

    fn trim(&mut self, part: Partition, upto: Seq) -> Result<(), StoreError> {
        let attempt = Attempt("trim the journal");
        let upto = self.positioned(part).trimmable(upto);
        loop {
            let position = self.positioned(part);
            if position.trimmed >= upto {
                return Ok(());
            }
            let mut changes = Changes::default();
            let mut trimmed = position.trimmed;
            let doomed = self.stored(part, trimmed, upto);
            for stored in doomed.take(TRIM_PLACES_MAX) {
                let stored = attempt.of(stored)?;
                let base = keys::place(part, stored.seq);
                chunks::remove(&mut changes, &base, 0, stored.count);
                for row in &stored.rows {
                    changes.remove(keys::row(part, row, stored.seq));
                }
                trimmed = stored.seq;
            }
            if trimmed == position.trimmed {
                return attempt.of(Err(Misuse::Gap(trimmed.0 + 1)));
            }
            changes.insert(keys::trimmed(part), &trimmed.0.to_be_bytes());
            self.commit(attempt, changes)?;
            self.positions.insert(part, Position { trimmed, ..position });
        }
    }

    fn acquire(&mut self, part: Partition) -> Result<Lease, StoreError> {
        let position = self.positioned(part);
        let epoch = Epoch(position.epoch.0 + 1);
        let mut changes = Changes::default();
        changes.insert(keys::epoch(part), &epoch.0.to_be_bytes());
        self.commit(Attempt("take the store over"), changes)?;
        self.positions.insert(part, Position { epoch, ..position });
        Ok(Lease { epoch, last: position.last })
    }

    fn entries(
        &self,
        part: Partition,
        from: Seq,
        visit: &mut dyn FnMut(Seq, &Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.visit_stored(part, from, &mut |stored| {
            let value = stored.value().to_vec();
            visit(stored.seq, &Entry { value, index: stored.rows })
        })
    }

    fn index(
        &self,
        part: Partition,
        visit: &mut dyn FnMut(IndexRow, Seq) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        for key in self.db.scan_prefix(keys::index(part)).keys() {
            let (row, seq) = Attempt("read the index").of(read_row(part, key))?;
            if visit(row, seq).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn position(&self, part: Partition) -> Result<Position, StoreError> {
        Ok(self.positioned(part))
    }

    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn bytes(&self) -> u64 {
        self.db.size_on_disk().unwrap_or(0) + ahead::LOG_BYTES as u64
    }
}

impl SledStore {
    fn locked(self, lock: File) -> Self {
        Self { _lock: Some(lock), ..self }
    }

    fn positioned(&self, part: Partition) -> Position {
        self.positions.get(&part).copied().unwrap_or_default()
    }

    /// The whole of a write: all of the changes are on the disk when it returns.
    fn commit(&mut self, attempt: Attempt, mut changes: Changes) -> Result<(), StoreError> {
        if self.failed {
            return attempt.of(Err(Failed));
        }
        self.failed = true;
        if !attempt.of(self.log.write(&mut changes))? {
            return self.commit_to_sled(attempt, changes);
        }
        attempt.of(changes.into_iter().try_for_each(|change| ahead::apply(&self.db, change)))?;
        self.failed = false;
        Ok(())
    }

    /// Commits past the log, and begins it anew: sled then has everything on the disk.
    fn commit_to_sled(&mut self, attempt: Attempt, mut changes: Changes) -> Result<(), StoreError> {
        self.failed = true;
        changes.insert(keys::FLOOR, &self.log.floor_after().to_be_bytes());
        attempt.of(self.db.apply_batch(changes.into_batch()))?;
        attempt.of(self.db.flush())?;
        attempt.of(self.file.sync_data())?;
        self.log.wind_back();
        self.failed = false;
        Ok(())
    }

    fn visit_stored(
        &self,
        part: Partition,
        from: Seq,
        visit: &mut dyn FnMut(Stored) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let attempt = Attempt("read the journal");
        let position = self.positioned(part);
        let mut before = from.max(position.trimmed);
        for stored in self.stored(part, before, position.last) {
            let stored = attempt.of(stored)?;
            if stored.seq.0 != before.0 + 1 {
                return attempt.of(Err(Misuse::Gap(before.0 + 1)));
            }
            before = stored.seq;
            if visit(stored).is_break() {
                return Ok(());
            }
        }
        if before < position.last {
            return attempt.of(Err(Misuse::Gap(before.0 + 1)));
        }
        Ok(())
    }

    fn stored(
        &self,
        part: Partition,
        after: Seq,
        upto: Seq,
    ) -> impl Iterator<Item = Result<Stored, Damage>> + use<> {
        let from = keys::place(part, Seq(after.0.saturating_add(1)));
        let end = keys::place(part, Seq(upto.0.saturating_add(1)));
        let range = if from < end { from..end } else { Vec::new()..Vec::new() };
        Joined(self.db.range(range)).map(move |whole| Stored::read(part, whole?))
    }
}

/// A journal value as it lies in the tree.
struct Stored {
    seq: Seq,
    rows: Vec<IndexRow>,
    stream: Vec<u8>,
    value_at: usize,
    count: u16,
}

impl Stored {
    fn read(part: Partition, whole: Whole) -> Result<Self, Damage> {
        let Whole { base, value: stream, count } = whole;
        let seq = keys::read_place(part, &base).ok_or_else(|| Damage::key(&base))?;
        let (rows, value_at) = read_rows(&stream).ok_or_else(|| Damage::value(&base))?;
        Ok(Self { seq, rows, stream, value_at, count })
    }

    fn value(&self) -> &[u8] {
        &self.stream[self.value_at..]
    }
}

/// The rows lie with their value, so that a trim finds them without a scan of the whole index.
fn put_entry(
    changes: &mut Changes,
    part: Partition,
    seq: Seq,
    value: &[u8],
    index: &[IndexRow],
) -> Result<Seq, Misuse> {
    check_entry(value, index)?;
    let rows = u16::try_from(index.len()).expect("the number of rows is checked");
    let mut stream = Vec::with_capacity(value.len() + 2 + index.len() * ROW_BYTES_USUAL);
    stream.extend_from_slice(&rows.to_be_bytes());
    for row in index {
        stream.push(u8::try_from(row.0.len()).expect("the length of a name is checked"));
        stream.extend_from_slice(row.0.as_bytes());
        changes.insert(keys::row(part, row, seq), &[]);
    }
    stream.extend_from_slice(value);
    chunks::put(changes, &keys::place(part, seq), &stream);
    Ok(seq)
}

/// The rows and where the value begins; nothing when the stream is damaged.
fn read_rows(stream: &[u8]) -> Option<(Vec<IndexRow>, usize)> {
    let (count, mut rest) = stream.split_first_chunk()?;
    let mut rows = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (&bytes, tail) = rest.split_first()?;
        let (name, tail) = tail.split_at_checked(bytes.into())?;
        rows.push(IndexRow(str::from_utf8(name).ok()?.to_owned()));
        rest = tail;
    }
    Some((rows, stream.len() - rest.len()))
}

fn read_row(part: Partition, key: sled::Result<sled::IVec>) -> Result<(IndexRow, Seq), Damage> {
    let key = key.map_err(Damage::Read)?;
    keys::read_row(part, &key).ok_or_else(|| Damage::key(&key))
}

#[derive(Debug, thiserror::Error)]
#[error("an earlier write failed; open the store again")]
struct Failed;

/// What is being done, for the error that says so.
#[derive(Clone, Copy)]
struct Attempt(&'static str);

impl Attempt {
    fn of<T, E: Into<Box<dyn Error + Send + Sync>>>(
        self,
        result: Result<T, E>,
    ) -> Result<T, StoreError> {
        result.map_err(|source| StoreError::engine(self.0, source))
    }
}
