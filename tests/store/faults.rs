//! How the store in memory fails, so that tests of the engine can trust its faults.

use incidentd::shell::store::memory::{Disk, Fault, MemoryStore};
use incidentd::shell::store::{Lease, Seq, Store, StoreError};

use crate::fixture::{PART, journal, put};

fn failed<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Engine { .. }))
}

/// One acknowledged place, then whatever the disk does with the second.
fn second_append(prepare: fn(&Disk)) -> (Disk, bool) {
    let disk = Disk::new();
    let mut store = MemoryStore::open(&disk);
    let Lease { epoch, last } = store.acquire(PART).unwrap();
    let last = put(&mut store, PART, epoch, last, &[b"first".to_vec()], &[]).unwrap();
    prepare(&disk);
    let second = put(&mut store, PART, epoch, last, &[b"second".to_vec()], &[]);
    let refused = failed(&second);
    assert_eq!(refused, failed(&store.acquire(PART)), "a writer that failed must stop");
    (disk, refused)
}

fn places(disk: &Disk) -> usize {
    journal(&MemoryStore::open(disk), 0).len()
}

#[test]
fn a_lost_write_leaves_nothing_and_an_unanswered_one_leaves_all() {
    let (disk, refused) = second_append(|disk| disk.fail_next(Fault::Lost));
    assert_eq!((places(&disk), refused), (1, true));
    let (disk, refused) = second_append(|disk| disk.fail_next(Fault::Unanswered));
    assert_eq!((places(&disk), refused), (2, true));
}

#[test]
fn a_crash_keeps_what_was_flushed_and_ends_the_writers() {
    let (disk, refused) = second_append(|_| ());
    let before = MemoryStore::open(&disk);
    disk.crash();
    assert_eq!((places(&disk), refused), (2, false));
    assert!(failed(&before.position(PART)));
}

#[test]
fn a_disk_that_lies_loses_what_it_held_back() {
    let (disk, refused) = second_append(Disk::hold_flushes);
    assert_eq!((places(&disk), refused), (2, false));
    disk.crash();
    let mut store = MemoryStore::open(&disk);
    assert_eq!(store.acquire(PART).unwrap().last, Seq(1));
}
