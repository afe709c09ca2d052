//! A checkpoint in two steps: its pages are put beside those of the last one, some at a time, and
//! then take their place, some at a time. One small commit in between makes it count.
//!
//! All pages in one batch would have to be in memory together, several times over, and sled would
//! keep that memory for good.
//!
//! ```text
//! state of m/staged   what a start does with the pages beside
//! 0                   forgets them: the last checkpoint counts
//! 1                   puts them in their places: this checkpoint counts
//! ```

use std::collections::BTreeMap;

use super::ahead::Changes;
use super::chunks::{self, Joined, Whole};
use super::{Attempt, SledStore, keys};
use crate::shell::store::{Partition, Position, Seq, StoreError, StoredPage, check_value};

/// Bytes of keys and values from which a step is committed.
const STEP_BYTES: usize = 1024 * 1024;

/// What a staged value begins with: the page follows, or there is none any more.
const PAGE: u8 = 1;
const GONE: u8 = 0;

const ATTEMPT: Attempt = Attempt("take a checkpoint");

impl SledStore {
    /// Takes a checkpoint, all or nothing.
    pub(super) fn take_checkpoint(
        &mut self,
        part: Partition,
        upto: Seq,
        pages: &mut dyn Iterator<Item = StoredPage>,
    ) -> Result<(), StoreError> {
        if let Err(error) = self.stage(part, pages) {
            // Of what is wrong with a page a store can go on; of a failed write only a new one.
            if !self.failed {
                self.unstage(part)?;
            }
            return Err(error);
        }
        let mut changes = Changes::default();
        changes.insert(keys::checkpoint(part), &upto.0.to_be_bytes());
        changes.insert(keys::staged_counts(part), &1_u64.to_be_bytes());
        self.commit(ATTEMPT, changes)?;
        let position = self.positioned(part);
        self.positions.insert(part, Position { checkpoint: upto, ..position });
        let installed = self.install(part);
        // Pages of another checkpoint must not come among those that count already.
        self.failed |= installed.is_err();
        installed
    }

    /// Ends a checkpoint that was interrupted, one way or the other.
    pub(super) fn end_checkpoint(
        &mut self,
        part: Partition,
        counts: bool,
    ) -> Result<(), StoreError> {
        if counts { self.install(part) } else { self.unstage(part) }
    }

    /// Puts pages beside those of the last checkpoint. Of a page that is named twice the later
    /// value counts.
    fn stage(
        &mut self,
        part: Partition,
        pages: &mut dyn Iterator<Item = StoredPage>,
    ) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        // How many chunks the pages of this step have, which sled does not know yet.
        let mut fresh = BTreeMap::new();
        for StoredPage { key, value } in pages {
            ATTEMPT.of(key.check())?;
            let mut staged = vec![GONE];
            if let Some(value) = value {
                ATTEMPT.of(check_value(&value))?;
                staged[0] = PAGE;
                staged.extend_from_slice(&value);
            }
            let base = keys::staged_page(part, &key);
            let before = match fresh.get(&base) {
                Some(count) => *count,
                None => ATTEMPT.of(chunks::stored(&self.db, &base))?,
            };
            let kept = chunks::needed(&staged);
            chunks::put(&mut changes, &base, &staged);
            chunks::remove(&mut changes, &base, kept, before);
            fresh.insert(base, kept);
            if changes.bytes() >= STEP_BYTES {
                fresh.clear();
                self.commit(ATTEMPT, std::mem::take(&mut changes))?;
            }
        }
        if changes.bytes() > 0 { self.commit(ATTEMPT, changes) } else { Ok(()) }
    }

    /// Puts the staged pages in their places. Each step may be taken again.
    fn install(&mut self, part: Partition) -> Result<(), StoreError> {
        loop {
            let mut changes = Changes::default();
            for staged in Joined(self.db.scan_prefix(keys::staged(part))) {
                let Whole { base, value, count } = ATTEMPT.of(staged)?;
                chunks::remove(&mut changes, &base, 0, count);
                let page = keys::page_of_staged(&base);
                let before = ATTEMPT.of(chunks::stored(&self.db, &page))?;
                let kept = match value.split_first() {
                    Some((&PAGE, value)) => {
                        chunks::put(&mut changes, &page, value);
                        chunks::needed(value)
                    }
                    Some(_) | None => 0,
                };
                chunks::remove(&mut changes, &page, kept, before);
                if changes.bytes() >= STEP_BYTES {
                    break;
                }
            }
            let done = changes.bytes() < STEP_BYTES;
            if done {
                changes.insert(keys::staged_counts(part), &0_u64.to_be_bytes());
            }
            self.commit(ATTEMPT, changes)?;
            if done {
                return Ok(());
            }
        }
    }

    /// Forgets the staged pages.
    fn unstage(&mut self, part: Partition) -> Result<(), StoreError> {
        loop {
            let mut changes = Changes::default();
            for key in self.db.scan_prefix(keys::staged(part)).keys() {
                changes.remove(ATTEMPT.of(key)?);
                if changes.bytes() >= STEP_BYTES {
                    break;
                }
            }
            if changes.bytes() == 0 {
                return Ok(());
            }
            self.commit(ATTEMPT, changes)?;
        }
    }
}
