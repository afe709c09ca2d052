//! Directories, options and values for the tests.

use std::ops::ControlFlow;
use std::path::Path;

use incidentd::shell::store::sled_store::{self, CACHE_BYTES_DEFAULT, Opened, Options, SledStore};
use incidentd::shell::store::{
    Entry, Epoch, IndexRow, PageKey, Partition, Seq, Store, StoreError, StoredPage,
};

pub(crate) const PART: Partition = Partition(0);

pub(crate) fn options(dir: &Path) -> Options {
    Options {
        dir: dir.to_owned(),
        cache_bytes: CACHE_BYTES_DEFAULT,
        uuid: "uuid-of-the-test".into(),
        stamp: "20260102T030405Z".into(),
        exports: None,
        wait: std::thread::park_timeout,
    }
}

/// Opens a store that must be sound.
pub(crate) fn open(dir: &Path) -> SledStore {
    let Opened { store, recovered } = sled_store::open(&options(dir)).unwrap();
    assert!(recovered.is_none(), "{recovered:?}");
    store
}

pub(crate) fn rows(names: &[&str]) -> Vec<IndexRow> {
    names.iter().map(|name| IndexRow((*name).to_owned())).collect()
}

/// Appends values that all have the same rows.
pub(crate) fn put(
    store: &mut dyn Store,
    part: Partition,
    epoch: Epoch,
    after: Seq,
    values: &[Vec<u8>],
    index: &[IndexRow],
) -> Result<Seq, StoreError> {
    let entry = |value: &Vec<u8>| Entry { value: value.clone(), index: index.to_vec() };
    store.append(part, epoch, after, &values.iter().map(entry).collect::<Vec<_>>())
}

pub(crate) fn page(table: &str, number: u64, value: Option<&[u8]>) -> StoredPage {
    let key = PageKey { practice: "incident".into(), table: table.into(), number };
    StoredPage { key, value: value.map(<[u8]>::to_vec) }
}

/// Bytes that do not repeat, so that a chunk in the wrong place shows.
pub(crate) fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(step).collect()
}

pub(crate) fn journal(store: &dyn Store, from: u64) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    let visit = &mut |seq: Seq, value: &[u8]| {
        found.push((seq.0, value.to_vec()));
        ControlFlow::Continue(())
    };
    store.journal(PART, Seq(from), visit).unwrap();
    found
}

pub(crate) fn entries(store: &dyn Store) -> Vec<(u64, Entry)> {
    let mut found = Vec::new();
    let visit = &mut |seq: Seq, entry: &Entry| {
        found.push((seq.0, entry.clone()));
        ControlFlow::Continue(())
    };
    store.entries(PART, Seq(0), visit).unwrap();
    found
}

/// The pages as `table/number bytes`, and the checkpoint's place.
pub(crate) fn pages(store: &dyn Store) -> (u64, Vec<(PageKey, Vec<u8>)>) {
    let mut found = Vec::new();
    let visit = &mut |key: PageKey, value: &[u8]| {
        found.push((key, value.to_vec()));
        ControlFlow::Continue(())
    };
    let upto = store.pages(PART, visit).unwrap();
    (upto.0, found)
}

pub(crate) fn index(store: &dyn Store) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let visit = &mut |row: IndexRow, seq: Seq| {
        found.push((row.0, seq.0));
        ControlFlow::Continue(())
    };
    store.index(PART, visit).unwrap();
    found
}
