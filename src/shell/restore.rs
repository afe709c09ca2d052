//! A restart: loads the pages of the last checkpoint and folds the journal behind it. Nothing is
//! decided again.

use std::ops::ControlFlow;

use super::driver::PARTITION;
use super::journal::{self, Record};
use super::store::{Seq, Store, StoreError, codec};
use crate::domain::State;
use crate::domain::table::UnreadablePage;
use crate::domain::value::Timestamp;

/// What a store held.
#[derive(Debug)]
pub struct Restored {
    /// The state as the last committed fact left it.
    pub state: State,
    /// When that was.
    pub now: Timestamp,
    /// The last place of the journal.
    pub last: Seq,
    /// How many facts had to be folded.
    pub folded: usize,
}

/// Why a store could not be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store failed.
    #[error("failed to read the store")]
    Store(#[source] StoreError),
    /// A value does not decode.
    #[error("failed to decode {what}")]
    Codec {
        /// Which.
        what: String,
        /// Why.
        #[source]
        source: codec::CodecError,
    },
    /// A page does not read.
    #[error("failed to load a page")]
    Page(#[source] UnreadablePage),
    /// A journal value does not read.
    #[error("failed to read journal value {}", .at.0)]
    Facts {
        /// Its place.
        at: Seq,
        /// Why.
        #[source]
        source: journal::Unreadable,
    },
}

/// Loads what a store holds.
///
/// # Errors
/// When something in it does not read: the caller moves the store aside and restores an export.
pub fn restore(store: &dyn Store) -> Result<Restored, RestoreError> {
    let mut state = State::default();
    let mut failed = None;
    let upto = store
        .pages(PARTITION, &mut |key, value| {
            let what = || format!("page {} of {}/{}", key.number, key.practice, key.table);
            let loaded = codec::decode(value)
                .map_err(|source| RestoreError::Codec { what: what(), source })
                .and_then(|payload| {
                    state
                        .load_page(&key.practice, &key.table, key.number, &payload.bytes)
                        .map_err(RestoreError::Page)
                });
            go_on(loaded, &mut failed)
        })
        .map_err(RestoreError::Store)?;
    if let Some(error) = failed {
        return Err(error);
    }
    state.rebuild();

    let mut restored = Restored { state, now: Timestamp(i64::MIN), last: upto, folded: 0 };
    each_record(store, upto, |at, record| {
        restored.last = at;
        restored.now = restored.now.max(record.at);
        restored.folded += record.facts.len();
        for fact in &record.facts {
            restored.state.fold(record.at, fact);
        }
    })?;
    Ok(restored)
}

/// Reads the journal after a place, record by record.
///
/// # Errors
/// When something in it does not read.
pub fn each_record(
    store: &dyn Store,
    from: Seq,
    mut visit: impl FnMut(Seq, Record),
) -> Result<(), RestoreError> {
    let mut failed = None;
    store
        .journal(PARTITION, from, &mut |at, value| {
            let read = codec::decode(value)
                .map_err(|source| RestoreError::Codec {
                    what: format!("journal value {}", at.0),
                    source,
                })
                .and_then(|payload| {
                    journal::read(&payload).map_err(|source| RestoreError::Facts { at, source })
                })
                .map(|records| records.into_iter().for_each(|record| visit(at, record)));
            go_on(read, &mut failed)
        })
        .map_err(RestoreError::Store)?;
    failed.map_or(Ok(()), Err)
}

fn go_on(result: Result<(), RestoreError>, failed: &mut Option<RestoreError>) -> ControlFlow<()> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            *failed = Some(error);
            ControlFlow::Break(())
        }
    }
}
